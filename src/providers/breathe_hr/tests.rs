//! Breathe HR over a real socket.

use serde_json::{Value, json};

use super::key::key_problem;
use super::*;
use crate::domain::employee::{EmployeeNumber, ExternalKey};
use crate::providers::ProbeResult::{Granted, NotDetermined};
use crate::providers::script::{Answer, Gate, Server, Sink, answer, is_down, is_malformed, ok};
use crate::providers::{Probe, ProbeResult};
use crate::texts::Language;

const KEY: &str = "prod-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAcanary";

struct Setup {
    hr: BreatheHr,
    server: Server,
    gate: Arc<Gate>,
}

fn setup_with(gate: Arc<Gate>, answers: Vec<Answer>) -> Setup {
    let server = Server::play("/v1", answers);
    let http = HttpClient::build().unwrap();
    let hr = BreatheHr::new(Some(&server.base_url), Secret::new(KEY), http, gate.clone());
    Setup { hr, server, gate }
}

fn setup(answers: Vec<Answer>) -> Setup {
    setup_with(Gate::new(100, 0), answers)
}

fn employee(id: u32) -> Value {
    json!({"id": id, "first_name": "A", "last_name": "B", "email": "a@example.com",
        "status": "Current employee", "national_insurance_no": "CANARY", "age": 7})
}

fn employees(ids: std::ops::Range<u32>) -> String {
    json!({"employees": ids.map(employee).collect::<Vec<_>>()}).to_string()
}

/// A page of this many, with the headers that were recorded (§4).
fn page(number: u32, last: u32, total: usize, ids: std::ops::Range<u32>) -> Answer {
    let link = |page: u32, rel: &str| {
        format!("<{{base}}/employees?page={page}&per_page=100>; rel=\"{rel}\"")
    };
    let mut links = Vec::new();
    if number > 1 {
        links.extend([link(1, "first"), link(number - 1, "prev")]);
    }
    if number < last {
        links.extend([link(last, "last"), link(number + 1, "next")]);
    }
    let link = match links.join(", ") {
        none if none.is_empty() => none,
        links => format!("Link: {links}\r\n"),
    };
    let headers = format!("{link}Total: {total}\r\nPer-Page: 100\r\n");
    answer("200 OK", &headers, &employees(ids))
}

fn single(total: usize, body: &str) -> Answer {
    answer("200 OK", &format!("Total: {total}\r\nPer-Page: 100\r\n"), body)
}

const REFUSED: &str = r#"{"error":"401 Unauthorized"}"#;
const THROTTLED: &str = r#"{"error":{"type":"Rate Limit Reached"}}"#;
const NOT_FOUND: &str = r#"{"error":{"type":"Record Not Found"}}"#;

fn throttled(headers: &str) -> Answer {
    answer("429 Too Many Requests", headers, THROTTLED)
}

async fn list(setup: &Setup) -> Result<Vec<String>, ProviderError> {
    let mut sink = Sink::default();
    setup.hr.list(&mut sink).await?;
    let key = |raw: &Vec<u8>| setup.hr.keys(raw).unwrap().external_key.0;
    Ok(sink.records.iter().map(key).collect())
}

async fn list_error(answers: Vec<Answer>) -> ProviderError {
    list(&setup(answers)).await.unwrap_err()
}

fn who(key: &str) -> RecordKeys {
    let employee_number = Some(EmployeeNumber("EMP007".to_owned()));
    RecordKeys { external_key: ExternalKey(key.to_owned()), employee_number }
}

async fn fetch(answer: Answer) -> Result<Fetched, ProviderError> {
    setup(vec![answer]).hr.fetch(CallLane::Bulk, &who("7")).await
}

#[tokio::test]
async fn a_list_is_read_page_by_page_with_get_only() {
    let pages = vec![page(1, 3, 5, 1..3), page(2, 3, 5, 3..5), page(3, 3, 5, 5..6)];
    let setup = setup(pages);
    let mut sink = Sink::default();
    setup.hr.list(&mut sink).await.unwrap();
    let text = sink.records.iter().map(|raw| String::from_utf8(raw.clone()).unwrap());
    let text: String = text.collect();
    assert!(!text.contains("CANARY") && !text.contains("\"age\""), "{text}");
    assert_eq!(sink.records.len(), 5);
    assert_eq!(setup.gate.heard(), ["Bulk", "Bulk", "Bulk"], "a call is reserved for each");
    let requests = setup.server.requests();
    let lines: Vec<&str> = requests.iter().map(|request| request.line.as_str()).collect();
    let expected = [1, 2, 3].map(|page| format!("GET /v1/employees?page={page}&per_page=100"));
    assert_eq!(lines, expected);
    for request in requests {
        let key = format!("x-api-key: {}", KEY.to_ascii_lowercase());
        assert!(request.head.contains(&key), "{}", request.head);
        assert!(request.body.is_empty());
    }
}

#[tokio::test]
async fn a_single_page_has_no_link() {
    assert_eq!(list(&setup(vec![page(1, 1, 2, 1..3)])).await.unwrap(), ["1", "2"]);
}

#[tokio::test]
async fn s_30_a_list_that_may_be_short_is_an_error() {
    let none = r#"{"employees":[]}"#;
    let cases = [
        vec![single(3, &employees(1..3))],
        vec![single(1, &employees(1..3))],
        vec![page(1, 2, 5, 1..3), page(2, 2, 5, 3..5)],
        vec![ok(&employees(1..3))],
        vec![single(0, none)],
        vec![page(1, 2, 2, 1..3), single(2, none).replace("Total: 2", "Total: 3")],
        vec![single(2, "{}")],
        vec![single(2, r#"{"employees":null}"#)],
        vec![single(2, r#"{"people":[]}"#)],
        vec![single(2, "<html></html>")],
        vec![single(2, r#"{"employees":[{"id":1},{"id":""},{}]}"#)],
        // Cut off.
        vec![single(2, r#"{"employees":[{"id":1},"#)],
        // The pages repeat.
        vec![page(1, 2, 4, 1..3), page(2, 2, 4, 1..3)],
    ];
    for answers in cases {
        let shown = format!("{answers:?}");
        let error = list_error(answers).await;
        assert!(is_malformed(&error), "{error:?} {shown}");
    }
    assert!(is_down(&list_error(vec![ok("")]).await));
    assert!(is_down(&list_error(vec![page(1, 2, 4, 1..3), answer("503 x", "", "sorry")]).await));
}

#[tokio::test]
async fn s_07_a_record_without_an_id_is_listed_and_counts() {
    let body = r#"{"employees":[{"first_name":"A"},{"id":1},{"first_name":"B"}]}"#;
    let listed = list(&setup(vec![single(3, body)])).await.unwrap();
    assert_eq!(listed, ["", "1", ""]);
}

#[tokio::test]
async fn s_16_odd_records_and_people_who_come_twice_count() {
    let odd = "{\"employees\":[{\"id\":1},7,{\"id\":2,\"email\":\"a\nb\"},{\"id\":1}]}";
    let setup = setup(vec![single(4, odd)]);
    let mut sink = Sink::default();
    setup.hr.list(&mut sink).await.unwrap();
    assert_eq!(sink.records.len(), 2);
    assert_eq!(sink.unreadable, [None, Some("2".to_owned())]);
}

#[tokio::test]
async fn s_30_paging_that_does_not_end_is_noticed() {
    let next = |page: u32, ids: std::ops::Range<u32>| {
        let link = format!("Link: <{{base}}/employees?page={page}>; rel=\"next\"\r\nTotal: 9\r\n");
        answer("200 OK", &link, &employees(ids))
    };
    for answers in [
        vec![next(1, 1..3)],
        vec![next(2, 1..3), next(1, 3..5)],
        vec![next(3, 1..3)],
        vec![next(2, 1..1)],
    ] {
        assert!(is_malformed(&list_error(answers).await));
    }
    let mut setup = setup(vec![next(2, 1..3), next(3, 3..5), next(4, 5..7)]);
    setup.hr.pages_max = 3;
    assert!(is_malformed(&list(&setup).await.unwrap_err()));
    assert_eq!(setup.server.requests().len(), 3);
}

#[tokio::test]
async fn a_link_to_another_host_is_not_followed() {
    for target in ["https://evil.example/v1/employees?page=2", "//evil.example/?page=2"] {
        let headers = format!("Link: <{target}>; rel=\"next\"\r\nTotal: 4\r\n");
        let setup = setup(vec![answer("200 OK", &headers, &employees(1..3))]);
        let error = list(&setup).await.unwrap_err();
        assert!(is_malformed(&error) && !error.to_string().contains("evil"), "{error}");
        assert_eq!(setup.server.requests().len(), 1);
    }
}

#[tokio::test]
async fn s_40_errors_are_told_apart_in_both_forms() {
    let refused = answer("401 Unauthorized", "", REFUSED);
    assert_eq!(list_error(vec![refused]).await, ProviderError::Credential);
    assert_eq!(list_error(vec![answer("401 x", "", "")]).await, ProviderError::Credential);
    let denied = answer("403 Forbidden", "", r#"{"error":{"type":"Forbidden"}}"#);
    assert_eq!(list_error(vec![denied]).await, ProviderError::Permission { permission: None });
    // The page of a proxy says nothing about the key.
    assert!(is_down(&list_error(vec![answer("403 Forbidden", "", "<html>")]).await));
    let minute = ProviderError::Throttled { retry_after_ms: 60_000, calls_per_minute: None };
    assert_eq!(list_error(vec![throttled("")]).await, minute);
    let named = ProviderError::Throttled { retry_after_ms: 7_000, calls_per_minute: None };
    assert_eq!(list_error(vec![throttled("Retry-After: 7\r\n")]).await, named);
    // A success may carry an error.
    assert_eq!(list_error(vec![single(2, THROTTLED)]).await, minute);
    assert_eq!(list_error(vec![single(2, REFUSED)]).await, ProviderError::Credential);
    let beside = single(1, r#"{"error":"Oops","employees":[{"id":1}]}"#);
    assert!(is_down(&list_error(vec![beside]).await));
    for status in ["500 x", "503 x", "404 x", "302 Found", "400 x"] {
        let headers = "X-Request-Id: abc-<1>\r\nLocation: http://evil.example/\r\n";
        let error = list_error(vec![answer(status, headers, "CANARY")]).await;
        assert!(is_down(&error), "{error:?}");
        let shown = format!("{error:?} {error}");
        assert!(shown.contains("request abc-1"), "{shown}");
        assert!(!shown.contains("CANARY") && !shown.contains("canary"), "{shown}");
    }
}

#[tokio::test]
async fn s_44_every_call_is_reserved_and_the_gate_hears_of_throttling() {
    let spent = setup_with(Gate::new(1, 0), vec![page(1, 2, 4, 1..3)]);
    let error = list(&spent).await.unwrap_err();
    assert!(matches!(error, ProviderError::BudgetSpent { .. }), "{error:?}");
    let setup = setup(vec![throttled("")]);
    list(&setup).await.unwrap_err();
    assert_eq!(setup.gate.heard(), ["Bulk", "throttled None"]);
}

#[tokio::test]
async fn s_44_in_the_middle_of_a_list_throttling_is_waited_out_if_the_gate_does() {
    let answers = || {
        let wait = throttled("Retry-After: 9\r\n");
        vec![page(1, 2, 4, 1..3), wait, page(2, 2, 4, 3..5)]
    };
    let patient = setup_with(Gate::new(100, 1), answers());
    assert_eq!(list(&patient).await.unwrap(), ["1", "2", "3", "4"]);
    assert_eq!(
        patient.gate.heard(),
        ["Bulk", "Bulk", "throttled None", "wait 9000", "Bulk"],
        "the page is asked for again"
    );
    let mut hasty = setup_with(Gate::new(100, 0), answers());
    assert!(matches!(list(&hasty).await, Err(ProviderError::Throttled { .. })));
    hasty = setup_with(Gate::new(100, 9), vec![throttled("")]);
    assert!(matches!(list(&hasty).await, Err(ProviderError::Throttled { .. })), "at its begin");
}

#[tokio::test]
async fn s_31_one_person_is_found_or_gone_or_could_not_be_asked_for() {
    let Ok(Fetched::Found(record)) = fetch(ok(&employees(7..8))).await else { panic!() };
    assert_eq!(record.external_key.as_str(), "7");
    for body in [NOT_FOUND, "{}", r#"{"status":404,"error":"Not Found"}"#] {
        assert_eq!(fetch(answer("404 Not Found", "", body)).await, Ok(Fetched::Gone), "{body}");
    }
    for body in ["", "<html>", "[]", "null", r#""x""#] {
        let error = fetch(answer("404 Not Found", "", body)).await.unwrap_err();
        assert!(is_down(&error), "{body}");
    }
    for body in [employees(8..9), employees(7..9), employees(7..7), "{}".to_owned()] {
        assert!(is_malformed(&fetch(ok(&body)).await.unwrap_err()), "{body}");
    }
    for (status, body) in [("200 OK", NOT_FOUND), ("410 Gone", NOT_FOUND), ("500 x", NOT_FOUND)] {
        assert!(is_down(&fetch(answer(status, "", body)).await.unwrap_err()), "{status}");
    }
    let setup = setup(vec![answer("401 x", "", REFUSED)]);
    let refused = setup.hr.fetch(CallLane::Live, &who("7")).await;
    assert_eq!(refused, Err(ProviderError::Credential));
    assert_eq!(setup.gate.heard(), ["Live"]);
    assert_eq!(setup.server.lines(), ["GET /v1/employees/7"]);
}

#[tokio::test]
async fn s_30_only_200_answers_a_question() {
    for status in ["201 Created", "204 No Content", "206 Partial Content"] {
        let headers = "Total: 2\r\nPer-Page: 100\r\n";
        let error = list_error(vec![answer(status, headers, &employees(1..3))]).await;
        assert!(is_down(&error), "{status} {error:?}");
        let error = fetch(answer(status, "", &employees(7..8))).await.unwrap_err();
        assert!(is_down(&error), "{status} {error:?}");
    }
}

#[tokio::test]
async fn s_16_a_name_twice_at_any_depth_can_not_be_read() {
    for member in [
        r#""department":{"name":"A","name":"B"}"#,
        r#""line_manager":{"id":1,"id":2}"#,
        r#""email":"a@x.uk","email":"b@x.uk""#,
    ] {
        let body = format!(r#"{{"employees":[{{"id":7,{member}}}]}}"#);
        assert!(is_malformed(&fetch(ok(&body)).await.unwrap_err()), "{member}");
        let setup = setup(vec![single(1, &body)]);
        let mut sink = Sink::default();
        setup.hr.list(&mut sink).await.unwrap();
        assert_eq!((sink.records.len(), sink.unreadable), (0, vec![Some("7".to_owned())]));
    }
    // Two errors beside a list are one at least.
    let two = r#"{"error":"a","error":"b","employees":[{"id":7}]}"#;
    assert!(is_down(&list_error(vec![single(1, two)]).await));
    assert!(is_down(&fetch(ok(two)).await.unwrap_err()));
}

#[tokio::test]
async fn a_key_or_id_that_can_not_be_one_is_not_sent() {
    let gate = Gate::new(9, 0);
    for key in ["prod-short", "00000000-0000-4000-8000-00000000cafe", "prod-A\r\nX: y", ""] {
        let http = HttpClient::build().unwrap();
        let base_url = Some("http://127.0.0.1:1/v1");
        let hr = BreatheHr::new(base_url, Secret::new(key), http, gate.clone());
        let asked = hr.fetch(CallLane::Bulk, &who("7")).await;
        assert_eq!(asked, Err(ProviderError::Credential), "{key}");
    }
    let setup = setup(Vec::new());
    for id in ["..", "7/../8", "7?x", ""] {
        assert!(is_malformed(&setup.hr.fetch(CallLane::Bulk, &who(id)).await.unwrap_err()));
    }
    assert!(gate.heard().is_empty() && setup.gate.heard().is_empty());
}

#[test]
fn l_04_the_shape_of_a_key() {
    let chars = "A".repeat(43);
    for good in [format!("prod-{chars}"), format!("sandbox-{chars}"), KEY.to_owned()] {
        assert_eq!(key_problem(&good), None, "{good}");
    }
    let long = format!("prod-{}", "A".repeat(300));
    let cut = format!("prod-{}", "A".repeat(42));
    let bare = "A".repeat(48);
    let blank = format!("prod-{chars} ");
    let broken = format!("prod-{chars}\n{chars}");
    for bad in [&long, &cut, &bare, &blank, &broken, "", "prod-"] {
        let problem = key_problem(bad).unwrap_or_else(|| panic!("{bad}"));
        let problem = problem.in_language(Language::English);
        assert!(!problem.contains("AAA"), "{problem}");
    }
}

const ACCOUNT: &str = r#"{"account":{"id":5001,"name":" Example  Ltd ","domain":"example"}}"#;
const DEPARTMENTS: &str = r#"{"departments":[{"id":300003,"name":"IT"}]}"#;
const LOCATIONS: &str = r#"{"locations":[]}"#;

async fn check(answers: Vec<Answer>) -> (Check, Setup) {
    let setup = setup(answers);
    let check = setup.hr.check().await.unwrap();
    (check, setup)
}

fn results(check: &Check) -> Vec<(&'static str, ProbeResult)> {
    check.probes.iter().map(|probe: &Probe| (probe.permission.name, probe.result)).collect()
}

fn all(results: [ProbeResult; 4]) -> Vec<(&'static str, ProbeResult)> {
    ["Employees", "Employee", "Departments", "Locations"].into_iter().zip(results).collect()
}

fn first() -> Answer {
    single(2, &employees(7..8))
}

#[tokio::test]
async fn l_04_a_good_key() {
    let answers = vec![ok(ACCOUNT), first(), ok(&employees(7..8)), ok(DEPARTMENTS), ok(LOCATIONS)];
    let (check, setup) = check(answers).await;
    assert!(check.ok() && check.acceptable(), "{check:?}");
    assert_eq!(results(&check), all([Granted; 4]));
    let words = check.probes[0].message.in_language(Language::English);
    assert!(words.contains("can read and write all HR data"), "{words}");
    assert!(words.contains("Rollcall only reads"), "{words}");
    let tenant = check.tenant.unwrap();
    assert_eq!((tenant.key.as_str(), tenant.name.as_str()), ("5001", "Example Ltd"));
    let calls = setup.gate.heard().len();
    assert!(calls <= usize::try_from(limits::PAGED_CHECK_CALLS_MAX).unwrap());
    let lines = setup.server.lines();
    assert!(lines.iter().all(|line| line.starts_with("GET /v1/")), "{lines:?}");
    assert_eq!(lines[1..3], ["GET /v1/employees?page=1&per_page=1", "GET /v1/employees/7"]);
}

#[tokio::test]
async fn l_04_a_refused_key_names_all_causes() {
    let (found, setup) = check(vec![answer("401 x", "", REFUSED)]).await;
    assert_eq!(found.error, Some(ProviderError::Credential));
    assert!(!found.acceptable());
    assert_eq!(results(&found), all([NotDetermined; 4]));
    let words = found.probes[0].message.in_language(Language::English);
    for cause in ["not copied whole", "changed", "switched off", "sandbox"] {
        assert!(words.contains(cause), "{words}");
    }
    // One call is enough to know it.
    assert_eq!(setup.server.requests().len(), 1);
}

#[tokio::test]
async fn l_04_what_is_not_needed_may_be_missing() {
    let no = || answer("404 Not Found", "", NOT_FOUND);
    let accounts = r#"{"accounts":[{"id":5001,"name":"Example Ltd"}]}"#;
    let answers = vec![ok(accounts), first(), ok(&employees(7..8)), no(), answer("403 x", "", "")];
    let (found, _) = check(answers).await;
    assert!(found.acceptable() && !found.ok());
    assert_eq!(results(&found), all([Granted, Granted, NotDetermined, NotDetermined]));
    assert_eq!(found.tenant.unwrap().name, "Example Ltd");
    // No account: the company's key stands in each record too.
    let somebody = single(1, r#"{"employees":[{"id":7,"account_id":5001}]}"#);
    let answers = vec![no(), somebody, ok(&employees(7..8)), ok(DEPARTMENTS), ok(LOCATIONS)];
    let (found, _) = check(answers).await;
    assert_eq!(found.tenant.map(|tenant| tenant.key).as_deref(), Some("5001"));
    // Nobody there yet.
    let none = single(0, r#"{"employees":[]}"#);
    let (found, _) = check(vec![ok(ACCOUNT), none, ok(DEPARTMENTS), ok(LOCATIONS)]).await;
    assert_eq!(results(&found), all([Granted, NotDetermined, Granted, Granted]));
}

#[tokio::test]
async fn l_04_a_bad_moment_is_not_determined() {
    for answers in [
        vec![throttled("")],
        vec![ok(ACCOUNT), throttled("")],
        vec![ok(ACCOUNT), answer("503 x", "", "")],
        vec![ok(ACCOUNT), ok("<html>")],
    ] {
        let (found, _) = check(answers).await;
        assert_eq!(results(&found), all([NotDetermined; 4]));
        assert!(found.acceptable() && !found.ok());
    }
    let setup = setup_with(Gate::new(2, 0), vec![ok(ACCOUNT), first()]);
    let error = setup.hr.check().await.unwrap_err();
    assert!(matches!(error, ProviderError::BudgetSpent { .. }));
}

#[tokio::test]
async fn a_sink_that_can_not_go_on_ends_the_list() {
    let setup = setup(vec![page(1, 1, 2, 1..3)]);
    let mut sink = Sink { refuses: true, ..Sink::default() };
    let error = setup.hr.list(&mut sink).await.unwrap_err();
    assert_eq!(error, ProviderError::Sink { reason: "full".to_owned() });
}
