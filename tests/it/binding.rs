//! A hold binds (S-32): whoever waits for a decision, was left out of one, or was refused keeps
//! access until an admin decides, whatever the clock, later runs, webhooks or dates say.
//!
//! Long because every way around a hold is tried against the same kind of hold.

use rollcall::clock::Timestamp;
use rollcall::sandbox::{Edit, Hire};
use serde_json::{Value, json};

use crate::absence::{count, decide, inactive, mark_leavers, staff, the_hold};
use crate::hr::{YESTERDAY, no_hooks, on};
use crate::support::{Connected, Options, TestApp, behaviours};
use crate::systems::System;

behaviours!(
    s_32_who_is_held_or_was_rejected_keeps_access_a_day_and_a_month_later,
    s_32_who_was_left_out_of_an_approval_keeps_access,
    s_32_a_webhook_about_something_else_ends_no_access_that_was_rejected,
    s_32_who_is_deleted_after_a_rejection_is_asked_about_again,
    s_32_a_decision_says_whom_it_is_about_and_covers_nobody_who_came_later,
    s_32_a_decision_can_be_changed_later,
    s_32_a_small_company_does_not_lose_everybody,
    s_32_the_first_sync_counts_against_those_whom_it_links,
    s_32_an_undecided_hold_is_mailed_again_and_again,
    s_32_holds_of_every_kind_are_mailed,
    s_26_who_is_employed_elsewhere_loses_nothing_and_is_not_counted,
    l_08_disabling_takes_access_from_nobody,
    s_32_who_was_rejected_comes_back_and_leaves_again_is_asked_about,
    s_32_who_was_rejected_as_missing_and_vanishes_again_is_asked_about,
    s_32_who_has_left_an_open_list_and_leaves_again_waits_with_the_others,
    s_32_a_person_on_the_list_under_another_name_is_another_item,
    s_32_an_approved_absence_is_asked_about_once,
    s_26_a_last_day_in_both_systems_counts_when_it_becomes_known,
);

async fn quiet(app: &TestApp, people: usize) -> (TestApp, Connected) {
    let app = app.another(Options { people: Some(people), ..Options::default() }).await;
    let connected = app.connected().await;
    app.faults(|faults| *faults = no_hooks());
    (app, connected)
}

async fn s_32_who_is_held_or_was_rejected_keeps_access_a_day_and_a_month_later(app: TestApp) {
    let (app, connected) = quiet(&app, 75).await;
    let people = staff(&app)[..20].to_vec();
    mark_leavers(&app, &people).await;
    let emails: Vec<String> =
        people.iter().map(|id| app.hr().person(id).expect("a person").email).collect();
    // Others come and go meanwhile.
    let lost = || async {
        let gone = inactive(&app, &connected).await;
        gone.into_iter().filter(|one| emails.iter().any(|e| e.eq_ignore_ascii_case(one))).count()
    };
    app.poll().await;
    let hold = the_hold(&app, &connected).await;
    assert_eq!(count(&hold["items"]), 20);
    for wait in [25 * Timestamp::HOUR, 30 * Timestamp::DAY] {
        app.pass(wait).await;
        app.poll().await;
        assert_eq!(lost().await, 0);
        assert_eq!(the_hold(&app, &connected).await["id"], hold["id"]);
    }
    decide(&app, &the_hold(&app, &connected).await, "reject", json!({})).await.ok();
    for wait in [25 * Timestamp::HOUR, 30 * Timestamp::DAY] {
        app.pass(wait).await;
        app.poll().await;
        assert_eq!(lost().await, 0);
        assert!(app.open_holds(&connected).await.is_empty());
    }
}

async fn s_32_who_was_left_out_of_an_approval_keeps_access(app: TestApp) {
    let (app, connected) = quiet(&app, 75).await;
    mark_leavers(&app, &staff(&app)[..12]).await;
    let before = inactive(&app, &connected).await.len();
    app.poll().await;
    let hold = the_hold(&app, &connected).await;
    let ids: Vec<&Value> =
        hold["items"].as_array().expect("items")[..9].iter().map(|item| &item["id"]).collect();
    decide(&app, &hold, "approve", json!({"ids": ids})).await.ok();
    app.drain().await;
    assert_eq!(inactive(&app, &connected).await.len(), before + 9);
    let mails = app.mail.mails().len();
    for _ in 0..3 {
        app.pass(2 * Timestamp::HOUR).await;
        app.poll().await;
        assert_eq!(inactive(&app, &connected).await.len(), before + 9);
        let rest = the_hold(&app, &connected).await;
        assert_eq!((count(&rest["items"]), rest["id"] == hold["id"]), (3, false));
    }
    assert_eq!(app.mail.mails().len(), mails, "they were told of these three");
}

async fn s_32_a_webhook_about_something_else_ends_no_access_that_was_rejected(app: TestApp) {
    let (app, connected) = quiet(&app, 75).await;
    let people = staff(&app);
    mark_leavers(&app, &people[..12]).await;
    let before = inactive(&app, &connected).await;
    app.poll().await;
    decide(&app, &the_hold(&app, &connected).await, "reject", json!({})).await.ok();
    app.pass(2 * Timestamp::HOUR).await;
    app.faults(|faults| faults.hooks.dropped = false);
    for employee in &people[..3] {
        app.new_job(employee, "Corrected").await;
    }
    app.drain().await;
    assert_eq!(app.job_of(&connected, &people[0]).await, "Corrected");
    assert_eq!(inactive(&app, &connected).await, before);
    assert!(app.open_holds(&connected).await.is_empty());
    // Employment facts ask again, in a hold, however few they are.
    app.hr().rehire(&people[0]).await.expect("a leaver");
    app.leave(&people[0], &on(YESTERDAY.yesterday().expect("a day"))).await;
    app.drain().await;
    assert_eq!(inactive(&app, &connected).await, before);
    assert_eq!(count(&the_hold(&app, &connected).await["items"]), 1);
}

async fn s_32_who_is_deleted_after_a_rejection_is_asked_about_again(app: TestApp) {
    let (app, connected) = quiet(&app, 75).await;
    let people = staff(&app)[..12].to_vec();
    mark_leavers(&app, &people).await;
    app.poll().await;
    decide(&app, &the_hold(&app, &connected).await, "reject", json!({})).await.ok();
    let before = inactive(&app, &connected).await;
    app.hr().delete(&people[0]).await.expect("a deletion");
    app.poll().await;
    let asked = the_hold(&app, &connected).await;
    assert_eq!(asked["items"][0]["change"]["because"], "not_in_hr");
    // Nothing that decides again about stored records makes it another question.
    let path = format!("/organizations/{}", connected.organization);
    for zone in ["Pacific/Auckland", "Europe/London"] {
        app.patch(&path, json!({"time_zone": zone})).await.ok();
        app.drain().await;
        app.poll().await;
        let hold = the_hold(&app, &connected).await;
        assert_eq!((count(&hold["items"]), &hold["list_version"]), (1, &asked["list_version"]));
        assert_eq!(hold["id"], asked["id"]);
        assert_eq!(inactive(&app, &connected).await, before);
    }
    decide(&app, &asked, "approve", json!({})).await.ok();
    app.drain().await;
    app.poll().await;
    assert_eq!(inactive(&app, &connected).await.len(), before.len() + 1);
    assert!(app.open_holds(&connected).await.is_empty());
}

async fn s_32_a_decision_says_whom_it_is_about_and_covers_nobody_who_came_later(app: TestApp) {
    let (app, connected) = quiet(&app, 75).await;
    let people = staff(&app);
    mark_leavers(&app, &people[..12]).await;
    let before = inactive(&app, &connected).await.len();
    app.poll().await;
    let seen = the_hold(&app, &connected).await;
    let path = format!(
        "/directories/{}/holds/{}",
        connected.directory,
        seen["id"].as_str().expect("an id")
    );
    for what in ["approve", "reject"] {
        let silent = app.post(&format!("{path}/{what}"), json!({})).await;
        assert_eq!(silent.problem(422), "invalid_request_parameters");
        let unknown = app.post(&format!("{path}/{what}"), json!({"list_version": 99})).await;
        assert_eq!(unknown.status, 422);
    }
    // Seven more come, and one of those who were on the list is back.
    mark_leavers(&app, &people[12..19]).await;
    app.hr().rehire(&people[0]).await.expect("a leaver");
    app.poll().await;
    let now = the_hold(&app, &connected).await;
    assert_eq!((&now["id"], count(&now["items"])), (&seen["id"], 18));
    assert_ne!(now["list_version"], seen["list_version"]);
    let decided = decide(&app, &seen, "approve", json!({})).await.ok();
    assert_eq!(count(&decided["items"]), 11);
    app.drain().await;
    assert_eq!(inactive(&app, &connected).await.len(), before + 11);
    let rest = the_hold(&app, &connected).await;
    assert_eq!(count(&rest["items"]), 7);
    assert_eq!(decide(&app, &seen, "approve", json!({})).await.problem(409), "conflict");
}

async fn s_32_a_decision_can_be_changed_later(app: TestApp) {
    let (app, connected) = quiet(&app, 75).await;
    mark_leavers(&app, &staff(&app)[..12]).await;
    let before = inactive(&app, &connected).await.len();
    app.poll().await;
    let hold = the_hold(&app, &connected).await;
    decide(&app, &hold, "reject", json!({})).await.ok();
    let some: Vec<Value> = (0..4).map(|number| hold["items"][number]["id"].clone()).collect();
    let body = json!({"ids": some});
    assert_eq!(decide(&app, &hold, "approve", body).await.problem(409), "conflict");
    let body = json!({"ids": some, "change_decision": true});
    let changed = decide(&app, &hold, "approve", body.clone()).await.ok();
    assert_eq!(changed["state"], "partly_approved");
    app.drain().await;
    assert_eq!(inactive(&app, &connected).await.len(), before + 4);
    assert_eq!(decide(&app, &hold, "approve", body.clone()).await.problem(409), "conflict");
    // And back: they get their access again, and keep it.
    decide(&app, &hold, "reject", body).await.ok();
    app.drain().await;
    for _ in 0..2 {
        assert_eq!(inactive(&app, &connected).await.len(), before);
        app.poll().await;
    }
    assert!(app.open_holds(&connected).await.is_empty());
}

async fn s_32_a_small_company_does_not_lose_everybody(app: TestApp) {
    let (app, connected) = quiet(&app, 40).await;
    let people = staff(&app);
    // Down to five people, by decision.
    mark_leavers(&app, &people[5..]).await;
    app.poll().await;
    decide(&app, &the_hold(&app, &connected).await, "approve", json!({})).await.ok();
    app.drain().await;
    app.pass(2 * Timestamp::HOUR).await;
    let active = || async {
        let accounts = app.accounts(&connected.organization).await;
        accounts.iter().filter(|account| account["status"] == "active").count()
    };
    let left = active().await;
    assert!((5..=7).contains(&left), "{left}");
    mark_leavers(&app, &people[..5]).await;
    app.poll().await;
    assert_eq!(active().await, left);
    assert_eq!(count(&the_hold(&app, &connected).await["items"]), 5);
}

async fn s_32_the_first_sync_counts_against_those_whom_it_links(app: TestApp) {
    let app = app.another(Options { people: Some(150), ..Options::default() }).await;
    app.faults(|faults| *faults = no_hooks());
    let people = staff(&app);
    mark_leavers(&app, &people[..8]).await;
    let accounts: Vec<Value> = people
        .iter()
        .map(|id| json!({"email": app.hr().person(id).expect("a person").email}))
        .collect();
    // Eight of more than a hundred: not unusual, though nobody was linked before.
    let connected = app.joined(&accounts).await;
    assert!(app.open_holds(&connected).await.is_empty());
    let gone = inactive(&app, &connected).await;
    for employee in &people[..8] {
        let email = app.hr().person(employee).expect("a person").email;
        assert!(gone.iter().any(|one| one.eq_ignore_ascii_case(&email)), "{email} in {gone:?}");
    }
}

async fn s_32_an_undecided_hold_is_mailed_again_and_again(app: TestApp) {
    let (app, connected) = quiet(&app, 75).await;
    mark_leavers(&app, &staff(&app)[..12]).await;
    app.poll().await;
    let opened = app.mail.mails().len();
    assert_eq!(opened, 2, "one mail for each admin");
    let mut told = Vec::new();
    for day in 1..=29 {
        let before = app.mail.mails().len();
        app.pass(Timestamp::DAY).await;
        if app.mail.mails().len() > before {
            assert_eq!(app.mail.mails().len(), before + 2);
            told.push(day);
        }
    }
    assert_eq!(told, [1, 3, 7, 14, 21, 28]);
    let notices = app.notices(&connected).await;
    let kinds: Vec<&str> = notices.iter().filter_map(|notice| notice["kind"].as_str()).collect();
    assert_eq!(kinds[0], "hold_opened");
    assert!(kinds[1..].iter().all(|kind| *kind == "hold_reminder"), "{kinds:?}");
    // A decision ends it.
    decide(&app, &the_hold(&app, &connected).await, "reject", json!({})).await.ok();
    let before = app.mail.mails().len();
    app.pass(30 * Timestamp::DAY).await;
    assert_eq!(app.mail.mails().len(), before);
}

async fn s_32_holds_of_every_kind_are_mailed(app: TestApp) {
    app.faults(|faults| *faults = no_hooks());
    let email = "ann.lee@acme.example";
    app.hire(&crate::hr::person("Ann", "Lee", email)).await;
    let connected = app.joined(&[json!({"email": email, "protected": true})]).await;
    assert_eq!(app.open_holds(&connected).await[0]["kind"], "link");
    let notices = app.notices(&connected).await;
    assert_eq!((notices.len(), &notices[0]["kind"]), (1, &json!("hold_opened")));
    app.pass(Timestamp::DAY).await;
    let notices = app.notices(&connected).await;
    assert_eq!((notices.len(), &notices[1]["kind"]), (2, &json!("hold_reminder")));
}

/// People who work for both companies of an organization: in `first`, which is connected first, and
/// in `second`. Their ids in the two HR systems.
async fn in_both(
    app: &TestApp,
    first: System,
    second: System,
    people: usize,
) -> (Connected, Connected, Vec<(String, String)>) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let mut ids = Vec::new();
    for number in 0..people {
        let hire = |system: System| Hire {
            first_name: "Ann".to_owned(),
            last_name: format!("Lee{number}"),
            email: Some(format!(
                "ann{number}.{}.{}@both.example",
                first.provider(),
                second.provider()
            )),
            job_role: Some(system.provider().to_owned()),
            start_date: Some("2020-01-01".to_owned()),
            ..Hire::default()
        };
        let there = first.hire(&app.sandbox, &hire(first)).await;
        ids.push((there, second.hire(&app.sandbox, &hire(second)).await));
    }
    let one = app.connect(&organization, first).await;
    let two = app.connect(&organization, second).await;
    (one, two, ids)
}

async fn sync(app: &TestApp, connected: &Connected) {
    app.sync_now(connected).await.ok();
    app.drain().await;
}

async fn s_26_who_is_employed_elsewhere_loses_nothing_and_is_not_counted(app: TestApp) {
    app.faults(|faults| *faults = no_hooks());
    for (first, second) in
        [(System::BreatheHr, System::PeopleHr), (System::Hrworks, System::PeopleHr)]
    {
        let (one, two, ids) = in_both(&app, first, second, 30).await;
        // Some leave, others are deleted.
        for (number, (there, _)) in ids.iter().enumerate() {
            if number < 20 {
                first.leave(&app.sandbox, there, &on(YESTERDAY)).await;
            } else {
                first.delete(&app.sandbox, there).await;
            }
        }
        sync(&app, &one).await;
        assert!(app.open_holds(&one).await.is_empty(), "{first:?}");
        for account in app.accounts(&one.organization).await {
            if account["email"].as_str().is_some_and(|email| email.ends_with("@both.example")) {
                assert_eq!(account["status"], "active");
                assert_eq!(account["managed_by"], two.directory, "{first:?}");
                assert_eq!(account["position"], second.provider());
            }
        }
        for (_, here) in &ids {
            second.delete(&app.sandbox, here).await;
        }
    }
}

async fn l_08_disabling_takes_access_from_nobody(app: TestApp) {
    app.faults(|faults| *faults = no_hooks());
    for second in [System::BreatheHr, System::Hrworks] {
        let (one, two, ids) = in_both(&app, System::PeopleHr, second, 2).await;
        for (_, here) in &ids {
            second.leave(&app.sandbox, here, &on(YESTERDAY)).await;
        }
        sync(&app, &two).await;
        let before = app.accounts(&one.organization).await;
        let told = app.events("").await.len();
        app.post(&format!("/directories/{}/disable", one.directory), json!({})).await.ok();
        app.drain().await;
        let ending = format!(".{}@both.example", second.provider());
        let shared = |account: &&Value| {
            account["email"].as_str().is_some_and(|email| email.ends_with(&ending))
        };
        let after = app.accounts(&one.organization).await;
        for (before, after) in before.iter().zip(&after).filter(|(_, after)| shared(after)) {
            assert_eq!(after["managed_by"], two.directory);
            for field in ["status", "position", "version"] {
                assert_eq!(after[field], before[field], "{field}");
            }
        }
        assert_eq!(app.events("").await.len(), told + 1, "dsync.deleted and nothing else");
        // The other directory finds that its people have left, and asks.
        sync(&app, &two).await;
        let hold = the_hold(&app, &two).await;
        assert_eq!(count(&hold["items"]), 2, "{second:?}");
        sync(&app, &two).await;
        let now = app.accounts(&one.organization).await;
        assert!(now.iter().filter(shared).all(|account| account["status"] == "active"));
        decide(&app, &hold, "approve", json!({})).await.ok();
        app.drain().await;
        let now = app.accounts(&one.organization).await;
        assert!(now.iter().filter(shared).all(|account| account["status"] == "inactive"));
    }
}

async fn come_back(app: &TestApp, people: &[String]) {
    for employee in people {
        app.hr().rehire(employee).await.expect("a leaver");
    }
    app.poll().await;
}

async fn s_32_who_was_rejected_comes_back_and_leaves_again_is_asked_about(app: TestApp) {
    let (app, connected) = quiet(&app, 75).await;
    let people = staff(&app)[..12].to_vec();
    mark_leavers(&app, &people).await;
    let before = inactive(&app, &connected).await;
    app.poll().await;
    let first = the_hold(&app, &connected).await;
    decide(&app, &first, "reject", json!({})).await.ok();
    for _ in 0..2 {
        come_back(&app, &people[..4]).await;
        app.pass(2 * Timestamp::HOUR).await;
        mark_leavers(&app, &people[..4]).await;
        app.poll().await;
        assert_eq!(inactive(&app, &connected).await, before);
        assert_eq!(count(&the_hold(&app, &connected).await["items"]), 4);
    }
    // The rejection of those who came back says nothing any more.
    let again = the_hold(&app, &connected).await["items"][0]["external_key"].clone();
    let items = first["items"].as_array().expect("items");
    let item = items.iter().find(|item| item["external_key"] == again).expect("their item");
    let came_back = json!({"ids": [item["id"]], "change_decision": true});
    assert_eq!(decide(&app, &first, "approve", came_back).await.problem(409), "conflict");
    decide(&app, &the_hold(&app, &connected).await, "approve", json!({})).await.ok();
    app.drain().await;
    assert_eq!(inactive(&app, &connected).await.len(), before.len() + 4);
    app.poll().await;
    assert!(app.open_holds(&connected).await.is_empty());
    assert_eq!(inactive(&app, &connected).await.len(), before.len() + 4);
}

async fn s_32_who_was_rejected_as_missing_and_vanishes_again_is_asked_about(app: TestApp) {
    let (app, connected) = quiet(&app, 75).await;
    let people = staff(&app)[..12].to_vec();
    let unlisted = |people: &[String]| {
        let people = people.to_vec();
        app.faults(|faults| faults.unlisted = people);
    };
    unlisted(&people);
    app.poll().await;
    decide(&app, &the_hold(&app, &connected).await, "reject", json!({})).await.ok();
    unlisted(&people[4..]);
    app.poll().await;
    assert!(app.open_holds(&connected).await.is_empty());
    app.pass(2 * Timestamp::HOUR).await;
    unlisted(&people);
    app.hr().clear_logs();
    app.poll().await;
    assert_eq!(count(&the_hold(&app, &connected).await["items"]), 4);
    assert_eq!(app.looks(), Vec::<String>::new(), "nobody is asked about before the admin is");
}

async fn s_32_who_has_left_an_open_list_and_leaves_again_waits_with_the_others(app: TestApp) {
    let (app, connected) = quiet(&app, 75).await;
    let people = staff(&app)[..12].to_vec();
    mark_leavers(&app, &people).await;
    let before = inactive(&app, &connected).await;
    app.poll().await;
    let hold = the_hold(&app, &connected).await;
    for wait in [0, 2 * Timestamp::HOUR] {
        come_back(&app, &people[..4]).await;
        assert_eq!(count(&the_hold(&app, &connected).await["items"]), 8);
        app.pass(wait).await;
        mark_leavers(&app, &people[..4]).await;
        app.poll().await;
        let now = the_hold(&app, &connected).await;
        assert_eq!((&now["id"], count(&now["items"])), (&hold["id"], 12));
        assert_eq!(inactive(&app, &connected).await, before);
    }
    // What is decided without them leaves them as everybody else.
    come_back(&app, &people[..4]).await;
    decide(&app, &the_hold(&app, &connected).await, "reject", json!({})).await.ok();
    app.pass(2 * Timestamp::HOUR).await;
    mark_leavers(&app, &people[..4]).await;
    app.poll().await;
    assert!(app.open_holds(&connected).await.is_empty());
    assert_eq!(inactive(&app, &connected).await.len(), before.len() + 4);
}

async fn s_32_a_person_on_the_list_under_another_name_is_another_item(app: TestApp) {
    let (app, connected) = quiet(&app, 75).await;
    let people = staff(&app)[..12].to_vec();
    mark_leavers(&app, &people).await;
    app.poll().await;
    let seen = the_hold(&app, &connected).await;
    let renamed = Edit {
        first_name: Some("Ulf".to_owned()),
        last_name: Some("Third".to_owned()),
        ..Edit::default()
    };
    app.edit(&people[3], renamed).await;
    app.poll().await;
    let now = the_hold(&app, &connected).await;
    assert_eq!(now["id"], seen["id"]);
    assert_ne!(now["list_version"], seen["list_version"]);
    let ids = |hold: &Value| -> Vec<Value> {
        hold["items"].as_array().expect("items").iter().map(|item| item["id"].clone()).collect()
    };
    let new: Vec<Value> = ids(&now).into_iter().filter(|id| !ids(&seen).contains(id)).collect();
    assert_eq!(new.len(), 1);
    let item = now["items"].as_array().expect("items").iter().find(|item| item["id"] == new[0]);
    assert_eq!(item.expect("the item")["name"], "Ulf Third");
    let body = json!({"ids": ids(&seen)});
    assert_eq!(decide(&app, &seen, "approve", body).await.status, 422);
}

async fn s_32_an_approved_absence_is_asked_about_once(app: TestApp) {
    let (app, connected) = quiet(&app, 75).await;
    let people = staff(&app)[..15].to_vec();
    let before = inactive(&app, &connected).await;
    // The list does not name them, and asked about one by one HR still has them.
    app.faults(|faults| faults.unlisted.clone_from(&people));
    app.poll().await;
    decide(&app, &the_hold(&app, &connected).await, "approve", json!({})).await.ok();
    app.drain().await;
    for _ in 0..3 {
        app.poll().await;
        assert!(app.open_holds(&connected).await.is_empty());
        assert_eq!(inactive(&app, &connected).await, before);
    }
    let notices = app.notices(&connected).await;
    let told = notices.iter().filter(|notice| notice["kind"] == "hold_opened");
    assert_eq!(told.count(), 1);
    // What was approved is carried out when HR says that they are gone.
    for employee in &people[..8] {
        app.hr().delete(employee).await.expect("a person");
    }
    app.poll().await;
    assert_eq!(inactive(&app, &connected).await.len(), before.len() + 8);
    assert!(app.open_holds(&connected).await.is_empty());
}

async fn s_26_a_last_day_in_both_systems_counts_when_it_becomes_known(app: TestApp) {
    app.faults(|faults| *faults = no_hooks());
    for (first, second) in
        [(System::PeopleHr, System::BreatheHr), (System::Hrworks, System::PeopleHr)]
    {
        let (one, two, ids) = in_both(&app, first, second, 20).await;
        let ending = format!(".{}.{}@both.example", first.provider(), second.provider());
        let lost = || async {
            let gone = inactive(&app, &one).await;
            gone.into_iter().filter(|email| email.ends_with(&ending)).count()
        };
        let last_day =
            first.today(&app.sandbox).checked_add(jiff::Span::new().days(3)).expect("a day");
        for (there, here) in &ids {
            first.leave(&app.sandbox, there, &on(last_day)).await;
            second.leave(&app.sandbox, here, &on(last_day)).await;
        }
        sync(&app, &one).await;
        assert!(app.open_holds(&one).await.is_empty(), "the other system has them employed");
        sync(&app, &two).await;
        let hold = the_hold(&app, &two).await;
        assert_eq!(count(&hold["items"]), 20, "{second:?}");
        assert_eq!(hold["items"][0]["change"]["last_day"], last_day.to_string());
        app.pass(5 * Timestamp::DAY).await;
        assert_eq!(lost().await, 0);
        let hold = the_hold(&app, &two).await;
        assert_eq!(count(&hold["items"]), 20);
        let some: Vec<Value> = (0..8).map(|number| hold["items"][number]["id"].clone()).collect();
        decide(&app, &hold, "approve", json!({"ids": some})).await.ok();
        app.drain().await;
        assert_eq!(lost().await, 8);
        assert!(app.open_holds(&one).await.is_empty(), "{first:?}");
        assert_eq!(count(&the_hold(&app, &two).await["items"]), 12);
        for connected in [&one, &two] {
            app.post(&format!("/directories/{}/disable", connected.directory), json!({}))
                .await
                .ok();
        }
        app.drain().await;
    }
}
