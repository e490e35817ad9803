//! Employee ids that change without a `UniqueKey` to know the person by (S-21).

use rollcall::sandbox::{Action, Edit, Faults, Hire, HookFaults, OddAnswer};
use serde_json::{Value, json};

use crate::hr::{agrees_with_hr, hooks, person};
use crate::support::{Connected, TestApp, behaviours};

behaviours!(
    s_21_a_changed_id_is_followed_when_the_complete_list_shows_it,
    s_21_a_changed_id_ends_the_same_whether_hook_or_run_comes_first,
    s_21_an_id_that_changes_while_unique_keys_arrive_is_followed,
    s_21_a_company_that_numbers_everybody_anew_keeps_its_accounts,
    s_21_an_id_is_not_followed_when_two_are_new_with_the_e_mail,
    s_21_an_id_is_not_followed_while_the_old_one_is_there,
    s_21_an_id_is_not_followed_to_somebody_with_another_name,
    s_21_an_incomplete_list_shows_no_changed_id,
    s_21_a_changed_id_is_foretold_as_the_person_it_is,
    s_21_a_number_that_was_given_up_is_its_next_owners,
);

const ANN: &str = "ann.lee@acme.example";

fn ann() -> Hire {
    person("Ann", "Lee", ANN)
}

/// An HR system of an old version.
fn old_version(dropped: bool) -> Faults {
    let faults = HookFaults { dropped, ..HookFaults::default() };
    Faults { omit_unique_key: true, ..hooks(faults) }
}

/// A directory with people who are known by their employee ids.
async fn connected(app: &TestApp) -> Connected {
    app.hr().set_faults(old_version(false));
    app.connected().await
}

/// Who is linked to what: key, directory user and account.
fn links(app: &TestApp) -> Vec<String> {
    let sql = "SELECT u.external_key || ' ' || u.id || ' ' || l.account_id AS value \
               FROM directory_users u LEFT JOIN links l ON l.directory_user_id = u.id \
               WHERE l.id IS NOT NULL ORDER BY u.id";
    app.raw().values(sql)
}

fn people(app: &TestApp) -> usize {
    app.raw().values("SELECT id AS value FROM directory_users").len()
}

async fn never_held(app: &TestApp) {
    assert!(app.events("rollcall.hold.opened").await.is_empty());
}

async fn s_21_a_changed_id_is_followed_when_the_complete_list_shows_it(app: TestApp) {
    let id = app.hire(&ann()).await;
    let connected = connected(&app).await;
    let (before, stored) = (links(&app), people(&app));
    let account = app.the_account(&connected, ANN).await;
    let told = app.events("").await.len();
    app.hr().set_faults(old_version(true));
    app.hr().change_employee_id(&id, "NEW-1").await.expect("a new id");
    app.poll().await;
    let after: Vec<String> = before.iter().map(|it| it.replacen(&id, "NEW-1", 1)).collect();
    assert_eq!((links(&app), people(&app)), (after, stored));
    assert_eq!(app.the_account(&connected, ANN).await, account, "nothing of it is in the account");
    let events = app.events("").await.split_off(told);
    assert_eq!(events.len(), 1, "{events:#?}");
    assert_eq!(events[0]["event"], "dsync.user.updated");
    assert_eq!(events[0]["data"]["idp_id"], "NEW-1");
    assert_eq!(events[0]["data"]["previous_attributes"]["idp_id"], id.as_str());
    never_held(&app).await;
    agrees_with_hr(&app, &connected).await;
    // From now on the new id is the key.
    app.hr().set_faults(old_version(false));
    app.edit("NEW-1", Edit { last_name: Some("Ray".to_owned()), ..Edit::default() }).await;
    app.drain().await;
    assert_eq!(app.the_account(&connected, ANN).await["id"], account["id"]);
    assert_eq!(app.the_account(&connected, ANN).await["last_name"], "Ray");
    app.poll().await;
    assert_eq!(app.events("").await.len(), told + 2);
}

async fn s_21_a_changed_id_ends_the_same_whether_hook_or_run_comes_first(app: TestApp) {
    let mut ids = Vec::new();
    for number in 0..4 {
        let hire = person("Ann", &format!("Lee{number}"), &format!("ann{number}@acme.example"));
        ids.push(app.hire(&hire).await);
    }
    let connected = connected(&app).await;
    let (before, stored) = (links(&app), people(&app));
    for (number, id) in ids.iter().enumerate() {
        let new = format!("NEW-{number}");
        let told = app.events("").await.len();
        match number {
            // The hook names the new id, or the old one.
            1 => app.hr().set_faults(old_version(false)),
            2 => {
                let hooks = HookFaults { old_employee_id: true, ..HookFaults::default() };
                app.hr().set_faults(Faults { hooks, ..old_version(false) });
            }
            // The run alone, and the run first and then the hook.
            _ => app.hr().set_faults(old_version(true)),
        }
        app.hr().change_employee_id(id, &new).await.expect("a new id");
        app.drain().await;
        app.poll().await;
        if number == 3 {
            app.hr().set_faults(old_version(false));
            app.new_job(&new, "Astronaut").await;
            app.drain().await;
        }
        let moved = links(&app).into_iter().find(|it| it.starts_with(&new)).expect("a link");
        let was = before.iter().find(|it| it.starts_with(&format!("{id} "))).expect("a link");
        assert_eq!(moved.split(' ').skip(1).collect::<Vec<_>>(), {
            was.split(' ').skip(1).collect::<Vec<_>>()
        });
        assert_eq!(app.events("").await.len(), told + if number == 3 { 2 } else { 1 }, "{number}");
    }
    assert_eq!(people(&app), stored);
    never_held(&app).await;
    agrees_with_hr(&app, &connected).await;
}

async fn s_21_an_id_that_changes_while_unique_keys_arrive_is_followed(app: TestApp) {
    let id = app.hire(&ann()).await;
    let connected = connected(&app).await;
    let account = app.the_account(&connected, ANN).await;
    let (count, stored) = (links(&app).len(), people(&app));
    app.hr().set_faults(crate::hr::no_hooks());
    app.hr().change_employee_id(&id, "NEW-1").await.expect("a new id");
    app.poll().await;
    assert_eq!(app.the_account(&connected, ANN).await, account);
    assert_eq!((links(&app).len(), people(&app)), (count, stored));
    never_held(&app).await;
    agrees_with_hr(&app, &connected).await;
}

async fn s_21_a_company_that_numbers_everybody_anew_keeps_its_accounts(app: TestApp) {
    let connected = connected(&app).await;
    let accounts = app.accounts(&connected.organization).await;
    let stored = people(&app);
    app.hr().set_faults(old_version(true));
    for (number, id) in app.hr().current_employee_ids().iter().enumerate() {
        app.hr().change_employee_id(id, &format!("N{number}")).await.expect("a new id");
    }
    // One who reports to somebody with a new id gets another manager at the same time.
    let boss = Edit { reports_to: Some("N1".to_owned()), ..Edit::default() };
    app.edit("N9", boss).await;
    app.poll().await;
    let after = app.accounts(&connected.organization).await;
    let id = |account: &Value| account["id"].clone();
    assert_eq!(after.iter().map(id).collect::<Vec<_>>(), {
        accounts.iter().map(id).collect::<Vec<_>>()
    });
    assert_eq!(people(&app), stored);
    assert!(after.iter().zip(&accounts).filter(|(a, b)| a != b).count() <= 1);
    never_held(&app).await;
    agrees_with_hr(&app, &connected).await;
}

/// The one account of Ann is as it was, and somebody has to decide.
async fn is_held(app: &TestApp, connected: &Connected, account: &Value, people: usize) {
    assert_eq!(app.the_account(connected, ANN).await["id"], account["id"]);
    let linked = |it: &String| it.ends_with(account["id"].as_str().expect("an id"));
    let links = links(app);
    let link = links.iter().find(|it| linked(it)).expect("the link");
    assert!(!link.starts_with("NEW"), "{link}");
    let holds = app.open_holds(connected).await;
    assert_eq!(holds.len(), people, "{holds:#?}");
    for hold in holds {
        assert_eq!(hold["kind"], "link");
        assert_eq!(hold["items"][0]["account_id"], account["id"]);
    }
}

async fn s_21_an_id_is_not_followed_when_two_are_new_with_the_e_mail(app: TestApp) {
    let id = app.hire(&ann()).await;
    let connected = connected(&app).await;
    let account = app.the_account(&connected, ANN).await;
    // By the run, and by hooks.
    app.hr().set_faults(old_version(true));
    app.hr().change_employee_id(&id, "NEW-1").await.expect("a new id");
    let double = Hire { employee_id: Some("NEW-2".to_owned()), ..person("Ann", "Lee", "") };
    app.hire(&Hire { email: Some(format!("{ANN} ")), ..double }).await;
    // Nobody can be asked about one by one, so nobody is known to be gone.
    app.faults(|faults| {
        faults.only_action = Some(Action::GetEmployeeDetailById);
        faults.always = Some(OddAnswer::Throttled);
    });
    app.poll().await;
    is_held(&app, &connected, &account, 2).await;
}

async fn s_21_an_id_is_not_followed_while_the_old_one_is_there(app: TestApp) {
    app.hire(&ann()).await;
    let connected = connected(&app).await;
    let account = app.the_account(&connected, ANN).await;
    let lists = app.lists();
    let double = Hire { employee_id: Some("NEW-1".to_owned()), ..person("Ann", "Lee", "") };
    app.hire(&Hire { email: Some(format!("{ANN} ")), ..double }).await;
    app.drain().await;
    assert_eq!(app.lists(), lists + 2, "a look at one person does not show it");
    is_held(&app, &connected, &account, 1).await;
    app.poll().await;
    is_held(&app, &connected, &account, 1).await;
    // Once it is known, a look is enough, and no list is read for it.
    let lists = app.lists();
    app.new_job("NEW-1", "Astronaut").await;
    app.drain().await;
    assert_eq!(app.lists(), lists);
    is_held(&app, &connected, &account, 1).await;
}

async fn s_21_an_id_is_not_followed_to_somebody_with_another_name(app: TestApp) {
    let id = app.hire(&ann()).await;
    let connected = connected(&app).await;
    let account = app.the_account(&connected, ANN).await;
    app.hr().set_faults(old_version(true));
    app.hr().delete(&id).await.expect("a deletion");
    let successor = Hire { employee_id: Some("NEW-1".to_owned()), ..person("Bob", "Ray", ANN) };
    app.hire(&successor).await;
    app.faults(|faults| {
        faults.only_action = Some(Action::GetEmployeeDetailById);
        faults.always = Some(OddAnswer::Throttled);
    });
    app.poll().await;
    is_held(&app, &connected, &account, 1).await;
    assert_eq!(app.the_account(&connected, ANN).await["first_name"], "Ann");
}

async fn s_21_an_incomplete_list_shows_no_changed_id(app: TestApp) {
    let id = app.hire(&ann()).await;
    let connected = connected(&app).await;
    let before = links(&app);
    app.hr().set_faults(old_version(true));
    app.hr().change_employee_id(&id, "NEW-1").await.expect("a new id");
    app.hr_answers(Some(OddAnswer::TruncatedJson));
    app.poll().await;
    assert_eq!(links(&app), before);
    app.hr_answers(None);
    app.poll().await;
    assert!(links(&app).iter().any(|link| link.starts_with("NEW-1")));
    never_held(&app).await;
    agrees_with_hr(&app, &connected).await;
}

async fn s_21_a_changed_id_is_foretold_as_the_person_it_is(app: TestApp) {
    let id = app.hire(&ann()).await;
    let connected = connected(&app).await;
    app.hr().set_faults(old_version(true));
    app.hr().change_employee_id(&id, "NEW-1").await.expect("a new id");
    // The e-mail of the one goes to the other, under the new id.
    let bob = app.employee(3);
    let email = |email: &str| Edit { email: Some(email.to_owned()), ..Edit::default() };
    let bobs = app.hr().person(&bob).expect("a person").email;
    app.edit(&bob, email("away@acme.example")).await;
    app.new_job("NEW-1", "Astronaut").await;
    let path = format!("/directories/{}/preview", connected.directory);
    let foretold = app.post(&path, json!({})).await.ok();
    for list in ["linked", "created", "ambiguous", "accounts_not_in_hr"] {
        assert_eq!(foretold[list], json!([]), "{list}");
    }
    assert_eq!(foretold["counts"]["updated"], 2);
    app.sync_now(&connected).await.ok();
    app.drain().await;
    assert_eq!(app.last_run(&connected).await["counts"], foretold["counts"]);
    assert!(app.account(&connected.organization, &bobs).await.is_none());
    agrees_with_hr(&app, &connected).await;
}

async fn s_21_a_number_that_was_given_up_is_its_next_owners(app: TestApp) {
    for unique_keys in [true, false] {
        let app = app.another(crate::support::Options::default()).await;
        let bob = app.hire(&person("Bob", "Ray", "bob.ray@acme.example")).await;
        let ann = app.hire(&ann()).await;
        let reports_to = |id: &str| Edit { reports_to: Some(id.to_owned()), ..Edit::default() };
        app.edit(&ann, reports_to(&bob)).await;
        app.hr().set_faults(Faults { omit_unique_key: !unique_keys, ..old_version(true) });
        let connected = app.connected().await;
        let before = app.the_account(&connected, "bob.ray@acme.example").await;
        app.hr().change_employee_id(&bob, "NEW-1").await.expect("a new id");
        let cy = Hire { employee_id: Some(bob.clone()), ..person("Cy", "May", "cy@acme.example") };
        if unique_keys {
            // Without keys it would be Bob who got another name and another e-mail.
            app.hire(&cy).await;
            app.edit(&app.employee(5), reports_to(&bob)).await;
        }
        app.poll().await;
        let after = app.the_account(&connected, "bob.ray@acme.example").await;
        assert_eq!((&after["id"], &after["first_name"]), (&before["id"], &json!("Bob")));
        agrees_with_hr(&app, &connected).await;
        never_held(&app).await;
    }
}
