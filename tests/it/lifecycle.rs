//! Life of a directory: set-up, new key, disable, set-up again (L-01 … L-09).

use reqwest::Method;
use rollcall::clock::Timestamp;
use rollcall::sandbox::{Action, OddAnswer};
use serde_json::{Value, json};

use crate::evidence;
use crate::support::{Connected, TestApp, behaviours};

behaviours!(
    l_01_only_allowed_providers_and_one_open_directory_each,
    l_02_the_webhook_url_is_issued_and_its_token_is_nowhere_in_plain,
    l_04_a_bad_key_never_replaces_a_good_one,
    l_04_a_missing_permission_is_named_in_people_hrs_own_words,
    l_04_what_can_not_be_determined_is_stored_with_a_warning,
    l_04_a_key_that_was_removed_meanwhile_does_not_complete_set_up,
    l_04_a_key_of_another_company_is_refused,
    l_05_complete_set_up_runs_the_first_full_sync,
    l_06_a_key_is_sealed_and_only_its_last_four_characters_are_shown,
    l_07_a_new_key_runs_a_full_sync_and_settles_what_came_while_failing,
    l_07_a_run_with_the_old_key_writes_nothing_more,
    l_07_the_sealed_bytes_of_a_replaced_key_are_gone,
    l_08_disable_leaves_accounts_exactly_as_they_were,
    l_08_the_webhook_url_of_a_disabled_directory_is_dead_at_once,
    l_08_the_sealed_bytes_of_a_disabled_directory_are_gone,
    l_08_a_directory_that_was_never_set_up_ends_without_an_event,
    l_09_set_up_again_is_a_new_directory_with_a_new_url_and_the_same_accounts,
    s_10_fields_are_locked_while_active_and_free_after_disable,
    s_45_complete_set_up_needs_an_admin,
);

fn credentials(connected: &Connected) -> String {
    format!("/directories/{}/credentials", connected.directory)
}

async fn disable(app: &TestApp, connected: &Connected) -> Value {
    app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok()
}

async fn l_01_only_allowed_providers_and_one_open_directory_each(app: TestApp) {
    let body = json!({"name": "No HR Ltd", "allowed_providers": ["hrworks"]});
    let closed = app.post("/organizations", body).await.ok();
    let wanted = json!({"organization_id": closed["id"], "provider": "people_hr"});
    let refused = app.post("/directories", wanted).await;
    assert_eq!(refused.problem(422), "provider_not_allowed");
    assert!(refused.text.contains("People HR"), "{}", refused.text);

    let organization = app.organization("Customer Ltd", &[]).await;
    let (first, _) = app.directory(&organization).await;
    let wanted = json!({"organization_id": organization, "provider": "people_hr"});
    let refused = app.post("/directories", wanted).await;
    assert_eq!(refused.problem(409), "already_connected");
    assert!(refused.text.contains(&first), "it does not name the other: {}", refused.text);
    app.post(&format!("/directories/{first}/disable"), json!({})).await.ok();
    let (second, _) = app.directory(&organization).await;
    assert_ne!(first, second);
}

async fn l_02_the_webhook_url_is_issued_and_its_token_is_nowhere_in_plain(app: TestApp) {
    let connected = app.connected().await;
    let (public, token) = connected.hook_url.split_once("/hooks/people-hr/").unwrap();
    assert_eq!(public, format!("http://{}", app.running.address));
    assert_eq!(token.len(), 43, "256 bits in base64url");
    assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    assert_eq!(app.show(&connected).await["webhook_url"], connected.hook_url.as_str());

    let employee = app.employee(0);
    app.new_job(&employee, "Postmaster").await;
    app.drain().await;
    let mut answers = Vec::new();
    for url in [connected.hook_url.clone(), format!("{}x", connected.hook_url)] {
        for body in [vec![b'x'; 64 * 1024 + 1], b"{".to_vec()] {
            let answer = app.client.post(&url).body(body).send().await.unwrap();
            answers.push(answer.text().await.unwrap());
        }
        for method in [Method::GET, Method::DELETE] {
            let answer = app.client.request(method, &url).send().await.unwrap();
            answers.push(answer.text().await.unwrap());
        }
    }
    app.drain().await;
    disable(&app, &connected).await;
    let late = app.client.post(&connected.hook_url).body("{}").send().await.unwrap();
    answers.push(late.text().await.unwrap());
    assert!(answers.iter().all(|text| !text.contains(token)), "{answers:?}");
    let elsewhere = evidence::where_stored(&app.place, token);
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    assert!(!evidence::in_files(&app.place, token.as_bytes()));
    assert!(!evidence::logged().contains(token));
}

async fn l_04_a_bad_key_never_replaces_a_good_one(app: TestApp) {
    let connected = app.connected().await;
    let before = app.show(&connected).await["credential"].clone();
    for unknown in ["00000000-0000-4000-8000-000000000000", "not-a-key-of-anything"] {
        let refused = app.put(&credentials(&connected), json!({"api_key": unknown})).await;
        assert_eq!(refused.problem(422), "credential_refused");
        assert_eq!(refused.body["check"]["error"]["class"], "credential", "{}", refused.text);
        assert!(!refused.text.contains(unknown), "the key is repeated");
    }
    for no_key in ["", "  ", "with blanks in the middle of it"] {
        let refused = app.put(&credentials(&connected), json!({"api_key": no_key})).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
    }
    assert_eq!(app.show(&connected).await["credential"], before);
    assert_eq!(app.all(&format!("/directories/{}/runs", connected.directory)).await.len(), 1);
    let employee = app.employee(0);
    app.new_job(&employee, "Still in step").await;
    app.drain().await;
    assert_eq!(app.job_of(&connected, &employee).await, "Still in step");
}

async fn l_04_a_missing_permission_is_named_in_people_hrs_own_words(app: TestApp) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let (directory, _) = app.directory(&organization).await;
    let path = format!("/directories/{directory}/credentials");
    // "Get Employee Detail By Id" alone is not needed: see L-13.
    let missing = "Get All Employee Detail";
    let granted = [Action::GetCompanyInformation, Action::GetEmployeeDetailById];
    let key = app.hr().create_key(&granted).key;
    let refused = app.put(&path, json!({"api_key": key})).await;
    assert_eq!(refused.problem(422), "credential_refused");
    let probes = refused.body["check"]["probes"].as_array().unwrap().clone();
    let lacking: Vec<_> = probes.iter().filter(|p| p["result"] == "missing").collect();
    assert_eq!(lacking.len(), 1, "{probes:?}");
    assert_eq!(lacking[0]["permission"], missing);
    assert!(lacking[0]["message"].as_str().unwrap().contains(missing));
    let shown = app.get(&format!("/directories/{directory}")).await;
    assert_eq!(shown["credential"], Value::Null);
    // The company's name is nice to have and no permission that is needed.
    let two = [Action::GetAllEmployeeDetail, Action::GetEmployeeDetailById];
    let key = app.hr().create_key(&two).key;
    let stored = app.put(&path, json!({"api_key": key})).await.ok();
    assert_eq!((&stored["ok"], &stored["tenant"]), (&json!(true), &Value::Null));
}

async fn l_04_what_can_not_be_determined_is_stored_with_a_warning(app: TestApp) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let (directory, _) = app.directory(&organization).await;
    let path = format!("/directories/{directory}/credentials");
    let odd = [OddAnswer::Throttled, OddAnswer::Html502, OddAnswer::Status6, OddAnswer::EmptyBody];
    for answer in odd {
        app.hr_answers(Some(answer));
        let key = app.hr().create_key(Action::USUAL).key;
        let stored = app.put(&path, json!({"api_key": key})).await.ok();
        assert_eq!(stored["ok"], false, "{answer:?} {stored}");
        let probes = stored["probes"].as_array().unwrap();
        assert_eq!(probes.len(), 2);
        for probe in probes {
            assert_eq!(probe["result"], "not_determined", "{answer:?}");
            let words = probe["message"].as_str().unwrap();
            assert!(words.contains("Try again"), "{words}");
        }
        let shown = app.get(&format!("/directories/{directory}")).await;
        assert_eq!(shown["credential"]["last4"], key[key.len() - 4..]);
        app.pass(2 * Timestamp::MINUTE).await;
    }
    for answer in [OddAnswer::Suspended, OddAnswer::TrialExpired, OddAnswer::AccessDenied] {
        app.hr_answers(Some(answer));
        let key = app.hr().create_key(Action::USUAL).key;
        let refused = app.put(&path, json!({"api_key": key})).await;
        assert_eq!(refused.problem(422), "credential_refused", "{answer:?}");
        app.pass(2 * Timestamp::MINUTE).await;
    }
}

async fn l_04_a_key_that_was_removed_meanwhile_does_not_complete_set_up(app: TestApp) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let connected = app.prepared(&organization).await;
    app.hr().remove_key(&connected.hr_key);
    let path = format!("/directories/{}/complete_setup", connected.directory);
    assert_eq!(app.post(&path, json!({})).await.problem(422), "credential_refused");
    assert_eq!(app.state(&connected).await, "setup");
    app.enter_new_key(&connected).await;
    app.complete(&connected).await;
    assert_eq!(app.post(&path, json!({})).await.status, 409);
}

async fn l_04_a_key_of_another_company_is_refused(app: TestApp) {
    let connected = app.connected().await;
    let other = rollcall::sandbox::Company { id: 99, ..app.hr().company() };
    app.hr().set_company(other);
    let key = app.hr().create_key(Action::USUAL).key;
    let refused = app.put(&credentials(&connected), json!({"api_key": key})).await;
    assert_eq!(refused.problem(422), "invalid_credential");
    assert!(refused.text.contains("another company"), "{}", refused.text);
    let last4 = &connected.hr_key[connected.hr_key.len() - 4..];
    assert_eq!(app.show(&connected).await["credential"]["last4"], last4);
}

async fn l_05_complete_set_up_runs_the_first_full_sync(app: TestApp) {
    let connected = app.connected().await;
    let run = app.last_run(&connected).await;
    assert_eq!(run["trigger"], "setup");
    assert_eq!(run["state"], "succeeded");
    assert_eq!(run["counts"]["seen"], 40);
    let working = app.hr().current_employee_ids().len();
    let accounts = app.accounts(&connected.organization).await;
    assert_eq!(accounts.len(), working);
    assert!(accounts.iter().all(|account| account["managed_by"] == connected.directory.as_str()));
}

async fn l_06_a_key_is_sealed_and_only_its_last_four_characters_are_shown(app: TestApp) {
    let connected = app.connected().await;
    let key = &connected.hr_key;
    let stored = evidence::where_stored(&app.place, key);
    assert!(stored.is_empty(), "{stored:?}");
    assert!(!evidence::in_files(&app.place, key.as_bytes()));
    assert!(!evidence::logged().contains(key.as_str()));
    let answers = [
        app.call(Method::GET, &format!("/directories/{}", connected.directory), None).await,
        app.call(Method::GET, "/directories", None).await,
        app.post(&format!("/directories/{}/check", connected.directory), json!({})).await,
        app.put(&credentials(&connected), json!({"api_key": key})).await,
    ];
    for answer in answers {
        assert!(!answer.text.contains(key.as_str()), "{}", answer.text);
    }
    let shown = app.show(&connected).await;
    assert_eq!(shown["credential"]["last4"], key[key.len() - 4..]);
}

async fn l_07_a_new_key_runs_a_full_sync_and_settles_what_came_while_failing(app: TestApp) {
    let connected = app.connected().await;
    app.hr().remove_key(&connected.hr_key);
    let (first, second, third) = (app.employee(0), app.employee(1), app.employee(2));
    app.new_job(&first, "Told at once").await;
    app.drain().await;
    assert_eq!(app.state(&connected).await, "failing");
    app.new_job(&second, "Told while failing").await;
    app.new_job_quietly(&third, "Never told").await;
    app.pass(Timestamp::MINUTE).await;
    let waiting = "SELECT employee_hint AS value FROM inbox WHERE state = 'waiting' ORDER BY 1";
    let mut kept = vec![first.clone(), second.clone()];
    kept.sort();
    assert_eq!(app.raw().values(waiting), kept, "hooks that came while failing are kept");

    let stored = app.enter_new_key(&connected).await;
    app.drain().await;
    let run = app.last_run(&connected).await;
    assert_eq!(run["id"], stored["run_id"]);
    assert_eq!((&run["trigger"], &run["state"]), (&json!("credentials"), &json!("succeeded")));
    assert_eq!(app.state(&connected).await, "active");
    for (employee, job) in
        [(&first, "Told at once"), (&second, "Told while failing"), (&third, "Never told")]
    {
        assert_eq!(app.job_of(&connected, employee).await, job);
    }
    assert!(app.raw().values(waiting).is_empty(), "the full sync settles them");
    let by_id = app.hr().calls().into_iter().filter(|call| call.employee_id.is_some());
    assert_eq!(by_id.filter(|call| call.status == Some(0)).count(), 3, "only the three checks");
}

async fn l_07_a_run_with_the_old_key_writes_nothing_more(app: TestApp) {
    let connected = app.connected().await;
    let employee = app.employee(0);
    app.new_job_quietly(&employee, "As the old run saw it").await;
    app.sync_now(&connected).await.ok();
    let old = app.last_run(&connected).await["id"].clone();
    app.hr().clear_logs();
    app.faults(|faults| faults.delay_ms = 400);
    let renew = async {
        // The first list is on its way and was made before what follows.
        while app.hr().calls().is_empty() {
            tokio::task::yield_now().await;
        }
        app.faults(|faults| faults.delay_ms = 0);
        app.new_job_quietly(&employee, "As it is now").await;
        app.enter_new_key(&connected).await;
    };
    tokio::join!(app.drain(), renew);
    app.drain().await;
    let path = format!("/directories/{}/runs/{}", connected.directory, old.as_str().unwrap());
    let old = app.get(&path).await;
    assert_eq!(old["state"], "failed");
    assert_eq!(old["counts"]["updated"], 0);
    assert_eq!(app.last_run(&connected).await["trigger"], "credentials");
    assert_eq!(app.state(&connected).await, "active");
    assert_eq!(app.job_of(&connected, &employee).await, "As it is now");
    let told = app.events("").await;
    assert!(told.iter().all(|event| !event.to_string().contains("As the old run saw it")));
    assert!(app.notices(&connected).await.is_empty(), "nothing failed");
}

async fn l_07_the_sealed_bytes_of_a_replaced_key_are_gone(app: TestApp) {
    let connected = app.connected().await;
    let column = |app: &TestApp| {
        evidence::bytes_of(&app.place, "directories", "credential_sealed", &connected.directory)
    };
    let old = column(&app);
    assert!(evidence::in_files(&app.place, &old), "this test would find it");
    app.enter_new_key(&connected).await;
    assert!(!evidence::in_files(&app.place, &old));
    app.drain().await;
    assert!(!evidence::in_files(&app.place, &old));
    assert_ne!(column(&app), old);
}

async fn l_08_disable_leaves_accounts_exactly_as_they_were(app: TestApp) {
    let connected = app.connected().await;
    let employee = app.employee(0);
    app.new_job(&employee, "One more change").await;
    app.drain().await;
    let (accounts, events) = (evidence::rows(&app.place, "accounts"), app.events("").await);
    let shown = app.accounts(&connected.organization).await;
    app.pass(Timestamp::HOUR).await;
    let answer = disable(&app, &connected).await;
    assert_eq!(answer["state"], "disabled");
    app.pass(2 * Timestamp::DAY).await;

    assert_eq!(evidence::rows(&app.place, "accounts"), accounts);
    let now = app.events("").await;
    assert_eq!(now[..events.len()], events);
    let new: Vec<_> = now[events.len()..].iter().map(|event| event["event"].clone()).collect();
    assert_eq!(new, ["dsync.deleted"]);
    for (before, mut after) in shown.into_iter().zip(app.accounts(&connected.organization).await) {
        assert_eq!(after["managed_by"], Value::Null);
        assert_eq!(after["locked_fields"], json!([]));
        after["managed_by"] = before["managed_by"].clone();
        after["locked_fields"] = before["locked_fields"].clone();
        assert_eq!(after, before);
    }
    for table in ["directory_users", "links", "directory_groups", "group_memberships", "inbox"] {
        assert!(evidence::everything(&app.place).iter().all(|stored| stored.table != table));
    }
    let directory = app.show(&connected).await;
    assert_eq!(directory["state"], "disabled");
    assert_eq!(directory["credential"], Value::Null);
    assert_eq!(directory["webhook_url"], Value::Null);
    assert_eq!(directory["next_sync_at"], Value::Null);
    assert!(directory["counts"].as_object().unwrap().values().all(|count| *count == 0));
    // It can be read and nothing else.
    for action in ["sync", "check", "complete_setup", "disable"] {
        let path = format!("/directories/{}/{action}", connected.directory);
        assert_eq!(app.post(&path, json!({})).await.problem(409), "directory_disabled");
    }
    let key = json!({"api_key": connected.hr_key});
    assert_eq!(app.put(&credentials(&connected), key).await.problem(409), "directory_disabled");
    app.hr().clear_logs();
    app.pass(Timestamp::DAY).await;
    assert!(app.hr().calls().is_empty(), "scheduled work stops");
}

async fn l_08_the_webhook_url_of_a_disabled_directory_is_dead_at_once(app: TestApp) {
    let connected = app.connected().await;
    let body = format!("{{\"ActionId\":3,\"EmployeeId\":\"{}\"}}", app.employee(0));
    let json = "application/json";
    assert_eq!(app.hook(&connected.hook_url, json, body.as_str()).await, 202);
    disable(&app, &connected).await;
    app.hr().clear_logs();
    for _ in 0..3 {
        assert_eq!(app.hook(&connected.hook_url, json, body.as_str()).await, 404);
        assert_eq!(app.client.get(&connected.hook_url).send().await.unwrap().status(), 404);
        app.pass(Timestamp::DAY).await;
    }
    assert!(evidence::everything(&app.place).iter().all(|stored| stored.table != "inbox"));
    assert!(app.hr().calls().is_empty(), "the hook that came before is not looked at any more");
}

async fn l_08_the_sealed_bytes_of_a_disabled_directory_are_gone(app: TestApp) {
    let connected = app.connected().await;
    let sealed = ["credential_sealed", "webhook_token_sealed"]
        .map(|column| evidence::bytes_of(&app.place, "directories", column, &connected.directory));
    assert!(sealed.iter().all(|bytes| evidence::in_files(&app.place, bytes)));
    disable(&app, &connected).await;
    assert!(sealed.iter().all(|bytes| !evidence::in_files(&app.place, bytes)));
    let app = app.restart(2).await;
    assert!(sealed.iter().all(|bytes| !evidence::in_files(&app.place, bytes)));
}

async fn l_08_a_directory_that_was_never_set_up_ends_without_an_event(app: TestApp) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let connected = app.prepared(&organization).await;
    disable(&app, &connected).await;
    assert!(app.events("").await.is_empty());
}

async fn l_09_set_up_again_is_a_new_directory_with_a_new_url_and_the_same_accounts(app: TestApp) {
    let first = app.connected().await;
    let ids = |accounts: Vec<Value>| -> Vec<String> {
        let mut ids: Vec<_> = accounts.iter().map(|account| account["id"].to_string()).collect();
        ids.sort();
        ids
    };
    let before = ids(app.accounts(&first.organization).await);
    disable(&app, &first).await;
    app.pass(Timestamp::DAY).await;
    let second = app.prepared(&first.organization).await;
    app.complete(&second).await;
    assert_ne!(second.directory, first.directory);
    assert_ne!(second.hook_url, first.hook_url);
    let accounts = app.accounts(&first.organization).await;
    assert!(accounts.iter().all(|account| account["managed_by"] == second.directory.as_str()));
    assert_eq!(ids(accounts), before, "no second account");
    let counts = app.last_run(&second).await["counts"].clone();
    assert_eq!((&counts["created"], &counts["linked"]), (&json!(0), &json!(before.len())));
    assert_eq!(app.hook(&first.hook_url, "application/json", "{}").await, 404);
    let employee = app.employee(3);
    app.new_job(&employee, "Live again").await;
    app.drain().await;
    assert_eq!(app.job_of(&second, &employee).await, "Live again");
}

async fn s_10_fields_are_locked_while_active_and_free_after_disable(app: TestApp) {
    let connected = app.connected().await;
    let account = app.accounts(&connected.organization).await[0].clone();
    let path = format!("/accounts/{}", account["id"].as_str().unwrap());
    let refused = app.patch(&path, json!({"first_name": "Zoe"})).await;
    assert_eq!(refused.problem(409), "account-managed");
    assert!(refused.text.contains(&connected.directory) && refused.text.contains("first_name"));
    assert_eq!(app.delete(&path).await.problem(409), "account-managed");
    app.patch(&path, json!({"attributes": {"theme": "dark"}})).await.ok();
    disable(&app, &connected).await;
    assert_eq!(app.patch(&path, json!({"first_name": "Zoe"})).await.ok()["first_name"], "Zoe");
    app.delete(&path).await;
    assert_eq!(app.call(Method::GET, &path, None).await.status, 404);
}

async fn s_45_complete_set_up_needs_an_admin(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    let connected = app.prepared(&organization).await;
    let path = format!("/directories/{}/complete_setup", connected.directory);
    assert_eq!(app.post(&path, json!({})).await.problem(409), "no_admin");
    let admin = json!({"email": "ann@customer.example", "name": "Ann"});
    app.post(&format!("/organizations/{organization}/admins"), admin).await.ok();
    app.complete(&connected).await;
}
