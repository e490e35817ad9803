//! People HR over a real socket: a server that plays scripted answers, and a gate that counts.
//!
//! Long because every kind of answer is tried over one scripted server.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use super::*;
use crate::clock::Timestamp;
use crate::providers::ProbeResult::{Granted, Missing, NotDetermined};
use crate::providers::script::Gate;
use crate::providers::{Probe, ProbeResult};
use crate::texts::Language;

/// One answer: bytes written with pauses between them, then the connection is closed.
type Answer = Vec<Vec<u8>>;

/// Plays its answers in order, one connection each, and keeps the requests.
struct Server {
    url: String,
    requests: JoinHandle<Vec<Request>>,
}

struct Request {
    head: String,
    body: Value,
}

impl Server {
    fn play(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let requests = std::thread::spawn(move || {
            answers
                .into_iter()
                .map(|pieces| {
                    let (mut stream, _) = listener.accept().unwrap();
                    stream.set_nodelay(true).unwrap();
                    let request = read_request(&mut stream);
                    for piece in pieces {
                        // A caller who has heard enough hangs up.
                        if stream.write_all(&piece).and_then(|()| stream.flush()).is_err() {
                            break;
                        }
                        std::thread::sleep(std::time::Duration::from_millis(1));
                    }
                    request
                })
                .collect()
        });
        Self { url, requests }
    }

    fn requests(self) -> Vec<Request> {
        self.requests.join().unwrap()
    }
}

fn read_request(stream: &mut TcpStream) -> Request {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "the request broke off");
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        let Some(end) = text.find("\r\n\r\n") else { continue };
        let (_, after) = text.split_once("content-length: ").unwrap();
        let length: usize = after.split("\r\n").next().unwrap().parse().unwrap();
        if bytes.len() >= end + 4 + length {
            let body = serde_json::from_slice(&bytes[end + 4..]).unwrap();
            return Request { head: text[..end].to_owned(), body };
        }
    }
}

fn http_answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}Connection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn ok(body: &str) -> Answer {
    vec![http_answer("200 OK", "Content-Type: application/json\r\n", body.as_bytes())]
}

fn refusal(status: i64, message: &str) -> Answer {
    ok(&json!({"isError": true, "Status": status, "Message": message, "Result": null}).to_string())
}

fn success(result: Value) -> String {
    json!({"isError": false, "Status": 0, "Message": "The request processed successfully.",
        "Result": result})
    .to_string()
}

fn employee(number: &str) -> Value {
    json!({"EmployeeId": {"DisplayValue": number, "FieldHistory": []},
        "UniqueKey": format!("key-{number}"), "NISNumber": "CANARY"})
}

struct Setup {
    hr: PeopleHr,
    server: Server,
    gate: Arc<Gate>,
}

fn setup_with(calls: u32, answers: Vec<Answer>) -> Setup {
    let server = Server::play(answers);
    let gate = Gate::new(calls, 0);
    let key = Secret::new("00000000-0000-4000-8000-00000000cafe");
    let hr = PeopleHr::new(&server.url, key, HttpClient::build().unwrap(), gate.clone());
    Setup { hr, server, gate }
}

fn setup(answers: Vec<Answer>) -> Setup {
    setup_with(100, answers)
}

impl Setup {
    fn heard(&self) -> Vec<String> {
        self.gate.heard()
    }
}

/// Keeps the numbers it is given, marked by where they came from.
#[derive(Default)]
struct Sink {
    seen: Vec<String>,
    refuses: bool,
}

impl Sink {
    fn take(&mut self, mark: &str, raw: &[u8]) -> Result<(), ProviderError> {
        if self.refuses {
            return Err(ProviderError::Sink { reason: "full".to_owned() });
        }
        let keys = normalise::keys(raw)?;
        self.seen.push(format!("{mark}{}", keys.employee_number.unwrap().as_str()));
        Ok(())
    }
}

impl RecordSink for Sink {
    fn record(&mut self, raw: &[u8]) -> Result<(), ProviderError> {
        self.take("all ", raw)
    }

    fn current(&mut self, raw: &[u8]) -> Result<(), ProviderError> {
        self.take("current ", raw)
    }

    fn unreadable(
        &mut self,
        list: List,
        keys: Option<RecordKeys>,
        _: bool,
    ) -> Result<(), ProviderError> {
        let number = keys.and_then(|keys| keys.employee_number);
        self.seen.push(format!("{list:?} {:?}", number.map(|number| number.0)));
        Ok(())
    }
}

async fn list_error(first: Answer) -> ProviderError {
    let setup = setup(vec![first]);
    let error = setup.hr.list(&mut Sink::default()).await.unwrap_err();
    let shown = format!("{error:?} {error}");
    assert!(!shown.contains("CANARY") && !shown.contains("cafe") && !shown.contains("127."));
    error
}

fn who(number: &str) -> RecordKeys {
    RecordKeys::of_number(EmployeeNumber(number.to_owned()))
}

async fn fetch(answer: Answer) -> Result<Fetched, ProviderError> {
    setup(vec![answer]).hr.fetch(CallLane::Live, &who("PW42")).await
}

fn is_down(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Down { .. })
}

fn is_malformed(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Malformed { .. })
}

#[tokio::test]
async fn s_11_a_list_is_two_calls_streamed_in_order() {
    let everybody = success(json!([employee("1"), employee("2"), employee("3")]));
    let whole = http_answer("200 OK", "", everybody.as_bytes());
    let odd_pieces = whole.chunks(7).map(<[u8]>::to_vec).collect();
    let pretty: Value = serde_json::from_str(&success(json!([employee("1")]))).unwrap();
    let current = ok(&format!("\u{feff}{pretty:#}\r\n"));
    let setup = setup(vec![odd_pieces, current]);
    let mut sink = Sink::default();
    setup.hr.list(&mut sink).await.unwrap();
    assert_eq!(sink.seen, ["all 1", "all 2", "all 3", "current 1"]);
    assert_eq!(setup.heard(), ["Bulk", "Bulk"]);
    let requests = setup.server.requests();
    assert_eq!(requests[0].body["IncludeLeavers"], "true");
    assert_eq!(requests[1].body["IncludeLeavers"], "false");
    for request in &requests {
        assert!(request.head.starts_with("post /employee http/1.1\r\n"), "{}", request.head);
        assert!(request.head.contains("user-agent: rollcall/"), "{}", request.head);
        assert!(request.head.contains("content-type: application/json; charset=utf-8"));
        assert!(request.head.contains("accept-encoding: gzip,br"), "{}", request.head);
        assert!(!request.head.contains("cafe"), "the key belongs into the body");
        assert_eq!(request.body["APIKey"], "00000000-0000-4000-8000-00000000cafe");
    }
}

#[tokio::test]
async fn compressed_answers_are_read() {
    let body = success(employee("PW42"));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body.as_bytes()).unwrap();
    let gzip = encoder.finish().unwrap();
    let answer = http_answer("200 OK", "Content-Encoding: gzip\r\n", &gzip);
    let found = fetch(vec![answer]).await.unwrap();
    assert!(matches!(found, Fetched::Found(_)));
    // The same cut short: never half an answer.
    let cut = http_answer("200 OK", "Content-Encoding: gzip\r\n", &gzip[..gzip.len() / 2]);
    assert!(is_malformed(&list_error(vec![cut]).await));
}

#[tokio::test]
async fn s_30_a_list_that_is_cut_off_is_an_error() {
    let body = success(json!([employee("1"), employee("2")]));
    // The connection breaks: fewer bytes than announced.
    let whole = http_answer("200 OK", "", body.as_bytes());
    for missing in [1, 40, 200] {
        let cut = vec![whole[..whole.len() - missing].to_vec()];
        assert!(is_malformed(&list_error(cut).await), "{missing}");
    }
    // The sender itself stopped: well-formed HTTP, cut JSON.
    for missing in [1, 2, 90] {
        let cut = ok(&body[..body.len() - missing]);
        assert!(is_malformed(&list_error(cut).await), "{missing}");
    }
    // Without a length, the end of the connection is the end of the body.
    let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    let cut = vec![head, body.as_bytes()[..body.len() - 1].to_vec()];
    assert!(is_malformed(&list_error(cut).await));
}

#[tokio::test]
async fn s_30_an_answer_with_nobody_is_never_an_empty_list() {
    for nobody in [json!([]), json!(null), json!({}), json!("")] {
        assert!(is_malformed(&list_error(ok(&success(nobody))).await));
    }
    assert!(is_malformed(&list_error(refusal(10, "No records found.")).await));
    let no_error = json!({"isError": false, "Status": 10, "Message": "", "Result": []});
    assert!(is_malformed(&list_error(ok(&no_error.to_string())).await));
    // The second list is held to the same.
    let first = ok(&success(json!([employee("1")])));
    let setup = setup(vec![first, ok(&success(json!([])))]);
    assert!(is_malformed(&setup.hr.list(&mut Sink::default()).await.unwrap_err()));
}

#[tokio::test]
async fn s_16_a_record_that_is_none_is_one_record() {
    let odd = success(json!([employee("1"), null, "x", employee("2")]));
    let setup = setup(vec![ok(&odd), ok(&odd)]);
    let mut sink = Sink::default();
    setup.hr.list(&mut sink).await.unwrap();
    let expected = ["all 1", "Everybody None", "Everybody None", "all 2"];
    assert_eq!(sink.seen[..4], expected);
    let expected = ["current 1", "Current None", "Current None", "current 2"];
    assert_eq!(sink.seen[4..], expected);
}

#[tokio::test]
async fn s_30_only_200_answers_a_question() {
    let body = success(json!([employee("1")]));
    for status in ["201 Created", "202 x", "203 x", "206 Partial Content", "299 x"] {
        let answer = |body: &str| vec![http_answer(status, "", body.as_bytes())];
        assert!(is_down(&list_error(answer(&body)).await), "{status}");
        let setup = setup(vec![ok(&body), answer(&body)]);
        assert!(is_down(&setup.hr.list(&mut Sink::default()).await.unwrap_err()), "{status}");
        let one = success(employee("PW42"));
        assert!(is_down(&fetch(answer(&one)).await.unwrap_err()), "{status}");
        let nobody = json!({"isError": false, "Status": 10, "Result": null}).to_string();
        assert!(is_down(&fetch(answer(&nobody)).await.unwrap_err()), "{status}");
    }
}

#[tokio::test]
async fn s_16_a_name_twice_at_any_depth_can_not_be_read() {
    for member in [
        r#""EmailId":{"DisplayValue":"a@x.uk","DisplayValue":"b@x.uk"}"#,
        r#""LeavingDate":{"DisplayValue":"","DisplayValue":"2020-01-01"}"#,
        r#""LastName":{"DisplayValue":{"DisplayValue":"A","DisplayValue":"B"}}"#,
        r#""LastName":"A","LastName":"B""#,
    ] {
        let answer = format!(r#"{{"Status":0,"Result":{{"EmployeeId":"PW42",{member}}}}}"#);
        assert!(is_malformed(&fetch(ok(&answer)).await.unwrap_err()), "{member}");
    }
    let other =
        r#"{"Status":0,"Result":{"EmployeeId":{"DisplayValue":"PW42","DisplayValue":"PW43"}}}"#;
    assert!(is_malformed(&fetch(ok(other)).await.unwrap_err()));
    let words = r#"{"Status":0,"Message":"a","Message":"b","Result":{"EmployeeId":"PW42"}}"#;
    assert!(is_malformed(&fetch(ok(words)).await.unwrap_err()));
    // What is not read may say what it likes.
    let history = r#"{"Status":0,"Result":{"EmployeeId":{"DisplayValue":"PW42","H":1,"H":2}}}"#;
    assert!(matches!(fetch(ok(history)).await, Ok(Fetched::Found(_))));
}

#[tokio::test]
async fn s_30_records_before_a_refusal_do_not_make_a_list() {
    let late = r#"{"Result":[{"EmployeeId":"1"}],"isError":true,"Status":5,"Message":"x"}"#;
    assert!(is_malformed(&list_error(ok(late)).await));
    let late = r#"{"Result":[{"EmployeeId":"1"}],"isError":true,"Status":6,"Message":"Oops!"}"#;
    assert!(is_down(&list_error(ok(late)).await));
}

#[tokio::test]
async fn s_40_refusals_of_a_list() {
    let unknown = refusal(5, "API Key does not exists.");
    assert_eq!(list_error(unknown).await, ProviderError::Credential);
    let denied = ProviderError::Permission { permission: Some("Get All Employee Detail") };
    assert_eq!(list_error(refusal(5, "Access Denied.")).await, denied);
    let suspended = refusal(5, "This company has been suspended.");
    assert_eq!(list_error(suspended).await, ProviderError::Suspended);
}

#[tokio::test]
async fn s_44_the_gate_hears_of_throttling() {
    let setup = setup(vec![refusal(5, "API calls will be limited to a 50 per minute")]);
    let error = setup.hr.list(&mut Sink::default()).await.unwrap_err();
    let throttled = ProviderError::Throttled { retry_after_ms: 60_000, calls_per_minute: Some(50) };
    assert_eq!(error, throttled);
    assert_eq!(setup.heard(), ["Bulk", "Bulk", "throttled Some(50)"]);
    let head = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n";
    let error = fetch(vec![head.into()]).await.unwrap_err();
    let throttled = ProviderError::Throttled { retry_after_ms: 90_000, calls_per_minute: None };
    assert_eq!(error, throttled);
}

#[tokio::test]
async fn s_44_without_budget_nothing_is_sent() {
    let spent = ProviderError::BudgetSpent { until: Timestamp(9) };
    for calls in [0, 1] {
        // With one call left, the first list would be read for nothing.
        let setup = setup_with(calls, vec![]);
        assert_eq!(setup.hr.list(&mut Sink::default()).await, Err(spent.clone()));
        assert!(setup.server.requests().is_empty());
    }
    let setup = setup_with(0, vec![]);
    assert_eq!(setup.hr.fetch(CallLane::Live, &who("1")).await, Err(spent.clone()));
    assert_eq!(setup.hr.check().await, Err(spent));
    assert_eq!(setup.heard(), ["Live", "Bulk"]);
}

#[tokio::test]
async fn the_edge_is_not_the_key() {
    let page = b"<html><body>Access Denied. Your API Key does not exist.</body></html>";
    for status in ["403 Forbidden", "404 Not Found", "502 Bad Gateway", "302 Found"] {
        let headers = "Content-Type: text/html\r\nLocation: http://example.com/\r\n";
        let error = list_error(vec![http_answer(status, headers, page)]).await;
        assert!(is_down(&error), "{status} {error:?}");
    }
    let busy = http_answer("503 Service Unavailable", "Retry-After: 120\r\n", b"");
    let error = list_error(vec![busy]).await;
    let reason = "HTTP status 503".to_owned();
    assert_eq!(error, ProviderError::Down { reason, retry_after_ms: Some(120_000) });
    // A page with 200 is no answer of People HR either, and an empty body is its own failure.
    assert!(is_malformed(&list_error(ok("<html></html>")).await));
    assert!(is_down(&list_error(ok("")).await));
    assert!(is_down(&fetch(ok(" \r\n")).await.unwrap_err()));
    assert!(is_malformed(&fetch(ok("<html></html>")).await.unwrap_err()));
    // A refusal that a proxy gave an HTTP status of its own is still read.
    let body = br#"{"isError":true,"Status":2,"Message":"Invalid API Key.","Result":null}"#;
    let proxied = vec![http_answer("401 Unauthorized", "", body)];
    assert_eq!(list_error(proxied).await, ProviderError::Credential);
    let body = br#"{"isError":true,"Status":10,"Message":"No record found.","Result":null}"#;
    let proxied = vec![http_answer("404 Not Found", "", body)];
    assert!(is_down(&fetch(proxied).await.unwrap_err()));
}

#[tokio::test]
async fn s_31_one_person_is_found_or_gone_or_could_not_be_asked_for() {
    let found = fetch(ok(&success(employee(" PW42 ")))).await.unwrap();
    let Fetched::Found(record) = found else { panic!("{found:?}") };
    assert_eq!(record.external_key.as_str(), "key- PW42");
    let cut_name = r#"{"Status":0,"Result":{"EmployeeId":"PW42","FirstName":"A\ud83d"}}"#;
    let found = fetch(ok(cut_name)).await.unwrap();
    let Fetched::Found(record) = found else { panic!("{found:?}") };
    assert_eq!(record.first_name.as_deref(), Some("A\u{fffd}"));
    let gone = ok(&json!({"isError": false, "Status": 10, "Result": null}).to_string());
    for answer in [refusal(5, "EmployeeId does not exists."), refusal(10, "No record found."), gone]
    {
        assert_eq!(fetch(answer).await, Ok(Fetched::Gone));
    }
    for result in [employee("PW43"), employee("pw42"), json!(null), json!({}), json!([])] {
        let error = fetch(ok(&success(result.clone()))).await.unwrap_err();
        assert!(is_malformed(&error), "{result}");
    }
    let denied = ProviderError::Permission { permission: Some("Get Employee Detail By Id") };
    assert_eq!(fetch(refusal(5, "Access Denied.")).await, Err(denied));
    let setup = setup(vec![ok(&success(employee("PW42")))]);
    setup.hr.fetch(CallLane::Live, &who("PW42")).await.unwrap();
    assert_eq!(setup.heard(), ["Live"]);
    assert_eq!(setup.server.requests()[0].body["EmployeeId"], "PW42");
}

#[tokio::test]
async fn answers_are_bounded_after_decompression() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![b' '; limits::ANSWER_BYTES_MAX + 1]).unwrap();
    let bomb = encoder.finish().unwrap();
    let answer = http_answer("200 OK", "Content-Encoding: gzip\r\n", &bomb);
    assert!(is_malformed(&fetch(vec![answer]).await.unwrap_err()));
}

#[tokio::test]
async fn a_sink_that_can_not_go_on_ends_the_list() {
    let setup = setup(vec![ok(&success(json!([employee("1")])))]);
    let mut sink = Sink { refuses: true, ..Sink::default() };
    let error = setup.hr.list(&mut sink).await.unwrap_err();
    assert_eq!(error, ProviderError::Sink { reason: "full".to_owned() });
}

const COMPANY: &str = r#"{"isError":false,"Status":0,"Message":"ok",
    "Result":{"CompanyId":4711,"SubDomain":"x","CompanyName":" Example  Ltd "}}"#;

async fn check(answers: Vec<Answer>) -> (Check, Setup) {
    let setup = setup(answers);
    let check = setup.hr.check().await.unwrap();
    (check, setup)
}

fn results(check: &Check) -> Vec<(&'static str, ProbeResult)> {
    check.probes.iter().map(|probe: &Probe| (probe.permission.name, probe.result)).collect()
}

fn both(list: ProbeResult, by_id: ProbeResult) -> Vec<(&'static str, ProbeResult)> {
    vec![("Get All Employee Detail", list), ("Get Employee Detail By Id", by_id)]
}

#[tokio::test]
async fn l_04_a_good_key() {
    // The list is not read to its end: it never comes.
    let whole =
        http_answer("200 OK", "", success(json!([employee("7"), employee("8")])).as_bytes());
    let begins = vec![whole[..whole.len() - 20].to_vec()];
    let (check, setup) = check(vec![ok(COMPANY), begins, ok(&success(employee("7")))]).await;
    assert!(check.ok() && check.acceptable(), "{check:?}");
    assert_eq!(results(&check), both(Granted, Granted));
    let tenant = check.tenant.unwrap();
    assert_eq!((tenant.key.as_str(), tenant.name.as_str()), ("4711", "Example Ltd"));
    assert_eq!(setup.heard(), ["Bulk", "Bulk", "Bulk"]);
    assert_eq!(setup.server.requests()[2].body["EmployeeId"], "7");
}

#[tokio::test]
async fn l_04_a_refused_key_or_customer() {
    for (answer, error) in [
        (refusal(5, "API Key does not exists."), ProviderError::Credential),
        (refusal(2, "Invalid API Key."), ProviderError::Credential),
        (refusal(5, "Your trial has expired."), ProviderError::Suspended),
    ] {
        // One call is enough to know it.
        let (check, _) = check(vec![answer]).await;
        assert_eq!(check.error, Some(error));
        assert_eq!(results(&check), both(NotDetermined, NotDetermined));
        assert!(!check.acceptable());
    }
}

fn message_of(check: &Check, probe: usize) -> String {
    check.probes[probe].message.in_language(Language::English)
}

#[tokio::test]
async fn l_04_missing_permissions_are_named_as_people_hr_names_them() {
    let list = || ok(&success(json!([employee("7")])));
    let denied = || refusal(5, "Access Denied.");
    // The company's name is not needed.
    let (found, _) = check(vec![denied(), list(), ok(&success(employee("7")))]).await;
    assert!(found.ok() && found.tenant.is_none(), "{found:?}");
    let (found, _) = check(vec![ok(COMPANY), denied()]).await;
    assert_eq!(results(&found), both(Missing, NotDetermined));
    assert!(!found.acceptable());
    let message = message_of(&found, 0);
    assert!(message.contains("“Get All Employee Detail”"), "{message}");
    assert!(message.contains("HR Admin → Settings → API"), "{message}");
    let (found, _) = check(vec![ok(COMPANY), list(), denied()]).await;
    assert_eq!(results(&found), both(Granted, Missing));
    assert!(found.acceptable() && !found.ok(), "a key without it works (L-13)");
    assert!(message_of(&found, 1).contains("“Get Employee Detail By Id”"));
}

#[tokio::test]
async fn l_04_a_bad_moment_is_not_determined() {
    let list = || ok(&success(json!([employee("7")])));
    let busy = || refusal(5, "API calls will be limited to a 30 per minute");
    let (found, setup) = check(vec![busy()]).await;
    assert_eq!(results(&found), both(NotDetermined, NotDetermined));
    assert!(found.acceptable() && !found.ok());
    assert!(message_of(&found, 0).contains("Try again"));
    assert_eq!(setup.heard(), ["Bulk", "throttled Some(30)"]);
    let (found, _) = check(vec![ok(COMPANY), list(), busy()]).await;
    assert_eq!(results(&found), both(Granted, NotDetermined));
    assert!(found.acceptable() && !found.ok());
    let (found, _) = check(vec![ok(COMPANY), ok("")]).await;
    assert_eq!(results(&found), both(NotDetermined, NotDetermined));
    // Nobody there: the list is allowed, but there is nobody to ask for.
    for nobody in [ok(&success(json!([]))), refusal(10, "No records found.")] {
        let (found, _) = check(vec![ok(COMPANY), nobody]).await;
        assert_eq!(results(&found), both(Granted, NotDetermined));
        assert!(found.acceptable());
    }
}
