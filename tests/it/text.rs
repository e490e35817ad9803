//! Text as people see it (S-18): what is written oddly makes no second person and no second
//! department, and nobody gets an address at which they cannot be reached.

use rollcall::db::migrate;
use rollcall::sandbox::{Edit, Hire};
use serde_json::{Value, json};

use crate::hr::{INTERVAL, no_hooks, person};
use crate::support::{Connected, TestApp, behaviours};
use crate::systems::System;

behaviours!(
    s_18_dirt_in_an_email_makes_no_second_account,
    s_18_dirt_that_comes_later_changes_nobody,
    s_18_what_cannot_be_an_address_is_one_row_problem,
    s_18_what_cannot_be_an_address_is_refused_by_the_api,
    s_18_names_that_look_empty_are_missing,
    s_18_departments_that_look_alike_are_one,
    s_18_another_way_of_writing_a_name_arrives,
    s_18_departments_of_an_earlier_version_are_merged_by_the_next_run,
    s_18_accounts_with_one_address_are_shown_and_stay_two,
    s_45_admins_have_one_form_of_address_and_the_last_one_stays,
);

/// Ways in which one address is written.
const DIRTY: &[&str] = &[
    "\u{200b}NAME@acme.example",
    "NAME@acme.example\u{200b}",
    "\u{feff}NAME@acme.example",
    "\u{202a}NAME@acme.example\u{202c}",
    "NAME\u{ad}@acme.example",
    "NAME@\u{2060}acme.example",
    "mailto:NAME@acme.example",
    "'NAME@acme.example'",
    "<NAME@ACME.example>",
    "\u{a0}NAME@acme.example ",
];

const NO_ADDRESSES: &[&str] =
    &["jo@x..uk", "jo@-x.uk", "a..b@x.uk", "jo at x.uk", "jo@x_y.uk", "jo@x.uk; jo@y.uk", "n/a"];

async fn organization_with(app: &TestApp, emails: &[String]) -> String {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    for email in emails {
        let path = format!("/organizations/{organization}/accounts");
        app.post(&path, json!({"email": email})).await.ok();
    }
    organization
}

fn emails_of(accounts: &[Value], part: &str) -> Vec<String> {
    let emails = accounts.iter().map(|account| account["email"].as_str().expect("an e-mail"));
    emails.filter(|email| email.to_lowercase().contains(part)).map(str::to_owned).collect()
}

async fn s_18_dirt_in_an_email_makes_no_second_account(app: TestApp) {
    for system in System::ALL {
        let name = |index: usize| format!("dirty{index}");
        let mut clean: Vec<String> =
            (0..DIRTY.len()).map(|index| format!("{}@acme.example", name(index))).collect();
        // Composed and decomposed, and a domain in letters and as mail servers know it.
        clean.push("tom\u{e1}\u{161}.dirty@acme.example".to_owned());
        clean.push("dirty@m\u{fc}ller.example".to_owned());
        let organization = organization_with(&app, &clean).await;
        let dirty = DIRTY.iter().enumerate().map(|(index, it)| it.replace("NAME", &name(index)));
        let others = ["toma\u{301}s\u{30c}.dirty@acme.example", "DIRTY@xn--mller-kva.example"];
        for (index, email) in dirty.chain(others.map(str::to_owned)).enumerate() {
            let hire = person("Dirty", &format!("Number{index}"), &email);
            system.hire(&app.sandbox, &hire).await;
        }
        let connected = app.connect(&organization, system).await;
        let accounts = app.accounts(&organization).await;
        let mut found = emails_of(&accounts, "dirty");
        found.sort();
        let last = clean.len() - 1;
        "dirty@xn--mller-kva.example".clone_into(&mut clean[last]);
        clean.sort();
        assert_eq!(found, clean, "{system:?}");
        for account in accounts.iter().filter(|it| emails_of(&[(*it).clone()], "dirty").len() == 1)
        {
            assert_eq!(account["managed_by"], connected.directory.as_str(), "{system:?}");
            assert_eq!(account["first_name"], "Dirty");
        }
        let problems = app.row_problems(&connected).await;
        assert!(problems.iter().all(|it| it["name"] != "Dirty"), "{problems:#?}");
    }
}

async fn s_18_dirt_that_comes_later_changes_nobody(app: TestApp) {
    for system in System::ALL {
        let hire = person("Later", "Dirt", "later@acme.example");
        let who = system.hire(&app.sandbox, &hire).await;
        let connected = app.connected_to(system).await;
        let before = app.the_account(&connected, "later@acme.example").await;
        let events = app.events("").await.len();
        for email in DIRTY.iter().map(|it| it.replace("NAME", "later")) {
            let edit = Edit { email: Some(email.clone()), ..Edit::default() };
            system.edit(&app.sandbox, &who, &edit).await;
            app.drain().await;
            app.poll().await;
            let after = app.the_account(&connected, "later@acme.example").await;
            assert_eq!(after, before, "{system:?} {email:?}");
        }
        assert_eq!(app.events("").await.len(), events, "{system:?}: nothing to tell");
        let all = app.accounts(&connected.organization).await;
        assert_eq!(emails_of(&all, "later"), ["later@acme.example"]);
    }
}

async fn s_18_what_cannot_be_an_address_is_one_row_problem(app: TestApp) {
    for system in System::ALL {
        for (index, email) in NO_ADDRESSES.iter().enumerate() {
            let hire = person("Nobody", &format!("Number{index}"), email);
            system.hire(&app.sandbox, &hire).await;
        }
        let connected = app.connected_to(system).await;
        let problems = app.row_problems(&connected).await;
        let invalid: Vec<&Value> =
            problems.iter().filter(|it| it["code"] == "invalid_email").collect();
        assert_eq!(invalid.len(), NO_ADDRESSES.len(), "{system:?} {problems:#?}");
        let accounts = app.accounts(&connected.organization).await;
        assert!(accounts.iter().all(|account| account["first_name"] != "Nobody"), "{system:?}");
    }
}

async fn s_18_what_cannot_be_an_address_is_refused_by_the_api(app: TestApp) {
    let organization = organization_with(&app, &["jo@x.uk".to_owned()]).await;
    let path = format!("/organizations/{organization}/accounts");
    let admins = format!("/organizations/{organization}/admins");
    for email in NO_ADDRESSES {
        app.post(&path, json!({"email": email})).await.problem(422);
        app.post(&admins, json!({"email": email, "name": "Jo"})).await.problem(422);
    }
    // The same address in other words is the same address.
    for email in ["mailto:JO@x.uk", "'jo@x.uk'", "jo@x.uk\u{200b}", " jo@X.uk "] {
        let refused = app.post(&path, json!({"email": email})).await;
        assert_eq!(refused.problem(409), "email_taken", "{email:?}");
    }
    let made = app.post(&path, json!({"email": "“Ann@m\u{fc}ller.example”"})).await.ok();
    assert_eq!(made["email"], "Ann@xn--mller-kva.example");
    let found = app.account(&organization, "ann@m%C3%BCller.example").await.expect("the account");
    assert_eq!(found["id"], made["id"]);
    // So it is in an import.
    let rows = "{\"email\":\"a..b@x.uk\"}\n{\"email\":\"<jo@x.uk>\",\"first_name\":\"Jo\"}\n";
    let url = app.url(&format!("/api/v1{path}/import"));
    let sent = app.client.post(url).bearer_auth(app.key.reveal()).body(rows);
    let sent = sent.header("content-type", "application/x-ndjson").send().await.expect("an answer");
    assert!(sent.status().is_success());
    assert_eq!(app.account(&organization, "jo@x.uk").await.expect("Jo")["first_name"], "Jo");
    assert_eq!(app.accounts(&organization).await.len(), 2);
}

async fn s_18_names_that_look_empty_are_missing(app: TestApp) {
    for system in System::ALL {
        for (index, name) in ["\u{200b}", "\u{2800}", "\u{3164}\u{200d}"].iter().enumerate() {
            let email = format!("empty{index}@acme.example");
            system.hire(&app.sandbox, &person(name, "Empty", &email)).await;
        }
        let hire = Hire {
            department: Some("\u{200b}".to_owned()),
            ..person("No", "Team", "no.team@acme.example")
        };
        system.hire(&app.sandbox, &hire).await;
        let connected = app.connected_to(system).await;
        let problems = app.row_problems(&connected).await;
        let missing = problems
            .iter()
            .filter(|it| it["code"] == "missing_first_name" && it["name"] == "Empty");
        assert_eq!(missing.count(), 3, "{system:?} {problems:#?}");
        // HRworks' units have numbers, which stand for them when they have no name.
        if system != System::Hrworks {
            let account = app.the_account(&connected, "no.team@acme.example").await;
            assert_eq!(account["department"], Value::Null, "{system:?}");
        }
    }
}

/// The names of the departments of an organization that look like this one.
async fn departments_like(app: &TestApp, connected: &Connected, part: &str) -> Vec<String> {
    let all = app.all(&format!("/organizations/{}/departments", connected.organization)).await;
    let names = all.iter().map(|it| it["name"].as_str().expect("a name").to_owned());
    names.filter(|name| name.to_lowercase().contains(part)).collect()
}

async fn s_18_departments_that_look_alike_are_one(app: TestApp) {
    for system in System::ALL {
        let spellings = [
            "Stra\u{df}enbau",
            "STRASSENBAU",
            "Stra\u{df}enbau\u{200b}",
            "\u{200e}Stra\u{df}enbau",
        ];
        for (index, department) in spellings.iter().enumerate() {
            let email = format!("road{index}@acme.example");
            let hire = Hire {
                department: Some((*department).to_owned()),
                ..person("Road", &format!("Number{index}"), &email)
            };
            system.hire(&app.sandbox, &hire).await;
        }
        let connected = app.connected_to(system).await;
        let names = departments_like(&app, &connected, "stra").await;
        assert_eq!(names.len(), 1, "{system:?} {names:?}");
        let mut seen = Vec::new();
        for index in 0..spellings.len() {
            let account = app.the_account(&connected, &format!("road{index}@acme.example")).await;
            seen.push(account["department"].clone());
        }
        assert!(seen.iter().all(|name| *name == json!(names[0])), "{system:?} {seen:?}");
        if system == System::PeopleHr {
            let groups = app
                .root_get(&format!("/directory_groups?directory={}&limit=100", connected.directory))
                .await;
            let groups = groups["data"].as_array().expect("a list");
            let alike = groups
                .iter()
                .filter(|it| it["name"].as_str().unwrap().to_lowercase().starts_with("stra"));
            assert_eq!(alike.count(), 1, "{groups:#?}");
        }
    }
}

async fn s_18_another_way_of_writing_a_name_arrives(app: TestApp) {
    for system in System::ALL {
        let hire = Hire {
            department: Some("Field Sales".to_owned()),
            ..person("Mo", "MCDONALD", "mo.mcdonald@acme.example")
        };
        let who = system.hire(&app.sandbox, &hire).await;
        let connected = app.connected_to(system).await;
        let edit = Edit {
            last_name: Some("McDonald".to_owned()),
            department: Some("FIELD  SALES".to_owned()),
            ..Edit::default()
        };
        app.hr().set_faults(no_hooks());
        system.edit(&app.sandbox, &who, &edit).await;
        app.pass(INTERVAL).await;
        let account = app.the_account(&connected, "mo.mcdonald@acme.example").await;
        assert_eq!(account["last_name"], "McDonald", "{system:?}");
        assert_eq!(account["department"], "Field Sales", "{system:?}: the first spelling stays");
        let told = app.events("dsync.user.updated").await;
        let told = told.iter().rfind(|it| it["data"]["email"] == "mo.mcdonald@acme.example");
        let previous = &told.expect("an event")["data"]["previous_attributes"];
        assert_eq!(previous["last_name"], "MCDONALD");
        assert_eq!(previous["custom_attributes"]["department_name"], Value::Null, "{previous:#}");
        let names = departments_like(&app, &connected, "field").await;
        assert_eq!(names, ["Field Sales"], "{system:?}");
    }
}

async fn s_45_admins_have_one_form_of_address_and_the_last_one_stays(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    let path = format!("/organizations/{organization}/admins");
    let ann = app
        .post(&path, json!({"email": "mailto:ann@m\u{fc}ller.example", "name": "Ann"}))
        .await
        .ok();
    assert_eq!(ann["email"], "ann@xn--mller-kva.example");
    let twice = app.post(&path, json!({"email": "ANN@m\u{fc}ller.example", "name": "Ann"})).await;
    assert_eq!(twice.status, 409, "{}", twice.text);
    let admin = |shown: &Value| format!("{path}/{}", shown["id"].as_str().expect("an id"));
    // Before anything is connected, nobody is missed.
    app.delete(&admin(&ann)).await.ok();
    let ann =
        app.post(&path, json!({"email": "ann@m\u{fc}ller.example", "name": "Ann"})).await.ok();
    let connected = app.prepared(&organization).await;
    app.complete(&connected).await;
    let refused = app.delete(&admin(&ann)).await;
    assert_eq!(refused.problem(409), "last_admin");
    assert_eq!(app.all(&path).await.len(), 1);
    // A mail server without SMTPUTF8 takes the mail.
    app.hr_answers(Some(rollcall::sandbox::OddAnswer::Suspended));
    app.pass(INTERVAL).await;
    let mails = app.mail.mails();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].to.iter().any(|it| it.contains("ann@xn--mller-kva.example")));
    let bob = app.post(&path, json!({"email": "bob@customer.example", "name": "Bob"})).await.ok();
    app.delete(&admin(&ann)).await.ok();
    assert_eq!(app.delete(&admin(&bob)).await.problem(409), "last_admin");
    // A connection that has ended needs nobody.
    app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    app.delete(&admin(&bob)).await.ok();
}

async fn s_18_departments_of_an_earlier_version_are_merged_by_the_next_run(app: TestApp) {
    let hire = Hire {
        department: Some("Field Sales".to_owned()),
        ..person("Mo", "Lee", "mo.lee@acme.example")
    };
    app.hire(&hire).await;
    let connected = app.connected().await;
    let organization = &connected.organization;
    // As version 0.1 took them: two departments, and the account is in the other one.
    app.raw().run(&format!(
        "INSERT INTO catalogue_entries (id, organization_id, kind, name, name_norm, created_at_ms) \
         VALUES ('catalogue_old', '{organization}', 'department', 'Field Sales\u{200b}', \
         'field sales\u{200b}', 1)"
    ));
    app.raw().run(
        "UPDATE accounts SET department_id = 'catalogue_old' \
         WHERE email_norm = 'mo.lee@acme.example'",
    );
    app.raw().run("DELETE FROM upgrade_steps");
    migrate::run(&app.place.place).expect("the upgrade");
    assert_eq!(departments_like(&app, &connected, "field").await.len(), 2);
    app.poll().await;
    assert_eq!(departments_like(&app, &connected, "field").await, ["Field Sales"]);
    let account = app.the_account(&connected, "mo.lee@acme.example").await;
    assert_eq!(account["department"], "Field Sales");
}

async fn s_18_accounts_with_one_address_are_shown_and_stay_two(app: TestApp) {
    app.hire(&person("Jo", "Lee", "jo.lee@acme.example")).await;
    let connected = app.joined(&[json!({"email": "second@acme.example"})]).await;
    // As version 0.1 took them: two accounts.
    app.raw().run(
        "UPDATE accounts SET email = 'jo.lee@acme.example\u{200b}', \
         email_norm = 'jo.lee@acme.example\u{200b}' WHERE email_norm = 'second@acme.example'",
    );
    app.raw().run("DELETE FROM upgrade_steps");
    migrate::run(&app.place.place).expect("the upgrade");
    let path = format!("/organizations/{}/row_problems", connected.organization);
    let listed = app.all_of(&path).await;
    assert_eq!(listed.len(), 1, "{listed:#?}");
    let owner = app.the_account(&connected, "jo.lee@acme.example").await;
    assert_eq!(listed[0]["owner_account_id"], owner["id"], "the linked one owns the address");
    assert_eq!(
        (&listed[0]["code"], &listed[0]["severity"]),
        (&json!("duplicate_email"), &json!("problem"))
    );
    app.poll().await;
    let all = app.accounts(&connected.organization).await;
    assert_eq!(emails_of(&all, "jo.lee").len(), 2);
    assert_eq!(app.open_holds(&connected).await, Vec::<Value>::new());
    // An address of its own settles it.
    let other = listed[0]["account_id"].as_str().expect("an id");
    app.patch(&format!("/accounts/{other}"), json!({"email": "other@acme.example"})).await.ok();
    assert!(app.all_of(&path).await.is_empty());
}

impl TestApp {
    /// A list that comes in one piece.
    async fn all_of(&self, path: &str) -> Vec<Value> {
        self.get(path).await["data"].as_array().expect("a list").clone()
    }
}
