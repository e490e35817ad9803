//! The polled HR systems from end to end, against a stand-in that plays just what is needed.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rollcall::clock::{Clock, ManualClock, Timestamp};
use serde_json::{Value, json};

use crate::hr::INTERVAL;
use crate::support::{Options, TestApp, behaviours_of_place};
use crate::testdb::TestPlace;

behaviours_of_place!(
    s_04_breathe_hr_from_key_to_account,
    s_04_hrworks_from_pasted_text_to_account,
    s_44_a_list_longer_than_a_minutes_calls_is_read_to_its_end,
    l_08_a_list_that_waits_stops_when_the_directory_is_disabled,
    l_04_a_credential_of_another_form_is_refused_with_what_is_needed,
);

const BREATHE: &str = "breathe_hr";
const HRWORKS: &str = "hrworks";
const KEY: &str = "prod-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const TEXT: &str = "Access Key: kA7/xExample+Key0001\r\n\
                    Secret Access Key: 3xAmpl3/Secret+NotReal0000000000000000000\r\n";

/// Called with each request before it is answered.
type Watcher = Box<dyn FnMut(usize) + Send>;

/// What stands in for both HR systems: a list of people in the words of either.
struct Stand {
    people: Mutex<Vec<Value>>,
    calls: Mutex<Vec<(Timestamp, String)>>,
    watcher: Mutex<Option<Watcher>>,
    clock: Mutex<Option<Arc<ManualClock>>>,
}

impl Stand {
    fn start(people: Vec<Value>) -> (Arc<Self>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let stand = Arc::new(Self {
            people: Mutex::new(people),
            calls: Mutex::default(),
            watcher: Mutex::default(),
            clock: Mutex::default(),
        });
        let (serving, base) = (Arc::clone(&stand), base_url.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (serving, base) = (Arc::clone(&serving), base.clone());
                std::thread::spawn(move || serving.serve(stream.unwrap(), &base));
            }
        });
        (stand, base_url)
    }

    fn serve(&self, mut stream: TcpStream, base_url: &str) {
        let mut bytes = Vec::new();
        while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
            let mut buffer = [0; 4096];
            let count = stream.read(&mut buffer).unwrap();
            if count == 0 {
                return;
            }
            bytes.extend_from_slice(&buffer[..count]);
        }
        let head = String::from_utf8_lossy(&bytes).into_owned();
        let line = head.split(" HTTP/").next().unwrap().to_owned();
        let count = {
            let now = self.clock.lock().unwrap().as_ref().map_or(Timestamp(0), |clock| clock.now());
            let mut calls = self.calls.lock().unwrap();
            calls.push((now, line.clone()));
            calls.len()
        };
        if let Some(watcher) = &mut *self.watcher.lock().unwrap() {
            watcher(count);
        }
        let (headers, body) = self.answer(&line, base_url);
        let status = if body.is_null() { "404 Not Found" } else { "200 OK" };
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}Connection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(answer.as_bytes());
    }

    fn answer(&self, line: &str, base_url: &str) -> (String, Value) {
        let none = String::new();
        let (path, query) = line.split_once('?').unwrap_or((line, ""));
        let parameter = |name: &str, default: usize| {
            let found = query.split('&').filter_map(|p| p.split_once('=')).find(|p| p.0 == name);
            found.map_or(default, |(_, value)| value.parse().unwrap())
        };
        let people = self.people.lock().unwrap();
        let by = |field: &str, id: &str| {
            let number: Option<Value> = serde_json::from_str(id).ok();
            let found =
                people.iter().find(|p| p[field] == id || Some(&p[field]) == number.as_ref());
            found.cloned().unwrap_or_default()
        };
        match path.split('/').collect::<Vec<_>>().as_slice() {
            ["GET ", "v1", "account"] => (none, json!({"account": {"id": 5001, "name": "Ex Ltd"}})),
            ["GET ", "v1", "employees"] => {
                let (page, size) = (parameter("page", 1), parameter("per_page", 25));
                let total = format!("Total: {}\r\nPer-Page: {size}\r\n", people.len());
                let links = links(&format!("{base_url}/v1/employees"), page, size, people.len());
                (links + &total, json!({"employees": of_page(&people, page, size)}))
            }
            ["GET ", "v1", "employees", id] => (none, json!({"employees": [by("id", id)]})),
            ["GET ", "v1", list] => (none, json!({*list: []})),
            ["POST ", "v2", "authentication"] => (none, json!({"token": "e30.e30.s"})),
            ["GET ", "v2", "persons", "master-data"] => {
                let page = parameter("page", 1);
                let address = format!("{base_url}/v2/persons/master-data");
                let links = links(&address, page, 50, people.len());
                (links, json!({"persons": of_page(&people, page, 50)}))
            }
            ["GET ", "v2", "persons", uuid, "master-data"] => (none, by("uuid", uuid)),
            ["GET ", "v2", "organization-units"] => (none, json!({"organizationUnits": []})),
            ["GET ", "v2", _] => (none, json!({"permanentEstablishments": []})),
            _ => (none, Value::Null),
        }
    }

    /// The most calls in any 60 seconds so far.
    fn most_in_a_minute(&self) -> usize {
        let calls = self.calls.lock().unwrap();
        let within = |(first, _): &(Timestamp, String)| {
            let minute =
                |(at, _): &&(Timestamp, String)| (0..Timestamp::MINUTE).contains(&at.since(*first));
            calls.iter().filter(minute).count()
        };
        calls.iter().map(within).max().unwrap_or(0)
    }

    fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

fn of_page(people: &[Value], page: usize, size: usize) -> Vec<Value> {
    people.iter().skip((page - 1) * size).take(size).cloned().collect()
}

fn links(address: &str, page: usize, size: usize, total: usize) -> String {
    let last = total.div_ceil(size).max(1);
    if page >= last {
        return String::new();
    }
    let next = page + 1;
    format!(
        "Link: <{address}?page={last}>; rel=\"last\", <{address}?page={next}>; rel=\"next\"\r\n"
    )
}

fn employee(id: usize) -> Value {
    json!({"id": id, "first_name": format!("First{id}"), "last_name": "Last", "account_id": 5001,
        "email": format!("p{id}@example.com"), "status": "Current employee",
        "department": {"id": 7, "name": "Sales"}, "line_manager": {"id": 1}, "age": 30})
}

fn person(number: usize) -> Value {
    json!({"uuid": format!("u-{number}"), "firstName": format!("First{number}"),
        "lastName": "Last", "email": format!("p{number}@example.de"), "isActive": true,
        "personnelNumber": number.to_string(), "Kleidergröße": "M",
        "organizationUnit": {"uuid": "unit-1", "name": "Entwicklung"},
        "superior": {"uuid": "u-1"}})
}

/// A gateway beside the stand-in, with so many calls a minute for either HR system.
async fn beside(place: TestPlace, people: Vec<Value>, calls: u32) -> (TestApp, Arc<Stand>) {
    let (stand, base_url) = Stand::start(people);
    let env = vec![
        ("ROLLCALL__PROVIDERS__BREATHE_HR__BASE_URL", format!("{base_url}/v1")),
        ("ROLLCALL__PROVIDERS__HRWORKS__BASE_URL", format!("{base_url}/v2")),
        ("ROLLCALL__PROVIDERS__BREATHE_HR__CALLS_PER_MINUTE", calls.to_string()),
        ("ROLLCALL__PROVIDERS__HRWORKS__CALLS_PER_MINUTE", calls.to_string()),
    ];
    let app = TestApp::start_with(place, Options { env, ..Options::default() }).await;
    *stand.clock.lock().unwrap() = Some(app.clock.clone());
    (app, stand)
}

/// A new organization with a directory of this HR system.
async fn directory(app: &TestApp, provider: &str) -> (String, String) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let body = json!({"organization_id": organization, "provider": provider});
    let made = app.post("/directories", body).await.ok();
    assert_eq!(made["webhook_url"], Value::Null);
    (organization, made["id"].as_str().unwrap().to_owned())
}

async fn enter(app: &TestApp, directory: &str, credential: Value) -> Value {
    app.put(&format!("/directories/{directory}/credentials"), credential).await.ok()
}

async fn complete(app: &TestApp, directory: &str) {
    app.clock.advance(Timestamp::MINUTE);
    app.post(&format!("/directories/{directory}/complete_setup"), json!({})).await.ok();
    app.drain().await;
}

async fn state(app: &TestApp, directory: &str) -> Value {
    app.get(&format!("/directories/{directory}")).await["state"].clone()
}

async fn s_04_breathe_hr_from_key_to_account(place: TestPlace) {
    let (app, stand) = beside(place, (1..=3).map(employee).collect(), 1000).await;
    let (organization, id) = directory(&app, BREATHE).await;
    let stored = enter(&app, &id, json!({"api_key": format!(" {KEY}\n")})).await;
    assert_eq!((&stored["ok"], &stored["tenant"]), (&json!(true), &json!("Ex Ltd")), "{stored:#}");
    complete(&app, &id).await;
    assert_eq!(state(&app, &id).await, "active");
    assert_eq!(app.get(&format!("/directories/{id}")).await["credential"]["last4"], "AAAA");
    let second = app.account(&organization, "p2@example.com").await.unwrap();
    let first = app.account(&organization, "p1@example.com").await.unwrap();
    assert_eq!(second["manager_account_id"], first["id"]);
    assert_eq!((&second["department"], &second["status"]), (&json!("Sales"), &json!("active")));
    // Nothing but the calendar: nobody is looked at, nothing is told.
    let events = app.events("").await.len();
    for person in &mut *stand.people.lock().unwrap() {
        person["age"] = json!(31);
        person["updated_at"] = json!("2026-11-23T00:00:00Z");
    }
    app.pass(INTERVAL).await;
    assert_eq!(app.events("").await.len(), events);
    // A department gets another name, and somebody leaves.
    for person in &mut *stand.people.lock().unwrap() {
        person["department"]["name"] = json!("Sales & Service");
    }
    stand.people.lock().unwrap()[2]["status"] = json!("Ex-employee");
    stand.people.lock().unwrap()[2]["email"] = json!("");
    app.pass(INTERVAL).await;
    let second = app.account(&organization, "p2@example.com").await.unwrap();
    assert_eq!(second["department"], "Sales & Service");
    let groups = app.events("dsync.group.created,dsync.group.updated").await;
    let kinds: Vec<&str> = groups.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["dsync.group.created", "dsync.group.updated"]);
    let third = app.account(&organization, "p3@example.com").await.unwrap();
    assert_eq!(third["status"], "inactive");
    let calls = stand.calls.lock().unwrap();
    assert!(calls.iter().all(|(_, line)| line.starts_with("GET ")), "{calls:?}");
}

async fn s_04_hrworks_from_pasted_text_to_account(place: TestPlace) {
    let (app, stand) = beside(place, (1..=120).map(person).collect(), 1000).await;
    let (organization, id) = directory(&app, HRWORKS).await;
    let stored = enter(&app, &id, json!({"text": TEXT})).await;
    assert_eq!(stored["ok"], true, "{stored:#}");
    complete(&app, &id).await;
    assert_eq!(state(&app, &id).await, "active");
    let shown = app.get(&format!("/directories/{id}")).await;
    assert_eq!(shown["credential"]["last4"], "0001");
    assert_eq!(app.accounts(&organization).await.len(), 120);
    let last = app.account(&organization, "p120@example.de").await.unwrap();
    let first = app.account(&organization, "p1@example.de").await.unwrap();
    assert_eq!(last["manager_account_id"], first["id"]);
    assert_eq!(last["department"], "Entwicklung");
    {
        let mut people = stand.people.lock().unwrap();
        people[0]["Kleidergröße"] = json!("L");
        people[119]["leaveDate"] = json!("2026-11-22");
    }
    app.pass(INTERVAL).await;
    let last = app.account(&organization, "p120@example.de").await.unwrap();
    assert_eq!(
        (&last["status"], &last["leaving_date"]),
        (&json!("inactive"), &json!("2026-11-22"))
    );
    // Both keys typed one by one are the same credential.
    let typed = json!({"access_key": "kA7/xExample+Key0001",
        "secret_access_key": "3xAmpl3/Secret+NotReal0000000000000000000"});
    assert!(enter(&app, &id, typed).await["run_id"].is_string());
}

async fn s_44_a_list_longer_than_a_minutes_calls_is_read_to_its_end(place: TestPlace) {
    let (app, stand) = beside(place, (1..=1_450).map(employee).collect(), 10).await;
    let (organization, id) = directory(&app, BREATHE).await;
    enter(&app, &id, json!({"api_key": KEY})).await;
    complete(&app, &id).await;
    // The check has used up this minute; then the list waits for its calls by itself.
    app.pass(Timestamp::MINUTE).await;
    assert_eq!(state(&app, &id).await, "active");
    assert_eq!(app.accounts(&organization).await.len(), 1_450);
    assert!(stand.most_in_a_minute() <= 10, "{} calls in a minute", stand.most_in_a_minute());
    let lists = stand.calls.lock().unwrap().iter().filter(|(_, l)| l.contains("=100")).count();
    assert_eq!(lists, 15, "no page was asked for twice");
    let runs = app.all(&format!("/directories/{id}/runs")).await;
    assert!(runs.iter().all(|run| run["state"] == "succeeded"), "{runs:#?}");
}

async fn l_08_a_list_that_waits_stops_when_the_directory_is_disabled(place: TestPlace) {
    let (app, stand) = beside(place, (1..=1_450).map(employee).collect(), 10).await;
    let (organization, id) = directory(&app, BREATHE).await;
    enter(&app, &id, json!({"api_key": KEY})).await;
    complete(&app, &id).await;
    let (disable, disabled) = std::sync::mpsc::channel();
    let second_page = stand.count() + 2;
    *stand.watcher.lock().unwrap() = Some(Box::new(move |count| {
        if count == second_page {
            // Until the directory is disabled, this page is not answered.
            let (done, wait) = std::sync::mpsc::channel::<()>();
            disable.send(done).unwrap();
            let _ = wait.recv();
        }
    }));
    let disabling = async {
        let done = tokio::task::spawn_blocking(move || disabled.recv().unwrap()).await.unwrap();
        app.post(&format!("/directories/{id}/disable"), json!({})).await.ok();
        done.send(()).unwrap();
    };
    futures_util::future::join(app.pass(Timestamp::MINUTE), disabling).await;
    assert_eq!(stand.count(), second_page, "the deleted key is not used any more");
    assert_eq!(state(&app, &id).await, "disabled");
    assert!(app.accounts(&organization).await.is_empty());
}

async fn l_04_a_credential_of_another_form_is_refused_with_what_is_needed(place: TestPlace) {
    let (app, stand) = beside(place, vec![employee(1)], 1000).await;
    let pair = json!({"access_key": "kA7/xExample+Key0001", "secret_access_key": "3xAmpl3/Secret"});
    let cases = [
        (BREATHE, pair.clone(), "takes one API key"),
        (BREATHE, json!({"text": TEXT}), "takes one API key"),
        (BREATHE, json!({"api_key": "prod-too-short"}), "not a whole key"),
        (BREATHE, json!({"api_key": "0123456789"}), "begin with"),
        (HRWORKS, json!({"api_key": KEY}), "takes a key pair"),
        (HRWORKS, json!({"text": "Access Key: kA7/xExample+Key0001"}), "no key pair"),
        (HRWORKS, json!({"access_key": "kA7/xExample+Key0001"}), "together with"),
        (HRWORKS, json!({"text": TEXT, "api_key": KEY}), "one form"),
    ];
    let directories = [directory(&app, BREATHE).await, directory(&app, HRWORKS).await];
    for (provider, credential, words) in cases {
        let (_, id) = &directories[usize::from(provider == HRWORKS)];
        let path = format!("/directories/{id}/credentials");
        let refused = app.put(&path, credential).await;
        assert_eq!(refused.problem(422), "invalid_credential");
        assert!(refused.text.contains(words), "{words}: {}", refused.text);
        assert!(!refused.text.contains("kA7/"), "{}", refused.text);
    }
    let (_, id) = &directories[1];
    let empty = app.put(&format!("/directories/{id}/credentials"), json!({})).await;
    assert_eq!(empty.problem(422), "invalid_request_parameters");
    assert!(empty.text.contains("secret_access_key"), "{}", empty.text);
    assert_eq!(stand.count(), 0, "nobody was asked");
}
