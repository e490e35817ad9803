//! A gateway for one test, with everything around it.
#![allow(dead_code, reason = "not every helper is used by every behaviour")]

use std::sync::Arc;

use reqwest::Method;
use rollcall::app::{Running, Surroundings, Work};
use rollcall::clock::{Clock, ManualClock, SeededRandom, Timestamp};
use rollcall::config::Settings;
use rollcall::db::Place;
use rollcall::sandbox::{
    self, Action, Edit, Faults, HookSending, OddAnswer, PeopleHr, Sandbox, SandboxSettings,
};
use rollcall::secret::Secret;
use rollcall::tasks;
use serde_json::{Value, json};

use crate::smtp::SmtpServer;
use crate::systems::System;
use crate::testdb::{Engine, Raw, TestPlace};

/// Monday 23 November 2026, 09:00 in London.
pub const START: Timestamp = Timestamp(1_795_424_400_000);

/// Makes two tests of each behaviour: `name::sqlite` and `name::postgres`.
macro_rules! behaviours {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[test]
            fn sqlite() {
                $crate::support::on($crate::testdb::Engine::Sqlite, super::$name);
            }

            #[test]
            fn postgres() {
                $crate::support::on($crate::testdb::Engine::Postgres, super::$name);
            }
        }
    )+};
}
pub(crate) use behaviours;

/// The same for behaviours that start their gateways themselves, from a [`TestPlace`].
macro_rules! behaviours_of_place {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[test]
            fn sqlite() {
                $crate::support::at($crate::testdb::Engine::Sqlite, super::$name);
            }

            #[test]
            fn postgres() {
                $crate::support::at($crate::testdb::Engine::Postgres, super::$name);
            }
        }
    )+};
}
pub(crate) use behaviours_of_place;

/// Runs a behaviour on a fresh database.
pub fn at(engine: Engine, behaviour: impl AsyncFnOnce(TestPlace)) {
    let Some(place) = TestPlace::migrated(engine) else { return };
    crate::testdb::block_on(behaviour(place));
}

/// Runs a behaviour against a fresh gateway.
pub fn on(engine: Engine, behaviour: impl AsyncFnOnce(TestApp)) {
    let Some(place) = TestPlace::migrated(engine) else { return };
    crate::testdb::block_on(async { behaviour(TestApp::start(place).await).await });
}

/// What may differ from the usual.
#[derive(Default)]
pub struct Options {
    /// More settings, as environment variables.
    pub env: Vec<(&'static str, String)>,
    /// People in the sandbox; 40 when not given.
    pub people: Option<usize>,
    /// Spoilt records in the sandbox.
    pub problems: usize,
    /// Settings to leave out.
    pub without: Vec<&'static str>,
}

/// The gateway, the HR system, the mail server and the time.
pub struct TestApp {
    pub running: Running,
    pub sandbox: Sandbox,
    pub mail: SmtpServer,
    pub clock: Arc<ManualClock>,
    pub place: TestPlace,
    pub key: Secret,
    pub client: reqwest::Client,
    settings: Settings,
    base: String,
}

/// An answer of the API.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
    pub text: String,
}

impl Reply {
    /// The body of a good answer.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text);
        self.body
    }

    /// The problem's code, of an answer with this status.
    #[track_caller]
    pub fn problem(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}", self.text);
        self.body["code"].as_str().expect("a problem has a code")
    }
}

/// A connected organization.
pub struct Connected {
    pub organization: String,
    pub directory: String,
    pub hook_url: String,
    pub hr_key: String,
}

impl TestApp {
    pub async fn start(place: TestPlace) -> Self {
        Self::start_with(place, Options::default()).await
    }

    pub async fn start_with(place: TestPlace, options: Options) -> Self {
        crate::evidence::keep_log();
        let clock = Arc::new(ManualClock::at(START));
        let sandbox_settings = SandboxSettings {
            people: options.people.unwrap_or(40),
            problems: options.problems,
            hooks: HookSending::Immediate,
            ..SandboxSettings::default()
        };
        let for_sandbox: Arc<dyn Clock> = clock.clone();
        let sandbox = sandbox::start(sandbox_settings, for_sandbox).await.expect("the sandbox");
        // With a clock that stands still, the vendor's minute would never end.
        let calm = Faults { throttle_per_minute: None, ..Faults::default() };
        sandbox.people_hr().set_faults(calm);
        System::BreatheHr.limit(&sandbox, None);
        let mail = SmtpServer::start().await;
        let mut env = vec![
            ("DATABASE_URL", url_of(&place)),
            ("ROLLCALL__SERVER__LISTEN", "127.0.0.1:0".to_owned()),
            (
                "ROLLCALL__SECRETS__MASTER_KEY",
                "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned(),
            ),
            ("ROLLCALL__PROVIDERS__PEOPLE_HR__BASE_URL", sandbox.base_url()),
            ("ROLLCALL__PROVIDERS__BREATHE_HR__BASE_URL", sandbox.breathe_hr_base_url()),
            ("ROLLCALL__PROVIDERS__HRWORKS__BASE_URL", sandbox.hrworks_base_url()),
            ("ROLLCALL__SMTP__URL", mail.url()),
            ("ROLLCALL__SMTP__FROM", "Rollcall <rollcall@gateway.example>".to_owned()),
        ];
        env.extend(System::ALL.map(|system| (system.pace_setting(), "1000".to_owned())));
        for (name, value) in options.env {
            env.retain(|(known, _)| *known != name);
            env.push((name, value));
        }
        env.retain(|(name, _)| !options.without.contains(name));
        let env: Vec<(String, String)> =
            env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let settings =
            Settings::load(Some("/dev/null".as_ref()), &env).expect("the settings are fine");
        let running = Running::start(&settings, surroundings(&clock, 1), Work::ByHand)
            .await
            .expect("the gateway starts");
        let key = running.store.create_api_key("tests").await.expect("a key");
        let base = format!("http://{}", running.address);
        #[expect(clippy::disallowed_methods, reason = "the test plays the application")]
        let client = reqwest::Client::builder()
            // The gateway closes a connection that was idle for five seconds; a request that is
            // sent at that moment would be lost.
            .pool_idle_timeout(std::time::Duration::from_secs(2))
            .build()
            .expect("a client");
        Self { running, sandbox, mail, clock, place, key, client, settings, base }
    }

    /// The HR system.
    pub fn hr(&self) -> &Arc<PeopleHr> {
        self.sandbox.people_hr()
    }

    /// A connection past everything of ours, for looking at what is really stored.
    pub fn raw(&self) -> Raw {
        self.place.raw()
    }

    /// Does all work there is now.
    pub async fn drain(&self) {
        tasks::run_until_idle(&self.running.task_context).await.expect("the work is done");
    }

    /// Moves the time on and does the work that is due then.
    pub async fn pass(&self, difference_ms: i64) {
        self.clock.advance(difference_ms);
        self.drain().await;
    }

    /// Stops the gateway and starts it again on the same database, with other ids from now on.
    pub async fn restart(mut self, seed: u64) -> Self {
        self.running.stop().await;
        self.running =
            Running::start(&self.settings, surroundings(&self.clock, seed), Work::ByHand)
                .await
                .expect("the gateway starts again");
        self.base = format!("http://{}", self.running.address);
        // It listens on another port; HR is told as after a move.
        if let Some((_, path)) =
            self.hr().webhook().as_deref().and_then(|u| u.split_once("/hooks/"))
        {
            let url = format!("{}/hooks/{path}", self.base);
            self.hr().set_webhook(Some(&url)).expect("the URL is one");
        }
        self
    }

    /// The address of a path of the gateway.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Calls the API with the key.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let url = format!("{}/api/v1{path}", self.base);
        let mut request = self.client.request(method, url).bearer_auth(self.key.reveal());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("the gateway answers");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Reply { status, body, text }
    }

    pub async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).await.ok()
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.call(Method::DELETE, path, None).await
    }

    /// Everything in a list, page by page, oldest first.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let mark = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.get(&format!("{path}{mark}order=asc&limit=100{after}")).await;
            items.extend(page["data"].as_array().expect("a list").iter().cloned());
            match page["list_metadata"]["after"].as_str() {
                Some(id) => after = format!("&after={id}"),
                None => return items,
            }
        }
    }

    /// All events of these types (all but those that must be asked for, when none is named).
    pub async fn events(&self, types: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut after = String::new();
        let types = if types.is_empty() { String::new() } else { format!("&types={types}") };
        loop {
            let page = self.get(&format!("/events?limit=100{types}{after}")).await;
            items.extend(page["data"].as_array().expect("a list").iter().cloned());
            match page["list_metadata"]["after"].as_str() {
                Some(id) => after = format!("&after={id}"),
                None => return items,
            }
        }
    }

    /// The account with this e-mail.
    pub async fn account(&self, organization: &str, email: &str) -> Option<Value> {
        let path = format!("/organizations/{organization}/accounts?email={email}");
        self.get(&path).await["data"][0].as_object().cloned().map(Value::Object)
    }

    pub async fn accounts(&self, organization: &str) -> Vec<Value> {
        self.all(&format!("/organizations/{organization}/accounts")).await
    }

    /// A new organization with these admins.
    pub async fn organization(&self, name: &str, admins: &[&str]) -> String {
        let made = self.post("/organizations", json!({"name": name})).await.ok();
        let id = made["id"].as_str().expect("an id").to_owned();
        for email in admins {
            let admin = json!({"email": email, "name": "An Admin"});
            self.post(&format!("/organizations/{id}/admins"), admin).await.ok();
        }
        id
    }

    /// A new People HR directory: its id and its webhook URL.
    pub async fn directory(&self, organization: &str) -> (String, String) {
        let body = json!({"organization_id": organization, "provider": "people_hr"});
        let made = self.post("/directories", body).await.ok();
        let id = made["id"].as_str().expect("an id").to_owned();
        (id, made["webhook_url"].as_str().expect("a webhook URL").to_owned())
    }

    /// Sets a directory up to the point before "Complete set-up".
    pub async fn prepared(&self, organization: &str) -> Connected {
        let (directory, hook_url) = self.directory(organization).await;
        let hr_key = self.hr().create_key(Action::USUAL).key;
        let credential = json!({"api_key": hr_key});
        self.put(&format!("/directories/{directory}/credentials"), credential).await.ok();
        self.hr().set_webhook(Some(&hook_url)).expect("the URL is one");
        Connected { organization: organization.to_owned(), directory, hook_url, hr_key }
    }

    /// Completes set-up and does the first full sync.
    pub async fn complete(&self, connected: &Connected) {
        let path = format!("/directories/{}/complete_setup", connected.directory);
        self.post(&path, json!({})).await.ok();
        self.drain().await;
        assert_eq!(self.state(connected).await, "active");
        // Ids of one millisecond are in no order.
        self.clock.advance(1);
    }

    /// An organization with two admins, connected and in step.
    pub async fn connected(&self) -> Connected {
        let admins = ["ann@customer.example", "bob@customer.example"];
        let organization = self.organization("Customer Ltd", &admins).await;
        let connected = self.prepared(&organization).await;
        self.complete(&connected).await;
        connected
    }

    /// The directory as the API shows it.
    pub async fn show(&self, connected: &Connected) -> Value {
        self.get(&format!("/directories/{}", connected.directory)).await
    }

    pub async fn state(&self, connected: &Connected) -> String {
        self.show(connected).await["state"].as_str().expect("a state").to_owned()
    }

    /// Changes the fault switches of the HR system.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        let mut faults = self.hr().faults();
        change(&mut faults);
        self.hr().set_faults(faults);
    }

    /// All later answers of the HR system are odd; `None` puts it in order again.
    pub fn hr_answers(&self, odd: Option<OddAnswer>) {
        self.faults(|faults| faults.always = odd);
    }

    /// Gives somebody another job in HR, which sends a webhook.
    pub async fn new_job(&self, employee: &str, job: &str) {
        let edit = Edit { job_role: Some(job.to_owned()), ..Edit::default() };
        self.hr().edit(employee, &edit).await.expect("HR takes the change");
    }

    /// The same without a webhook.
    pub async fn new_job_quietly(&self, employee: &str, job: &str) {
        self.faults(|faults| faults.hooks.dropped = true);
        self.new_job(employee, job).await;
        self.faults(|faults| faults.hooks.dropped = false);
    }

    /// The job of an employee's account.
    pub async fn job_of(&self, connected: &Connected, employee: &str) -> String {
        let email = self.hr().person(employee).expect("an employee").email;
        let account = self.account(&connected.organization, &email).await.expect("an account");
        account["position"].as_str().unwrap_or_default().to_owned()
    }

    /// Somebody who works there, by number.
    pub fn employee(&self, index: usize) -> String {
        self.hr().current_employee_ids()[index].clone()
    }

    /// What an organization's admins were told, oldest first.
    pub async fn notices(&self, connected: &Connected) -> Vec<Value> {
        self.all(&format!("/organizations/{}/notices", connected.organization)).await
    }

    /// Enters another good key of the HR system.
    pub async fn enter_new_key(&self, connected: &Connected) -> Value {
        self.clock.advance(1);
        let key = self.hr().create_key(Action::USUAL).key;
        let path = format!("/directories/{}/credentials", connected.directory);
        self.put(&path, json!({"api_key": key})).await.ok()
    }

    /// Presses "Sync now".
    pub async fn sync_now(&self, connected: &Connected) -> Reply {
        self.clock.advance(1);
        self.post(&format!("/directories/{}/sync", connected.directory), json!({})).await
    }

    /// The latest run of a directory.
    pub async fn last_run(&self, connected: &Connected) -> Value {
        let path = format!("/directories/{}/runs?limit=1", connected.directory);
        self.get(&path).await["data"][0].clone()
    }

    /// Posts a webhook body; the answer's status.
    pub async fn hook(&self, url: &str, content_type: &str, body: impl Into<Vec<u8>>) -> u16 {
        let request = self.client.post(url).header("content-type", content_type).body(body.into());
        request.send().await.expect("the gateway answers").status().as_u16()
    }
}

fn surroundings(clock: &Arc<ManualClock>, seed: u64) -> Surroundings {
    Surroundings { clock: clock.clone(), random: Arc::new(SeededRandom::new(seed)) }
}

fn url_of(place: &TestPlace) -> String {
    match &place.place {
        Place::Sqlite(path) => format!("sqlite://{}", path.display()),
        Place::Postgres(url) => url.reveal().to_owned(),
    }
}
