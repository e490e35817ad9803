//! The sandbox People HR: one company at an HR system, with everything an admin can do there.
//!
//! [`PeopleHr`] holds the company and is used by tests in process; the control routes call the
//! same methods over HTTP. The lock is never held across an await: a change is made first and its
//! hooks are sent after. Must not know the gateway or share a type with it.

mod answers;
pub(super) mod control;
mod faults;
mod hooks;
mod keys;
mod record;
mod vendor;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use self::faults::{Faults, HookEncoding, HookFaults, OddAnswer};
pub use self::hooks::{HookOutcome, HookSending, SentHook};
pub use self::keys::{Action, ApiKey};
pub(super) use self::vendor::serve;

use self::hooks::HookMessage;
use self::keys::Keys;
use super::SandboxSettings;
use super::company;
use super::log::{CallCount, CallLog, CallWindow};
use super::odd::Oddities;
use super::person::{Change, People, Person, PersonView, ShownInstead};
use super::register::{AppliedEdit, ChangeError, Edit, Hire, Leave, Register, Rules};
use crate::clock::{Clock, SeededRandom, Timestamp};

/// A change that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The person after it; before it when they were deleted.
    pub person: PersonView,
    /// Its hooks, in the order in which they were sent or would have been.
    pub hooks: Vec<SentHook>,
}

/// One call of the vendor's API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiCall {
    /// When it came in.
    pub at: Timestamp,
    /// Its Action, if it said one.
    pub action: Option<String>,
    /// Whom it asked for.
    pub employee_id: Option<String>,
    /// HTTP status of the answer.
    pub http: u16,
    /// The vendor's Status in the answer; none when the answer was no JSON.
    pub status: Option<u8>,
}

/// The company as `GetCompanyInformation` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    /// The vendor's number of the customer.
    pub id: u32,
    /// The customer's part of the host name of the pages.
    pub sub_domain: String,
    /// Its name.
    pub name: String,
}

/// One company at the sandbox People HR.
pub struct PeopleHr {
    clock: Arc<dyn Clock>,
    zone: TimeZone,
    random: SeededRandom,
    client: reqwest::Client,
    sending: HookSending,
    state: Mutex<State>,
}

struct State {
    company: Company,
    register: Register,
    keys: Keys,
    webhook: Option<String>,
    faults: Faults,
    odd: Arc<Oddities>,
    count: CallCount,
    calls: CallLog<ApiCall>,
    hooks: CallLog<SentHook>,
}

/// How the vendor treats people.
const RULES: Rules = Rules {
    handle: |person| person.employee_id.clone(),
    handle_name: "employee id",
    unique_key: |person| person.unique_key.clone(),
    people_route: "/_sandbox/people-hr/people",
    employee_id: |number| format!("PW{number}"),
    employee_id_chars_max: Some(15),
    emails_unique: true,
    mail_domain: "acme.example",
    job_role: "Assistant",
    company: "Acme Example Ltd",
    location: "London - Head Office",
    department: "Operations",
    employment_type: "Full Time",
};

impl PeopleHr {
    pub(super) fn new(
        settings: &SandboxSettings,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Arc<Self>> {
        let zone = TimeZone::get("Europe/London").map_err(std::io::Error::other)?;
        let today = clock.now().date_in(&zone);
        let (seed, count) = (settings.seed, settings.people);
        let people = company::people(&company::ACME, seed, count, settings.problems, today);
        let state = State {
            company: settings.company.clone(),
            register: Register::new(&RULES, people),
            keys: Keys::default(),
            webhook: None,
            faults: Faults::default(),
            odd: Arc::default(),
            count: CallCount::default(),
            calls: CallLog::default(),
            hooks: CallLog::default(),
        };
        Ok(Arc::new(Self {
            clock,
            zone,
            // Keys and new people must not repeat the GUIDs of the first people.
            random: SeededRandom::new(seed ^ 0x5eed_c0de),
            client: hooks::client()?,
            sending: settings.hooks,
            state: Mutex::new(state),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All keys read another company from now on, as if they were keys of that one: its people are
    /// made up from `seed`, and their employee ids are those of any company.
    pub fn become_company(&self, seed: u64, people: usize) {
        let people = company::people(&company::ACME, seed, people, 0, self.today());
        self.state().register = Register::new(&RULES, people);
    }

    /// Today's date in London.
    pub fn today(&self) -> Date {
        self.clock.now().date_in(&self.zone)
    }

    /// Hires a person; sends "New Starter Added".
    pub async fn hire(&self, hire: &Hire) -> Result<Changed, ChangeError> {
        let unique_key = company::guid(&self.random);
        let today = self.today();
        let made = self.state().register.hire(hire, unique_key, today)?;
        let starter = HookMessage::starter(&made.person.employee_id);
        Ok(self.changed(&made.person, vec![starter]).await)
    }

    /// Edits a person; sends "Employee Detail Updated" for every field that is different now.
    pub async fn edit(&self, employee_id: &str, edit: &Edit) -> Result<Changed, ChangeError> {
        let today = self.today();
        let made = self.state().register.edit(employee_id, edit, today)?;
        Ok(self.changed(&made.person, details(&made)).await)
    }

    /// Gives a person another employee id; an edit like any other.
    pub async fn change_employee_id(&self, old: &str, new: &str) -> Result<Changed, ChangeError> {
        self.edit(old, &Edit { employee_id: Some(new.to_owned()), ..Edit::default() }).await
    }

    /// Marks a person as leaver; sends "Marked Leaver", and then the edit of the e-mail if it was
    /// to be taken away. Nothing is sent when the day has come.
    pub async fn leave(&self, employee_id: &str, leave: &Leave) -> Result<Changed, ChangeError> {
        let today = self.today();
        let made = self.state().register.leave(employee_id, leave, today)?;
        let mut messages = vec![HookMessage::leaver(&made.person.employee_id)];
        messages.extend(details(&made));
        Ok(self.changed(&made.person, messages).await)
    }

    /// Takes back that a person leaves or left. The vendor documents no hook for it, so none is
    /// sent unless [`HookFaults::tell_rehire`] is on.
    pub async fn rehire(&self, employee_id: &str) -> Result<Changed, ChangeError> {
        let today = self.today();
        let (made, told) = {
            let mut state = self.state();
            let told = state.faults.hooks.tell_rehire;
            (state.register.rehire(employee_id, today)?, told)
        };
        let messages = if told { details(&made) } else { Vec::new() };
        Ok(self.changed(&made.person, messages).await)
    }

    /// Deletes a person's record; sends "Employee Deleted".
    pub async fn delete(&self, employee_id: &str) -> Result<Changed, ChangeError> {
        let person = self.state().register.delete(employee_id)?;
        Ok(self.changed(&person, vec![HookMessage::deleted(employee_id)]).await)
    }

    /// Shows odd things of a person from now on; no hook tells of it.
    pub fn show(&self, employee_id: &str, shown: ShownInstead) -> Result<(), ChangeError> {
        self.state().register.alter(employee_id, |person| person.shown = shown).map(|_| ())
    }

    async fn changed(&self, person: &Person, messages: Vec<HookMessage>) -> Changed {
        let people = self.everybody();
        let person = PersonView::of(person, &people, self.today(), &RULES);
        Changed { person, hooks: self.tell(messages).await }
    }

    async fn tell(&self, messages: Vec<HookMessage>) -> Vec<SentHook> {
        let (url, faults) = {
            let state = self.state();
            (state.webhook.clone(), state.faults.hooks.clone())
        };
        let mut prepared = hooks::prepare(messages, &faults);
        let (HookSending::Immediate, Some(url)) = (self.sending, url) else {
            for hook in &mut prepared {
                hook.outcome = HookOutcome::NotSent;
            }
            return prepared;
        };
        for hook in &mut prepared {
            if hook.outcome != HookOutcome::Dropped {
                hooks::send(&self.client, &url, self.clock.as_ref(), hook).await;
            }
            self.state().hooks.push(hook.clone());
        }
        prepared
    }

    /// Everybody, in the order of hiring.
    pub fn people(&self) -> Vec<PersonView> {
        let (people, today) = (self.everybody(), self.today());
        people.values().map(|person| PersonView::of(person, &people, today, &RULES)).collect()
    }

    /// The person with an employee id.
    pub fn person(&self, employee_id: &str) -> Option<PersonView> {
        let today = self.today();
        let state = self.state();
        let person = state.register.find(employee_id)?;
        Some(PersonView::of(person, &state.register.people(), today, &RULES))
    }

    /// The employee ids of the set without leavers.
    pub fn current_employee_ids(&self) -> Vec<String> {
        let left = |person: &PersonView| person.standing == super::Standing::Left;
        let current = self.people().into_iter().filter(|person| !left(person));
        current.map(|person| person.employee_id).collect()
    }

    fn everybody(&self) -> Arc<People> {
        self.state().register.people()
    }

    fn find(&self, employee_id: &str) -> Option<Arc<Person>> {
        self.state().register.find(employee_id).cloned()
    }

    /// The company.
    pub fn company(&self) -> Company {
        self.state().company.clone()
    }

    /// Makes it another company, as when a key of another customer is entered.
    pub fn set_company(&self, company: Company) {
        self.state().company = company;
    }

    /// Makes a key that may do these actions; see [`Action::USUAL`].
    pub fn create_key(&self, actions: &[Action]) -> ApiKey {
        let key = ApiKey { key: company::guid(&self.random), actions: actions.to_vec() };
        self.state().keys.add(key.clone());
        key
    }

    /// Changes what a key may do, from the next call on; false when there is no such key.
    pub fn set_actions(&self, key: &str, actions: &[Action]) -> bool {
        self.state().keys.set_actions(key, actions)
    }

    /// Removes a key; false when there is no such key.
    pub fn remove_key(&self, key: &str) -> bool {
        self.state().keys.remove(key)
    }

    /// All keys.
    pub fn keys(&self) -> Vec<ApiKey> {
        self.state().keys.all().to_vec()
    }

    /// Where hooks go.
    pub fn webhook(&self) -> Option<String> {
        self.state().webhook.clone()
    }

    /// Sets where hooks go. There is one address for the company, as at the vendor.
    pub fn set_webhook(&self, url: Option<&str>) -> Result<(), ChangeError> {
        if let Some(url) = url {
            let parsed = reqwest::Url::parse(url);
            if !parsed.is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
                let problem = "must be a full http:// or https:// address, or null".to_owned();
                return Err(ChangeError::Invalid { field: "url", problem });
            }
        }
        self.state().webhook = url.map(str::to_owned);
        Ok(())
    }

    /// The fault switches as they stand; `next` shows how many odd answers are left.
    pub fn faults(&self) -> Faults {
        self.state().faults.clone()
    }

    /// Sets all fault switches.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// Sets what is odd about records.
    pub fn set_odd(&self, odd: Oddities) {
        self.state().odd = Arc::new(odd);
    }

    fn odd(&self) -> Arc<Oddities> {
        Arc::clone(&self.state().odd)
    }

    /// What is odd about the records of the next list; what the list of current staff forgets is
    /// counted.
    fn odd_of_list(&self, include_leavers: bool) -> Arc<Oddities> {
        let mut state = self.state();
        let odd = Arc::clone(&state.odd);
        if !include_leavers {
            let times = &mut Arc::make_mut(&mut state.odd).forgotten.1;
            *times = times.saturating_sub(1);
        }
        odd
    }

    /// The last calls of the vendor's API, oldest first.
    pub fn calls(&self) -> Vec<ApiCall> {
        self.state().calls.entries()
    }

    /// The last hooks that were sent or dropped, oldest first.
    pub fn hooks(&self) -> Vec<SentHook> {
        self.state().hooks.entries()
    }

    /// Forgets the calls and hooks so far.
    pub fn clear_logs(&self) {
        let mut state = self.state();
        state.calls.clear();
        state.hooks.clear();
    }

    fn log_call(&self, call: ApiCall) {
        self.state().calls.push(call);
    }

    /// Counts a call; the limit when there were too many in the last 60 seconds.
    fn count_call(&self) -> Result<(), u32> {
        let now = self.clock.now();
        let mut state = self.state();
        let Some(limit) = state.faults.throttle_per_minute else { return Ok(()) };
        if state.count.take(now, limit, CallWindow::Sliding) { Ok(()) } else { Err(limit) }
    }
}

/// One hook for every field that is different now.
fn details(made: &AppliedEdit) -> Vec<HookMessage> {
    let employee_id = made.person.employee_id.as_str();
    let told = |change: &Change| HookMessage::detail(&made.before, employee_id, change);
    made.changes.iter().map(told).collect()
}
