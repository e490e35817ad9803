//! Questions about people whom a complete list does not name (S-31): who is asked about, in which
//! order, and when it is enough for now.
//!
//! A run asks what this minute's calls allow before it applies its list, so that whoever is new can
//! have the account of somebody who is gone. The rest is asked after the list is applied, minute by
//! minute ([`crate::sync::full::unconfirmed`]), until all are asked or another run has begun.
//!
//! Invariants:
//! - Each question stands alone: one that is not answered says nothing about the others, and who
//!   was not answered stays. When several in a row fail, somebody whom the list names tells whether
//!   it is them or everybody.
//! - An answer that is not understood counts as "gone" only when the HR system says the same about
//!   somebody who never existed, and answers properly about somebody it knows, in the same run.
//!
//! What this module must not do: apply anything.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::db::Lane;
use crate::db::directories::{self, Directory};
use crate::domain::ids::DirectoryUserId;
use crate::limits;
use crate::providers::{CallLane, Fetched, Likeness, Provider, ProviderError, RecordKeys, Unclear};
use crate::sync::budget::Gate;
use crate::sync::connect::connect;
use crate::sync::full::absence::{Answers, Gone, Missing};
use crate::sync::{Context, SyncError};

/// People to ask about.
#[derive(Default)]
pub struct Questions {
    waiting: VecDeque<Missing>,
    /// Answers that are not understood, with the number of the question.
    unclear: VecDeque<(Missing, i64, Likeness)>,
    unanswered: Vec<Missing>,
    /// Somebody whom the list names.
    control: Option<RecordKeys>,
    control_is_fine: Option<bool>,
    nobody: Nobody,
    failed_in_a_row: usize,
    /// Not before this moment can the next question be asked.
    next_at: Option<Timestamp>,
    /// The HR system answers no questions any more in this run.
    is_over: bool,
}

/// What is said about somebody who never existed, in this run.
#[derive(Default)]
enum Nobody {
    #[default]
    NotAsked,
    /// It helps to understand no other answer.
    NoHelp,
    Says(Likeness),
}

/// Who asks, and until when.
pub struct Asker<'a> {
    /// The surroundings.
    pub cx: &'a Context,
    /// Whose people they are.
    pub directory: &'a Directory,
    /// Who is asked.
    pub provider: &'a dyn Provider,
    /// After this moment no question begins.
    pub until: Timestamp,
}

/// What is known of somebody now.
pub enum Answer {
    /// They are gone.
    Gone(Box<Gone>),
    /// They are there although the list does not name them. An approval of their end of access
    /// stands: it is carried out when the HR system says that they are gone, and nobody is asked
    /// for it twice (S-32).
    There(DirectoryUserId),
}

/// What a control person's answer says about the others'.
enum Control {
    Fine,
    NotFine,
    /// No call is left to find out before this moment.
    Later(Timestamp),
}

impl Questions {
    /// Questions about these people. Approved ends of access come first, then those who have an
    /// account, then those who were not answered before (`unanswered`). `turn` lets another one of
    /// equals begin each time. `control` is somebody whom the list names.
    #[must_use]
    pub fn about(
        mut whom: Vec<Missing>,
        unanswered: &HashSet<DirectoryUserId>,
        turn: i64,
        control: Option<RecordKeys>,
    ) -> Self {
        let turn = usize::try_from(turn).unwrap_or(0).checked_rem(whom.len()).unwrap_or(0);
        whom.rotate_left(turn);
        whom.sort_by_key(|one| {
            (!one.is_approved(), !one.has_account(), !unanswered.contains(one.id()))
        });
        Self { waiting: whom.into(), control, ..Self::default() }
    }

    /// Those who are still to be asked about.
    #[must_use]
    pub fn to_ask(&self) -> Vec<DirectoryUserId> {
        if self.is_over {
            return Vec::new();
        }
        let unclear = self.unclear.iter().map(|(one, ..)| one);
        self.waiting.iter().chain(unclear).map(|one| one.id().clone()).collect()
    }

    /// Those whom no answer told anything about: the next full sync asks again.
    #[must_use]
    pub fn unanswered(&self) -> Vec<DirectoryUserId> {
        let mut people = self.unanswered.iter().map(|one| one.id().clone()).collect::<Vec<_>>();
        if self.is_over {
            let unclear = self.unclear.iter().map(|(one, ..)| one);
            people.extend(self.waiting.iter().chain(unclear).map(|one| one.id().clone()));
        }
        people
    }

    /// Not before this moment can the next question be asked, if something keeps it waiting.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.next_at
    }

    /// Asks what can be asked now, for a moment.
    pub async fn ask_at_once(
        &mut self,
        cx: &Context,
        directory: &Directory,
    ) -> Result<Answers, SyncError> {
        let provider = connect(cx, directory, Arc::new(Gate::new(cx, directory, 0)))?;
        let until = cx.clock.now().plus(limits::QUESTIONS_FIRST_MS_MAX);
        let asker = Asker { cx, directory, provider: &*provider, until };
        let mut answers = Answers::default();
        while let Some(answer) = self.next(&asker).await? {
            if let Answer::Gone(gone) = answer {
                answers.gone.push(*gone);
            }
        }
        Ok(answers)
    }

    fn can_go_on(&self) -> bool {
        let has_more = !self.waiting.is_empty() || !self.unclear.is_empty();
        has_more && !self.is_over
    }

    /// Asks until somebody's answer is known. `None` when nothing more can be asked now.
    pub async fn next(&mut self, asker: &Asker<'_>) -> Result<Option<Answer>, SyncError> {
        while self.can_go_on() && self.next_at.is_none() && asker.cx.clock.now() < asker.until {
            if let Some((one, seq, likeness)) = self.unclear.pop_front() {
                if !self.calibrate(asker).await {
                    self.unclear.push_front((one, seq, likeness));
                    return Ok(None);
                }
                if matches!(&self.nobody, Nobody::Says(same) if same.says_the_same_as(&likeness)) {
                    self.failed_in_a_row = 0;
                    return Ok(Some(Answer::Gone(Box::new(one.gone(seq)))));
                }
                self.unanswered.push(one);
                continue;
            }
            let Some(one) = self.waiting.pop_front() else { return Ok(None) };
            let seq = take_seq(asker).await?;
            match asker.provider.ask(CallLane::Bulk, &one.keys()).await {
                Ok(Fetched::Gone) => {
                    self.failed_in_a_row = 0;
                    return Ok(Some(Answer::Gone(Box::new(one.gone(seq)))));
                }
                Ok(Fetched::Found(_)) => {
                    self.failed_in_a_row = 0;
                    return Ok(Some(Answer::There(one.id().clone())));
                }
                Err(Unclear { likeness: Some(likeness), .. }) => {
                    self.unclear.push_back((one, seq, likeness));
                }
                Err(Unclear { error, .. }) => {
                    if !self.not_answered(asker, one, error).await? {
                        return Ok(None);
                    }
                }
            }
        }
        Ok(None)
    }

    /// One question failed; whether the next one can be asked now.
    async fn not_answered(
        &mut self,
        asker: &Asker<'_>,
        one: Missing,
        error: ProviderError,
    ) -> Result<bool, SyncError> {
        let is_refused = match error {
            ProviderError::BudgetSpent { until } => {
                self.waiting.push_front(one);
                self.next_at = Some(until);
                return Ok(false);
            }
            ProviderError::Throttled { retry_after_ms, .. } => {
                // It may be this one person's record; the others must not wait for that.
                self.unanswered.push(one);
                self.next_at = Some(asker.cx.clock.now().plus(retry_after_ms));
                return Ok(false);
            }
            ProviderError::Sink { .. } => return Err(error.into()),
            ProviderError::Credential
            | ProviderError::Permission { .. }
            | ProviderError::Suspended => true,
            ProviderError::Down { .. }
            | ProviderError::Untrusted { .. }
            | ProviderError::Malformed { .. } => false,
        };
        self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
        if !is_refused && self.failed_in_a_row < limits::QUESTIONS_FAILED_MAX {
            self.unanswered.push(one);
            return Ok(true);
        }
        match self.ask_control(asker).await {
            Control::Fine => {
                self.failed_in_a_row = 0;
                self.unanswered.push(one);
                Ok(true)
            }
            Control::Later(until) => {
                self.waiting.push_front(one);
                self.next_at = Some(until);
                Ok(false)
            }
            Control::NotFine if is_refused => Err(error.into()),
            Control::NotFine => {
                tracing::info!(
                    directory.id = %asker.directory.id,
                    error = %error,
                    "no question about missing people is answered; the next full sync asks again"
                );
                self.unanswered.push(one);
                self.is_over = true;
                Ok(false)
            }
        }
    }

    /// Finds out what is said about somebody who never existed, if somebody known is answered about
    /// properly; once in a run. False when no call is left for that now.
    async fn calibrate(&mut self, asker: &Asker<'_>) -> bool {
        if !matches!(self.nobody, Nobody::NotAsked) {
            return true;
        }
        if self.control_is_fine.is_none() {
            match self.ask_control(asker).await {
                Control::Later(until) => {
                    self.next_at = Some(until);
                    return false;
                }
                answer => self.control_is_fine = Some(matches!(answer, Control::Fine)),
            }
        }
        self.nobody = Nobody::NoHelp;
        if self.control_is_fine == Some(true) {
            let keys = asker.provider.keys_of_nobody(asker.cx.random.below(u64::MAX));
            match asker.provider.ask(CallLane::Bulk, &keys).await {
                Err(Unclear { error: ProviderError::BudgetSpent { until }, .. }) => {
                    (self.next_at, self.nobody) = (Some(until), Nobody::NotAsked);
                    return false;
                }
                Err(Unclear { likeness: Some(likeness), .. }) => {
                    self.nobody = Nobody::Says(likeness);
                }
                Ok(_) | Err(_) => {}
            }
        }
        true
    }

    /// Asks about somebody whom the list names.
    async fn ask_control(&self, asker: &Asker<'_>) -> Control {
        let Some(control) = &self.control else { return Control::NotFine };
        match asker.provider.fetch(CallLane::Bulk, control).await {
            Ok(Fetched::Found(_)) => Control::Fine,
            Err(ProviderError::BudgetSpent { until }) => Control::Later(until),
            Ok(Fetched::Gone) | Err(_) => Control::NotFine,
        }
    }
}

/// The number of the next question.
async fn take_seq(asker: &Asker<'_>) -> Result<i64, SyncError> {
    let id = asker.directory.id.clone();
    let db = &asker.cx.db;
    let taken =
        db.write(Lane::Urgent, move |tx| directories::take_observation_seqs(tx, &id, 1)).await;
    Ok(taken?)
}
