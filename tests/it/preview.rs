//! The preview says what the next full sync does, and does nothing (L-05).

use std::collections::BTreeSet;

use reqwest::Method;
use rollcall::sandbox::{Edit, Leave, OddAnswer};
use serde_json::{Value, json};

use crate::evidence;
use crate::hr::{YESTERDAY, no_hooks, on, person};
use crate::support::{Connected, Options, Reply, TestApp, behaviours};

behaviours!(
    l_05_the_first_sync_does_what_the_preview_says,
    l_05_a_later_sync_does_what_the_preview_says,
    l_05_a_sync_without_changes_is_foretold_as_such,
    s_21_people_who_get_other_keys_are_foretold_as_those_they_are,
    l_05_a_preview_writes_nothing_and_is_the_same_again,
    l_05_an_hr_system_that_does_not_answer_is_a_problem_and_no_failure,
    l_05_a_preview_needs_a_directory_and_a_key,
    s_44_a_preview_keeps_to_the_calls_of_a_minute,
);

fn email(email: &str) -> Edit {
    Edit { email: Some(email.to_owned()), ..Edit::default() }
}

async fn ask(app: &TestApp, connected: &Connected) -> Reply {
    app.post(&format!("/directories/{}/preview", connected.directory), json!({})).await
}

async fn preview(app: &TestApp, connected: &Connected) -> Value {
    ask(app, connected).await.ok()
}

/// These members of each object of a list.
fn members(list: &Value, names: &[&str]) -> BTreeSet<String> {
    let list = list.as_array().expect("a list");
    let one = |item: &Value| names.iter().map(|name| item[*name].to_string() + " ").collect();
    let found: BTreeSet<String> = list.iter().map(one).collect();
    assert_eq!(found.len(), list.len(), "somebody is named twice in {list:#?}");
    found
}

/// How many a list has.
fn count(preview: &Value, list: &str) -> u64 {
    u64::try_from(preview[list].as_array().expect("a list").len()).expect("a length")
}

/// The links of a directory: `{key, account, rule}`.
fn links(app: &TestApp, connected: &Connected) -> Vec<Value> {
    let sql = format!(
        "SELECT u.external_key || '|' || l.account_id || '|' || l.link_rule || '|' || a.email \
         AS value FROM links l JOIN directory_users u ON u.id = l.directory_user_id \
         JOIN accounts a ON a.id = l.account_id WHERE l.directory_id = '{}'",
        connected.directory
    );
    let parts = |row: String| {
        let parts: Vec<&str> = row.split('|').collect();
        json!({"external_key": parts[0], "account_id": parts[1], "by": parts[2],
               "email": parts[3].to_lowercase()})
    };
    app.raw().values(&sql).into_iter().map(parts).collect()
}

/// What is there before a sync.
struct Before {
    accounts: Vec<Value>,
    links: Vec<Value>,
}

async fn before(app: &TestApp, connected: &Connected) -> Before {
    let accounts = app.accounts(&connected.organization).await;
    Before { accounts, links: links(app, connected) }
}

/// Asserts that the sync that has just ended did what the preview said. `missing` are e-mails of
/// accounts whose people HR no longer names.
async fn came_true(
    app: &TestApp,
    connected: &Connected,
    before: Before,
    foretold: &Value,
    missing: &[&str],
) {
    assert_eq!(app.last_run(connected).await["counts"], foretold["counts"]);
    let after = links(app, connected);
    let new: Vec<&Value> = after.iter().filter(|link| !before.links.contains(link)).collect();
    let (created, linked): (Vec<&Value>, Vec<&Value>) = new
        .into_iter()
        .filter(|new| {
            // The e-mail of an account may change under its link.
            let same = ["external_key", "account_id", "by"];
            !before.links.iter().any(|old| same.iter().all(|name| old[name] == new[name]))
        })
        .partition(|link| link["by"] == "created");
    let names = ["external_key", "account_id", "by"];
    assert_eq!(members(&foretold["linked"], &names), members(&json!(linked), &names));
    let mut folded = foretold["created"].clone();
    for one in folded.as_array_mut().unwrap() {
        one["email"] = json!(one["email"].as_str().unwrap().to_lowercase());
    }
    let names = ["external_key", "email"];
    assert_eq!(members(&folded, &names), members(&json!(created), &names));

    let was_there = |id: &Value| before.accounts.iter().any(|account| account["id"] == *id);
    let mut holds = app.open_holds(connected).await;
    for hold in &mut holds {
        let item = hold["items"][0].clone();
        let accounts = Some(item["account_id"].clone()).filter(was_there);
        hold["account_ids"] = json!(accounts.into_iter().collect::<Vec<Value>>());
        hold["external_key"] = item["external_key"].clone();
        hold["name"] = item["name"].clone();
    }
    let names = ["external_key", "kind", "reason", "account_ids"];
    assert_eq!(members(&foretold["ambiguous"], &names), members(&json!(holds), &names));

    let problems = json!(app.row_problems(connected).await);
    let names = ["external_key", "employee_number", "name", "email", "code", "message"];
    assert_eq!(members(&foretold["row_problems"], &names), members(&problems, &names));

    let now = app.accounts(&connected.organization).await;
    let alone: Vec<Value> = before
        .accounts
        .iter()
        .filter(|old| {
            let after = now.iter().find(|new| new["id"] == old["id"]).expect("no account goes");
            after["managed_by"].is_null() || missing.iter().any(|email| old["email"] == *email)
        })
        .map(|account| json!({"account_id": account["id"], "email": account["email"]}))
        .collect();
    assert_eq!(foretold["accounts_not_in_hr"], json!(alone));
}

/// A gateway beside 300 people of whom some have faulty records.
async fn three_hundred(app: &TestApp) -> TestApp {
    app.another(Options { people: Some(300), problems: 16, ..Options::default() }).await
}

/// An organization with accounts of all kinds, ready for "Complete set-up".
async fn with_accounts_of_all_kinds(app: &TestApp) -> Connected {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let people = app.hr().people();
    let with_email: Vec<_> = people.iter().filter(|person| !person.email.is_empty()).collect();
    let mut accounts = Vec::new();
    for (index, person) in with_email.iter().enumerate() {
        match index % 10 {
            0 | 5 => accounts.push(json!({"email": person.email})),
            1 => accounts.push(json!({"email": person.email.to_uppercase()})),
            2 => accounts.push(json!({"email": person.email, "protected": true})),
            _ => {}
        }
    }
    for index in 0..7 {
        accounts.push(json!({"email": format!("contractor{index}@acme.example")}));
    }
    // Two with one e-mail: of some the account is there, of some not.
    for person in with_email.iter().filter(|person| person.leaving_date.is_none()).skip(20).take(12)
    {
        app.hire(&rollcall::sandbox::Hire {
            email: Some(format!(" {}", person.email)),
            ..crate::hr::person("Double", "Ganger", "")
        })
        .await;
    }
    // A leaver whose account somebody employed gets, and one who keeps theirs.
    for (last, leaves) in [("Lee", true), ("Leeds", false), ("Ray", true)] {
        let blanks = if leaves { "" } else { " " };
        let address = if last == "Ray" { "ann.ray" } else { "ann.lee" };
        let id = app.hire(&person("Ann", last, &format!("{address}@acme.example{blanks}"))).await;
        if leaves {
            app.leave(&id, &on(YESTERDAY)).await;
        }
        if leaves {
            accounts.push(json!({"email": format!("{address}@acme.example")}));
        }
    }
    for account in accounts {
        app.post(&format!("/organizations/{organization}/accounts"), account).await.ok();
    }
    app.prepared(&organization).await
}

async fn l_05_the_first_sync_does_what_the_preview_says(app: TestApp) {
    let app = three_hundred(&app).await;
    let connected = with_accounts_of_all_kinds(&app).await;
    let was = before(&app, &connected).await;
    let foretold = preview(&app, &connected).await;
    assert_eq!(foretold["object"], "preview");
    assert_eq!(foretold["directory_id"], connected.directory.as_str());
    for (list, at_least) in [
        ("linked", 60),
        ("created", 150),
        ("ambiguous", 40),
        ("row_problems", 8),
        ("accounts_not_in_hr", 30),
    ] {
        assert!(count(&foretold, list) >= at_least, "{list}: {}", count(&foretold, list));
    }
    assert_eq!(foretold["counts"]["linked"], count(&foretold, "linked"));
    assert_eq!(foretold["counts"]["created"], count(&foretold, "created"));
    assert_eq!(foretold["counts"]["held"], count(&foretold, "ambiguous"));
    assert!(foretold["counts"]["deactivated"].as_u64() > Some(0));
    app.complete(&connected).await;
    came_true(&app, &connected, was, &foretold, &[]).await;
}

/// A month of changes in HR that nobody hears of; the e-mail of somebody whom HR has deleted.
async fn quiet_changes(app: &TestApp, connected: &Connected) -> String {
    let mail = |employee: &str| app.hr().person(employee).expect("a person").email;
    let employees: Vec<String> = app
        .hr()
        .current_employee_ids()
        .into_iter()
        .filter(|id| !mail(id).is_empty())
        .take(60)
        .collect();
    let path = format!("/organizations/{}/accounts", connected.organization);
    for (local, protected) in [("new.one", false), ("new.two", true)] {
        let account = json!({"email": format!("{local}@acme.example"), "protected": protected});
        app.post(&path, account).await.ok();
    }
    for (first, local) in [("New", "new.one"), ("Newer", "new.two"), ("Newest", "new.three")] {
        app.hire(&person(first, "One", &format!("{local}@acme.example"))).await;
    }
    // The same e-mail as somebody employed, and as another newcomer.
    app.hire(&person("Double", "One", &format!("{} ", mail(&employees[0])))).await;
    app.hire(&person("Double", "Two", "new.three@acme.example ")).await;
    // A re-hire under a new number, and an address that is given to somebody else.
    for (id, same_name) in [(&employees[1], true), (&employees[2], false)] {
        let old = app.hr().person(id).expect("a person");
        app.leave(id, &Leave { blank_email: true, ..on(YESTERDAY) }).await;
        let last = if same_name { old.last_name.as_str() } else { "Somebody-Else" };
        app.hire(&person(&old.first_name, last, &old.email)).await;
    }
    // E-mails that other accounts have: of one who keeps it, of some who give it up later in the
    // list, and of two who swap.
    app.edit(&employees[3], email("contractor1@acme.example")).await;
    let wanted = mail(&employees[5]);
    app.edit(&employees[5], email("moved.away@acme.example")).await;
    app.edit(&employees[4], email(&wanted)).await;
    let wanted = mail(&employees[6]);
    app.edit(&employees[6], email("moved.too@acme.example")).await;
    app.edit(&employees[7], email(&wanted)).await;
    let (one, other) = (mail(&employees[12]), mail(&employees[13]));
    app.edit(&employees[12], email("between@acme.example")).await;
    app.edit(&employees[13], email(&one)).await;
    app.edit(&employees[12], email(&other)).await;
    // A record that cannot be applied, a job, a manager, a leaver, one who is gone.
    app.edit(&employees[8], email("")).await;
    app.new_job(&employees[9], "Chief Astronaut").await;
    let manager = Edit { reports_to: Some(employees[9].clone()), ..Edit::default() };
    app.edit(&employees[10], manager).await;
    app.leave(&employees[11], &on(YESTERDAY)).await;
    let gone = mail(&employees[40]);
    app.hr().delete(&employees[40]).await.expect("a person");
    gone
}

async fn l_05_a_later_sync_does_what_the_preview_says(app: TestApp) {
    let app = three_hundred(&app).await;
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    for index in 0..3 {
        let account = json!({"email": format!("contractor{index}@acme.example")});
        app.post(&format!("/organizations/{organization}/accounts"), account).await.ok();
    }
    let connected = app.prepared(&organization).await;
    app.complete(&connected).await;
    app.hr().set_faults(no_hooks());
    let gone = quiet_changes(&app, &connected).await;
    let was = before(&app, &connected).await;
    let foretold = preview(&app, &connected).await;
    let rules: Vec<&str> =
        foretold["linked"].as_array().unwrap().iter().map(|l| l["by"].as_str().unwrap()).collect();
    assert!(rules.contains(&"email") && rules.contains(&"rehire"), "{rules:?}");
    for (list, at_least) in [("ambiguous", 5), ("row_problems", 8), ("accounts_not_in_hr", 4)] {
        assert!(count(&foretold, list) >= at_least, "{list}: {foretold:#}");
    }
    // Whoever gives an e-mail up comes first, wherever they are in the list: nobody has to wait.
    assert_eq!(foretold["counts"]["held"], count(&foretold, "ambiguous"));
    assert!(foretold["counts"]["updated"].as_u64() > Some(3));
    app.sync_now(&connected).await.ok();
    app.drain().await;
    came_true(&app, &connected, was, &foretold, &[&gone]).await;
}

async fn l_05_a_sync_without_changes_is_foretold_as_such(app: TestApp) {
    let connected = app.connected().await;
    let was = before(&app, &connected).await;
    let foretold = preview(&app, &connected).await;
    assert_eq!(foretold["counts"]["updated"], 0);
    for list in ["linked", "created", "ambiguous", "accounts_not_in_hr"] {
        assert_eq!(foretold[list], json!([]), "{list}");
    }
    app.sync_now(&connected).await.ok();
    app.drain().await;
    came_true(&app, &connected, was, &foretold, &[]).await;
}

async fn s_21_people_who_get_other_keys_are_foretold_as_those_they_are(app: TestApp) {
    // Without faulty records: who is nobody without a key is somebody new with one.
    let app = app.another(Options { people: Some(300), ..Options::default() }).await;
    app.faults(|faults| faults.omit_unique_key = true);
    let connected = with_accounts_of_all_kinds(&app).await;
    app.complete(&connected).await;
    for omit_unique_key in [false, true] {
        app.faults(|faults| faults.omit_unique_key = omit_unique_key);
        let was = before(&app, &connected).await;
        let foretold = preview(&app, &connected).await;
        assert_eq!((&foretold["linked"], &foretold["created"]), (&json!([]), &json!([])));
        assert!(count(&foretold, "ambiguous") >= 40);
        app.sync_now(&connected).await.ok();
        app.drain().await;
        renamed_came_true(&app, &connected, was, &foretold).await;
    }
}

/// The same as [`came_true`] for people whose links are as they were, under other keys.
async fn renamed_came_true(
    app: &TestApp,
    connected: &Connected,
    mut before: Before,
    foretold: &Value,
) {
    let accounts = |links: &[Value]| -> BTreeSet<String> {
        links.iter().map(|link| link["account_id"].to_string()).collect()
    };
    let after = links(app, connected);
    assert_eq!(accounts(&before.links), accounts(&after));
    before.links = after;
    came_true(app, connected, before, foretold, &[]).await;
}

/// Every value that a preview must leave as it is.
fn dump(app: &TestApp) -> Vec<String> {
    let calls = ["provider_calls", "provider_throttles", "sqlite_sequence"];
    let mut all: Vec<String> = evidence::everything(&app.place)
        .into_iter()
        .filter(|stored| !calls.contains(&stored.table.as_str()))
        .filter(|stored| (&*stored.table, &*stored.column) != ("directories", "observation_seq"))
        .map(|stored| format!("{}.{} = {}", stored.table, stored.column, stored.value))
        .collect();
    all.sort();
    all
}

async fn l_05_a_preview_writes_nothing_and_is_the_same_again(app: TestApp) {
    let connected = with_accounts_of_all_kinds(&app).await;
    for complete in [false, true] {
        if complete {
            app.complete(&connected).await;
            app.hr().set_faults(no_hooks());
            app.new_job("PW7", "Chief Astronaut").await;
            app.hire(&person("Bob", "May", "contractor3@acme.example")).await;
        }
        let stored = dump(&app);
        let events = app.events("").await;
        let mails = app.mail.mails().len();
        let first = preview(&app, &connected).await;
        assert!(count(&first, "linked") > 0, "{first:#}");
        app.clock.advance(1_000);
        assert_eq!(preview(&app, &connected).await, first);
        app.drain().await;
        assert_eq!(dump(&app), stored);
        assert_eq!(app.events("").await, events);
        assert_eq!(app.mail.mails().len(), mails, "nobody is told");
    }
}

async fn l_05_an_hr_system_that_does_not_answer_is_a_problem_and_no_failure(app: TestApp) {
    let connected = app.connected().await;
    let stored = dump(&app);
    app.hr_answers(Some(OddAnswer::Html502));
    let refused = ask(&app, &connected).await;
    assert_eq!(refused.problem(502), "provider_failed");
    assert_eq!(refused.body["class"], "provider_down", "{}", refused.text);
    app.hr_answers(None);
    assert!(app.hr().remove_key(&connected.hr_key));
    let refused = ask(&app, &connected).await;
    assert_eq!(refused.problem(502), "provider_failed");
    assert_eq!(refused.body["class"], "credential", "{}", refused.text);
    let detail = refused.body["detail"].as_str().expect("a detail");
    assert_eq!(detail, "The HR system refused the key.");
    assert!(!refused.text.contains(&connected.hr_key));
    assert_eq!(dump(&app), stored, "a failure is for runs to find out");
    assert_eq!(app.state(&connected).await, "active");
}

async fn l_05_a_preview_needs_a_directory_and_a_key(app: TestApp) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let (directory, _) = app.directory(&organization).await;
    let path = format!("/directories/{directory}");
    let refused = app.post(&format!("{path}/preview"), json!({})).await;
    assert_eq!(refused.problem(409), "no_credential");
    let refused = app.call(Method::GET, &format!("{path}/preview"), None).await;
    assert_eq!(refused.status, 405);
    app.post(&format!("{path}/disable"), json!({})).await.ok();
    let refused = app.post(&format!("{path}/preview"), json!({})).await;
    assert_eq!(refused.problem(409), "directory_disabled");
    let refused = app.post("/directories/directory_none/preview", json!({})).await;
    assert_eq!(refused.problem(404), "entity_not_found");
    assert!(app.hr().calls().is_empty());
}

async fn s_44_a_preview_keeps_to_the_calls_of_a_minute(app: TestApp) {
    let calls = ("ROLLCALL__PROVIDERS__PEOPLE_HR__CALLS_PER_MINUTE", "6".to_owned());
    let app = app.another(Options { env: vec![calls], ..Options::default() }).await;
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let connected = app.prepared(&organization).await;
    app.clock.advance(61_000);
    preview(&app, &connected).await;
    let asked = app.hr().calls().len();
    let refused = ask(&app, &connected).await;
    assert_eq!(refused.problem(429), "call_budget_spent");
    assert_eq!(refused.body["retry_after_seconds"], 60);
    assert_eq!(app.hr().calls().len(), asked);
    app.clock.advance(60_000);
    preview(&app, &connected).await;
}
