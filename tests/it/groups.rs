//! Departments as groups: moves, renames, and departments that nobody is in any more (S-14).

use std::collections::{BTreeMap, BTreeSet};

use rollcall::clock::SeededRandom;
use rollcall::domain::employee::{EmployeeRecord, Unit, name_norm};
use rollcall::sandbox::{Action, Edit, Hire, HookFaults, OddAnswer, PersonView, Standing};
use serde_json::Value;

use crate::hr::{agrees_with_hr, below, hooks, no_hooks, person};
use crate::order::{answer, ask, stored};
use crate::support::{Connected, TestApp, behaviours};

behaviours!(
    s_14_any_moves_between_departments_end_as_hr_has_them,
    s_14_an_emptied_group_is_deleted_with_one_event_and_comes_back_as_another,
    s_14_a_department_that_is_renamed_without_a_key_is_another_group,
    s_14_a_department_with_a_key_is_renamed_and_stays,
    s_14_people_with_row_problems_hold_their_group,
    s_14_people_who_are_missing_hold_their_group,
    s_14_a_sync_that_fails_deletes_no_group,
);

const ANN: &str = "ann.lee@acme.example";

fn department(name: &str) -> Edit {
    Edit { department: Some(name.to_owned()), ..Edit::default() }
}

/// Ann, alone in her department.
async fn ann(app: &TestApp) -> String {
    let hire = person("Ann", "Lee", ANN);
    app.hire(&Hire { department: Some("Space Travel".to_owned()), ..hire }).await
}

/// The groups that there are, as the events tell, with their members.
fn told(events: &[Value]) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut groups: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for event in events {
        let (data, group, user) =
            (&event["data"], &event["data"]["group"]["id"], &event["data"]["user"]["idp_id"]);
        match event["event"].as_str().expect("a type") {
            "dsync.group.created" => {
                let new = (text(&data["name"]), BTreeSet::new());
                assert!(groups.insert(text(&data["id"]), new).is_none(), "created twice");
            }
            "dsync.group.updated" => {
                groups.get_mut(&text(&data["id"])).expect("a group").0 = text(&data["name"]);
            }
            "dsync.group.deleted" => {
                let (name, members) = groups.remove(&text(&data["id"])).expect("a group");
                assert_eq!(text(&data["name"]), name);
                assert!(members.is_empty(), "{members:?} are still in {name}");
            }
            "dsync.group.user_added" => {
                let members = &mut groups.get_mut(&text(group)).expect("a group").1;
                assert!(members.insert(text(user)), "added twice");
            }
            "dsync.group.user_removed" => {
                let members = &mut groups.get_mut(&text(group)).expect("a group").1;
                assert!(members.remove(&text(user)), "removed without having been there");
            }
            _ => {}
        }
    }
    groups
}

/// Asserts that the events tell what is stored, and returns the names of all groups.
async fn names(app: &TestApp, connected: &Connected) -> BTreeSet<String> {
    let groups = told(&app.events("").await);
    let stored = "SELECT id AS value FROM directory_groups";
    let stored: BTreeSet<String> = app.raw().values(stored).into_iter().collect();
    assert_eq!(groups.keys().cloned().collect::<BTreeSet<_>>(), stored);
    assert_eq!(app.show(connected).await["counts"]["groups"], groups.len());
    groups.into_values().map(|(name, _)| name).collect()
}

/// The events of these types since then.
async fn since(app: &TestApp, begin: usize, types: &[&str]) -> Vec<Value> {
    let events = app.events("").await.split_off(begin);
    let wanted = |event: &Value| types.contains(&event["event"].as_str().expect("a type"));
    events.into_iter().filter(wanted).collect()
}

async fn s_14_any_moves_between_departments_end_as_hr_has_them(app: TestApp) {
    let connected = app.connected().await;
    let random = SeededRandom::new(14);
    let below = |bound: usize| below(&random, bound);
    let all = ["Alpha", "beta", " Beta ", "Gamma", "ALPHA", "", "Delta", "Epsilon", "Zeta"];
    for round in 0..6 {
        let by_hook = round % 2 == 1;
        app.hr().set_faults(if by_hook { hooks(HookFaults::default()) } else { no_hooks() });
        let everybody = app.hr().current_employee_ids();
        // In the beginning many, later few departments, so that some are left.
        for id in everybody.iter().take(25) {
            app.edit(id, department(all[below(all.len() - round)])).await;
        }
        app.drain().await;
        app.poll().await;
        let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let applied = |it: &PersonView| !it.email.is_empty() || it.standing == Standing::Left;
        for person in app.hr().people().into_iter().filter(applied) {
            let name = name_norm(&person.department);
            if !name.is_empty() {
                expected.entry(name).or_default().insert(person.unique_key);
            }
        }
        let told = told(&app.events("").await).into_values();
        let told: BTreeMap<String, BTreeSet<String>> =
            told.map(|(name, members)| (name_norm(&name), members)).collect();
        assert_eq!(told, expected, "{round}");
        names(&app, &connected).await;
    }
}

async fn s_14_an_emptied_group_is_deleted_with_one_event_and_comes_back_as_another(app: TestApp) {
    let id = ann(&app).await;
    let connected = app.connected().await;
    let group_id = async |name: &str| {
        let groups = told(&app.events("").await);
        groups.into_iter().find(|(_, (it, _))| it == name).map(|(id, _)| id)
    };
    let first = group_id("Space Travel").await.expect("the group");
    let begin = app.events("").await.len();
    app.edit(&id, department("Deep Sea")).await;
    app.drain().await;
    assert!(
        group_id("Space Travel").await.is_some(),
        "only a complete list shows that it is empty"
    );
    app.poll().await;
    assert!(!names(&app, &connected).await.contains("Space Travel"));
    let types = ["dsync.group.user_removed", "dsync.group.deleted"];
    let events = since(&app, begin, &types).await;
    let told: Vec<&Value> = events.iter().map(|event| &event["event"]).collect();
    assert_eq!(told, types, "one removal by the move, and nothing for the deletion");
    assert_eq!(events[1]["data"]["id"], first.as_str());
    assert_eq!(events[1]["data"]["object"], "directory_group");
    app.poll().await;
    assert_eq!(since(&app, begin, &types).await.len(), 2, "it is deleted once");
    app.edit(&id, department("Space Travel")).await;
    app.drain().await;
    app.poll().await;
    let second = group_id("Space Travel").await.expect("a group");
    assert_ne!(second, first);
    assert!(!names(&app, &connected).await.contains("Deep Sea"));
    agrees_with_hr(&app, &connected).await;
}

async fn s_14_a_department_that_is_renamed_without_a_key_is_another_group(app: TestApp) {
    let mut ids = vec![ann(&app).await];
    let bob = person("Bob", "Ray", "bob.ray@acme.example");
    ids.push(app.hire(&Hire { department: Some("Space Travel".to_owned()), ..bob }).await);
    let connected = app.connected().await;
    let begin = app.events("").await.len();
    app.hr().set_faults(no_hooks());
    for id in &ids {
        app.edit(id, department("Aerospace")).await;
    }
    app.poll().await;
    let kinds = [
        ("dsync.group.created", 1),
        ("dsync.group.updated", 0),
        ("dsync.group.user_removed", 2),
        ("dsync.group.user_added", 2),
        ("dsync.group.deleted", 1),
    ];
    for (kind, count) in kinds {
        assert_eq!(since(&app, begin, &[kind]).await.len(), count, "{kind}");
    }
    let names = names(&app, &connected).await;
    assert!(names.contains("Aerospace") && !names.contains("Space Travel"));
}

async fn s_14_a_department_with_a_key_is_renamed_and_stays(app: TestApp) {
    ann(&app).await;
    let connected = app.connected().await;
    let record = stored(&app, &connected).await;
    let named = |name: &str| Unit { key: Some("d1".to_owned()), name: name.to_owned() };
    let begin = app.events("").await.len();
    for name in ["Sales", "Sales and Service", "SALES  and service"] {
        let seq = ask(&app, &connected, 1).await[0];
        let record = EmployeeRecord { department: Some(named(name)), ..record.clone() };
        answer(&app, &connected, seq, record).await;
    }
    let created = since(&app, begin, &["dsync.group.created"]).await;
    let updated = since(&app, begin, &["dsync.group.updated"]).await;
    assert_eq!((created.len(), updated.len()), (1, 1), "case is no rename");
    assert_eq!(updated[0]["data"]["id"], created[0]["data"]["id"]);
    assert_eq!(updated[0]["data"]["idp_id"], "d1");
    assert_eq!(updated[0]["data"]["name"], "Sales and Service");
    assert_eq!(updated[0]["data"]["previous_attributes"]["name"], "Sales");
    assert_eq!(since(&app, begin, &["dsync.group.user_added"]).await.len(), 1);
    assert!(since(&app, begin, &["dsync.group.deleted"]).await.is_empty());
}

async fn s_14_people_with_row_problems_hold_their_group(app: TestApp) {
    let id = ann(&app).await;
    let bob = person("Bob", "Ray", "bob.ray@acme.example");
    let bob = app.hire(&Hire { department: Some("Deep Sea".to_owned()), ..bob }).await;
    let connected = app.connected().await;
    let email = |email: &str| Edit { email: Some(email.to_owned()), ..Edit::default() };
    app.hr().set_faults(no_hooks());
    // Ann is a member whose record went bad; the department in it is not applied either.
    app.edit(&id, email("nobody at acme")).await;
    app.edit(&id, department("Elsewhere")).await;
    // Cy cannot be applied at all, and is all that is left of Bob's department.
    app.edit(&bob, department("Space Travel")).await;
    let cy = Hire { department: Some("Deep Sea".to_owned()), ..person("Cy", "May", "") };
    let cy = app.hire(&cy).await;
    app.poll().await;
    let held = names(&app, &connected).await;
    assert!(held.contains("Space Travel") && held.contains("Deep Sea"), "{held:?}");
    assert!(!held.contains("Elsewhere"));
    assert!(since(&app, 0, &["dsync.group.deleted"]).await.is_empty());
    // Once HR mends it, everything is as in HR.
    app.edit(&id, email(ANN)).await;
    app.edit(&cy, email("cy.may@acme.example")).await;
    app.edit(&bob, department("Elsewhere")).await;
    app.poll().await;
    let mended = names(&app, &connected).await;
    assert!(mended.contains("Elsewhere") && mended.contains("Deep Sea"));
    assert!(!mended.contains("Space Travel"));
    agrees_with_hr(&app, &connected).await;
}

async fn s_14_people_who_are_missing_hold_their_group(app: TestApp) {
    let id = ann(&app).await;
    let connected = app.connected().await;
    app.hr().set_faults(no_hooks());
    app.hr().delete(&id).await.expect("a deletion");
    // Nobody can be asked about one by one, so nobody is known to be gone.
    app.faults(|faults| {
        faults.only_action = Some(Action::GetEmployeeDetailById);
        faults.always = Some(OddAnswer::Throttled);
    });
    app.poll().await;
    assert!(names(&app, &connected).await.contains("Space Travel"));
    assert!(since(&app, 0, &["dsync.group.deleted"]).await.is_empty());
}

async fn s_14_a_sync_that_fails_deletes_no_group(app: TestApp) {
    let id = ann(&app).await;
    let connected = app.connected().await;
    app.edit(&id, department("Deep Sea")).await;
    app.drain().await;
    for answer in [OddAnswer::EmptyList, OddAnswer::TruncatedJson, OddAnswer::Status6] {
        app.hr_answers(Some(answer));
        app.poll().await;
        assert!(names(&app, &connected).await.contains("Space Travel"), "{answer:?}");
    }
    app.hr_answers(None);
    app.poll().await;
    assert!(!names(&app, &connected).await.contains("Space Travel"));
    assert_eq!(since(&app, 0, &["dsync.group.deleted"]).await.len(), 1);
}
