//! Brings People HR's employee object to the normal form.
//!
//! Invariants:
//! - A function of the bytes alone; the same bytes give the same record for one mapping version.
//! - Only the fields of [`EmployeeRecord`] are read (S-07, S-08, S-15).
//! - A field that can not be read never costs the person the rest of the record.
//!
//! What this module must not do: decide who is active. The digit in `EmployeeStatus` has no settled
//! meaning (protocol page §4), so the standing is [`Standing::ByMembership`].

use std::borrow::Cow;

use jiff::civil::Date;
use memchr::memchr;
use serde::Deserialize;

use super::wire;
use crate::domain::employee::{
    EmployeeNumber, EmployeeRecord, ExternalKey, KeyKind, ManagerReference, RowProblemCode,
    Standing, Unit, clean_text,
};
use crate::limits;
use crate::providers::{ProviderError, RecordKeys};

/// Changes whenever [`record`] gives another result for the same bytes.
pub const MAPPING_VERSION: u32 = 1;

/// What .NET sends for "no key".
const EMPTY_GUID: &str = "00000000-0000-0000-0000-000000000000";

/// Reads one employee object. Fails when it is no JSON object. With neither `UniqueKey` nor
/// `EmployeeId` (S-21) the key is missing.
pub fn record(raw: &[u8]) -> Result<EmployeeRecord, ProviderError> {
    let raw = mend(raw);
    let employee: wire::Employee<'_> = object(&raw)?;
    let employee_number = number(&employee.employee_id);
    let (external_key, key_kind) = key(&employee.unique_key, employee_number.as_ref());
    let mut unreadable = Vec::new();
    let mut day = |text: &wire::Text<'_>, code| {
        date(text.as_str()).unwrap_or_else(|Unreadable| {
            unreadable.push(code);
            None
        })
    };
    let start_date = day(&employee.start_date, RowProblemCode::InvalidStartDate);
    let leaving_date = day(&employee.leaving_date, RowProblemCode::InvalidLeavingDate);
    Ok(EmployeeRecord {
        external_key,
        key_kind,
        employee_number,
        first_name: text(&employee.first_name),
        last_name: text(&employee.last_name),
        email: text(&employee.email_id),
        start_date,
        leaving_date,
        department: unit(&employee.department),
        position: unit(&employee.job_role),
        office_location: unit(&employee.location),
        manager: number(&employee.reports_to_employee_id).map(ManagerReference::Number),
        standing: Standing::ByMembership,
        status_text: text(&employee.employee_status),
        unreadable,
    })
}

/// Reads only the keys of one employee object; fails like [`record`].
pub fn keys(raw: &[u8]) -> Result<RecordKeys, ProviderError> {
    let raw = mend(raw);
    let employee: wire::EmployeeKeys<'_> = object(&raw)?;
    let employee_number = number(&employee.employee_id);
    let (external_key, _) = key(&employee.unique_key, employee_number.as_ref());
    Ok(RecordKeys { external_key, employee_number })
}

/// Parses a JSON object. Serde would also take an array for a struct, field by field.
pub fn object<'a, T: Deserialize<'a>>(raw: &'a [u8]) -> Result<T, ProviderError> {
    if raw.trim_ascii_start().first() != Some(&b'{') {
        return Err(malformed("a record is not a JSON object"));
    }
    // Serde's own words may quote the record.
    serde_json::from_slice(raw).map_err(|_| malformed("a record is not valid JSON"))
}

/// Puts the replacement character for damaged UTF-8 and for halves of surrogate pairs (`\ud83d`
/// alone), which systems leave behind that cut texts to a length. Without it one cut name would
/// cost the whole record. Sound records are not copied.
fn mend(raw: &[u8]) -> Cow<'_, [u8]> {
    let mut mended = match String::from_utf8_lossy(raw) {
        Cow::Borrowed(_) => Cow::Borrowed(raw),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    };
    let mut from = 0_usize;
    while let Some(found) = mended.get(from..).and_then(|rest| memchr(b'\\', rest)) {
        let at = from.saturating_add(found);
        let unit = escaped_unit(&mended, at);
        let next = escaped_unit(&mended, at.saturating_add(ESCAPE_BYTES));
        let is_low = |unit: Option<u16>| matches!(unit, Some(0xDC00..=0xDFFF));
        let length = match unit {
            Some(0xD800..=0xDBFF) if is_low(next) => ESCAPE_BYTES.saturating_mul(2),
            Some(0xD800..=0xDFFF) => {
                let end = at.saturating_add(ESCAPE_BYTES);
                if let Some(half) = mended.to_mut().get_mut(at..end) {
                    half.copy_from_slice(br"\ufffd");
                }
                ESCAPE_BYTES
            }
            // Any other escape: its second byte may be a backslash itself.
            _ => 2,
        };
        from = at.saturating_add(length);
    }
    mended
}

/// Length of `\u0000`.
const ESCAPE_BYTES: usize = 6;

/// The UTF-16 unit that the escape at `at` stands for, if there is one.
fn escaped_unit(raw: &[u8], at: usize) -> Option<u16> {
    let escape = raw.get(at..at.checked_add(ESCAPE_BYTES)?)?;
    let hex = std::str::from_utf8(escape.strip_prefix(br"\u")?).ok()?;
    u16::from_str_radix(hex, 16).ok()
}

/// A key or number as it is sent back to People HR: trimmed, without control characters. Blanks
/// inside stay as they are, unlike in other texts, because the API compares them.
pub fn clean_key(text: &str) -> Option<String> {
    let key: Cow<'_, str> = if text.chars().any(char::is_control) {
        Cow::Owned(text.chars().filter(|c| !c.is_control()).collect())
    } else {
        Cow::Borrowed(text)
    };
    let key = key.trim();
    let fits = key.chars().count() <= limits::EMPLOYEE_NUMBER_CHARS_MAX;
    (fits && !key.is_empty()).then(|| key.to_owned())
}

fn key(unique_key: &wire::Text<'_>, number: Option<&EmployeeNumber>) -> (ExternalKey, KeyKind) {
    let unique_key = clean_key(unique_key.as_str()).filter(|key| key != EMPTY_GUID);
    match (unique_key, number) {
        (Some(key), _) => (ExternalKey(key), KeyKind::Stable),
        (None, Some(number)) => (ExternalKey(number.0.clone()), KeyKind::Editable),
        (None, None) => (ExternalKey::missing(), KeyKind::Editable),
    }
}

fn number(text: &wire::Text<'_>) -> Option<EmployeeNumber> {
    clean_key(text.as_str()).map(EmployeeNumber)
}

fn text(text: &wire::Text<'_>) -> Option<String> {
    clean_text(text.as_str())
}

fn unit(name: &wire::Text<'_>) -> Option<Unit> {
    text(name).map(|name| Unit { key: None, name })
}

/// There is a date, and it can not be read.
#[derive(Debug, PartialEq, Eq)]
struct Unreadable;

/// `yyyy-MM-dd` or `yyyy/MM/dd`, with or without a time of day; blank is "no date". So is a date in
/// the year 1: it is .NET's unset date, and as a leaving date it would end a person's access.
fn date(text: &str) -> Result<Option<Date>, Unreadable> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let (day, time) = text.split_at_checked(10).ok_or(Unreadable)?;
    let time_is_time = time.is_empty()
        || time.starts_with(['T', ' '])
            && time.chars().skip(1).all(|c| c.is_ascii_digit() || "+-:.Z".contains(c));
    let mut parts = day.split(['-', '/']);
    let (Some(year), Some(month), Some(day), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Unreadable);
    };
    if !time_is_time || (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return Err(Unreadable);
    }
    let date = Date::new(digits(year)?, digits(month)?, digits(day)?).map_err(|_| Unreadable)?;
    Ok((date.year() > 1).then_some(date))
}

fn digits<T: std::str::FromStr>(text: &str) -> Result<T, Unreadable> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Unreadable);
    }
    text.parse().map_err(|_| Unreadable)
}

fn malformed(reason: &str) -> ProviderError {
    ProviderError::Malformed { reason: reason.to_owned() }
}

#[cfg(test)]
#[path = "normalise_tests.rs"]
mod tests;
