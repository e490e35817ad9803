//! Every change of an account keeps its cause, the rule that decided, and what was there before.
//!
//! Long because every cause and every rule is tried, and the tests share what reads the rows.

use std::collections::{HashMap, HashSet};

use jiff::civil::date;
use reqwest::Method;
use rollcall::sandbox::{Edit, Hire, HookFaults, Leave};
use serde_json::{Map, Value, json};

use crate::evidence;
use crate::hr::{TODAY, YESTERDAY, agrees_with_hr, hooks, no_hooks, on, person};
use crate::support::{Connected, TestApp, behaviours};

behaviours!(
    s_20_a_re_hire_moves_the_link_with_an_entry_and_tells_of_both_people,
    s_20_a_link_is_noted_also_when_no_field_changes,
    a_hook_leaves_its_number_and_the_former_value,
    a_full_sync_leaves_its_id_and_what_did_not_change_leaves_nothing,
    s_11_why_somebody_became_inactive_is_told_apart_from_the_rest,
    s_23_a_start_date_that_came_and_a_return_have_rules_of_their_own,
    s_21_a_link_that_follows_its_person_to_another_key_is_noted,
    the_application_leaves_its_key_whether_it_makes_edits_or_imports,
    a_deleted_account_leaves_the_facts_and_no_values,
    l_08_a_disabled_directory_keeps_what_was_noted,
    what_was_noted_goes_with_the_organization,
    changes_are_listed_like_everything_else,
    every_account_is_what_its_changes_made_of_it,
);

const ANN: &str = "ann.lee@acme.example";
const BOB: &str = "bob.ray@acme.example";

/// The members of an account that changes are noted of.
const MEMBERS: &[&str] = &[
    "email",
    "first_name",
    "last_name",
    "external_id",
    "status",
    "manager_account_id",
    "department",
    "position",
    "office_location",
    "start_date",
    "leaving_date",
    "protected",
    "attributes",
];

/// What an account is before it is anything.
fn nothing() -> Map<String, Value> {
    let empty = |name: &&str| match *name {
        "protected" => json!(false),
        "attributes" => json!({}),
        _ => Value::Null,
    };
    MEMBERS.iter().map(|name| ((*name).to_owned(), empty(name))).collect()
}

/// Under which name the key of a link is kept; an account has one in each directory.
fn key_in(directory: &str) -> String {
    format!("external_key in {directory}")
}

/// Makes a noted change; asserts that it says truly what was there before and that it is one.
fn make(state: &mut Map<String, Value>, directory: &str, changes: &Value) {
    for (name, change) in changes.as_object().expect("changes") {
        let (from, to) = (&change["from"], &change["to"]);
        assert_ne!(from, to, "{name} did not change");
        let name = if name == "external_key" { &key_in(directory) } else { name };
        let now = state.entry(name.clone()).or_insert(Value::Null);
        if name == "attributes" {
            let (from, to) = (from.as_object().expect("from"), to.as_object().expect("to"));
            let now = now.as_object_mut().expect("attributes");
            for (member, value) in from {
                assert_eq!(now.remove(member).as_ref(), Some(value), "{member} was another");
            }
            for (member, value) in to {
                assert_eq!(now.insert(member.clone(), value.clone()), None, "{member} was there");
            }
        } else {
            assert_eq!(now, from, "{name} was not so before");
            *now = to.clone();
        }
    }
}

/// Asserts that the noted changes of all accounts, made one after the other from nothing, give the
/// accounts as they are, with their versions and the keys of the people they are linked to.
pub async fn tells_how_it_came(app: &TestApp, organization: &str) {
    let sql = format!(
        "SELECT account_id || ' ' || version || ' ' || COALESCE(directory_id, '-') || ' ' || \
         changes AS value FROM account_changes WHERE organization_id = '{organization}' ORDER BY id"
    );
    let mut states: HashMap<String, (i64, Map<String, Value>)> = HashMap::new();
    for row in app.raw().values(&sql) {
        let parts: Vec<&str> = row.splitn(4, ' ').collect();
        let version: i64 = parts[1].parse().expect("a number");
        let (at, state) = states.entry(parts[0].to_owned()).or_insert_with(|| (0, nothing()));
        assert!(version == *at || version == *at + 1, "{version} after {at}");
        *at = version;
        make(state, parts[2], &serde_json::from_str(parts[3]).expect("JSON"));
    }
    let sql = "SELECT l.account_id || ' ' || l.directory_id || ' ' || u.external_key AS value \
               FROM links l JOIN directory_users u ON u.id = l.directory_user_id";
    let links = app.raw().values(sql);
    let links: Vec<Vec<&str>> = links.iter().map(|row| row.splitn(3, ' ').collect()).collect();
    for account in app.accounts(organization).await {
        let Some((version, state)) = states.remove(id_of(&account)) else {
            panic!("nothing is noted of {account:#}")
        };
        assert_eq!(account["version"], version, "{account:#}");
        for name in MEMBERS {
            assert_eq!(account[name], state[*name], "{name} of {account:#}");
        }
        for link in links.iter().filter(|link| account["id"] == link[0]) {
            assert_eq!(state.get(&key_in(link[1])), Some(&json!(link[2])), "{account:#}");
        }
    }
}

fn id_of(account: &Value) -> &str {
    account["id"].as_str().expect("an id")
}

/// The noted changes of an account, oldest first.
async fn changes_of(app: &TestApp, account: &Value) -> Vec<Value> {
    app.all(&format!("/accounts/{}/changes", id_of(account))).await
}

async fn changes_of_email(app: &TestApp, connected: &Connected, email: &str) -> Vec<Value> {
    changes_of(app, &app.the_account(connected, email).await).await
}

fn rules(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["rule"].as_str().expect("a rule")).collect()
}

fn last(entries: &[Value]) -> &Value {
    entries.last().expect("an entry")
}

fn one(app: &TestApp, sql: &str) -> String {
    app.raw().values(sql).pop().expect("a value")
}

fn named(last_name: &str) -> Edit {
    Edit { last_name: Some(last_name.to_owned()), ..Edit::default() }
}

/// Who has an external key.
fn key_of(app: &TestApp, employee: &str) -> Value {
    json!(app.hr().person(employee).expect("an employee").unique_key)
}

async fn s_20_a_re_hire_moves_the_link_with_an_entry_and_tells_of_both_people(app: TestApp) {
    let old = app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = app.connected().await;
    app.leave(&old, &Leave { blank_email: true, ..on(YESTERDAY) }).await;
    app.drain().await;
    let told = app.events("").await.len();
    let new = app.hire(&person("Ann", "Lee", ANN)).await;
    app.drain().await;

    let account = app.the_account(&connected, ANN).await;
    let entries = changes_of(&app, &account).await;
    let entry = last(&entries);
    assert_eq!(entry["rule"], "rehired");
    assert_eq!(entry["external_key"], key_of(&app, &new));
    let (from, to) = (key_of(&app, &old), key_of(&app, &new));
    assert_eq!(entry["changes"]["external_key"], json!({"from": from, "to": to}));
    assert_eq!(entry["changes"]["status"], json!({"from": "inactive", "to": "active"}));
    assert_eq!(entry["changes"]["leaving_date"]["from"], YESTERDAY.to_string());
    assert_eq!(entry["version"], account["version"]);

    // The application learns first that the old record has no account any more.
    let events = app.events("dsync.user.created,dsync.user.updated").await;
    let of = |key: &Value| {
        let key = key.clone();
        events.iter().filter(move |event| event["data"]["idp_id"] == key).collect::<Vec<_>>()
    };
    let (lost, gained) = (of(&from), of(&to));
    let (lost, gained) = (lost[lost.len() - 1], gained[0]);
    assert_eq!(lost["event"], "dsync.user.updated");
    assert_eq!(lost["data"]["account_id"], Value::Null);
    assert_eq!(lost["data"]["previous_attributes"], json!({"account_id": account["id"]}));
    assert_eq!(
        (&gained["event"], &gained["data"]["account_id"]),
        (&json!("dsync.user.created"), &account["id"])
    );
    assert!(lost["id"].as_str() < gained["id"].as_str());
    let versions: Vec<i64> =
        of(&from).iter().filter_map(|e| e["data"]["version"].as_i64()).collect();
    assert_eq!(versions, (1..).take(versions.len()).collect::<Vec<i64>>(), "each version once");
    let stored = format!(
        "SELECT CAST(version AS TEXT) AS value FROM directory_users WHERE external_key = {}",
        from.to_string().replace('"', "'")
    );
    assert_eq!(one(&app, &stored), versions[versions.len() - 1].to_string());
    assert_eq!(app.events("").await.len(), told + 3, "both people, and the group of neither");

    app.poll().await;
    assert_eq!(changes_of(&app, &account).await, entries);
    agrees_with_hr(&app, &connected).await;
}

async fn s_20_a_link_is_noted_also_when_no_field_changes(app: TestApp) {
    let ann = app.hire(&person("Ann", "Lee", ANN)).await;
    let view = app.hr().person(&ann).expect("Ann");
    let same = json!({"email": ANN, "first_name": "Ann", "last_name": "Lee",
        "department": view.department, "position": view.job_role,
        "office_location": view.location, "start_date": view.start_date});
    let bob = app.hire(&person("Bob", "Ray", BOB)).await;
    let connected = app.joined(&[same, json!({"email": BOB, "first_name": "Rob"})]).await;
    let run = app.last_run(&connected).await;

    let entries = changes_of_email(&app, &connected, ANN).await;
    assert_eq!(rules(&entries), ["made_by_application", "linked_by_email"]);
    let linked = last(&entries);
    let key = json!({"from": null, "to": key_of(&app, &ann)});
    assert_eq!(linked["changes"], json!({"external_key": key}));
    assert_eq!((&linked["version"], &entries[0]["version"]), (&json!(1), &json!(1)));
    assert_eq!(linked["cause"], json!({"kind": "run", "id": run["id"]}));
    assert_eq!(linked["directory_id"], connected.directory.as_str());

    let entries = changes_of_email(&app, &connected, BOB).await;
    assert_eq!(rules(&entries), ["made_by_application", "linked_by_email"]);
    let changes = &last(&entries)["changes"];
    assert_eq!(changes["first_name"], json!({"from": "Rob", "to": "Bob"}));
    assert_eq!(changes["external_key"]["to"], key_of(&app, &bob));
    assert_eq!(changes.get("email"), None);
    agrees_with_hr(&app, &connected).await;
}

async fn a_hook_leaves_its_number_and_the_former_value(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = app.connected().await;
    app.edit(&id, named("Ray")).await;
    app.drain().await;
    let account = app.the_account(&connected, ANN).await;
    let entries = changes_of(&app, &account).await;
    let sql = format!("SELECT CAST(id AS TEXT) AS value FROM inbox WHERE employee_hint = '{id}'");
    let hint = one(&app, &sql);
    let entry = last(&entries);
    assert_eq!(entry["object"], "account_change");
    assert_eq!(entry["cause"], json!({"kind": "hook", "id": hint}));
    assert_eq!(entry["rule"], "followed");
    assert!(entry["message"].as_str().expect("a sentence").ends_with('.'));
    assert_eq!(entry["changes"], json!({"last_name": {"from": "Lee", "to": "Ray"}}));
    assert_eq!(entry["account_id"], account["id"]);
    assert_eq!(entry["directory_id"], connected.directory.as_str());
    assert_eq!(entry["external_key"], key_of(&app, &id));
    assert_eq!(
        (&entry["version"], &entry["created_at"]),
        (&account["version"], &account["updated_at"])
    );

    // The same hook again changes nothing and leaves nothing.
    let body = format!("{{\"ActionId\":2,\"EmployeeId\":\"{id}\"}}");
    for _ in 0..2 {
        assert_eq!(app.hook(&connected.hook_url, "application/json", body.as_str()).await, 202);
        app.drain().await;
    }
    app.poll().await;
    assert_eq!(changes_of(&app, &account).await, entries);
}

async fn a_full_sync_leaves_its_id_and_what_did_not_change_leaves_nothing(app: TestApp) {
    let connected = app.connected().await;
    let first = app.last_run(&connected).await;
    let count = "SELECT CAST(COUNT(*) AS TEXT) AS value FROM account_changes";
    for account in app.accounts(&connected.organization).await {
        let entries = changes_of(&app, &account).await;
        assert_eq!(entries[0]["rule"], "created");
        // The second pass knows every manager.
        if let Some(second) = entries.get(1) {
            assert_eq!(second["rule"], "followed");
            let manager = json!({"from": null, "to": account["manager_account_id"]});
            assert_eq!(second["changes"], json!({"manager_account_id": manager}));
        }
        assert!(entries.len() <= 2);
        assert!(entries.iter().all(|entry| entry["cause"]["id"] == first["id"]));
        assert_eq!(entries[0]["changes"]["email"]["from"], Value::Null);
    }
    let before = one(&app, count);
    app.poll().await;
    app.sync_now(&connected).await.ok();
    app.drain().await;
    assert_eq!(one(&app, count), before);

    let employee = app.employee(3);
    app.new_job_quietly(&employee, "Glazier").await;
    app.poll().await;
    let email = app.hr().person(&employee).expect("an employee").email;
    let entries = changes_of_email(&app, &connected, &email).await;
    let run = app.last_run(&connected).await;
    assert_eq!(last(&entries)["cause"], json!({"kind": "run", "id": run["id"]}));
    assert_eq!(last(&entries)["changes"]["position"]["to"], "Glazier");
    let before: i64 = before.parse().expect("a number");
    assert_eq!(one(&app, count), (before + 1).to_string());
    agrees_with_hr(&app, &connected).await;
}

async fn s_11_why_somebody_became_inactive_is_told_apart_from_the_rest(app: TestApp) {
    let ann = app.hire(&person("Ann", "Lee", ANN)).await;
    let bob = app.hire(&person("Bob", "Ray", BOB)).await;
    let connected = app.connected().await;
    app.leave(&ann, &on(YESTERDAY)).await;
    app.drain().await;
    let entries = changes_of_email(&app, &connected, ANN).await;
    assert_eq!(rules(&entries), ["created", "followed", "leaving_date_over"]);
    let leaving = json!({"leaving_date": {"from": null, "to": YESTERDAY.to_string()}});
    assert_eq!(entries[1]["changes"], leaving);
    let status = json!({"status": {"from": "active", "to": "inactive"}});
    assert_eq!(entries[2]["changes"], status);
    assert_eq!(entries[1]["version"], entries[2]["version"]);
    assert_eq!(entries[2]["message"], "The person's last day is over.");

    // Somebody whose last day is today and whom HR already takes off the list.
    app.leave(&bob, &Leave { immediately: true, ..on(TODAY) }).await;
    app.drain().await;
    let entries = changes_of_email(&app, &connected, BOB).await;
    assert_eq!(last(&entries)["rule"], "not_current_staff");
    assert_eq!(last(&entries)["changes"], status);
    assert_eq!(last(&entries)["cause"]["kind"], "run", "a look at one does not show the list");
    agrees_with_hr(&app, &connected).await;
}

async fn s_23_a_start_date_that_came_and_a_return_have_rules_of_their_own(app: TestApp) {
    let ahead = Some("2026-11-24".to_owned());
    app.hire(&Hire { start_date: ahead, ..person("Ann", "Lee", ANN) }).await;
    let bob = app.hire(&person("Bob", "Ray", BOB)).await;
    let connected = app.connected().await;
    let entries = changes_of_email(&app, &connected, ANN).await;
    let status = &entries[0]["changes"]["status"];
    assert_eq!((&entries[0]["rule"], &status["to"]), (&json!("created"), &json!("pending")));
    app.pass(24 * rollcall::clock::Timestamp::HOUR).await;
    app.poll().await;
    let entries = changes_of_email(&app, &connected, ANN).await;
    assert_eq!(rules(&entries), ["created", "start_date_came"]);
    assert_eq!(last(&entries)["changes"], json!({"status": {"from": "pending", "to": "active"}}));

    app.leave(&bob, &on(date(2026, 11, 1))).await;
    app.drain().await;
    let faults = HookFaults { tell_rehire: true, ..HookFaults::default() };
    app.hr().set_faults(hooks(faults));
    app.hr().rehire(&bob).await.expect("a re-hire");
    app.drain().await;
    app.poll().await;
    let entries = changes_of_email(&app, &connected, BOB).await;
    assert_eq!(last(&entries)["rule"], "employed");
    assert_eq!(last(&entries)["changes"], json!({"status": {"from": "inactive", "to": "active"}}));
    agrees_with_hr(&app, &connected).await;
}

async fn s_21_a_link_that_follows_its_person_to_another_key_is_noted(app: TestApp) {
    app.hr().set_faults(rollcall::sandbox::Faults {
        omit_unique_key: true,
        ..hooks(HookFaults::default())
    });
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = app.connected().await;
    app.hr().set_faults(hooks(HookFaults::default()));
    app.poll().await;
    let account = app.the_account(&connected, ANN).await;
    let entries = changes_of(&app, &account).await;
    assert_eq!(rules(&entries), ["created", "followed"]);
    let change = json!({"from": id, "to": key_of(&app, &id)});
    assert_eq!(last(&entries)["changes"], json!({"external_key": change}));
    assert_eq!((&account["version"], &last(&entries)["version"]), (&json!(1), &json!(1)));
    app.poll().await;
    assert_eq!(changes_of(&app, &account).await, entries);
    agrees_with_hr(&app, &connected).await;
}

/// The id of the key that the tests call with.
fn own_key(app: &TestApp) -> Value {
    json!({"kind": "api_key", "id": one(app, "SELECT id AS value FROM api_keys")})
}

async fn the_application_leaves_its_key_whether_it_makes_edits_or_imports(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    let path = format!("/organizations/{organization}/accounts");
    let ann = json!({"email": ANN, "department": "Sales", "attributes": {"theme": "dark", "n": 1}});
    let account = app.post(&path, ann).await.ok();
    let of_account = format!("/accounts/{}", id_of(&account));
    let boss = app.post(&path, json!({"email": BOB, "protected": true})).await.ok();
    let edit = json!({"last_name": "Lee", "department": "  SALES ", "protected": true,
        "manager_account_id": boss["id"], "attributes": {"n": 1, "size": "m"}});
    app.patch(&of_account, edit.clone()).await.ok();
    app.patch(&of_account, edit).await.ok();
    let rows = format!("email,position\n{ANN},Clerk\n{ANN},Clerk\n{BOB},\nx@acme.example,Clerk\n");
    let url = format!("http://{}/api/v1{path}/import", app.running.address);
    let request = app.client.post(url).bearer_auth(app.key.reveal());
    let answer = request.header("content-type", "text/csv").body(rows).send().await.expect("one");
    let results: Vec<Value> = answer
        .text()
        .await
        .expect("a body")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let what: Vec<&str> = results.iter().filter_map(|result| result["status"].as_str()).collect();
    assert_eq!(what, ["updated", "unchanged", "unchanged", "created"]);

    let entries = changes_of(&app, &account).await;
    assert_eq!(rules(&entries), ["made_by_application", "edited_by_application", "imported"]);
    let cause = own_key(&app);
    for entry in &entries {
        assert_eq!(entry["cause"], cause);
        let nobody = (&Value::Null, &Value::Null);
        assert_eq!((&entry["directory_id"], &entry["external_key"]), nobody);
    }
    assert_eq!(
        entries[0]["changes"],
        json!({
            "email": {"from": null, "to": ANN},
            "status": {"from": null, "to": "active"},
            "department": {"from": null, "to": "Sales"},
            "attributes": {"from": {}, "to": {"theme": "dark", "n": 1}},
        })
    );
    assert_eq!(
        entries[1]["changes"],
        json!({
            "last_name": {"from": null, "to": "Lee"},
            "manager_account_id": {"from": null, "to": boss["id"]},
            "protected": {"from": false, "to": true},
            "attributes": {"from": {"theme": "dark"}, "to": {"size": "m"}},
        })
    );
    assert_eq!(entries[2]["changes"], json!({"position": {"from": null, "to": "Clerk"}}));
    assert_eq!(rules(&changes_of(&app, &boss).await), ["made_by_application"]);
    let imported = changes_of(&app, &json!({"id": results[3]["id"]})).await;
    assert_eq!(rules(&imported), ["imported"]);
    tells_how_it_came(&app, &organization).await;
}

async fn a_deleted_account_leaves_the_facts_and_no_values(app: TestApp) {
    let id = app.hire(&person("Ann", "Leeuwenhoek", "ann.leeuwenhoek@acme.example")).await;
    let connected = app.connected().await;
    app.edit(&id, named("Leeuwarden")).await;
    app.drain().await;
    let account = app.the_account(&connected, "ann.leeuwenhoek@acme.example").await;
    let path = format!("/organizations/{}/accounts", connected.organization);
    let report = json!({"email": BOB, "manager_account_id": account["id"]});
    let report = app.post(&path, report).await.ok();
    let of_account = format!("/accounts/{}", id_of(&account));
    assert_eq!(app.delete(&of_account).await.problem(409), "account-managed");
    app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    let before = changes_of(&app, &account).await;
    assert_eq!(rules(&before), ["created", "followed"]);
    assert_eq!(app.delete(&of_account).await.status, 204);
    assert_eq!(app.call(Method::GET, &of_account, None).await.status, 404);

    let after = changes_of(&app, &account).await;
    assert_eq!(rules(&after), ["created", "followed", "deleted"]);
    for (before, after) in before.iter().zip(&after) {
        let mut expected = before.clone();
        expected["changes"] = json!({});
        expected["external_key"] = Value::Null;
        assert_eq!(*after, expected);
    }
    let deleted = last(&after);
    assert_eq!((&deleted["cause"], &deleted["changes"]), (&own_key(&app), &json!({})));
    assert_eq!(deleted["version"].as_i64(), account["version"].as_i64().map(|v| v + 1));
    for value in ["eeuwenhoek", "Leeuwarden"] {
        let left = evidence::where_stored(&app.place, value);
        assert!(left.iter().all(|place| !place.starts_with("account")), "{left:?}");
    }

    // Whoever the deleted account was the manager of has none now, and that is a change too.
    let entries = changes_of(&app, &report).await;
    assert_eq!(rules(&entries), ["made_by_application", "manager_deleted"]);
    let change = json!({"manager_account_id": {"from": account["id"], "to": null}});
    assert_eq!(last(&entries)["changes"], change);
    assert_eq!(last(&entries)["cause"], own_key(&app));
    let report = app.get(&format!("/accounts/{}", id_of(&report))).await;
    assert_eq!((&report["version"], &report["manager_account_id"]), (&json!(2), &Value::Null));
    tells_how_it_came(&app, &connected.organization).await;
}

async fn l_08_a_disabled_directory_keeps_what_was_noted(app: TestApp) {
    let connected = app.connected().await;
    let before = evidence::rows(&app.place, "account_changes");
    app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    assert_eq!(evidence::rows(&app.place, "account_changes"), before);
    tells_how_it_came(&app, &connected.organization).await;
    // Another directory goes on where the first has ended.
    let again = app.prepared(&connected.organization).await;
    app.complete(&again).await;
    for account in app.accounts(&connected.organization).await {
        let entries = changes_of(&app, &account).await;
        let entry = last(&entries);
        assert_eq!(entry["directory_id"], again.directory.as_str());
        let fields: Vec<&String> = entry["changes"].as_object().expect("changes").keys().collect();
        assert_eq!(fields, ["external_key"]);
    }
}

async fn what_was_noted_goes_with_the_organization(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    let path = format!("/organizations/{organization}/accounts");
    let account = app.post(&path, json!({"email": ANN})).await.ok();
    let of_account = format!("/accounts/{}", id_of(&account));
    app.delete(&of_account).await;
    let list = format!("{of_account}/changes");
    assert_eq!(app.get(&list).await["data"].as_array().expect("a list").len(), 2);
    assert_eq!(app.delete(&format!("/organizations/{organization}")).await.status, 204);
    assert_eq!(app.call(Method::GET, &list, None).await.problem(404), "entity_not_found");
    app.drain().await;
    assert!(evidence::rows(&app.place, "account_changes").is_empty());
}

async fn changes_are_listed_like_everything_else(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    let path = format!("/organizations/{organization}/accounts");
    let account = app.post(&path, json!({"email": ANN})).await.ok();
    let of_account = format!("/accounts/{}", id_of(&account));
    for number in 1..=4 {
        app.patch(&of_account, json!({"last_name": number.to_string()})).await.ok();
    }
    let list = format!("{of_account}/changes");
    let page = app.get(&format!("{list}?limit=2")).await;
    let versions = |page: &Value| -> Vec<i64> {
        let items = page["data"].as_array().expect("a list");
        items.iter().filter_map(|item| item["version"].as_i64()).collect()
    };
    assert_eq!(versions(&page), [5, 4], "newest first");
    let after = page["list_metadata"]["after"].as_str().expect("more");
    assert_eq!(after, page["data"][1]["id"]);
    let next = app.get(&format!("{list}?limit=2&after={after}")).await;
    assert_eq!(versions(&next), [3, 2]);
    let before = next["list_metadata"]["before"].as_str().expect("those before");
    let back = app.get(&format!("{list}?limit=2&before={before}")).await;
    assert_eq!(versions(&back), [5, 4]);
    let oldest: Vec<Value> = app.all(&list).await;
    let ids: HashSet<&str> = oldest.iter().map(id_of).collect();
    assert_eq!((oldest.len(), ids.len()), (5, 5));
    assert!(oldest.windows(2).all(|pair| id_of(&pair[0]) < id_of(&pair[1])));

    let refused = app.call(Method::GET, &format!("{list}?after=account_1"), None).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.body["errors"][0]["field"], "after", "{}", refused.text);
    let unknown = app.call(Method::GET, "/accounts/account_1/changes", None).await;
    assert_eq!(unknown.problem(404), "entity_not_found");
    let others = app.post(&path, json!({"email": BOB})).await.ok();
    assert_eq!(changes_of(&app, &others).await.len(), 1, "those of one account");
}

async fn every_account_is_what_its_changes_made_of_it(app: TestApp) {
    let ann = app.hire(&person("Ann", "Lee", ANN)).await;
    let before = [
        json!({"email": ANN, "department": "SALES", "status": "inactive"}),
        json!({"email": "not.in.hr@acme.example", "first_name": "Nobody"}),
    ];
    let connected = app.joined(&before).await;
    tells_how_it_came(&app, &connected.organization).await;
    let people = app.hr().people().into_iter().filter(|one| one.leaving_date.is_none());
    let staff: Vec<String> = people.map(|one| one.employee_id).filter(|id| *id != ann).collect();
    for round in 0..3 {
        let (someone, boss) = (staff[round + 1].clone(), staff[round + 4].clone());
        let edit = Edit {
            // Another way of writing it is no other department.
            department: Some(["sales", "Sales ", "Fresh"][round].to_owned()),
            location: Some(format!("Site {round}")),
            reports_to: Some(boss),
            ..named(&format!("Name-{round}"))
        };
        app.edit(&ann, edit.clone()).await;
        app.drain().await;
        app.hr().set_faults(no_hooks());
        app.edit(&someone, edit).await;
        let email = Edit { email: Some(format!("new-{round}@acme.example")), ..Edit::default() };
        app.edit(&staff[round + 8], email).await;
        app.hire(&person("New", "Hire", &format!("hire-{round}@acme.example"))).await;
        app.leave(&staff[round + 12], &on(YESTERDAY)).await;
        app.hr().set_faults(hooks(HookFaults::default()));
        app.poll().await;
        tells_how_it_came(&app, &connected.organization).await;
    }
    for account in app.accounts(&connected.organization).await {
        let edit = json!({"external_id": account["id"], "attributes": {"seen": true}});
        app.patch(&format!("/accounts/{}", id_of(&account)), edit).await.ok();
    }
    tells_how_it_came(&app, &connected.organization).await;
    let app = app.restart(2).await;
    app.poll().await;
    app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    let all = app.accounts(&connected.organization).await;
    for account in all.iter().step_by(3) {
        let edit = json!({"leaving_date": "2027-01-31", "department": null, "status": "inactive"});
        app.patch(&format!("/accounts/{}", id_of(account)), edit).await.ok();
    }
    app.delete(&format!("/accounts/{}", id_of(&all[1]))).await;
    tells_how_it_came(&app, &connected.organization).await;
    let again = app.prepared(&connected.organization).await;
    app.complete(&again).await;
    tells_how_it_came(&app, &connected.organization).await;
}
