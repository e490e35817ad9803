//! People who got another employee id without a `UniqueKey` to know them by (S-21).
//!
//! Only a complete list can show it: the old id is gone from it, and exactly one person is new in
//! it with the same e-mail. Everything less certain is left to the rules for people seen for the
//! first time, which hold what they would have to guess.
//!
//! What this module must not do: decide from less than a complete list.

use std::collections::HashMap;

use crate::db::directory_users::Known;
use crate::domain::account::Activity;
use crate::domain::employee::{EmailNorm, EmployeeRecord, ExternalKey, KeyKind, Need};

/// The new key of everybody who got another one, and the one they had.
///
/// `missing` are the stored people whom the list does not name, `strangers` the records of people
/// who are not stored. `employed` counts the employed people of the list by e-mail, strangers
/// included.
pub fn pairs<'a>(
    missing: impl Iterator<Item = &'a Known>,
    strangers: impl Iterator<Item = &'a EmployeeRecord>,
    employed: impl Fn(&EmailNorm, &ExternalKey) -> usize,
) -> HashMap<ExternalKey, ExternalKey> {
    let mut old = HashMap::new();
    for known in missing {
        // A leaver's e-mail may have been given to somebody else; S-20 has a rule for that.
        let may_be_renamed = known.key_kind == KeyKind::Editable && known.state == Activity::Active;
        if let Some(email) = known.email_norm.as_ref().filter(|_| may_be_renamed) {
            note(&mut old, email.clone(), &known.external_key);
        }
    }
    if old.is_empty() {
        return HashMap::new();
    }
    let mut new = HashMap::new();
    for record in strangers.filter(|record| record.problem(Need::Names).is_none()) {
        if let Some(email) = record.email_norm().filter(|email| old.contains_key(email)) {
            note(&mut new, email, &record.external_key);
        }
    }
    new.into_iter()
        .filter_map(|(email, new)| {
            let (new, old) = (new?, old.remove(&email)??);
            (employed(&email, new) == 0).then(|| (new.clone(), old.clone()))
        })
        .collect()
}

/// Notes who has an e-mail; `None` when several have it.
fn note<'a>(
    by_email: &mut HashMap<EmailNorm, Option<&'a ExternalKey>>,
    email: EmailNorm,
    key: &'a ExternalKey,
) {
    by_email.entry(email).and_modify(|several| *several = None).or_insert(Some(key));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::domain::employee::{Membership, Standing};
    use crate::domain::ids::DirectoryUserId;

    fn known(key: &str, email: &str, key_kind: KeyKind, state: Activity) -> Known {
        Known {
            id: DirectoryUserId::from_text(key),
            external_key: ExternalKey(key.into()),
            key_kind,
            employee_number: None,
            email_norm: Some(EmailNorm::of(email)),
            state,
            membership: Membership::Member,
            raw_hash: None,
            updated_at_ms: Timestamp(0),
        }
    }

    fn record(key: &str, email: &str) -> EmployeeRecord {
        EmployeeRecord {
            external_key: ExternalKey(key.into()),
            key_kind: KeyKind::Editable,
            employee_number: None,
            first_name: Some("Ann".into()),
            last_name: Some("Lee".into()),
            email: Some(email.into()),
            start_date: None,
            leaving_date: None,
            department: None,
            position: None,
            office_location: None,
            manager: None,
            standing: Standing::Current,
            status_text: None,
            unreadable: vec![],
        }
    }

    fn found(missing: &[Known], strangers: &[EmployeeRecord], others: usize) -> usize {
        pairs(missing.iter(), strangers.iter(), |_, _| others).len()
    }

    #[test]
    fn s_21_exactly_one_missing_and_one_new_person_are_one_person() {
        use Activity::{Active, Inactive};
        use KeyKind::{Editable, Stable};
        let old = known("1", "Ann@acme.example", Editable, Active);
        let new = record("2", "ann@acme.example");
        let pair = HashMap::from([(new.external_key.clone(), old.external_key.clone())]);
        assert_eq!(pairs([&old].into_iter(), [&new].into_iter(), |_, _| 0), pair);
        let too = record("3", "ANN@acme.example");
        assert_eq!(found(std::slice::from_ref(&old), &[new.clone(), too], 0), 0, "two are new");
        assert_eq!(found(&[old.clone(), old.clone()], std::slice::from_ref(&new), 0), 0);
        assert_eq!(found(std::slice::from_ref(&old), std::slice::from_ref(&new), 1), 0);
        assert_eq!(found(&[old], &[record("2", "bob@acme.example")], 0), 0);
        for (kind, state) in [(Stable, Active), (Editable, Inactive)] {
            let other = known("1", "ann@acme.example", kind, state);
            assert_eq!(found(&[other], std::slice::from_ref(&new), 0), 0, "{kind} {state}");
        }
        let spoilt = EmployeeRecord { last_name: None, ..new };
        let old = known("1", "ann@acme.example", Editable, Active);
        assert_eq!(found(&[old], &[spoilt], 0), 0);
    }
}
