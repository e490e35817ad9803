//! A process that is killed in the middle of writing has stored all that it acknowledged.
//!
//! This shows that nothing is answered too early. It does not show that a commit survives a loss of
//! power; for that the settings of the sessions are asked (`reads.rs`).

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use rollcall::db::{Db, Lane, Place, Tx, organizations};
use rollcall::secret::Secret;

use crate::testdb::{Engine, TestPlace, block_on, organization};

/// Where the child is to write; it is this program again.
const FILE: &str = "ROLLCALL_TEST_CHILD_FILE";
const URL: &str = "ROLLCALL_TEST_CHILD_URL";
const MARK: &str = "acknowledged ";

/// Returns at once, except in the child: there it writes until it is killed.
#[test]
fn child() {
    let place = match (std::env::var_os(FILE), std::env::var_os(URL)) {
        (Some(file), _) => Place::Sqlite(file.into()),
        (_, Some(url)) => Place::Postgres(Secret::new(url.into_string().unwrap())),
        _ => return,
    };
    let db = Db::open_migrated(&place).unwrap();
    block_on(async {
        let tasks = (0..8_usize).map(|task| {
            let db = db.clone();
            tokio::spawn(async move {
                for number in (0..).map(|n| n * 8 + task) {
                    let work =
                        move |tx: &mut Tx<'_>| organizations::insert(tx, &organization(number));
                    match task % 2 {
                        0 => db.take_in(work).await.unwrap(),
                        _ => db.write(Lane::Urgent, work).await.unwrap(),
                    }
                    let line = format!("\n{MARK}{number}\n");
                    // Fails, and so ends, when the parent is gone.
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            })
        });
        let tasks: Vec<_> = tasks.collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

fn kill_in_the_middle(engine: Engine) {
    let Some(at) = TestPlace::migrated(engine) else { return };
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "kill::child", "--nocapture", "--test-threads=1"]);
    match &at.place {
        Place::Sqlite(file) => command.env(FILE, file),
        Place::Postgres(url) => command.env(URL, url.reveal()),
    };
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut acknowledged = Vec::new();
    for line in output.lines() {
        // The last line may be half written.
        let line = line.unwrap();
        if let Some(Ok(number)) = line.strip_prefix(MARK).map(str::parse::<usize>) {
            acknowledged.push(number);
        }
        if acknowledged.len() == 300 {
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success());
    assert!(acknowledged.len() >= 300, "the child stopped after {}", acknowledged.len());
    let mut raw = at.raw();
    let stored = raw.organizations();
    for number in acknowledged {
        let id = organization(number).id;
        assert!(stored.binary_search(&id.as_str().to_owned()).is_ok(), "{id} is missing");
    }
    if engine == Engine::Sqlite {
        let sql = "SELECT integrity_check AS value FROM pragma_integrity_check";
        assert_eq!(raw.values(sql), ["ok"]);
    }
    // And it opens and writes again.
    let db = Db::open(&at.place).unwrap();
    let work = |tx: &mut Tx<'_>| organizations::insert(tx, &organization(usize::MAX));
    block_on(db.write(Lane::Urgent, work)).unwrap();
}

mod what_was_acknowledged_survives_kill_9 {
    use super::{Engine, kill_in_the_middle};

    #[test]
    fn sqlite() {
        kill_in_the_middle(Engine::Sqlite);
    }

    #[test]
    fn postgres() {
        kill_in_the_middle(Engine::Postgres);
    }
}
