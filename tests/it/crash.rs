//! The real program: killed in the middle, stopped in the middle, started twice (O-01, O-06, S-02).
//!
//! Here the clocks are real. Nothing waits for a while and hopes: what has to become true is asked
//! for again and again, up to a deadline.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use rollcall::clock::SystemClock;
use rollcall::db::Place;
use rollcall::sandbox::{self, Action, Edit, Faults, HookSending, Sandbox, SandboxSettings};
use serde_json::{Value, json};

use crate::support::{TestApp, behaviours, behaviours_of_place};
use crate::testdb::{Engine, TestPlace};

behaviours!(o_06_live_sessions_are_durable);
behaviours_of_place!(
    o_06_nothing_acknowledged_is_lost_by_kill_9,
    o_06_sigterm_ends_in_order_while_hooks_arrive,
    o_01_a_second_server_on_a_sqlite_file_is_refused,
    l_02_the_token_is_in_no_line_of_the_programs_log,
);

/// How long anything may take to become true.
const PATIENCE: Duration = Duration::from_mins(1);
/// A stop waits for requests and then for work, each at most this long.
const STOP_MAX: Duration = Duration::from_secs(25);

/// The program with its HR system.
struct Program {
    place: TestPlace,
    sandbox: Sandbox,
    folder: tempfile::TempDir,
    api_key: String,
    client: reqwest::Client,
}

/// A started server.
struct Server {
    child: Child,
    address: String,
    log: Arc<Mutex<String>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    async fn new(place: TestPlace) -> Self {
        let settings =
            SandboxSettings { people: 40, hooks: HookSending::Off, ..SandboxSettings::default() };
        let sandbox = sandbox::start(settings, Arc::new(SystemClock)).await.unwrap();
        let calm = Faults { throttle_per_minute: None, ..Faults::default() };
        sandbox.people_hr().set_faults(calm);
        #[expect(clippy::disallowed_methods, reason = "the test plays the application")]
        let client = reqwest::Client::new();
        let folder = tempfile::tempdir().unwrap();
        let mut program = Self { place, sandbox, folder, api_key: String::new(), client };
        let made = program.command(&["keys", "create", "--name", "tests"]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8(made.stdout).unwrap().trim().clone_into(&mut program.api_key);
        program
    }

    fn command(&self, args: &[&str]) -> Command {
        let url = match &self.place.place {
            Place::Sqlite(path) => format!("sqlite://{}", path.display()),
            Place::Postgres(url) => url.reveal().to_owned(),
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
        command.env_clear().current_dir(self.folder.path()).args(args).envs([
            ("DATABASE_URL", url.as_str()),
            ("ROLLCALL__SERVER__LISTEN", "127.0.0.1:0"),
            ("ROLLCALL__SECRETS__MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
            ("ROLLCALL__PROVIDERS__PEOPLE_HR__BASE_URL", &self.sandbox.base_url()),
            ("ROLLCALL__PROVIDERS__PEOPLE_HR__CALLS_PER_MINUTE", "1000"),
            ("ROLLCALL__LOG__LEVEL", "trace"),
        ]);
        command
    }

    /// Starts the server and waits until it says where it listens.
    async fn serve(&self) -> Server {
        let mut command = self.command(&["serve"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let (said, listens) = tokio::sync::oneshot::channel();
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            let mut said = Some(said);
            for line in stderr.lines().map_while(Result::ok) {
                let address = line.split_once(" listens on ").map(|(_, rest)| rest.to_owned());
                {
                    let mut log = kept.lock().unwrap();
                    log.push_str(&line);
                    log.push('\n');
                }
                let Some(address) = address else { continue };
                let address = address.split(' ').next().unwrap_or_default().to_owned();
                if let Some(said) = said.take() {
                    let _ = said.send(address);
                }
            }
        });
        let address = tokio::time::timeout(PATIENCE, listens).await.expect("it starts in time");
        let address = address.unwrap_or_else(|_| panic!("it ended: {}", log.lock().unwrap()));
        Server { child, address, log }
    }

    async fn call(&self, server: &Server, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}/api/v1{path}", server.address);
        let request = self.client.request(method, url).bearer_auth(&self.api_key);
        let answer = request.json(&body).send().await.expect("the server answers");
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// A connected organization and the path of its webhook URL.
    async fn connect(&self, server: &Server) -> (String, String) {
        let post = Method::POST;
        let made = json!({"name": "Customer Ltd"});
        let made = self.call(server, post.clone(), "/organizations", made).await;
        let organization = made["id"].as_str().unwrap().to_owned();
        let admin = json!({"email": "ann@customer.example", "name": "Ann"});
        let path = format!("/organizations/{organization}/admins");
        self.call(server, post.clone(), &path, admin).await;
        let wanted = json!({"organization_id": organization, "provider": "people_hr"});
        let made = self.call(server, post.clone(), "/directories", wanted).await;
        let id = made["id"].as_str().unwrap();
        let key = self.sandbox.people_hr().create_key(Action::USUAL).key;
        let path = format!("/directories/{id}/credentials");
        self.call(server, Method::PUT, &path, json!({"api_key": key})).await;
        let path = format!("/directories/{id}/complete_setup");
        self.call(server, post, &path, json!({})).await;
        self.until_idle().await;
        let url = made["webhook_url"].as_str().unwrap();
        (organization, url.strip_prefix(&server.address).unwrap().to_owned())
    }

    /// Waits until a query answers nothing.
    async fn until_none(&self, sql: &str) {
        let mut raw = self.place.raw();
        let mut looks = tokio::time::interval(Duration::from_millis(50));
        let none = async {
            while !raw.values(sql).is_empty() {
                looks.tick().await;
            }
        };
        tokio::time::timeout(PATIENCE, none).await.expect("the work is done in time");
    }

    /// Waits until no hint and no full sync is open.
    async fn until_idle(&self) {
        self.until_none(
            "SELECT state AS value FROM inbox WHERE state <> 'done' \
             UNION ALL SELECT state FROM runs WHERE state IN ('queued', 'running')",
        )
        .await;
    }

    /// Asserts that every hook that got a 2xx is in the inbox, and that the accounts are as in HR.
    async fn assert_nothing_is_lost(&self, server: &Server, organization: &str, flood: &Flood) {
        let stored = "SELECT employee_hint || '=' || SUM(hooks) AS value FROM inbox \
                      GROUP BY employee_hint";
        let stored: BTreeMap<String, usize> = self
            .place
            .raw()
            .values(stored)
            .iter()
            .filter_map(|line| line.rsplit_once('='))
            .map(|(hint, hooks)| (hint.to_owned(), hooks.parse().unwrap()))
            .collect();
        for (employee, acknowledged) in flood.acknowledged.lock().unwrap().iter() {
            let found = stored.get(employee).copied().unwrap_or(0);
            assert!(found >= *acknowledged, "{employee}: {found} of {acknowledged} hooks");
        }
        self.until_idle().await;
        let path = format!("/organizations/{organization}/accounts?limit=100");
        let accounts = self.call(server, Method::GET, &path, json!({})).await;
        let jobs: BTreeMap<&str, &str> = accounts["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|account| {
                let text = |name: &str| account[name].as_str().unwrap_or_default();
                (text("email"), text("position"))
            })
            .collect();
        let hr = self.sandbox.people_hr();
        for id in hr.current_employee_ids() {
            let person = hr.person(&id).unwrap();
            assert_eq!(jobs.get(person.email.as_str()), Some(&person.job_role.as_str()), "{id}");
        }
    }
}

/// Webhooks from several connections at once, each after a change in HR.
#[derive(Default)]
struct Flood {
    acknowledged: Mutex<BTreeMap<String, usize>>,
    total: AtomicUsize,
    refused: Mutex<Vec<String>>,
    over: AtomicBool,
}

impl Flood {
    fn start(program: &Program, server: &Server, hook_path: &str) -> (Arc<Self>, Vec<Work>) {
        let flood = Arc::new(Self::default());
        let work = (0..6).map(|lane| {
            let (flood, hr) = (Arc::clone(&flood), Arc::clone(program.sandbox.people_hr()));
            let client = program.client.clone();
            let url = format!("{}{hook_path}", server.address);
            tokio::spawn(async move {
                let employees = hr.current_employee_ids();
                for number in 0_usize.. {
                    if flood.over.load(Ordering::SeqCst) {
                        return;
                    }
                    let employee = &employees[(number * 6 + lane) % employees.len()];
                    let job_role = Some(format!("Job {lane}-{number}"));
                    let edit = Edit { job_role, ..Edit::default() };
                    hr.edit(employee, &edit).await.unwrap();
                    let hook = json!({"ActionId": 2, "EmployeeId": employee});
                    // A dead server is what this is about.
                    let answer = client.post(&url).json(&hook).send().await;
                    let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
                    if (200..300).contains(&status) {
                        let mut acknowledged = flood.acknowledged.lock().unwrap();
                        *acknowledged.entry(employee.clone()).or_default() += 1;
                        flood.total.fetch_add(1, Ordering::SeqCst);
                    } else {
                        // The person's change is told of by nobody; the sender gives up too.
                        let why = format!("{status} {:?}", answer.err());
                        flood.refused.lock().unwrap().push(why);
                        flood.over.store(true, Ordering::SeqCst);
                    }
                }
            })
        });
        let work = work.collect();
        (flood, work)
    }

    async fn until(&self, total: usize) {
        let mut looks = tokio::time::interval(Duration::from_millis(5));
        let reached = async {
            while self.total.load(Ordering::SeqCst) < total {
                let refused = self.refused.lock().unwrap().clone();
                assert!(refused.is_empty(), "{refused:?}");
                looks.tick().await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("hooks are answered");
    }

    async fn end(&self, work: Vec<Work>) {
        self.over.store(true, Ordering::SeqCst);
        for one in work {
            one.await.unwrap();
        }
    }
}

type Work = tokio::task::JoinHandle<()>;

async fn o_06_live_sessions_are_durable(app: TestApp) {
    let durable = app.running.context.db.durability().await.unwrap();
    let wanted = if app.place.engine == Engine::Sqlite { "2" } else { "on" };
    assert_eq!(durable, [wanted, wanted]);
}

async fn o_06_nothing_acknowledged_is_lost_by_kill_9(place: TestPlace) {
    let program = Program::new(place).await;
    let mut server = program.serve().await;
    let (organization, hook_path) = program.connect(&server).await;
    let (flood, work) = Flood::start(&program, &server, &hook_path);
    flood.until(400).await;
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    flood.end(work).await;
    drop(server);
    // The changes whose hooks met a dead server are told of once more, as an admin's "Sync now" or
    // the next full sync does.
    let server = program.serve().await;
    let hook = program.client.post(format!("{}{hook_path}", server.address)).body("everybody");
    assert!(hook.send().await.unwrap().status().is_success());
    program.assert_nothing_is_lost(&server, &organization, &flood).await;
}

async fn o_06_sigterm_ends_in_order_while_hooks_arrive(place: TestPlace) {
    let program = Program::new(place).await;
    let mut server = program.serve().await;
    let (organization, hook_path) = program.connect(&server).await;
    let (flood, work) = Flood::start(&program, &server, &hook_path);
    flood.until(200).await;
    let pid = server.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let ended = tokio::time::timeout(STOP_MAX, async {
        loop {
            if let Some(status) = server.child.try_wait().unwrap() {
                return status;
            }
            looks.tick().await;
        }
    });
    let status = ended.await.unwrap_or_else(|_| panic!("{}", server.log.lock().unwrap()));
    flood.end(work).await;
    assert_eq!(status.code(), Some(0), "{}", server.log.lock().unwrap());
    let open = "SELECT state AS value FROM inbox WHERE state = 'leased' \
                UNION ALL SELECT state FROM runs WHERE state = 'running'";
    let left = program.place.raw().values(open);
    assert!(left.is_empty(), "work was left in the middle: {left:?}");
    drop(server);
    let server = program.serve().await;
    let hook = program.client.post(format!("{}{hook_path}", server.address)).body("everybody");
    assert!(hook.send().await.unwrap().status().is_success());
    program.assert_nothing_is_lost(&server, &organization, &flood).await;
}

async fn o_01_a_second_server_on_a_sqlite_file_is_refused(place: TestPlace) {
    let engine = place.engine;
    let program = Program::new(place).await;
    let first = program.serve().await;
    if engine == Engine::Postgres {
        // Any number of them share one PostgreSQL.
        let second = program.serve().await;
        assert_ne!(first.address, second.address);
        return;
    }
    let second = program.command(&["serve"]).output().unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!((second.status.code(), second.stdout.len()), (Some(1), 0), "{said}");
    let file = program.place.file().display().to_string();
    for part in [file.as_str(), "in use by another rollcall server", "PostgreSQL"] {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
    let live = program.client.get(format!("{}/readyz", first.address)).send().await.unwrap();
    assert!(live.status().is_success(), "the first goes on");
    drop(first);
    program.serve().await;
}

async fn l_02_the_token_is_in_no_line_of_the_programs_log(place: TestPlace) {
    let program = Program::new(place).await;
    let mut server = program.serve().await;
    let (_, hook_path) = program.connect(&server).await;
    let token = hook_path.rsplit_once('/').unwrap().1.to_owned();
    for (path, body) in [(hook_path.clone(), "{"), (format!("{hook_path}/more"), "{}")] {
        let url = format!("{}{path}", server.address);
        let answer = program.client.post(url).body(body).send().await.unwrap();
        assert!(!answer.text().await.unwrap().contains(&token));
    }
    let url = format!("{}{hook_path}", server.address);
    let huge = program.client.post(url).body(vec![b'x'; 100_000]).send().await.unwrap();
    assert_eq!(huge.status(), 413);
    program.until_idle().await;
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let log = server.log.lock().unwrap().clone();
    assert!(log.contains("a full sync succeeded"), "{log}");
    assert!(!log.contains(&token) && !log.contains(&program.api_key));
    for key in program.sandbox.people_hr().keys() {
        assert!(!log.contains(&key.key));
    }
}
