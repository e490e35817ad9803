//! Who did what, in words: names are looked up when an action is told and stand in no record.
//!
//! Invariant: an admin who was deleted is "a former admin", wherever they are told of.
//!
//! What this module must not do: write anything down.

use std::collections::HashMap;

use crate::clock::Timestamp;
use crate::db::actions::RecordedAction;
use crate::db::{Conn, DbError, admins, directories};
use crate::domain::action::{Action, Actor, Telling};
use crate::domain::ids::{ActionId, AdminId, DirectoryId, OrganizationId};
use crate::texts::Text;

/// What the admins of an organization are called.
pub struct AdminNames(HashMap<AdminId, String>);

impl AdminNames {
    /// Those who are on the list now.
    pub fn load(conn: &mut Conn, organization: &OrganizationId) -> Result<Self, DbError> {
        let admins = admins::all_of(conn, organization)?;
        Ok(Self(admins.into_iter().map(|admin| (admin.id, admin.name)).collect()))
    }

    fn of(&self, id: &AdminId) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    /// Who it was, inside a sentence.
    #[must_use]
    pub fn text(&self, actor: &Actor) -> Text {
        actor.text(self.of_actor(actor))
    }

    fn of_actor(&self, actor: &Actor) -> Option<&str> {
        match actor {
            Actor::Admin(id) => self.of(id),
            Actor::Visit(_) | Actor::ApiKey(_) | Actor::Rollcall => None,
        }
    }
}

/// An action with its sentence.
pub struct Told {
    /// Its id.
    pub id: ActionId,
    /// The organization it happened in.
    pub organization_id: OrganizationId,
    /// The directory it was done to, if it was.
    pub directory_id: Option<DirectoryId>,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// The same in words.
    pub sentence: Text,
    /// When.
    pub at: Timestamp,
}

/// Tells actions of an organization.
pub fn tell(
    conn: &mut Conn,
    organization: &OrganizationId,
    rows: Vec<RecordedAction>,
) -> Result<Vec<Told>, DbError> {
    let names = AdminNames::load(conn, organization)?;
    let titles: HashMap<DirectoryId, &'static str> = directories::list(conn, Some(organization))?
        .into_iter()
        .map(|directory| (directory.id, directory.provider.title()))
        .collect();
    let told = rows.into_iter().map(|RecordedAction { id, action: row }| {
        let action = row.action.0;
        let hr = row.directory_id.as_ref().and_then(|id| titles.get(id).copied());
        let sentence = action.text(Telling {
            actor: &row.actor,
            name: names.of_actor(&row.actor),
            hr,
            admin: action.about_admin().and_then(|id| names.of(id)),
        });
        Told {
            id,
            organization_id: row.organization_id,
            directory_id: row.directory_id,
            actor: row.actor,
            action,
            sentence,
            at: row.created_at_ms,
        }
    });
    Ok(told.collect())
}
