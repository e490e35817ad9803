//! The SDKs in one vocabulary: what a test asks, and what the SDK made of the gateway's answer.
//!
//! An SDK for Node or Python runs in a process of its own (tests/sdk/driver.mjs and driver.py),
//! started once per test program and asked line by line. The one for Rust runs here
//! ([`super::crate_sdk`]). A process that does not answer in time is ended and the test fails. A
//! set that is not installed, or not the one of its lock file, fails the test and says what to run.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::support::TestApp;

/// How long one request to a driver may take.
const ANSWER_MAX: Duration = Duration::from_secs(90);

/// A client that applications use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sdk {
    Node7,
    Node8,
    Node11,
    Python5,
    Python10,
    Rust,
}

use Sdk::{Node7, Node8, Node11, Python5, Python10, Rust};

impl Sdk {
    pub const ALL: [Self; 6] = [Node7, Node8, Node11, Python5, Python10, Rust];
    /// Those that can manage webhook endpoints.
    pub const WITH_ENDPOINTS: [Self; 3] = [Node11, Python10, Rust];
    /// Those that can ask for a sync.
    pub const WITH_SYNC: [Self; 2] = [Python10, Rust];

    /// Whether it is one of those for Node.
    pub fn is_node(self) -> bool {
        matches!(self, Node7 | Node8 | Node11)
    }

    fn process(self) -> Option<&'static Process> {
        static PROCESSES: [Process; 5] = [
            Process::node("node7"),
            Process::node("node8"),
            Process::node("node11"),
            Process::python("python5"),
            Process::python("python10"),
        ];
        PROCESSES.get(Self::ALL.iter().position(|sdk| *sdk == self).expect("one of them"))
    }
}

/// The verifiers of Standard Webhooks that are not ours.
pub static NODE_VERIFIERS: Process = Process::node("node-verifiers");
/// The same for Python.
pub static PYTHON_VERIFIERS: Process = Process::python("python-verifiers");

/// What an SDK threw.
#[derive(Debug, Clone)]
pub struct Thrown {
    pub class: String,
    pub message: String,
    pub status: Option<u16>,
    /// Everything it said.
    pub all: Value,
}

impl Thrown {
    fn of(error: Value) -> Self {
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        Self {
            class: text("class"),
            message: text("message"),
            status: error["status"].as_u64().and_then(|status| status.try_into().ok()),
            all: error,
        }
    }
}

/// What came of a request, with members in the wire's spelling.
pub type Outcome = Result<Value, Thrown>;

/// Asks an SDK for something at a gateway, with its key. `what` are the members of the request:
/// `id`, `query`, `body` and so on.
pub async fn ask(app: &TestApp, sdk: Sdk, call: &str, what: Value) -> Outcome {
    let base = format!("http://{}", app.running.address);
    ask_at(&base, app.key.reveal(), sdk, call, what).await
}

/// The same at any address with any key.
pub async fn ask_at(base: &str, key: &str, sdk: Sdk, call: &str, what: Value) -> Outcome {
    let mut request = json!({"do": call, "base": base, "key": key, "query": {}});
    let members = request.as_object_mut().expect("an object");
    members.extend(what.as_object().cloned().unwrap_or_default());
    // Oldest first is what a feed is for. The SDK for Rust asks for the newest unless it is told;
    // the others leave the order to the server, and Python 5 has no word for it.
    if sdk == Rust && matches!(call, "list_events" | "walk_events") {
        members["query"]["order"] = json!("asc");
    }
    if let Some(body) = members.get_mut("body").filter(|_| sdk.is_node()) {
        *body = respelt(body, &camel);
    }
    if let Some(query) = members.get_mut("query").filter(|_| sdk.is_node()) {
        *query = respelt(query, &camel);
    }
    match sdk.process() {
        Some(process) => process.ask(request).await,
        None => super::crate_sdk::ask(&request).await,
    }
}

/// The same, where it has to go well.
#[track_caller]
pub fn good(sdk: Sdk, call: &str, outcome: Outcome) -> Value {
    outcome.unwrap_or_else(|thrown| panic!("{sdk:?} {call}: {:#}", thrown.all))
}

/// A driver that is started with the first request and then stays.
pub struct Process {
    name: &'static str,
    is_node: bool,
    running: Mutex<Option<Started>>,
}

struct Started {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Process {
    const fn node(name: &'static str) -> Self {
        Self { name, is_node: true, running: Mutex::new(None) }
    }

    const fn python(name: &'static str) -> Self {
        Self { name, is_node: false, running: Mutex::new(None) }
    }

    /// Asks; one request at a time.
    pub async fn ask(&'static self, request: Value) -> Outcome {
        let line = request.to_string();
        let asked = tokio::task::spawn_blocking(move || self.answer_to(&line));
        let answer = asked.await.expect("nothing panics there");
        let answer = answer.unwrap_or_else(|why| panic!("the SDK set {}: {why}", self.name));
        let mut answer: Value = serde_json::from_str(&answer).expect("the driver writes JSON");
        match answer.get_mut("error").map(Value::take) {
            Some(error) => Err(Thrown::of(error)),
            None if self.is_node => Ok(respelt(&answer["ok"], &snake)),
            None => Ok(answer["ok"].take()),
        }
    }

    fn answer_to(&self, line: &str) -> Result<String, String> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let started = match running.as_mut() {
            Some(started) => started,
            None => running.insert(self.start()?),
        };
        let written = writeln!(started.input, "{line}").and_then(|()| started.input.flush());
        let answer = written.map_err(|error| format!("the driver takes no request: {error}"));
        let answer = answer.and_then(|()| {
            let next = started.lines.recv_timeout(ANSWER_MAX);
            next.map_err(|error| format!("no answer from the driver ({error}) to {line}"))
        });
        if answer.is_err()
            && let Some(mut ended) = running.take()
        {
            let _ = ended.child.kill();
            let _ = ended.child.wait();
        }
        answer
    }

    fn start(&self) -> Result<Started, String> {
        let folder = installed(self.name)?;
        let mut command = if self.is_node {
            let node = cache().join("node");
            if !node.exists() {
                installed("node-runtime")?;
            }
            let mut command = Command::new(node);
            command.arg(sets().join("driver.mjs")).arg(&folder);
            command
        } else {
            let mut command = Command::new(folder.join("venv/bin/python"));
            command.arg(sets().join("driver.py"));
            command
        };
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| format!("{command:?} does not start: {error}"))?;
        let input = child.stdin.take().ok_or("no input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let lines = output.lines().map_while(Result::ok);
            lines.take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop);
        });
        Ok(Started { child, input, lines })
    }
}

fn sets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk")
}

fn cache() -> PathBuf {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/sdk-cache");
    std::env::var_os("ROLLCALL_TEST_CACHE").map_or_else(usual, PathBuf::from)
}

/// The folder of a set that is installed from the lock file as it is now.
pub fn installed(name: &str) -> Result<PathBuf, String> {
    let (folder, set) = (cache().join(name), sets().join(name));
    if let Ok(why) = std::fs::read_to_string(folder.join("failed")) {
        return Err(why);
    }
    let same = |lock: &str| {
        let read = |folder: &Path| std::fs::read(folder.join(lock)).ok();
        read(&set).is_some_and(|lock| read(&folder) == Some(lock))
    };
    let is_current = same("package-lock.json") || same("requirements.txt");
    if is_current && folder.join("stamp").is_file() {
        return Ok(folder);
    }
    Err("it is not installed, or its lock file has changed; run scripts/test-setup".to_owned())
}

/// A value with its members' names respelt, at every depth.
fn respelt(value: &Value, respell: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| respelt(item, respell)).collect(),
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(name, value)| (respell(name), respelt(value, respell)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

/// `organizationId` to `organization_id`.
fn snake(name: &str) -> String {
    let mut respelt = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            respelt.push('_');
        }
        respelt.push(letter.to_ascii_lowercase());
    }
    respelt
}

/// `organization_id` to `organizationId`.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut respelt = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        respelt.push_str(&first.to_ascii_uppercase());
        respelt.push_str(rest);
    }
    respelt
}
