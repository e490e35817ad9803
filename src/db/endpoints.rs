//! Endpoints: where the application wants to be told of events.

use diesel::prelude::*;

use crate::clock::Millis;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::endpoints;
use crate::db::types::Json;
use crate::domain::endpoint::{DisabledReason, EndpointStatus, LegacySigner};
use crate::domain::event::EventKind;
use crate::domain::ids::EndpointId;

/// Where the application wants to be told, and how well that goes.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = endpoints)]
#[diesel(treat_none_as_default_value = false)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// The address; unique.
    pub endpoint_url: String,
    /// The types of events it asked for by name; none means all that need not be named.
    pub event_types: Json<Vec<EventKind>>,
    /// Whether events are sent there.
    pub status: EndpointStatus,
    /// Why not.
    pub disabled_reason: Option<DisabledReason>,
    /// Which secret signs the header that has room for one signature.
    pub legacy_signs_with: LegacySigner,
    /// The number of the last event whose delivery was written, or that it does not want.
    pub dispatched_number: i64,
    /// Failed attempts since the last that succeeded.
    pub failures: i64,
    /// When the first of these was.
    pub failing_since_ms: Option<Millis>,
    /// Nothing but a test is sent before this moment.
    pub paused_until_ms: Option<Millis>,
    /// When it last took something.
    pub last_success_at_ms: Option<Millis>,
    /// Until when one process has the right to send there.
    pub lease_until_ms: Option<Millis>,
    /// Counts up with each claim of that right.
    pub lease_epoch: i64,
    /// When it was created.
    pub created_at_ms: Millis,
    /// When its settings last changed.
    pub updated_at_ms: Millis,
}

/// Stores a new endpoint; a second one with the same address is a conflict on `endpoint_url`.
pub fn insert(tx: &mut Tx<'_>, endpoint: &Endpoint) -> Result<(), DbError> {
    on_backend!(&mut **tx, |c| diesel::insert_into(endpoints::table).values(endpoint).execute(c))?;
    Ok(())
}

/// An endpoint by its id.
pub fn find(conn: &mut Conn, id: &EndpointId) -> Result<Endpoint, DbError> {
    Ok(on_backend!(conn, |c| endpoints::table.find(id).select(Endpoint::as_select()).first(c))?)
}
