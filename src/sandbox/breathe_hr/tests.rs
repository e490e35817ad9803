//! The sandbox Breathe HR over HTTP, as a client meets it.

use std::sync::Arc;

use jiff::civil::date;
use serde_json::{Value, json};

use super::*;
use crate::clock::{ManualClock, Timestamp};
use crate::sandbox::testing::{self, Got};
use crate::sandbox::{
    self, CANARIES, CallWindow, Edit, Hire, Leave, NextAnswers, RestAnswer, Sandbox,
    SandboxSettings, Standing,
};

/// Half past eleven in the evening of 1 July 2026 in London, which has summer time.
const NOW: Timestamp = Timestamp(1_782_945_000_000);

struct World {
    sandbox: Sandbox,
    clock: Arc<ManualClock>,
    client: reqwest::Client,
    key: String,
}

impl Got {
    fn relations(&self) -> Vec<(String, String)> {
        let links = self.header("link").unwrap_or_default();
        let link = |text: &str| {
            let (url, relation) = text.split_once(">; rel=\"").unwrap();
            (relation.trim_end_matches('"').to_owned(), url.trim_start_matches('<').to_owned())
        };
        links.split(", ").filter(|text| !text.is_empty()).map(link).collect()
    }

    fn next(&self) -> Option<String> {
        let mut links = self.relations().into_iter();
        links.find(|(relation, _)| relation == "next").map(|(_, url)| url)
    }
}

impl World {
    async fn of(people: usize) -> Self {
        let (sandbox, clock, client) = testing::start_at(NOW, people).await;
        let key = sandbox.breathe_hr().create_key();
        Self { sandbox, clock, client, key }
    }

    fn hr(&self) -> &BreatheHr {
        self.sandbox.breathe_hr()
    }

    async fn get(&self, path: &str) -> Got {
        self.get_url(&format!("{}{path}", self.sandbox.breathe_hr_base_url())).await
    }

    async fn get_url(&self, url: &str) -> Got {
        Got::from(self.client.get(url).header("x-API-key", &self.key)).await
    }

    /// Everybody, by following the links.
    async fn walk(&self, path: &str) -> Vec<Value> {
        let mut got = self.get(path).await;
        let mut all = Vec::new();
        loop {
            assert_eq!(got.http, 200, "{}", got.text);
            all.extend(got.json()["employees"].as_array().unwrap().clone());
            let Some(next) = got.next() else { return all };
            got = self.get_url(&next).await;
        }
    }

    async fn one(&self, id: &str) -> Value {
        let got = self.get(&format!("/employees/{id}")).await;
        assert_eq!(got.http, 200, "{}", got.text);
        got.json()["employees"][0].clone()
    }

    async fn control(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/_sandbox/breathe-hr{path}", self.sandbox.base_url());
        testing::control(&self.client, method, url, body).await
    }

    fn quirks(&self, change: impl FnOnce(&mut BreatheQuirks)) {
        let mut faults = BreatheFaults { throttle_per_minute: None, ..BreatheFaults::default() };
        change(&mut faults.quirks);
        self.hr().set_faults(faults);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_reads_everything_and_every_other_is_refused_alike() {
    let mut world = World::of(20).await;
    let good = world.key.clone();
    assert!(good.starts_with("prod-") && good.len() == 48, "{good}");
    assert_eq!(world.get("/account").await.json()["account"]["id"], 5_001);
    for path in ["/employees", "/employees/100001", "/departments", "/divisions", "/locations/"] {
        assert_eq!(world.get(path).await.http, 200, "{path}");
    }
    let sandbox_key = world.hr().create_key_of(BreatheKeyKind::Sandbox);
    for wrong in ["", "prod-nonsense", &good.to_uppercase(), &sandbox_key] {
        world.key = wrong.to_owned();
        let got = world.get("/employees").await;
        // A string here and an object elsewhere, as recorded.
        assert_eq!((got.http, got.text.as_str()), (401, r#"{"error":"401 Unauthorized"}"#));
        assert_eq!(got.header("content-type"), Some("application/json"));
        assert_eq!(got.header("cache-control"), Some("no-cache"));
        assert!(got.header("x-request-id").is_some());
    }
    world.key = sandbox_key;
    world.quirks(|quirks| quirks.host_is_sandbox = true);
    assert_eq!(world.get("/account").await.http, 200);
    world.key = good.clone();
    assert_eq!(world.get("/account").await.http, 401);
    world.quirks(|_| {});
    world.hr().set_api_enabled(false);
    assert_eq!(world.get("/account").await.http, 401);
    world.hr().set_api_enabled(true);
    assert_eq!(world.get("/account").await.http, 200);
    assert!(world.hr().remove_key(&good) && !world.hr().remove_key(&good));
    assert_eq!(world.get("/account").await.http, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_linked_by_headers_only_and_in_the_recorded_order() {
    let world = World::of(11).await;
    let base = world.sandbox.breathe_hr_base_url();
    let first = world.get("/employees?per_page=3&status=nonsense").await;
    let link = |page: u32, relation: &str| {
        let url = format!("{base}/employees?page={page}&per_page=3&status=nonsense");
        (relation.to_owned(), url)
    };
    assert_eq!(first.relations(), [link(4, "last"), link(2, "next")]);
    assert_eq!((first.header("total"), first.header("per-page")), (Some("11"), Some("3")));
    assert_eq!(first.json().as_object().unwrap().len(), 1);
    let relations = |got: &Got| -> Vec<String> {
        got.relations().into_iter().map(|(relation, _)| relation).collect()
    };
    let second = world.get("/employees?per_page=3&page=2").await;
    assert_eq!(relations(&second), ["first", "prev", "last", "next"]);
    let last = world.get("/employees?per_page=3&page=4").await;
    assert_eq!(relations(&last), ["first", "prev"]);
    assert_eq!(last.json()["employees"].as_array().unwrap().len(), 2);
    let behind = world.get("/employees?per_page=3&page=9").await;
    assert_eq!((behind.http, &behind.json()["employees"]), (200, &json!([])));
    let single = world.get("/employees").await;
    assert_eq!((single.header("link"), single.header("per-page")), (None, Some("25")));
    assert_eq!(world.get("/employees?per_page=500").await.header("per-page"), Some("100"));
    assert_eq!(world.get("/employees?page=0").await.http, 400);
    assert_eq!(world.walk("/employees?per_page=3").await.len(), 11);
    let departments = world.get("/departments?per_page=4").await;
    assert_eq!(departments.header("total"), Some("9"));
    assert!(departments.next().is_some());
    assert_eq!(world.get("/divisions?per_page=1").await.header("total"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_in_one_list_with_a_status_in_words() {
    let world = World::of(60).await;
    let people = world.walk("/employees?per_page=100").await;
    assert_eq!(people.len(), 60);
    let of = |status: &str| people.iter().filter(|one| one["status"] == status).count();
    let statuses = ["Current employee", "Pending leaver", "Ex-employee", "Pending starter"];
    assert_eq!(statuses.map(of), [55, 1, 3, 1]);
    let numbers: Vec<u64> = people.iter().map(|one| one["id"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted() && numbers[0] == 100_001);
    let owner = &people[0];
    for key in ["join_date", "job_title", "department", "line_manager"] {
        assert_eq!(owner[key], Value::Null, "{key}");
    }
    assert_eq!((&owner["hr"], &owner["is_line_manager"]), (&json!(true), &json!(true)));
    let left = people.iter().find(|one| one["status"] == "Ex-employee").unwrap();
    for key in ["line_manager", "job_start_date", "known_as"] {
        assert_eq!(left[key], Value::Null, "{key}");
    }
    assert_eq!((&left["email"], &left["employee_ref"]), (&json!(""), &json!("")));
    assert!(left["department"]["id"].is_u64() && left["job_title"].is_string());
    assert!(people.iter().any(|one| one["person_type"] == "Contractor"));
    let role = |role: &str| format!("/employees?per_page=100&filter={role}");
    let (hr, neither) = (world.walk(&role("hr")).await, world.walk(&role("neither")).await);
    let either = world.walk(&role("either")).await;
    assert!(!hr.is_empty() && either.len() + neither.len() == 60);

    for (seen, person) in people.iter().zip(world.hr().people()) {
        assert_eq!(seen["id"].to_string(), person.unique_key);
        assert_eq!(seen["email"], person.email.as_str());
        if person.standing != Standing::Left && seen["line_manager"]["id"].is_u64() {
            assert_eq!(Some(seen["line_manager"]["id"].to_string()), person.reports_to);
        }
    }
}

/// The keys of the example on the protocol page.
const KEYS: &str = "length_of_service_in_months age full_or_part_time notice_period photo_url \
    working_pattern total_working_hours holiday_allowance line_manager is_line_manager \
    holiday_approver department division location gender statutory_holiday_country \
    receives_statutory_holidays salary status job_start_date job_title hr custom_fields \
    contract_type remuneration_currency duties id account_id first_name middle_name last_name \
    email join_date person_type dob known_as marital_status nationality ethnicity \
    national_insurance_no driving_license ddi work_ext work_mobile personal_mobile home_telephone \
    personal_email address1 address2 address3 city county postcode country linked_in facebook \
    skype twitter bank_name bank_branch sort_code account_number building_society ref_number \
    leaving_date employee_ref contract_provider probation_date created_at updated_at \
    hr_partner_id uuid";

#[tokio::test(flavor = "multi_thread")]
async fn every_record_has_all_keys_and_private_values_are_marked() {
    let world = World::of(60).await;
    let mut keys: Vec<&str> = KEYS.split_whitespace().collect();
    keys.sort_unstable();
    for person in world.walk("/employees").await {
        let got: Vec<&String> = person.as_object().unwrap().keys().collect();
        assert_eq!(got, keys);
        let text = person.to_string();
        let marks = CANARIES.iter().filter(|canary| text.contains(**canary)).count();
        assert!(marks >= 14, "{marks}");
    }
    let text = world.get("/employees/100003").await.text;
    for mark in ["937155.75", "QQ9371", "1951-07-", "CANARY-BANK", "CANARY-GENDER", "93715517"] {
        assert!(text.contains(mark), "{mark}");
    }
    assert_eq!(world.one("100003").await["created_at"].as_str().unwrap().len(), 25);
    let public = format!("{:?}{}", world.hr().people(), world.get("/departments").await.text);
    assert!(!CANARIES.iter().any(|canary| public.contains(canary)));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_hired_edited_and_leave_on_the_day_in_london() {
    let world = World::of(20).await;
    let hire = Hire {
        first_name: "Ann".into(),
        last_name: "O'Neil".into(),
        email: Some("ann@customer.example".into()),
        department: Some("Space Travel".into()),
        reports_to: Some("100002".into()),
        ..Hire::default()
    };
    let ann = world.hr().hire(&hire).unwrap().unique_key;
    assert_eq!(ann, "100021");
    let seen = world.one(&ann).await;
    assert_eq!(
        (&seen["email"], &seen["line_manager"]["id"]),
        (&json!(hire.email), &json!(100_002))
    );
    assert_eq!(seen["department"], json!({"name": "Space Travel", "id": 300_010}));
    let edit = Edit { last_name: Some("Núñez".into()), ..Edit::default() };
    world.hr().edit(&ann, &edit).unwrap();
    let seen = world.one(&ann).await;
    assert_eq!((&seen["last_name"], &seen["id"]), (&json!("Núñez"), &json!(100_021)));
    assert_eq!(seen["updated_at"], "2026-07-01T09:00:00+01:00");
    world.hr().rename_department("Space Travel", "Orbit").unwrap();
    assert_eq!(world.one(&ann).await["department"], json!({"name": "Orbit", "id": 300_010}));
    assert!(world.hr().rename_department("Space Travel", "X").is_err());

    let leave = Leave {
        leaving_date: date(2026, 7, 1),
        immediately: false,
        blank_email: true,
        reason: String::new(),
    };
    world.hr().leave("100002", &leave).unwrap();
    assert_eq!(world.one("100002").await["status"], "Pending leaver");
    assert_eq!(world.one(&ann).await["line_manager"]["id"], 100_002);
    assert!(world.hr().current_ids().contains(&"100002".to_owned()));
    world.clock.advance(31 * Timestamp::MINUTE);
    let gone = world.one("100002").await;
    assert_eq!((&gone["status"], &gone["email"]), (&json!("Ex-employee"), &json!("")));
    assert_eq!(gone["leaving_date"], "2026-07-01");
    // Who left manages nobody any more.
    assert_eq!(world.one(&ann).await["line_manager"], Value::Null);
    assert!(!world.hr().current_ids().contains(&"100002".to_owned()));
    world.hr().rehire("100002").unwrap();
    assert_eq!(world.one("100002").await["status"], "Current employee");
    world.hr().set_status(&ann, Some("On secondment")).unwrap();
    assert_eq!(world.one(&ann).await["status"], "On secondment");

    world.hr().delete(&ann).unwrap();
    let gone = world.get("/employees/100021").await;
    assert_eq!((gone.http, gone.json()), (404, json!({"error": {"type": "Record Not Found"}})));
    assert_eq!(world.walk("/employees").await.len(), 20);
    assert_eq!(world.hr().hire(&hire).unwrap().unique_key, "100022");
    let unknown = world.hr().delete(&ann).unwrap_err().to_string();
    assert!(unknown.contains("the id \"100021\""), "{unknown}");
    let outside = world.get("/staff").await;
    assert_eq!(
        (outside.http, outside.header("content-type")),
        (404, Some("text/html; charset=utf-8"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_calls_a_minute_are_answered() {
    let world = World::of(5).await;
    for _ in 0..60 {
        assert_eq!(world.get("/divisions").await.http, 200);
    }
    let refused = world.get("/divisions").await;
    assert_eq!(refused.json(), json!({"error": {"type": "Rate Limit Reached"}}));
    assert_eq!((refused.http, refused.header("retry-after")), (429, None));
    world.clock.advance(59_999);
    assert_eq!(world.get("/divisions").await.http, 429);
    world.clock.advance(1);
    assert_eq!(world.get("/divisions").await.http, 200);
    let faults = BreatheFaults {
        throttle_per_minute: Some(1),
        throttle_window: CallWindow::Sliding,
        retry_after_seconds: Some(7),
        ..BreatheFaults::default()
    };
    world.hr().set_faults(faults);
    assert_eq!(world.get("/divisions").await.header("retry-after"), Some("7"));
    let calls = world.hr().calls();
    assert_eq!((calls.len(), calls[60].http), (64, 429));
    assert_eq!(calls[60].error.as_deref(), Some("Rate Limit Reached"));
    world.hr().clear_logs();
    assert!(world.hr().calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_answers_are_as_odd_as_asked_for() {
    let world = World::of(30).await;
    let good = world.get("/employees").await.text;
    let error = |http, error_type: &str| RestAnswer::Error { http, error_type: error_type.into() };
    let text = |http, text: &str| RestAnswer::StringError { http, text: text.into() };
    for (answer, http, part, is_json) in [
        (RestAnswer::Throttled, 429, "Rate Limit Reached", true),
        (error(200, "Rate Limit Reached"), 200, r#"{"error":{"type":"Rate Limit Reached"}}"#, true),
        (text(403, "403 Forbidden"), 403, r#"{"error":"403 Forbidden"}"#, true),
        (text(500, "oops"), 500, r#"{"error":"oops"}"#, true),
        (RestAnswer::Html { http: 200 }, 200, "<html>", false),
        (RestAnswer::Html { http: 404 }, 404, "404 Not Found", false),
        (RestAnswer::Html { http: 503 }, 503, "Service Unavailable", false),
        (RestAnswer::EmptyBody { http: 200 }, 200, "", false),
        (RestAnswer::EmptyList, 200, r#"{"employees":[]}"#, true),
        (RestAnswer::EmptyObject, 200, "{}", true),
        (RestAnswer::TruncatedJson, 200, "\"first_name\"", false),
        (RestAnswer::MalformedJson, 200, "employees", false),
    ] {
        let next = Some(NextAnswers { count: 1, answer: answer.clone() });
        let only = Some(BreatheEndpoint::Employees);
        world.hr().set_faults(BreatheFaults { next, only, ..BreatheFaults::default() });
        assert_eq!(world.get("/account").await.http, 200);
        let got = world.get("/employees").await;
        assert_eq!(got.http, http, "{answer:?}");
        assert!(got.text.contains(part), "{answer:?}: {}", got.text);
        assert_eq!(serde_json::from_str::<Value>(&got.text).is_ok(), is_json, "{answer:?}");
        assert!(got.text.len() < good.len() * 2 / 3);
        assert_eq!(world.hr().calls().last().unwrap().http, http);
        assert_eq!(world.get("/employees").await.text, good);
        world.clock.advance(Timestamp::MINUTE);
    }
    let always = Some(text(403, "403 Forbidden"));
    let faults = BreatheFaults { always, let_pass: 2, ..BreatheFaults::default() };
    world.hr().set_faults(faults);
    let mut seen = Vec::new();
    for page in 1..=4 {
        seen.push(world.get(&format!("/employees?per_page=5&page={page}")).await.http);
    }
    assert_eq!(seen, [200, 200, 403, 403]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_can_be_late_or_never_come() {
    let world = World::of(5).await;
    let patience = std::time::Duration::from_millis(100);
    let wait = |answer| BreatheFaults { always: Some(answer), ..BreatheFaults::default() };
    world.hr().set_faults(wait(RestAnswer::Hang));
    assert!(tokio::time::timeout(patience, world.get("/employees")).await.is_err());
    assert_eq!(world.hr().calls().last().unwrap().http, 0);
    world.hr().set_faults(wait(RestAnswer::Stall));
    assert!(tokio::time::timeout(patience, world.get("/employees")).await.is_err());
    let url = format!("{}/employees", world.sandbox.breathe_hr_base_url());
    let mut begun = world.client.get(url).header("x-api-key", &world.key).send().await.unwrap();
    assert!(begun.chunk().await.unwrap().unwrap().starts_with(b"{\"employees\":["));
    drop(begun);
    world.hr().set_faults(BreatheFaults { delay_ms: 50, ..BreatheFaults::default() });
    assert_eq!(world.get("/employees").await.http, 200);
    world.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_and_links_can_be_wrong() {
    let world = World::of(30).await;
    world.quirks(|quirks| quirks.total_error = 2);
    assert_eq!(world.get("/employees").await.header("total"), Some("32"));
    world.quirks(|quirks| quirks.omit_total = true);
    assert_eq!(world.get("/employees").await.header("total"), None);
    world.quirks(|quirks| quirks.next_link = NextLink::Missing);
    assert_eq!(world.get("/employees").await.next(), None);
    world.quirks(|quirks| quirks.next_link = NextLink::SamePage);
    let next = world.get("/employees?per_page=10&page=2").await.next().unwrap();
    assert!(next.ends_with("/employees?page=2&per_page=10"), "{next}");
    world.quirks(|quirks| quirks.next_link = NextLink::FirstPage);
    for page in [1, 3] {
        let next = world.get(&format!("/employees?per_page=10&page={page}")).await.next().unwrap();
        assert!(next.ends_with("/employees?page=1&per_page=10"), "{next}");
    }
    let origin = "http://127.0.0.2:9".to_owned();
    world.quirks(|quirks| quirks.next_link = NextLink::OtherHost { origin });
    let next = world.get("/employees").await.next().unwrap();
    assert_eq!(next, "http://127.0.0.2:9/breathe/v1/employees?page=2");
    world.quirks(|quirks| {
        quirks.account_as_list = true;
        quirks.omit_uuid = true;
        quirks.company_join_date = true;
        quirks.pending_starter_status = "Starter".to_owned();
    });
    assert_eq!(world.get("/account").await.json()["accounts"][0]["id"], 5_001);
    let starter = world.one("100013").await;
    assert_eq!(starter["status"], "Starter");
    assert!(starter.get("uuid").is_none() && starter.get("join_date").is_none());
    assert!(starter["company_join_date"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_routes_do_what_the_methods_do() {
    let world = World::of(20).await;
    let ann = json!({"first_name": "Ann", "last_name": "Lee", "email": "ann@customer.example"});
    let (status, hired) = world.control("POST", "/people", ann.clone()).await;
    assert_eq!((status, &hired["person"]["unique_key"]), (201, &json!("100021")));
    assert_eq!(hired["person"]["email"], "ann@customer.example");
    assert_eq!(world.control("POST", "/people", ann).await.0, 409);
    let renamed = world.control("PATCH", "/people/100021", json!({"last_name": "Ng"})).await;
    assert_eq!((renamed.0, &renamed.1["person"]["last_name"]), (200, &json!("Ng")));
    let day = json!({"leaving_date": "2026-06-30"});
    assert_eq!(world.control("POST", "/people/100021/leave", day).await.0, 200);
    assert_eq!(world.control("POST", "/people/100021/rehire", json!({})).await.0, 200);
    let status = json!({"status": "Odd"});
    assert_eq!(world.control("PUT", "/people/100021/status", status).await.0, 200);
    assert_eq!(world.one("100021").await["status"], "Odd");
    let yes = json!({"contractor": true});
    assert_eq!(world.control("PUT", "/people/100021/contractor", yes).await.0, 200);
    assert_eq!(world.one("100021").await["person_type"], "Contractor");
    assert_eq!(world.control("DELETE", "/people/100021", json!({})).await.0, 200);
    let (status, gone) = world.control("GET", "/people/100021", json!({})).await;
    assert_eq!(status, 404);
    assert!(gone["error"].as_str().unwrap().contains("/_sandbox/breathe-hr/people"));
    let names = json!({"old": "Operations", "new": "Works"});
    assert_eq!(world.control("POST", "/departments/rename", names.clone()).await.0, 204);
    assert_eq!(world.control("POST", "/departments/rename", names).await.0, 409);

    let (status, key) = world.control("POST", "/keys", json!({"kind": "sandbox"})).await;
    let key = key["key"].as_str().unwrap().to_owned();
    assert!(status == 201 && key.starts_with("sandbox-"));
    assert_eq!(world.control("DELETE", &format!("/keys/{key}"), json!({})).await.0, 204);
    assert_eq!(world.control("DELETE", &format!("/keys/{key}"), json!({})).await.0, 404);
    assert_eq!(world.control("PUT", "/api", json!({"enabled": false})).await.0, 200);
    assert!(!world.hr().api_enabled());
    let faults = json!({
        "next": {"count": 1, "answer": {"html": {"http": 502}}},
        "always": "empty_list",
        "only": "employees",
        "quirks": {"next_link": {"other_host": {"origin": "http://x"}}},
    });
    let (status, faults) = world.control("PUT", "/faults", faults).await;
    assert_eq!((status, &faults["throttle_per_minute"]), (200, &json!(60)));
    assert_eq!(world.hr().faults().always, Some(RestAnswer::EmptyList));
    let wrong = json!({"always": {"html": {"http": 99}}});
    let (status, wrong) = world.control("PUT", "/faults", wrong).await;
    assert_eq!(
        (status, &wrong["error"]),
        (422, &json!("always: 99 is no HTTP status from 200 to 599"))
    );
    assert_eq!(world.control("PUT", "/faults", json!({"alway": 1})).await.0, 422);
    assert_eq!(world.control("GET", "/calls", json!({})).await.1["calls"][0]["http"], 200);
    assert_eq!(world.control("DELETE", "/calls", json!({})).await.0, 204);
    assert_eq!(world.control("GET", "/nothing", json!({})).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_settings_make_the_same_company_and_problems_only_when_asked_for() {
    let (one, two) = (World::of(40).await, World::of(40).await);
    assert_eq!(one.hr().people(), two.hr().people());
    let others = one.sandbox.people_hr().people();
    assert_ne!(
        one.hr().people()[5].first_name.clone() + &one.hr().people()[6].first_name,
        others[5].first_name.clone() + &others[6].first_name
    );
    let settings = SandboxSettings { people: 12, problems: 4, ..SandboxSettings::default() };
    let sandbox = sandbox::start(settings, Arc::new(ManualClock::at(NOW))).await.unwrap();
    let people = sandbox.breathe_hr().people();
    assert_eq!(people[8].start_date, "31/02/2024");
    assert_eq!((people[9].email.as_str(), people[10].first_name.as_str()), ("", ""));
    assert!(people[11].last_name.starts_with("  "));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_reading_is_answered() {
    let world = World::of(5).await;
    let url = format!("{}/employees", world.sandbox.breathe_hr_base_url());
    let answer = world.client.post(url).header("x-api-key", &world.key).body("{}").send().await;
    assert_eq!(answer.unwrap().status().as_u16(), 405);
    assert_eq!(world.hr().calls()[0].method, "POST");
    assert_eq!(world.get("/employees/abc").await.http, 400);
}
