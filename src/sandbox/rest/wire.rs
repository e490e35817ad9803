//! A call of a REST API as it came in, and an answer before it goes out.
//!
//! Invariant: an answer is whole JSON, a page or nothing until [`Reply::cut`] says otherwise. Must
//! not know which HR system it belongs to.

use std::convert::Infallible;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::json;

use super::NextLink;

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

/// A call.
pub(in super::super) struct RestRequest {
    pub method: Method,
    /// The path behind the prefix, as it was written.
    pub path: String,
    /// Its parts, decoded; empty ones are left out, so a slash at the end does not matter.
    pub segments: Vec<String>,
    /// The query, as it was written.
    pub query_text: String,
    pub query: Vec<(String, String)>,
    pub cache_control: Option<String>,
    /// Where the caller found us, for links: `http://host:port` with the prefix.
    base_url: String,
    request: HttpRequest,
    pub body: Bytes,
}

impl RestRequest {
    pub(super) fn read(request: HttpRequest, body: Bytes, prefix: &str) -> Self {
        let text = |name| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.map(str::to_owned)
        };
        let path = request.uri().path().strip_prefix(prefix).unwrap_or_default().to_owned();
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        let decoded = |segment| percent_decode_str(segment).decode_utf8_lossy().into_owned();
        let query_text = request.query_string().to_owned();
        Self {
            method: request.method().clone(),
            segments: segments.map(decoded).collect(),
            path,
            query: serde_urlencoded::from_str(&query_text).unwrap_or_default(),
            query_text,
            cache_control: text(CACHE_CONTROL),
            base_url: format!("http://{}{prefix}", text(HOST).unwrap_or_default()),
            request,
            body,
        }
    }

    /// The parts of the path.
    pub(in super::super) fn parts(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// A header; its name may be written in any case.
    pub(in super::super) fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// The first value of a parameter.
    pub(in super::super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All values of a parameter that can be repeated.
    pub(in super::super) fn parameters(&self, name: &str) -> Vec<&str> {
        let found = self.query.iter().filter(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).collect()
    }

    /// A link to another page of this list; `page` comes first, the rest follows if it is kept.
    fn page_link(&self, page: usize, keep_rest: bool) -> String {
        let mut query = vec![("page".to_owned(), page.to_string())];
        if keep_rest {
            query.extend(self.query.iter().filter(|(key, _)| key != "page").cloned());
        }
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        format!("{}{}?{query}", self.base_url, self.path)
    }

    /// The `Link` header for these relations and pages; none when nothing is left to link to.
    pub(in super::super) fn links(
        &self,
        pages: &[(&str, usize)],
        keep_rest: bool,
        next: &NextLink,
    ) -> Option<String> {
        let mut links = Vec::new();
        for (relation, page) in pages {
            let here = self.parameter("page").and_then(|page| page.parse().ok()).unwrap_or(1);
            let link = match (*relation, next) {
                ("next", NextLink::Missing) => continue,
                ("next", NextLink::SamePage) => self.page_link(here, keep_rest),
                ("next", NextLink::FirstPage) => self.page_link(1, keep_rest),
                ("next", NextLink::OtherHost { origin }) => {
                    let link = self.page_link(*page, keep_rest);
                    let rest = link.splitn(4, '/').nth(3).unwrap_or_default().to_owned();
                    format!("{origin}/{rest}")
                }
                _ => self.page_link(*page, keep_rest),
            };
            links.push(format!("<{link}>; rel=\"{relation}\""));
        }
        (!links.is_empty()).then(|| links.join(", "))
    }
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Whole,
    /// The connection stays open and nothing more comes.
    Stalled,
    /// The connection breaks off.
    Broken,
}

/// An answer.
#[derive(Debug, Clone)]
pub(in super::super) struct Reply {
    pub http: u16,
    /// What the vendor calls the error, for the log.
    pub error: Option<String>,
    content_type: Option<&'static str>,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    ending: Ending,
}

pub(in super::super) fn json(value: &impl Serialize) -> Vec<u8> {
    let body = serde_json::to_vec(value);
    debug_assert!(body.is_ok(), "the answers hold nothing that JSON cannot say");
    body.unwrap_or_default()
}

impl Reply {
    fn new(http: u16, content_type: Option<&'static str>, body: Vec<u8>) -> Self {
        let (headers, ending) = (Vec::new(), Ending::Whole);
        Self { http, error: None, content_type, headers, body, ending }
    }

    pub(in super::super) fn json(http: u16, value: &impl Serialize) -> Self {
        Self::raw(http, json(value))
    }

    /// An answer of these bytes.
    pub(in super::super) fn raw(http: u16, body: Vec<u8>) -> Self {
        Self::new(http, Some(JSON), body)
    }

    /// Success with a list of these records.
    pub(in super::super) fn list(name: &str, records: &[Vec<u8>]) -> Self {
        let records = records.join(b",".as_slice());
        let head = format!("{{\"{name}\":[");
        Self::raw(200, [head.as_bytes(), &records, b"]}"].concat())
    }

    /// The connection breaks off before the answer has ended.
    pub(in super::super) fn broken() -> Self {
        Self { ending: Ending::Broken, ..Self::raw(200, b"{".to_vec()) }
    }

    /// The answer with its body in other letters.
    pub(super) fn lettered(mut self, letters: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Self {
        self.body = letters(self.body);
        self
    }

    /// Success with one member.
    pub(in super::super) fn member(name: &str, value: &impl Serialize) -> Self {
        let mut reply = Self::json(200, value);
        let name = serde_json::to_string(name).unwrap_or_default();
        let mut body = format!("{{{name}:").into_bytes();
        body.append(&mut reply.body);
        body.push(b'}');
        reply.body = body;
        reply
    }

    /// An error in the vendor's JSON.
    pub(in super::super) fn error(http: u16, name: &str, value: &impl Serialize) -> Self {
        Self { error: Some(name.to_owned()), ..Self::json(http, value) }
    }

    pub(in super::super) fn string_error(http: u16, text: &str) -> Self {
        Self::error(http, text, &json!({ "error": text }))
    }

    pub(in super::super) fn html(http: u16) -> Self {
        let reason = StatusCode::from_u16(http).ok().and_then(|status| status.canonical_reason());
        let title = format!("{http} {}", reason.unwrap_or_default());
        let body = format!(
            "<!DOCTYPE html>\n<html><head><title>{title}</title></head>\
             <body><h1>{title}</h1></body></html>\n"
        );
        Self::new(http, Some(HTML), body.into_bytes())
    }

    pub(in super::super) fn empty(http: u16) -> Self {
        Self::new(http, None, Vec::new())
    }

    pub(in super::super) fn malformed() -> Self {
        let body = b"{\"employees\":[{\"id\":1,}],\"persons\":[{\"uuid\":}".to_vec();
        Self::new(200, Some(JSON), body)
    }

    pub(in super::super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    pub(in super::super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Cuts the answer off in the middle; if `stalled`, its reader is left to wait.
    pub(super) fn cut(&mut self, stalled: bool) {
        self.body.truncate(self.body.len() / 2);
        if stalled {
            self.ending = Ending::Stalled;
        }
    }

    pub(super) fn respond(self, content_type: Option<String>) -> HttpResponse {
        let status = StatusCode::from_u16(self.http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        let usual = self.content_type.map(str::to_owned);
        if let Some(content_type) = content_type.or(usual) {
            response.insert_header((CONTENT_TYPE, content_type));
        }
        for header in self.headers {
            response.append_header(header);
        }
        if self.ending == Ending::Whole {
            return response.body(self.body);
        }
        if self.ending == Ending::Broken {
            let end = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            let broken = [Ok(Bytes::from(self.body)), Err(end)];
            return response.streaming(futures_util::stream::iter(broken));
        }
        let begun = futures_util::stream::iter([Ok::<_, Infallible>(Bytes::from(self.body))]);
        response.streaming(begun.chain(futures_util::stream::pending()))
    }
}
