//! The inbox: hints collapse while they wait, and nothing is lost or counted twice.

use std::sync::mpsc;

use rollcall::clock::Timestamp;
use rollcall::db::directories::Directory;
use rollcall::db::inbox::{self, InboxRow, InboxState, Turn};
use rollcall::db::{DbError, Lane, Tx, directories, organizations};
use rollcall::domain::directory::DirectoryState;
use rollcall::domain::employee::EmployeeNumber;
use rollcall::domain::hint::{Hint, Whom};
use rollcall::domain::ids::DirectoryId;
use rollcall::limits;

use crate::plans::{numbers, plan, statements};
use crate::rows::directory;
use crate::testdb::{Engine, TestDb, on, on_both, organization};

on_both!(
    hints_about_one_person_collapse_while_they_wait,
    a_claimed_hint_lets_a_new_one_wait,
    a_hint_given_back_joins_a_newer_one,
    a_lost_claim_writes_nothing,
    a_claim_expires,
    an_unknown_token_is_nobodys,
    people_who_are_looked_at_are_left_waiting,
    s_02_what_is_settled_costs_the_intake_nothing,
    a_full_sync_settles_what_came_before_it,
    a_crowded_directory_that_fails_folds_its_hints,
    old_settled_hints_are_pruned,
    s_11_a_marked_leaver_is_not_forgotten_for_a_later_hook,
    s_03_a_hint_given_back_keeps_the_strongest_reason,
    s_03_a_starter_whom_the_list_does_not_name_is_due_again,
);

const TOKEN: &[u8] = b"directory_1";

fn here() -> DirectoryId {
    DirectoryId::from_text("directory_1")
}

async fn run<T: Send + 'static>(
    t: &TestDb,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, DbError> + Send + 'static,
) -> T {
    t.db.write(Lane::Urgent, work).await.unwrap()
}

async fn seed(t: &TestDb) {
    run(t, |tx| {
        organizations::insert(tx, &organization(1))?;
        directories::insert(tx, &directory("directory_1", &organization(1).id))
    })
    .await;
}

fn about(number: &str, action_id: Option<i32>) -> Hint {
    Hint { whom: Whom::Person(EmployeeNumber(number.to_owned())), action_id }
}

async fn take_in(t: &TestDb, hints: &[(&str, i32)], now: i64) {
    let hints: Vec<Hint> =
        hints.iter().map(|(number, action)| about(number, Some(*action))).collect();
    let found = t.db.take_in(move |tx| inbox::take_in(tx, TOKEN, &hints, Timestamp(now))).await;
    assert_eq!(found.unwrap(), Some(here()));
}

async fn due(t: &TestDb, now: i64) -> Vec<InboxRow> {
    run(t, move |tx| {
        let under_way = inbox::under_way(tx)?;
        inbox::due(tx, &here(), Turn::First, &under_way, Timestamp(now), 100)
    })
    .await
}

/// Claims the first due hint; as it was, with the number of the claim.
async fn claim(t: &TestDb, now: i64, until: i64) -> (InboxRow, i64) {
    let row = due(t, now).await.remove(0);
    let claimed = row.clone();
    assert!(run(t, move |tx| inbox::claim(tx, &claimed, Timestamp(until))).await);
    let epoch = row.lease_epoch + 1;
    (row, epoch)
}

fn number(row: &InboxRow) -> &str {
    let Whom::Person(number) = &row.whom else { panic!("this hint is about everybody") };
    number.as_str()
}

fn hints(rows: &[InboxRow]) -> Vec<&str> {
    rows.iter().map(number).collect()
}

async fn hints_about_one_person_collapse_while_they_wait(t: TestDb) {
    seed(&t).await;
    take_in(&t, &[("A1", 5)], 10).await;
    take_in(&t, &[("A1", 7), ("A2", 7)], 20).await;
    take_in(&t, &[], 30).await;
    take_in(&t, &[("A1", 9)], 40).await;
    let rows = due(&t, 40).await;
    assert_eq!(hints(&rows), ["A1", "A2"]);
    let first = &rows[0];
    assert_eq!((first.hooks, first.action_id), (3, Some(9)));
    assert_eq!(
        (first.first_received_at_ms, first.last_received_at_ms),
        (Timestamp(10), Timestamp(40))
    );
    assert_eq!(first.next_at_ms, Timestamp(10));
    assert_eq!(rows[1].hooks, 1);
    assert_eq!(t.db.read(inbox::next_due).await.unwrap(), Some(Timestamp(10)));
    let directories = t.db.read(|c| inbox::directories_due(c, Timestamp(10))).await.unwrap();
    let found: Vec<_> = directories.iter().map(|due| (&due.id, due.looks, due.people)).collect();
    assert_eq!(found, [(&here(), 0, 1)]);
    assert!(!directories[0].everybody);
    assert!(t.db.read(|c| inbox::directories_due(c, Timestamp(9))).await.unwrap().is_empty());
}

async fn a_claimed_hint_lets_a_new_one_wait(t: TestDb) {
    seed(&t).await;
    take_in(&t, &[("A1", 5)], 10).await;
    let (row, epoch) = claim(&t, 10, 100).await;
    let again = row.clone();
    assert!(!run(&t, move |tx| inbox::claim(tx, &again, Timestamp(100))).await, "claimed twice");
    take_in(&t, &[("A1", 2)], 20).await;
    take_in(&t, &[("A1", 3)], 30).await;
    let sql = "SELECT state || ' ' || hooks AS value FROM inbox ORDER BY id";
    assert_eq!(t.at.raw().values(sql), ["leased 1", "waiting 2"]);
    assert!(run(&t, move |tx| inbox::settle(tx, row.id, epoch, "seen", Timestamp(40))).await);
    assert_eq!(t.at.raw().values(sql), ["done 1", "waiting 2"]);
    assert_eq!(due(&t, 40).await[0].hooks, 2);
}

async fn a_hint_given_back_joins_a_newer_one(t: TestDb) {
    seed(&t).await;
    take_in(&t, &[("A1", 5)], 10).await;
    let (row, epoch) = claim(&t, 10, 100).await;
    let back = row.clone();
    run(&t, move |tx| inbox::give_back(tx, &back, epoch, Timestamp(50), Timestamp(20))).await;
    assert!(due(&t, 49).await.is_empty());
    let (row, epoch) = claim(&t, 50, 100).await;
    assert_eq!((row.attempts, row.hooks), (1, 1));

    take_in(&t, &[("A1", 2)], 60).await;
    run(&t, move |tx| inbox::give_back(tx, &row, epoch, Timestamp(90), Timestamp(70))).await;
    let rows = due(&t, 70).await;
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].hooks, rows[0].first_received_at_ms), (2, Timestamp(10)));
    let sql = "SELECT outcome AS value FROM inbox WHERE state = 'done'";
    assert_eq!(t.at.raw().values(sql), ["merged"]);
}

async fn a_lost_claim_writes_nothing(t: TestDb) {
    seed(&t).await;
    take_in(&t, &[("A1", 5)], 10).await;
    let (row, epoch) = claim(&t, 10, 100).await;
    // Its worker was thought dead; the hint went back and waits again.
    let back = row.clone();
    run(&t, move |tx| inbox::give_back(tx, &back, epoch, Timestamp(200), Timestamp(110))).await;
    for state in [InboxState::Waiting, InboxState::Leased] {
        if state == InboxState::Leased {
            claim(&t, 200, 300).await;
            take_in(&t, &[("A1", 2)], 210).await;
        }
        let all = "SELECT id || ' ' || state || ' ' || hooks || ' ' || next_at_ms || ' ' || \
                   COALESCE(lease_until_ms, 0) || ' ' || first_received_at_ms AS value \
                   FROM inbox ORDER BY id";
        let before = t.at.raw().values(all);
        let id = row.id;
        assert!(!run(&t, move |tx| inbox::renew(tx, id, epoch, Timestamp(900))).await);
        assert!(!run(&t, move |tx| inbox::settle(tx, id, epoch, "late", Timestamp(120))).await);
        let late = row.clone();
        run(&t, move |tx| inbox::give_back(tx, &late, epoch, Timestamp(900), Timestamp(120))).await;
        assert_eq!(t.at.raw().values(all), before, "{state:?}");
    }
}

async fn a_claim_expires(t: TestDb) {
    seed(&t).await;
    take_in(&t, &[("A1", 5)], 10).await;
    let (row, epoch) = claim(&t, 10, 100).await;
    let expired = async |now: i64| run(&t, move |tx| inbox::expired(tx, Timestamp(now), 10)).await;
    assert!(expired(100).await.is_empty());
    assert_eq!(hints(&expired(101).await), ["A1"]);
    assert!(run(&t, move |tx| inbox::renew(tx, row.id, epoch, Timestamp(200))).await);
    assert!(expired(101).await.is_empty());
    assert_eq!(expired(201).await[0].lease_epoch, epoch);
}

async fn an_unknown_token_is_nobodys(t: TestDb) {
    seed(&t).await;
    let hints = vec![about("A1", None)];
    let found = t.db.take_in(move |tx| inbox::take_in(tx, b"other", &hints, Timestamp(1))).await;
    assert_eq!(found.unwrap(), None);
    assert!(due(&t, 100).await.is_empty());
}

async fn people_who_are_looked_at_are_left_waiting(t: TestDb) {
    seed(&t).await;
    take_in(&t, &[("A1", 5), ("A2", 5)], 10).await;
    let (row, _) = claim(&t, 10, 100).await;
    assert_eq!(number(&row), "A1");
    take_in(&t, &[("A1", 2), ("A3", 2)], 20).await;
    assert_eq!(hints(&due(&t, 20).await), ["A2", "A3"]);
}

async fn a_full_sync_settles_what_came_before_it(t: TestDb) {
    seed(&t).await;
    take_in(&t, &[("A1", 5), ("A2", 5), ("A3", 5), ("A4", 5)], 10).await;
    claim(&t, 10, 100).await;
    take_in(&t, &[("A3", 2)], 29).await;
    let seq = run(&t, |tx| directories::take_observation_seqs(tx, &here(), 1)).await;
    // The clock was set back in between; the number of the question counts.
    take_in(&t, &[("A2", 2)], 5).await;
    assert_eq!(run(&t, |tx| inbox::park(tx, &here())).await, 3);
    assert!(due(&t, 1_000_000).await.is_empty());
    let lease_end = Some(Timestamp(100));
    assert_eq!(t.db.read(inbox::next_due).await.unwrap(), lease_end);
    let settled = run(&t, move |tx| inbox::settle_by_run(tx, &here(), seq, Timestamp(50))).await;
    assert_eq!(settled, 2);
    let sql = "SELECT employee_hint || ' ' || state AS value FROM inbox ORDER BY id";
    assert_eq!(t.at.raw().values(sql), ["A1 leased", "A2 waiting", "A3 done", "A4 done"]);
    // What came while the list was being read is due now.
    assert_eq!(hints(&due(&t, 50).await), ["A2"]);
    // And a person who was settled can wait again.
    take_in(&t, &[("A3", 3)], 60).await;
    assert_eq!(hints(&due(&t, 60).await), ["A2", "A3"]);
}

async fn s_11_a_marked_leaver_is_not_forgotten_for_a_later_hook(t: TestDb) {
    seed(&t).await;
    take_in(&t, &[("A1", 3), ("A2", 1), ("A3", 1), ("A4", 7)], 10).await;
    take_in(&t, &[("A1", 2), ("A2", 2), ("A3", 3), ("A4", 2)], 20).await;
    let actions: Vec<_> = due(&t, 20).await.iter().map(|row| row.action_id).collect();
    let expected = [inbox::MARKED_LEAVER, inbox::NEW_STARTER, inbox::MARKED_LEAVER, 2];
    assert_eq!(actions, expected.map(Some));
}

async fn s_03_a_hint_given_back_keeps_the_strongest_reason(t: TestDb) {
    seed(&t).await;
    let cases = [(3, 2, 3), (2, 3, 3), (1, 2, 1), (2, 1, 1), (3, 1, 3), (1, 3, 3), (7, 2, 2)];
    for (older, newer, expected) in cases {
        take_in(&t, &[("A1", older)], 10).await;
        let (row, epoch) = claim(&t, 10, 100).await;
        take_in(&t, &[("A1", newer)], 20).await;
        run(&t, move |tx| inbox::give_back(tx, &row, epoch, Timestamp(90), Timestamp(30))).await;
        let rows = due(&t, 30).await;
        assert_eq!(rows[0].action_id, Some(expected), "{older} then {newer}");
        let (row, epoch) = claim(&t, 30, 100).await;
        assert!(run(&t, move |tx| inbox::settle(tx, row.id, epoch, "seen", Timestamp(40))).await);
    }
}

async fn s_03_a_starter_whom_the_list_does_not_name_is_due_again(t: TestDb) {
    seed(&t).await;
    take_in(&t, &[("A1", 1), ("A2", 2), ("A3", 1)], 10).await;
    t.at.raw().run(&format!(
        "INSERT INTO directory_users (id, organization_id, directory_id, external_key, key_kind, \
         employee_number, first_last, name_order, state, membership, record, listed, \
         observation_seq, version, created_at_ms, updated_at_ms) VALUES ('directory_user_1', '{}', \
         'directory_1', 'A3', 'editable', 'A3', '', '', 'active', 'member', '{{}}', TRUE, 1, \
         1, 0, 0)",
        organization(1).id
    ));
    let settle = async |now: i64| {
        let seq = run(&t, |tx| directories::take_observation_seqs(tx, &here(), 1)).await;
        run(&t, move |tx| inbox::settle_by_run(tx, &here(), seq, Timestamp(now))).await
    };
    assert_eq!(settle(50).await, 2);
    assert!(due(&t, 50).await.is_empty(), "it makes no burst");
    let again = async |now: i64| {
        run(&t, move |tx| inbox::due(tx, &here(), Turn::Again, &[], Timestamp(now), 100)).await
    };
    assert_eq!(hints(&again(50).await), ["A1"]);
    run(&t, |tx| inbox::park(tx, &here())).await;
    assert!(again(60).await.is_empty());
    take_in(&t, &[("A1", 2)], 70).await;
    assert_eq!(hints(&again(70).await), ["A1"], "another webhook is a reason to look now");
    assert_eq!(settle(10 + limits::STARTER_MS_MAX).await, 1, "a day later it is enough");
}

async fn a_crowded_directory_that_fails_folds_its_hints(t: TestDb) {
    seed(&t).await;
    let many: Vec<(String, i32)> =
        (0..limits::INBOX_WAITING_MAX).map(|n| (format!("A{n}"), 5)).collect();
    let many: Vec<(&str, i32)> = many.iter().map(|(hint, n)| (hint.as_str(), *n)).collect();
    take_in(&t, &many, 10).await;
    let failing = Directory {
        state: DirectoryState::Failing,
        ..directory("directory_1", &organization(1).id)
    };
    run(&t, move |tx| directories::update(tx, &failing)).await;
    take_in(&t, &[("B1", 5), ("B2", 5)], 20).await;
    take_in(&t, &[("B3", 5)], 30).await;
    let waiting = t.db.read(|c| inbox::waiting_count(c, &here())).await.unwrap();
    assert_eq!(waiting, limits::INBOX_WAITING_MAX + 1);
    let sql = "SELECT CAST(hooks AS TEXT) AS value FROM inbox WHERE employee_hint = ''";
    assert_eq!(t.at.raw().values(sql), ["2"]);
}

async fn old_settled_hints_are_pruned(t: TestDb) {
    seed(&t).await;
    take_in(&t, &[("A1", 5), ("A2", 5)], 10).await;
    let (row, epoch) = claim(&t, 10, 100).await;
    run(&t, move |tx| inbox::settle(tx, row.id, epoch, "seen", Timestamp(50))).await;
    assert_eq!(run(&t, |tx| inbox::prune(tx, Timestamp(50), 9)).await, 0);
    assert_eq!(run(&t, |tx| inbox::prune(tx, Timestamp(51), 9)).await, 1);
    assert_eq!(run(&t, |tx| inbox::delete_of_directory(tx, &here())).await, 1);
}

/// SQLite has one writer, so there nothing can come between.
#[test]
fn a_hint_given_back_while_a_newer_one_is_being_stored_joins_it() {
    on(Engine::Postgres, async |t: TestDb| {
        seed(&t).await;
        take_in(&t, &[("A1", 5)], 10).await;
        let (row, epoch) = claim(&t, 10, 100).await;
        let (go, wait) = mpsc::channel::<()>();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let db = t.db.clone();
        let once = std::sync::Mutex::new(Some((begun, wait)));
        let newer = tokio::spawn(async move {
            db.take_in(move |tx| {
                inbox::take_in(tx, TOKEN, &[about("A1", Some(2))], Timestamp(20))?;
                let (begun, wait) = once.lock().unwrap().take().unwrap();
                begun.send(()).unwrap();
                let _ = wait.recv();
                Ok::<_, DbError>(())
            })
            .await
        });
        begins.await.unwrap();
        let db = t.db.clone();
        let back = tokio::spawn(async move {
            let work = move |tx: &mut Tx<'_>| {
                inbox::give_back(tx, &row, epoch, Timestamp(90), Timestamp(30))
            };
            db.write(Lane::Urgent, work).await
        });
        let waits = "SELECT pid::TEXT AS value FROM pg_stat_activity \
                     WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let mut raw = t.at.raw();
        while raw.values(waits).is_empty() {
            tokio::task::yield_now().await;
        }
        drop(go);
        newer.await.unwrap().unwrap();
        back.await.unwrap().unwrap();
        let sql = "SELECT state || ' ' || hooks AS value FROM inbox ORDER BY id";
        assert_eq!(raw.values(sql), ["done 1", "waiting 2"]);
    });
}

/// PostgreSQL only: SQLite has one writer, so there the intake waits for a batch by design.
#[test]
fn the_intake_does_not_wait_for_a_sync_that_has_the_directory() {
    on(Engine::Postgres, async |t: TestDb| {
        seed(&t).await;
        let (locked, is_locked) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let sync = t.db.write(Lane::Bulk, move |tx| {
            directories::lock(tx, &here())?;
            locked.send(()).unwrap();
            let _ = released.recv();
            Ok::<_, DbError>(())
        });
        let intake = async {
            tokio::task::spawn_blocking(move || is_locked.recv().unwrap()).await.unwrap();
            take_in(&t, &[("A1", 5)], 10).await;
            drop(release);
        };
        let (synced, ()) = tokio::join!(sync, intake);
        synced.unwrap();
    });
}

/// A webhook that races a disable is either stored before it, and deleted by it, or refused.
#[test]
fn l_08_a_webhook_that_races_a_disable_is_refused() {
    on(Engine::Postgres, async |t: TestDb| {
        seed(&t).await;
        let (locked, is_locked) = mpsc::channel();
        let disable = t.db.write(Lane::Urgent, move |tx| {
            let mut row = directories::lock_out_webhooks(tx, &here())?.ok_or(DbError::NotFound)?;
            locked.send(()).unwrap();
            row.webhook_token_hash = None;
            directories::update(tx, &row)
        });
        let intake = async {
            tokio::task::spawn_blocking(move || is_locked.recv().unwrap()).await.unwrap();
            let hints = [about("A1", Some(1))];
            t.db.take_in(move |tx| inbox::take_in(tx, TOKEN, &hints, Timestamp(10))).await.unwrap()
        };
        let (disabled, found) = tokio::join!(disable, intake);
        disabled.unwrap();
        assert_eq!(found, None);
    });
}

/// The sender of a webhook does not ask again, so nobody else's locks may refuse it.
#[test]
fn s_02_a_hint_is_stored_although_another_transaction_wants_the_same_rows() {
    on(Engine::Postgres, async |t: TestDb| {
        seed(&t).await;
        take_in(&t, &[("A1", 5), ("A2", 5)], 10).await;
        let (go, wait) = mpsc::channel::<()>();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let db = t.db.clone();
        // Somebody has the second row and then wants the first; the webhook goes the other way.
        let other = tokio::spawn(async move {
            let work = move |tx: &mut Tx<'_>| {
                touch(tx, "A2");
                begun.send(()).unwrap();
                let _ = wait.recv();
                touch(tx, "A1");
                Ok::<_, DbError>(())
            };
            db.write(Lane::Urgent, work).await
        });
        begins.await.unwrap();
        let blocked = "SELECT 'yes' AS value FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let mut raw = t.at.raw();
        let release = async {
            while raw.values(blocked).is_empty() {
                tokio::task::yield_now().await;
            }
            drop(go);
        };
        tokio::join!(take_in(&t, &[("A1", 2), ("A2", 2)], 20), release);
        // Which of the two PostgreSQL undoes is its own choice.
        let _ = other.await.unwrap();
        let hooks = "SELECT employee_hint || hooks AS value FROM inbox ORDER BY 1";
        assert_eq!(t.at.raw().values(hooks), ["A12", "A22"]);
    });
}

/// Locks the row of a hint as an update of it does.
fn touch(tx: &mut Tx<'_>, hint: &str) {
    use diesel::prelude::*;
    let rollcall::db::Conn::Pg(conn) = &mut **tx else { return };
    let sql = "UPDATE inbox SET attempts = attempts WHERE employee_hint = $1";
    // The one that PostgreSQL undoes gets an error here; that is what this is about.
    let _ = diesel::sql_query(sql).bind::<diesel::sql_types::Text, _>(hint).execute(conn);
}

/// Of these nearly all are settled, as after weeks of webhooks.
const HINTS: usize = 20_000;

fn fill(t: &TestDb) {
    let mut raw = t.at.raw();
    let numbers = numbers(t.at.engine, HINTS);
    raw.run(&format!(
        "{numbers} INSERT INTO inbox (organization_id, directory_id, employee_hint, state, hooks, \
             first_received_at_ms, last_received_at_ms, last_received_seq, next_at_ms, attempts, \
             lease_epoch, lease_until_ms, waiting_key) \
         SELECT '{}', '{}', 'p' || i, \
             CASE WHEN i % 500 = 0 THEN 'leased' WHEN i % 100 = 0 THEN 'waiting' ELSE 'done' END, \
             1, 0, 0, 0, 0, 0, 0, CASE WHEN i % 500 = 0 THEN 1000 END, \
             CASE WHEN i % 100 = 0 AND i % 500 > 0 THEN 'w' || i END FROM n",
        organization(1).id,
        here()
    ));
    raw.run("ANALYZE");
}

fn all(tx: &mut Tx<'_>) -> Result<(), DbError> {
    let now = Timestamp(10_000);
    assert!(!inbox::expired(tx, now, 100)?.is_empty());
    assert!(!inbox::directories_due(tx, now)?.is_empty());
    let under_way = inbox::under_way(tx)?;
    assert!(!under_way.is_empty());
    assert!(!inbox::due(tx, &here(), Turn::First, &under_way, now, 30)?.is_empty());
    inbox::due(tx, &here(), Turn::Again, &under_way, now, 30)?;
    inbox::take_in(tx, TOKEN, &[about("p1", Some(5))], now)?;
    assert!(inbox::next_due(tx)?.is_some());
    Ok(())
}

async fn s_02_what_is_settled_costs_the_intake_nothing(t: TestDb) {
    seed(&t).await;
    fill(&t);
    let about_inbox = |sql: &String| sql.contains("FROM \"inbox\"") || sql.contains("FROM `inbox`");
    let asked: Vec<String> = statements(&t.db, all).await.into_iter().filter(about_inbox).collect();
    assert!(asked.len() >= 8, "{asked:#?}");
    for sql in asked {
        let plan = plan(t.at.raw(), &sql);
        let walks = ["SCAN inbox", "Seq Scan", "inbox_pkey", "Filter: (state"];
        assert!(!walks.iter().any(|walk| plan.contains(walk)), "{sql}\n{plan}");
    }
}
