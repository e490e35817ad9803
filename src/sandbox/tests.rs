//! The sandbox over HTTP, as a client of the HR system and a receiver of its hooks meet it.

use std::sync::Mutex;

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use jiff::civil::date;
use serde_json::{Value, json};

use super::*;
use crate::clock::{ManualClock, Timestamp};

/// Half past eleven in the evening of 1 July 2026 in London, which has summer time.
const NOW: Timestamp = Timestamp(1_782_945_000_000);

struct World {
    sandbox: Sandbox,
    clock: Arc<ManualClock>,
    client: reqwest::Client,
    key: String,
}

impl World {
    async fn of(people: usize) -> Self {
        let (sandbox, clock, client) = testing::start_at(NOW, people).await;
        let key = sandbox.people_hr().create_key(Action::USUAL).key;
        Self { sandbox, clock, client, key }
    }

    fn hr(&self) -> &PeopleHr {
        self.sandbox.people_hr()
    }

    async fn post(&self, path: &str, body: &str) -> (u16, String) {
        let url = format!("{}{path}", self.sandbox.base_url());
        let answer = self.client.post(url).body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn call(&self, fields: Value) -> Value {
        let mut body = json!({ "APIKey": self.key });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let (status, text) = self.post("/Employee", &body.to_string()).await;
        assert_eq!(status, 200);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    async fn list(&self, fields: Value) -> Vec<Value> {
        let mut all = json!({ "Action": "GetAllEmployeeDetail" });
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.call(all).await["Result"].as_array().unwrap().clone()
    }

    async fn ids(&self, include_leavers: bool) -> Vec<String> {
        let list = self.list(json!({ "IncludeLeavers": include_leavers.to_string() })).await;
        let id = |one: &Value| one["EmployeeId"]["DisplayValue"].as_str().unwrap().to_owned();
        list.iter().map(id).collect()
    }

    async fn one(&self, id: &str) -> Value {
        self.call(json!({ "Action": "GetEmployeeDetailById", "EmployeeId": id })).await
    }

    async fn control(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/_sandbox/people-hr{path}", self.sandbox.base_url());
        testing::control(&self.client, method, url, body).await
    }
}

/// A receiver of hooks: what came, with its Content-Type.
type Inbox = Arc<Mutex<Vec<(String, String)>>>;

fn receiver() -> (String, Inbox) {
    let inbox = Inbox::default();
    let data = Data::new(Arc::clone(&inbox));
    let server = HttpServer::new(move || {
        App::new().app_data(data.clone()).default_service(web::to(
            |request: HttpRequest, body: Bytes, inbox: Data<Inbox>| async move {
                let kind = request.headers().get("content-type");
                let kind = kind.map(|kind| kind.to_str().unwrap().to_owned()).unwrap_or_default();
                let body = String::from_utf8(body.to_vec()).unwrap();
                inbox.lock().unwrap().push((kind, body));
                HttpResponse::Accepted().finish()
            },
        ))
    });
    let server = server.workers(1).disable_signals().shutdown_timeout(0);
    let server = server.bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/hooks/token", server.addrs()[0]);
    tokio::spawn(server.run());
    (url, inbox)
}

async fn refusal(world: &World, body: &str) -> (u64, String) {
    let (http, text) = world.post("//Employee/Anything", body).await;
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((http, &value["isError"], &value["Result"]), (200, &json!(true), &Value::Null));
    (value["Status"].as_u64().unwrap(), value["Message"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_come_in_the_vendors_order_and_words() {
    let world = World::of(20).await;
    let key = &world.key;
    let unknown = "00000000-0000-4000-8000-000000000000";
    let cases = [
        (String::new(), 8, "Either empty or no Form Data."),
        ("{\"APIKey\":".into(), 9, "Invalid json data."),
        ("null".into(), 7, "No json data found."),
        ("{}".into(), 7, "No json data found."),
        (json!({"Action": "X"}).to_string(), 1, "API key is missing."),
        (json!({"APIKey": "nonsense"}).to_string(), 2, "Invalid API Key."),
        (json!({ "APIKey": unknown }).to_string(), 5, "API Key does not exists."),
        (json!({ "APIKey": key }).to_string(), 3, "Action is missing."),
        (json!({"APIKey": key, "Action": ""}).to_string(), 4, "Action cannot be empty."),
        (json!({"APIKey": key, "Action": "Fly"}).to_string(), 5, "Access Denied."),
    ];
    for (body, status, message) in cases {
        assert_eq!(refusal(&world, &body).await, (status, message.to_owned()), "{body}");
    }
    for (id, message) in [
        (json!(null), "EmployeeId contains invalid data."),
        (json!(""), "EmployeeId cannot be empty."),
        (json!("1234567890123456"), "EmployeeId contains more than 15 characters."),
        (json!("nobody"), "EmployeeId does not exists."),
    ] {
        let body = json!({"APIKey": key, "Action": "GetEmployeeDetailById", "EmployeeId": id});
        assert_eq!(refusal(&world, &body.to_string()).await, (5, message.to_owned()));
    }
    assert_eq!(world.post("/Elsewhere", "{}").await.0, 404);
    world.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_do_what_it_is_granted_until_it_is_removed() {
    let mut world = World::of(20).await;
    let company = world.call(json!({ "Action": "GetCompanyInformation" })).await;
    assert_eq!(company["Result"]["CompanyId"], 4_711);
    assert_eq!(company["isError"], false);
    world.key = format!(" {{{}}} ", world.key.to_uppercase());
    assert_eq!(world.ids(true).await.len(), 20);
    world.key = world.hr().create_key(&[Action::GetAllEmployeeDetail]).key;
    let company = world.call(json!({ "Action": "GetCompanyInformation" })).await;
    assert_eq!(company["Message"], "Access Denied.");
    assert!(world.hr().remove_key(&world.key));
    let company = world.call(json!({ "Action": "GetCompanyInformation" })).await;
    assert_eq!(company["Message"], "API Key does not exists.");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_set_without_leavers_is_who_is_still_employed_in_london() {
    let world = World::of(50).await;
    assert_eq!((world.ids(true).await.len(), world.ids(false).await.len()), (50, 47));
    for fields in [json!({}), json!({ "IncludeLeavers": false })] {
        assert_eq!(world.list(fields).await.len(), 47);
    }
    assert_eq!(world.list(json!({ "IncludeLeavers": "True" })).await.len(), 50);
    assert_eq!(world.list(json!({ "IncludeLeavers": true })).await.len(), 50);

    let leave = |immediately| Leave {
        leaving_date: date(2026, 7, 1),
        immediately,
        blank_email: true,
        reason: "Resignation".into(),
    };
    world.hr().leave("PW1", &leave(false)).await.unwrap();
    world.hr().leave("PW2", &leave(true)).await.unwrap();
    assert!(world.ids(false).await.contains(&"PW1".into()));
    assert!(!world.ids(false).await.contains(&"PW2".into()));
    let status = |person: Value| person["Result"]["EmployeeStatus"]["DisplayValue"].clone();
    assert_eq!(status(world.one("PW1").await), "2");
    assert_eq!(status(world.one("PW2").await), "3");
    assert_eq!(world.one("PW1").await["Result"]["LeavingDate"], "2026-07-01");
    assert_eq!(world.one("PW1").await["Result"]["EmailId"]["DisplayValue"], "");

    // Midnight in London is an hour before midnight in UTC.
    world.clock.advance(29 * Timestamp::MINUTE);
    assert!(world.ids(false).await.contains(&"PW1".into()));
    world.clock.advance(2 * Timestamp::MINUTE);
    assert!(!world.ids(false).await.contains(&"PW1".into()));
    assert_eq!(status(world.one("PW1").await), "3");

    let again = world.hr().leave("PW1", &leave(false)).await.unwrap_err();
    assert_eq!(again.to_string(), "already Employee left.");
    world.hr().rehire("PW1").await.unwrap();
    assert!(world.ids(false).await.contains(&"PW1".into()));
    assert_eq!(status(world.one("PW1").await), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_send_the_vendors_hooks_and_wait_for_the_answers() {
    let world = World::of(20).await;
    let (url, inbox) = receiver();
    world.hr().set_webhook(Some(&url)).unwrap();
    let hire = Hire { first_name: "Ann".into(), last_name: "O'Neil".into(), ..Hire::default() };
    let hired = world.hr().hire(&hire).await.unwrap();
    assert_eq!((hired.person.employee_id.as_str(), hired.hooks.len()), ("PW21", 1));
    assert_eq!(hired.person.email, "ann.oneil@acme.example");
    assert_eq!((hired.hooks[0].status, hired.hooks[0].answered_at), (Some(202), Some(NOW)));
    let edit = Edit {
        last_name: Some("Núñez".into()),
        department: Some("Finance & Legal".into()),
        reports_to: Some("PW1".into()),
        first_name: Some("Ann".into()),
        reason: "Marriage".into(),
        ..Edit::default()
    };
    let edited = world.hr().edit("PW21", &edit).await.unwrap();
    let fields: Vec<_> = edited.hooks.iter().map(|hook| hook.field_name.as_deref()).collect();
    assert_eq!(fields, [Some("Reports To"), Some("Last Name"), Some("Department")]);
    world.hr().change_employee_id("PW21", "AN-1").await.unwrap();
    world.hr().delete("AN-1").await.unwrap();

    let got: Vec<Value> = {
        let inbox = inbox.lock().unwrap();
        assert!(inbox.iter().all(|(kind, _)| kind == "application/json; charset=utf-8"));
        inbox.iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect()
    };
    assert_eq!(got.len(), 6);
    let starter = json!({"ActionId": 1, "Action": "New Starter Added", "EmployeeId": "PW21"});
    assert_eq!(got[0], starter);
    assert_eq!(
        got[2],
        json!({"ActionId": 2, "Action": "Employee Detail Updated", "EmployeeId": "PW21",
            "FieldName": "Last Name", "NewValue": "Núñez", "OldValue": "O'Neil",
            "Reason": "Marriage"})
    );
    assert_eq!((&got[4]["EmployeeId"], &got[4]["OldValue"]), (&json!("AN-1"), &json!("PW21")));
    assert_eq!(got[5]["ActionId"], 18);
    assert_eq!(world.hr().hooks().len(), 6);
    assert_eq!(world.one("AN-1").await["Message"], "EmployeeId does not exists.");
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_are_dropped_lost_or_left_to_the_caller() {
    let world = World::of(20).await;
    let leave = Leave {
        leaving_date: date(2026, 8, 1),
        immediately: false,
        blank_email: true,
        reason: String::new(),
    };
    let left = world.hr().leave("PW3", &leave).await.unwrap();
    let outcomes: Vec<_> = left.hooks.iter().map(|h| (h.action_id, h.outcome)).collect();
    assert_eq!(outcomes, [(3, HookOutcome::NotSent), (2, HookOutcome::NotSent)]);
    assert!(left.hooks[0].body.contains("Marked Leaver"));

    let (url, inbox) = receiver();
    world.hr().set_webhook(Some(&url)).unwrap();
    assert!(world.hr().rehire("PW3").await.unwrap().hooks.is_empty());
    let mut faults = Faults::default();
    faults.hooks.dropped = true;
    world.hr().set_faults(faults.clone());
    let dropped = world.hr().leave("PW3", &leave).await.unwrap().hooks;
    assert_eq!((dropped[0].outcome, dropped[0].sent_at), (HookOutcome::Dropped, None));
    assert!(inbox.lock().unwrap().is_empty());
    faults.hooks = HookFaults { tell_rehire: true, doubled: true, ..HookFaults::default() };
    world.hr().set_faults(faults);
    assert_eq!(world.hr().rehire("PW3").await.unwrap().hooks.len(), 2);
    assert_eq!(inbox.lock().unwrap().len(), 2);

    world.hr().set_webhook(Some("http://127.0.0.1:1/secret-token")).unwrap();
    let failed = world.hr().delete("PW3").await.unwrap().hooks;
    assert_eq!((failed[0].outcome, failed[0].status), (HookOutcome::Failed, None));
    assert!(!failed[0].error.as_deref().unwrap().contains("secret-token"));
    assert!(world.hr().set_webhook(Some("nonsense")).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_calls_in_a_sliding_minute_are_refused() {
    let world = World::of(20).await;
    world.hr().set_faults(Faults { throttle_per_minute: Some(3), ..Faults::default() });
    assert_eq!(world.one("PW1").await["Status"], 0);
    world.clock.advance(30_000);
    for status in [0, 0, 5, 5] {
        assert_eq!(world.one("PW1").await["Status"], status);
    }
    let text = "API calls will be limited to a 3 per minute";
    assert_eq!(world.one("PW1").await["Message"], text);
    world.clock.advance(30_000);
    for status in [0, 5] {
        assert_eq!(world.one("PW1").await["Status"], status);
    }
    world.hr().set_faults(Faults { throttle_per_minute: None, ..Faults::default() });
    for _ in 0..60 {
        assert_eq!(world.one("PW1").await["Status"], 0);
    }
    let calls = world.hr().calls();
    assert_eq!(calls[0].employee_id.as_deref(), Some("PW1"));
    assert_eq!(calls[3].status, Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_answers_are_as_odd_as_asked_for() {
    let world = World::of(60).await;
    let all = json!({"APIKey": world.key, "Action": "GetAllEmployeeDetail"}).to_string();
    let good = world.post("/Employee", &all).await.1;
    for (answer, http, status, part) in [
        (OddAnswer::Throttled, 200, Some(5), "limited to a 50 per minute"),
        (OddAnswer::EmptyBody, 200, None, ""),
        (OddAnswer::Html403, 403, None, "<html>"),
        (OddAnswer::Html502, 502, None, "Bad Gateway"),
        (OddAnswer::TruncatedJson, 200, None, "\"EmployeeId\""),
        (OddAnswer::MalformedJson, 200, None, "PW1,"),
        (OddAnswer::EmptyList, 200, Some(0), "\"Result\":[]"),
        (OddAnswer::Status10, 200, Some(10), "\"isError\":false"),
        (OddAnswer::Status6, 200, Some(6), "Oops! Something went wrong."),
        (OddAnswer::Suspended, 200, Some(5), "This company has been suspended."),
        (OddAnswer::TrialExpired, 200, Some(5), "Your trial has expired."),
        (OddAnswer::NoSchemaAccess, 200, Some(5), "No access on employee schema."),
        (OddAnswer::AccessDenied, 200, Some(5), "Access Denied."),
    ] {
        let next = Some(NextAnswers { count: 1, answer });
        world.hr().set_faults(Faults { next, ..Faults::default() });
        let (got_http, text) = world.post("/employee/", &all).await;
        assert_eq!(got_http, http, "{answer:?}");
        assert!(text.contains(part), "{answer:?}: {text}");
        assert_eq!(world.hr().calls().last().unwrap().status, status);
        assert_eq!(serde_json::from_str::<Value>(&text).is_ok(), status.is_some());
        assert!(text.len() < good.len() * 2 / 3);
        assert_eq!(world.post("/QUERY", &all).await.1, good);
    }
    let always = Some(OddAnswer::Status6);
    world.hr().set_faults(Faults { always, ..Faults::default() });
    for _ in 0..3 {
        assert_eq!(world.one("PW1").await["Status"], 6);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_can_be_indented_compressed_and_without_unique_keys() {
    let world = World::of(400).await;
    let plain = world.list(json!({ "IncludeLeavers": "true" })).await;
    assert_eq!(plain.len(), 400);
    assert!(plain[0]["UniqueKey"].is_string());
    world.hr().set_faults(Faults { pretty: true, ..Faults::default() });
    assert_eq!(world.list(json!({ "IncludeLeavers": "true" })).await, plain);
    world.hr().set_faults(Faults { omit_unique_key: true, delay_ms: 1, ..Faults::default() });
    assert!(world.list(json!({})).await[0].get("UniqueKey").is_none());

    world.hr().set_faults(Faults { gzip: true, ..Faults::default() });
    let body = json!({"APIKey": world.key, "Action": "GetAllEmployeeDetail",
        "IncludeLeavers": true});
    let request = world.client.post(format!("{}/Employee", world.sandbox.base_url()));
    let request = request.header("accept-encoding", "gzip").body(body.to_string());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let packed = answer.bytes().await.unwrap();
    let unpacked: Value =
        serde_json::from_reader(flate2::read::GzDecoder::new(packed.as_ref())).unwrap();
    assert_eq!(unpacked["Result"].as_array().unwrap(), &plain);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_routes_do_what_the_methods_do() {
    let world = World::of(20).await;
    let (status, hired) =
        world.control("POST", "/people", json!({"first_name": "Zoë", "last_name": "Ng"})).await;
    assert_eq!((status, &hired["person"]["employee_id"]), (201, &json!("PW21")));
    let (status, edited) =
        world.control("PATCH", "/people/PW21", json!({"department": "R & D"})).await;
    assert_eq!((status, edited["hooks"].as_array().unwrap().len()), (200, 1));
    let day = json!({"leaving_date": "2026-06-30", "blank_email": true});
    assert_eq!(world.control("POST", "/people/PW21/leave", day.clone()).await.0, 200);
    assert_eq!(world.control("POST", "/people/PW21/leave", day).await.0, 409);
    let (_, left) =
        world.control("GET", "/people?standing=left&search=zo%C3%AB%20ng", json!({})).await;
    assert_eq!(left["people"][0]["leaving_date"], "2026-06-30");
    assert_eq!(world.control("POST", "/people/PW21/rehire", json!({})).await.0, 200);
    assert_eq!(world.control("DELETE", "/people/PW21", json!({})).await.0, 200);
    let (status, gone) = world.control("GET", "/people/PW21", json!({})).await;
    assert_eq!(status, 404);
    assert!(gone["error"].as_str().unwrap().contains("\"PW21\""));

    let (status, wrong) = world.control("PATCH", "/people/PW1", json!({"departmnt": "X"})).await;
    assert_eq!(status, 422);
    assert!(wrong["error"].as_str().unwrap().contains("unknown field `departmnt`"));
    let (status, wrong) = world.control("PATCH", "/people/PW1", json!({"reports_to": "?"})).await;
    assert_eq!(
        (status, &wrong["error"]),
        (422, &json!("reports_to: nobody has the employee id \"?\""))
    );

    let (status, key) = world.control("POST", "/keys", json!({})).await;
    assert_eq!((status, key["actions"].as_array().unwrap().len()), (201, 3));
    let path = format!("/keys/{}", key["key"].as_str().unwrap());
    let less = json!({"actions": ["GetEmployeeDetailById"]});
    assert_eq!(world.control("PUT", &path, less).await.0, 204);
    assert_eq!(world.hr().keys().last().unwrap().actions, [Action::GetEmployeeDetailById]);
    assert_eq!(world.control("DELETE", &path, json!({})).await.0, 204);
    assert_eq!(world.control("DELETE", &path, json!({})).await.0, 404);
    assert_eq!(world.control("PUT", &path, json!({})).await.0, 404);
    assert_eq!(
        world.control("PUT", "/webhook", json!({"url": "http://127.0.0.1:9/x"})).await.0,
        200
    );
    assert_eq!(world.hr().webhook().as_deref(), Some("http://127.0.0.1:9/x"));
    let faults = json!({"next": {"count": 2, "answer": "html502"}, "hooks": {"encoding": "form"}});
    let (status, faults) = world.control("PUT", "/faults", faults).await;
    assert_eq!((status, &faults["throttle_per_minute"]), (200, &json!(50)));
    assert_eq!(world.hr().faults().hooks.encoding, HookEncoding::Form);
    assert_eq!(world.control("GET", "/calls", json!({})).await.1, json!({ "calls": [] }));
    assert_eq!(world.control("GET", "/hooks", json!({})).await.1, json!({ "hooks": [] }));
    assert_eq!(world.control("GET", "/nothing", json!({})).await.0, 404);
    let index = world.client.get(format!("{}/_sandbox", world.sandbox.base_url()));
    let index: Value = index.send().await.unwrap().json().await.unwrap();
    assert!(index["people_hr"]["routes"].as_array().unwrap().len() > 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_comes_back_on_a_new_record_can_have_the_old_address() {
    let world = World::of(20).await;
    let first = world.hr().person("PW5").unwrap();
    let email = Some(first.email.clone());
    let hire = Hire { first_name: "A".into(), last_name: "B".into(), email, ..Hire::default() };
    let taken = world.hr().hire(&hire).await.unwrap_err();
    assert_eq!(taken, ChangeError::Conflict("Email already exists.".into()));
    let (leaving_date, reason) = (date(2026, 6, 1), String::new());
    let leave = Leave { leaving_date, immediately: false, blank_email: true, reason };
    world.hr().leave("PW5", &leave).await.unwrap();
    let second = world.hr().hire(&hire).await.unwrap().person;
    assert_eq!(second.email, first.email);
    assert_ne!(second.unique_key, first.unique_key);
    assert_eq!(world.hr().people().len(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn histories_hold_what_was_edited_and_only_one_person_shows_them() {
    let world = World::of(20).await;
    let edit = |role: &str| Edit { job_role: Some(role.into()), ..Edit::default() };
    world.hr().edit("PW5", &edit("Baker")).await.unwrap();
    assert!(world.hr().edit("PW5", &edit("Baker")).await.unwrap().hooks.is_empty());
    let person = world.one("PW5").await["Result"].clone();
    assert_eq!(person["JobRole"]["DisplayValue"], "Baker");
    assert_eq!(person["JobRole"]["FieldHistoryForJobRole"].as_array().unwrap().len(), 1);
    assert_eq!(person["JobRoleChangeDate"]["DisplayValue"], "2026-07-01");
    let list = world.list(json!({})).await;
    assert_eq!(list[4]["JobRole"]["DisplayValue"], "Baker");
    assert_eq!(list[4]["JobRole"]["FieldHistoryForJobRole"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_employee_id_can_hold_anything_in_a_control_route() {
    let world = World::of(20).await;
    world.hr().change_employee_id("PW1", "É/1 %41?#").await.unwrap();
    let (status, person) =
        world.control("GET", "/people/%C3%89%2F1%20%2541%3F%23", json!({})).await;
    assert_eq!((status, &person["employee_id"]), (200, &json!("É/1 %41?#")));
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_can_be_off() {
    let clock = Arc::new(ManualClock::at(NOW));
    let hooks = HookSending::Off;
    let settings = SandboxSettings { hooks, people: 20, ..SandboxSettings::default() };
    let sandbox = start(settings, clock).await.unwrap();
    let (url, inbox) = receiver();
    sandbox.people_hr().set_webhook(Some(&url)).unwrap();
    let hr = Arc::clone(sandbox.people_hr());
    // In a task of its own, as callers on several threads do it.
    let deleted = tokio::spawn(async move { hr.delete("PW4").await }).await.unwrap().unwrap();
    assert_eq!(deleted.hooks[0].outcome, HookOutcome::NotSent);
    assert_eq!(deleted.hooks[0].content_type, "application/json; charset=utf-8");
    assert!(inbox.lock().unwrap().is_empty() && sandbox.people_hr().hooks().is_empty());
}

#[actix_web::test]
async fn it_runs_under_the_runtime_of_actix_too_and_agrees_with_its_snapshot() {
    let world = World::of(50).await;
    let (seen, people) = (world.list(json!({ "IncludeLeavers": true })).await, world.hr().people());
    assert_eq!(seen.len(), people.len());
    for (wire, person) in seen.iter().zip(&people) {
        assert_eq!(wire["EmployeeId"]["DisplayValue"], person.employee_id.as_str());
        assert_eq!(wire["UniqueKey"], person.unique_key.as_str());
        let manager = person.reports_to.as_deref().unwrap_or_default();
        assert_eq!(wire["ReportsToEmployeeId"]["DisplayValue"], manager);
    }
    assert_eq!(world.ids(false).await, world.hr().current_employee_ids());
    world.sandbox.stop().await;
}
