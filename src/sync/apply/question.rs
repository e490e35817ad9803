//! Holds that ask one question: about one person, or about the key.
//!
//! Invariant: an item says what the HR system says now. When it says something else than before it
//! has another id and the list another version, so that nobody decides about what they have not
//! seen (S-32).

use crate::clock::Timestamp;
use crate::db::holds::{self, Hold, HoldItem};
use crate::db::{DbError, Tx, hold_items};
use crate::domain::event::EventKind;
use crate::domain::hold::HoldKind;
use crate::sync::apply::guard;

/// Stores a new hold with its item, or brings the item of an open one up to date.
pub fn ask(
    tx: &mut Tx<'_>,
    hold: &Hold,
    is_new: bool,
    mut item: HoldItem,
    now: Timestamp,
) -> Result<(), DbError> {
    if is_new {
        holds::insert(tx, hold, std::slice::from_ref(&item))?;
        guard::emit(tx, EventKind::HoldOpened, hold, 1, now);
        return Ok(());
    }
    let asked = hold_items::of_hold(tx, &hold.id)?;
    let Some(before) = asked.iter().find(|before| before.shows_the_same_as(&item)) else {
        return replace(tx, hold, item, now);
    };
    if before.record_hash == item.record_hash {
        return Ok(());
    }
    if is_about_its_facts(hold.kind) {
        return replace(tx, hold, item, now);
    }
    // What an answer is valid for is what the HR system says while it is given.
    hold_items::set_record_hash(tx, &before.id, item.record_hash.take().as_deref())
}

/// Whether the hash of an item stands for what is asked, as the item does not show all of it.
const fn is_about_its_facts(kind: HoldKind) -> bool {
    matches!(kind, HoldKind::OtherCompany | HoldKind::ReusedNumber)
}

fn replace(
    tx: &mut Tx<'_>,
    hold: &Hold,
    mut item: HoldItem,
    now: Timestamp,
) -> Result<(), DbError> {
    item.list_version = hold.list_version.saturating_add(1);
    holds::set_list_version(tx, &hold.id, item.list_version, now)?;
    hold_items::put(tx, &[item])
}
