//! The `rollcall` command as a person starts it: in a folder, with an environment.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test program may stop at the first surprise"
)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

#[path = "command/files.rs"]
mod files;
#[path = "command/outage.rs"]
mod outage;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/program.rs"]
mod program;
#[path = "command/strangers.rs"]
mod strangers;

/// Exit code, standard output and standard error.
fn rollcall(folder: &Path, args: &[&str], env: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    // Tests run at the same time: each server takes a port that is free.
    command.env_clear().env("ROLLCALL__SERVER__LISTEN", "127.0.0.1:0").envs(env.iter().copied());
    command.current_dir(folder).args(args);
    let output = command.output().unwrap_or_else(|error| panic!("rollcall: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn o_05_check_config_reads_the_file_of_the_folder_and_the_environment_over_it() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = rollcall(folder.path(), &["check-config"], &[]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("1800"), "{out}");
    let file = folder.path().join("rollcall.toml");
    std::fs::write(&file, "[sync]\npoll_seconds = 901\nguard_min_count = 17\n").unwrap();
    let env = [("ROLLCALL__SYNC__POLL_SECONDS", "902")];
    let (code, out, _) = rollcall(folder.path(), &["check-config"], &env);
    assert_eq!(code, Some(0));
    assert!(out.contains("902") && !out.contains("901") && out.contains("17"), "{out}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "it made a file");
}

#[test]
fn o_05_a_bad_setting_stops_with_its_key_and_its_place() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rollcall.toml"), "[sync]\npoll_second = 90\n").unwrap();
    let (code, out, err) = rollcall(folder.path(), &["check-config"], &[]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    for part in ["sync.poll_second ", "rollcall.toml", "sync.poll_seconds"] {
        assert!(err.contains(part), "{part:?} is not in: {err}");
    }
    let env = [("DATABASE_URL", "rollcall.db")];
    let (code, _, err) = rollcall(folder.path(), &["check-config", "--config", "/dev/null"], &env);
    assert!(code == Some(2) && err.contains("DATABASE_URL"), "{err}");
}

#[test]
fn o_02_the_demo_syncs_a_company_and_ten_changes_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    // Settings that are meant for a real gateway must not count here.
    std::fs::write(folder.path().join("rollcall.toml"), "[database]\nurl = \"nonsense\"\n")
        .unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let env = [("TMPDIR", temporary.path().to_str().unwrap()), ("DATABASE_URL", "nonsense")];
    let (code, out, err) = rollcall(folder.path(), &["demo", "--once"], &env);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let changes = out.lines().filter(|line| line.contains(" user.")).count();
    assert_eq!(changes, 10, "{out}");
    for part in [
        "accounts linked       3",
        "all 10 changes: p50 ",
        "own answer took ",
        "Breathe HR: 300 people, ",
        "HRworks: 300 people, ",
        "  HRworks     job title",
    ] {
        assert!(out.contains(part), "{part:?} is not in: {out}");
    }
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "it left something");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "it made a file");
}

/// Starts the demo, sends it SIGTERM when it has written a line with `until` in it, and checks that
/// it ends well.
fn stop_demo(until: &str) {
    let temporary = tempfile::tempdir().unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .arg("demo")
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(until)), "{until:?} was never written");
    let killed = Command::new("kill").arg(demo.id().to_string()).status().unwrap();
    assert!(killed.success());
    // Read to the end, so that the demo never waits for its reader.
    lines.for_each(drop);
    assert_eq!(demo.wait().unwrap().code(), Some(0), "{until}");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "it left something");
}

/// The path and the answer of a page, asked for as a browser would, without a library.
fn page(url: &str) -> String {
    use std::io::{Read as _, Write as _};
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn o_02_the_demo_names_its_pages_and_opens_none_where_no_terminal_is() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("xdg-open");
    std::fs::write(&program, "#!/bin/sh\n: > \"$0.was-called\"\n").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&program, executable).unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .arg("demo")
        .env("PATH", folder.path())
        .env("DISPLAY", ":0")
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(demo.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said: Vec<String> = lines.take_while(|line| !line.contains("Ctrl-C")).collect();
    let urls = |part: &str| -> Vec<&str> {
        let words = said.iter().flat_map(|line| line.split_whitespace());
        words.filter(|word| word.starts_with("http") && word.contains(part)).collect()
    };
    let (portal, sandbox) = (urls("/portal/enter/"), urls("/_sandbox/pages"));
    assert_eq!((portal.len(), sandbox.len()), (3, 1), "{said:#?}");
    assert!(page(sandbox.first().unwrap()).contains("HRworks"));
    // A program that opens a link does not use it up.
    for link in portal.iter().chain(&portal) {
        let answer = page(link);
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("<button"), "{answer}");
    }
    assert!(!folder.path().join("xdg-open.was-called").exists());
    assert!(Command::new("kill").arg(demo.id().to_string()).status().unwrap().success());
    assert_eq!(demo.wait().unwrap().code(), Some(0));
}

#[test]
fn o_02_the_demo_can_be_stopped_at_any_time() {
    for until in ["gateway ", "Ten changes", "Ctrl-C"] {
        stop_demo(until);
    }
}
