//! Brings what earlier versions stored to the form in which it is compared today (S-18, O-12).
//!
//! Runs after the SQL migrations, wherever those run, in short transactions that each end with a
//! mark: killed halfway, it goes on from there. Where there is nothing to do, it costs one look.
//!
//! Invariants:
//! - No account, no person and no department is merged or removed here, and nobody is told of
//!   anything. Departments become one with the next full sync ([`crate::db::catalogue::merge`]).
//! - Where two accounts turn out to have one address, the linked one owns it, else the older one.
//!   The other keeps its spelling and is listed ([`account_problems`]).
//!
//! What this module must not do: read secrets. Keyed hashes cannot be made again without the keys,
//! and the full syncs that follow renew them.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::account_problems::{self, AccountProblem};
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::directory_users::DirectoryUser;
use crate::db::error::DbError;
use crate::db::schema::account_problems as account_problems_table;
use crate::db::schema::{
    accounts, admins, catalogue_entries, directory_users, holds, links, organizations,
    row_problems, upgrade_steps,
};
use crate::db::types::Json;
use crate::db::{hold_items, holds as hold_rows};
use crate::domain::directory::CatalogueKind;
use crate::domain::employee::{
    EmailNorm, EmployeeRecord, ExternalKey, KeyKind, ManagerReference, Unit, clean_email,
    clean_text, is_email, name_norm,
};
use crate::domain::guid::canonical_key;
use crate::domain::hold::HoldKind;
use crate::domain::ids::{
    AccountId, AdminId, CatalogueEntryId, DirectoryId, DirectoryUserId, OrganizationId,
};
use crate::domain::search::SearchNames;
use crate::limits;

/// Does a piece from where the last one ended; where the next one begins, or `None` when all is
/// done.
type Piece = fn(&mut Tx<'_>, &str) -> Result<Option<String>, DbError>;

const STEPS: &[(&str, Piece)] = &[
    ("names of departments, positions and offices", catalogue_piece),
    ("e-mails of accounts", accounts_piece),
    ("e-mails of admins", admins_piece),
    ("records of people", people_piece),
];

/// Brings everything to today's form.
pub fn bring(conn: &mut Conn) -> Result<(), DbError> {
    for (name, piece) in STEPS {
        while !step(conn, name, *piece)? {}
    }
    Ok(())
}

/// Does one piece of a step; whether the step is done.
fn step(conn: &mut Conn, name: &str, piece: Piece) -> Result<bool, DbError> {
    use upgrade_steps as t;
    conn.transaction(|conn| {
        let stored: Option<(String, bool)> = on_backend!(conn, |c| t::table
            .find(name)
            .select((t::position, t::done))
            .first(c)
            .optional())?;
        let (position, done) = stored.unwrap_or_default();
        if done {
            return Ok(true);
        }
        let mut tx = Tx::new(conn);
        let next = piece(&mut tx, &position)?;
        let done = next.is_none();
        let position = next.unwrap_or_default();
        let row = (t::name.eq(name), t::position.eq(&position), t::done.eq(done));
        on_backend!(&mut *tx, |c| diesel::insert_into(t::table)
            .values(row)
            .on_conflict(t::name)
            .do_update()
            .set((t::position.eq(&position), t::done.eq(done)))
            .execute(c))?;
        Ok(done)
    })
}

/// Rows of one piece.
fn piece_rows() -> i64 {
    i64::try_from(limits::APPLY_BATCH_PEOPLE_MAX).unwrap_or(i64::MAX)
}

// ------------------------------------------------------------------------ departments and so on

type EntryRow = (CatalogueEntryId, OrganizationId, CatalogueKind, String, String);

fn catalogue_piece(tx: &mut Tx<'_>, after: &str) -> Result<Option<String>, DbError> {
    use catalogue_entries as t;
    let rows: Vec<EntryRow> = on_backend!(&mut **tx, |c| t::table
        .filter(t::id.gt(after))
        .order(t::id.asc())
        .limit(piece_rows())
        .select((t::id, t::organization_id, t::kind, t::name, t::name_norm))
        .load(c))?;
    for row in &rows {
        catalogue_entry(tx, row)?;
    }
    Ok(rows.last().map(|row| row.0.to_string()))
}

fn catalogue_entry(tx: &mut Tx<'_>, row: &EntryRow) -> Result<(), DbError> {
    use catalogue_entries as t;
    let (id, organization, kind, name, norm) = row;
    // What looks empty stays as it is: nothing else can be named after it.
    let Some(clean) = clean_text(name) else { return Ok(()) };
    let wanted = name_norm(&clean);
    if clean == *name && wanted == *norm {
        return Ok(());
    }
    let other: Option<CatalogueEntryId> = on_backend!(&mut **tx, |c| t::table
        .filter(t::organization_id.eq(organization))
        .filter(t::kind.eq(kind))
        .filter(t::name_norm.eq(&wanted))
        .filter(t::id.ne(id))
        .select(t::id)
        .first(c)
        .optional())?;
    let entry = t::table.find(id);
    match other {
        Some(other) => on_backend!(&mut **tx, |c| diesel::update(entry)
            .set(t::merges_into.eq(Some(other)))
            .execute(c))?,
        None => on_backend!(&mut **tx, |c| diesel::update(entry)
            .set((t::name.eq(&clean), t::name_norm.eq(&wanted)))
            .execute(c))?,
    };
    Ok(())
}

// --------------------------------------------------------------------------------------- accounts

#[derive(Queryable)]
struct AccountRow {
    id: AccountId,
    email: String,
    email_norm: Option<EmailNorm>,
    created_at_ms: Timestamp,
}

/// What becomes of an account.
struct Change {
    id: AccountId,
    email: String,
    email_norm: Option<EmailNorm>,
    /// The account that owns the address.
    rival: Option<AccountId>,
}

/// Accounts of one organization at a time, because two of them can have one address. What is done
/// already is not done again, so a large organization takes several pieces.
fn accounts_piece(tx: &mut Tx<'_>, after: &str) -> Result<Option<String>, DbError> {
    use organizations as t;
    let (last, again) = match after.strip_suffix('+') {
        Some(same) => (same, true),
        None => (after, false),
    };
    let found: Option<OrganizationId> = if again {
        Some(OrganizationId::from_text(last))
    } else {
        on_backend!(&mut **tx, |c| t::table
            .filter(t::id.gt(last))
            .order(t::id.asc())
            .select(t::id)
            .first(c)
            .optional())?
    };
    let Some(organization) = found else { return Ok(None) };
    let mut changes = changes_of(tx, &organization)?;
    let rest = changes.split_off(changes.len().min(limits::APPLY_BATCH_PEOPLE_MAX));
    for change in changes {
        apply_change(tx, &organization, change)?;
    }
    let mark = if rest.is_empty() { "" } else { "+" };
    Ok(Some(format!("{organization}{mark}")))
}

fn changes_of(tx: &mut Tx<'_>, organization: &OrganizationId) -> Result<Vec<Change>, DbError> {
    use accounts as t;
    let rows: Vec<AccountRow> = on_backend!(&mut **tx, |c| t::table
        .filter(t::organization_id.eq(organization))
        .order((t::created_at_ms.asc(), t::id.asc()))
        .select((t::id, t::email, t::email_norm, t::created_at_ms))
        .load(c))?;
    let linked: Vec<AccountId> = on_backend!(&mut **tx, |c| links::table
        .filter(links::organization_id.eq(organization))
        .select(links::account_id)
        .load(c))?;
    let noted: Vec<AccountId> = on_backend!(&mut **tx, |c| account_problems_table::table
        .filter(account_problems_table::organization_id.eq(organization))
        .select(account_problems_table::account_id)
        .load(c))?;
    Ok(changes(rows, &linked.into_iter().collect(), &noted.into_iter().collect()))
}

/// What becomes of the accounts of one organization, apart from what was done before. Those that
/// let go of an address come first.
fn changes(
    rows: Vec<AccountRow>,
    linked: &HashSet<AccountId>,
    noted: &HashSet<AccountId>,
) -> Vec<Change> {
    let mut by_norm: HashMap<EmailNorm, Vec<(AccountRow, String)>> = HashMap::new();
    for row in rows {
        let clean = clean_email(&row.email).filter(|email| is_email(email));
        let email = clean.unwrap_or_else(|| row.email.clone());
        by_norm.entry(EmailNorm::of(&email)).or_default().push((row, email));
    }
    let (mut given_up, mut owned) = (Vec::new(), Vec::new());
    for (norm, mut rows) in by_norm {
        rows.sort_by_key(|(row, _)| {
            (!linked.contains(&row.id), row.created_at_ms, row.id.to_string())
        });
        let mut rows = rows.into_iter();
        let Some((first, email)) = rows.next() else { continue };
        let rival = first.id.clone();
        if first.email != email || first.email_norm.as_ref() != Some(&norm) {
            let email_norm = Some(norm.clone());
            owned.push(Change { id: first.id, email, email_norm, rival: None });
        }
        for (row, _) in rows {
            if row.email_norm.as_ref() != Some(&norm) && noted.contains(&row.id) {
                continue;
            }
            let email_norm = row.email_norm.filter(|own| *own != norm);
            let rival = Some(rival.clone());
            given_up.push(Change { id: row.id, email: row.email, email_norm, rival });
        }
    }
    given_up.sort_by(|a, b| a.id.cmp(&b.id));
    owned.sort_by(|a, b| a.id.cmp(&b.id));
    given_up.append(&mut owned);
    given_up
}

fn apply_change(
    tx: &mut Tx<'_>,
    organization: &OrganizationId,
    change: Change,
) -> Result<(), DbError> {
    use accounts as t;
    on_backend!(&mut **tx, |c| diesel::update(t::table.find(&change.id))
        .set((t::email.eq(&change.email), t::email_norm.eq(&change.email_norm)))
        .execute(c))?;
    let Some(rival) = change.rival else { return Ok(()) };
    account_problems::put(
        tx,
        &AccountProblem {
            account_id: change.id,
            organization_id: organization.clone(),
            owner_account_id: rival,
        },
    )
}

// ----------------------------------------------------------------------------------------- admins

type AdminRow = (AdminId, OrganizationId, String, EmailNorm);

fn admins_piece(tx: &mut Tx<'_>, after: &str) -> Result<Option<String>, DbError> {
    use admins as t;
    let rows: Vec<AdminRow> = on_backend!(&mut **tx, |c| t::table
        .filter(t::id.gt(after))
        .order(t::id.asc())
        .limit(piece_rows())
        .select((t::id, t::organization_id, t::email, t::email_norm))
        .load(c))?;
    for (id, organization, email, norm) in &rows {
        let Some(clean) = clean_email(email).filter(|email| is_email(email)) else { continue };
        let wanted = EmailNorm::of(&clean);
        if clean == *email && wanted == *norm {
            continue;
        }
        let others: i64 = on_backend!(&mut **tx, |c| t::table
            .filter(t::organization_id.eq(organization))
            .filter(t::email_norm.eq(&wanted))
            .filter(t::id.ne(id))
            .count()
            .get_result(c))?;
        // Somebody who is an admin twice gets every mail twice, and can be removed once.
        let wanted = if others == 0 { &wanted } else { norm };
        on_backend!(&mut **tx, |c| diesel::update(t::table.find(id))
            .set((t::email.eq(&clean), t::email_norm.eq(wanted)))
            .execute(c))?;
    }
    Ok(rows.last().map(|row| row.0.to_string()))
}

// ----------------------------------------------------------------------------------------- people

fn people_piece(tx: &mut Tx<'_>, after: &str) -> Result<Option<String>, DbError> {
    use directory_users as t;
    let rows: Vec<DirectoryUser> = on_backend!(&mut **tx, |c| t::table
        .filter(t::id.gt(after))
        .order(t::id.asc())
        .limit(piece_rows())
        .select(DirectoryUser::as_select())
        .load(c))?;
    for user in &rows {
        person(tx, user)?;
    }
    Ok(rows.last().map(|row| row.id.to_string()))
}

fn person(tx: &mut Tx<'_>, user: &DirectoryUser) -> Result<(), DbError> {
    use directory_users as t;
    let mut record = canonical_record(&user.record.0);
    let old = &user.external_key;
    let mut key = match user.key_kind {
        KeyKind::Stable => canonical_name(old),
        KeyKind::Editable => old.clone(),
    };
    if key != *old && is_taken(tx, &user.directory_id, &key, &user.id)? {
        key = old.clone();
    }
    record.external_key = key.clone();
    let email_norm = record.email_norm();
    if record == user.record.0 && key == *old && email_norm == user.email_norm {
        return Ok(());
    }
    let SearchNames { first_last, last_first } = SearchNames::of(&record);
    on_backend!(&mut **tx, |c| diesel::update(t::table.find(&user.id))
        .set((
            t::external_key.eq(&key),
            t::email_norm.eq(&email_norm),
            t::first_last.eq(&first_last),
            t::name_order.eq(format!("{last_first}\n{}", user.id)),
            t::record.eq(Json(record.clone())),
        ))
        .execute(c))?;
    if key == *old { Ok(()) } else { follow(tx, &user.directory_id, old, &key) }
}

fn is_taken(
    tx: &mut Tx<'_>,
    directory: &DirectoryId,
    key: &ExternalKey,
    by_other_than: &DirectoryUserId,
) -> Result<bool, DbError> {
    use directory_users as t;
    let others: i64 = on_backend!(&mut **tx, |c| t::table
        .filter(t::directory_id.eq(directory))
        .filter(t::external_key.eq(key))
        .filter(t::id.ne(by_other_than))
        .count()
        .get_result(c))?;
    Ok(others > 0)
}

/// What is noted about somebody under a former spelling of their key is noted under today's.
fn follow(
    tx: &mut Tx<'_>,
    directory: &DirectoryId,
    old: &ExternalKey,
    new: &ExternalKey,
) -> Result<(), DbError> {
    use row_problems as t;
    hold_items::follow_key(tx, directory, old, new)?;
    for kind in HoldKind::ALL {
        let (from, to) = (
            hold_rows::open_key(directory, *kind, old),
            hold_rows::open_key(directory, *kind, new),
        );
        on_backend!(&mut **tx, |c| diesel::update(holds::table.filter(holds::open_key.eq(from)))
            .set(holds::open_key.eq(to))
            .execute(c))?;
    }
    // A problem is found again by the next full sync; until then it is shown under today's key.
    let of = |key: &ExternalKey| {
        t::table
            .filter(t::directory_id.eq(directory.clone()))
            .filter(t::external_key.eq(key.clone()))
    };
    on_backend!(&mut **tx, |c| diesel::delete(of(new)).execute(c))?;
    on_backend!(&mut **tx, |c| diesel::update(of(old)).set(t::external_key.eq(new)).execute(c))?;
    Ok(())
}

fn canonical_name(key: &ExternalKey) -> ExternalKey {
    canonical_key(key.as_str()).map_or_else(|| key.clone(), ExternalKey)
}

/// A record as it would be read today, as far as text goes.
fn canonical_record(record: &EmployeeRecord) -> EmployeeRecord {
    let unit = |unit: &Option<Unit>| {
        let unit = unit.as_ref()?;
        let key = unit.key.as_ref().map(|key| canonical_key(key).unwrap_or_else(|| key.clone()));
        Some(Unit { key, name: clean_text(&unit.name)? })
    };
    let text = |text: &Option<String>| text.as_deref().and_then(clean_text);
    let manager = match &record.manager {
        Some(ManagerReference::Key(key)) => Some(ManagerReference::Key(canonical_name(key))),
        other => other.clone(),
    };
    EmployeeRecord {
        first_name: text(&record.first_name),
        last_name: text(&record.last_name),
        email: record.email.as_deref().and_then(clean_email),
        department: unit(&record.department),
        position: unit(&record.position),
        office_location: unit(&record.office_location),
        manager,
        ..record.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, email: &str, created: i64) -> AccountRow {
        AccountRow {
            id: AccountId::from_text(id),
            email: email.to_owned(),
            email_norm: Some(EmailNorm::stored(email.to_lowercase())),
            created_at_ms: Timestamp(created),
        }
    }

    fn told(changes: &[Change]) -> Vec<(&str, &str, Option<&str>, Option<&str>)> {
        changes
            .iter()
            .map(|change| {
                (
                    change.id.as_str(),
                    change.email.as_str(),
                    change.email_norm.as_ref().map(EmailNorm::as_str),
                    change.rival.as_ref().map(AccountId::as_str),
                )
            })
            .collect()
    }

    #[test]
    fn s_18_the_linked_account_owns_an_address_else_the_older() {
        let rows = || {
            vec![
                row("account_1", "jo@x.uk\u{200b}", 1),
                row("account_2", "jo@x.uk", 2),
                row("account_3", "Ann@x.uk", 3),
            ]
        };
        let nobody = HashSet::new();
        let by_age = changes(rows(), &nobody, &nobody);
        assert_eq!(
            told(&by_age),
            [
                ("account_2", "jo@x.uk", None, Some("account_1")),
                ("account_1", "jo@x.uk", Some("jo@x.uk"), None),
            ]
        );
        let linked = HashSet::from([AccountId::from_text("account_2")]);
        let by_link = changes(rows(), &linked, &nobody);
        let spelling = "jo@x.uk\u{200b}";
        assert_eq!(told(&by_link), [("account_1", spelling, Some(spelling), Some("account_2"))]);
        // Done once, it is not done again.
        let noted = HashSet::from([AccountId::from_text("account_1")]);
        assert!(changes(rows(), &linked, &noted).is_empty());
    }
}
