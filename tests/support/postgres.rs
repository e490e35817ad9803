//! A throw-away PostgreSQL server for tests: at most one per test program, gone when it ends.
//!
//! A watchdog process waits on a pipe from us. However the test program ends (done, panicked,
//! killed), the pipe closes, and the watchdog stops the server and removes its folder.
//!
//! In tests nothing is forced to the disk: the server outlives every gateway that a test kills, and
//! only a power cut could tell the difference. In benchmarks every commit is, as in production.
//! Text is sorted by a language's rules, so that a query that forgets its collation is noticed.
#![expect(clippy::expect_used, reason = "a test may stop at the first surprise")]
#![allow(dead_code, reason = "each test program uses its part of this")]

use std::ffi::OsStr;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

#[path = "scratch.rs"]
pub mod scratch;

/// Set (to anything) where a missing PostgreSQL is a failure, as `make test` does.
pub const REQUIRE: &str = "ROLLCALL_TEST_REQUIRE_POSTGRES";

const PROGRAMS: [&str; 4] = ["initdb", "pg_ctl", "postgres", "psql"];
/// The superuser of the throw-away server.
const ROLE: &str = "rollcall";
/// Another test program may take a port between our looking and our listening.
const START_TRIES: u32 = 5;

const WATCHDOG: &str = r#"
trap '' INT TERM HUP
folder=$1
shift
cat >/dev/null
"$@" >/dev/null 2>&1
rm -rf -- "$folder"
"#;

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Nothing: the files are in memory, where there is room.
    Memory,
    /// The disk, as in production.
    Disk,
}

/// A running server.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    bin: PathBuf,
    port: u16,
    watchdog: Child,
    databases: AtomicU32,
}

/// The server of this test program, started by the first caller. `None`, after saying so, when
/// PostgreSQL is not installed and [`REQUIRE`] is not set.
pub fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER.get_or_init(|| started(Storage::Memory)).as_ref()
}

/// The server of this benchmark, whose commits reach the disk.
pub fn durable_cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER.get_or_init(|| started(Storage::Disk)).as_ref()
}

fn started(storage: Storage) -> Option<Cluster> {
    match find_programs(std::env::var_os("PATH").as_deref(), installed_folders()) {
        Ok(bin) => Some(Cluster::start(&bin, storage).expect("the throw-away PostgreSQL starts")),
        Err(missing) => {
            let text = format!("PostgreSQL suites did not run: {missing}");
            let required = std::env::var_os(REQUIRE).is_some_and(|value| !value.is_empty());
            assert!(!required, "{text}");
            // Not eprintln!, which the test harness swallows when a test passes.
            let _ = writeln!(std::io::stderr(), "{text}");
            None
        }
    }
}

/// Where Debian and its relatives put the server's programs, the newest version first.
pub fn installed_folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path().join("bin")).collect();
    let version = |folder: &Path| {
        let name = folder.parent().and_then(Path::file_name).and_then(OsStr::to_str);
        name.and_then(|name| name.parse::<u32>().ok())
    };
    folders.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    folders
}

/// The folder with all the programs that a server needs: in `path`, else one of `folders`; or what
/// is missing and what to install.
pub fn find_programs(path: Option<&OsStr>, folders: Vec<PathBuf>) -> Result<PathBuf, String> {
    // A link in PATH leads to the folder with the rest.
    let linked = path.iter().flat_map(std::env::split_paths).filter_map(|folder| {
        let program = folder.join("initdb").canonicalize().ok()?;
        program.parent().map(Path::to_path_buf)
    });
    let complete = |folder: &PathBuf| PROGRAMS.iter().all(|name| folder.join(name).is_file());
    linked.chain(folders).find(complete).ok_or_else(|| {
        format!(
            "{} were not found together in PATH or /usr/lib/postgresql/*/bin; \
             run scripts/test-setup, or install the package postgresql",
            PROGRAMS.join(", ")
        )
    })
}

impl Cluster {
    /// Starts a server from the programs in `bin`.
    pub fn start(bin: &Path, storage: Storage) -> Result<Self, String> {
        let user = server_user();
        // A socket's path has at most 107 bytes, and as root the folder has to be where the
        // server's own user can get.
        let wanted = match storage {
            Storage::Memory => scratch::parent(),
            Storage::Disk => std::env::temp_dir(),
        };
        let short = wanted.as_os_str().len() < 60;
        let open = user.is_none() || wanted == Path::new(scratch::MEMORY);
        let base = if open && short { wanted } else { PathBuf::from("/tmp") };
        let folder = tempfile::Builder::new()
            .prefix("rollcall-pg-")
            .tempdir_in(base)
            .map_err(|error| format!("no folder for PostgreSQL: {error}"))?
            .keep();
        let data = folder.join("data");
        let watchdog = start_watchdog(bin, &folder, &data, user.as_deref())?;
        let mut cluster =
            Self { folder, bin: bin.to_owned(), port: 0, watchdog, databases: AtomicU32::new(0) };
        if let Some(user) = &user {
            succeed(Command::new("chown").arg(user).arg(&cluster.folder))?;
        }
        cluster.initialize(&data, user.as_deref())?;
        cluster.port = cluster.listen(&data, user.as_deref(), storage)?;
        Ok(cluster)
    }

    fn initialize(&self, data: &Path, user: Option<&str>) -> Result<(), String> {
        let initdb = |more: &[&str]| {
            let mut command = as_user(user, &self.bin.join("initdb"));
            command.args(["--username", ROLE, "--auth=trust", "--encoding=UTF8", "--locale=C"]);
            succeed(command.args(["--no-sync", "--pgdata"]).arg(data).args(more))
        };
        // Servers built without ICU sort by bytes only.
        initdb(&["--locale-provider=icu", "--icu-locale=en"]).or_else(|_| initdb(&[])).map(|_| ())
    }

    /// Lets the server listen on a free port; the port.
    fn listen(&self, data: &Path, user: Option<&str>, storage: Storage) -> Result<u16, String> {
        let waiting = match storage {
            Storage::Memory => {
                "-c fsync=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 \
                 -c max_wal_size=128MB"
            }
            Storage::Disk => "-c fsync=on",
        };
        let log = self.folder.join("log");
        let mut reason = String::new();
        for _ in 0..START_TRIES {
            let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr());
            let port = free.map_err(|error| format!("no free port: {error}"))?.port();
            let options = format!(
                "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={} \
                 -c synchronous_commit=on -c max_connections=200 -c shared_buffers=64MB {waiting}",
                self.folder.display()
            );
            let mut command = as_user(user, &self.bin.join("pg_ctl"));
            command.args(["start", "--wait", "--timeout=60", "--silent", "--pgdata"]).arg(data);
            match succeed(command.arg("--log").arg(&log).args(["--options", &options])) {
                Ok(_) => return Ok(port),
                Err(error) => reason = error,
            }
        }
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        Err(format!("PostgreSQL does not start: {reason}\n{log}"))
    }

    /// The URL of a fresh, empty database.
    pub fn create_database(&self) -> String {
        self.create_database_from("template1")
    }

    /// The URL of a fresh copy of a database, given by its name or URL. Nobody may be connected to
    /// the original meanwhile.
    pub fn create_database_from(&self, template: &str) -> String {
        let template = name_of(template);
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let sql = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\"");
        // Three times as fast where nothing is forced to the disk; unknown before PostgreSQL 15.
        self.command(&format!("{sql} STRATEGY file_copy"))
            .or_else(|_| self.command(&sql))
            .expect("the database is created");
        self.url(&name)
    }

    /// Takes a database away, whoever is still connected to it: hundreds of them would fill the
    /// disk of a small machine.
    pub fn drop_database(&self, url: &str) -> Result<(), String> {
        self.command(&format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", name_of(url)))
    }

    fn command(&self, sql: &str) -> Result<(), String> {
        let mut connection =
            PgConnection::establish(&self.url("postgres")).map_err(|error| error.to_string())?;
        connection.batch_execute(sql).map_err(|error| error.to_string())
    }

    /// The URL of a database of this server.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{ROLE}@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs SQL with psql; the answer without decoration, or what psql says.
    pub fn psql(&self, url: &str, sql: &str) -> Result<String, String> {
        let mut command = program(&self.bin.join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql]);
        let output = succeed(&mut command)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// Where the server keeps everything.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stops the server and removes its folder now, the same way as when the program ends.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Cluster {
    /// So that a cluster that failed to start is taken away too.
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

fn start_watchdog(
    bin: &Path,
    folder: &Path,
    data: &Path,
    user: Option<&str>,
) -> Result<Child, String> {
    let mut stop = as_user(user, &bin.join("pg_ctl"));
    stop.args(["stop", "--mode=immediate", "--wait", "--timeout=30", "--pgdata"]).arg(data);
    // Its own process group: Ctrl-C at the terminal must not reach it.
    Command::new("sh")
        .args(["-c", WATCHDOG, "watchdog"])
        .arg(folder)
        .arg(stop.get_program())
        .args(stop.get_args())
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("no watchdog for PostgreSQL: {error}"))
}

/// Whom the server has to run as: nobody special, except that it refuses to run as root.
fn server_user() -> Option<String> {
    let id = |args: &[&str]| succeed(Command::new("id").args(args));
    let root = id(&["-u"]).is_ok_and(|output| output.stdout.starts_with(b"0"));
    let name = if id(&["-u", "postgres"]).is_ok() { "postgres" } else { "nobody" };
    root.then(|| name.to_owned())
}

fn as_user(user: Option<&str>, path: &Path) -> Command {
    let Some(user) = user else { return program(path) };
    let mut command = program(Path::new("runuser"));
    command.args(["-u", user, "--"]).arg(path);
    command
}

/// A command that is not touched by settings of the surroundings, such as PGOPTIONS.
fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.env_clear().env("LC_ALL", "C").current_dir("/").stdin(Stdio::null());
    command.envs(std::env::vars_os().filter(|(name, _)| name == "PATH"));
    command
}

fn succeed(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}
