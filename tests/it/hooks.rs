//! Webhooks of People HR: hints that lead to a look and never to a change by themselves
//! (S-01 … S-03).
//!
//! Long because each form and each end of a hint is tried.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use rollcall::sandbox::{Edit, HookEncoding, HookFaults};
use serde_json::json;

use crate::hr::{agrees_with_hr, hooks, person};
use crate::support::{Connected, Options, TestApp, behaviours};
use crate::testdb::{Engine, Raw};

behaviours!(
    s_02_every_form_of_body_leads_to_the_right_person,
    s_02_the_forms_the_sandbox_sends_are_all_understood,
    s_02_what_can_not_be_read_is_a_look_at_everybody,
    s_02_other_modules_and_looks_at_the_address_store_nothing,
    s_02_a_body_is_bounded_before_and_after_decompression,
    s_02_an_unknown_token_is_answered_without_it,
    l_11_what_pasting_put_behind_the_token_does_not_matter,
    s_01_values_in_a_body_are_neither_applied_nor_stored,
    s_03_hooks_for_one_person_are_one_look,
    s_03_hooks_during_a_look_are_one_more_look,
    s_03_more_than_twenty_people_are_two_calls,
    s_03_more_people_than_calls_are_left_are_two_calls,
    s_03_doubled_and_reordered_hooks_converge,
    s_06_a_lost_hook_costs_only_time,
);

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const TEXT: &str = "text/plain";
/// In nobody's record.
const MARKER: &str = "Zm4rkerZ";

/// Sends a request to a webhook address; status and body of the answer.
async fn send(
    app: &TestApp,
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> (u16, String) {
    let mut request = app.client.request(method, url).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.expect("the gateway answers");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

async fn post(app: &TestApp, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> u16 {
    send(app, Method::POST, url, headers, body).await.0
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).expect("memory");
    encoder.finish().expect("memory")
}

fn object(employee_id: &str) -> String {
    json!({
        "ActionId": 2, "Action": "Employee Detail Updated", "EmployeeId": employee_id,
        "FieldName": "Last Name", "NewValue": "Péter, O'Neill: 50%", "OldValue": "", "Reason": "",
    })
    .to_string()
}

fn utf_16(text: &str, to_bytes: fn(u16) -> [u8; 2], mark: bool) -> Vec<u8> {
    let mark = mark.then_some('\u{feff}');
    let text: String = mark.into_iter().chain(text.chars()).collect();
    text.encode_utf16().flat_map(to_bytes).collect()
}

fn latin_1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("a latin character")).collect()
}

fn form(pairs: &[(&str, &str)]) -> Vec<u8> {
    serde_urlencoded::to_string(pairs).expect("a form").into_bytes()
}

/// Every form of protocols/people-hr.md §5.7 in which a hook can name `id`.
fn forms(id: &str) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let json = object(id);
    let bytes = |text: &str| text.as_bytes().to_vec();
    let quoted = serde_json::to_string(&json).expect("JSON");
    let with_mark = format!("\u{feff}{json}");
    let fields = [("ActionId", "2"), ("EmployeeId", id), ("NewValue", "a&b=c")];
    let listed = format!(
        "ActionId:2, Action:Employee Detail Updated, EmployeeId:{id}, FieldName:Other Name(s), \
         NewValue:He said: yes, ActionId:8, OldValue:, Reason:"
    );
    let declared = "application/json; charset=utf-16";
    vec![
        ("object", JSON, bytes(&json)),
        ("array", JSON, bytes(&format!("[{json}]"))),
        ("JSON in a JSON string", JSON, bytes(&quoted)),
        ("form", FORM, form(&fields)),
        ("one field, value", FORM, form(&[("payload", &json)])),
        ("one field, name", FORM, form(&[(&json, "")])),
        ("text", TEXT, bytes(&listed)),
        ("byte order mark", JSON, bytes(&with_mark)),
        ("UTF-16 LE with mark", JSON, utf_16(&json, u16::to_le_bytes, true)),
        ("UTF-16 BE with mark", JSON, utf_16(&json, u16::to_be_bytes, true)),
        ("UTF-16 without mark", declared, utf_16(&json, u16::to_le_bytes, false)),
        ("latin-1, undeclared", JSON, latin_1(&json)),
        ("latin-1", "text/plain; charset=iso-8859-1", latin_1(&json)),
        ("JSON called text", TEXT, bytes(&json)),
        ("JSON called form", FORM, bytes(&json)),
        ("JSON called bytes", "application/octet-stream", bytes(&json)),
        ("JSON called nonsense", "nonsense", bytes(&json)),
        ("form called JSON", JSON, form(&fields)),
        ("text called form", FORM, bytes(&listed)),
        ("text JSON", "text/json", bytes(&json)),
        ("other keys", JSON, bytes(&format!(r#"{{"actionid":"1","employeeid":"{id}"}}"#))),
        (
            "by name",
            JSON,
            bytes(&format!(r#"{{"Action":"New Starter Added","EmployeeID":"{id}"}}"#)),
        ),
    ]
}

async fn s_02_every_form_of_body_leads_to_the_right_person(app: TestApp) {
    let connected = app.connected().await;
    // Ids as customers have them: with letters, with leading zeros, with an underscore.
    for id in ["PW5", "0018", "CZ_28"] {
        for (name, content_type, body) in forms(id) {
            app.hr().clear_logs();
            let compressed = gzip(&body);
            let url = &connected.hook_url;
            assert_eq!(app.hook(url, content_type, body).await, 202, "{name}");
            app.drain().await;
            assert_eq!(app.looks(), [id], "{name}");
            let headers = [("content-type", content_type), ("content-encoding", "gzip")];
            assert_eq!(post(&app, url, &headers, compressed).await, 202, "{name}, gzip");
            app.drain().await;
            assert_eq!(app.looks(), [id, id], "{name}, gzip");
            assert_eq!(app.lists(), 0, "{name}");
        }
    }
    let hire = rollcall::sandbox::Hire {
        employee_id: Some("312".to_owned()),
        ..person("Ann", "Lee", "ann.lee@acme.example")
    };
    app.hire(&hire).await;
    app.drain().await;
    app.hr().clear_logs();
    let as_number = r#"{"ActionId":2,"EmployeeId":312}"#;
    assert_eq!(app.hook(&connected.hook_url, JSON, as_number).await, 202);
    app.drain().await;
    assert_eq!(app.looks(), ["312"]);
    let no_type = send(&app, Method::POST, &connected.hook_url, &[], object("PW5").into()).await;
    assert_eq!(no_type.0, 202);
    let several = format!("[{},{}]", object("PW6"), object("PW7"));
    assert_eq!(app.hook(&connected.hook_url, JSON, several).await, 202);
    app.drain().await;
    let mut looks = app.looks();
    looks.sort();
    assert_eq!(looks, ["312", "PW5", "PW6", "PW7"]);
}

async fn s_02_the_forms_the_sandbox_sends_are_all_understood(app: TestApp) {
    let connected = app.connected().await;
    let encodings = [
        HookEncoding::Json,
        HookEncoding::Form,
        HookEncoding::JsonInForm,
        HookEncoding::JsonInString,
        HookEncoding::Text,
    ];
    for (number, encoding) in encodings.into_iter().enumerate() {
        for (in_array, string_action_id) in [(false, false), (true, true)] {
            let faults = HookFaults { encoding, in_array, string_action_id, ..Default::default() };
            app.hr().set_faults(hooks(faults));
            let last_name = format!("Müller, Ash: {number}{in_array}");
            app.edit("PW5", Edit { last_name: Some(last_name), ..Edit::default() }).await;
            app.drain().await;
            agrees_with_hr(&app, &connected).await;
        }
    }
    assert_eq!(app.runs(&connected).await.len(), 1, "no full sync was needed");
}

async fn s_02_what_can_not_be_read_is_a_look_at_everybody(app: TestApp) {
    let connected = app.connected().await;
    let cases: [(&str, &[u8]); 9] = [
        ("empty", b""),
        ("blank", b" \r\n"),
        ("noise", b"\xff\x00\x13\x37"),
        ("a number", b"42"),
        ("an empty array", b"[]"),
        ("nobody is named", br#"{"ActionId":2}"#),
        ("unknown action", br#"{"ActionId":99,"EmployeeId":"PW5"}"#),
        ("action in a gap", br#"{"ActionId":20,"EmployeeId":"PW5"}"#),
        ("cut off", br#"{"ActionId":2,"Emplo"#),
    ];
    for (name, body) in cases {
        app.hr().clear_logs();
        assert_eq!(app.hook(&connected.hook_url, JSON, body).await, 202, "{name}");
        app.drain().await;
        assert_eq!((app.lists(), app.looks().len()), (2, 0), "{name}");
    }
    let mut broken = gzip(object("PW5").as_bytes());
    broken.truncate(broken.len() / 2);
    for body in [broken, object("PW5").into_bytes()] {
        app.hr().clear_logs();
        let headers = [("content-type", JSON), ("content-encoding", "gzip")];
        assert_eq!(post(&app, &connected.hook_url, &headers, body).await, 202);
        app.drain().await;
        assert_eq!((app.lists(), app.looks().len()), (2, 0), "broken gzip");
    }
}

fn stored_hints(app: &TestApp) -> Vec<String> {
    app.raw().values("SELECT CAST(COUNT(*) AS TEXT) AS value FROM inbox")
}

async fn s_02_other_modules_and_looks_at_the_address_store_nothing(app: TestApp) {
    let connected = app.connected().await;
    app.hr().clear_logs();
    let before = stored_hints(&app);
    for action in [4, 8, 16, 25, 31, 54] {
        let body = json!({"ActionId": action, "EmployeeId": "PW5", "Comments": "x"}).to_string();
        assert_eq!(app.hook(&connected.hook_url, JSON, body).await, 202, "{action}");
    }
    for method in [Method::GET, Method::HEAD] {
        let (status, _) = send(&app, method, &connected.hook_url, &[], Vec::new()).await;
        assert_eq!(status, 200);
    }
    app.drain().await;
    assert_eq!(stored_hints(&app), before);
    assert!(app.hr().calls().is_empty());
}

async fn s_02_a_body_is_bounded_before_and_after_decompression(app: TestApp) {
    let connected = app.connected().await;
    let url = &connected.hook_url;
    let padded = |length: usize| {
        let body = object("PW5");
        format!("{body}{}", " ".repeat(length - body.len())).into_bytes()
    };
    let gzipped = [("content-type", JSON), ("content-encoding", "gzip")];
    app.hr().clear_logs();
    assert_eq!(app.hook(url, JSON, padded(64 * 1024)).await, 202);
    app.drain().await;
    assert_eq!(post(&app, url, &gzipped, gzip(&padded(64 * 1024))).await, 202);
    app.drain().await;
    assert_eq!(app.looks(), ["PW5", "PW5"]);
    let before = stored_hints(&app);
    assert_eq!(app.hook(url, JSON, padded(64 * 1024 + 1)).await, 413);
    assert_eq!(post(&app, url, &gzipped, gzip(&padded(64 * 1024 + 1))).await, 413);
    assert_eq!(post(&app, url, &gzipped, gzip(&vec![b' '; 50_000_000])).await, 413);
    assert_eq!(stored_hints(&app), before);
    // The connection and the address go on working.
    assert_eq!(app.hook(url, JSON, object("PW6")).await, 202);
}

async fn s_02_an_unknown_token_is_answered_without_it(app: TestApp) {
    let connected = app.connected().await;
    let (address, token) = connected.hook_url.rsplit_once('/').expect("a URL with a token");
    let wrong = format!("A{MARKER}{}", &token[9..]);
    for method in [Method::GET, Method::POST] {
        let url = format!("{address}/{wrong}");
        let (status, body) = send(&app, method, &url, &[], object("PW5").into()).await;
        assert_eq!(status, 404);
        assert!(!body.contains(MARKER) && !body.contains(&wrong), "{body}");
    }
}

async fn l_11_what_pasting_put_behind_the_token_does_not_matter(app: TestApp) {
    let connected = app.connected().await;
    let (address, token) = connected.hook_url.rsplit_once('/').expect("a URL with a token");
    let behind = [
        "/",
        "//",
        "%20",
        "%20%20",
        "%0D%0A",
        "%0A",
        "%09",
        "%C2%A0",
        "%A0",
        "%E2%80%8B",
        "%2F",
        "%20%0D%0A",
        "/%20",
        "/%0D%0A/",
        "?x=1",
        "/?x=1&y=%20",
        "%20?x",
        "%22",
        "%3E",
        "%2520",
    ];
    for behind in behind {
        app.hr().clear_logs();
        let url = format!("{}{behind}", connected.hook_url);
        let raw = |method: &str| format!("{method} {} HTTP/1.1", path_of(&url));
        assert_eq!(raw_status(&app, &raw("GET"), "").await, 200, "{behind}");
        assert_eq!(raw_status(&app, &raw("POST"), &object("PW5")).await, 202, "{behind}");
        app.drain().await;
        assert_eq!(app.looks(), ["PW5"], "{behind}");
    }
    // Something else is another address, and no answer repeats the token.
    for behind in ["/x", "%20x", "x", "/../x", "%C3%A4"] {
        let url = format!("{address}/{token}{behind}");
        let (status, body) = send(&app, Method::POST, &url, &[], object("PW5").into()).await;
        assert_eq!(status, 404, "{behind}");
        assert!(!body.contains(token), "{body}");
    }
    assert!(!crate::evidence::logged().contains(token));
}

/// The path and query of a URL as it is written.
fn path_of(url: &str) -> &str {
    let start = url.find("/hooks/").expect("a webhook URL");
    &url[start..]
}

/// Sends a request as it is written, because clients mend addresses; the answer's status.
async fn raw_status(app: &TestApp, line: &str, body: &str) -> u16 {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(app.running.address).await.expect("a server");
    let length = body.len();
    let request = format!(
        "{line}\r\nHost: gateway\r\nContent-Type: {JSON}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.expect("it is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

/// Where a text is in the database.
pub fn places_of(raw: &mut Raw, engine: Engine, text: &str) -> Vec<String> {
    let tables = match engine {
        Engine::Sqlite => "SELECT name AS value FROM sqlite_master WHERE type = 'table'",
        Engine::Postgres => {
            "SELECT table_name::text AS value FROM information_schema.tables \
             WHERE table_schema = 'public'"
        }
    };
    let mut places = Vec::new();
    for table in raw.values(tables) {
        let columns = match engine {
            Engine::Sqlite => format!("SELECT name AS value FROM pragma_table_info('{table}')"),
            Engine::Postgres => format!(
                "SELECT column_name::text AS value FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name = '{table}'"
            ),
        };
        for column in raw.values(&columns) {
            let found = raw.values(&format!(
                "SELECT CAST({column} AS TEXT) AS value FROM {table} \
                 WHERE CAST({column} AS TEXT) LIKE '%{text}%'"
            ));
            places.extend(found.into_iter().map(|value| format!("{table}.{column}: {value}")));
        }
    }
    places
}

async fn s_01_values_in_a_body_are_neither_applied_nor_stored(app: TestApp) {
    let connected = app.connected().await;
    let forged = json!({
        "ActionId": 2, "EmployeeId": "PW5", "FieldName": "Last Name",
        "NewValue": MARKER, "OldValue": format!("{MARKER}-old"), "Reason": format!("{MARKER}-why"),
    });
    assert_eq!(app.hook(&connected.hook_url, JSON, forged.to_string()).await, 202);
    let engine = app.place.engine;
    assert_eq!(places_of(&mut app.raw(), engine, MARKER), [""; 0], "waiting");
    app.drain().await;
    agrees_with_hr(&app, &connected).await;
    assert_eq!(places_of(&mut app.raw(), engine, MARKER), [""; 0], "settled");
    assert!(!places_of(&mut app.raw(), engine, "PW5").is_empty(), "the search finds what is there");
}

async fn s_03_hooks_for_one_person_are_one_look(app: TestApp) {
    let connected = app.connected().await;
    app.hr().clear_logs();
    for _ in 0..7 {
        assert_eq!(app.hook(&connected.hook_url, JSON, object("PW5")).await, 202);
    }
    app.drain().await;
    assert_eq!(app.looks(), ["PW5"]);
    assert_eq!(app.lists(), 0);
}

/// Returns once somebody is being looked at.
async fn wait_for_a_look(app: &TestApp) {
    let mut raw = app.raw();
    let sql = "SELECT employee_hint AS value FROM inbox WHERE state = 'leased'";
    while raw.values(sql).is_empty() {
        tokio::task::yield_now().await;
    }
}

async fn s_03_hooks_during_a_look_are_one_more_look(app: TestApp) {
    let connected = app.connected().await;
    app.hr().clear_logs();
    let mut slow = hooks(HookFaults::default());
    slow.delay_ms = 500;
    app.hr().set_faults(slow);
    app.hook(&connected.hook_url, JSON, object("PW5")).await;
    let meanwhile = async {
        wait_for_a_look(&app).await;
        for _ in 0..5 {
            assert_eq!(app.hook(&connected.hook_url, JSON, object("PW5")).await, 202);
        }
        // The answer under way is slow all the same; the next one need not be.
        app.hr().set_faults(hooks(HookFaults::default()));
    };
    tokio::join!(app.drain(), meanwhile);
    app.drain().await;
    assert_eq!(app.looks(), ["PW5", "PW5"]);
    assert_eq!(app.lists(), 0);
}

/// The ids of this many people who are employed.
fn some(app: &TestApp, count: usize) -> Vec<String> {
    let mut ids = app.hr().current_employee_ids();
    ids.truncate(count);
    assert_eq!(ids.len(), count);
    ids
}

async fn hook_each(app: &TestApp, connected: &Connected, ids: &[String]) {
    for id in ids {
        assert_eq!(app.hook(&connected.hook_url, JSON, object(id)).await, 202);
    }
}

async fn s_03_more_than_twenty_people_are_two_calls(app: TestApp) {
    let connected = app.connected().await;
    app.hr().clear_logs();
    let twenty = some(&app, 20);
    hook_each(&app, &connected, &twenty).await;
    app.drain().await;
    let mut looks = app.looks();
    looks.sort();
    let mut expected = twenty;
    expected.sort();
    assert_eq!((looks, app.lists()), (expected, 0));
    app.pass(1_000).await;
    app.hr().clear_logs();
    hook_each(&app, &connected, &some(&app, 21)).await;
    app.drain().await;
    assert_eq!((app.looks().len(), app.lists()), (0, 2));
    assert_eq!(app.last_run(&connected).await["trigger"], "burst");
}

async fn s_03_more_people_than_calls_are_left_are_two_calls(app: TestApp) {
    let limit = ("ROLLCALL__PROVIDERS__PEOPLE_HR__CALLS_PER_MINUTE", "15".to_owned());
    let app = app.another(Options { env: vec![limit], ..Options::default() }).await;
    let connected = app.connected().await;
    app.pass(61_000).await;
    app.hr().clear_logs();
    hook_each(&app, &connected, &some(&app, 16)).await;
    app.drain().await;
    assert_eq!((app.looks().len(), app.lists()), (0, 2));
    assert_eq!(app.last_run(&connected).await["trigger"], "burst");
    // 13 calls of this minute are left, and the next burst needs two.
    hook_each(&app, &connected, &some(&app, 11)).await;
    app.drain().await;
    assert_eq!((app.looks().len(), app.lists()), (11, 2));
}

async fn s_03_doubled_and_reordered_hooks_converge(app: TestApp) {
    let connected = app.connected().await;
    let faults = HookFaults { doubled: true, reordered: true, ..HookFaults::default() };
    app.hr().set_faults(hooks(faults));
    let id = app.hire(&person("Ann", "Lee", "ann.lee@acme.example")).await;
    let edit = Edit {
        first_name: Some("Anna".to_owned()),
        department: Some("Legal".to_owned()),
        email: Some("anna.lee@acme.example".to_owned()),
        ..Edit::default()
    };
    app.edit(&id, edit).await;
    app.edit("PW5", Edit { last_name: Some("Okafor".to_owned()), ..Edit::default() }).await;
    app.drain().await;
    agrees_with_hr(&app, &connected).await;
    assert_eq!(app.runs(&connected).await.len(), 1, "by hooks alone");
}

async fn s_06_a_lost_hook_costs_only_time(app: TestApp) {
    let connected = app.connected().await;
    app.hr().set_faults(crate::hr::no_hooks());
    app.hire(&person("Ann", "Lee", "ann.lee@acme.example")).await;
    app.edit("PW5", Edit { last_name: Some("Okafor".to_owned()), ..Edit::default() }).await;
    app.drain().await;
    assert!(app.account(&connected.organization, "ann.lee@acme.example").await.is_none());
    app.poll().await;
    agrees_with_hr(&app, &connected).await;
}
