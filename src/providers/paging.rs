//! Walking a list that comes in pages, so that a short list is never taken for a whole one (S-30).
//!
//! Invariants:
//! - No link is followed. The number of the next page is read from it, and the address is built
//!   from our own base and parameters; a link to another host, scheme or port is an error.
//! - Pages come one after the other, none twice and none left out, and there is a highest number.
//! - A page that names the same people as an earlier one is no page: the list goes in a circle.
//!   Single people may come twice, for good or because the list moved while it was read (S-16);
//!   whoever is missing from it is asked about before they are gone (S-31).
//!
//! What this module must not do: send anything by itself, know an HR system.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use url::Url;

use super::http::Answer;
use super::splitter::{Raw, Splitter};
use super::{CallGate, ProviderError, malformed};
use crate::domain::employee::ExternalKey;
use crate::limits;

/// What a `Link` header says about the pages that follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Links {
    /// The number of the next page; `None` on the last one.
    pub next: Option<u32>,
    /// The number of the last page, where it is told.
    pub last: Option<u32>,
}

impl Links {
    /// Reads a `Link` header (`<address>; rel="next", …`); without one there is no other page.
    pub fn read(header: Option<&str>, base_url: &str) -> Result<Self, ProviderError> {
        let mut links = Self::default();
        let mut rest = header.unwrap_or_default();
        while let Some((_, opened)) = rest.split_once('<') {
            let Some((target, after)) = opened.split_once('>') else {
                return Err(malformed("a link to another page cannot be read"));
            };
            let parameters = after.split('<').next().unwrap_or_default();
            for relation in relations(parameters) {
                match relation {
                    "next" => links.next = Some(page_number(target, base_url)?),
                    "last" => links.last = Some(page_number(target, base_url)?),
                    _ => {}
                }
            }
            rest = after;
        }
        Ok(links)
    }
}

/// The words of the `rel` parameters among these.
fn relations(parameters: &str) -> impl Iterator<Item = &str> {
    parameters
        .split([';', ','])
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("rel"))
        .flat_map(|(_, value)| value.trim().trim_matches('"').split_ascii_whitespace())
}

fn page_number(target: &str, base_url: &str) -> Result<u32, ProviderError> {
    let base = Url::parse(base_url).map_err(|_| malformed("the base URL cannot be used"))?;
    let target =
        base.join(target).map_err(|_| malformed("a link to another page cannot be read"))?;
    if target.origin() != base.origin() {
        return Err(malformed("a link to another page leads to another host"));
    }
    let number = target.query_pairs().find(|(name, _)| name == "page");
    number
        .and_then(|(_, number)| number.parse().ok())
        .ok_or_else(|| malformed("a link to another page has no page number"))
}

/// Where a walk through the pages is.
#[derive(Debug)]
pub struct Walk {
    page: u32,
    pages_max: u32,
    last: Option<u32>,
    records: usize,
    /// Whom the present page has named so far.
    names: DefaultHasher,
    /// What the earlier pages have named.
    pages: HashSet<u64>,
}

impl Walk {
    /// At the first page. More than `pages_max` pages are an error.
    #[must_use]
    pub fn new(pages_max: u32) -> Self {
        let (names, pages) = (DefaultHasher::new(), HashSet::new());
        Self { page: 1, pages_max, last: None, records: 0, names, pages }
    }

    /// The page to ask for now.
    #[must_use]
    pub fn page(&self) -> u32 {
        self.page
    }

    /// How many records there were so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.records
    }

    /// Takes note of a record, which names this person as far as it can be read.
    pub fn note(&mut self, key: Option<&ExternalKey>) -> Result<(), ProviderError> {
        if self.records >= limits::DIRECTORY_PEOPLE_MAX {
            return Err(malformed("the list has more people than are allowed"));
        }
        self.records = self.records.saturating_add(1);
        key.filter(|key| !key.is_missing()).hash(&mut self.names);
        Ok(())
    }

    /// Goes on after a page with so many people; false after the last one.
    pub fn advance(&mut self, links: Links, people: usize) -> Result<bool, ProviderError> {
        self.last = links.last.or(self.last);
        let names = std::mem::take(&mut self.names).finish();
        if people > 0 && !self.pages.insert(names) {
            return Err(malformed("a page of the list comes twice"));
        }
        let Some(next) = links.next else {
            if self.last.is_some_and(|last| last > self.page) {
                return Err(malformed("the list ends before its last page"));
            }
            return Ok(false);
        };
        if next <= self.page {
            return Err(malformed("the pages of the list go in a circle"));
        }
        if next != self.page.saturating_add(1) {
            return Err(malformed("a page of the list is left out"));
        }
        if people == 0 {
            return Err(malformed("a page in the middle of the list is empty"));
        }
        if next > self.pages_max {
            return Err(malformed("the list has more pages than are allowed"));
        }
        self.page = next;
        Ok(true)
    }
}

/// Asks for a page until it comes. When the HR system asks to slow down in the middle of a list and
/// the gate waits that out, the page is asked for again, [`limits::PAGE_THROTTLES_MAX`] times. The
/// next page has all its waits again: a list that goes on slowly is not given up (ADR 16).
pub async fn patiently<T, F>(
    gate: &dyn CallGate,
    page: u32,
    ask: impl Fn() -> F,
) -> Result<T, ProviderError>
where
    F: Future<Output = Result<T, ProviderError>>,
{
    let mut waits_left = if page > 1 { limits::PAGE_THROTTLES_MAX } else { 0 };
    loop {
        match ask().await {
            Err(ProviderError::Throttled { retry_after_ms, .. })
                if waits_left > 0 && gate.wait_out(retry_after_ms).await =>
            {
                waits_left = waits_left.saturating_sub(1);
            }
            other => return other,
        }
    }
}

/// One record of a page, as sent.
pub struct Record {
    /// Its bytes, or the first of them.
    pub bytes: Vec<u8>,
    /// Whether that is all of it.
    pub whole: bool,
    /// Whether it is certain that it is one record.
    pub alone: bool,
}

impl Record {
    /// Its bytes if they are all there.
    pub fn whole(&self) -> Result<&[u8], ProviderError> {
        if self.whole {
            Ok(&self.bytes)
        } else {
            Err(malformed("a record is too large or has no end"))
        }
    }
}

/// One page, or a short list.
pub struct Page {
    /// The records as sent.
    pub records: Vec<Record>,
    /// The document as JSON, with an empty list in place of the list.
    pub envelope: Vec<u8>,
    /// Whether there was a list at all.
    pub list_found: bool,
}

/// Reads a page of at most [`limits::PAGE_BYTES_MAX`] bytes whose list stands under `path`, and of
/// whose records members with these `names` are read.
pub async fn read_page(
    answer: Answer,
    path: &'static [&'static str],
    names: &'static [&'static str],
) -> Result<Page, ProviderError> {
    let charset = answer.charset();
    let mut body = answer.body(limits::PAGE_BYTES_MAX);
    let mut splitter = Splitter::of_members(path, names);
    let mut records = Vec::new();
    let mut keep = |raw: Raw<'_>| {
        let bytes = charset.repair(raw.bytes).into_owned();
        records.push(Record { bytes, whole: raw.whole, alone: raw.alone });
        Ok::<_, ProviderError>(())
    };
    while let Some(chunk) = body.chunk().await? {
        splitter.feed(&chunk, &mut keep)?;
    }
    let split = splitter.finish(keep)?;
    Ok(Page { records, envelope: split.envelope, list_found: split.list_found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::script::Gate;

    const BASE: &str = "https://api.example.com/v1";

    fn links(header: &str) -> Result<Links, ProviderError> {
        Links::read(Some(header), BASE)
    }

    #[test]
    fn links_are_read_as_they_were_recorded() {
        let first = "<https://api.example.com/v1/employees?page=4&per_page=3>; rel=\"last\", \
                     <https://api.example.com:443/v1/employees?page=2&per_page=3>; rel=\"next\"";
        assert_eq!(links(first), Ok(Links { next: Some(2), last: Some(4) }));
        let last = "<https://api.example.com/v1/employees?page=1>; rel=\"first\", \
                    <https://api.example.com/v1/employees?page=3>; rel=\"prev\"";
        assert_eq!(links(last), Ok(Links::default()));
        assert_eq!(Links::read(None, BASE), Ok(Links::default()));
        assert_eq!(links("</v1/employees?page=7>;rel=next").unwrap().next, Some(7));
        assert_eq!(links("<?page=7>; title=\"a, b\"; rel=\"next last\"").unwrap().last, Some(7));
    }

    #[test]
    fn a_link_elsewhere_or_without_a_number_is_refused() {
        for header in [
            "<https://evil.example/v1/employees?page=2>; rel=\"next\"",
            "<http://api.example.com/v1/employees?page=2>; rel=\"next\"",
            "<https://api.example.com:8443/v1/employees?page=2>; rel=\"next\"",
            "<//evil.example/?page=2>; rel=\"next\"",
            "<https://api.example.com/v1/employees>; rel=\"next\"",
            "<https://api.example.com/v1/employees?page=-1>; rel=\"next\"",
            "<https://api.example.com/v1/employees?page=2; rel=\"next\"",
        ] {
            assert!(matches!(links(header), Err(ProviderError::Malformed { .. })), "{header}");
        }
    }

    /// Asks for a page before which so many throttle answers come; how often it was asked for.
    async fn asked(gate: &Gate, page: u32, throttles: u32) -> Result<u32, u32> {
        let asked = std::cell::Cell::new(0);
        let ask = || {
            asked.set(asked.get() + 1);
            let error = ProviderError::Throttled { retry_after_ms: 1, calls_per_minute: None };
            std::future::ready(if asked.get() > throttles { Ok(()) } else { Err(error) })
        };
        patiently(gate, page, ask).await.map(|()| asked.get()).map_err(|_| asked.get())
    }

    #[tokio::test]
    async fn s_44_each_page_of_a_list_has_its_own_waits() {
        let gate = Gate::new(0, 99);
        for page in 2..9 {
            assert_eq!(asked(&gate, page, 3).await, Ok(4), "{page}");
        }
        assert_eq!(asked(&gate, 9, 4).await, Err(4), "without progress it is given up");
        assert_eq!(asked(&gate, 1, 1).await, Err(1), "at its beginning nobody waits");
        assert_eq!(asked(&Gate::new(0, 1), 2, 2).await, Err(2), "there is no time for another");
    }

    #[test]
    fn s_30_a_walk_ends_only_at_the_last_page() {
        let to = |next: u32| Links { next: Some(next), last: Some(3) };
        let mut walk = Walk::new(3);
        assert_eq!(walk.advance(to(2), 5), Ok(true));
        assert_eq!(walk.note(Some(&ExternalKey("another".to_owned()))), Ok(()));
        assert_eq!(walk.advance(to(3), 5), Ok(true));
        assert_eq!(walk.advance(Links::default(), 0), Ok(false));
        for (next, people) in [(1, 5), (0, 5), (3, 5), (2, 0)] {
            assert!(Walk::new(9).advance(to(next), people).is_err(), "{next} {people}");
        }
        let mut endless = Walk::new(3);
        let outcome = (2..10).map(|next| endless.advance(to(next), 1)).find(Result::is_err);
        assert!(outcome.is_some());
        let mut short = Walk::new(9);
        assert_eq!(short.advance(to(2), 5), Ok(true));
        assert!(short.advance(Links::default(), 5).is_err(), "page 3 was promised");
        let mut circle = Walk::new(9);
        let key = |key: &str| ExternalKey(key.to_owned());
        for (page, names) in [["a", "b"], ["b", "c"], ["a", "b"]].iter().zip(2_u32..) {
            for name in page {
                assert_eq!(circle.note(Some(&key(name))), Ok(()));
            }
            let links = Links { next: Some(names), last: None };
            assert_eq!(circle.advance(links, 2).is_ok(), names < 4, "{page:?}");
        }
        assert_eq!(circle.count(), 6, "who comes twice counts twice");
        assert_eq!(
            (circle.note(Some(&ExternalKey::missing())), circle.note(None)),
            (Ok(()), Ok(()))
        );
        assert_eq!(circle.count(), 8, "records without a key count too");
    }
}
