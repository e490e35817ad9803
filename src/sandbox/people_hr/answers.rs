//! Answers of the vendor's API, right ones and odd ones, and how they are put on the wire.
//!
//! A list is written in chunks of a few records while it is sent, so that a hundred thousand
//! people need no more memory than a few. It shows everybody as of the moment of the call.

use std::collections::HashSet;
use std::convert::Infallible;
use std::io::Write;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::web::Bytes;
use flate2::write::GzEncoder;
use futures_util::StreamExt;
use jiff::civil::Date;
use serde::Serialize;

use super::record::Record;
use super::vendor::throttle_text;
use super::{Faults, OddAnswer};
use crate::sandbox::odd::{Oddities, Writes};
use crate::sandbox::person::{People, Person, Standing};

const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const CHUNK_BYTES: usize = 64 * 1024;
const SUCCESS: &str = "The request processed successfully.";

/// The body of an answer.
pub(super) enum Body {
    Whole(Vec<u8>),
    List(Box<ListChunks>),
    /// The connection breaks off.
    Broken,
}

/// An answer.
pub(super) struct Answer {
    pub http: u16,
    /// The vendor's Status, if the body is the vendor's JSON.
    pub status: Option<u8>,
    content_type: &'static str,
    body: Body,
}

#[derive(Serialize)]
struct Envelope<'a, T: Serialize> {
    #[serde(rename = "isError")]
    is_error: bool,
    #[serde(rename = "Status")]
    status: u8,
    #[serde(rename = "Message")]
    message: &'a str,
    #[serde(rename = "Result")]
    result: T,
}

impl Answer {
    pub(super) fn success(body: Body) -> Self {
        Self { http: 200, status: Some(0), content_type: JSON, body }
    }

    pub(super) fn refusal(status: u8, message: &str) -> Self {
        Self::envelope(true, status, message, ())
    }

    fn envelope<T: Serialize>(is_error: bool, status: u8, message: &str, result: T) -> Self {
        let envelope = Envelope { is_error, status, message, result };
        let body = Body::Whole(json(&envelope, false));
        Self { http: 200, status: Some(status), content_type: JSON, body }
    }

    fn page(http: u16, content_type: &'static str, body: &str) -> Self {
        let body = Body::Whole(body.as_bytes().to_vec());
        Self { http, status: None, content_type, body }
    }

    /// A page of a server that has failed.
    pub(super) fn failed(http: u16) -> Self {
        Self::page(http, HTML, BAD_GATEWAY_PAGE)
    }

    /// An answer in other words than the vendor's.
    pub(super) fn said(http: u16, body: Vec<u8>) -> Self {
        Self { http, status: None, content_type: JSON, body: Body::Whole(body) }
    }

    /// The connection breaks off before the answer has ended.
    pub(super) fn hung_up() -> Self {
        Self { http: 200, status: None, content_type: JSON, body: Body::Broken }
    }

    /// An answer that does not depend on the call.
    pub(super) fn odd(odd: OddAnswer, faults: &Faults) -> Self {
        match odd {
            OddAnswer::Throttled => {
                let limit = faults.throttle_per_minute.unwrap_or(50);
                Self::refusal(5, &throttle_text(limit))
            }
            OddAnswer::EmptyBody => Self::page(200, JSON, ""),
            OddAnswer::Html403 => Self::page(403, HTML, FORBIDDEN_PAGE),
            OddAnswer::Html502 => Self::page(502, HTML, BAD_GATEWAY_PAGE),
            OddAnswer::TruncatedJson | OddAnswer::MalformedJson => Self::page(200, JSON, MALFORMED),
            OddAnswer::EmptyList => Self::envelope::<[(); 0]>(false, 0, SUCCESS, []),
            OddAnswer::Status10 => Self::envelope(false, 10, "No record found.", ()),
            OddAnswer::Status6 => Self::refusal(6, "Oops! Something went wrong."),
            OddAnswer::Suspended => Self::refusal(5, "This company has been suspended."),
            OddAnswer::TrialExpired => Self::refusal(5, "Your trial has expired."),
            OddAnswer::NoSchemaAccess => Self::refusal(5, "No access on employee schema."),
            OddAnswer::AccessDenied => Self::refusal(5, "Access Denied."),
        }
    }

    /// Cuts the answer off in the middle.
    pub(super) fn truncate(&mut self) {
        self.status = None;
        match &mut self.body {
            Body::Whole(bytes) => bytes.truncate(bytes.len() / 2),
            Body::List(list) => list.truncate(),
            Body::Broken => {}
        }
    }

    /// The answer as HTTP.
    pub(super) fn respond(self, gzip: bool, content_type: Option<String>) -> HttpResponse {
        let status = StatusCode::from_u16(self.http).unwrap_or(StatusCode::OK);
        let mut response = HttpResponse::build(status);
        let content_type = content_type.unwrap_or_else(|| self.content_type.to_owned());
        response.insert_header((CONTENT_TYPE, content_type));
        let chunks: Box<dyn Iterator<Item = Vec<u8>>> = match self.body {
            Body::Whole(bytes) if !gzip => return response.body(bytes),
            Body::Whole(bytes) => Box::new(std::iter::once(bytes)),
            Body::List(list) => list,
            Body::Broken => {
                let end = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
                return response.streaming(futures_util::stream::iter([Err::<Bytes, _>(end)]));
            }
        };
        // There is one worker; a long list must not keep it from everybody else.
        let fairly = |chunk| async {
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(Bytes::from(chunk))
        };
        if gzip {
            response.insert_header((CONTENT_ENCODING, "gzip"));
            let encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
            let chunks = Compressed { chunks, encoder: Some(encoder) };
            response.streaming(futures_util::stream::iter(chunks).then(fairly))
        } else {
            response.streaming(futures_util::stream::iter(chunks).then(fairly))
        }
    }
}

/// The body of a successful answer with one result.
pub(super) fn one<T: Serialize>(result: &T, pretty: bool) -> Body {
    let envelope = Envelope { is_error: false, status: 0, message: SUCCESS, result };
    Body::Whole(json(&envelope, pretty))
}

/// The body of a successful answer with these bytes as its result.
pub(super) fn enveloped(result: &[u8]) -> Vec<u8> {
    let head = LIST_HEAD.trim_end_matches('[').as_bytes();
    [head, result, b"}"].concat()
}

pub(super) fn json<T: Serialize>(value: &T, pretty: bool) -> Vec<u8> {
    let written = if pretty { serde_json::to_vec_pretty(value) } else { serde_json::to_vec(value) };
    debug_assert!(written.is_ok(), "the answers hold nothing that JSON cannot say");
    written.unwrap_or_default()
}

/// A list of employees, chunk by chunk.
pub(super) struct ListChunks {
    people: Arc<People>,
    include_leavers: bool,
    today: Date,
    pretty: bool,
    faults: Faults,
    unlisted: HashSet<String>,
    odd: Arc<Oddities>,
    /// Records that come once more at the end.
    again: Vec<Vec<u8>>,
    /// The next serial number to look at; none before the first chunk.
    next: Option<u64>,
    written: usize,
    /// The record to be cut in half, counted from 1.
    cut_at: Option<usize>,
    ended: bool,
}

impl ListChunks {
    pub(super) fn new(
        people: Arc<People>,
        include_leavers: bool,
        today: Date,
        faults: &Faults,
        odd: Arc<Oddities>,
    ) -> Self {
        Self {
            again: odd.appended.clone(),
            odd,
            people,
            include_leavers,
            today,
            pretty: faults.pretty,
            faults: faults.clone(),
            unlisted: faults.unlisted.iter().cloned().collect(),
            next: None,
            written: 0,
            cut_at: None,
            ended: false,
        }
    }

    fn truncate(&mut self) {
        let shown = self.people.values().filter(|person| self.shows(person)).count();
        self.cut_at = Some(shown / 2 + 1);
    }

    fn shows(&self, person: &Person) -> bool {
        (self.include_leavers || person.standing(self.today) != Standing::Left)
            && !self.unlisted.contains(&person.employee_id)
            && (self.include_leavers || !self.is_forgotten(person))
    }

    fn is_forgotten(&self, person: &Person) -> bool {
        let (people, times) = &self.odd.forgotten;
        *times > 0 && people.contains(&person.employee_id)
    }

    fn separator(&self) -> &'static [u8] {
        if self.pretty { b",\r\n" } else { b"," }
    }

    fn begin(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(CHUNK_BYTES + 8 * 1024);
        let head = if self.pretty { LIST_HEAD_PRETTY } else { LIST_HEAD };
        if self.next.is_none() {
            out.extend_from_slice(head.as_bytes());
        }
        out
    }
}

impl Iterator for ListChunks {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        if self.ended {
            return None;
        }
        let mut out = self.begin();
        let people = Arc::clone(&self.people);
        for (serial, person) in people.range(self.next.unwrap_or(0)..) {
            if !self.shows(person) {
                continue;
            }
            if out.len() >= CHUNK_BYTES {
                self.next = Some(*serial);
                return Some(self.odd.lettered(out));
            }
            if self.written > 0 {
                out.extend_from_slice(self.separator());
            }
            let manager = person.manager.and_then(|serial| people.get(&serial));
            let record = Record {
                person,
                manager: manager.map(AsRef::as_ref),
                today: self.today,
                histories: false,
                unique_key: self.faults.key_of(person, self.faults.key_in_lists),
            };
            let place = if self.include_leavers { Writes::Everybody } else { Writes::Current };
            let (who, record) = (&person.employee_id, json(&record, self.pretty));
            self.again.extend(self.odd.again(who, place, &record));
            let record = self.odd.written(who, place, record);
            self.written += 1;
            if self.cut_at == Some(self.written) {
                self.ended = true;
                out.extend(record.iter().take(record.len() / 2));
                return Some(out);
            }
            out.extend(record);
        }
        self.ended = true;
        for record in std::mem::take(&mut self.again) {
            if self.written > 0 {
                out.extend_from_slice(self.separator());
            }
            out.extend(record);
            self.written += 1;
        }
        if self.cut_at.is_none() {
            out.extend_from_slice(if self.pretty { b"\r\n  ]\r\n}" } else { b"]}" });
        }
        Some(self.odd.lettered(out))
    }
}

/// Chunks, compressed.
struct Compressed<I> {
    chunks: I,
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl<I: Iterator<Item = Vec<u8>>> Iterator for Compressed<I> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let Some(chunk) = self.chunks.next() else { return self.encoder.take()?.finish().ok() };
            let encoder = self.encoder.as_mut()?;
            encoder.write_all(&chunk).ok()?;
            if !encoder.get_ref().is_empty() {
                return Some(std::mem::take(encoder.get_mut()));
            }
        }
    }
}

const LIST_HEAD: &str = concat!(
    r#"{"isError":false,"Status":0,"Message":"The request processed successfully.","#,
    r#""Result":["#
);

const LIST_HEAD_PRETTY: &str = "{\r\n  \"isError\": false,\r\n  \"Status\": 0,\r\n  \
    \"Message\": \"The request processed successfully.\",\r\n  \"Result\": [\r\n";

const FORBIDDEN_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>403 Forbidden</title></head>\
    <body><h1>Access denied</h1><p>You do not have access to this page.</p></body></html>\n";

const BAD_GATEWAY_PAGE: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\
    <center><h1>502 Bad Gateway</h1></center></body>\r\n</html>\r\n";

const MALFORMED: &str = r#"{"isError":false,"Status":0,"Message":"The request processed
successfully.","Result":[{"EmployeeId":{"DisplayValue":PW1,"FieldHistory":[},}]}"#;
