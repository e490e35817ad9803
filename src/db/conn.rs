//! One connection to either database, and transactions on it.
//!
//! Every statement is written once, inside `on_backend!`, which type-checks it for both
//! databases. A place where they really differ is a visible `match`. [`Tx`] exists only inside a
//! write transaction, so a stray write does not compile.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use diesel::connection::{
    AnsiTransactionManager, SimpleConnection, TransactionManager, TransactionManagerStatus,
};
use diesel::result::Error as DieselError;
use diesel::sql_types::{Bool, Text};
use diesel::{PgConnection, QueryableByName, RunQueryDsl, SqliteConnection};

use crate::db::error::DbError;
use crate::domain::event::NewEvent;
use crate::domain::ids::OrganizationId;
use crate::domain::provider::ProviderKind;
use crate::limits;

/// A connection to SQLite or PostgreSQL.
pub enum Conn {
    /// SQLite.
    Sqlite(SqliteConnection),
    /// PostgreSQL.
    Pg(PgConnection),
}

/// Runs one body of diesel code on whichever database the connection is to.
macro_rules! on_backend {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::db::conn::Conn::Sqlite($c) => $body,
            $crate::db::conn::Conn::Pg($c) => $body,
        }
    };
}
pub(crate) use on_backend;

/// Deletes the rows of a list of ids, as many at a time as a statement takes; how many there were.
macro_rules! delete_listed {
    ($tx:expr, $table:expr, $id:expr, $ids:expr) => {{
        let mut deleted: usize = 0;
        for chunk in $ids.chunks($crate::limits::IN_LIST_MAX) {
            let rows = $crate::db::conn::on_backend!(&mut **$tx, |c| diesel::delete(
                $table.filter($id.eq_any(chunk))
            )
            .execute(c))?;
            deleted = deleted.saturating_add(rows);
        }
        deleted
    }};
}
pub(crate) use delete_listed;

impl Conn {
    /// Runs `work` in a transaction: `BEGIN IMMEDIATE` on SQLite (a transaction that reads first
    /// and writes later would fail at once under load), `BEGIN` on PostgreSQL, a savepoint when
    /// nested.
    pub fn transaction<T, E: From<DieselError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin_write()?;
        self.end(work)
    }

    /// The first half of [`Conn::transaction`].
    pub(crate) fn begin_write(&mut self) -> Result<(), DieselError> {
        self.begin("BEGIN IMMEDIATE", "BEGIN")
    }

    /// Begins a transaction that is one unchanging view of the database.
    pub(crate) fn begin_snapshot(&mut self) -> Result<(), DieselError> {
        self.begin("BEGIN DEFERRED", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }

    /// On PostgreSQL a connection that cannot begin a transaction is not used again.
    fn begin(&mut self, sqlite: &str, pg: &str) -> Result<(), DieselError> {
        let nested = self.depth() != Some(0);
        match self {
            _ if nested => {
                on_backend!(self, |c| AnsiTransactionManager::begin_transaction(c))
            }
            Self::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, sqlite),
            Self::Pg(c) => AnsiTransactionManager::begin_transaction_sql(c, pg).inspect_err(|_| {
                AnsiTransactionManager::transaction_manager_status_mut(c).set_in_error();
            }),
        }
    }

    /// The second half: commits what `work` does, or rolls it back.
    pub(crate) fn end<T, E: From<DieselError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        match work(self) {
            Ok(value) => {
                self.commit()?;
                Ok(value)
            }
            Err(error) => {
                // A rollback fails when the transaction is gone already, with the connection or
                // with SQLite's own rollback on a full disk. The reason is the error before it.
                if let Err(rollback) =
                    on_backend!(self, |c| AnsiTransactionManager::rollback_transaction(c))
                {
                    tracing::debug!(error = %rollback, "a transaction could not be rolled back");
                }
                Err(error)
            }
        }
    }

    /// PostgreSQL answers "ROLLBACK" to the COMMIT of a transaction in which a statement failed,
    /// and diesel takes that for a success. A statement before it, in the same message, is refused.
    fn commit(&mut self) -> Result<(), DieselError> {
        let outermost = self.depth() == Some(1);
        if let (true, Self::Pg(c)) = (outermost, &mut *self) {
            return c.batch_execute("SELECT 1; COMMIT").inspect_err(|_| {
                // When this fails too, the connection is known to be broken and is not used again.
                let _ = AnsiTransactionManager::rollback_transaction(c);
            });
        }
        on_backend!(self, |c| AnsiTransactionManager::commit_transaction(c))
    }

    /// How many transactions and savepoints are open; `None` when the connection lost count.
    pub(crate) fn depth(&mut self) -> Option<u32> {
        on_backend!(self, |c| match AnsiTransactionManager::transaction_manager_status_mut(c) {
            TransactionManagerStatus::Valid(status) => {
                Some(status.transaction_depth().map_or(0, std::num::NonZero::get))
            }
            TransactionManagerStatus::InError => None,
        })
    }

    /// Rolls back what a panic left open, down to `depth`.
    pub(crate) fn rollback_to_depth(&mut self, depth: u32) -> Result<(), DieselError> {
        while let Some(open) = self.depth() {
            if open <= depth {
                return Ok(());
            }
            on_backend!(self, |c| AnsiTransactionManager::rollback_transaction(c))?;
        }
        Err(DieselError::BrokenTransactionManager)
    }
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

/// How many transactions of this process wait for each organization.
static WAITING: Mutex<BTreeMap<OrganizationId, usize>> = Mutex::new(BTreeMap::new());

/// One transaction that waits for an organization.
struct Waiting(OrganizationId);

impl Waiting {
    /// Begins to wait, unless enough others do.
    fn begin(organization: &OrganizationId) -> Option<Self> {
        let mut all = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = all.entry(organization.clone()).or_default();
        if *waiting >= limits::ORGANIZATION_WAITING_MAX {
            return None;
        }
        *waiting = waiting.saturating_add(1);
        Some(Self(organization.clone()))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut all = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = all.get_mut(&self.0) {
            *waiting = waiting.saturating_sub(1);
            if *waiting == 0 {
                all.remove(&self.0);
            }
        }
    }
}

/// An open write transaction. Made only by [`crate::db::Db`]; what is written through it becomes
/// durable together or not at all.
pub struct Tx<'a> {
    conn: &'a mut Conn,
    events: Vec<NewEvent>,
    /// Whether there is something to deliver after the commit.
    to_deliver: bool,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(conn: &'a mut Conn) -> Self {
        Self { conn, events: Vec::new(), to_deliver: false }
    }

    /// Makes everybody else who locks this organization wait until this transaction ends.
    ///
    /// Must be the first statement of a transaction that applies people or changes accounts or
    /// holds (the lock order is: organization, then the numbering of events). SQLite has one
    /// writer, so there it is free.
    ///
    /// On PostgreSQL whoever waits holds a connection of the pool. Some of this process may wait
    /// for long; more wait for a moment and are then told to come again, so that a transaction
    /// that is stuck does not take all connections from the others (S-46).
    pub fn lock_organization(&mut self, organization: &OrganizationId) -> Result<(), DbError> {
        let Conn::Pg(c) = &mut *self.conn else { return Ok(()) };
        let locked: Locked = diesel::sql_query(
            "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 7)) AS locked",
        )
        .bind::<Text, _>(organization.as_str())
        .get_result(c)?;
        if locked.locked {
            return Ok(());
        }
        if let Some(_waiting) = Waiting::begin(organization) {
            return self.lock_name(organization.as_str());
        }
        let for_a_moment = format!("SET LOCAL lock_timeout = {}", limits::ORGANIZATION_WAIT_MS_MAX);
        diesel::sql_query(for_a_moment).execute(c)?;
        self.lock_name(organization.as_str()).map_err(|error| match error {
            DbError::Unavailable(_) => DbError::Busy,
            other => other,
        })?;
        let Conn::Pg(c) = &mut *self.conn else { return Ok(()) };
        // As the session has it.
        diesel::sql_query("SET LOCAL lock_timeout = '20s'").execute(c)?;
        Ok(())
    }

    /// Makes everybody else who counts calls to this HR system wait until this transaction ends,
    /// for budgets that several directories share (S-44).
    pub fn lock_calls(&mut self, provider: ProviderKind) -> Result<(), DbError> {
        self.lock_name(provider.as_str())
    }

    fn lock_name(&mut self, name: &str) -> Result<(), DbError> {
        if let Conn::Pg(c) = &mut *self.conn {
            diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 7))")
                .bind::<Text, _>(name)
                .execute(c)?;
        }
        Ok(())
    }

    /// Adds an event; it is numbered and written as the last thing before the commit.
    pub fn emit(&mut self, event: NewEvent) {
        self.events.push(event);
    }

    /// Wakes whoever delivers, after the commit. An event does so by itself.
    pub(crate) fn wake_deliverer(&mut self) {
        self.to_deliver = true;
    }

    /// What the last statements before the commit are to write, and whether there is something else
    /// to deliver.
    pub(crate) fn take_events(&mut self) -> (Vec<NewEvent>, bool) {
        (std::mem::take(&mut self.events), self.to_deliver)
    }
}

impl Deref for Tx<'_> {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        self.conn
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn
    }
}
