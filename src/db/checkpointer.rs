//! A thread that moves what SQLite's log holds into the database file while others write.
//!
//! Otherwise the connection whose commit fills the log does it, and every webhook waits behind some
//! 25 ms of it, each second while a large directory is synced (S-46). This thread takes most of
//! that away from it.
//!
//! Invariants:
//! - Nobody waits for the thread: it checkpoints passively, and what it is in the way of goes on.
//! - It is no part of durability: a commit is on the disk before, and a checkpoint is made with
//!   `synchronous = FULL` as everywhere. When it fails, the log is emptied as if it were not there.
//! - The log stays small without it: `wal_autocheckpoint` stays with the writer, which then finds
//!   little left to do.
//! - It is gone when the writer is. The last connection that closes empties the log and removes it,
//!   so that the file of a stopped server is whole by itself.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use diesel::connection::SimpleConnection as _;

use crate::db::conn::Conn;
use crate::db::error::DbError;
use crate::db::pool::{Place, Use};

/// The thread. Dropping it ends it, and waits for that.
pub(crate) struct Checkpointer {
    tell: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread for a SQLite file; PostgreSQL has one of its own.
    pub(crate) fn start(place: &Place) -> Result<Option<Self>, DbError> {
        if matches!(place, Place::Postgres(_)) {
            return Ok(None);
        }
        let place = place.clone();
        let (tell, told) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("rollcall-checkpointer".to_owned())
            .spawn(move || work(&place, &told))
            .map_err(|error| DbError::Unavailable(error.to_string()))?;
        Ok(Some(Self { tell: Some(tell), thread: Some(thread) }))
    }

    /// There is something in the log. Never waits; one call that nobody has taken yet is enough.
    pub(crate) fn wake(&self) {
        let _ = self.tell.as_ref().map(|tell| tell.try_send(()));
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.tell = None;
        // A panic in the thread has been reported by its own message already.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn work(place: &Place, told: &Receiver<()>) {
    let mut slot = None;
    while told.recv().is_ok() {
        if let Err(error) = checkpoint(place, &mut slot) {
            tracing::debug!(error = %error, "the log was not emptied; the writer will do it");
            slot = None;
        }
    }
}

fn checkpoint(place: &Place, slot: &mut Option<Conn>) -> Result<(), DbError> {
    let conn = match slot.take() {
        Some(conn) => conn,
        None => place.connect(Use::Write)?,
    };
    if let Conn::Sqlite(sqlite) = slot.insert(conn) {
        sqlite.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")?;
    }
    Ok(())
}
