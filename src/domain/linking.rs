//! Whom a person of the HR system is linked to: the whole rule set, pure (L-09, S-20, S-22, S-23).
//!
//! Asked only for a person who has no link yet. A link that exists is followed by its key and never
//! decided again, so a changed e-mail changes the account and does not break the link.

use crate::domain::account::Activity;
use crate::domain::employee::{EmailNorm, EmployeeRecord, KeyKind, same_text};
use crate::domain::hold::LinkDoubt;
use crate::domain::ids::{AccountId, LinkId};

/// The account of the organization that has the person's e-mail (there is at most one, A-08).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The account.
    pub account_id: AccountId,
    /// Never taken over by itself.
    pub protected: bool,
    /// Whom it is linked to in this directory.
    pub holder: Option<Holder>,
}

/// The person an account is linked to in this directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The link.
    pub link_id: LinkId,
    /// Whether that person is still employed.
    pub activity: Activity,
    /// Their first name.
    pub first_name: Option<String>,
    /// Their last name.
    pub last_name: Option<String>,
}

/// The account that a person had before the directory was set up again (L-09).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// The account.
    pub candidate: Candidate,
    /// How far the key can be trusted that both have in common.
    pub key_kind: KeyKind,
    /// The account's e-mail.
    pub email: EmailNorm,
    /// The account's first name.
    pub first_name: Option<String>,
    /// The account's last name.
    pub last_name: Option<String>,
}

/// How many other people of the HR system have the same e-mail, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rivals {
    /// Employed people.
    pub active: usize,
    /// Leavers.
    pub inactive: usize,
}

/// What is to be done about the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkDecision {
    /// Link to this account.
    Link(AccountId),
    /// Link again to the account that the person had before (L-09).
    Restore(AccountId),
    /// Give the link of a leaver to this person: a re-hire under a new number.
    Move {
        /// The leaver's link.
        link_id: LinkId,
        /// Its account.
        account_id: AccountId,
    },
    /// Create an account and link to it.
    Create,
    /// A leaver who never had an account needs none.
    NoAccount,
    /// Not ours to decide.
    Hold {
        /// Why.
        doubt: LinkDoubt,
        /// The account in question, when there is one.
        account_id: Option<AccountId>,
    },
}

/// Decides about a person without a link who had one before the directory was set up again (L-09);
/// `None` when the former link does not count and [`decide`] has to. It says who the person is, so
/// somebody else with the same e-mail is no doubt; a protected account is still one (S-22).
#[must_use]
pub fn restore(record: &EmployeeRecord, former: &Former) -> Option<LinkDecision> {
    // A number can be given to somebody else; name or e-mail has to say the same.
    let agrees = record.email_norm().as_ref() == Some(&former.email)
        || same_name(record, former.first_name.as_deref(), former.last_name.as_deref());
    let candidate = &former.candidate;
    if candidate.holder.is_some() || (former.key_kind == KeyKind::Editable && !agrees) {
        return None;
    }
    let account_id = candidate.account_id.clone();
    Some(if candidate.protected {
        let (doubt, account_id) = (LinkDoubt::AccountProtected, Some(account_id));
        LinkDecision::Hold { doubt, account_id }
    } else {
        LinkDecision::Restore(account_id)
    })
}

/// Decides about a person without a link. `activity` is the person's own.
#[must_use]
pub fn decide(
    record: &EmployeeRecord,
    activity: Activity,
    candidate: Option<&Candidate>,
    rivals: Rivals,
) -> LinkDecision {
    let hold = |doubt| LinkDecision::Hold {
        doubt,
        account_id: candidate.map(|candidate| candidate.account_id.clone()),
    };
    match activity {
        Activity::Active if rivals.active > 0 => return hold(LinkDoubt::DuplicateEmail),
        // An active person wins over a leaver with the same e-mail.
        Activity::Inactive if rivals.active > 0 => return LinkDecision::NoAccount,
        Activity::Inactive if rivals.inactive > 0 && candidate.is_some() => {
            return hold(LinkDoubt::DuplicateEmail);
        }
        _ => {}
    }
    let Some(candidate) = candidate else {
        return match activity {
            Activity::Active => LinkDecision::Create,
            Activity::Inactive => LinkDecision::NoAccount,
        };
    };
    if candidate.protected {
        return hold(LinkDoubt::AccountProtected);
    }
    match &candidate.holder {
        None => LinkDecision::Link(candidate.account_id.clone()),
        // Two records of one leaver: the account stays with the one that has it.
        Some(_) if activity == Activity::Inactive => LinkDecision::NoAccount,
        Some(holder) if holder.activity == Activity::Active => hold(LinkDoubt::AccountTaken),
        Some(holder) if has_name_of(record, holder) => LinkDecision::Move {
            link_id: holder.link_id.clone(),
            account_id: candidate.account_id.clone(),
        },
        Some(_) => hold(LinkDoubt::AddressGivenToAnother),
    }
}

fn has_name_of(record: &EmployeeRecord, holder: &Holder) -> bool {
    same_name(record, holder.first_name.as_deref(), holder.last_name.as_deref())
}

/// Names agree when first and last name are the same as people see them (S-18).
fn same_name(record: &EmployeeRecord, first: Option<&str>, last: Option<&str>) -> bool {
    let same = |a: &Option<String>, b: Option<&str>| match (a, b) {
        (Some(a), Some(b)) => same_text(a, b),
        _ => false,
    };
    same(&record.first_name, first) && same(&record.last_name, last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::employee::{ExternalKey, Standing};

    fn person(first: &str, last: &str) -> EmployeeRecord {
        EmployeeRecord {
            external_key: ExternalKey("key".into()),
            key_kind: KeyKind::Stable,
            employee_number: None,
            first_name: Some(first.into()),
            last_name: Some(last.into()),
            email: Some("ann@acme.example".into()),
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

    fn account(protected: bool, holder: Option<(Activity, &str, &str)>) -> Candidate {
        Candidate {
            account_id: AccountId::from_text("account_1"),
            protected,
            holder: holder.map(|(activity, first, last)| Holder {
                link_id: LinkId::from_text("link_1"),
                activity,
                first_name: Some(first.into()),
                last_name: Some(last.into()),
            }),
        }
    }

    fn doubt(decision: LinkDecision) -> Option<LinkDoubt> {
        match decision {
            LinkDecision::Hold { doubt, .. } => Some(doubt),
            _ => None,
        }
    }

    fn former(key_kind: KeyKind, candidate: Candidate) -> Former {
        Former {
            candidate,
            key_kind,
            email: EmailNorm::of("before@acme.example"),
            first_name: Some("ann".into()),
            last_name: Some("Lee".into()),
        }
    }

    #[test]
    fn l_09_a_stable_key_restores_whatever_changed_and_a_number_only_with_name_or_e_mail() {
        let free = account(false, None);
        let stable = former(KeyKind::Stable, free.clone());
        let number = former(KeyKind::Editable, free.clone());
        let (same, other) = (person("Ann", "Lee"), person("Bob", "Ray"));
        let e_mail = EmployeeRecord { email: Some("Before@acme.example".into()), ..other.clone() };
        let back = Some(LinkDecision::Restore(free.account_id));
        for record in [&same, &other, &e_mail] {
            assert_eq!(restore(record, &stable), back);
        }
        assert_eq!(restore(&same, &number), back);
        assert_eq!(restore(&e_mail, &number), back);
        assert_eq!(restore(&other, &number), None);
        let without = EmployeeRecord { email: None, ..other };
        assert_eq!(restore(&without, &number), None);
    }

    #[test]
    fn l_09_a_protected_account_is_a_hold_and_one_of_somebody_else_is_left_to_the_e_mail() {
        let ann = person("Ann", "Lee");
        let guarded = former(KeyKind::Stable, account(true, None));
        let decision = restore(&ann, &guarded);
        assert_eq!(decision.and_then(doubt), Some(LinkDoubt::AccountProtected));
        for activity in [Activity::Active, Activity::Inactive] {
            let taken = former(KeyKind::Stable, account(false, Some((activity, "Ann", "Lee"))));
            assert_eq!(restore(&ann, &taken), None);
        }
    }

    #[test]
    fn s_20_a_free_account_with_the_same_e_mail_is_linked() {
        let candidate = account(false, None);
        for activity in [Activity::Active, Activity::Inactive] {
            let decision =
                decide(&person("Ann", "Lee"), activity, Some(&candidate), Rivals::default());
            assert_eq!(decision, LinkDecision::Link(candidate.account_id.clone()));
        }
    }

    #[test]
    fn s_20_a_re_hire_gets_the_leavers_link_only_under_the_same_name() {
        let candidate = account(false, Some((Activity::Inactive, "Ann", "LEE")));
        let decide = |record: &EmployeeRecord| {
            decide(record, Activity::Active, Some(&candidate), Rivals::default())
        };
        assert!(matches!(decide(&person("Ann", "Lee")), LinkDecision::Move { .. }));
        let other = decide(&person("Bob", "Lee"));
        assert_eq!(doubt(other), Some(LinkDoubt::AddressGivenToAnother));
    }

    #[test]
    fn s_22_nothing_is_guessed() {
        let ann = person("Ann", "Lee");
        let one = Rivals { active: 1, inactive: 0 };
        let taken = account(false, Some((Activity::Active, "Ann", "Lee")));
        let cases = [
            (Some(account(true, None)), Rivals::default(), LinkDoubt::AccountProtected),
            (Some(taken), Rivals::default(), LinkDoubt::AccountTaken),
            (None, one, LinkDoubt::DuplicateEmail),
        ];
        for (candidate, rivals, expected) in cases {
            let decision = decide(&ann, Activity::Active, candidate.as_ref(), rivals);
            assert_eq!(doubt(decision), Some(expected));
        }
    }

    #[test]
    fn s_22_an_active_person_wins_over_a_leaver_with_the_same_e_mail() {
        let (ann, free) = (person("Ann", "Lee"), account(false, None));
        let leaver_rival = Rivals { active: 0, inactive: 1 };
        assert_eq!(
            decide(&ann, Activity::Active, Some(&free), leaver_rival),
            LinkDecision::Link(free.account_id.clone())
        );
        let active_rival = Rivals { active: 1, inactive: 0 };
        assert_eq!(
            decide(&ann, Activity::Inactive, Some(&free), active_rival),
            LinkDecision::NoAccount
        );
    }

    #[test]
    fn s_23_without_an_account_one_is_created_but_not_for_a_leaver() {
        let ann = person("Ann", "Lee");
        assert_eq!(decide(&ann, Activity::Active, None, Rivals::default()), LinkDecision::Create);
        assert_eq!(
            decide(&ann, Activity::Inactive, None, Rivals::default()),
            LinkDecision::NoAccount
        );
    }
}
