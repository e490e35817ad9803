//! The files and databases that the commands open, make, refuse and leave alone (O-01, O-05, O-07,
//! O-12).

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::outage::now;
use crate::program::Server;
use crate::{postgres, rollcall};

const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// A folder with a database and its key.
fn made() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = rollcall(folder.path(), &["keys", "create", "--name", "first"], &[]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with("sk_live_"), "{out}");
    folder
}

#[test]
fn o_07_what_is_made_is_its_owners_alone() {
    let folder = made();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    // What an earlier version has made for everybody to read is closed.
    let database = folder.path().join("rollcall.db");
    std::fs::set_permissions(&database, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, ..) = rollcall(folder.path(), &["keys", "list"], &[]);
    assert_eq!((code, mode(&database)), (Some(0), 0o600));
}

#[test]
fn l_06_without_its_key_a_database_is_refused_and_no_other_key_is_made() {
    let folder = made();
    let key = folder.path().join("rollcall.db.key");
    let text = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    for args in [&["serve"][..], &["keys", "list"], &["keys", "create", "--name", "x"]] {
        let (code, _, err) = rollcall(folder.path(), args, &[]);
        assert_eq!(code, Some(1), "{args:?} {err}");
        let says = err.contains("rollcall.db.key is missing") && err.contains("put the file back");
        assert!(says, "{args:?} {err}");
        assert!(!key.exists(), "{args:?} made another key");
    }
    std::fs::write(&key, &text).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, _, err) = rollcall(folder.path(), &["keys", "list"], &[]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("0644") && err.contains("chmod 600"), "{err}");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(rollcall(folder.path(), &["keys", "list"], &[]).0, Some(0));
}

/// Starts a server in a folder and waits until it listens.
fn serve(folder: &Path) -> std::process::Child {
    let mut server = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .env_clear()
        .env("ROLLCALL__SERVER__LISTEN", "127.0.0.1:0")
        .current_dir(folder)
        .arg("serve")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(server.stderr.take().unwrap()));
    assert!(lines.any(|line| line.unwrap().contains("listens on")));
    // Read on, so that the server never waits for its reader.
    std::thread::spawn(move || lines.for_each(drop));
    server
}

#[test]
fn o_01_a_second_name_for_a_file_brings_no_second_server() {
    let there = made();
    let (link, hard, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), made());
    let file = there.path().join("rollcall.db");
    std::os::unix::fs::symlink(&file, link.path().join("linked.db")).unwrap();
    std::fs::hard_link(&file, hard.path().join("hard.db")).unwrap();
    // A link to a file that the first server makes.
    let dangling = tempfile::tempdir().unwrap();
    let target = dangling.path().join("target.db");
    for name in ["rollcall.db", "rollcall.db.key"] {
        std::fs::remove_file(new.path().join(name)).unwrap();
    }
    std::os::unix::fs::symlink(&target, new.path().join("rollcall.db")).unwrap();
    for (first, others) in [
        (there.path(), vec![link.path().join("linked.db"), hard.path().join("hard.db")]),
        (new.path(), vec![target]),
    ] {
        let mut server = serve(first);
        let key = std::fs::read_to_string(first.join("rollcall.db.key")).unwrap();
        let other = tempfile::tempdir().unwrap();
        for name in others {
            let url = format!("sqlite://{}", name.display());
            let env = [
                ("DATABASE_URL", url.as_str()),
                ("ROLLCALL__SECRETS__MASTER_KEY", key.trim()),
                ("ROLLCALL__SERVER__LISTEN", "127.0.0.1:0"),
            ];
            let (code, _, err) = rollcall(other.path(), &["serve"], &env);
            assert_eq!(code, Some(1), "{url} {err}");
            assert!(err.contains("in use by another rollcall server"), "{url} {err}");
        }
        assert!(Command::new("kill").arg(server.id().to_string()).status().unwrap().success());
        assert_eq!(server.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn o_06_a_stop_ends_in_the_time_that_it_has() {
    let folder = made();
    let mut server = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .env_clear()
        .env("ROLLCALL__SERVER__LISTEN", "127.0.0.1:0")
        .env("ROLLCALL__SERVER__STOP_SECONDS", "5")
        .current_dir(folder.path())
        .arg("serve")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(server.stderr.take().unwrap()));
    let listens = lines.find_map(|line| {
        let line = line.unwrap();
        let (_, rest) = line.split_once(" listens on http://")?;
        Some(rest.split(' ').next().unwrap().to_owned())
    });
    // Requests whose bodies never end.
    let stuck: Vec<std::net::TcpStream> = (0..20)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(listens.as_deref().unwrap()).unwrap();
            let head = "POST /portal/sign-in HTTP/1.1\r\nHost: g\r\nContent-Length: 100\r\n\r\ne";
            std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
            stream
        })
        .collect();
    let began = now();
    assert!(Command::new("kill").arg(server.id().to_string()).status().unwrap().success());
    assert_eq!(server.wait().unwrap().code(), Some(0));
    let took = began.elapsed();
    assert!(took < std::time::Duration::from_secs(15), "{took:?}");
    drop(stuck);
}

#[test]
fn o_05_check_config_refuses_what_serve_refuses() {
    let folder = tempfile::tempdir().unwrap();
    for url in ["smtp://user@mail.example", "smtp://u:p@mail.example?tls=none"] {
        let env = [("ROLLCALL__SMTP__URL", url), ("ROLLCALL__SMTP__FROM", "a@b.example")];
        let (code, out, err) = rollcall(folder.path(), &["check-config"], &env);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{url} {err}");
        assert!(err.contains("smtp.url"), "{url} {err}");
        let (code, _, err) = rollcall(folder.path(), &["serve"], &env);
        assert_ne!(code, Some(0), "{url} {err}");
    }
}

#[test]
fn s_44_a_budget_that_never_comes_to_an_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for system in ["PEOPLE_HR", "BREATHE_HR", "HRWORKS"] {
        let name = format!("ROLLCALL__PROVIDERS__{system}__CALLS_PER_MINUTE");
        for calls in ["1", "3", "5"] {
            let (code, _, err) = rollcall(folder.path(), &["check-config"], &[(&name, calls)]);
            assert_eq!(code, Some(2), "{name} {calls}");
            assert!(err.contains("at least 6, the smallest that works"), "{err}");
        }
        assert_eq!(rollcall(folder.path(), &["check-config"], &[(&name, "6")]).0, Some(0));
    }
}

#[test]
fn o_02_the_sandbox_is_for_this_machine_alone() {
    let folder = tempfile::tempdir().unwrap();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8081"] {
        let (code, out, err) = rollcall(folder.path(), &["sandbox", "--listen", address], &[]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{address} {err}");
        assert!(err.contains("loopback"), "{err}");
    }
}

#[test]
fn o_12_only_serve_and_migrate_change_a_database_that_is_there() {
    let folder = made();
    for args in [&["keys", "list"][..], &["keys", "revoke", "first"]] {
        let empty = tempfile::tempdir().unwrap();
        let (code, _, err) = rollcall(empty.path(), args, &[]);
        assert_eq!(code, Some(1), "{args:?} {err}");
        assert!(err.contains("rollcall migrate"), "{err}");
        assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0, "{args:?} made a file");
    }
    // A database of an earlier version.
    let last = "DELETE FROM __diesel_schema_migrations WHERE version = \
                (SELECT MAX(version) FROM __diesel_schema_migrations)";
    sqlite(&folder.path().join("rollcall.db"), last);
    for args in [&["keys", "list"][..], &["keys", "create", "--name", "second"]] {
        let (code, _, err) = rollcall(folder.path(), args, &[]);
        assert_eq!(code, Some(1), "{args:?} {err}");
        assert!(err.contains("rollcall migrate"), "{err}");
    }
}

#[test]
fn o_12_a_database_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rollcall.db");
    sqlite(&file, "CREATE TABLE users (id INTEGER); INSERT INTO users VALUES (1)");
    for args in [&["serve"][..], &["migrate"]] {
        let env = [("ROLLCALL__SERVER__LISTEN", "127.0.0.1:0")];
        let (code, out, err) = rollcall(folder.path(), args, &env);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{args:?} {err}");
        assert!(err.contains("tables that Rollcall has not made (users)"), "{err}");
    }
    assert!(!folder.path().join("rollcall.db.key").exists());
}

#[test]
fn o_12_tables_that_no_release_has_made_are_refused_with_what_to_do() {
    let folder = made();
    let spoil = "ALTER TABLE mails DROP COLUMN recipient_domain";
    sqlite(&folder.path().join("rollcall.db"), spoil);
    for args in [&["serve"][..], &["migrate"], &["keys", "list"]] {
        let env = [("ROLLCALL__SERVER__LISTEN", "127.0.0.1:0")];
        let (code, _, err) = rollcall(folder.path(), args, &env);
        assert_eq!(code, Some(1), "{args:?} {err}");
        assert!(err.contains("mails.recipient_domain") && err.contains("restore"), "{err}");
    }
}

fn sqlite(file: &Path, sql: &str) {
    use diesel::Connection as _;
    use diesel::connection::SimpleConnection as _;
    let mut conn = diesel::SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    conn.batch_execute(sql).unwrap();
}

#[test]
fn o_06_postgres_that_takes_no_changes_is_not_ready_and_says_why() {
    let Some(cluster) = postgres::cluster() else { return };
    let url = cluster.create_database();
    let database = url.rsplit_once('/').unwrap().1;
    let env = [("DATABASE_URL", url.as_str()), ("ROLLCALL__SECRETS__MASTER_KEY", MASTER_KEY)];
    let server =
        Server::start(&[env.as_slice(), &[("ROLLCALL__SERVER__LISTEN", "127.0.0.1:0")]].concat());
    let ask = |line: &str, body: &str| {
        server.answer(
            format!(
                "{line} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Type: \
                 application/json\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\r\n{body}",
                server.key,
                body.len()
            )
            .as_bytes(),
        )
    };
    assert!(ask("GET /readyz", "").starts_with("HTTP/1.1 200"));
    let set = |on: &str| {
        let sql = format!(
            "ALTER DATABASE {database} SET default_transaction_read_only = {on}; \
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = '{database}' AND pid <> pg_backend_pid()"
        );
        cluster.psql(&cluster.url("postgres"), &sql).unwrap();
    };
    set("on");
    // Its connections were ended, so the first question may still meet an old one.
    let mut ready = String::new();
    for _ in 0..1_000 {
        ready = ask("GET /readyz", "");
        if ready.contains("read-only") {
            break;
        }
    }
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("read-only"), "{ready}");
    let write = ask("POST /api/v1/organizations", r#"{"name": "Late Ltd"}"#);
    assert!(write.starts_with("HTTP/1.1 503") && write.contains("read-only"), "{write}");
    assert!(ask("GET /api/v1/organizations", "").starts_with("HTTP/1.1 200"), "reading goes on");
    set("off");
    let mut back = String::new();
    for _ in 0..1_000 {
        back = ask("GET /readyz", "");
        if back.starts_with("HTTP/1.1 200") {
            break;
        }
    }
    assert!(back.starts_with("HTTP/1.1 200"), "{back}");
}

#[test]
fn o_12_a_role_that_may_make_no_tables_serves_a_migrated_database() {
    let Some(cluster) = postgres::cluster() else { return };
    let url = cluster.create_database();
    let database = url.rsplit_once('/').unwrap().1;
    let folder = tempfile::tempdir().unwrap();
    let env = [("DATABASE_URL", url.as_str()), ("ROLLCALL__SECRETS__MASTER_KEY", MASTER_KEY)];
    assert_eq!(rollcall(folder.path(), &["migrate"], &env).0, Some(0));
    let role = format!("small_{database}");
    let sql = format!(
        "CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}; \
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"
    );
    cluster.psql(&url, &sql).unwrap();
    let own = format!("postgres://{role}@{}", url.split_once('@').unwrap().1);
    let env = [
        ("DATABASE_URL", own.as_str()),
        ("ROLLCALL__SECRETS__MASTER_KEY", MASTER_KEY),
        ("ROLLCALL__SERVER__LISTEN", "127.0.0.1:0"),
    ];
    let server = Server::start(&env);
    let answer = server.answer(b"GET /readyz HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
