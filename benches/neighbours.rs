//! Do slow, hanging and large organizations delay another one (S-46)? A program that prints a
//! table.
//!
//! `make bench-neighbours` (some ten minutes; `cargo bench --bench neighbours sqlite` is one
//! database alone). A real gateway whose tasks run as in the program, on
//! SQLite and, where it is installed, on PostgreSQL; sandboxes as HR systems; everything in one
//! process on one machine, so the neighbours' work takes processor time too, and so do the
//! sandboxes.
//!
//! One organization of 200 people on People HR is measured: from just before its webhook is sent
//! until the account has changed (*hook*), and from "Sync now" until the full sync has succeeded
//! (*run*). First alone (*calm*), then (*busy*) while
//!
//! - ten organizations' lists and looks never come back, each with a full sync and 20 webhooks;
//! - another organization is connected to a HR system with 30,000 people, which are all read and
//!   applied, and is disabled again, over and over.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a measurement takes its time from the machine and may stop at the first surprise"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rollcall::app::{Running, Surroundings, Work};
use rollcall::clock::SystemClock;
use rollcall::config::Settings;
use rollcall::db::{Conn, DbError, Place, accounts, clearing, runs};
use rollcall::domain::employee::EmailNorm;
use rollcall::domain::ids::{DirectoryId, OrganizationId};
use rollcall::sandbox::{self, Action, Edit, Faults, HookSending, Sandbox, SandboxSettings};
use serde_json::{Value, json};

#[path = "../tests/support/db.rs"]
mod testdb;

use testdb::{Engine, TestPlace};

const PEOPLE: usize = 200;
const PEOPLE_OF_THE_LARGE: usize = 30_000;
const HANGING: usize = 10;
/// Webhooks and full syncs of the measured organization, at least.
const HOOKS: usize = 1_000;
const RUNS: usize = 80;
const PACE: Duration = Duration::from_millis(60);
/// How often the large one is connected and disabled.
const CYCLES: usize = 2;
/// Longer than anything that is measured.
const PATIENCE: Duration = Duration::from_mins(10);

fn main() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    println!(
        "{:<10} {:<6} {:<5} {:>6} {:>9} {:>9} {:>9} {:>9}",
        "database", "what", "", "count", "p50 ms", "p90 ms", "p99 ms", "max ms"
    );
    let only = std::env::args().nth(1).filter(|name| !name.starts_with('-'));
    let wanted = |engine: &Engine| {
        only.as_ref().is_none_or(|only| format!("{engine:?}").eq_ignore_ascii_case(only))
    };
    for engine in [Engine::Sqlite, Engine::Postgres].into_iter().filter(wanted) {
        match TestPlace::durable(engine) {
            Some(place) => runtime.block_on(measure(engine, place)),
            None => println!("{engine:?}: not installed"),
        }
    }
}

/// What is measured, alone or with neighbours.
#[derive(Default)]
struct Waits {
    hooks: Vec<Duration>,
    runs: Vec<Duration>,
}

async fn measure(engine: Engine, place: TestPlace) {
    let bench = Arc::new(Bench::start(&place).await);
    let measured = bench.connected("Measured", "people_hr").await;
    let mut hanging = Vec::new();
    for number in 0..HANGING {
        hanging.push(bench.connected(&format!("Hanging {number}"), "people_hr").await);
    }
    bench.measure_some(&measured, HOOKS / 10, RUNS / 10, None).await;
    let mut calm = bench.measure_some(&measured, HOOKS, RUNS, None).await;
    let faults = Faults {
        silent_keys: hanging.iter().map(|one| one.key.clone()).collect(),
        ..bench.small.people_hr().faults()
    };
    bench.small.people_hr().set_faults(faults);
    for one in &hanging {
        bench.post(&format!("/directories/{}/sync", one.directory), json!({})).await;
        for employee in &bench.employees[..20] {
            bench.tell(one, employee).await;
        }
    }
    let done = Arc::new(AtomicBool::new(false));
    let large = {
        let (bench, done) = (Arc::clone(&bench), Arc::clone(&done));
        tokio::spawn(async move {
            for cycle in 0..CYCLES {
                let began = Instant::now();
                let large = bench.connected(&format!("Large {cycle}"), "breathe_hr").await;
                let read = began.elapsed();
                bench.disable(&large).await;
                println!(
                    "{engine:?}: {PEOPLE_OF_THE_LARGE} people read and applied in {:.1} s, \
                     disabled and cleared in {:.1} s",
                    read.as_secs_f64(),
                    began.elapsed().saturating_sub(read).as_secs_f64()
                );
            }
            done.store(true, Ordering::SeqCst);
        })
    };
    let mut busy = bench.measure_some(&measured, HOOKS, RUNS, Some(&done)).await;
    large.await.unwrap();
    let name = format!("{engine:?}");
    let mut ratios = Vec::new();
    let of = [("hook", &mut calm.hooks, &mut busy.hooks), ("run", &mut calm.runs, &mut busy.runs)];
    for (what, calm, busy) in of {
        show(&name, what, "calm", calm);
        show(&name, what, "busy", busy);
        let ratio = |percent| {
            percentile(busy, percent).as_secs_f64() / percentile(calm, percent).as_secs_f64()
        };
        ratios.push(format!("{what}: p50 × {:.2}, p99 × {:.2}", ratio(50), ratio(99)));
    }
    println!("{name}, busy / calm: {}", ratios.join("; "));
}

fn show(name: &str, what: &str, case: &str, waits: &mut [Duration]) {
    waits.sort_unstable();
    let ms = |wait: Duration| wait.as_secs_f64() * 1_000.0;
    let [p50, p90, p99] = [50, 90, 99].map(|percent| ms(percentile(waits, percent)));
    let max = ms(*waits.last().unwrap());
    let count = waits.len();
    println!(
        "{name:<10} {what:<6} {case:<5} {count:>6} {p50:>9.1} {p90:>9.1} {p99:>9.1} {max:>9.1}"
    );
}

/// Of sorted waits.
fn percentile(waits: &[Duration], percent: usize) -> Duration {
    waits[(waits.len() * percent / 100).min(waits.len() - 1)]
}

/// A connected organization.
struct Connected {
    organization: String,
    directory: String,
    hook_url: String,
    key: String,
}

struct Bench {
    running: Running,
    small: Sandbox,
    large: Sandbox,
    employees: Vec<String>,
    client: reqwest::Client,
    base: String,
    api_key: String,
    edits: AtomicUsize,
}

async fn sandbox(people: usize) -> Sandbox {
    let settings =
        SandboxSettings { people, hooks: HookSending::Off, ..SandboxSettings::default() };
    let sandbox = sandbox::start(settings, Arc::new(SystemClock)).await.unwrap();
    let calm = Faults { throttle_per_minute: None, ..Faults::default() };
    sandbox.people_hr().set_faults(calm);
    let mut calm = sandbox.breathe_hr().faults();
    calm.throttle_per_minute = None;
    sandbox.breathe_hr().set_faults(calm);
    sandbox
}

fn settings(place: &TestPlace, small: &Sandbox, large: &Sandbox) -> Settings {
    let database = match &place.place {
        Place::Sqlite(path) => format!("sqlite://{}", path.display()),
        Place::Postgres(url) => url.reveal().to_owned(),
    };
    let env = [
        ("DATABASE_URL", database),
        ("ROLLCALL__SERVER__LISTEN", "127.0.0.1:0".to_owned()),
        (
            "ROLLCALL__SECRETS__MASTER_KEY",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned(),
        ),
        ("ROLLCALL__PROVIDERS__PEOPLE_HR__BASE_URL", small.base_url()),
        ("ROLLCALL__PROVIDERS__BREATHE_HR__BASE_URL", large.breathe_hr_base_url()),
        ("ROLLCALL__PROVIDERS__PEOPLE_HR__CALLS_PER_MINUTE", "100000".to_owned()),
        ("ROLLCALL__PROVIDERS__BREATHE_HR__CALLS_PER_MINUTE", "100000".to_owned()),
    ];
    let env: Vec<(String, String)> =
        env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Settings::load(Some("/dev/null".as_ref()), &env).expect("the settings are fine")
}

impl Bench {
    async fn start(place: &TestPlace) -> Self {
        let (small, large) = (sandbox(PEOPLE).await, sandbox(PEOPLE_OF_THE_LARGE).await);
        let settings = settings(place, &small, &large);
        let running = Running::start(&settings, Surroundings::default(), Work::BySelf).await;
        let running = running.expect("the gateway starts");
        let api_key = running.store.create_api_key("bench").await.unwrap().reveal().to_owned();
        let base = format!("http://{}", running.address);
        // Who has no e-mail has no account that could change.
        let mut employees = small.people_hr().current_employee_ids();
        employees.retain(|id| !small.people_hr().person(id).unwrap().email.is_empty());
        let (client, edits) = (reqwest::Client::new(), AtomicUsize::new(0));
        Self { running, small, large, employees, client, base, api_key, edits }
    }

    async fn call(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        let url = format!("{}/api/v1{path}", self.base);
        let request = self.client.request(method, url).bearer_auth(&self.api_key).json(&body);
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.call(reqwest::Method::POST, path, body).await
    }

    /// Connects an organization and returns when its first full sync has succeeded.
    async fn connected(&self, name: &str, provider: &str) -> Connected {
        let organization = self.post("/organizations", json!({"name": name})).await;
        let organization = organization["id"].as_str().unwrap().to_owned();
        let admin = json!({"email": "ann@customer.example", "name": "Ann"});
        self.post(&format!("/organizations/{organization}/admins"), admin).await;
        let new = json!({"organization_id": organization, "provider": provider});
        let made = self.post("/directories", new).await;
        let directory = made["id"].as_str().unwrap().to_owned();
        let key = match provider {
            "people_hr" => self.small.people_hr().create_key(Action::USUAL).key,
            _ => self.large.breathe_hr().create_key(),
        };
        let path = format!("/directories/{directory}/credentials");
        self.call(reqwest::Method::PUT, &path, json!({"api_key": key})).await;
        let path = format!("/directories/{directory}/complete_setup");
        self.post(&path, json!({})).await;
        self.succeeded(&directory).await;
        let hook_url = made["webhook_url"].as_str().unwrap_or_default().to_owned();
        Connected { organization, directory, hook_url, key }
    }

    /// Returns when nothing is left of a directory.
    async fn disable(&self, connected: &Connected) {
        self.post(&format!("/directories/{}/disable", connected.directory), json!({})).await;
        self.until(|conn| Ok(clearing::next(conn, None)?.is_none())).await;
    }

    /// Returns when a directory has no open run.
    async fn succeeded(&self, directory: &str) {
        let id = DirectoryId::from_text(directory);
        self.until(move |conn| Ok(runs::open(conn, &id)?.is_none())).await;
        let id = DirectoryId::from_text(directory);
        let last = self.running.context.db.read(move |conn| runs::page(conn, &id, None, 1));
        let last = last.await.unwrap().remove(0);
        assert_eq!(last.state.as_str(), "succeeded", "{:?}", last.error_message);
    }

    /// Looks every millisecond.
    async fn until(
        &self,
        is_true: impl Fn(&mut Conn) -> Result<bool, DbError> + Clone + Send + 'static,
    ) {
        let began = Instant::now();
        loop {
            let look = is_true.clone();
            if self.running.context.db.read(move |conn| look(conn)).await.unwrap() {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "it takes too long");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn tell(&self, connected: &Connected, employee: &str) {
        let body = json!({"ActionId": 2, "EmployeeId": employee});
        let answer = self.client.post(&connected.hook_url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 202);
    }

    /// Webhooks at a steady pace with a full sync now and then, so many at least, and until `until`
    /// is set.
    async fn measure_some(
        &self,
        connected: &Connected,
        hooks: usize,
        runs: usize,
        until: Option<&AtomicBool>,
    ) -> Waits {
        let mut waits = Waits::default();
        let mut pace = tokio::time::interval(PACE);
        let is_over = || until.is_none_or(|until| until.load(Ordering::SeqCst));
        let between = hooks / runs.max(1);
        while waits.hooks.len() < hooks || !is_over() {
            pace.tick().await;
            waits.hooks.push(self.hook(connected).await);
            if waits.hooks.len().is_multiple_of(between) {
                pace.tick().await;
                let began = Instant::now();
                let path = format!("/directories/{}/sync", connected.directory);
                self.post(&path, json!({})).await;
                self.succeeded(&connected.directory).await;
                waits.runs.push(began.elapsed());
            }
        }
        waits
    }

    /// From a webhook to the changed account.
    async fn hook(&self, connected: &Connected) -> Duration {
        let number = self.edits.fetch_add(1, Ordering::SeqCst);
        let employee = &self.employees[number % self.employees.len()];
        let job = format!("Job {number}");
        let edit = Edit { job_role: Some(job), ..Edit::default() };
        self.small.people_hr().edit(employee, &edit).await.unwrap();
        let email = EmailNorm::of(&self.small.people_hr().person(employee).unwrap().email);
        let organization = OrganizationId::from_text(&connected.organization);
        let version = move |conn: &mut Conn| {
            let emails = std::slice::from_ref(&email);
            let found = accounts::by_emails(conn, &organization, emails)?;
            Ok::<_, DbError>(found.first().map_or(0, |account| account.version))
        };
        let former = self.running.context.db.read(version.clone()).await.unwrap();
        let began = Instant::now();
        self.tell(connected, employee).await;
        self.until(move |conn| Ok(version(conn)? > former)).await;
        began.elapsed()
    }
}
