//! Reading: one unchanging view that cannot write; the settings of live sessions; the pool.

use std::sync::mpsc;

use diesel::connection::SimpleConnection as _;
use rollcall::db::{Conn, DbError, Lane, organizations};

use crate::testdb::{Engine, TestDb, on, on_both, organization};

on_both!(
    a_read_sees_one_unchanging_view,
    a_read_can_not_write,
    live_sessions_wait_for_the_disk,
    a_read_that_panics_harms_nobody,
);

async fn a_read_sees_one_unchanging_view(t: TestDb) {
    t.db.write(Lane::Urgent, |tx| organizations::insert(tx, &organization(1))).await.unwrap();
    let (go, wait) = mpsc::channel::<()>();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let db = t.db.clone();
    let reader = tokio::spawn(async move {
        db.read(move |c| {
            organizations::find(c, &organization(1).id)?;
            begun.send(()).unwrap();
            let _ = wait.recv();
            Ok(matches!(organizations::find(c, &organization(2).id), Err(DbError::NotFound)))
        })
        .await
    });
    begins.await.unwrap();
    t.db.write(Lane::Urgent, |tx| organizations::insert(tx, &organization(2))).await.unwrap();
    drop(go);
    let unseen: Result<bool, DbError> = reader.await.unwrap();
    assert!(unseen.unwrap(), "a write came into view in the middle of a read");
    t.db.read(|c| organizations::find(c, &organization(2).id)).await.unwrap();
}

async fn a_read_can_not_write(t: TestDb) {
    let refused = t.db.read(|c| {
        let sql = "UPDATE event_sequence SET last_number = 7";
        match c {
            Conn::Sqlite(c) => c.batch_execute(sql)?,
            Conn::Pg(c) => c.batch_execute(sql)?,
        }
        Ok::<_, DbError>(())
    });
    let text = refused.await.unwrap_err().to_string();
    assert!(text.contains("readonly") || text.contains("read-only"), "{text}");
    let sql = "SELECT CAST(last_number AS TEXT) AS value FROM event_sequence";
    assert_eq!(t.at.raw().values(sql), ["0"]);
}

/// Killing the process does not show whether a commit waits for the disk, so the setting is asked.
async fn live_sessions_wait_for_the_disk(t: TestDb) {
    let expected = match t.at.engine {
        Engine::Sqlite => "2",
        Engine::Postgres => "on",
    };
    assert_eq!(t.db.durability().await.unwrap(), [expected, expected]);
    if t.at.engine == Engine::Sqlite {
        let sql = "SELECT journal_mode AS value FROM pragma_journal_mode";
        assert_eq!(t.at.raw().values(sql), ["wal"]);
    }
}

async fn a_read_that_panics_harms_nobody(t: TestDb) {
    for _ in 0..20 {
        let answer = t.db.read(|_| -> Result<(), DbError> { panic!("on purpose") }).await;
        assert!(matches!(answer, Err(DbError::Panicked)), "{answer:?}");
    }
    t.db.read(rollcall::db::now).await.unwrap();
}

#[test]
fn a_closed_connection_of_the_pool_is_replaced() {
    on(Engine::Postgres, async |t: TestDb| {
        t.db.read(rollcall::db::now).await.unwrap();
        let terminated = t.at.raw().values(
            "SELECT pg_terminate_backend(pid, 5000)::TEXT AS value FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
        assert!(terminated.len() >= 2, "{terminated:?}");
        t.db.read(rollcall::db::now).await.unwrap();
        t.db.write(Lane::Urgent, |tx| organizations::insert(tx, &organization(1))).await.unwrap();
    });
}

#[test]
fn a_connection_that_closes_during_a_write_is_told_as_unavailable() {
    on(Engine::Postgres, async |t: TestDb| {
        let at = rollcall::db::Place::clone(&t.at.place);
        let answer = t.db.write(Lane::Urgent, move |tx| {
            organizations::insert(tx, &organization(1))?;
            crate::testdb::Raw::to(&at).values(
                "SELECT pg_terminate_backend(pid, 5000)::TEXT AS value FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            );
            Ok::<_, DbError>(())
        });
        let answer = answer.await;
        assert!(matches!(answer, Err(DbError::Away(_))), "{answer:?}");
        t.db.write(Lane::Urgent, |tx| organizations::insert(tx, &organization(2))).await.unwrap();
        assert_eq!(t.at.raw().organizations().len(), 1);
    });
}
