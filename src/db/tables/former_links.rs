//! Former links: which account a person of the HR system had when their directory was disabled
//! (L-09). The person is a keyed hash; nothing here says who they are without the data key.
//!
//! Rows go with their account and with their organization. A row says where a link led, never that
//! it has to lead there again: that is for [`crate::domain::linking`] to decide.

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::clock::Timestamp;
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::schema::former_links;
use crate::domain::employee::KeyKind;
use crate::domain::ids::{AccountId, OrganizationId};
use crate::domain::provider::ProviderKind;
use crate::limits;

/// Columns of a row, for the bound on values in one statement.
const COLUMNS: usize = 6;

/// A former link.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = former_links)]
#[diesel(treat_none_as_default_value = false)]
pub struct FormerLink {
    /// Whose it is; no other organization sees it.
    pub organization_id: OrganizationId,
    /// Keyed hash of the person as the HR system names them.
    pub person_hash: Vec<u8>,
    /// The HR system.
    pub provider: ProviderKind,
    /// How far the key can be trusted that was hashed.
    pub key_kind: KeyKind,
    /// The account.
    pub account_id: AccountId,
    /// When the link ended.
    pub created_at_ms: Timestamp,
}

/// Stores former links; a newer one of the same person takes the place of an older one. The batch
/// must not name a person twice.
pub fn put(tx: &mut Tx<'_>, rows: &[FormerLink]) -> Result<(), DbError> {
    use former_links as t;
    for chunk in rows.chunks(limits::BIND_MAX / COLUMNS) {
        on_backend!(&mut **tx, |c| diesel::insert_into(t::table)
            .values(chunk)
            .on_conflict((t::organization_id, t::person_hash))
            .do_update()
            .set((
                t::provider.eq(excluded(t::provider)),
                t::key_kind.eq(excluded(t::key_kind)),
                t::account_id.eq(excluded(t::account_id)),
                t::created_at_ms.eq(excluded(t::created_at_ms)),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// Forgets to whom of this HR system these accounts were linked before.
pub fn forget(
    tx: &mut Tx<'_>,
    provider: ProviderKind,
    accounts: &[AccountId],
) -> Result<(), DbError> {
    use former_links as t;
    for chunk in accounts.chunks(limits::IN_LIST_MAX) {
        on_backend!(&mut **tx, |c| diesel::delete(
            t::table.filter(t::account_id.eq_any(chunk)).filter(t::provider.eq(provider))
        )
        .execute(c))?;
    }
    Ok(())
}

/// Whether an organization has any.
pub fn any(conn: &mut Conn, organization: &OrganizationId) -> Result<bool, DbError> {
    use former_links as t;
    Ok(on_backend!(conn, |c| diesel::select(diesel::dsl::exists(
        t::table.filter(t::organization_id.eq(organization))
    ))
    .get_result(c))?)
}

/// The former links of these people of an organization, in no order.
pub fn of_people(
    conn: &mut Conn,
    organization: &OrganizationId,
    people: &[Vec<u8>],
) -> Result<Vec<FormerLink>, DbError> {
    use former_links as t;
    let mut found = Vec::new();
    for chunk in people.chunks(limits::IN_LIST_MAX) {
        found.extend(on_backend!(conn, |c| t::table
            .filter(t::organization_id.eq(organization))
            .filter(t::person_hash.eq_any(chunk))
            .select(FormerLink::as_select())
            .load::<FormerLink>(c))?);
    }
    Ok(found)
}
