//! What is written down of a change of an account: what set it off, the rule that decided, and the
//! former values.
//!
//! Syncs, the API and admins' decisions all write here, in the transaction of the change, many at
//! once. The order of the entries of an account is the order of its changes: applied to nothing one
//! after the other, they give the account as it is.
//!
//! Invariants:
//! - What did not change is not written down; a link that is made, moved or follows its person to
//!   another key is, also when no member of the account changes.
//! - One entry has one rule. A status that was decided by another rule than the rest is an entry of
//!   its own, so that "why is this account inactive?" has an answer.
//!
//! What this module must not do: decide. It finds the rule that has decided.

use std::collections::HashMap;

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::db::account_changes::{self, AccountChange};
use crate::db::accounts::Account;
use crate::db::types::Json;
use crate::db::{DbError, Tx, catalogue};
use crate::domain::account::{AccountStatus, Activity};
use crate::domain::audit::{self, Cause, CauseKind, Changes, FieldChange, Rule};
use crate::domain::employee::{ExternalKey, Membership, Standing};
use crate::domain::ids::{CatalogueEntryId, DirectoryId, HoldId};
use crate::sync::decide::types::{Applied, LinkStep, PlannedAccount};

/// The member under which the key of the link is told.
const EXTERNAL_KEY: &str = "external_key";
/// The member that can have a rule of its own.
const STATUS: &str = "status";

/// What has decided about one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// About the link and the members.
    pub rule: Rule,
    /// About the status.
    pub status: Rule,
}

impl From<Rule> for Rules {
    fn from(rule: Rule) -> Self {
        Self { rule, status: rule }
    }
}

/// The person of a directory whom an account belongs to.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The directory.
    pub directory_id: DirectoryId,
    /// The person's key.
    pub external_key: ExternalKey,
    /// When the link was made, moved or follows to another key: the key before, if there was one.
    pub former_key: Option<Option<ExternalKey>>,
}

/// An account before and after a change.
#[derive(Debug, Clone)]
pub struct Changed {
    /// As it was; `None` when it is made.
    pub before: Option<Account>,
    /// As it is.
    pub after: Account,
    /// The person it belongs to, when the change came from an HR system.
    pub owner: Option<Owner>,
    /// What has decided.
    pub rules: Rules,
    /// The hold whose approval was carried out; it is the cause then.
    pub approved: Option<HoldId>,
}

/// Finds the rules that decided about a person who is applied.
#[must_use]
pub fn rules(cause: &Cause, applied: &Applied, today: Date) -> Rules {
    let rule = match applied.link {
        _ if cause.kind() == CauseKind::Admin || !applied.carried_out.is_empty() => Rule::Approved,
        LinkStep::Create => Rule::Created,
        LinkStep::Restore => Rule::Ledger,
        LinkStep::Link => Rule::LinkedByEmail,
        LinkStep::Move(_) => Rule::Rehired,
        LinkStep::Keep => Rule::Followed,
    };
    let status = match rule {
        // An account that is made has one rule; who is hired again or approved is so as a whole.
        Rule::Approved | Rule::Created | Rule::Rehired => rule,
        _ => rule_of_status(applied, today),
    };
    Rules { rule, status }
}

/// Why the status is another than before.
fn rule_of_status(applied: &Applied, today: Date) -> Rule {
    let Some(PlannedAccount { before, after, .. }) = &applied.account else {
        return Rule::Followed;
    };
    let record = &applied.observed.record;
    match (after.status, applied.activity) {
        (AccountStatus::Active, Activity::Inactive) => Rule::OtherDirectory,
        (AccountStatus::Inactive, _) => {
            if applied.observed.gone {
                return Rule::Gone;
            }
            if record.leaving_date.is_some_and(|leaving| leaving < today) {
                return Rule::LeavingDateOver;
            }
            match (record.standing, applied.observed.membership) {
                (Standing::Former, _) => Rule::FormerStaff,
                (Standing::ByMembership, Membership::NotMember) => Rule::NotCurrentStaff,
                _ => Rule::Followed,
            }
        }
        _ => {
            let waited = before.as_ref().is_some_and(|b| b.status == AccountStatus::Pending);
            let came = record.start_date.is_some_and(|start| start <= today);
            if waited && came { Rule::StartDateCame } else { Rule::Employed }
        }
    }
}

/// Writes changes down, in order.
pub fn write(
    tx: &mut Tx<'_>,
    cause: &Cause,
    now: Timestamp,
    changed: &[Changed],
) -> Result<(), DbError> {
    let units = unit_ids(changed.iter().flat_map(|one| one.before.iter().chain([&one.after])));
    let names = catalogue::names(tx, &units)?;
    let rows: Vec<AccountChange> =
        changed.iter().flat_map(|one| entries(cause, now, &names, one)).collect();
    account_changes::insert_many(tx, &rows)
}

/// Writes down that an account was deleted, and takes the values out of what was written down of it
/// before.
pub fn write_deleted(
    tx: &mut Tx<'_>,
    cause: &Cause,
    now: Timestamp,
    account: &Account,
) -> Result<(), DbError> {
    account_changes::forget_values(tx, &account.id)?;
    let version = account.version.saturating_add(1);
    let gone = Account { version, ..account.clone() };
    let entry = entry(cause, now, &gone, None, Rule::Deleted, Changes::new());
    account_changes::insert_many(tx, &[entry])
}

/// The departments, positions and office locations of these accounts, each once.
fn unit_ids<'a>(accounts: impl Iterator<Item = &'a Account>) -> Vec<CatalogueEntryId> {
    let mut ids: Vec<CatalogueEntryId> = accounts
        .flat_map(|row| [&row.department_id, &row.position_id, &row.office_location_id])
        .flatten()
        .cloned()
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The entries of one change: none, one, or two when the status has a rule of its own.
fn entries(
    cause: &Cause,
    now: Timestamp,
    names: &HashMap<CatalogueEntryId, String>,
    changed: &Changed,
) -> Vec<AccountChange> {
    let (account, owner) = (&changed.after, changed.owner.as_ref());
    let approved = changed.approved.clone().map(Cause::Decision);
    let cause = approved.as_ref().unwrap_or(cause);
    let mut fields =
        audit::changes(&members(changed.before.as_ref(), names), &members(Some(account), names));
    let key = owner.and_then(|owner| Some((owner.former_key.as_ref()?, &owner.external_key)));
    if let Some((from, to)) = key {
        let change = FieldChange { from: json!(from), to: json!(to) };
        fields.insert(EXTERNAL_KEY.to_owned(), change);
    }
    let Rules { rule, status } = changed.rules;
    let apart = if rule == status { None } else { fields.remove_entry(STATUS) };
    let entry = |rule, fields| entry(cause, now, account, owner, rule, fields);
    let mut entries = Vec::new();
    if !fields.is_empty() {
        entries.push(entry(rule, fields));
    }
    entries.extend(apart.map(|change| entry(status, Changes::from([change]))));
    entries
}

fn entry(
    cause: &Cause,
    now: Timestamp,
    account: &Account,
    owner: Option<&Owner>,
    rule: Rule,
    changes: Changes,
) -> AccountChange {
    AccountChange {
        organization_id: account.organization_id.clone(),
        account_id: account.id.clone(),
        directory_id: owner.map(|owner| owner.directory_id.clone()),
        external_key: owner.map(|owner| owner.external_key.clone()),
        cause: cause.kind(),
        cause_id: cause.id(),
        rule,
        changes: Json(changes),
        version: account.version,
        created_at_ms: now,
    }
}

/// The members of an account that can change, by their names in the API; those of no account are
/// empty.
fn members(
    account: Option<&Account>,
    names: &HashMap<CatalogueEntryId, String>,
) -> Map<String, Value> {
    let unit = |id: &Option<CatalogueEntryId>| id.as_ref().and_then(|id| names.get(id));
    let Some(account) = account else {
        return Map::from_iter([
            ("protected".to_owned(), json!(false)),
            ("attributes".to_owned(), json!({})),
        ]);
    };
    let members = [
        ("email", json!(account.email)),
        ("first_name", json!(account.first_name)),
        ("last_name", json!(account.last_name)),
        ("external_id", json!(account.external_id)),
        (STATUS, json!(account.status)),
        ("manager_account_id", json!(account.manager_account_id)),
        ("department", json!(unit(&account.department_id))),
        ("position", json!(unit(&account.position_id))),
        ("office_location", json!(unit(&account.office_location_id))),
        ("start_date", json!(account.start_date.map(|date| date.0))),
        ("leaving_date", json!(account.leaving_date.map(|date| date.0))),
        ("protected", json!(account.protected)),
        ("attributes", Value::Object(account.attributes.0.clone())),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::employee::{EmployeeRecord, KeyKind};
    use crate::domain::ids::{AccountId, HoldId, HoldItemId, LinkId};
    use crate::sync::decide::types::AccountFields;
    use crate::sync::decide::types::Observed;

    const TODAY: Date = date(2026, 11, 23);
    const YESTERDAY: Date = date(2026, 11, 22);

    fn fields(status: AccountStatus) -> AccountFields {
        AccountFields {
            email: "ann@acme.example".to_owned(),
            first_name: None,
            last_name: None,
            status,
            manager: None,
            department: None,
            position: None,
            office_location: None,
            start_date: None,
            leaving_date: None,
        }
    }

    /// Somebody current who is applied without a change.
    fn applied(link: LinkStep) -> Applied {
        let record = EmployeeRecord {
            external_key: ExternalKey("key".to_owned()),
            key_kind: KeyKind::Stable,
            employee_number: None,
            first_name: None,
            last_name: None,
            email: None,
            start_date: None,
            leaving_date: None,
            department: None,
            position: None,
            office_location: None,
            manager: None,
            standing: Standing::ByMembership,
            status_text: None,
            unreadable: Vec::new(),
        };
        let id = AccountId::from_text("account_1");
        let same = fields(AccountStatus::Active);
        Applied {
            observed: Observed {
                seq: 1,
                record,
                membership: Membership::Member,
                gone: false,
                raw_hash: None,
                notes: Vec::new(),
            },
            key_kind: KeyKind::Stable,
            activity: Activity::Active,
            waits_for_start: false,
            problem: None,
            notes: Vec::new(),
            link,
            account: Some(PlannedAccount { id, before: Some(same.clone()), after: same }),
            hold: None,
            hands_over: false,
            loss: None,
            leaving_date_cleared: None,
            carried_out: Vec::new(),
            fingerprint: Vec::new(),
            employment: Vec::new(),
            settled: true,
        }
    }

    fn status_rule(
        from: AccountStatus,
        to: AccountStatus,
        change: impl FnOnce(&mut Applied),
    ) -> Rule {
        let mut applied = applied(LinkStep::Keep);
        let id = applied.account.unwrap().id;
        let (before, after) = (Some(fields(from)), fields(to));
        applied.account = Some(PlannedAccount { id, before, after });
        change(&mut applied);
        rules(&Cause::Clock, &applied, TODAY).status
    }

    #[test]
    fn the_link_names_the_rule_unless_an_admin_decided() {
        let moved = LinkStep::Move(LinkId::from_text("link_1"));
        let cases = [
            (LinkStep::Keep, Rule::Followed),
            (LinkStep::Link, Rule::LinkedByEmail),
            (LinkStep::Restore, Rule::Ledger),
            (moved, Rule::Rehired),
            (LinkStep::Create, Rule::Created),
        ];
        let approval = (HoldItemId::from_text("item_1"), HoldId::from_text("hold_1"));
        for (link, expected) in cases {
            let mut applied = applied(link);
            assert_eq!(rules(&Cause::Hook(1), &applied, TODAY).rule, expected);
            applied.carried_out.push(approval.clone());
            assert_eq!(rules(&Cause::Clock, &applied, TODAY), Rule::Approved.into());
        }
    }

    #[test]
    fn s_11_a_status_is_explained_by_what_ended_or_began_it() {
        use AccountStatus::{Active, Inactive, Pending};
        let left = status_rule(Active, Inactive, |applied| {
            applied.activity = Activity::Inactive;
            applied.observed.membership = Membership::NotMember;
            applied.observed.record.leaving_date = Some(YESTERDAY);
        });
        assert_eq!(left, Rule::LeavingDateOver);
        let not_listed = status_rule(Active, Inactive, |applied| {
            applied.activity = Activity::Inactive;
            applied.observed.membership = Membership::NotMember;
            applied.observed.record.leaving_date = Some(TODAY);
        });
        assert_eq!(not_listed, Rule::NotCurrentStaff);
        let former = status_rule(Pending, Inactive, |applied| {
            applied.activity = Activity::Inactive;
            applied.observed.record.standing = Standing::Former;
        });
        assert_eq!(former, Rule::FormerStaff);
        let came = |applied: &mut Applied| applied.observed.record.start_date = Some(TODAY);
        assert_eq!(status_rule(Pending, Active, came), Rule::StartDateCame);
        assert_eq!(status_rule(Inactive, Active, came), Rule::Employed);
        assert_eq!(status_rule(Pending, Active, |_| {}), Rule::Employed);
        let elsewhere =
            status_rule(Inactive, Active, |applied| applied.activity = Activity::Inactive);
        assert_eq!(elsewhere, Rule::OtherDirectory);
    }
}
