//! Several records under one key in one list (S-16): whose it is, and which of them counts.
//!
//! A person listed twice is one person: identical records are one, and of others that one counts
//! which says most about today. Which it is depends on what the records say and on what is stored,
//! never on their order, so that nothing alternates between runs. Records of somebody else under
//! the same key belong to nobody: we do not guess who is who (S-07).
//!
//! What this module must not do: read the database or the clock.

use jiff::civil::Date;

use crate::domain::account::{Activity, activity};
use crate::domain::employee::{
    EmployeeNumber, EmployeeRecord, ExternalKey, KeyKind, Membership, RowProblemCode,
};
use crate::sync::full::stored::RawHash;

/// One of several records under one key.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    /// Its place in the list.
    pub position: usize,
    /// What it says.
    pub record: &'a EmployeeRecord,
    /// Whether it stands in the list of current staff too.
    pub membership: Membership,
}

/// What becomes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The place of the record that counts.
    pub position: usize,
    /// Whether its person is in the list of current staff, as far as identical records say.
    pub membership: Membership,
    /// Whether others of the same person say something else.
    pub differ: bool,
    /// Records of somebody else, one for each employee number.
    pub others: Vec<usize>,
}

/// Settles the records under one key, in the order of the list. `stored` is what is stored under
/// it.
#[must_use]
pub fn settle(
    candidates: &[Candidate<'_>],
    stored: Option<&EmployeeRecord>,
    today: Date,
) -> Option<Settled> {
    let rank = |one: &&Candidate<'_>| {
        let active = activity(one.record, one.membership, today) == Activity::Active;
        let is_stored = stored.is_some_and(|stored| says(stored) == says(one.record));
        (active, one.record.start_date, is_stored, says(one.record))
    };
    let of = |owner: &EmployeeRecord| {
        candidates.iter().filter(|one| is_same_person(owner, one.record)).collect::<Vec<_>>()
    };
    let mut own = stored.map(of).unwrap_or_default();
    if own.is_empty() {
        own = of(candidates.first()?.record);
    }
    let best = own.iter().copied().max_by_key(rank)?;
    let (alike, different): (Vec<_>, Vec<_>) =
        own.into_iter().partition(|one| says(one.record) == says(best.record));
    let membership = alike.iter().map(|one| one.membership).find(|it| *it == Membership::Member);
    let mut others: Vec<&Candidate<'_>> = Vec::new();
    for one in candidates {
        let is_own = alike.iter().chain(&different).any(|own| own.position == one.position);
        let same = |other: &&Candidate<'_>| number(other.record) == number(one.record);
        match others.iter().position(same) {
            _ if is_own => {}
            None => others.push(one),
            Some(place) => {
                if let Some(slot) = others.get_mut(place).filter(|slot| rank(slot) < rank(&one)) {
                    *slot = one;
                }
            }
        }
    }
    Some(Settled {
        position: best.position,
        membership: membership.unwrap_or(best.membership),
        differ: !different.is_empty(),
        others: others.into_iter().map(|one| one.position).collect(),
    })
}

fn number(record: &EmployeeRecord) -> Option<&EmployeeNumber> {
    record.employee_number.as_ref()
}

/// What a record says, in one form; who keeps it under which kind of key is not part of it.
fn says(record: &EmployeeRecord) -> String {
    let alike = EmployeeRecord {
        external_key: ExternalKey::missing(),
        key_kind: KeyKind::Stable,
        email: record.email.as_ref().map(|email| email.to_lowercase()),
        ..record.clone()
    };
    serde_json::to_string(&alike).unwrap_or_default()
}

/// Whether two records under one key are about one person: they have the number, a name or the
/// e-mail in common.
fn is_same_person(one: &EmployeeRecord, other: &EmployeeRecord) -> bool {
    let alike = |a: &Option<String>, b: &Option<String>| match (a, b) {
        (Some(a), Some(b)) => a.to_lowercase() == b.to_lowercase(),
        _ => false,
    };
    let same_number = match (number(one), number(other)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    same_number
        || alike(&one.first_name, &other.first_name) && alike(&one.last_name, &other.last_name)
        || alike(&one.email, &other.email)
}

/// A record of somebody else under the key of a person: it goes by its number and is a row problem,
/// because we do not guess who is who.
pub(crate) fn mark_as_double(record: &mut EmployeeRecord) {
    let key = match &record.employee_number {
        Some(number) if number.as_str() != record.external_key.as_str() => {
            number.as_str().to_owned()
        }
        _ => format!("{} (double)", record.external_key.as_str()),
    };
    record.external_key = ExternalKey(key);
    record.key_kind = KeyKind::Editable;
    record.unreadable.insert(0, RowProblemCode::DuplicateKey);
}

/// A record without a key is named by what it says: it is one row problem for as long as it says
/// the same, and cannot be taken for somebody else's (S-07).
pub(crate) fn name_by_content(record: &mut EmployeeRecord, hash: RawHash) {
    let content = u128::from_be_bytes(hash);
    record.external_key = ExternalKey(format!("no-key:{content:032x}"));
    record.key_kind = KeyKind::Editable;
    record.unreadable.insert(0, RowProblemCode::MissingKey);
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::employee::Standing;

    const TODAY: Date = date(2026, 11, 23);

    fn record(number: &str, job: &str) -> EmployeeRecord {
        EmployeeRecord {
            external_key: ExternalKey("key".to_owned()),
            key_kind: KeyKind::Stable,
            employee_number: Some(EmployeeNumber(number.to_owned())),
            first_name: Some("Ann".to_owned()),
            last_name: Some("Lee".to_owned()),
            email: Some("ann@acme.example".to_owned()),
            start_date: Some(date(2020, 1, 1)),
            leaving_date: None,
            department: None,
            position: None,
            office_location: None,
            manager: None,
            standing: Standing::Current,
            status_text: Some(job.to_owned()),
            unreadable: Vec::new(),
        }
    }

    fn settled(records: &[EmployeeRecord], stored: Option<&EmployeeRecord>) -> Settled {
        let membership = Membership::NotShown;
        let candidate = |(position, record)| Candidate { position, record, membership };
        let candidates: Vec<_> = records.iter().enumerate().map(candidate).collect();
        settle(&candidates, stored, TODAY).unwrap()
    }

    #[test]
    fn s_16_current_before_former_then_later_then_stored_then_greater() {
        let former = EmployeeRecord { standing: Standing::Former, ..record("1", "z") };
        let later = EmployeeRecord { start_date: Some(date(2024, 1, 1)), ..record("1", "a") };
        let (a, b) = (record("1", "a"), record("1", "b"));
        for (records, stored, best) in [
            ([former.clone(), a.clone()], None, 1),
            ([b.clone(), later.clone()], Some(&b), 1),
            ([a.clone(), b.clone()], Some(&a), 0),
            ([a.clone(), b.clone()], None, 1),
        ] {
            let found = settled(&records, stored);
            assert_eq!((found.position, found.differ), (best, true), "{records:?}");
            let turned = settled(&[records[1].clone(), records[0].clone()], stored);
            assert_eq!(turned.position, 1 - best, "{records:?}");
        }
        let found = settled(&[a.clone(), a.clone()], None);
        assert!(!found.differ && found.others.is_empty(), "identical records are one");
    }

    #[test]
    fn s_07_somebody_else_under_the_key_belongs_to_nobody() {
        let other = EmployeeRecord {
            first_name: Some("Bob".to_owned()),
            email: Some("bob@acme.example".to_owned()),
            start_date: Some(date(2025, 1, 1)),
            ..record("2", "a")
        };
        let own = record("1", "a");
        for records in [[own.clone(), other.clone()], [other.clone(), own.clone()]] {
            let found = settled(&records, Some(&own));
            assert_eq!(records[found.position], own);
            assert_eq!((found.others.len(), found.differ), (1, false));
        }
    }

    proptest! {
        #[test]
        fn s_16_the_order_does_not_matter_and_what_is_stored_stays(
            picks in prop::collection::vec((0_u8..3, 0_i16..3, any::<bool>()), 2..6),
            turn in any::<prop::sample::Index>(),
        ) {
            let made = |(job, year, former): (u8, i16, bool)| EmployeeRecord {
                start_date: Some(date(2020 + year, 1, 1)),
                standing: if former { Standing::Former } else { Standing::Current },
                ..record("1", &job.to_string())
            };
            let records: Vec<_> = picks.into_iter().map(made).collect();
            let mut turned = records.clone();
            turned.rotate_left(turn.index(records.len()));
            let first = records[settled(&records, None).position].clone();
            prop_assert_eq!(&turned[settled(&turned, None).position], &first);
            let again = &turned[settled(&turned, Some(&first)).position];
            prop_assert_eq!(again, &first);
        }
    }
}
