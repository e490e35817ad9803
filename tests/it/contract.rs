//! What holds for every HR system: each behaviour runs over all three of them, and on both
//! databases. What only one of them has is elsewhere.
//!
//! Long because one list of behaviours is run over each HR system.

use rollcall::clock::Timestamp;
use rollcall::limits::PAGE_THROTTLES_MAX;
use rollcall::sandbox::{
    Action, BreatheQuirks, HrworksPermission, HrworksQuirks, NextLink, OddAnswer, PersonView, Unset,
};
use serde_json::{Value, json};

use crate::evidence;
use crate::hr::{INTERVAL, YESTERDAY, agrees_with, on, person};
use crate::support::{Connected, Options, TestApp, behaviours, behaviours_of_place};
use crate::systems::{Calls, Fault, System};
use crate::testdb::TestPlace;

behaviours!(
    s_04_a_change_made_in_any_hr_system_arrives,
    l_03_what_a_key_must_be_allowed_is_shown_before_one_is_asked_for,
    l_04_a_key_that_is_unknown_is_refused,
    s_40_a_key_that_was_removed_is_told_as_what_it_is,
    l_04_a_missing_permission_is_named,
    l_04_a_permission_that_only_costs_a_part_refuses_nothing,
    l_11_a_pasted_key_is_freed_of_what_stands_around_it,
    l_11_what_cannot_be_a_key_is_named,
    s_41_a_permission_that_was_taken_away_is_named,
    s_31_somebody_whom_hr_has_deleted_is_asked_for_and_loses_access,
    s_31_who_can_not_be_asked_for_stays,
    s_08_whatever_way_breathe_hr_writes_it_means_the_same,
    s_08_whatever_way_hrworks_writes_it_means_the_same,
    s_40_what_only_one_of_them_can_refuse_has_its_class_too,
);
behaviours_of_place!(
    s_30_a_list_of_many_pages_is_taken_in_whole,
    s_30_a_list_that_is_not_whole_removes_nobody,
    s_30_links_that_lead_astray_are_not_followed,
    s_07_a_record_with_a_fault_is_listed_and_everybody_else_flows,
    s_44_the_limit_of_calls_is_kept_and_the_list_is_read_to_its_end,
    s_44_others_who_call_too_do_not_keep_the_list_from_its_end,
    s_45_lists_that_are_slowed_down_for_too_long_are_a_failure,
);

async fn of_people(place: TestPlace, people: usize) -> TestApp {
    TestApp::start_with(place, Options { people: Some(people), ..Options::default() }).await
}

/// Somebody who works there.
fn somebody(app: &TestApp, system: System, index: usize) -> (String, PersonView) {
    let person = system.staff(&app.sandbox)[index].clone();
    (system.handle(&person).to_owned(), person)
}

async fn status(app: &TestApp, connected: &Connected, person: &PersonView) -> Value {
    app.the_account(connected, &person.email).await["status"].clone()
}

async fn job(app: &TestApp, connected: &Connected, person: &PersonView) -> Value {
    app.the_account(connected, &person.email).await["position"].clone()
}

async fn s_30_a_list_of_many_pages_is_taken_in_whole(place: TestPlace) {
    let app = of_people(place, 230).await;
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        agrees_with(&app, &connected, system).await;
        assert!(app.accounts(&connected.organization).await.len() > 150, "{system:?}");
        let seen = &app.last_run(&connected).await["counts"]["seen"];
        // People HR names who has left only when asked for them.
        assert!(seen.as_u64().expect("a count") > 200, "{system:?}: {seen}");
        // Nothing has changed: nothing is told.
        let events = app.events("").await.len();
        app.poll().await;
        assert_eq!(app.events("").await.len(), events, "{system:?}");
        assert!(app.row_problems(&connected).await.len() < 10, "{system:?}");
    }
}

async fn s_04_a_change_made_in_any_hr_system_arrives(app: TestApp) {
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let sandbox = &app.sandbox;
        let (worker, before) = somebody(&app, system, 3);
        let (leaver, left) = somebody(&app, system, 4);
        let (moved, old_mail) = somebody(&app, system, 5);
        // By itself, or by the next full sync.
        let new = person(
            "Ada",
            "Lovelace",
            &format!("ada@{}.example", system.provider().replace('_', "-")),
        );
        system.hire(sandbox, &new).await;
        system.new_job(sandbox, &worker, "Pilot").await;
        system.leave(sandbox, &leaver, &on(YESTERDAY)).await;
        if system.has_hooks() {
            app.drain().await;
        } else {
            app.poll().await;
        }
        assert_eq!(job(&app, &connected, &before).await, "Pilot", "{system:?}");
        assert_eq!(status(&app, &connected, &left).await, "inactive", "{system:?}");
        agrees_with(&app, &connected, system).await;
        // By "Sync now".
        system.new_job(sandbox, &moved, "Cook").await;
        system.rehire(sandbox, &leaver).await;
        app.sync_now(&connected).await.ok();
        app.drain().await;
        assert_eq!(job(&app, &connected, &old_mail).await, "Cook", "{system:?}");
        assert_eq!(status(&app, &connected, &left).await, "active", "{system:?}");
        agrees_with(&app, &connected, system).await;
    }
}

async fn l_04_a_key_that_is_unknown_is_refused(app: TestApp) {
    for system in System::ALL {
        let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
        let mut connected = app.directory_of(&organization, system).await;
        let path = format!("/directories/{}/credentials", connected.directory);
        let refused = app.put(&path, system.unknown_key()).await;
        assert_eq!(refused.problem(422), "credential_refused", "{system:?}");
        let class = &refused.body["check"]["error"]["class"];
        assert_eq!(class, "credential", "{system:?}: {}", refused.text);
        assert_eq!(app.show(&connected).await["credential"], Value::Null);
        app.set_up(&mut connected, system).await;
        // A bad key does not replace a good one.
        let refused = app.put(&path, system.unknown_key()).await;
        assert_eq!(refused.problem(422), "credential_refused", "{system:?}");
        app.poll().await;
        assert_eq!(app.state(&connected).await, "active", "{system:?}");
    }
}

async fn s_40_a_key_that_was_removed_is_told_as_what_it_is(app: TestApp) {
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let accounts = app.accounts(&connected.organization).await;
        system.remove_key(&app.sandbox, &connected.hr_key);
        app.poll().await;
        let shown = app.show(&connected).await;
        assert_eq!(
            (&shown["state"], &shown["failure"]["class"]),
            (&json!("failing"), &json!("credential")),
            "{system:?}"
        );
        assert_eq!(app.accounts(&connected.organization).await, accounts, "{system:?}");
        let (credential, _) = system.key(&app.sandbox);
        let path = format!("/directories/{}/credentials", connected.directory);
        app.clock.advance(1);
        app.put(&path, credential).await.ok();
        app.drain().await;
        assert_eq!(app.state(&connected).await, "active", "{system:?}");
    }
}

/// Keys that lack something they need, and what they lack. Breathe HR has no smaller keys.
fn lacking(app: &TestApp, system: System) -> Vec<(Value, &'static str)> {
    let company = Action::GetCompanyInformation;
    let api_key = |one| json!({"api_key": app.hr().create_key(&[company, one]).key});
    match system {
        System::PeopleHr => {
            vec![(api_key(Action::GetEmployeeDetailById), "Get All Employee Detail")]
        }
        // Keys of HRworks may come before their permissions, and wait (L-14).
        System::BreatheHr | System::Hrworks => vec![],
    }
}

/// Keys that lack something whose absence only costs a part, and what they lack.
fn lacking_a_part(app: &TestApp, system: System) -> Vec<(Value, &'static str)> {
    match system {
        System::PeopleHr => {
            let some = [Action::GetCompanyInformation, Action::GetAllEmployeeDetail];
            let key = app.hr().create_key(&some).key;
            vec![(json!({"api_key": key}), "Get Employee Detail By Id")]
        }
        System::BreatheHr => vec![],
        System::Hrworks => {
            let some = [HrworksPermission::Persons, HrworksPermission::MasterData];
            let pair = app.sandbox.hrworks().create_key_pair(&some);
            vec![(json!({"text": pair.text()}), "General, read")]
        }
    }
}

async fn l_03_what_a_key_must_be_allowed_is_shown_before_one_is_asked_for(app: TestApp) {
    for system in System::ALL {
        let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
        let body = json!({"organization_id": organization, "provider": system.provider()});
        let made = app.post("/directories", body).await.ok();
        let path = format!("/directories/{}", made["id"].as_str().unwrap());
        let shown = app.get(&path).await["permissions"].clone();
        assert_eq!(made["permissions"], shown, "{system:?}");
        let shown = shown.as_array().unwrap();
        // The check asks for just these, in the same words.
        let words = |one: &Value| (one["permission"].clone(), one["needed_for"].clone());
        let words = |all: &[Value]| all.iter().map(words).collect::<Vec<_>>();
        let refused = app.put(&format!("{path}/credentials"), system.unknown_key()).await;
        let mut checks = vec![refused.body["check"].clone()];
        for (credential, permission) in lacking(&app, system) {
            let needed = |one: &&Value| one["permission"] == permission;
            let mut needed = shown.iter().filter(needed).peekable();
            assert!(needed.peek().is_some(), "{system:?} {permission}");
            assert!(needed.all(|one| one["required"] == true), "{system:?} {permission}");
            let refused = app.put(&format!("{path}/credentials"), credential).await;
            checks.push(refused.body["check"].clone());
        }
        for (credential, permission) in lacking_a_part(&app, system) {
            let mut useful = shown.iter().filter(|one| one["permission"] == permission);
            assert!(useful.all(|one| one["required"] == false), "{system:?} {permission}");
            checks.push(app.put(&format!("{path}/credentials"), credential).await.ok());
        }
        checks.push(app.put(&format!("{path}/credentials"), system.key(&app.sandbox).0).await.ok());
        for check in checks {
            let probes = check["probes"].as_array().unwrap();
            assert_eq!(words(probes), words(shown), "{system:?}");
        }
    }
}

async fn l_04_a_missing_permission_is_named(app: TestApp) {
    for system in System::ALL {
        let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
        let connected = app.directory_of(&organization, system).await;
        let path = format!("/directories/{}/credentials", connected.directory);
        for (credential, permission) in lacking(&app, system) {
            let refused = app.put(&path, credential).await;
            assert_eq!(refused.problem(422), "credential_refused", "{system:?} {permission}");
            let probes = refused.body["check"]["probes"].as_array().unwrap();
            let missing: Vec<_> = probes.iter().filter(|p| p["result"] == "missing").collect();
            assert!(!missing.is_empty(), "{system:?} {permission}: {probes:#?}");
            for probe in missing {
                assert_eq!(probe["permission"], permission, "{system:?}: {probes:#?}");
                assert!(probe["message"].as_str().unwrap().contains(permission), "{probe:#}");
            }
        }
    }
}

async fn l_04_a_permission_that_only_costs_a_part_refuses_nothing(app: TestApp) {
    for system in System::ALL {
        for (credential, permission) in lacking_a_part(&app, system) {
            let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
            let connected = app.directory_of(&organization, system).await;
            let path = format!("/directories/{}", connected.directory);
            let stored = app.put(&format!("{path}/credentials"), credential).await.ok();
            assert_eq!(stored["ok"], false, "{system:?}: it is said that something is missing");
            let probes = stored["probes"].as_array().unwrap();
            let missing: Vec<_> = probes.iter().filter(|p| p["result"] == "missing").collect();
            assert!(!missing.is_empty(), "{system:?} {permission}: {probes:#?}");
            for probe in missing {
                assert_eq!(probe["permission"], permission, "{system:?}: {probes:#?}");
                assert_eq!(probe["required"], false, "{system:?}: {probes:#?}");
                assert!(probe["message"].as_str().unwrap().contains("works without"), "{probe:#}");
            }
            app.complete(&connected).await;
            agrees_with(&app, &connected, system).await;
            app.poll().await;
            assert_eq!(app.state(&connected).await, "active", "{system:?} {permission}");
        }
    }
}

/// The ways in which people paste a key.
fn pasted(system: System, credential: &Value) -> Vec<Value> {
    let text = |name: &str| credential[name].as_str().unwrap_or_default().to_owned();
    if system != System::Hrworks {
        let key = text("api_key");
        let ways = [
            format!("\u{feff}{key}\u{200b}\r\n"),
            format!("\u{a0}“{key}”\u{2060}"),
            format!("API Key: {key}"),
            format!("api_key = '{key}'"),
            format!("{{\"apiKey\": \"{key}\"}}"),
            format!("Key Name,API Key\r\nRollcall,{key}\r\n"),
            format!("{}\r\n{}", &key[..20], &key[20..]),
        ];
        return ways.into_iter().map(|way| json!({"api_key": way})).collect();
    }
    let pair = text("text");
    let mut words = pair.split_whitespace().filter(|word| word.len() > 12);
    let (a, s) = (words.next().expect("an access key"), words.next().expect("a secret"));
    vec![
        json!({"text": format!("\u{feff}{}\u{200b}", pair.replace(' ', "\u{a0}"))}),
        json!({"text": format!("Access Key = “{a}”\r\nSecret Access Key = “{s}”")}),
        json!({"text": format!("{{\"accessKey\": \"{a}\", \"secretAccessKey\": \"{s}\"}}")}),
        json!({"text": format!("\"Access Key\",\"Secret Access Key\"\r\n\"{a}\",\"{s}\"\r\n")}),
        json!({"access_key": format!("Access Key: {a}\u{200b}"),
            "secret_access_key": format!("Secret Access Key: \"{s}\"\r\n")}),
        json!({"access_key": pair, "secret_access_key": pair}),
    ]
}

async fn l_11_a_pasted_key_is_freed_of_what_stands_around_it(app: TestApp) {
    for system in System::ALL {
        let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
        let connected = app.directory_of(&organization, system).await;
        let path = format!("/directories/{}/credentials", connected.directory);
        let (credential, key) = system.key(&app.sandbox);
        for way in pasted(system, &credential) {
            let stored = app.put(&path, way.clone()).await;
            assert_eq!(stored.status, 200, "{system:?} {way}: {}", stored.text);
            assert_eq!(stored.body["ok"], true, "{system:?} {way}: {}", stored.text);
            let last4 = app.show(&connected).await["credential"]["last4"].clone();
            assert_eq!(last4, key[key.len() - 4..], "{system:?} {way}");
            app.pass(Timestamp::MINUTE).await;
        }
    }
}

async fn l_11_what_cannot_be_a_key_is_named(app: TestApp) {
    for system in System::ALL {
        let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
        let connected = app.directory_of(&organization, system).await;
        let path = format!("/directories/{}/credentials", connected.directory);
        let cases = match system {
            System::PeopleHr => vec![
                (json!({"api_key": "https://x.example/hooks/people-hr/abc"}), "web address"),
                (json!({"api_key": "with blanks in it"}), "blank or a line break"),
                (json!({"api_key": "\u{200b}abc\u{200b}"}), "only 3 characters"),
                (json!({"api_key": "geheimerschlüssel"}), "“ü”"),
                (
                    json!({"api_key": "00000000-0000-4000-8000-000000000000 \
                        00000000-0000-4000-8000-000000000001"}),
                    "more than one key",
                ),
            ],
            System::BreatheHr => vec![
                (json!({"api_key": "https://x.example/prod-abc"}), "web address"),
                (json!({"api_key": "prod abc"}), "blank or a line break"),
                (json!({"api_key": "prod-abcdefgh"}), "not a whole key"),
            ],
            System::Hrworks => vec![
                (json!({"text": "Secret Access Key: 3xAmpl3/Secret"}), "no key pair"),
                (
                    json!({"access_key": "one two", "secret_access_key": "3xAmpl3/Secret"}),
                    "without blanks",
                ),
            ],
        };
        for (credential, words) in cases {
            let refused = app.put(&path, credential.clone()).await;
            assert_eq!(refused.problem(422), "invalid_credential", "{credential}");
            assert!(refused.text.contains(words), "{credential}: {}", refused.text);
        }
        assert_eq!(app.show(&connected).await["credential"], Value::Null);
    }
}

async fn s_41_a_permission_that_was_taken_away_is_named(app: TestApp) {
    for (system, permission) in
        [(System::PeopleHr, "Get All Employee Detail"), (System::Hrworks, "Persons, read")]
    {
        let connected = app.connected_to(system).await;
        let accounts = app.accounts(&connected.organization).await;
        let pair = &connected.hr_key;
        if system == System::PeopleHr {
            app.hr_answers(Some(OddAnswer::AccessDenied));
        } else {
            assert!(app.sandbox.hrworks().set_permissions(pair, &[HrworksPermission::General]));
        }
        let before = app.mail.mails().len();
        app.poll().await;
        let shown = app.show(&connected).await;
        assert_eq!(shown["failure"]["class"], "permission", "{system:?} {shown:#}");
        assert_eq!(app.accounts(&connected.organization).await, accounts, "{system:?}");
        let text = app.mail.mails()[before].text();
        assert!(text.contains(&format!("\"{permission}\"")), "{system:?}: {text}");
        if system == System::PeopleHr {
            app.hr_answers(None);
        } else {
            let usual = HrworksPermission::USUAL;
            assert!(app.sandbox.hrworks().set_permissions(pair, usual));
        }
        app.poll().await;
        assert_eq!(app.state(&connected).await, "active", "{system:?}");
    }
}

async fn s_44_the_limit_of_calls_is_kept_and_the_list_is_read_to_its_end(place: TestPlace) {
    let env = System::ALL.map(|system| (system.pace_setting(), "6".to_owned()));
    let options = Options { env: env.to_vec(), people: Some(820), ..Options::default() };
    let app = TestApp::start_with(place, options).await;
    for system in System::ALL {
        system.limit(&app.sandbox, Some(6));
        let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
        let mut connected = app.directory_of(&organization, system).await;
        let (credential, key) = system.key(&app.sandbox);
        connected.hr_key = key;
        let path = format!("/directories/{}", connected.directory);
        app.put(&format!("{path}/credentials"), credential).await.ok();
        app.pass(Timestamp::MINUTE).await;
        app.post(&format!("{path}/complete_setup"), json!({})).await.ok();
        for _ in 0..3 {
            app.pass(Timestamp::MINUTE).await;
        }
        assert_eq!(app.state(&connected).await, "active", "{system:?}");
        let (calls, refused) = system.calls(&app.sandbox);
        assert_eq!(refused, 0, "of {calls} calls of {system:?}");
        agrees_with(&app, &connected, system).await;
        let runs = app.runs(&connected).await;
        assert!(runs.iter().all(|run| run["state"] == "succeeded"), "{system:?} {runs:#?}");
        app.post(&format!("{path}/disable"), json!({})).await.ok();
    }
}

async fn s_44_others_who_call_too_do_not_keep_the_list_from_its_end(place: TestPlace) {
    let app = of_people(place, 820).await;
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let (worker, before) = somebody(&app, system, 7);
        // Much less is left over for us than we think: a list is slowed down again and again.
        system.limit(&app.sandbox, Some(2));
        system.clear_logs(&app.sandbox);
        app.faults(|faults| faults.hooks.dropped = true);
        system.new_job(&app.sandbox, &worker, "Pilot").await;
        app.poll().await;
        for _ in 0..10 {
            app.pass(Timestamp::MINUTE).await;
        }
        let (_, refused) = system.calls(&app.sandbox);
        // People HR's list is no longer than what is left over.
        let refused_min = if system == System::PeopleHr { 0 } else { PAGE_THROTTLES_MAX + 1 };
        assert!(u32::try_from(refused).unwrap() >= refused_min, "{system:?} refused {refused}");
        let runs = app.runs(&connected).await;
        assert!(runs.iter().all(|run| run["state"] == "succeeded"), "{system:?} {runs:#?}");
        assert_eq!(app.show(&connected).await["failure"], Value::Null, "{system:?}");
        assert_eq!(job(&app, &connected, &before).await, "Pilot", "{system:?}");
        assert_eq!(app.state(&connected).await, "active", "{system:?}");
        agrees_with(&app, &connected, system).await;
        let path = format!("/directories/{}/disable", connected.directory);
        app.post(&path, json!({})).await.ok();
    }
}

async fn s_45_lists_that_are_slowed_down_for_too_long_are_a_failure(place: TestPlace) {
    let app = of_people(place, 420).await;
    // Each list goes on, a page or two every ten minutes, and has taken too long at some time.
    // People HR's is no longer than a minute's calls.
    for (system, calls) in [(System::BreatheHr, 1), (System::Hrworks, 2)] {
        let connected = app.connected_to(system).await;
        let accounts = app.accounts(&connected.organization).await;
        system.limit(&app.sandbox, Some(calls));
        system.retry_after(&app.sandbox, Some(600));
        let before = app.mail.mails().len();
        app.poll().await;
        assert_eq!(app.state(&connected).await, "active", "{system:?}: one try is no failure");
        for _ in 0..3 {
            app.pass(10 * Timestamp::MINUTE).await;
        }
        let shown = app.show(&connected).await;
        assert_eq!(shown["state"], "failing", "{system:?} {shown:#}");
        assert_eq!(shown["failure"]["class"], "throttled", "{system:?} {shown:#}");
        assert_eq!(app.mail.mails().len(), before + 1, "{system:?}");
        assert_eq!(app.accounts(&connected.organization).await, accounts, "{system:?}");
        system.limit(&app.sandbox, None);
        app.poll().await;
        assert_eq!(app.state(&connected).await, "active", "{system:?}");
        let path = format!("/directories/{}/disable", connected.directory);
        app.post(&path, json!({})).await.ok();
    }
}

async fn s_30_a_list_that_is_not_whole_removes_nobody(place: TestPlace) {
    let app = of_people(place, 130).await;
    let faults = [
        (Fault::Truncated, "malformed"),
        (Fault::NoJson, "malformed"),
        (Fault::EmptyList, "malformed"),
        (Fault::TooLong, "malformed"),
        (Fault::Down, "provider_down"),
        (Fault::Throttled, "throttled"),
    ];
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        app.faults(|faults| faults.hooks.dropped = true);
        let (deleted, person) = somebody(&app, system, 9);
        system.delete(&app.sandbox, &deleted).await;
        let accounts = evidence::rows(&app.place, "accounts");
        for (fault, class) in faults {
            for calls in [Calls::Lists, Calls::All] {
                if !system.fault(&app.sandbox, Some(fault), calls) {
                    continue;
                }
                app.clock.advance(INTERVAL);
                for _ in 0..5 {
                    app.pass(5 * Timestamp::MINUTE).await;
                }
                let shown = app.show(&connected).await;
                assert_eq!(shown["failure"]["class"], class, "{system:?} {fault:?} {calls:?}");
                assert_eq!(shown["state"], "failing", "{system:?} {fault:?} {calls:?}");
                let after = evidence::rows(&app.place, "accounts");
                assert_eq!(after, accounts, "{system:?} {fault:?} {calls:?}");
            }
        }
        system.fault(&app.sandbox, None, Calls::All);
        app.poll().await;
        assert_eq!(app.state(&connected).await, "active", "{system:?}");
        assert_eq!(status(&app, &connected, &person).await, "inactive", "{system:?}");
        let path = format!("/directories/{}/disable", connected.directory);
        app.post(&path, json!({})).await.ok();
    }
}

async fn s_31_somebody_whom_hr_has_deleted_is_asked_for_and_loses_access(app: TestApp) {
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        app.faults(|faults| faults.hooks.dropped = true);
        let (deleted, person) = somebody(&app, system, 3);
        system.delete(&app.sandbox, &deleted).await;
        system.clear_logs(&app.sandbox);
        app.poll().await;
        assert_eq!(system.looks(&app.sandbox), [deleted], "{system:?}");
        assert_eq!(status(&app, &connected, &person).await, "inactive", "{system:?}");
        assert_eq!(app.last_run(&connected).await["counts"]["deactivated"], 1, "{system:?}");
    }
}

async fn s_31_who_can_not_be_asked_for_stays(app: TestApp) {
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        app.faults(|faults| faults.hooks.dropped = true);
        let (deleted, person) = somebody(&app, system, 3);
        system.delete(&app.sandbox, &deleted).await;
        for fault in [Fault::Down, Fault::Truncated, Fault::NoJson, Fault::EmptyList] {
            system.fault(&app.sandbox, Some(fault), Calls::Looks);
            app.poll().await;
            app.poll().await;
            assert_eq!(status(&app, &connected, &person).await, "active", "{system:?} {fault:?}");
        }
        system.fault(&app.sandbox, None, Calls::All);
        app.poll().await;
        assert_eq!(status(&app, &connected, &person).await, "inactive", "{system:?}");
    }
}

fn breathe_quirks(app: &TestApp, quirks: BreatheQuirks) {
    let mut faults = app.sandbox.breathe_hr().faults();
    faults.quirks = quirks;
    app.sandbox.breathe_hr().set_faults(faults);
}

fn hrworks_quirks(app: &TestApp, quirks: HrworksQuirks) {
    let mut faults = app.sandbox.hrworks().faults();
    faults.quirks = quirks;
    app.sandbox.hrworks().set_faults(faults);
}

async fn s_08_whatever_way_breathe_hr_writes_it_means_the_same(app: TestApp) {
    let connected = app.connected_to(System::BreatheHr).await;
    let events = app.events("").await.len();
    let usual = BreatheQuirks::default;
    let status = || "Starter of some other kind".to_owned();
    for quirks in [
        BreatheQuirks { account_as_list: true, ..usual() },
        BreatheQuirks { omit_uuid: true, ..usual() },
        BreatheQuirks { company_join_date: true, ..usual() },
        BreatheQuirks { pending_starter_status: status(), ..usual() },
    ] {
        breathe_quirks(&app, quirks.clone());
        app.poll().await;
        assert_eq!(app.last_run(&connected).await["state"], "succeeded", "{quirks:?}");
        agrees_with(&app, &connected, System::BreatheHr).await;
        assert_eq!(app.events("").await.len(), events, "{quirks:?}");
        // The key's owner is found whichever way the account comes.
        let (credential, _) = System::BreatheHr.key(&app.sandbox);
        app.clock.advance(1);
        let path = format!("/directories/{}/credentials", connected.directory);
        let stored = app.put(&path, credential).await.ok();
        assert_eq!(stored["tenant"], "Brightwell Example Ltd", "{quirks:?}: {stored:#}");
        app.drain().await;
    }
}

async fn s_08_whatever_way_hrworks_writes_it_means_the_same(app: TestApp) {
    let connected = app.connected_to(System::Hrworks).await;
    let people = "dsync.user.created,dsync.user.updated,dsync.user.deleted";
    let events = app.events(people).await.len();
    let usual = HrworksQuirks::default;
    for quirks in [
        HrworksQuirks { unset: Unset::Null, ..usual() },
        HrworksQuirks { unset: Unset::Empty, ..usual() },
        HrworksQuirks { custom_fields: false, ..usual() },
        HrworksQuirks { links_keep_parameters: true, ..usual() },
        HrworksQuirks { omit_unit_uuid: true, ..usual() },
        HrworksQuirks { token_seconds: 1, token_error_status: 403, ..usual() },
        HrworksQuirks { token_seconds: 1, token_error_status: 302, ..usual() },
    ] {
        hrworks_quirks(&app, quirks.clone());
        app.sandbox.hrworks().expire_tokens();
        app.poll().await;
        assert_eq!(app.last_run(&connected).await["state"], "succeeded", "{quirks:?}");
        agrees_with(&app, &connected, System::Hrworks).await;
        assert_eq!(app.events(people).await.len(), events, "{quirks:?}");
    }
    // Answers that are given again would hide changes.
    let calls = app.sandbox.hrworks().calls();
    let reads = calls.iter().filter(|call| call.method == "GET");
    assert!(reads.into_iter().all(|call| call.cache_control.as_deref() == Some("no-cache")));
}

async fn s_40_what_only_one_of_them_can_refuse_has_its_class_too(app: TestApp) {
    let breathe = app.connected_to(System::BreatheHr).await;
    let hrworks = app.connected_to(System::Hrworks).await;
    app.sandbox.breathe_hr().set_api_enabled(false);
    hrworks_quirks(&app, HrworksQuirks { customer_unknown: true, ..HrworksQuirks::default() });
    app.poll().await;
    let class = async |connected| app.show(connected).await["failure"]["class"].clone();
    assert_eq!(class(&breathe).await, "credential");
    assert_eq!(class(&hrworks).await, "suspended");
    app.sandbox.breathe_hr().set_api_enabled(true);
    hrworks_quirks(&app, HrworksQuirks::default());
    app.poll().await;
    assert_eq!(app.state(&breathe).await, "active");
    assert_eq!(app.state(&hrworks).await, "active");
}

async fn s_30_links_that_lead_astray_are_not_followed(place: TestPlace) {
    let app = of_people(place, 130).await;
    let breathe = app.connected_to(System::BreatheHr).await;
    let hrworks = app.connected_to(System::Hrworks).await;
    let accounts = evidence::rows(&app.place, "accounts");
    let other = NextLink::OtherHost { origin: "http://127.0.0.1:9".to_owned() };
    for next_link in [NextLink::Missing, NextLink::SamePage, NextLink::FirstPage, other] {
        breathe_quirks(
            &app,
            BreatheQuirks { next_link: next_link.clone(), ..BreatheQuirks::default() },
        );
        hrworks_quirks(
            &app,
            HrworksQuirks { next_link: next_link.clone(), ..HrworksQuirks::default() },
        );
        app.poll().await;
        for connected in [&breathe, &hrworks] {
            let shown = app.show(connected).await;
            assert_eq!(shown["failure"]["class"], "malformed", "{next_link:?} {shown:#}");
        }
        assert_eq!(evidence::rows(&app.place, "accounts"), accounts, "{next_link:?}");
    }
    breathe_quirks(&app, BreatheQuirks { omit_total: true, ..BreatheQuirks::default() });
    app.poll().await;
    assert_eq!(app.show(&breathe).await["failure"]["class"], "malformed");
    breathe_quirks(&app, BreatheQuirks::default());
    hrworks_quirks(&app, HrworksQuirks::default());
    app.poll().await;
    for connected in [&breathe, &hrworks] {
        assert_eq!(app.state(connected).await, "active");
    }
}

async fn s_07_a_record_with_a_fault_is_listed_and_everybody_else_flows(place: TestPlace) {
    let options = Options { people: Some(60), problems: 8, ..Options::default() };
    let app = TestApp::start_with(place, options).await;
    // People HR's faults are told of in `row_problems`.
    for system in [System::BreatheHr, System::Hrworks] {
        let connected = app.connected_to(system).await;
        agrees_with(&app, &connected, system).await;
        let problems = app.row_problems(&connected).await;
        for code in ["invalid_start_date", "missing_email", "missing_first_name"] {
            let of = problems.iter().filter(|problem| problem["code"] == code).count();
            assert!(of > 0, "{system:?} {code}: {problems:#?}");
        }
        let run = app.last_run(&connected).await;
        assert_eq!(run["state"], "succeeded", "{system:?}");
    }
}
