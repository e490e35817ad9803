//! What a disabled directory leaves is cleared away in pieces, and counts as gone at once (L-08,
//! S-46).

use rollcall::limits;
use rollcall::sync::{clearing, full, live};
use serde_json::json;

use crate::support::{Connected, Options, TestApp, behaviours, behaviours_of_place};
use crate::testdb::TestPlace;

behaviours_of_place!(
    l_08_a_disabled_directory_is_empty_at_once_and_cleared_in_pieces,
    l_08_clearing_goes_on_after_a_restart,
    s_46_a_webhook_of_another_organization_gets_in_between_the_pieces,
    s_46_an_organization_is_gone_at_once_and_deleted_in_pieces,
    l_09_a_new_directory_finds_former_links_although_clearing_is_not_done,
);
behaviours!(s_26_an_account_goes_on_with_the_other_directory_at_once);

const TABLES: [&str; 6] =
    ["directory_users", "links", "directory_groups", "group_memberships", "row_problems", "inbox"];

async fn large(place: TestPlace) -> TestApp {
    let options = Options { people: Some(230), problems: 4, ..Options::default() };
    TestApp::start_with(place, options).await
}

async fn disable(app: &TestApp, connected: &Connected) {
    app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
}

fn count(app: &TestApp, table: &str) -> usize {
    let sql = format!("SELECT CAST(COUNT(*) AS TEXT) AS value FROM {table}");
    app.raw().values(&sql)[0].parse().unwrap()
}

fn left(app: &TestApp) -> usize {
    TABLES.iter().map(|table| count(app, table)).sum()
}

async fn l_08_a_disabled_directory_is_empty_at_once_and_cleared_in_pieces(place: TestPlace) {
    let app = large(place).await;
    let connected = app.connected().await;
    let before = app.accounts(&connected.organization).await;
    assert!(before.iter().all(|account| account["managed_by"] == connected.directory.as_str()));
    let user = app.raw().values("SELECT id AS value FROM directory_users LIMIT 1").remove(0);
    let group = app.raw().values("SELECT id AS value FROM directory_groups LIMIT 1").remove(0);
    disable(&app, &connected).await;
    assert!(left(&app) > 300, "the rows are still there");
    let shown = app.show(&connected).await;
    assert_eq!((&shown["state"], &shown["webhook_url"]), (&json!("disabled"), &json!(null)));
    for (name, number) in shown["counts"].as_object().unwrap() {
        assert_eq!(number, 0, "{name}");
    }
    for list in ["directory_users", "directory_groups"] {
        let path = format!("{}?directory={}", app.url(&format!("/{list}")), connected.directory);
        let answer = app.client.get(path).bearer_auth(app.key.reveal()).send().await.unwrap();
        let page: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(page["data"], json!([]), "{list}");
    }
    for one in [format!("/directory_users/{user}"), format!("/directory_groups/{group}")] {
        let answer = app.client.get(app.url(&one)).bearer_auth(app.key.reveal()).send().await;
        assert_eq!(answer.unwrap().status(), 404, "{one}");
    }
    assert!(app.row_problems(&connected).await.is_empty());
    let after = app.accounts(&connected.organization).await;
    assert_eq!(after.len(), before.len());
    for account in &after {
        assert_eq!((&account["managed_by"], &account["locked_fields"]), (&json!(null), &json!([])));
    }
    let path = format!("/accounts/{}", after[0]["id"].as_str().unwrap());
    app.patch(&path, json!({"first_name": "Free"})).await.ok();

    let mut pieces = 0;
    loop {
        let (people, rows) = (count(&app, "directory_users"), left(&app));
        if !clearing::step(&app.running.context).await.unwrap() {
            break;
        }
        let gone = people - count(&app, "directory_users");
        assert!(gone <= limits::PIECE_ROWS_MAX, "{gone} people in one transaction");
        // With each of them go a link and a membership.
        assert!(rows - left(&app) <= 3 * limits::PIECE_ROWS_MAX, "one transaction is short");
        pieces += 1;
    }
    assert!(pieces > 4, "{pieces}");
    assert_eq!(left(&app), 0);
    app.drain().await;
    let deleted = app.events("dsync.user.deleted,dsync.user.updated,dsync.deleted").await;
    let kinds: Vec<_> = deleted.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["dsync.deleted"], "the one event");
    assert_eq!(app.accounts(&connected.organization).await.len(), before.len());
}

async fn l_08_clearing_goes_on_after_a_restart(place: TestPlace) {
    let app = large(place).await;
    let connected = app.connected().await;
    disable(&app, &connected).await;
    assert!(clearing::step(&app.running.context).await.unwrap());
    let some = count(&app, "directory_users");
    assert!(some > 0);
    let app = app.restart(7).await;
    app.drain().await;
    assert_eq!(left(&app), 0);
    let pending = "SELECT id AS value FROM directories WHERE clearing_since_ms IS NOT NULL";
    assert_eq!(app.raw().values(pending), [""; 0]);
}

async fn s_46_a_webhook_of_another_organization_gets_in_between_the_pieces(place: TestPlace) {
    let app = large(place).await;
    let (gone, well) = (app.connected().await, app.connected().await);
    let of_gone = format!("directory_users WHERE directory_id = '{}'", gone.directory);
    disable(&app, &gone).await;
    for job in ["One", "Two", "Three"] {
        assert!(clearing::step(&app.running.context).await.unwrap());
        let employee = app.employee(1);
        app.new_job(&employee, job).await;
        assert!(live::step(&app.running.context).await.unwrap());
        assert_eq!(app.job_of(&well, &employee).await, job);
        assert!(count(&app, &of_gone) > 0, "the rest still waits");
    }
}

async fn s_46_an_organization_is_gone_at_once_and_deleted_in_pieces(place: TestPlace) {
    let app = large(place).await;
    let connected = app.connected().await;
    let account = app.accounts(&connected.organization).await.remove(0);
    let account = format!("/accounts/{}", account["id"].as_str().unwrap());
    let directory = format!("/directories/{}", connected.directory);
    let path = format!("/organizations/{}", connected.organization);
    app.patch(&path, json!({"external_id": "customer-1"})).await.ok();
    assert_eq!(app.delete(&path).await.status, 409, "a directory is connected");
    disable(&app, &connected).await;
    app.delete(&path).await.ok();
    for gone in [
        path.clone(),
        format!("{path}/accounts"),
        format!("{path}/notices"),
        format!("{path}/actions"),
        format!("{account}/changes"),
        account,
        format!("{directory}/runs"),
        format!("{directory}/holds"),
        format!("{directory}/row_problems"),
        directory,
    ] {
        assert_eq!(app.call(reqwest::Method::GET, &gone, None).await.status, 404, "{gone}");
    }
    assert!(app.get("/organizations").await["data"].as_array().unwrap().is_empty());
    assert!(app.get("/directories").await["data"].as_array().unwrap().is_empty());
    app.post("/organizations", json!({"name": "Again", "external_id": "customer-1"})).await.ok();
    let tables = ["accounts", "account_changes", "events"];
    let rows = || tables.map(|table| count(&app, table));
    assert!(rows().iter().all(|rows| *rows > 100), "{:?}", rows());
    loop {
        let before = rows();
        if !clearing::step(&app.running.context).await.unwrap() {
            break;
        }
        for (before, now) in before.into_iter().zip(rows()) {
            assert!(before.saturating_sub(now) <= limits::PIECE_ROWS_MAX);
        }
    }
    assert_eq!((rows(), count(&app, "organizations")), ([0, 0, 0], 1));
}

async fn l_09_a_new_directory_finds_former_links_although_clearing_is_not_done(place: TestPlace) {
    let app = large(place).await;
    let first = app.connected().await;
    let before = app.accounts(&first.organization).await.len();
    disable(&app, &first).await;
    // Meanwhile HR gives somebody another e-mail; only the ledger knows whose account it is.
    app.faults(|faults| faults.hooks.dropped = true);
    let employee = app.employee(1);
    let edit = rollcall::sandbox::Edit {
        email: Some("another.address@acme.example".to_owned()),
        ..rollcall::sandbox::Edit::default()
    };
    app.edit(&employee, edit).await;
    let second = app.prepared(&first.organization).await;
    app.post(&format!("/directories/{}/complete_setup", second.directory), json!({})).await.ok();
    assert!(count(&app, "links") > 0, "nothing is cleared yet");
    assert!(full::step(&app.running.context).await.unwrap());
    assert_eq!(app.state(&second).await, "active");
    assert_eq!(app.accounts(&first.organization).await.len(), before, "nobody twice");
}

async fn s_26_an_account_goes_on_with_the_other_directory_at_once(app: TestApp) {
    use crate::systems::System;
    let first = app.connected().await;
    let email = app.hr().person(&app.employee(1)).unwrap().email;
    let hire = crate::hr::person("Ann", "Lee", &email);
    System::Hrworks.hire(&app.sandbox, &hire).await;
    let second = app.connect(&first.organization, System::Hrworks).await;
    let managed_by =
        async || app.account(&first.organization, &email).await.unwrap()["managed_by"].clone();
    assert_eq!(managed_by().await, first.directory.as_str());
    disable(&app, &first).await;
    assert_eq!(managed_by().await, second.directory.as_str());
    app.drain().await;
    assert_eq!(managed_by().await, second.directory.as_str());
}
