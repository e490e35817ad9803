//! Directories: one organization's connection to one HR system.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::clearing;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::{directories, directory_groups, directory_users, holds, row_problems};
use crate::db::types::Json;
use crate::domain::account::Activity;
use crate::domain::directory::{DirectoryState, InactivePolicy, Relink};
use crate::domain::failure::{Failing, FailureClass};
use crate::domain::hold::HoldState;
use crate::domain::ids::{DirectoryId, OrganizationId};
use crate::domain::provider::ProviderKind;
use crate::domain::row_problem::Severity;

/// A directory. The sealed columns are opened only where they are used.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = directories)]
#[diesel(treat_none_as_null = true)]
pub struct Directory {
    /// Its id.
    pub id: DirectoryId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Which HR system.
    pub provider: ProviderKind,
    /// Set while the directory is not disabled: at most one per organization and provider (L-01).
    pub open_key: Option<String>,
    /// What people call it.
    pub name: String,
    /// Where it is in its life.
    pub state: DirectoryState,
    /// Whether any row problem fails a run (S-07).
    pub strict: bool,
    /// Seconds between full syncs.
    pub poll_seconds: i64,
    /// What happens to the directory users of leavers.
    pub inactive_policy: InactivePolicy,
    /// How people are linked on a reconnect.
    pub relink: Relink,
    /// A random name for the WorkOS surface.
    pub external_key: String,
    /// Keyed hash of the webhook token.
    pub webhook_token_hash: Option<Vec<u8>>,
    /// The webhook token, sealed.
    pub webhook_token_sealed: Option<Vec<u8>>,
    /// The credential, sealed.
    pub credential_sealed: Option<Vec<u8>>,
    /// The last four characters of the credential.
    pub credential_last4: Option<String>,
    /// When the credential was last checked.
    pub credential_checked_at_ms: Option<Timestamp>,
    /// Permissions that the credential lacks although it works without, in the HR system's own
    /// words (L-04, L-13).
    pub missing_permissions: Json<Vec<String>>,
    /// Counts up with each new credential; work begun under an older one writes nothing.
    pub credential_generation: i64,
    /// The customer at the HR system, when it tells.
    pub tenant_key: Option<String>,
    /// The number of the latest question sent to the HR system (S-05).
    pub observation_seq: i64,
    /// When the next full sync is due.
    pub next_sync_at_ms: Option<Timestamp>,
    /// When a sync last succeeded.
    pub last_success_at_ms: Option<Timestamp>,
    /// What is wrong since the last success; see [`Directory::failing`].
    #[diesel(embed)]
    pub failing: FailingColumns,
    /// Since when the admins know that nothing has succeeded for too long (S-41).
    pub silent_since_ms: Option<Timestamp>,
    /// When `dsync.activated` was sent.
    pub activated_at_ms: Option<Timestamp>,
    /// When it was disabled.
    pub disabled_at_ms: Option<Timestamp>,
    /// Set from then on while rows of it are left that count as deleted (L-08).
    pub clearing_since_ms: Option<Timestamp>,
    /// The generation of the credential with which a full sync has last found the people of this
    /// company (L-10).
    pub company_generation: i64,
    /// The HR system's key for the company that the credential reads, when it tells.
    pub credential_tenant_key: Option<String>,
    /// When it was made.
    pub created_at_ms: Timestamp,
    /// When its settings or state last changed.
    pub updated_at_ms: Timestamp,
}

/// The columns of a [`Failing`]. They are set and cleared together, by [`Directory::set_failing`].
#[derive(Debug, Clone, Default, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = directories)]
#[diesel(treat_none_as_null = true)]
pub struct FailingColumns {
    failure_class: Option<FailureClass>,
    failure_detail: Option<String>,
    failure_since_ms: Option<Timestamp>,
    failure_last_ms: Option<Timestamp>,
    failure_tries: i64,
    retry_at_ms: Option<Timestamp>,
}

impl From<Option<Failing>> for FailingColumns {
    fn from(failing: Option<Failing>) -> Self {
        let Some(failing) = failing else { return Self::default() };
        Self {
            failure_class: Some(failing.class),
            failure_detail: failing.detail,
            failure_since_ms: Some(failing.since),
            failure_last_ms: Some(failing.last),
            failure_tries: failing.tries,
            retry_at_ms: failing.retry_at,
        }
    }
}

impl Directory {
    /// What is wrong since the last success, if anything is.
    #[must_use]
    pub fn failing(&self) -> Option<Failing> {
        let columns = &self.failing;
        Some(Failing {
            class: columns.failure_class?,
            detail: columns.failure_detail.clone(),
            since: columns.failure_since_ms?,
            last: columns.failure_last_ms?,
            tries: columns.failure_tries,
            retry_at: columns.retry_at_ms,
        })
    }

    /// The class of what is wrong since the last success, if anything is.
    #[must_use]
    pub fn failure_class(&self) -> Option<FailureClass> {
        self.failing().map(|failing| failing.class)
    }

    /// Notes what is wrong, or that nothing is any more.
    pub fn set_failing(&mut self, failing: Option<Failing>) {
        self.failing = failing.into();
    }

    /// The HR system may be asked again at once.
    pub fn end_wait(&mut self) {
        self.failing.retry_at_ms = None;
    }

    /// Since when it is without a success: its last one, or when it began to be synced.
    #[must_use]
    pub fn without_success_since(&self) -> Timestamp {
        let began = self.last_success_at_ms.or(self.activated_at_ms);
        began.unwrap_or(self.updated_at_ms)
    }

    /// The value of `open_key` while a directory is not disabled.
    #[must_use]
    pub fn open_key_of(organization: &OrganizationId, provider: ProviderKind) -> String {
        format!("{organization}|{provider}")
    }
}

/// Numbers for people (own API, object `directory`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DirectoryCounts {
    /// Directory users who are active. Only those that the application has in its list count.
    pub active: i64,
    /// Directory users who are not.
    pub inactive: i64,
    /// Groups.
    pub groups: i64,
    /// Records that cannot be applied.
    pub row_problems: i64,
    /// Records that are applied and that HR should look at.
    pub warnings: i64,
    /// Changes that wait for a decision.
    pub holds: i64,
}

/// Stores a new directory. A second open one of the same provider is a conflict on `open_key`.
pub fn insert(tx: &mut Tx<'_>, directory: &Directory) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::insert_into(directories::table)
        .values(directory)
        .execute(c))?;
    Ok(())
}

/// The query for one directory.
macro_rules! of_id {
    ($id:expr) => {
        directories::table.find($id).select(Directory::as_select())
    };
}

/// One directory, unless its organization was deleted.
pub fn find(conn: &mut Conn, id: &DirectoryId) -> Result<Option<Directory>, DbError> {
    Ok(on_backend!(conn, |c| of_id!(id)
        .filter(directories::organization_id.ne_all(clearing::deleted_organizations()))
        .first(c)
        .optional())?)
}

/// One directory, also one whose organization was deleted, locked against other writers until the
/// transaction ends. Comes after [`Tx::lock_organization`]. The intake of webhooks is not kept
/// waiting (it refers to the row, which this kind of lock allows).
pub fn lock(tx: &mut Tx<'_>, id: &DirectoryId) -> Result<Option<Directory>, DbError> {
    Ok(match &mut **tx {
        Conn::Sqlite(c) => of_id!(id).first(c).optional()?,
        Conn::Pg(c) => of_id!(id).for_no_key_update().first(c).optional()?,
    })
}

/// Like [`lock`], but the intake of webhooks waits too, and then finds what this transaction
/// leaves.
pub fn lock_out_webhooks(tx: &mut Tx<'_>, id: &DirectoryId) -> Result<Option<Directory>, DbError> {
    Ok(match &mut **tx {
        Conn::Sqlite(c) => of_id!(id).first(c).optional()?,
        Conn::Pg(c) => of_id!(id).for_update().first(c).optional()?,
    })
}

/// Like [`lock`], but `None` when somebody else has it: a worker that looks for work goes on to the
/// next directory instead of waiting with other locks in its hands.
pub fn try_lock(tx: &mut Tx<'_>, id: &DirectoryId) -> Result<Option<Directory>, DbError> {
    Ok(match &mut **tx {
        Conn::Sqlite(c) => of_id!(id).first(c).optional()?,
        Conn::Pg(c) => of_id!(id).for_no_key_update().skip_locked().first(c).optional()?,
    })
}

/// Writes every changeable column.
pub fn update(tx: &mut Tx<'_>, directory: &Directory) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::update(directories::table.find(&directory.id))
        .set(directory)
        .execute(c))?;
    Ok(())
}

/// Hands out `count` observation numbers; returns the first (S-05).
pub fn take_observation_seqs(
    tx: &mut Tx<'_>,
    id: &DirectoryId,
    count: i64,
) -> Result<i64, DbError> {
    let last: i64 = on_backend!(&mut **tx, |c| diesel::update(directories::table.find(id))
        .set(directories::observation_seq.eq(directories::observation_seq + count))
        .returning(directories::observation_seq)
        .get_result(c))?;
    Ok(last.saturating_sub(count).saturating_add(1))
}

/// The directories of an organization, oldest first; all organizations when `None`.
pub fn list(
    conn: &mut Conn,
    organization: Option<&OrganizationId>,
) -> Result<Vec<Directory>, DbError> {
    Ok(on_backend!(conn, |c| {
        let mut query = directories::table
            .order(directories::id.asc())
            .select(Directory::as_select())
            .into_boxed();
        if let Some(organization) = organization {
            query = query.filter(directories::organization_id.eq(organization));
        }
        query.load(c)
    })?)
}

/// Directories whose full sync is due, the longest waiting first.
pub fn due(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Directory>, DbError> {
    Ok(on_backend!(conn, |c| directories::table
        .filter(directories::next_sync_at_ms.le(now))
        .order(directories::next_sync_at_ms.asc())
        .limit(limit)
        .select(Directory::as_select())
        .load(c))?)
}

/// When the next full sync of any directory is due.
pub fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, DbError> {
    Ok(on_backend!(conn, |c| directories::table
        .select(diesel::dsl::min(directories::next_sync_at_ms))
        .first(c))?)
}

/// What the intake of webhooks has to know of a directory.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct HookTarget {
    /// The directory.
    pub id: DirectoryId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Where it is in its life.
    pub state: DirectoryState,
    /// The number of the latest question sent to the HR system (S-05).
    pub observation_seq: i64,
}

/// The query for the directory of a webhook token.
macro_rules! of_token_hash {
    ($hash:expr) => {{
        use directories as t;
        let columns = (t::id, t::organization_id, t::state, t::observation_seq);
        t::table.filter(t::webhook_token_hash.eq($hash)).select(columns)
    }};
}

/// The directory a webhook token belongs to.
pub fn by_token_hash(conn: &mut Conn, hash: &[u8]) -> Result<Option<HookTarget>, DbError> {
    Ok(on_backend!(conn, |c| of_token_hash!(hash).first(c).optional())?)
}

/// The directory a webhook token belongs to, which cannot be disabled until this transaction ends.
pub fn hold_by_token_hash(tx: &mut Tx<'_>, hash: &[u8]) -> Result<Option<HookTarget>, DbError> {
    Ok(match &mut **tx {
        Conn::Sqlite(c) => of_token_hash!(hash).first(c).optional()?,
        Conn::Pg(c) => of_token_hash!(hash).for_key_share().first(c).optional()?,
    })
}

/// Whether an organization has a directory that is set up and not disabled.
pub fn any_connected(conn: &mut Conn, organization: &OrganizationId) -> Result<bool, DbError> {
    use directories as t;
    let states = [DirectoryState::Validating, DirectoryState::Active, DirectoryState::Failing];
    let found: Option<DirectoryId> = on_backend!(conn, |c| t::table
        .filter(t::organization_id.eq(organization))
        .filter(t::state.eq_any(states))
        .select(t::id)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

/// Counts for people.
pub fn counts(conn: &mut Conn, id: &DirectoryId) -> Result<DirectoryCounts, DbError> {
    if find(conn, id)?.is_some_and(|row| row.clearing_since_ms.is_some()) {
        return Ok(DirectoryCounts::default());
    }
    on_backend!(conn, |c| {
        let listed = || {
            directory_users::table
                .filter(directory_users::directory_id.eq(id))
                .filter(directory_users::listed.eq(true))
        };
        let active = listed()
            .filter(directory_users::state.eq(Activity::Active))
            .filter(directory_users::waits_for_start.eq(false));
        let inactive = listed().filter(
            directory_users::state
                .eq(Activity::Inactive)
                .or(directory_users::waits_for_start.eq(true)),
        );
        let of_severity = |severity: Severity| {
            row_problems::table
                .filter(row_problems::directory_id.eq(id))
                .filter(row_problems::severity.eq(severity))
                .count()
        };
        Ok(DirectoryCounts {
            active: active.count().get_result(c)?,
            inactive: inactive.count().get_result(c)?,
            groups: directory_groups::table
                .filter(directory_groups::directory_id.eq(id))
                .count()
                .get_result(c)?,
            row_problems: of_severity(Severity::Problem).get_result(c)?,
            warnings: of_severity(Severity::Warning).get_result(c)?,
            holds: holds::table
                .filter(holds::directory_id.eq(id))
                .filter(holds::state.eq(HoldState::Open))
                .count()
                .get_result(c)?,
        })
    })
}
