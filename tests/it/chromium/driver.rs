//! A Chromium without a screen, by the `WebDriver` protocol: JSON over HTTP to its driver, which
//! Debian calls chromium-driver.
//!
//! Two at most at a time, each with a profile of its own. A watchdog process waits on a pipe from
//! us: however the test ends (done, panicked, killed), the pipe closes, and the watchdog ends the
//! driver with every process of the browser and removes the profile. A machine without them fails
//! the test and says what to install.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

/// More would be in each other's way on two cores; with one, a thread of the tests stands idle.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// How long one command may take.
const COMMAND_MAX: Duration = Duration::from_mins(1);

/// The driver is the leader of a process group, in which all processes of the browser are too.
const WATCHDOG: &str = r#"
trap '' INT TERM HUP
folder=$1
shift
setsid "$@" &
cat >/dev/null
kill -s KILL -- "-$!"
wait
# A process of the browser may be at its last file.
for _ in 1 2 3 4 5 6 7 8 9; do
    rm -rf -- "$folder" && break
done
"#;

/// What the browser is told. The rest of the flags keeps it from calling home.
const FLAGS: [&str; 14] = [
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--hide-scrollbars",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--lang=en-GB",
    "--force-color-profile=srgb",
];

/// A running browser.
pub struct Chrome {
    client: reqwest::Client,
    session: String,
    folder: PathBuf,
    /// The window that commands go to.
    current: tokio::sync::Mutex<String>,
    /// What was found wrong on the way.
    complaints: Mutex<Vec<String>>,
    /// What the console may say once.
    pub expected: Mutex<Vec<String>>,
    watchdog: Child,
    _output: BufReader<ChildStdout>,
    _turn: SemaphorePermit<'static>,
}

impl Chrome {
    /// Starts a browser when it is our turn.
    pub async fn start() -> Self {
        let turn = AT_ONCE.acquire().await.expect("nobody closes it");
        let chromium = find(&["chromium", "chromium-browser", "google-chrome"]);
        let driver = find(&["chromedriver"]);
        let folder = tempfile::Builder::new().prefix("rollcall-chromium-").tempdir();
        let folder = folder.expect("a folder for the profile").keep();
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .args([&folder, &driver])
            .arg("--port=0")
            .current_dir("/")
            // Its own process group: Ctrl-C at the terminal must not reach it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh starts");
        let mut output = BufReader::new(watchdog.stdout.take().expect("its output"));
        let port = port_of(&mut output);
        #[expect(clippy::disallowed_methods, reason = "the test talks to the driver")]
        let client = reqwest::Client::builder().timeout(COMMAND_MAX).no_proxy();
        let mut chrome = Self {
            client: client.build().expect("a client"),
            session: format!("http://127.0.0.1:{port}/session"),
            folder,
            current: tokio::sync::Mutex::default(),
            complaints: Mutex::default(),
            expected: Mutex::default(),
            watchdog,
            _output: output,
            _turn: turn,
        };
        let made = chrome.command(Method::POST, "", wishes(&chromium, &chrome.folder)).await;
        let made = made.expect("Chromium starts");
        chrome.session.push('/');
        chrome.session.push_str(made["sessionId"].as_str().expect("a session"));
        let first = chrome.command(Method::GET, "/window", Value::Null).await;
        let first = first.expect("a window");
        first.as_str().expect("a name").clone_into(chrome.current.get_mut());
        chrome
    }

    async fn command(&self, method: Method, path: &str, body: Value) -> Result<Value, String> {
        let mut request = self.client.request(method, format!("{}{path}", self.session));
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.map_err(|error| format!("the driver: {error}"))?;
        let good = answer.status().is_success();
        let mut answer: Value = answer.json().await.map_err(|error| error.to_string())?;
        let value = answer["value"].take();
        if good { Ok(value) } else { Err(format!("{}: {}", value["error"], value["message"])) }
    }

    /// Sends a command of `WebDriver` to a window; what it answers, or what went wrong.
    pub async fn try_in(&self, window: &str, path: &str, body: Value) -> Result<Value, String> {
        let mut current = self.current.lock().await;
        if *current != window {
            let handle = json!({"handle": window});
            self.command(Method::POST, "/window", handle).await?;
            window.clone_into(&mut current);
        }
        self.command(Method::POST, path, body).await
    }

    /// The same where it has to go well.
    pub async fn in_window(&self, window: &str, path: &str, body: Value) -> Value {
        let answer = self.try_in(window, path, body).await;
        answer.unwrap_or_else(|why| panic!("{path}: {}", why.replace("\\n", "\n")))
    }

    /// Calls what the browser's own tools can do.
    pub async fn tool(&self, window: &str, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.in_window(window, "/goog/cdp/execute", body).await
    }

    /// Another window; its name.
    pub async fn new_window(&self) -> String {
        let made = self.command(Method::POST, "/window/new", json!({"type": "window"})).await;
        made.expect("a window")["handle"].as_str().expect("a name").to_owned()
    }

    /// What was logged since the last look.
    pub async fn log(&self, kind: &str) -> Vec<Value> {
        let log = self.command(Method::POST, "/se/log", json!({"type": kind})).await;
        log.expect("a log").as_array().cloned().unwrap_or_default()
    }

    /// A folder for files, gone with the browser.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Notes what is wrong, so that one run shows everything.
    pub fn complain(&self, complaint: String) {
        eprintln!("{complaint}");
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).push(complaint);
    }

    /// Asserts that nothing was found wrong.
    #[track_caller]
    pub fn assert_content(&self) {
        let complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(
            complaints.is_empty(),
            "{} complaints:\n{}",
            complaints.len(),
            complaints.join("\n")
        );
    }
}

impl Drop for Chrome {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

/// The first of these programs that is in PATH.
fn find(names: &[&str]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let places = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.into_iter().find(|program| program.is_file()).unwrap_or_else(|| {
        panic!(
            "{} is not in PATH, and pages are tested in a real browser; run scripts/test-setup, \
             or install Chromium and its driver (Debian: chromium and chromium-driver)",
            names[0]
        )
    })
}

fn port_of(output: &mut BufReader<ChildStdout>) -> u16 {
    let mut said = String::new();
    while output.read_line(&mut said).is_ok_and(|length| length > 0) {
        if let Some((_, port)) = said.trim_end().trim_end_matches('.').rsplit_once("on port ")
            && said.contains("successfully")
        {
            return port.parse().expect("a port");
        }
    }
    panic!("the driver of Chromium does not start: {said}");
}

fn wishes(chromium: &Path, folder: &Path) -> Value {
    let mut flags: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
    flags.push(format!("--user-data-dir={}", folder.join("profile").display()));
    // Chromium has no sandbox of its own for root.
    if std::fs::metadata("/proc/self").is_ok_and(|of_us| of_us.uid() == 0) {
        flags.push("--no-sandbox".to_owned());
    }
    let options = json!({
        "binary": chromium,
        "args": flags,
        "perfLoggingPrefs": {"enableNetwork": true, "enablePage": false},
    });
    json!({"capabilities": {"alwaysMatch": {
        "browserName": "chrome",
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        "goog:chromeOptions": options,
    }}})
}
