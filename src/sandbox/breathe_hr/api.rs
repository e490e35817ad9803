//! The vendor's API: reads a call, checks it and answers it.
//!
//! The key comes first, then the limit of calls, then the path. Must be as strict as the vendor and
//! not kinder, or clients would pass here only.

use std::collections::HashSet;
use std::sync::Arc;

use actix_web::http::Method;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::record::Record;
use super::{Breathe, BreatheHr, BreatheQuirks, PROFILE, RULES, complete};
use crate::sandbox::company::{self, Profile};
use crate::sandbox::odd::{RecordChange, Writes};
use crate::sandbox::person::{People, Person, Standing};
use crate::sandbox::register::Rules;
use crate::sandbox::rest::{
    Behaviour, Entry, NextLink, Reply, RestRequest, json as bytes, throttled,
};

const PER_PAGE_DEFAULT: usize = 25;
/// The documented maximum; whether the vendor clamps or refuses beyond is not known. This clamps.
const PER_PAGE_MAX: usize = 100;
const SUPPORT_HEADER: &str = "x-request-id";
const HR_DEPARTMENT: &str = "People & Culture";

/// What can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreatheEndpoint {
    /// `GET /account`.
    Account,
    /// `GET /employees`.
    Employees,
    /// `GET /employees/{id}`.
    Employee,
    /// `GET /departments`.
    Departments,
    /// `GET /divisions`.
    Divisions,
    /// `GET /locations`.
    Locations,
}

impl BreatheEndpoint {
    /// The member of the answer.
    fn root(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Employees | Self::Employee => "employees",
            Self::Departments => "departments",
            Self::Divisions => "divisions",
            Self::Locations => "locations",
        }
    }
}

impl Behaviour for Breathe {
    const PREFIX: &'static str = "/breathe/v1";
    const ZONE: &'static str = "Europe/London";
    const DEPARTMENT_IDS: (u64, u64) = (300_001, 1);
    const LOCATION_IDS: (u64, u64) = (200_001, 1);
    const RULES: &'static Rules = &RULES;
    const PROFILE: &'static Profile = &PROFILE;

    fn complete(person: &mut Person, number: Option<usize>) {
        complete(person, number);
    }

    fn endpoint(request: &RestRequest) -> Option<BreatheEndpoint> {
        match request.parts().as_slice() {
            ["account"] => Some(BreatheEndpoint::Account),
            ["employees"] => Some(BreatheEndpoint::Employees),
            ["employees", _] => Some(BreatheEndpoint::Employee),
            ["departments"] => Some(BreatheEndpoint::Departments),
            ["divisions"] => Some(BreatheEndpoint::Divisions),
            ["locations"] => Some(BreatheEndpoint::Locations),
            _ => None,
        }
    }

    fn answer(hr: &BreatheHr, request: &RestRequest) -> Reply {
        let request_id = company::guid(hr.random());
        let reply = checked(hr, request).unwrap_or_else(|refusal| refusal);
        let cache = match reply.http {
            200 => "max-age=0, private, must-revalidate",
            _ => "no-cache",
        };
        let reply = match reply.http {
            200 => {
                let digest = blake3::hash(reply.body()).to_hex();
                reply.with("etag", format!("W/\"{}\"", digest.get(..32).unwrap_or_default()))
            }
            _ => reply,
        };
        reply.with("cache-control", cache).with("vary", "Origin").with(SUPPORT_HEADER, request_id)
    }

    fn error(http: u16, error_type: &str) -> Reply {
        Reply::error(http, error_type, &json!({ "error": { "type": error_type } }))
    }

    fn throttled() -> Reply {
        Self::error(429, "Rate Limit Reached")
    }

    fn empty_list(endpoint: Option<BreatheEndpoint>) -> Reply {
        let root = endpoint.unwrap_or(BreatheEndpoint::Employees).root();
        let reply = Reply::member(root, &json!([]));
        reply.with("total", 0).with("per-page", PER_PAGE_DEFAULT)
    }
}

fn checked(hr: &BreatheHr, request: &RestRequest) -> Result<Reply, Reply> {
    let key = request.header("x-api-key").unwrap_or_default();
    let allowed = {
        let state = hr.state();
        let prefix = if state.faults.quirks.host_is_sandbox { "sandbox-" } else { "prod-" };
        let known = state.own.keys.iter().any(|one| one == key);
        known && key.starts_with(prefix) && state.own.api_enabled
    };
    // A missing header, a key of the other host and a disabled API are answered alike; that they
    // differ is not known of the vendor.
    if !allowed {
        return Err(Reply::string_error(401, "401 Unauthorized"));
    }
    if !hr.count_call() {
        return Err(throttled(hr));
    }
    // Other paths and methods exist at the vendor; nobody who keeps a directory needs them.
    let Some(endpoint) = Breathe::endpoint(request) else { return Err(Reply::html(404)) };
    if request.method != Method::GET {
        return Err(Reply::string_error(405, "405 Not Allowed").with("allow", "GET"));
    }
    match endpoint {
        BreatheEndpoint::Account => Ok(account(hr)),
        BreatheEndpoint::Employees => employees(hr, request),
        BreatheEndpoint::Employee => employee(hr, request),
        BreatheEndpoint::Departments => {
            let all: Vec<Entry> = hr.state().departments.all().to_vec();
            let page = Page::asked(request, all.len())?;
            let shown: Vec<Value> = page.of(&all).iter().map(entry).collect();
            Ok(page.headed(hr, request, Reply::member("departments", &shown)))
        }
        BreatheEndpoint::Divisions => {
            let divisions = ["North", "South"];
            let written = |(id, name)| json!({ "id": id, "name": name });
            let all: Vec<Value> = (310_001..).zip(divisions).map(written).collect();
            Ok(Reply::member("divisions", &all))
        }
        BreatheEndpoint::Locations => {
            let all: Vec<Value> = hr.state().locations.all().iter().map(entry).collect();
            Ok(Reply::member("locations", &all))
        }
    }
}

fn entry(entry: &Entry) -> Value {
    let at = "2026-01-05T09:00:00+00:00";
    json!({ "id": entry.id, "name": entry.name, "created_at": at, "updated_at": at })
}

fn account(hr: &BreatheHr) -> Reply {
    let account = hr.account();
    let account = json!({
        "id": account.id,
        "name": account.name,
        "domain": account.domain,
        "uuid": account.uuid,
        "using_rta": false,
        "health_and_safety_enabled": false,
    });
    if hr.faults().quirks.account_as_list {
        return Reply::member("accounts", &[account]);
    }
    Reply::member("account", &account)
}

fn employees(hr: &BreatheHr, request: &RestRequest) -> Result<Reply, Reply> {
    let writer = Writer::of(hr);
    let role = request.parameter("filter").unwrap_or_default();
    let shown = |person: &&Arc<Person>| match role {
        "hr" => is_hr(person),
        "line_manager" => writer.leads(person),
        "either" => is_hr(person) || writer.leads(person),
        "neither" => !is_hr(person) && !writer.leads(person),
        // What the vendor does with another value is not known; other parameters it ignores.
        _ => true,
    };
    let shown: Vec<&Arc<Person>> = writer.people.values().filter(shown).collect();
    let odd = hr.odd();
    let written = |person: &&Arc<Person>| bytes(&writer.record(person));
    // Only the page that is asked for is written in full; the rest of the list is a name.
    let mut entries: Vec<Result<&Arc<Person>, Vec<u8>>> = shown.iter().copied().map(Ok).collect();
    for person in &shown {
        let who = (RULES.handle)(person);
        if odd.records.iter().any(|one| one.who == who) {
            entries
                .extend(odd.again(&who, Writes::Everybody, &written(person)).into_iter().map(Err));
        }
    }
    entries.extend(odd.appended.iter().cloned().map(Err));
    let page = Page::asked(request, entries.len())?;
    let record = |entry: &Result<&Arc<Person>, Vec<u8>>| match entry {
        Ok(person) => odd.written(&(RULES.handle)(person), Writes::Everybody, written(person)),
        Err(again) => again.clone(),
    };
    let records: Vec<Vec<u8>> = page.of(&entries).iter().map(record).collect();
    Ok(page.headed(hr, request, Reply::list("employees", &records)))
}

fn employee(hr: &BreatheHr, request: &RestRequest) -> Result<Reply, Reply> {
    let id = request.segments.get(1).map(String::as_str).unwrap_or_default();
    if id.parse::<u64>().is_err() {
        return Err(Reply::string_error(400, "id is invalid"));
    }
    let odd = hr.odd();
    match odd.failure(id) {
        Some(RecordChange::Status(http)) => return Ok(Reply::html(*http)),
        Some(RecordChange::Said(http, words)) => {
            return Ok(Reply::raw(*http, words.replace("{id}", id).into_bytes()));
        }
        Some(_) => return Ok(Reply::broken()),
        None => {}
    }
    let found = hr.state().register.find(id).cloned();
    let Some(person) = found else {
        return Err(match &odd.nobody {
            Some(nobody) => Reply::raw(nobody.http, nobody.about(id, hr.calls().len())),
            // Neither status nor body is known of the vendor.
            None => Breathe::error(404, "Record Not Found"),
        });
    };
    let record = odd.written(id, Writes::One, bytes(&Writer::of(hr).record(&person)));
    Ok(Reply::list("employees", &[record]))
}

/// Whether somebody is an HR user of the system.
fn is_hr(person: &Person) -> bool {
    person.serial == 0 || person.department.value == HR_DEPARTMENT
}

/// A person's manager. Who has left is taken off the people they managed, and leavers have none.
fn manager_of<'a>(person: &Person, people: &'a People, today: Date) -> Option<&'a Person> {
    let manager = people.get(&person.manager?)?;
    let both = [person, manager].iter().all(|one| one.standing(today) != Standing::Left);
    both.then_some(manager)
}

/// Everything that is needed to write anybody, as of one moment.
struct Writer {
    people: Arc<People>,
    /// The serial numbers of those who manage somebody.
    managers: HashSet<u64>,
    departments: Vec<Entry>,
    locations: Vec<Entry>,
    quirks: BreatheQuirks,
    account_id: u64,
    today: Date,
    zone: TimeZone,
}

impl Writer {
    fn of(hr: &BreatheHr) -> Self {
        let today = hr.today();
        let state = hr.state();
        let people = state.register.people();
        let manager = |person: &Arc<Person>| Some(manager_of(person, &people, today)?.serial);
        Self {
            managers: people.values().filter_map(manager).collect(),
            departments: state.departments.all().to_vec(),
            locations: state.locations.all().to_vec(),
            quirks: state.faults.quirks.clone(),
            account_id: state.own.account.id,
            people,
            today,
            zone: hr.zone().clone(),
        }
    }

    fn leads(&self, person: &Person) -> bool {
        self.managers.contains(&person.serial)
    }

    fn record<'a>(&'a self, person: &'a Person) -> Record<'a> {
        let found = |entries: &'a [Entry], name: &str| entries.iter().find(|one| one.name == name);
        Record {
            person,
            manager: manager_of(person, &self.people, self.today),
            is_line_manager: self.leads(person),
            is_hr: is_hr(person),
            account_id: self.account_id,
            department: found(&self.departments, &person.department.value),
            location: found(&self.locations, &person.location.value),
            quirks: &self.quirks,
            today: self.today,
            zone: &self.zone,
        }
    }
}

/// A page of a list.
struct Page {
    number: usize,
    size: usize,
    total: usize,
}

impl Page {
    fn asked(request: &RestRequest, total: usize) -> Result<Self, Reply> {
        let number = |name: &str, otherwise: usize| match request.parameter(name) {
            None => Ok(otherwise),
            Some(text) => match text.parse::<usize>() {
                Ok(number) if number > 0 => Ok(number),
                // What the vendor does with nonsense is not known.
                _ => Err(Reply::string_error(400, &format!("{name} is invalid"))),
            },
        };
        let size = number("per_page", PER_PAGE_DEFAULT)?.min(PER_PAGE_MAX);
        Ok(Self { number: number("page", 1)?, size, total })
    }

    fn of<'a, T>(&self, all: &'a [T]) -> &'a [T] {
        let from = (self.number - 1).saturating_mul(self.size).min(all.len());
        let to = from.saturating_add(self.size).min(all.len());
        all.get(from..to).unwrap_or_default()
    }

    /// The answer with the headers of paging; nothing about it is in the body.
    fn headed(&self, hr: &BreatheHr, request: &RestRequest, mut reply: Reply) -> Reply {
        let quirks = hr.faults().quirks;
        let last = self.total.div_ceil(self.size).max(1);
        let mut pages = Vec::new();
        if self.number > 1 {
            pages.extend([("first", 1), ("prev", (self.number - 1).min(last))]);
        }
        if self.number < last {
            pages.extend([("last", last), ("next", self.number + 1)]);
        } else if quirks.next_link == NextLink::FirstPage {
            pages.push(("next", 1));
        }
        if let Some(links) = request.links(&pages, true, &quirks.next_link) {
            reply = reply.with("link", links);
        }
        if !quirks.omit_total {
            let total = i64::try_from(self.total).unwrap_or(i64::MAX);
            reply = reply.with("total", total.saturating_add(quirks.total_error).max(0));
        }
        reply.with("per-page", self.size)
    }
}
