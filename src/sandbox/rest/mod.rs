//! What the sandboxes with a REST API have in common: the company behind them, calls and faults.
//!
//! [`RestHr`] holds a company; a [`System`] says how it is shown. Every call goes the same way:
//! an odd answer if a switch says so, else the system's own, then it is logged, held back and
//! sent. The lock is never held across an await. Must not decide what one vendor's API says.

mod catalogue;
mod control;
mod faults;
mod wire;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(super) use self::catalogue::{Catalogue, Entry};
pub(super) use self::control::{ROUTES, routes};
pub use self::faults::{NextLink, RestAnswer, RestFaults};
pub(super) use self::wire::{Reply, RestRequest, json};

use super::log::{CallCount, CallLog};
use super::odd::Oddities;
use super::person::{Field, People, Person, PersonView, ShownInstead, Standing};
use super::register::{ChangeError, Edit, Hire, Leave, Register, Rules};
use super::{SandboxSettings, company};
use crate::clock::{Clock, SeededRandom, Timestamp};

/// One HR system with a REST API: how it shows a company.
pub trait System: fmt::Debug + Clone + PartialEq + Eq + Send + Sync + 'static {
    /// What can be called.
    type Endpoint: fmt::Debug + Copy + PartialEq + Eq + Serialize + DeserializeOwned + Send;
    /// Its own fault switches.
    type Quirks: fmt::Debug + Clone + Eq + Default + Serialize + DeserializeOwned + Send;
    /// What it knows beside the people: keys and the like.
    type Own: Default + Send;
    /// Calls that one customer may make in 60 seconds.
    const CALLS_PER_MINUTE: Option<u32>;
}

/// What a system does; apart from [`System`] because it is nobody else's business.
pub(super) trait Behaviour: System {
    /// The path in front of everything.
    const PREFIX: &'static str;
    /// The time zone in which its days begin.
    const ZONE: &'static str;
    /// The first id of a department, and how far it is to the next; likewise of an office.
    const DEPARTMENT_IDS: (u64, u64);
    /// Likewise of an office.
    const LOCATION_IDS: (u64, u64);
    const RULES: &'static Rules;
    const PROFILE: &'static company::Profile;

    /// Fills in what a person at this system has beyond what the company's maker knows; `number`
    /// is none for people who are hired later.
    fn complete(person: &mut Person, number: Option<usize>);
    /// Does to a person who was just marked as leaver what this system does then.
    fn marked(_person: &mut Person, _leave: &Leave) {}
    /// What a call is for; none when there is no such path.
    fn endpoint(request: &RestRequest) -> Option<Self::Endpoint>;
    /// The right answer.
    fn answer(hr: &RestHr<Self>, request: &RestRequest) -> Reply;
    /// The vendor's error object.
    fn error(http: u16, error_type: &str) -> Reply;
    /// The vendor's answer to too many calls.
    fn throttled() -> Reply;
    /// Success with nobody or nothing in it.
    fn empty_list(endpoint: Option<Self::Endpoint>) -> Reply;
    /// The HTTP statuses in its own switches, with the names of the switches.
    fn statuses(_quirks: &Self::Quirks) -> Vec<(&'static str, u16)> {
        Vec::new()
    }
}

/// One call of the vendor's API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestCall {
    /// When it came in.
    pub at: Timestamp,
    /// Its method.
    pub method: String,
    /// Its path behind the base URL, as it was written.
    pub path: String,
    /// Its query, as it was written; empty for none.
    pub query: String,
    /// Its `Cache-Control`.
    pub cache_control: Option<String>,
    /// HTTP status of the answer; 0 when there was none.
    pub http: u16,
    /// The vendor's name for the error, if the answer was an error in the vendor's JSON.
    pub error: Option<String>,
}

/// One company at an HR system with a REST API.
pub struct RestHr<S: System> {
    clock: Arc<dyn Clock>,
    zone: TimeZone,
    random: SeededRandom,
    state: Mutex<State<S>>,
}

pub(super) struct State<S: System> {
    pub register: Register,
    pub departments: Catalogue,
    pub locations: Catalogue,
    pub faults: RestFaults<S>,
    pub odd: Arc<Oddities>,
    pub own: S::Own,
    count: CallCount,
    calls: CallLog<RestCall>,
}

impl<S: System> State<S> {
    fn note(&mut self, person: &Person) {
        self.departments.note(&person.department.value);
        self.locations.note(&person.location.value);
    }
}

#[expect(private_bounds, reason = "what a system does is nobody else's business")]
impl<S: Behaviour> RestHr<S> {
    pub(super) fn new(
        settings: &SandboxSettings,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Arc<Self>> {
        let zone = TimeZone::get(S::ZONE).map_err(std::io::Error::other)?;
        let today = clock.now().date_in(&zone);
        let SandboxSettings { seed, people, problems, .. } = *settings;
        let mut people = company::people(S::PROFILE, seed, people, problems, today);
        for (number, person) in people.iter_mut().enumerate() {
            S::complete(person, Some(number));
        }
        let mut state = State {
            register: Register::new(S::RULES, people),
            departments: Catalogue::new(S::DEPARTMENT_IDS),
            locations: Catalogue::new(S::LOCATION_IDS),
            faults: RestFaults::default(),
            odd: Arc::default(),
            own: S::Own::default(),
            count: CallCount::default(),
            calls: CallLog::default(),
        };
        for person in state.register.people().values() {
            state.note(person);
        }
        // Keys and new people must not repeat the GUIDs of the first people.
        let random = SeededRandom::new(seed ^ S::PROFILE.seed_salt ^ 0x5eed_c0de);
        Ok(Arc::new(Self { clock, zone, random, state: Mutex::new(state) }))
    }

    /// All keys read another company from now on, as if they were keys of that one: its people are
    /// made up from `seed`.
    pub fn become_company(&self, seed: u64, people: usize) {
        let mut people = company::people(S::PROFILE, seed, people, 0, self.today());
        for (number, person) in people.iter_mut().enumerate() {
            S::complete(person, Some(number));
        }
        let mut state = self.state();
        state.register = Register::new(S::RULES, people);
        let people = state.register.people();
        people.values().for_each(|person| state.note(person));
    }

    /// Hires a person.
    pub fn hire(&self, hire: &Hire) -> Result<PersonView, ChangeError> {
        let unique_key = company::guid(&self.random);
        let today = self.today();
        let mut state = self.state();
        let made = state.register.hire(hire, unique_key, today)?;
        let handle = (S::RULES.handle)(&made.person);
        let person = state.register.alter(&handle, |person| S::complete(person, None))?;
        state.note(&person);
        Ok(PersonView::of(&person, &state.register.people(), today, S::RULES))
    }

    /// Edits a person.
    pub fn edit(&self, id: &str, edit: &Edit) -> Result<PersonView, ChangeError> {
        let today = self.today();
        self.change(|register| Ok(register.edit(id, edit, today)?.person))
    }

    /// Marks a person as leaver. Breathe HR shows them as left after the date, or at once if it is
    /// to be so; at HRworks `immediately` sets them to *gone*, which no date does.
    pub fn leave(&self, id: &str, leave: &Leave) -> Result<PersonView, ChangeError> {
        let today = self.today();
        self.change(|register| {
            register.leave(id, leave, today)?;
            register.alter(id, |person| S::marked(person, leave))
        })
    }

    /// Takes back that a person leaves or left.
    pub fn rehire(&self, id: &str) -> Result<PersonView, ChangeError> {
        let today = self.today();
        self.change(|register| Ok(register.rehire(id, today)?.person))
    }

    /// Deletes a person's record; answers what it was.
    pub fn delete(&self, id: &str) -> Result<PersonView, ChangeError> {
        self.change(|register| register.delete(id))
    }

    /// Shows odd things of a person from now on.
    pub fn show(&self, id: &str, shown: ShownInstead) -> Result<PersonView, ChangeError> {
        self.change(|register| register.alter(id, |person| person.shown = shown))
    }

    pub(super) fn change(
        &self,
        change: impl FnOnce(&mut Register) -> Result<Arc<Person>, ChangeError>,
    ) -> Result<PersonView, ChangeError> {
        let today = self.today();
        let mut state = self.state();
        let person = change(&mut state.register)?;
        state.note(&person);
        Ok(PersonView::of(&person, &state.register.people(), today, S::RULES))
    }

    /// Gives a department another name; it stays the same department.
    pub fn rename_department(&self, old: &str, new: &str) -> Result<(), ChangeError> {
        let mut state = self.state();
        if !state.departments.rename(old, new) {
            return Err(not_renamed(old, new));
        }
        state.register.rename(Field::Department, old, new);
        Ok(())
    }

    /// Gives an office another name; it stays the same office.
    pub fn rename_location(&self, old: &str, new: &str) -> Result<(), ChangeError> {
        let mut state = self.state();
        if !state.locations.rename(old, new) {
            return Err(not_renamed(old, new));
        }
        state.register.rename(Field::Location, old, new);
        Ok(())
    }

    /// Everybody, in the order of hiring.
    pub fn people(&self) -> Vec<PersonView> {
        let (people, today) = (self.everybody(), self.today());
        let view = |person: &Arc<Person>| PersonView::of(person, &people, today, S::RULES);
        people.values().map(view).collect()
    }

    /// The person with an id (`id` at Breathe HR, `uuid` at HRworks).
    pub fn person(&self, id: &str) -> Option<PersonView> {
        self.known(id).ok()
    }

    fn known(&self, id: &str) -> Result<PersonView, ChangeError> {
        let today = self.today();
        let state = self.state();
        let person = state.register.known(id)?;
        Ok(PersonView::of(&person, &state.register.people(), today, S::RULES))
    }

    /// The whole record of a person.
    pub(super) fn record(&self, id: &str) -> Result<Arc<Person>, ChangeError> {
        self.state().register.known(id)
    }

    /// The ids of those who have not left.
    pub fn current_ids(&self) -> Vec<String> {
        let (people, today) = (self.everybody(), self.today());
        let current = people.values().filter(|person| person.standing(today) != Standing::Left);
        current.map(|person| (S::RULES.handle)(person)).collect()
    }
}

fn not_renamed(old: &str, new: &str) -> ChangeError {
    let text = format!("{old:?} cannot become {new:?}: the old name must be there, the new not");
    ChangeError::Conflict(text)
}

impl<S: System> RestHr<S> {
    pub(super) fn state(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn random(&self) -> &SeededRandom {
        &self.random
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub(super) fn everybody(&self) -> Arc<People> {
        self.state().register.people()
    }

    /// Today's date where the HR system is.
    pub fn today(&self) -> Date {
        self.clock.now().date_in(&self.zone)
    }

    /// The fault switches as they stand; `next` and `let_pass` show how many calls are left.
    pub fn faults(&self) -> RestFaults<S> {
        self.state().faults.clone()
    }

    /// Sets all fault switches. A status that is none is answered as 500.
    pub fn set_faults(&self, faults: RestFaults<S>) {
        self.state().faults = faults;
    }

    /// Sets what is odd about records.
    pub fn set_odd(&self, odd: Oddities) {
        self.state().odd = Arc::new(odd);
    }

    pub(super) fn odd(&self) -> Arc<Oddities> {
        Arc::clone(&self.state().odd)
    }

    /// The last calls of the vendor's API, oldest first.
    pub fn calls(&self) -> Vec<RestCall> {
        self.state().calls.entries()
    }

    /// Forgets the calls so far.
    pub fn clear_logs(&self) {
        self.state().calls.clear();
    }

    /// Counts a call; false when there were too many before it.
    pub(super) fn count_call(&self) -> bool {
        let now = self.clock.now();
        let mut state = self.state();
        let Some(limit) = state.faults.throttle_per_minute else { return true };
        let window = state.faults.throttle_window;
        state.count.take(now, limit, window)
    }
}

/// Answers one call of the vendor's API.
pub(super) async fn serve<S: Behaviour>(
    hr: Arc<RestHr<S>>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    let request = RestRequest::read(request, body, S::PREFIX);
    let at = hr.clock.now();
    let endpoint = S::endpoint(&request);
    let (odd, delay_ms) = {
        let mut state = hr.state();
        (state.faults.take(endpoint), state.faults.delay_ms)
    };
    let reply = (odd != Some(RestAnswer::Hang)).then(|| reply(&hr, &request, odd.as_ref()));
    let call = RestCall {
        at,
        method: request.method.to_string(),
        path: request.path.clone(),
        query: request.query_text.clone(),
        cache_control: request.cache_control.clone(),
        http: reply.as_ref().map_or(0, |reply| reply.http),
        error: reply.as_ref().and_then(|reply| reply.error.clone()),
    };
    hr.state().calls.push(call);
    let Some(reply) = reply else { return std::future::pending().await };
    if delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    }
    let odd = hr.odd();
    reply.lettered(|body| odd.lettered(body)).respond(odd.content_type.clone())
}

fn reply<S: Behaviour>(hr: &RestHr<S>, request: &RestRequest, odd: Option<&RestAnswer>) -> Reply {
    match odd {
        None | Some(RestAnswer::Hang) => S::answer(hr, request),
        Some(RestAnswer::TruncatedJson) => cut(S::answer(hr, request), false),
        Some(RestAnswer::Stall) => cut(S::answer(hr, request), true),
        Some(RestAnswer::Throttled) => throttled(hr),
        Some(RestAnswer::Error { http, error_type }) => S::error(*http, error_type),
        Some(RestAnswer::StringError { http, text }) => Reply::string_error(*http, text),
        Some(RestAnswer::Html { http }) => Reply::html(*http),
        Some(RestAnswer::EmptyBody { http }) => Reply::empty(*http),
        Some(RestAnswer::EmptyList) => S::empty_list(S::endpoint(request)),
        Some(RestAnswer::EmptyObject) => Reply::json(200, &serde_json::json!({})),
        Some(RestAnswer::MalformedJson) => Reply::malformed(),
    }
}

fn cut(mut reply: Reply, stalled: bool) -> Reply {
    reply.cut(stalled);
    reply
}

/// The answer to too many calls, with `Retry-After` if the switches ask for it.
pub(super) fn throttled<S: Behaviour>(hr: &RestHr<S>) -> Reply {
    match hr.state().faults.retry_after_seconds {
        Some(seconds) => S::throttled().with("retry-after", seconds),
        None => S::throttled(),
    }
}

/// Bytes as text without a character that means something in a URL or a header.
pub(super) fn base64url(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)
}
