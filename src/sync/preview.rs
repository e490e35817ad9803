//! The preview: what a full sync would do now (L-05).
//!
//! It is *Read* and *Plan* of a full sync without *Apply*: everybody is read as by a run
//! ([`full::everybody`]), and the plans of both passes are folded over one read snapshot with the
//! functions that [`crate::sync::apply`] folds them with.
//!
//! Invariants:
//! - Nothing is written and no event is sent. A question to the HR system costs what every question
//!   costs: its calls are noted in the budget, and it takes an observation number.
//! - On an unchanged database and HR system, the next full sync does what the preview says. The
//!   `counts` are those of the run; the lists are what is there when it has ended.
//!
//! What this module must not do: decide ([`crate::sync::plan`] does), or note a failure of the HR
//! system, which is for runs to find out.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use crate::clock::Millis;
use crate::db::directories::{self, Directory};
use crate::db::{Conn, DbError, accounts, links};
use crate::domain::audit::Cause;
use crate::domain::directory::{DirectoryState, RunCounts};
use crate::domain::employee::{EmployeeNumber, EmployeeRecord, ExternalKey, RowProblemCode};
use crate::domain::hold::HoldKind;
use crate::domain::ids::{AccountId, DirectoryId, DirectoryUserId};
use crate::sync::apply::{self, Applier, Pass};
use crate::sync::plan::{Applied, LinkStep, Observed, PersonPlan, Step, View};
use crate::sync::rows::{self, Made, Person};
use crate::sync::setup::{self, SetupError};
use crate::sync::staging::Everybody;
use crate::sync::{Context, full, view};

/// What a full sync would do now. People are in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The directory.
    pub directory_id: DirectoryId,
    /// What the run would count.
    pub counts: RunCounts,
    /// People who would get an account that is there.
    pub linked: Vec<ToLink>,
    /// People who would get a new account.
    pub created: Vec<ToCreate>,
    /// People about whom an admin would be asked.
    pub ambiguous: Vec<InDoubt>,
    /// Records that could not be applied, or only in part.
    pub row_problems: Vec<BadRow>,
    /// Accounts of the organization that nobody in an HR system would be linked to; those that an
    /// admin would be asked about are among them.
    pub accounts_not_in_hr: Vec<Unmatched>,
}

/// A person who would be linked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToCreate {
    /// Who.
    pub external_key: ExternalKey,
    /// Their name.
    pub name: String,
    /// Their e-mail in the HR system.
    pub email: Option<String>,
}

/// A person about whom a hold would be open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InDoubt {
    /// Who.
    pub external_key: ExternalKey,
    /// Their name.
    pub name: String,
    /// What would wait.
    pub kind: HoldKind,
    /// Why, in words.
    pub reason: String,
    /// The accounts in question that are there already.
    pub account_ids: Vec<AccountId>,
}

/// A record that could not be applied, or only in part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadRow {
    /// Who.
    pub external_key: ExternalKey,
    /// Their number.
    pub employee_number: Option<EmployeeNumber>,
    /// Their name.
    pub name: String,
    /// Their e-mail in the HR system.
    pub email: Option<String>,
    /// What is wrong.
    pub code: RowProblemCode,
    /// The same in words.
    pub message: &'static str,
}

/// An account that nobody would be linked to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unmatched {
    /// The account.
    pub account_id: AccountId,
    /// Its e-mail.
    pub email: String,
}

/// Reads everybody and says what a full sync would do now.
pub async fn preview(cx: &Context, id: &DirectoryId) -> Result<Preview, SetupError> {
    let directory = setup::find(cx, id).await?;
    if directory.credential_sealed.is_none() {
        return Err(SetupError::NoCredential);
    }
    let everybody =
        full::everybody(cx, &directory).await.map_err(|error| setup::refusal(cx, error))?;
    let (id, inner, now) = (id.clone(), cx.clone(), cx.clock.now());
    cx.db
        .read(move |conn| {
            let directory = directories::find(conn, &id)?.ok_or(SetupError::NotFound)?;
            if directory.state == DirectoryState::Disabled {
                return Err(SetupError::Disabled);
            }
            Ok(look_ahead(conn, &inner, &directory, everybody, now)?)
        })
        .await
}

/// Folds the plans of both passes over what is stored.
fn look_ahead(
    conn: &mut Conn,
    cx: &Context,
    directory: &Directory,
    everybody: Everybody,
    now: Millis,
) -> Result<Preview, DbError> {
    let day = &apply::day(conn, &directory.organization_id, now)?;
    let (random, keys) = (&*cx.random, &*cx.keys);
    let records: Vec<&EmployeeRecord> = everybody.changed.iter().map(|seen| &seen.record).collect();
    let (view, _) = view::load(conn, keys, directory, &records)?;
    let stored: HashSet<AccountId> = view.accounts.keys().cloned().collect();
    let mut counts = full::counts_before(&everybody);
    let mut ahead = Ahead::new(view, &everybody.unchanged);
    let facts = &everybody.facts;
    for pass in [Pass::People, Pass::Relations] {
        let applier =
            Applier { directory, now, day, random, keys, cause: &Cause::Clock, pass, facts };
        let counted = ahead.pass(&applier, &everybody.changed);
        if pass == Pass::People {
            full::add(&mut counts, counted);
        }
    }
    let accounts_not_in_hr = ahead.unmatched(conn, directory)?;
    let known = |id: &AccountId| stored.contains(id);
    let in_doubt = |mut doubt: InDoubt| {
        doubt.account_ids.retain(known);
        doubt
    };
    Ok(Preview {
        directory_id: directory.id.clone(),
        counts,
        linked: ahead.linked.into_values().collect(),
        created: ahead.created.into_values().collect(),
        ambiguous: ahead.in_doubt.into_values().map(in_doubt).collect(),
        row_problems: ahead.bad_rows.into_values().collect(),
        accounts_not_in_hr,
    })
}

/// What there would be, as far as it is planned.
struct Ahead {
    view: View,
    /// Whom the list named, as far as they are or would be stored.
    named: HashSet<DirectoryUserId>,
    linked: BTreeMap<ExternalKey, ToLink>,
    created: BTreeMap<ExternalKey, ToCreate>,
    in_doubt: BTreeMap<ExternalKey, InDoubt>,
    bad_rows: BTreeMap<ExternalKey, BadRow>,
}

impl Ahead {
    fn new(view: View, unchanged: &[DirectoryUserId]) -> Self {
        Self {
            view,
            named: unchanged.iter().cloned().collect(),
            linked: BTreeMap::new(),
            created: BTreeMap::new(),
            in_doubt: BTreeMap::new(),
            bad_rows: BTreeMap::new(),
        }
    }

    /// Plans everybody once, in order, as a run does.
    fn pass(&mut self, applier: &Applier<'_>, people: &[Observed]) -> RunCounts {
        let facts = applier.facts_of_everybody();
        let mut counts = RunCounts::default();
        for observed in people {
            let plan = applier.plan(&self.view, &facts, observed.clone());
            let made = applier.take_in(&mut self.view, &plan);
            rows::count(&mut counts, &plan, &made);
            self.note(plan, made);
        }
        counts
    }

    fn note(&mut self, plan: PersonPlan, made: Made) {
        self.named.extend(plan.before);
        match (plan.step, made) {
            (Step::Problem { code, observed }, _) => {
                self.bad_rows.insert(plan.key.clone(), bad_row(plan.key, code, observed.record));
            }
            (Step::Apply(applied), Made::Person(person)) => {
                self.note_person(&plan.key, *applied, *person);
            }
            _ => {}
        }
    }

    fn note_person(&mut self, key: &ExternalKey, applied: Applied, person: Person) {
        if let Some(before) = person.before.filter(|before| before.external_key != *key) {
            self.bad_rows.remove(&before.external_key);
        }
        self.named.insert(person.user.id);
        let record = applied.observed.record;
        let (name, email) = (record.display_name(), record.email);
        match applied.problem {
            Some((code, as_written)) => {
                self.bad_rows.insert(key.clone(), bad_row(key.clone(), code, as_written));
            }
            None => {
                self.bad_rows.remove(key);
            }
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
        let planned = self.view.links.values().filter(|link| is_named(&link.directory_user_id));
        matched.extend(planned.map(|link| link.account_id.clone()));
        Ok(all
            .into_iter()
            .filter(|(id, _)| !matched.contains(id))
            .map(|(account_id, email)| Unmatched { account_id, email })
            .collect())
    }
}

fn bad_row(external_key: ExternalKey, code: RowProblemCode, record: EmployeeRecord) -> BadRow {
    BadRow {
        external_key,
        name: record.display_name(),
        employee_number: record.employee_number,
        email: record.email,
        code,
        message: code.message(),
    }
}
