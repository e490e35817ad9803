//! HRworks over a real socket.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::clock::{ManualClock, Timestamp};
use crate::domain::employee::ExternalKey;
use crate::providers::ProbeResult::{Granted, Missing, NotDetermined};
use crate::providers::script::{Answer, Gate, Server, Sink, answer, is_down, is_malformed, ok};
use crate::providers::{Probe, ProbeResult};
use crate::secret::Secret;
use crate::texts::Language;

const START: Timestamp = Timestamp(1_795_424_400_000);

struct Setup {
    hr: Hrworks,
    server: Server,
    gate: Arc<Gate>,
    clock: Arc<ManualClock>,
}

fn setup_with(gate: Arc<Gate>, answers: Vec<Answer>) -> Setup {
    let server = Server::play("/v2", answers);
    let clock = Arc::new(ManualClock::at(START));
    let pair = KeyPair {
        access_key: Secret::new("kA7/xExample+Key0001"),
        secret_access_key: Secret::new("3xAmpl3/Secret+canary"),
    };
    let http = HttpClient::build().unwrap();
    let hr = Hrworks::new(&server.base_url, pair, http, clock.clone(), gate.clone());
    Setup { hr, server, gate, clock }
}

/// With a token to begin with.
fn setup(answers: Vec<Answer>) -> Setup {
    setup_with(Gate::new(100, 0), [vec![token(1)], answers].concat())
}

/// A token that is good for 15 minutes from the start of the test.
fn token(number: u32) -> Answer {
    let payload = format!("{{\"exp\":{},\"n\":{number}}}", START.0 / 1_000 + 900);
    ok(&json!({"token": format!("e30.{}.s", URL_SAFE_NO_PAD.encode(payload))}).to_string())
}

fn person(uuid: &str) -> Value {
    json!({"uuid": uuid, "firstName": "A", "lastName": "B", "email": "a@example.de",
        "isActive": true, "birthday": "CANARY", "Kleidergröße": "M",
        "organizationUnit": {"uuid": "u1", "name": "Entwicklung"}})
}

fn persons(uuids: &[&str]) -> String {
    json!({"persons": uuids.iter().map(|uuid| person(uuid)).collect::<Vec<_>>()}).to_string()
}

/// A page whose links have lost our parameters, as may be (§5).
fn page(number: u32, last: u32, uuids: &[&str]) -> Answer {
    let link =
        |page: u32, rel: &str| format!("<{{base}}/persons/master-data?page={page}>; rel=\"{rel}\"");
    let links = if number < last {
        format!("Link: {}, {}\r\n", link(number + 1, "next"), link(last, "last"))
    } else if last > 1 {
        format!("Link: {}\r\n", link(1, "first"))
    } else {
        String::new()
    };
    answer("200 OK", &links, &persons(uuids))
}

fn refusal(status: &str, kind: &str) -> Answer {
    refusal_with(status, kind, json!([]))
}

fn refusal_with(status: &str, kind: &str, additional: Value) -> Answer {
    let code: u16 = status.split(' ').next().unwrap().parse().unwrap();
    let body = json!({"errorCode": code, "type": kind, "errorMessage": "CANARY",
        "additionalErrors": additional});
    answer(status, "", &body.to_string())
}

fn denied() -> Answer {
    refusal("403 Forbidden", "PermissionDeniedError")
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
    RecordKeys { external_key: ExternalKey(key.to_owned()), employee_number: None }
}

async fn fetch(answer: Answer) -> Result<Fetched, ProviderError> {
    setup(vec![answer]).hr.fetch(CallLane::Bulk, &who("p1")).await
}

#[tokio::test]
async fn a_list_keeps_our_parameters_on_every_page() {
    let pages = vec![page(1, 3, &["p1", "p2"]), page(2, 3, &["p3"]), page(3, 3, &["p4"])];
    let setup = setup(pages);
    let mut sink = Sink::default();
    setup.hr.list(&mut sink).await.unwrap();
    assert_eq!(sink.records.len(), 4);
    let text: String =
        sink.records.iter().map(|raw| String::from_utf8(raw.clone()).unwrap()).collect();
    assert!(!text.contains("CANARY") && !text.contains("Kleider"), "{text}");
    let department = setup.hr.normalise(&sink.records[0]).unwrap().department.unwrap();
    assert_eq!((department.key.as_deref(), department.name.as_str()), (Some("u1"), "Entwicklung"));
    assert_eq!(setup.gate.heard(), ["Bulk"; 4], "the token is a call too");
    let requests = setup.server.requests();
    let exchange: Value = serde_json::from_str(&requests[0].body).unwrap();
    assert_eq!(requests[0].line, "POST /v2/authentication");
    assert_eq!(exchange["accessKey"], "kA7/xExample+Key0001");
    assert_eq!(exchange["secretAccessKey"], "3xAmpl3/Secret+canary");
    for (request, page) in requests[1..].iter().zip(1..) {
        let line = format!(
            "GET /v2/persons/master-data?onlyActive=false&personIdentifierType=uuid&page={page}"
        );
        assert_eq!(request.line, line);
        assert!(request.head.contains("cache-control: no-cache"), "{}", request.head);
        assert!(request.head.contains("authorization: bearer e30."), "{}", request.head);
        assert!(request.body.is_empty());
    }
}

#[tokio::test]
async fn a_token_is_used_until_shortly_before_its_end() {
    let one = || ok(&person("p1").to_string());
    let answers = vec![one(), one(), token(2), one()];
    let setup = setup(answers);
    let ask = || async { setup.hr.fetch(CallLane::Bulk, &who("p1")).await.unwrap() };
    ask().await;
    setup.clock.advance(14 * Timestamp::MINUTE - 1);
    ask().await;
    setup.clock.advance(1);
    ask().await;
    let posts = setup.server.lines().into_iter().filter(|line| line.starts_with("POST")).count();
    assert_eq!(posts, 2);
}

#[tokio::test]
async fn an_expired_token_is_renewed_once() {
    for expired in [
        refusal("401 Unauthorized", "InvalidBearerTokenError"),
        refusal("403 Forbidden", "InvalidBearerTokenError"),
        refusal("401 Unauthorized", "SomethingNew"),
        answer("401 Unauthorized", "", ""),
        answer("403 Forbidden", "", "<html>"),
    ] {
        let setup = setup(vec![expired.clone(), token(2), page(1, 1, &["p1"])]);
        assert_eq!(list(&setup).await.unwrap(), ["p1"], "{expired}");
        let requests = setup.server.requests();
        assert_ne!(requests[1].head, requests[3].head, "with the new token");
    }
    let refused = || refusal("401 Unauthorized", "InvalidBearerTokenError");
    assert!(is_down(&list_error(vec![refused(), token(2), refused()]).await));
    // What is not about the token is not asked twice.
    let setup = setup(vec![denied()]);
    list(&setup).await.unwrap_err();
    assert_eq!(setup.server.requests().len(), 2);
}

#[tokio::test]
async fn s_40_errors_are_told_apart_by_type() {
    let denied_error = ProviderError::Permission { permission: Some("Persons, read") };
    let cases = [
        (refusal("403 x", "InvalidCredentialsError"), ProviderError::Credential),
        (refusal("400 x", "InvalidCustomerNumberError"), ProviderError::Suspended),
        (refusal("401 x", "PermissionDeniedError"), denied_error.clone()),
        (refusal("403 x", "SomethingNew"), denied_error.clone()),
        (
            answer("429 x", "Retry-After: 5\r\n", ""),
            ProviderError::Throttled { retry_after_ms: 5_000, calls_per_minute: None },
        ),
    ];
    for (answer, expected) in cases {
        let again = answer.starts_with("HTTP/1.1 401");
        let answers = if again { vec![answer.clone(), token(2), answer] } else { vec![answer] };
        assert_eq!(list_error(answers).await, expected);
    }
    let page = || answer("403 Forbidden", "", "<html>");
    assert_eq!(list_error(vec![page(), token(2), page()]).await, denied_error);
    for (status, kind) in
        [("500 x", "InternalServerError"), ("404 x", "InvalidEndpointError"), ("503 x", "New")]
    {
        assert!(is_down(&list_error(vec![refusal(status, kind)]).await), "{kind}");
    }
    for kind in ["MissingParameterError", "InvalidParameterError", "InvalidParameterTypeError"] {
        let error = list_error(vec![refusal("400 x", kind)]).await;
        let shown = format!("{error:?} {error}");
        assert!(is_malformed(&error) && !shown.contains("CANARY"), "{shown}");
    }
    // A success that is a refusal.
    assert_eq!(list_error(vec![refusal("200 OK", "PermissionDeniedError")]).await, denied_error);
    let busy = answer("503 x", "Retry-After: 9\r\n", "");
    let error = list_error(vec![busy]).await;
    assert!(matches!(error, ProviderError::Down { retry_after_ms: Some(9_000), .. }), "{error:?}");
}

#[tokio::test]
async fn s_40_a_refused_key_pair() {
    let pair =
        |answer| async { list(&setup_with(Gate::new(9, 0), vec![answer])).await.unwrap_err() };
    for answer in [
        refusal("403 Forbidden", "InvalidCredentialsError"),
        refusal("401 Unauthorized", "SomethingNew"),
        refusal("400 Bad Request", "InvalidPayloadError"),
    ] {
        assert_eq!(pair(answer).await, ProviderError::Credential);
    }
    let ended = refusal("403 Forbidden", "InvalidCustomerNumberError");
    assert_eq!(pair(ended).await, ProviderError::Suspended);
    for answer in [answer("403 x", "", "<html>"), answer("502 x", "", "")] {
        assert!(is_down(&pair(answer).await));
    }
    assert!(matches!(pair(answer("429 x", "", "")).await, ProviderError::Throttled { .. }));
    for body in ["{}", "[]", "", r#"{"token":null}"#, r#"{"accessToken":"x"}"#] {
        assert!(is_malformed(&pair(ok(body)).await), "{body}");
    }
}

#[tokio::test]
async fn s_30_a_list_that_may_be_short_is_an_error() {
    let cases = [
        vec![page(1, 1, &[])],
        vec![ok("{}")],
        vec![ok(r#"{"persons":null}"#)],
        vec![ok("<html>")],
        vec![ok(r#"{"persons":[{"uuid":"p1"},"#)],
        vec![page(1, 3, &["p1"]), page(2, 2, &["p2"])],
        vec![page(1, 2, &["p1"]), page(2, 2, &["p1"])],
        vec![page(1, 2, &["p1"]), page(1, 2, &["p3"])],
        vec![page(2, 3, &["p1"])],
        vec![page(1, 2, &[])],
    ];
    for answers in cases {
        let shown = format!("{answers:?}");
        let error = list_error(answers).await;
        assert!(is_malformed(&error), "{error:?} {shown}");
    }
    let error = list_error(vec![page(1, 2, &["p1"]), denied()]).await;
    assert!(matches!(error, ProviderError::Permission { .. }), "a right taken in between");
    let foreign = "Link: <https://evil.example/v2/persons/master-data?page=2>; rel=\"next\"\r\n";
    assert!(is_malformed(&list_error(vec![answer("200 OK", foreign, &persons(&["p1"]))]).await));
    let mut setup = setup(vec![page(1, 9, &["p1"]), page(2, 9, &["p2"])]);
    setup.hr.pages_max = 2;
    assert!(is_malformed(&list(&setup).await.unwrap_err()), "too many pages");
}

#[tokio::test]
async fn s_07_a_record_without_a_uuid_is_listed_and_counts() {
    let body = r#"{"persons":[{"firstName":"A"},{"uuid":"p1"},{"firstName":"B"}]}"#;
    let listed = list(&setup(vec![ok(body)])).await.unwrap();
    assert_eq!(listed, ["", "p1", ""]);
}

#[tokio::test]
async fn s_44_throttling_is_heard_and_waited_out_in_the_middle_of_a_list() {
    let slow = || answer("429 x", "", "");
    let answers = || vec![token(1), page(1, 2, &["p1"]), slow(), page(2, 2, &["p2"])];
    let patient = setup_with(Gate::new(99, 1), answers());
    assert_eq!(list(&patient).await.unwrap(), ["p1", "p2"]);
    let heard = ["Bulk", "Bulk", "Bulk", "throttled None", "wait 60000", "Bulk"];
    assert_eq!(patient.gate.heard(), heard);
    let spent = setup_with(Gate::new(1, 0), vec![token(1)]);
    assert!(matches!(list(&spent).await, Err(ProviderError::BudgetSpent { .. })));
}

#[tokio::test]
async fn s_08_a_department_without_its_name_is_looked_up_once() {
    let nameless = |uuid: &str| {
        let place = json!({"id": "3"});
        json!({"uuid": uuid, "organizationUnitUuid": "u1", "permanentEstablishment": place})
    };
    let people = json!({"persons": [nameless("p1"), nameless("p2")]}).to_string();
    let units = r#"{"organizationUnits":[{"uuid":"u1","number":"20","name":"Entwicklung"}]}"#;
    let places = r#"{"permanentEstablishments":[{"id":"3","name":"Freiburg"}]}"#;
    let found = setup(vec![ok(&people), ok(units), ok(places)]);
    let mut sink = Sink::default();
    found.hr.list(&mut sink).await.unwrap();
    for raw in &sink.records {
        let record = found.hr.normalise(raw).unwrap();
        assert_eq!(record.department.unwrap().name, "Entwicklung");
        assert_eq!(record.office_location.unwrap().name, "Freiburg");
    }
    let lines = found.server.lines();
    assert_eq!(lines[2..], ["GET /v2/organization-units", "GET /v2/permanent-establishments"]);
    // Nobody's department is taken away because it cannot be looked up at the moment.
    assert!(is_down(&list_error(vec![ok(&people), answer("502 x", "", "")]).await));
    // A unit that was deactivated is in no list.
    let gone = r#"{"organizationUnits":[]}"#;
    let setup = setup(vec![ok(&people), ok(gone), ok(places)]);
    let mut sink = Sink::default();
    setup.hr.list(&mut sink).await.unwrap();
    assert_eq!(setup.hr.normalise(&sink.records[0]).unwrap().department, None);
}

#[tokio::test]
async fn l_04_without_general_the_names_come_from_the_other_people() {
    let nameless = json!({"uuid": "p1", "organizationUnitUuid": "u1",
        "permanentEstablishment": {"id": "3"}});
    let alone = json!({"uuid": "p2", "organizationUnitUuid": "u9",
        "permanentEstablishment": {"id": "9"}});
    let mut whole = person("p3");
    whole["permanentEstablishment"] = json!({"id": "3", "name": "Freiburg"});
    let people = json!({"persons": [nameless, alone, whole]}).to_string();
    let setup = setup(vec![ok(&people), denied(), denied()]);
    let mut sink = Sink::default();
    setup.hr.list(&mut sink).await.unwrap();
    let told = |raw: &Vec<u8>| {
        let record = setup.hr.normalise(raw).unwrap();
        let name = |unit: Option<crate::domain::employee::Unit>| unit.map(|unit| unit.name);
        (record.external_key.0, name(record.department), name(record.office_location))
    };
    let mut told: Vec<_> = sink.records.iter().map(told).collect();
    told.sort();
    let freiburg =
        |uuid: &str| (uuid.to_owned(), Some("Entwicklung".to_owned()), Some("Freiburg".to_owned()));
    assert_eq!(told, [freiburg("p1"), ("p2".to_owned(), None, None), freiburg("p3")]);
    assert_eq!(setup.server.lines().len(), 4, "each list is asked for once");
}

#[tokio::test]
async fn s_31_one_person_is_found_or_gone_or_could_not_be_asked_for() {
    let Ok(Fetched::Found(record)) = fetch(ok(&person("p1").to_string())).await else { panic!() };
    assert_eq!(record.external_key.as_str(), "p1");
    let inner =
        |kind: &str, words: &str| json!([{"errorCode": 400, "type": kind, "errorMessage": words}]);
    let same = "InvalidParameterError";
    for words in ["Person p1 does not exist.", "Person p1 existiert nicht."] {
        let answer = refusal_with("400 Bad Request", same, inner(same, words));
        assert_eq!(fetch(answer).await, Ok(Fetched::Gone));
    }
    for answer in [
        // Which parameter it is about is not said; what is said about nobody tells (S-31).
        refusal_with("400 x", same, json!([])),
        refusal_with("400 x", same, json!(null)),
        refusal_with("400 x", same, inner("InvalidParameterTypeError", "x")),
        // A refusal of the kind of identifier would be one of everybody.
        refusal_with("400 x", same, inner(same, "personIdentifierType: unknown")),
        refusal_with("400 x", same, inner(same, "page is invalid")),
        refusal("400 x", "MissingParameterError"),
        ok(&person("p2").to_string()),
        ok("[]"),
        ok("{}"),
    ] {
        let error = fetch(answer).await.unwrap_err();
        assert!(is_malformed(&error), "{error:?}");
    }
    for answer in [
        refusal("404 x", "InvalidEndpointError"),
        answer("404 x", "", "<html>"),
        answer("404 x", "", "{}"),
        refusal("500 x", "InternalServerError"),
    ] {
        assert!(is_down(&fetch(answer).await.unwrap_err()));
    }
    let setup = setup(vec![denied()]);
    let refused = setup.hr.fetch(CallLane::Live, &who("p1")).await.unwrap_err();
    assert_eq!(refused, ProviderError::Permission { permission: Some("Persons, read") });
    assert_eq!(setup.gate.heard(), ["Live", "Live"]);
    let none = setup.hr.fetch(CallLane::Live, &who("../x")).await.unwrap_err();
    assert!(is_malformed(&none));
    let line = "GET /v2/persons/p1/master-data?personIdentifierType=uuid";
    assert_eq!(setup.server.lines()[1], line);
}

#[tokio::test]
async fn s_30_only_200_answers_a_question() {
    let nobody = json!([{"type": "InvalidParameterError", "errorMessage": "does not exist"}]);
    for status in ["201 Created", "206 Partial Content"] {
        let error = list_error(vec![answer(status, "", &persons(&["p1"]))]).await;
        assert!(is_down(&error), "{status} {error:?}");
        let error = fetch(answer(status, "", &person("p1").to_string())).await.unwrap_err();
        assert!(is_down(&error), "{status} {error:?}");
        let refusal = refusal_with(status, "InvalidParameterError", nobody.clone());
        assert!(fetch(refusal).await.is_err(), "{status}");
    }
}

#[tokio::test]
async fn s_16_a_name_twice_at_any_depth_can_not_be_read() {
    for member in [
        r#""organizationUnit":{"uuid":"u1","name":"A","name":"B"}"#,
        r#""superior":{"uuid":"a","uuid":"b"}"#,
        r#""permanentEstablishment":{"id":1,"id":2,"name":"A"}"#,
    ] {
        let record = format!(r#"{{"uuid":"p1","isActive":true,{member}}}"#);
        assert!(is_malformed(&fetch(ok(&record)).await.unwrap_err()), "{member}");
        let setup = setup(vec![ok(&format!(r#"{{"persons":[{record}]}}"#))]);
        let mut sink = Sink::default();
        setup.hr.list(&mut sink).await.unwrap();
        assert_eq!((sink.records.len(), sink.unreadable), (0, vec![Some("p1".to_owned())]));
    }
    // A refusal that says two things does not say that somebody is gone.
    let twice = r#"{"errorCode":400,"type":"InvalidParameterError","errorMessage":"x",
        "additionalErrors":[{"type":"InvalidParameterError","type":"PermissionDeniedError",
        "errorMessage":"does not exist"}]}"#;
    assert!(fetch(answer("400 x", "", twice)).await.is_err());
}

const UNITS: &str = r#"{"organizationUnits":[]}"#;
const PLACES: &str = r#"{"permanentEstablishments":[]}"#;

async fn check(answers: Vec<Answer>) -> Check {
    setup(answers).hr.check().await.unwrap()
}

fn results(check: &Check) -> Vec<(&'static str, ProbeResult)> {
    check.probes.iter().map(|probe: &Probe| (probe.permission.name, probe.result)).collect()
}

fn all(results: [ProbeResult; 4]) -> Vec<(&'static str, ProbeResult)> {
    let (persons, general) = ("Persons, read", "General, read");
    [persons, persons, general, general].into_iter().zip(results).collect()
}

fn one() -> Answer {
    ok(&person("p1").to_string())
}

#[tokio::test]
async fn l_04_a_good_key_pair() {
    let setup = setup(vec![page(1, 2, &["p1"]), one(), ok(UNITS), ok(PLACES)]);
    let check = setup.hr.check().await.unwrap();
    assert!(check.ok() && check.acceptable(), "{check:?}");
    assert_eq!(results(&check), all([Granted; 4]));
    let calls = setup.gate.heard().len();
    assert!(calls <= usize::try_from(limits::PAGED_CHECK_CALLS_MAX).unwrap());
    let lines = setup.server.lines();
    let people = "GET /v2/persons/master-data?onlyActive=true&personIdentifierType=uuid&page=1";
    assert_eq!(lines[1], people);
    assert!(lines[1..].iter().all(|line| line.starts_with("GET /v2/")), "{lines:?}");
}

#[tokio::test]
async fn l_04_missing_permissions_are_named() {
    let found = check(vec![denied(), ok(UNITS), ok(PLACES)]).await;
    assert_eq!(results(&found), all([Missing, NotDetermined, Granted, Granted]));
    assert!(!found.acceptable());
    let words = found.probes[0].message.in_language(Language::English);
    assert!(words.contains("“Persons, read”") && words.contains("HR WORKS-API"), "{words}");
    let found = check(vec![page(1, 1, &["p1"]), one(), denied(), denied()]).await;
    assert_eq!(results(&found), all([Granted, Granted, Missing, Missing]));
    assert!(found.acceptable() && !found.ok(), "General is useful, not necessary");
    let words = found.probes[2].message.in_language(Language::English);
    assert!(words.contains("“General, read”") && words.contains("works without"), "{words}");
    let found = check(vec![page(1, 1, &["p1"]), denied(), ok(UNITS), ok(PLACES)]).await;
    assert_eq!(results(&found), all([Granted, Missing, Granted, Granted]));
}

#[tokio::test]
async fn l_04_a_refused_pair_and_a_bad_moment() {
    let refused = setup_with(Gate::new(9, 0), vec![refusal("403 x", "InvalidCredentialsError")]);
    let found = refused.hr.check().await.unwrap();
    assert_eq!(found.error, Some(ProviderError::Credential));
    assert_eq!(results(&found), all([NotDetermined; 4]));
    assert!(!found.acceptable());
    let slow = || answer("429 x", "", "");
    let found = check(vec![slow()]).await;
    assert_eq!(results(&found), all([NotDetermined; 4]));
    assert!(found.acceptable() && !found.ok());
    let found = check(vec![page(1, 1, &["p1"]), one(), slow(), ok("<html>")]).await;
    assert_eq!(results(&found), all([Granted, Granted, NotDetermined, NotDetermined]));
    // Nobody there yet.
    let found = check(vec![page(1, 1, &[]), ok(UNITS), ok(PLACES)]).await;
    assert_eq!(results(&found), all([Granted, NotDetermined, Granted, Granted]));
    let spent = setup_with(Gate::new(2, 0), vec![token(1), page(1, 1, &["p1"])]);
    assert!(matches!(spent.hr.check().await, Err(ProviderError::BudgetSpent { .. })));
}
