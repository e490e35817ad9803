//! Connecting again: everybody gets the account back that they had (L-09).

use rollcall::sandbox::{Action, Company, Edit, Faults, HookFaults, Leave};
use serde_json::{Value, json};

use crate::evidence;
use crate::hr::{YESTERDAY, agrees_with_hr, hooks, no_hooks, on, person};
use crate::support::{Connected, TestApp, behaviours};

behaviours!(
    l_09_a_changed_e_mail_does_not_make_a_second_account,
    l_09_a_former_link_goes_before_whoever_has_the_e_mail_now,
    l_09_relink_by_e_mail_is_as_if_nobody_had_been_there,
    l_09_another_company_gets_nothing_back,
    l_09_without_a_known_company_nothing_is_kept,
    l_09_another_organization_sees_nothing,
    l_09_a_number_counts_only_with_name_or_e_mail,
    l_09_unique_keys_may_come_and_go_in_between,
    l_09_a_leaver_gets_the_account_back_and_it_is_made_inactive,
    l_09_a_deleted_account_and_a_deleted_organization_are_forgotten,
    l_09_a_protected_account_is_a_hold,
    l_09_an_e_mail_that_somebody_else_has_waits,
    l_09_the_last_one_who_had_the_account_gets_it_back,
    l_09_the_kept_links_name_nobody,
);

const ANN: &str = "ann.lee@acme.example";
const NEW: &str = "ann.ray@acme.example";

fn email(email: &str) -> Edit {
    Edit { email: Some(email.to_owned()), ..Edit::default() }
}

fn without_unique_keys() -> Faults {
    Faults { omit_unique_key: true, ..no_hooks() }
}

async fn disable(app: &TestApp, connected: &Connected) {
    app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    // What it leaves is cleared away, and who had which account is written down.
    app.drain().await;
    app.clock.advance(1);
}

/// Connects the organization again and does the first full sync, which does what its preview said;
/// what people were linked by, from the preview.
async fn connect_again(app: &TestApp, organization: &str) -> (Connected, Vec<Value>) {
    let connected = app.prepared(organization).await;
    let linked = connect(app, &connected).await;
    (connected, linked)
}

async fn connect(app: &TestApp, connected: &Connected) -> Vec<Value> {
    let path = format!("/directories/{}/preview", connected.directory);
    let foretold = app.post(&path, json!({})).await.ok();
    app.complete(connected).await;
    assert_eq!(app.last_run(connected).await["counts"], foretold["counts"]);
    let sql = format!(
        "SELECT u.external_key || '|' || l.account_id || '|' || l.link_rule AS value FROM links l \
         JOIN directory_users u ON u.id = l.directory_user_id WHERE l.directory_id = '{}' \
         AND l.link_rule <> 'created'",
        connected.directory
    );
    let list = |name: &str| foretold[name].as_array().expect("a list").clone();
    let text = |one: &Value, name: &str| one[name].as_str().expect("a text").to_owned();
    let mut linked: Vec<String> = list("linked")
        .iter()
        .map(|one| ["external_key", "account_id", "by"].map(|name| text(one, name)).join("|"))
        .collect();
    let mut stored = app.raw().values(&sql);
    stored.sort();
    linked.sort();
    assert_eq!(stored, linked, "the links that were foretold");
    list("linked")
}

/// How many people were linked by each rule: `(ledger, email)`.
fn by(linked: &[Value]) -> (usize, usize) {
    let count = |rule: &str| linked.iter().filter(|one| one["by"] == rule).count();
    (count("ledger"), count("email"))
}

/// The ids of all accounts, sorted.
async fn ids(app: &TestApp, organization: &str) -> Vec<String> {
    let accounts = app.accounts(organization).await;
    let mut ids: Vec<String> = accounts.iter().map(|account| account["id"].to_string()).collect();
    ids.sort();
    ids
}

fn kept(app: &TestApp) -> usize {
    app.raw().values("SELECT account_id AS value FROM former_links").len()
}

async fn l_09_a_changed_e_mail_does_not_make_a_second_account(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let first = app.connected().await;
    let before = ids(&app, &first.organization).await;
    let ann = app.the_account(&first, ANN).await["id"].clone();
    disable(&app, &first).await;
    app.edit(&id, email(NEW)).await;
    let (second, linked) = connect_again(&app, &first.organization).await;
    assert_eq!(by(&linked), (before.len(), 0), "{linked:#?}");
    assert_eq!(app.last_run(&second).await["counts"]["created"], 0);
    assert_eq!(app.the_account(&second, NEW).await["id"], ann);
    assert_eq!(ids(&app, &first.organization).await, before);
    agrees_with_hr(&app, &second).await;
    // And once more, although the second directory knew nobody by e-mail.
    disable(&app, &second).await;
    app.edit(&id, email(ANN)).await;
    let (third, linked) = connect_again(&app, &first.organization).await;
    assert_eq!(by(&linked), (before.len(), 0));
    assert_eq!(app.the_account(&third, ANN).await["id"], ann);
    agrees_with_hr(&app, &third).await;
}

async fn l_09_a_former_link_goes_before_whoever_has_the_e_mail_now(app: TestApp) {
    // Known to HR for long, and never with an account.
    let zed = app.hire(&person("Zed", "Old", "zed.old@acme.example")).await;
    app.leave(&zed, &on(YESTERDAY)).await;
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let first = app.connected().await;
    let ann = app.the_account(&first, ANN).await["id"].clone();
    disable(&app, &first).await;
    app.edit(&id, email(NEW)).await;
    app.hr().rehire(&zed).await.expect("a re-hire");
    app.edit(&zed, email(ANN)).await;
    let listed = app.hr().people();
    let place = |id: &str| listed.iter().position(|one| one.employee_id == id);
    assert!(place(&zed) < place(&id), "or this shows nothing");
    let (second, _) = connect_again(&app, &first.organization).await;
    assert_eq!(app.the_account(&second, NEW).await["id"], ann);
    assert_eq!(app.the_account(&second, ANN).await["first_name"], "Zed");
    assert_eq!(app.last_run(&second).await["counts"]["created"], 1);
    agrees_with_hr(&app, &second).await;
}

async fn l_09_relink_by_e_mail_is_as_if_nobody_had_been_there(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let first = app.connected().await;
    let before = ids(&app, &first.organization).await;
    let ann = app.the_account(&first, ANN).await;
    disable(&app, &first).await;
    app.edit(&id, email(NEW)).await;
    let second = app.prepared(&first.organization).await;
    let path = format!("/directories/{}", second.directory);
    app.patch(&path, json!({"relink": "email"})).await.ok();
    let linked = connect(&app, &second).await;
    assert_eq!(by(&linked), (0, before.len() - 1));
    assert_ne!(app.the_account(&second, NEW).await["id"], ann["id"]);
    let left = app.the_account(&second, ANN).await;
    assert_eq!((&left["id"], &left["managed_by"]), (&ann["id"], &Value::Null));
    agrees_with_hr(&app, &second).await;
}

async fn l_09_another_company_gets_nothing_back(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let first = app.connected().await;
    let before = ids(&app, &first.organization).await;
    let ann = app.the_account(&first, ANN).await["id"].clone();
    disable(&app, &first).await;
    app.edit(&id, email(NEW)).await;
    let own = app.hr().company();
    app.hr().set_company(Company { id: 99, ..own.clone() });
    let (second, linked) = connect_again(&app, &first.organization).await;
    assert_eq!(by(&linked), (0, before.len() - 1));
    assert_ne!(app.the_account(&second, NEW).await["id"], ann);
    // The accounts were with somebody of another company meanwhile; of this one it is still known
    // who had the one that was left alone.
    disable(&app, &second).await;
    app.hr().set_company(own);
    app.edit(&id, email("ann.may@acme.example")).await;
    let (third, _) = connect_again(&app, &first.organization).await;
    assert_eq!(app.the_account(&third, "ann.may@acme.example").await["id"], ann);
}

async fn l_09_without_a_known_company_nothing_is_kept(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let (directory, hook_url) = app.directory(&organization).await;
    let two = [Action::GetAllEmployeeDetail, Action::GetEmployeeDetailById];
    let hr_key = app.hr().create_key(&two).key;
    let path = format!("/directories/{directory}/credentials");
    app.put(&path, json!({"api_key": hr_key})).await.ok();
    let first = Connected { organization, directory, hook_url, hr_key };
    app.complete(&first).await;
    let ann = app.the_account(&first, ANN).await["id"].clone();
    disable(&app, &first).await;
    assert_eq!(kept(&app), 0);
    app.edit(&id, email(NEW)).await;
    let (second, linked) = connect_again(&app, &first.organization).await;
    assert_eq!(by(&linked).0, 0);
    assert_ne!(app.the_account(&second, NEW).await["id"], ann);
    agrees_with_hr(&app, &second).await;
}

async fn l_09_another_organization_sees_nothing(app: TestApp) {
    let first = app.connected().await;
    let before = app.accounts(&first.organization).await;
    disable(&app, &first).await;
    let other = app.organization("Other Ltd", &["cid@other.example"]).await;
    let (other, linked) = connect_again(&app, &other).await;
    assert_eq!(by(&linked), (0, 0));
    assert_eq!(app.last_run(&other).await["counts"]["created"], before.len());
    let own = ids(&app, &other.organization).await;
    let shared = |account: &Value| own.contains(&account["id"].to_string());
    assert!(!before.iter().any(shared));
    assert_eq!(app.accounts(&first.organization).await.len(), before.len());
}

async fn l_09_a_number_counts_only_with_name_or_e_mail(app: TestApp) {
    app.hr().set_faults(without_unique_keys());
    let ann = app.hire(&person("Ann", "Lee", ANN)).await;
    let bob = app.hire(&person("Bob", "Ray", "bob.ray@acme.example")).await;
    let cid = app.hire(&person("Cid", "May", "cid.may@acme.example")).await;
    let first = app.connected().await;
    let before = ids(&app, &first.organization).await;
    let account = async |connected: &Connected, email: &str| {
        app.the_account(connected, email).await["id"].clone()
    };
    let old = [
        account(&first, ANN).await,
        account(&first, "bob.ray@acme.example").await,
        account(&first, "cid.may@acme.example").await,
    ];
    disable(&app, &first).await;
    // The same name with another e-mail, the same e-mail with another name, and nothing the same:
    // the number was given to somebody else.
    app.edit(&ann, email(NEW)).await;
    app.edit(&bob, Edit { last_name: Some("Hall".to_owned()), ..Edit::default() }).await;
    let other = Edit { last_name: Some("Fox".to_owned()), ..email("eve.fox@acme.example") };
    app.edit(&cid, Edit { first_name: Some("Eve".to_owned()), ..other }).await;
    let (second, linked) = connect_again(&app, &first.organization).await;
    assert_eq!(by(&linked), (before.len() - 1, 0));
    assert_eq!(account(&second, NEW).await, old[0]);
    assert_eq!(account(&second, "bob.ray@acme.example").await, old[1]);
    let eve = account(&second, "eve.fox@acme.example").await;
    assert!(!before.contains(&eve.to_string()), "Eve is not Cid");
    assert_eq!(account(&second, "cid.may@acme.example").await, old[2]);
    agrees_with_hr(&app, &second).await;
}

async fn l_09_unique_keys_may_come_and_go_in_between(app: TestApp) {
    app.hr().set_faults(without_unique_keys());
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let first = app.connected().await;
    let before = ids(&app, &first.organization).await;
    disable(&app, &first).await;
    app.edit(&id, email(NEW)).await;
    app.hr().set_faults(no_hooks());
    let (second, linked) = connect_again(&app, &first.organization).await;
    assert_eq!(by(&linked), (before.len(), 0), "they came");
    agrees_with_hr(&app, &second).await;
    disable(&app, &second).await;
    app.edit(&id, email(ANN)).await;
    app.hr().set_faults(without_unique_keys());
    let (third, linked) = connect_again(&app, &first.organization).await;
    assert_eq!(by(&linked), (before.len(), 0), "they went");
    assert_eq!(ids(&app, &first.organization).await, before);
    agrees_with_hr(&app, &third).await;
}

async fn l_09_a_leaver_gets_the_account_back_and_it_is_made_inactive(app: TestApp) {
    let ann = app.hire(&person("Ann", "Lee", ANN)).await;
    let bob = app.hire(&person("Bob", "Ray", "bob.ray@acme.example")).await;
    let first = app.connected().await;
    let all = ids(&app, &first.organization).await;
    disable(&app, &first).await;
    app.leave(&ann, &Leave { blank_email: true, ..on(YESTERDAY) }).await;
    app.edit(&bob, email("bob.may@acme.example")).await;
    app.leave(&bob, &on(YESTERDAY)).await;
    let (second, linked) = connect_again(&app, &first.organization).await;
    assert_eq!(by(&linked), (all.len(), 0));
    for email in [ANN, "bob.may@acme.example"] {
        let account = app.the_account(&second, email).await;
        assert_eq!(account["status"], "inactive");
        assert_eq!(account["leaving_date"], "2026-11-22");
        assert_eq!(account["managed_by"], second.directory.as_str());
    }
    assert_eq!(app.last_run(&second).await["counts"]["deactivated"], 2);
    assert_eq!(ids(&app, &first.organization).await, all);
}

async fn l_09_a_deleted_account_and_a_deleted_organization_are_forgotten(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let first = app.connected().await;
    let ann = app.the_account(&first, ANN).await["id"].clone();
    disable(&app, &first).await;
    let rows = kept(&app);
    app.delete(&format!("/accounts/{}", ann.as_str().expect("an id"))).await;
    // One row by the key and one by the number.
    assert_eq!(kept(&app), rows - 2);
    app.edit(&id, email(NEW)).await;
    let (second, linked) = connect_again(&app, &first.organization).await;
    assert!(linked.iter().all(|one| one["email"] != NEW), "{linked:#?}");
    assert_eq!(app.last_run(&second).await["counts"]["created"], 1);
    assert_ne!(app.the_account(&second, NEW).await["id"], ann);
    agrees_with_hr(&app, &second).await;
    disable(&app, &second).await;
    assert_eq!(kept(&app), rows);
    let gone = app.delete(&format!("/organizations/{}", first.organization)).await;
    assert!((200..300).contains(&gone.status), "{}", gone.text);
    app.drain().await;
    assert_eq!(kept(&app), 0);
}

async fn l_09_a_protected_account_is_a_hold(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let first = app.connected().await;
    disable(&app, &first).await;
    let account = app.the_account(&first, ANN).await;
    let path = format!("/accounts/{}", account["id"].as_str().expect("an id"));
    let account = app.patch(&path, json!({"protected": true})).await.ok();
    app.edit(&id, email(NEW)).await;
    let (second, linked) = connect_again(&app, &first.organization).await;
    assert!(linked.iter().all(|one| one["account_id"] != account["id"]), "{linked:#?}");
    let holds = app.open_holds(&second).await;
    assert_eq!(holds.len(), 1);
    assert_eq!(holds[0]["items"][0]["account_id"], account["id"]);
    assert_eq!(app.the_account(&second, ANN).await, account);
    assert!(app.account(&first.organization, NEW).await.is_none());
    app.patch(&path, json!({"protected": false})).await.ok();
    app.poll().await;
    assert_eq!(app.the_account(&second, NEW).await["id"], account["id"]);
    agrees_with_hr(&app, &second).await;
}

async fn l_09_an_e_mail_that_somebody_else_has_waits(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let first = app.connected().await;
    let ann = app.the_account(&first, ANN).await["id"].clone();
    disable(&app, &first).await;
    let path = format!("/organizations/{}/accounts", first.organization);
    app.post(&path, json!({"email": NEW, "first_name": "Mine"})).await.ok();
    app.edit(&id, Edit { last_name: Some("Ray".to_owned()), ..email(NEW) }).await;
    let (second, _) = connect_again(&app, &first.organization).await;
    let account = app.the_account(&second, ANN).await;
    assert_eq!((&account["id"], &account["last_name"]), (&ann, &json!("Ray")));
    let holds = app.open_holds(&second).await;
    assert_eq!((holds.len(), &holds[0]["kind"]), (1, &json!("email_change")));
    assert_eq!(app.the_account(&second, NEW).await["first_name"], "Mine");
}

async fn l_09_the_last_one_who_had_the_account_gets_it_back(app: TestApp) {
    let old = app.hire(&person("Ann", "Lee", ANN)).await;
    let first = app.connected().await;
    let ann = app.the_account(&first, ANN).await["id"].clone();
    disable(&app, &first).await;
    let (second, _) = connect_again(&app, &first.organization).await;
    // A re-hire under a new number takes the link over.
    app.hr().set_faults(hooks(HookFaults::default()));
    app.leave(&old, &Leave { blank_email: true, ..on(YESTERDAY) }).await;
    app.drain().await;
    let new = app.hire(&person("Ann", "Lee", ANN)).await;
    app.drain().await;
    assert_eq!(app.the_account(&second, ANN).await["id"], ann);
    app.hr().set_faults(no_hooks());
    disable(&app, &second).await;
    app.edit(&new, email(NEW)).await;
    let (third, _) = connect_again(&app, &first.organization).await;
    let account = app.the_account(&third, NEW).await;
    assert_eq!((&account["id"], &account["status"]), (&ann, &json!("active")));
    agrees_with_hr(&app, &third).await;
}

async fn l_09_the_kept_links_name_nobody(app: TestApp) {
    let connected = app.connected().await;
    disable(&app, &connected).await;
    assert!(kept(&app) > 40);
    let values: Vec<String> = evidence::everything(&app.place)
        .into_iter()
        .filter(|stored| stored.table == "former_links")
        .map(|stored| stored.value)
        .collect();
    for person in app.hr().people() {
        let texts = [&person.employee_id, &person.email, &person.last_name];
        for text in texts.into_iter().filter(|text| text.len() > 3) {
            let bytes = evidence::hexadecimal(text.as_bytes());
            assert!(values.iter().all(|value| !value.contains(text) && !value.contains(&bytes)));
        }
    }
}
