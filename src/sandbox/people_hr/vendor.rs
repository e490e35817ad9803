//! The vendor's API: reads a call, checks it in the vendor's order and answers it.
//!
//! Refusals are HTTP 200 with `isError` true and the vendor's own words, spelling included. The
//! Content-Type, the User-Agent and the rest of the path do not matter; the Action in the body
//! decides. Must be as strict as the vendor and not kinder, or clients would pass here only.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use serde_json::{Map, Value};

use super::answers::{Answer, Body, ListChunks, enveloped, json, one};
use super::keys::{Action, digits};
use super::{ApiCall, OddAnswer, PeopleHr};
use crate::sandbox::odd::{RecordChange, Writes};

/// A refusal: the vendor's Status and Message.
type Refusal = (u8, String);

fn refuse<T>(status: u8, message: &str) -> Result<T, Refusal> {
    Err((status, message.to_owned()))
}

/// Answers one call of the vendor's API.
pub(in super::super) async fn serve(
    hr: Arc<PeopleHr>,
    body: &[u8],
    accepts_gzip: bool,
) -> HttpResponse {
    let at = hr.clock.now();
    let request = read(body);
    let said = |key: &str| {
        let value = request.as_ref().ok().and_then(|fields| fields.get(key));
        value.and_then(Value::as_str).map(str::to_owned)
    };
    let (action, employee_id, key) = (said("Action"), said("EmployeeId"), said("APIKey"));
    let (odd, faults) = {
        let mut state = hr.state();
        let odd = state.faults.take(action.as_deref().and_then(Action::named));
        (odd, state.faults.clone())
    };
    let mut answer = match odd {
        Some(odd) if odd != OddAnswer::TruncatedJson => Answer::odd(odd, &faults),
        _ => match request.and_then(|fields| checked(&hr, &fields)) {
            Ok(answer) => answer,
            Err((status, message)) => Answer::refusal(status, &message),
        },
    };
    if odd == Some(OddAnswer::TruncatedJson) {
        answer.truncate();
    }
    let asked = action.as_deref().and_then(Action::named);
    let is_silent = faults.is_silent(asked, key.as_deref(), employee_id.as_deref());
    hr.log_call(ApiCall { at, action, employee_id, http: answer.http, status: answer.status });
    if is_silent {
        return std::future::pending().await;
    }
    if faults.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(faults.delay_ms)).await;
    }
    let content_type = hr.odd().content_type.clone();
    answer.respond(faults.gzip && accepts_gzip, content_type)
}

/// The fields of a request's body.
fn read(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if body.trim_ascii().is_empty() {
        return refuse(8, "Either empty or no Form Data.");
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) if !fields.is_empty() => Ok(fields),
        Ok(Value::Object(_) | Value::Null) => refuse(7, "No json data found."),
        Ok(_) | Err(_) => refuse(9, "Invalid json data."),
    }
}

fn checked(hr: &PeopleHr, fields: &Map<String, Value>) -> Result<Answer, Refusal> {
    let Some(key) = fields.get("APIKey") else { return refuse(1, "API key is missing.") };
    let Some(key) = key.as_str().filter(|key| digits(key).is_some()) else {
        return refuse(2, "Invalid API Key.");
    };
    let Some(key) = hr.state().keys.find(key).cloned() else {
        return refuse(5, "API Key does not exists.");
    };
    let action = match fields.get("Action") {
        None => return refuse(3, "Action is missing."),
        Some(Value::String(action)) if action.is_empty() => {
            return refuse(4, "Action cannot be empty.");
        }
        Some(action) => action.as_str().and_then(Action::named),
    };
    let Some(action) = action.filter(|action| key.actions.contains(action)) else {
        return refuse(5, "Access Denied.");
    };
    if let Err(limit) = hr.count_call() {
        return Err((5, throttle_text(limit)));
    }
    match action {
        Action::GetCompanyInformation => Ok(company(hr)),
        Action::GetAllEmployeeDetail => everybody(hr, fields),
        Action::GetEmployeeDetailById => employee(hr, fields),
    }
}

/// What the vendor says to those who call too often.
pub(super) fn throttle_text(limit: u32) -> String {
    format!("API calls will be limited to a {limit} per minute")
}

fn company(hr: &PeopleHr) -> Answer {
    let company = hr.company();
    let result = serde_json::json!({
        "CompanyId": company.id,
        "SubDomain": company.sub_domain,
        "CompanyName": company.name,
    });
    Answer::success(one(&result, hr.faults().pretty))
}

fn everybody(hr: &PeopleHr, fields: &Map<String, Value>) -> Result<Answer, Refusal> {
    let include_leavers = match fields.get("IncludeLeavers") {
        None => false,
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(text)) if text.is_empty() => {
            return refuse(5, "IncludeLeavers cannot be empty.");
        }
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => true,
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => false,
        Some(_) => return refuse(5, "IncludeLeavers contains invalid data."),
    };
    let odd = hr.odd_of_list(include_leavers);
    let list = ListChunks::new(hr.everybody(), include_leavers, hr.today(), &hr.faults(), odd);
    Ok(Answer::success(Body::List(Box::new(list))))
}

fn employee(hr: &PeopleHr, fields: &Map<String, Value>) -> Result<Answer, Refusal> {
    let id = match fields.get("EmployeeId") {
        None => return refuse(5, "EmployeeId is missing."),
        Some(Value::String(id)) => id,
        Some(_) => return refuse(5, "EmployeeId contains invalid data."),
    };
    if id.is_empty() {
        return refuse(5, "EmployeeId cannot be empty.");
    }
    if id.chars().count() > 15 {
        return refuse(5, "EmployeeId contains more than 15 characters.");
    }
    let odd = hr.odd();
    match odd.failure(id) {
        Some(RecordChange::Status(http)) => return Ok(Answer::failed(*http)),
        Some(RecordChange::Said(http, words)) => {
            return Ok(Answer::said(*http, words.replace("{id}", id).into_bytes()));
        }
        Some(_) => return Ok(Answer::hung_up()),
        None => {}
    }
    let Some(person) = hr.find(id) else {
        return match &odd.nobody {
            Some(nobody) => Ok(Answer::said(nobody.http, nobody.about(id, hr.calls().len()))),
            None => refuse(5, "EmployeeId does not exists."),
        };
    };
    let people = hr.everybody();
    let faults = hr.faults();
    let record = super::record::Record {
        person: &person,
        manager: person.manager.and_then(|serial| people.get(&serial)).map(AsRef::as_ref),
        today: hr.today(),
        histories: true,
        unique_key: faults.key_of(&person, faults.key_by_id),
    };
    let record = odd.written(id, Writes::One, json(&record, faults.pretty));
    Ok(Answer::success(Body::Whole(odd.lettered(enveloped(&record)))))
}
