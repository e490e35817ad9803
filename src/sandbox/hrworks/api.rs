//! The vendor's API: reads a call, checks it and answers it.
//!
//! Errors are one object whose `type` says what is wrong; where the HTTP status is not known the
//! switches can change it. An answer is given again for a while to callers who do not forbid it.
//! Must be as strict as the vendor and not kinder, or clients would pass here only.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::access::{Cached, HrworksPermission};
use super::record::{self, Writer};
use super::{Hrworks, PROFILE, RULES, Works, complete};
use crate::clock::Timestamp;
use crate::limits::SANDBOX_CACHED_ANSWERS_MAX;
use crate::sandbox::company::Profile;
use crate::sandbox::odd::{Oddities, RecordChange, Writes};
use crate::sandbox::person::Person;
use crate::sandbox::register::{Leave, Rules};
use crate::sandbox::rest::{
    Behaviour, Entry, NextLink, Reply, RestRequest, json as bytes, throttled,
};

const PAGE_PEOPLE: usize = 50;

/// What can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HrworksEndpoint {
    /// `POST /authentication`.
    Authentication,
    /// `GET /health-check`.
    HealthCheck,
    /// `GET /persons`.
    Persons,
    /// `GET /persons/{identifier}`.
    Person,
    /// `GET /persons/master-data`.
    MasterData,
    /// `GET /persons/{identifier}/master-data`.
    PersonMasterData,
    /// `GET /organization-units`.
    OrganizationUnits,
    /// `GET /organization-units/{uuid}`.
    OrganizationUnit,
    /// `GET /permanent-establishments`.
    PermanentEstablishments,
    /// `GET /permanent-establishments/{id}`.
    PermanentEstablishment,
    /// `GET /cost-objects/cost-centers`.
    CostCenters,
    /// `GET /webhooks`.
    Webhooks,
}

impl HrworksEndpoint {
    fn permission(self) -> Option<HrworksPermission> {
        match self {
            Self::Authentication | Self::HealthCheck => None,
            Self::Persons | Self::Person => Some(HrworksPermission::Persons),
            Self::MasterData | Self::PersonMasterData => Some(HrworksPermission::MasterData),
            Self::OrganizationUnits
            | Self::OrganizationUnit
            | Self::PermanentEstablishments
            | Self::PermanentEstablishment => Some(HrworksPermission::General),
            Self::CostCenters => Some(HrworksPermission::CostAccounting),
            Self::Webhooks => Some(HrworksPermission::Webhooks),
        }
    }
}

impl Behaviour for Works {
    const PREFIX: &'static str = "/hrworks/v2";
    const ZONE: &'static str = "Europe/Berlin";
    const DEPARTMENT_IDS: (u64, u64) = (10, 10);
    const LOCATION_IDS: (u64, u64) = (1, 1);
    const RULES: &'static Rules = &RULES;
    const PROFILE: &'static Profile = &PROFILE;

    fn complete(person: &mut Person, number: Option<usize>) {
        complete(person, number);
    }

    fn marked(person: &mut Person, leave: &Leave) {
        person.gone = leave.immediately;
    }

    fn endpoint(request: &RestRequest) -> Option<HrworksEndpoint> {
        match request.parts().as_slice() {
            ["authentication"] => Some(HrworksEndpoint::Authentication),
            ["health-check"] => Some(HrworksEndpoint::HealthCheck),
            ["persons"] => Some(HrworksEndpoint::Persons),
            ["persons", "master-data"] => Some(HrworksEndpoint::MasterData),
            ["persons", _] => Some(HrworksEndpoint::Person),
            ["persons", _, "master-data"] => Some(HrworksEndpoint::PersonMasterData),
            ["organization-units"] => Some(HrworksEndpoint::OrganizationUnits),
            ["organization-units", _] => Some(HrworksEndpoint::OrganizationUnit),
            ["permanent-establishments"] => Some(HrworksEndpoint::PermanentEstablishments),
            ["permanent-establishments", _] => Some(HrworksEndpoint::PermanentEstablishment),
            ["cost-objects", "cost-centers"] => Some(HrworksEndpoint::CostCenters),
            ["webhooks"] => Some(HrworksEndpoint::Webhooks),
            _ => None,
        }
    }

    fn answer(hr: &Hrworks, request: &RestRequest) -> Reply {
        checked(hr, request).unwrap_or_else(|refusal| refusal)
    }

    fn error(http: u16, error_type: &str) -> Reply {
        Reply::error(http, error_type, &error_object(http, error_type, message(error_type), &[]))
    }

    /// No limit is known, and so no body either: this is what stands in front of many servers.
    fn throttled() -> Reply {
        Reply::html(429)
    }

    fn empty_list(endpoint: Option<HrworksEndpoint>) -> Reply {
        let root = match endpoint {
            Some(HrworksEndpoint::Persons) => return Reply::json(200, &json!({})),
            Some(HrworksEndpoint::OrganizationUnits) => "organizationUnits",
            Some(HrworksEndpoint::PermanentEstablishments) => "permanentEstablishments",
            Some(HrworksEndpoint::CostCenters) => "costCenters",
            Some(HrworksEndpoint::Webhooks) => "webhooks",
            _ => "persons",
        };
        Reply::member(root, &json!([]))
    }

    fn statuses(quirks: &super::HrworksQuirks) -> Vec<(&'static str, u16)> {
        vec![
            ("token_error_status", quirks.token_error_status),
            ("permission_error_status", quirks.permission_error_status),
        ]
    }
}

fn error_object(http: u16, error_type: &str, message: &str, additional: &[Value]) -> Value {
    json!({
        "errorCode": http,
        "type": error_type,
        "errorMessage": message,
        "additionalErrors": additional,
    })
}

fn message(error_type: &str) -> &'static str {
    match error_type {
        "InvalidCredentialsError" => "The credentials provided with the request were invalid.",
        "InvalidCustomerNumberError" => {
            "No customer was found for the customer number of these credentials."
        }
        "InvalidBearerTokenError" => {
            "The Bearer token was invalid or has expired. Request a new token via /authentication."
        }
        "MissingAuthorizationHeaderError" => "The Authorization header is missing.",
        "MalformedAuthorizationHeaderError" => "The Authorization header is malformed.",
        "PermissionDeniedError" => {
            "The credentials do not have the permission required for this request."
        }
        "MissingParameterError" => "A required parameter is missing.",
        "InvalidParameterError" => "At least one parameter value was invalid.",
        "InvalidParameterTypeError" => "At least one parameter had the wrong type.",
        "InvalidPayloadError" => "The payload of the request was invalid.",
        "InvalidEndpointError" => "The requested endpoint does not exist.",
        _ => "An error occurred. Please retry.",
    }
}

fn refuse<T>(http: u16, error_type: &str) -> Result<T, Reply> {
    Err(Works::error(http, error_type))
}

/// Refuses the value of a parameter, in detail.
fn refuse_value<T>(text: &str) -> Result<T, Reply> {
    let error_type = "InvalidParameterError";
    let detail = error_object(400, error_type, text, &[]);
    let error = error_object(400, error_type, message(error_type), &[detail]);
    Err(Reply::error(400, error_type, &error))
}

fn checked(hr: &Hrworks, request: &RestRequest) -> Result<Reply, Reply> {
    if request.segments.is_empty() && request.method == Method::GET {
        return Ok(Reply::empty(200));
    }
    if !hr.count_call() {
        return Err(throttled(hr));
    }
    let endpoint = Works::endpoint(request);
    let wanted = match endpoint {
        Some(HrworksEndpoint::Authentication) => Method::POST,
        _ => Method::GET,
    };
    let Some(endpoint) = endpoint.filter(|_| request.method == wanted) else {
        return refuse(404, "InvalidEndpointError");
    };
    if endpoint == HrworksEndpoint::Authentication {
        return authenticate(hr, request);
    }
    let permissions = permissions(hr, request)?;
    if endpoint.permission().is_some_and(|needed| !permissions.contains(&needed)) {
        return refuse(hr.faults().quirks.permission_error_status, "PermissionDeniedError");
    }
    if let Some(again) = cached(hr, request) {
        return Ok(again);
    }
    let reply = answer(hr, request, endpoint)?;
    keep(hr, request, &reply);
    Ok(reply)
}

fn authenticate(hr: &Hrworks, request: &RestRequest) -> Result<Reply, Reply> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(&request.body) else {
        return refuse(400, "InvalidPayloadError");
    };
    let field = |name: &str| match fields.get(name) {
        None => refuse(400, "MissingParameterError"),
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(_) => refuse(400, "InvalidParameterTypeError"),
    };
    let (access_key, secret) = (field("accessKey")?, field("secretAccessKey")?);
    let (good, customer_unknown) = {
        let state = hr.state();
        let pair = state.own.pair(access_key);
        let good = pair.is_some_and(|pair| pair.secret_access_key == secret);
        (good, state.faults.quirks.customer_unknown)
    };
    if !good {
        return refuse(403, "InvalidCredentialsError");
    }
    if customer_unknown {
        return refuse(403, "InvalidCustomerNumberError");
    }
    Ok(Reply::json(200, &json!({ "token": hr.issue_token(access_key) })))
}

fn permissions(hr: &Hrworks, request: &RestRequest) -> Result<Vec<HrworksPermission>, Reply> {
    let Some(header) = request.header("authorization") else {
        return refuse(401, "MissingAuthorizationHeaderError");
    };
    let Some(token) = header.strip_prefix("Bearer ") else {
        return refuse(401, "MalformedAuthorizationHeaderError");
    };
    let now = hr.now();
    let state = hr.state();
    match state.own.permissions(token.trim(), now) {
        Some(permissions) => Ok(permissions.to_vec()),
        None => refuse(state.faults.quirks.token_error_status, "InvalidBearerTokenError"),
    }
}

fn cache_key(request: &RestRequest) -> String {
    format!("{}?{}", request.path, request.query_text)
}

fn cached(hr: &Hrworks, request: &RestRequest) -> Option<Reply> {
    let control = request.cache_control.as_deref().unwrap_or_default();
    if control.to_ascii_lowercase().contains("no-cache") {
        return None;
    }
    let (now, path_and_query) = (hr.now(), cache_key(request));
    let state = hr.state();
    let lives_ms = i64::from(state.faults.quirks.cache_seconds) * Timestamp::SECOND;
    let found = state.own.cache.iter().find(|kept| kept.path_and_query == path_and_query)?;
    (0..lives_ms).contains(&now.since(found.at)).then(|| found.reply.clone())
}

fn keep(hr: &Hrworks, request: &RestRequest, reply: &Reply) {
    let (at, path_and_query) = (hr.now(), cache_key(request));
    let cache = &mut hr.state().own.cache;
    cache.retain(|kept| kept.path_and_query != path_and_query);
    if cache.len() >= SANDBOX_CACHED_ANSWERS_MAX {
        cache.pop_front();
    }
    cache.push_back(Cached { path_and_query, at, reply: reply.clone() });
}

fn answer(hr: &Hrworks, request: &RestRequest, endpoint: HrworksEndpoint) -> Result<Reply, Reply> {
    let writer = Writer::of(hr);
    let named = request.segments.get(1).map(String::as_str).unwrap_or_default();
    match endpoint {
        HrworksEndpoint::Authentication | HrworksEndpoint::HealthCheck => Ok(Reply::empty(200)),
        HrworksEndpoint::Persons => persons(&writer, request),
        HrworksEndpoint::Person => {
            let person = known(&writer, identifier_type(request, "personnelNumber")?, named)?;
            Ok(Reply::json(200, &record::base_data(person, writer.quirks.uuid_by_id)))
        }
        HrworksEndpoint::PersonMasterData => {
            let by = identifier_type(request, "personnelNumber")?;
            let (odd, spelling) = (hr.odd(), writer.quirks.uuid_by_id);
            match odd.failure(named) {
                Some(RecordChange::Status(http)) => return Ok(Reply::html(*http)),
                Some(RecordChange::Said(http, words)) => {
                    return Ok(Reply::raw(*http, words.replace("{id}", named).into_bytes()));
                }
                Some(_) => return Ok(Reply::broken()),
                None => {}
            }
            let person = match (known(&writer, by, named), &odd.nobody) {
                (Ok(person), _) => Arc::clone(person),
                (Err(_), Some(nobody)) => {
                    let body = nobody.about(named, hr.calls().len());
                    return Err(Reply::raw(nobody.http, body));
                }
                (Err(usual), None) => return Err(usual),
            };
            let record = bytes(&writer.spelled(spelling).person(&person));
            Ok(Reply::raw(200, odd.written(&person.unique_key, Writes::One, record)))
        }
        HrworksEndpoint::MasterData => master_data(&writer, request, &hr.odd()),
        HrworksEndpoint::OrganizationUnits => {
            let active = writer.departments.iter().filter(|entry| entry.active);
            let units = active.map(|entry| writer.unit(entry));
            let all: Vec<Value> = std::iter::once(writer.root_unit()).chain(units).collect();
            Ok(Reply::member("organizationUnits", &all))
        }
        HrworksEndpoint::OrganizationUnit => {
            let all = writer.departments.iter().map(|entry| writer.unit(entry));
            let mut all = std::iter::once(writer.root_unit()).chain(all);
            match all.find(|unit| unit["uuid"] == named || unit["number"] == named) {
                Some(unit) => Ok(Reply::json(200, &unit)),
                None => refuse_value(&format!("Organization unit {named} does not exist.")),
            }
        }
        HrworksEndpoint::PermanentEstablishments => {
            let active = writer.locations.iter().filter(|entry| entry.active);
            let all: Vec<Value> = active.map(record::establishment).collect();
            Ok(Reply::member("permanentEstablishments", &all))
        }
        HrworksEndpoint::PermanentEstablishment => {
            let mut all = writer.locations.iter().map(record::establishment);
            match all.find(|establishment| establishment["id"] == named) {
                Some(establishment) => Ok(Reply::json(200, &establishment)),
                None => refuse_value(&format!("Permanent establishment {named} does not exist.")),
            }
        }
        HrworksEndpoint::CostCenters => {
            Ok(Reply::member("costCenters", &[json!({ "number": "4100", "name": "IT" })]))
        }
        HrworksEndpoint::Webhooks => Ok(Reply::member("webhooks", &json!([]))),
    }
}

/// How a person is called in a request.
#[derive(Clone, Copy)]
enum Identifier {
    PersonId,
    PersonnelNumber,
    PersonLicenseNumber,
    Uuid,
    Kiosk,
}

fn identifier_type(request: &RestRequest, otherwise: &str) -> Result<Identifier, Reply> {
    match request.parameter("personIdentifierType").unwrap_or(otherwise) {
        "personId" => Ok(Identifier::PersonId),
        "personnelNumber" => Ok(Identifier::PersonnelNumber),
        "personLicenseNumber" => Ok(Identifier::PersonLicenseNumber),
        "uuid" => Ok(Identifier::Uuid),
        "personIdentifierForKiosk" => Ok(Identifier::Kiosk),
        other => refuse_value(&format!("{other} is no personIdentifierType.")),
    }
}

/// A GUID is the same however it is written.
fn is_same_guid(key: &str, name: &str) -> bool {
    let digits = |text: &str| text.replace(['-', '{', '}'], "").to_lowercase();
    digits(key) == digits(name)
}

fn known<'a>(writer: &'a Writer, by: Identifier, name: &str) -> Result<&'a Arc<Person>, Reply> {
    let is_meant = |person: &&Arc<Person>| match by {
        Identifier::PersonId => person.log_in_name == name,
        Identifier::PersonnelNumber => person.employee_id == name,
        Identifier::PersonLicenseNumber => record::license_number(person) == name,
        Identifier::Uuid => is_same_guid(&person.unique_key, name),
        Identifier::Kiosk => false,
    };
    match writer.people.values().find(is_meant) {
        Some(person) => Ok(person),
        None => refuse_value(&format!("Person {name} does not exist.")),
    }
}

fn flag(request: &RestRequest, name: &str) -> Result<bool, Reply> {
    match request.parameter(name) {
        None | Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => refuse(400, "InvalidParameterTypeError"),
    }
}

/// The values of a repeated parameter; older clients write `[a,b]`.
fn list<'a>(request: &'a RestRequest, name: &str) -> Vec<&'a str> {
    let mut values = Vec::new();
    for value in request.parameters(name) {
        let inner = value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
        match inner {
            Some(inner) => values.extend(inner.split(',').map(str::trim)),
            None => values.push(value),
        }
    }
    values
}

fn persons(writer: &Writer, request: &RestRequest) -> Result<Reply, Reply> {
    let only_active = flag(request, "onlyActive")?;
    let only_active_units = flag(request, "onlyActiveOrganizationUnits")?;
    let by_uuid = match request.parameter("identifierType") {
        None | Some("number") => false,
        Some("uuid") => true,
        Some(other) => return refuse_value(&format!("{other} is no identifierType.")),
    };
    let wanted = list(request, "organizationUnits");
    let key =
        |entry: &Entry| if by_uuid { record::unit_uuid(entry.id) } else { entry.id.to_string() };
    let mut units: BTreeMap<String, Vec<Map<String, Value>>> = BTreeMap::new();
    for person in writer.people.values() {
        let unit = writer.department(person);
        if (only_active && person.gone)
            || (only_active_units && !unit.is_some_and(|unit| unit.active))
        {
            continue;
        }
        // The key of people without a unit is not known.
        let key = unit.map(key).unwrap_or_default();
        if wanted.is_empty() || wanted.contains(&key.as_str()) {
            units.entry(key).or_default().push(record::base_data(person, writer.spelling));
        }
    }
    Ok(Reply::json(200, &units))
}

fn master_data(writer: &Writer, request: &RestRequest, odd: &Oddities) -> Result<Reply, Reply> {
    let by = identifier_type(request, "personId")?;
    let wanted = list(request, "persons");
    let only_active = flag(request, "onlyActive")? && wanted.is_empty();
    let people: Vec<&Arc<Person>> = if wanted.is_empty() {
        writer.people.values().filter(|person| !only_active || !person.gone).collect()
    } else {
        wanted.iter().map(|name| known(writer, by, name)).collect::<Result<_, _>>()?
    };
    let page = match request.parameter("page").unwrap_or("1").parse::<usize>() {
        Ok(page) if page > 0 => page,
        _ => return refuse_value("page must be a whole number from 1."),
    };
    let mut entries: Vec<Result<&Arc<Person>, Vec<u8>>> = people.iter().copied().map(Ok).collect();
    for person in &people {
        let who = &person.unique_key;
        if odd.records.iter().any(|one| one.who == *who) {
            let record = bytes(&writer.person(person));
            entries.extend(odd.again(who, Writes::Everybody, &record).into_iter().map(Err));
        }
    }
    entries.extend(odd.appended.iter().cloned().map(Err));
    let last = entries.len().div_ceil(PAGE_PEOPLE).max(1);
    let from = (page - 1).saturating_mul(PAGE_PEOPLE);
    let record = |entry: &Result<&Arc<Person>, Vec<u8>>| match entry {
        Ok(person) => {
            let record = bytes(&writer.person(person));
            odd.written(&person.unique_key, Writes::Everybody, record)
        }
        Err(again) => again.clone(),
    };
    let shown: Vec<Vec<u8>> = entries.iter().skip(from).take(PAGE_PEOPLE).map(record).collect();
    let reply = Reply::list("persons", &shown);
    let quirks = &writer.quirks;
    // Behind the last page the list is empty and there is no link; what the vendor does there, and
    // whether a single page has a link, is not known.
    let mut pages = match page {
        page if page < last => vec![("next", page + 1), ("last", last)],
        page if page == last && last > 1 => vec![("last", last)],
        _ => Vec::new(),
    };
    if page >= last && quirks.next_link == NextLink::FirstPage {
        pages.push(("next", 1));
    }
    Ok(match request.links(&pages, quirks.links_keep_parameters, &quirks.next_link) {
        Some(links) => reply.with("link", links),
        None => reply,
    })
}
