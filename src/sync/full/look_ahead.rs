//! What would be there after a run, planned and not written: for a preview, and for a run of a
//! strict directory, which looks for problems before it applies anything (L-05, S-07).
//!
//! The plans of both passes are folded over one read snapshot with the functions that
//! [`crate::sync::apply`] folds them with.
//!
//! What this module must not do: write, ask the HR system, or decide
//! ([`crate::sync::decide::person`] does).

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::db::directories::Directory;
use crate::db::{Conn, DbError, accounts, links};
use crate::domain::audit::Cause;
use crate::domain::directory::RunCounts;
use crate::domain::employee::{EmployeeRecord, ExternalKey};
use crate::domain::guard::LossReason;
use crate::domain::hold::{self, HoldKind};
use crate::domain::ids::{AccountId, DirectoryId, DirectoryUserId};
use crate::domain::profile::Permission;
use crate::domain::row_problem::{Finding, Severity};
use crate::sync::apply::guard::{self, Waiting};
use crate::sync::apply::load_snapshot;
use crate::sync::decide::batch::{Decider, Pass};
use crate::sync::decide::row_builder::{self, Person, PlannedRows};
use crate::sync::decide::snapshot::Snapshot;
use crate::sync::decide::types::{
    Applied, Facts, LinkStep, Loss, LossFate, LossTime, Observed, PersonPlan, Question, Step,
};
use crate::sync::full::absence::Gone;
use crate::sync::full::bad_rows::{BadRow, bad_rows_of};
use crate::sync::full::company::Doubt;
use crate::sync::full::everybody::Unread;
use crate::sync::full::read::Reading;
use crate::sync::{Context, apply, permissions};
use crate::texts::Text;

/// What a full sync would do now. People are in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The directory.
    pub directory_id: DirectoryId,
    /// What the run would count.
    pub counts: RunCounts,
    /// What the key lacks although it works without, and what that means (L-04, L-13).
    pub missing_permissions: Vec<Lack>,
    /// People who would get an account that is there.
    pub linked: Vec<ToLink>,
    /// People who would get a new account.
    pub created: Vec<ToCreate>,
    /// People about whom an admin would be asked.
    pub ambiguous: Vec<InDoubt>,
    /// People whose accounts would become inactive.
    pub deactivated: Vec<Leaving>,
    /// People whose accounts would become inactive if an admin approved it, because there are
    /// unusually many (S-32).
    pub held: Vec<Leaving>,
    /// Records that could not be applied, or only in part.
    pub row_problems: Vec<BadRow>,
    /// Accounts of the organization that nobody in an HR system would be linked to; those that an
    /// admin would be asked about are among them.
    pub accounts_not_in_hr: Vec<Unmatched>,
}

/// A permission that the key lacks although it works without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// In the HR system's own words.
    pub permission: &'static str,
    /// What is lost without it.
    pub without: Text,
}

impl Preview {
    /// The key may read another company: nothing would be done before an admin decides (L-10).
    pub(crate) fn of_doubt(directory: Directory, doubt: &Doubt) -> Self {
        let seen = u64::try_from(doubt.seen).unwrap_or(u64::MAX);
        let missing_permissions = lacks(&directory);
        let ask = InDoubt {
            external_key: ExternalKey::missing(),
            name: directory.name,
            kind: HoldKind::OtherCompany,
            reason: hold::may_be_other_company(),
            account_ids: Vec::new(),
        };
        Self {
            directory_id: directory.id,
            counts: RunCounts { seen, ..RunCounts::default() },
            missing_permissions,
            linked: Vec::new(),
            created: Vec::new(),
            ambiguous: vec![ask],
            deactivated: Vec::new(),
            held: Vec::new(),
            row_problems: Vec::new(),
            accounts_not_in_hr: Vec::new(),
        }
    }
}

/// A person who would be linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToLink {
    /// Who.
    pub external_key: ExternalKey,
    /// Their name.
    pub name: String,
    /// Their e-mail in the HR system.
    pub email: Option<String>,
    /// The account.
    pub account_id: AccountId,
    /// The rule that links them ("email", "rehire").
    pub by: String,
}

/// A person for whom an account would be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToCreate {
    /// Who.
    pub external_key: ExternalKey,
    /// Their name.
    pub name: String,
    /// Their e-mail in the HR system.
    pub email: Option<String>,
}

/// A person about whom a hold would be open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InDoubt {
    /// Who.
    pub external_key: ExternalKey,
    /// Their name.
    pub name: String,
    /// What would wait.
    pub kind: HoldKind,
    /// Why, in words.
    pub reason: Text,
    /// The accounts in question that are there already.
    pub account_ids: Vec<AccountId>,
}

/// A person who would lose access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// Who.
    pub external_key: ExternalKey,
    /// Their name.
    pub name: String,
    /// The account that would become inactive.
    pub account_id: AccountId,
    /// Why.
    pub because: LossReason,
}

/// An account that nobody would be linked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    /// The account.
    pub account_id: AccountId,
    /// Its e-mail.
    pub email: String,
}

/// The records that a run of everybody could not apply, or only in part.
pub(crate) async fn bad_rows(
    cx: &Context,
    directory: &Directory,
    reading: &Arc<Reading>,
) -> Result<Vec<BadRow>, DbError> {
    let (inner, directory, reading) = (cx.clone(), directory.clone(), Arc::clone(reading));
    let read = cx.db.read_bulk(move |conn| look_ahead(conn, &inner, &directory, &reading));
    Ok(read.await?.row_problems)
}

/// Folds the plans of both passes over what is stored.
pub(crate) fn look_ahead(
    conn: &mut Conn,
    cx: &Context,
    directory: &Directory,
    reading: &Reading,
) -> Result<Preview, DbError> {
    let mut counts = reading.counts_before();
    let everybody = &reading.everybody;
    let gone: Vec<Observed> = reading.answers.gone.iter().map(Gone::observed).collect();
    let all = everybody.changed.iter().chain(&gone);
    let records: Vec<&EmployeeRecord> = all.map(|seen| &seen.record).collect();
    let (snapshot, _) =
        load_snapshot::load(conn, &cx.keys, directory, &records, &everybody.facts.renamed)?;
    let stored: HashSet<AccountId> = snapshot.accounts.keys().cloned().collect();
    let mut ahead = Ahead::new(snapshot, &everybody.unchanged);
    ahead.note_waiting(&reading.waiting);
    let facts = &everybody.facts;
    let cause = &Cause::Clock;
    let decider = apply::decider(conn, cx, directory, Pass::Whole, cause, facts)?;
    let decider = Decider { ruling: reading.ruling, ..decider };
    let changed = everybody.batches();
    let passes = [
        (Pass::Whole, vec![gone.as_slice()]),
        (Pass::People, changed.clone()),
        (Pass::Relations, changed),
    ];
    for (pass, batches) in passes {
        let decider = Decider { pass, ..decider.clone() };
        let people: Vec<Observed> = batches.iter().flat_map(|batch| batch.to_vec()).collect();
        let records: Vec<&EmployeeRecord> = people.iter().map(|seen| &seen.record).collect();
        let facts = apply::facts_of(&decider, conn, &records)?;
        if pass == Pass::People {
            ahead.snapshot.guard =
                guard::for_batch(conn, &decider, &ahead.snapshot, &facts, &people)?;
        }
        let counted = ahead.pass(&decider, &facts, &batches);
        if pass != Pass::Relations {
            counts.add(counted);
        }
    }
    ahead.note_unread(&everybody.unread);
    let problems = ahead.problems();
    if directory.strict && problems > 0 {
        // Not one record is applied then (S-07).
        let row_problems = u64::try_from(problems).unwrap_or(u64::MAX);
        counts = RunCounts { seen: counts.seen, row_problems, ..RunCounts::default() };
        ahead.apply_nothing();
    }
    let accounts_not_in_hr = ahead.unmatched(conn, directory)?;
    let known = |id: &AccountId| stored.contains(id);
    let in_doubt = |mut doubt: InDoubt| {
        doubt.account_ids.retain(known);
        doubt
    };
    Ok(Preview {
        directory_id: directory.id.clone(),
        missing_permissions: lacks(directory),
        counts,
        linked: ahead.linked.into_values().collect(),
        created: ahead.created.into_values().collect(),
        ambiguous: ahead.in_doubt.into_values().map(in_doubt).collect(),
        deactivated: ahead.leaving.into_values().collect(),
        held: ahead.waiting.into_values().collect(),
        row_problems: ahead.bad_rows.into_values().flatten().collect(),
        accounts_not_in_hr,
    })
}

fn lacks(directory: &Directory) -> Vec<Lack> {
    let lack = |one: &'static Permission| {
        let without = one.without.clone()?;
        Some(Lack { permission: one.name, without })
    };
    permissions::missing(directory).into_iter().filter_map(lack).collect()
}

/// What there would be, as far as it is planned.
struct Ahead {
    snapshot: Snapshot,
    /// Whom the list named, as far as they are or would be stored.
    named: HashSet<DirectoryUserId>,
    linked: BTreeMap<ExternalKey, ToLink>,
    created: BTreeMap<ExternalKey, ToCreate>,
    in_doubt: BTreeMap<ExternalKey, InDoubt>,
    leaving: BTreeMap<ExternalKey, Leaving>,
    waiting: BTreeMap<ExternalKey, Leaving>,
    bad_rows: BTreeMap<ExternalKey, Vec<BadRow>>,
}

impl Ahead {
    fn new(snapshot: Snapshot, unchanged: &[DirectoryUserId]) -> Self {
        Self {
            snapshot,
            named: unchanged.iter().cloned().collect(),
            linked: BTreeMap::new(),
            created: BTreeMap::new(),
            in_doubt: BTreeMap::new(),
            leaving: BTreeMap::new(),
            waiting: BTreeMap::new(),
            bad_rows: BTreeMap::new(),
        }
    }

    /// Plans everybody once, in order, as a run does.
    fn pass(&mut self, decider: &Decider<'_>, facts: &Facts, batches: &[&[Observed]]) -> RunCounts {
        let mut counts = RunCounts::default();
        for batch in batches {
            let mut rest = *batch;
            while let Some((observed, others)) = rest.split_first() {
                decider.park(&mut self.snapshot, facts, rest);
                if let Some(retired) = decider.retire(&mut self.snapshot, observed) {
                    let plan = decider.plan(&self.snapshot, facts, retired);
                    let made = decider.take_in(&mut self.snapshot, &plan);
                    row_builder::count(&mut counts, &plan, &made);
                    self.note(plan, made);
                }
                let plan = decider.plan(&self.snapshot, facts, observed.clone());
                let made = decider.take_in(&mut self.snapshot, &plan);
                row_builder::count(&mut counts, &plan, &made);
                self.note(plan, made);
                rest = others;
            }
        }
        counts
    }

    fn note(&mut self, plan: PersonPlan, made: PlannedRows) {
        let is_gone = matches!(&plan.step, Step::Apply(applied) if applied.observed.gone);
        self.named.extend(plan.before.filter(|_| !is_gone));
        match (plan.step, made) {
            (Step::Problem { code, observed }, _) => {
                let Observed { record, notes, .. } = *observed;
                let found = std::iter::once(Finding::of(code)).chain(notes);
                self.bad_rows.insert(plan.key.clone(), bad_rows_of(&plan.key, found, &record));
            }
            (Step::InDoubt(question), _) => self.note_question(plan.key, *question),
            (Step::Apply(applied), PlannedRows::Person(person)) => {
                self.note_person(&plan.key, *applied, *person);
            }
            _ => {}
        }
    }

    /// A record that may be about somebody else than its number says.
    fn note_question(&mut self, key: ExternalKey, question: Question) {
        let doubt = InDoubt {
            external_key: key.clone(),
            name: question.observed.record.display_name(),
            kind: HoldKind::ReusedNumber,
            reason: hold::number_may_be_reused(),
            account_ids: question.account_id.into_iter().collect(),
        };
        self.in_doubt.insert(key, doubt);
    }

    /// People who are missing, too many at once.
    fn note_waiting(&mut self, people: &[Waiting]) {
        for one in people {
            let leaving = Leaving {
                external_key: one.external_key.clone(),
                name: one.name.clone(),
                account_id: one.account_id.clone(),
                because: one.reason,
            };
            self.waiting.insert(one.external_key.clone(), leaving);
        }
    }

    /// People whose records cannot be read.
    fn note_unread(&mut self, people: &[Unread]) {
        for unread in people {
            let rows = self.bad_rows.entry(unread.external_key.clone()).or_default();
            rows.push(BadRow::unread(unread));
            self.named.extend(unread.user.clone());
        }
    }

    fn note_loss(&mut self, key: &ExternalKey, name: &str, loss: &Loss) {
        let leaving = Leaving {
            external_key: key.clone(),
            name: name.to_owned(),
            account_id: loss.account_id.clone(),
            because: loss.reason,
        };
        match loss.fate {
            // It ends on its day, not with this run.
            LossFate::Counted | LossFate::Uncounted if loss.when != LossTime::Now => {}
            LossFate::Counted | LossFate::Uncounted => {
                self.leaving.insert(key.clone(), leaving);
            }
            LossFate::Held | LossFate::Waits => {
                self.waiting.insert(key.clone(), leaving);
            }
            LossFate::Rejected => {}
        }
    }

    fn note_person(&mut self, key: &ExternalKey, applied: Applied, person: Person) {
        if let Some(before) = person.before.filter(|before| before.external_key != *key) {
            self.bad_rows.remove(&before.external_key);
        }
        if !applied.observed.gone {
            self.named.insert(person.user.id);
        }
        let record = applied.observed.record;
        let (code, written) = match &applied.problem {
            Some((code, written)) => (Some(Finding::of(*code)), written),
            None => (None, &record),
        };
        let found = code.into_iter().chain(applied.notes);
        self.bad_rows.insert(key.clone(), bad_rows_of(key, found, written));
        let (name, email) = (record.display_name(), record.email);
        if let Some(loss) = &applied.loss {
            self.note_loss(key, &name, loss);
        }
        match applied.hold {
            Some(hold) => {
                let doubt = InDoubt {
                    external_key: key.clone(),
                    name: name.clone(),
                    kind: hold.kind,
                    reason: hold.reason,
                    account_ids: hold.account_id.into_iter().collect(),
                };
                self.in_doubt.insert(key.clone(), doubt);
            }
            None => {
                self.in_doubt.remove(key);
            }
        }
        let Some(link) = person.link else { return };
        let external_key = key.clone();
        if applied.link == LinkStep::Create {
            self.created.insert(key.clone(), ToCreate { external_key, name, email });
        } else {
            let (account_id, by) = (link.account_id, link.link_rule);
            let to_link = ToLink { external_key, name, email, account_id, by };
            self.linked.insert(key.clone(), to_link);
        }
    }

    /// How many rows keep something from being applied.
    fn problems(&self) -> usize {
        let rows = self.bad_rows.values().flatten();
        rows.filter(|row| row.severity == Severity::Problem).count()
    }

    /// Forgets all that is planned.
    fn apply_nothing(&mut self) {
        self.snapshot.links.clear();
        self.linked.clear();
        self.created.clear();
        self.in_doubt.clear();
    }

    /// Accounts without anybody: no link, or one of a person whom the list does not name.
    fn unmatched(&self, conn: &mut Conn, directory: &Directory) -> Result<Vec<Unmatched>, DbError> {
        let all = accounts::emails(conn, &directory.organization_id)?;
        let ids: Vec<AccountId> = all.iter().map(|(id, _)| id.clone()).collect();
        let is_named = |user: &DirectoryUserId| self.named.contains(user);
        let stored = links::of_accounts(conn, &ids)?.into_iter();
        let mut matched: HashSet<AccountId> = stored
            .filter(|link| link.directory_id != directory.id || is_named(&link.directory_user_id))
            .map(|link| link.account_id)
            .collect();
        let planned = self.snapshot.links.values().filter(|link| is_named(&link.directory_user_id));
        matched.extend(planned.map(|link| link.account_id.clone()));
        Ok(all
            .into_iter()
            .filter(|(id, _)| !matched.contains(id))
            .map(|(account_id, email)| Unmatched { account_id, email })
            .collect())
    }
}
