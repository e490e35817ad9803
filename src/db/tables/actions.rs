//! What was written down of what people did: who, what and when. Only ever added to.
//!
//! A row is written in the transaction of the action, so that neither is there without the other. A
//! try that failed changed nothing; its row has a transaction of its own.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, delete_listed, on_backend};
use crate::db::directories::Directory;
use crate::db::error::DbError;
use crate::db::page::{Page, PageRequest, load_page};
use crate::db::schema::actions;
use crate::db::types::Json;
use crate::domain::action::{Action, Actor};
use crate::domain::ids::{ActionId, DirectoryId, OrganizationId};

/// An action, without its number, which the database gives.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, Queryable, Selectable)]
#[diesel(table_name = actions)]
#[diesel(treat_none_as_default_value = false)]
pub struct NewAction {
    /// The organization it happened in.
    pub organization_id: OrganizationId,
    /// The directory it was done to, if it was.
    pub directory_id: Option<DirectoryId>,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: Json<Action>,
    /// When.
    pub created_at_ms: Timestamp,
}

impl NewAction {
    /// Something done to a directory.
    #[must_use]
    pub fn on_directory(directory: &Directory, by: &Actor, action: Action, at: Timestamp) -> Self {
        let directory_id = Some(directory.id.clone());
        Self { directory_id, ..Self::of(&directory.organization_id, by, action, at) }
    }

    /// Something done to an organization.
    #[must_use]
    pub fn of(organization: &OrganizationId, by: &Actor, action: Action, at: Timestamp) -> Self {
        Self {
            organization_id: organization.clone(),
            directory_id: None,
            actor: by.clone(),
            action: Json(action),
            created_at_ms: at,
        }
    }
}

/// A stored action.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = actions)]
pub struct RecordedAction {
    /// Its id, from its number.
    pub id: ActionId,
    /// The action.
    #[diesel(embed)]
    pub action: NewAction,
}

/// Writes an action down.
pub fn record(tx: &mut Tx<'_>, action: &NewAction) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::insert_into(actions::table).values(action).execute(c))?;
    Ok(())
}

/// A page of what was done in an organization, or to one of its directories.
pub fn page(
    conn: &mut Conn,
    organization: &OrganizationId,
    directory: Option<&DirectoryId>,
    request: &PageRequest,
) -> Result<Page<RecordedAction>, DbError> {
    use actions as t;
    let number = |text: String| ActionId::from_text(text).number().unwrap_or_default();
    Ok(load_page!(
        conn,
        request,
        t::id,
        |row: &RecordedAction| row.id.as_str(),
        {
            let mut query = t::table
                .filter(t::organization_id.eq(organization))
                .select(RecordedAction::as_select())
                .into_boxed();
            if let Some(directory) = directory {
                query = query.filter(t::directory_id.eq(directory));
            }
            query
        },
        number
    ))
}

/// Deletes actions older than `before`; at most `limit`, so that nobody waits long.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<usize, DbError> {
    use actions as t;
    let old: Vec<i64> = on_backend!(&mut **tx, |c| t::table
        .filter(t::created_at_ms.lt(before))
        .order(t::created_at_ms.asc())
        .limit(limit)
        .select(t::id)
        .load(c))?;
    Ok(delete_listed!(tx, t::table, t::id, old))
}
