//! E-mail addresses: one form, and one rule for what can be an address (S-18).
//!
//! HR systems, the API, imports, admins and the portal all go through here, so that an address is
//! the same person's everywhere, and what is refused in one place is refused in all.
//!
//! - [`clean_email`] gives the form that is kept: cleaned like other text, what people and programs
//!   put around an address removed where that is certain, the domain in the form that mail servers
//!   know (IDNA).
//! - [`EmailNorm`] is the form in which addresses are compared. Of the local part only case does
//!   not count: `groß@` and `gross@` are two people.
//! - [`is_email`] says whether text can be an address at all.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};

use crate::domain::text::{clean_text, is_joiner};
use crate::limits;

/// What stands around an address and does not belong to it.
const PAIRS: &[(char, char)] = &[
    ('<', '>'),
    ('(', ')'),
    ('[', ']'),
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('‘', '’'),
    ('’', '’'),
    ('“', '”'),
    ('”', '”'),
    ('„', '“'),
    ('‚', '‘'),
    ('«', '»'),
    ('‹', '›'),
];

/// Signs that a local part can have beside letters and digits (RFC 5322, `atext`).
const SIGNS: &str = "!#$%&'*+-/=?^_`{|}~";

/// An e-mail address for comparison (S-18, S-20).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmailNorm(String);

impl EmailNorm {
    /// The comparable form of an address.
    #[must_use]
    pub fn of(email: &str) -> Self {
        let clean = clean_email(email).unwrap_or_default();
        let lower = clean.to_lowercase();
        // Lower case can take a composed letter apart.
        Self(if lower.is_ascii() { lower } else { clean_text(&lower).unwrap_or_default() })
    }

    /// The comparable form as it is stored.
    #[must_use]
    pub const fn stored(norm: String) -> Self {
        Self(norm)
    }

    /// The comparable form as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Brings an address to the form in which it is kept; `None` when nothing that can be seen is left.
/// What cannot be an address is only cleaned as text, so that people find it again.
#[must_use]
pub fn clean_email(text: &str) -> Option<String> {
    let clean = clean_text(text)?;
    let mut bare = clean.as_str();
    loop {
        let inner = without_scheme(without_pair(bare)).trim();
        if inner == bare {
            break;
        }
        bare = inner;
    }
    if bare.is_empty() {
        return None;
    }
    let address = with_idna_domain(bare);
    Some(address.filter(|address| is_email(address)).unwrap_or(clean))
}

fn without_pair(text: &str) -> &str {
    let inner = PAIRS.iter().find_map(|(open, close)| {
        let inner = text.strip_prefix(*open)?.strip_suffix(*close)?;
        // `<a@x> <b@y>` is not in one pair of brackets.
        (!inner.contains([*open, *close])).then_some(inner)
    });
    inner.unwrap_or(text)
}

/// Without `mailto:` and what a link says of the mail beside the address.
fn without_scheme(text: &str) -> &str {
    const SCHEME: &str = "mailto:";
    match text.split_at_checked(SCHEME.len()) {
        Some((scheme, address)) if scheme.eq_ignore_ascii_case(SCHEME) => {
            let at = address.find('@').unwrap_or(address.len());
            let (local, domain) = address.split_at(at);
            let end = domain.find('?').unwrap_or(domain.len());
            address.get(..local.len().saturating_add(end)).unwrap_or(address)
        }
        _ => text,
    }
}

/// The address with its domain as mail servers know it. An ASCII domain stays as it is written.
fn with_idna_domain(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let local = joiners_where_they_count(local);
    if is_plain(domain) {
        return Some(format!("{local}@{domain}"));
    }
    Some(format!("{local}@{}", idna(domain)?))
}

/// A joiner means something between letters of scripts that have them; in a Latin address it is
/// something that was copied along.
fn joiners_where_they_count(local: &str) -> String {
    if local.is_ascii() || !local.contains(is_joiner) {
        return local.to_owned();
    }
    let letters: Vec<char> = local.chars().collect();
    let is_foreign = |at: Option<usize>| {
        at.and_then(|at| letters.get(at)).is_some_and(|c| !c.is_ascii() && !is_joiner(*c))
    };
    let counts = |at: usize| is_foreign(at.checked_sub(1)) && is_foreign(at.checked_add(1));
    let kept = letters.iter().enumerate().filter(|(at, c)| !is_joiner(**c) || counts(*at));
    let kept: String = kept.map(|(_, c)| *c).collect();
    // What stood apart may belong together now.
    clean_text(&kept).unwrap_or_default()
}

/// Whether a domain is ASCII and holds no letters in disguise.
fn is_plain(domain: &str) -> bool {
    let in_disguise =
        |label: &str| label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"));
    domain.is_ascii() && !domain.split('.').any(in_disguise)
}

/// A domain as mail servers know it; `None` when it cannot be one.
fn idna(domain: &str) -> Option<String> {
    let (list, hyphens, length) = (AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify);
    let ascii = Uts46::new().to_ascii(domain.as_bytes(), list, hyphens, length).ok()?;
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    (!ascii.rsplit('.').next().is_none_or(is_number)).then(|| ascii.into_owned())
}

/// Whether text, once cleaned, can be an e-mail address: `local@domain`, with a local part of words
/// between single dots, and a domain of host names. At most 254 bytes.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    text.len() <= limits::EMAIL_BYTES_MAX
        && local.len() <= limits::EMAIL_LOCAL_BYTES_MAX
        && local.split('.').all(|word| !word.is_empty() && word.chars().all(fits_into_local))
        && domain.is_ascii()
        && idna(domain).is_some()
}

fn fits_into_local(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || SIGNS.contains(c);
    }
    let quotes = ['“', '”', '„', '‘', '’', '«', '»'];
    !c.is_whitespace() && !c.is_control() && c != '\u{fffd}' && !quotes.contains(&c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clean(text: &str) -> String {
        clean_email(text).unwrap_or_default()
    }

    #[test]
    fn s_18_an_address_is_found_in_what_is_around_it() {
        for text in [
            "jo@x.uk",
            " jo@x.uk\n",
            "mailto:jo@x.uk",
            "MAILTO: jo@x.uk",
            "'jo@x.uk'",
            "<jo@x.uk>",
            "“jo@x.uk”",
            "\"<mailto:jo@x.uk>\"",
            "(jo@x.uk)",
            "[jo@x.uk]",
            "jo@x.uk\u{200b}",
            "\u{feff}jo@x.uk",
            "\u{202a}jo@x.uk\u{202c}",
            "jo\u{ad}@x.uk",
            "jo@\u{2060}x.uk",
            "j\u{200d}o@x.uk",
            "mailto:jo@x.uk?subject=Hello",
            "\u{a0}jo@x.uk\u{3000}",
        ] {
            assert_eq!(clean(text), "jo@x.uk", "{text:?}");
        }
        assert_eq!(clean("tomas\u{30c}@x.cz"), clean("tomaš@x.cz"));
        assert_eq!(clean("ann@müller.example"), "ann@xn--mller-kva.example");
        assert_eq!(clean("Ann@MÜLLER.example"), "Ann@xn--mller-kva.example");
        assert_eq!(clean("Ann@Acme.Example"), "Ann@Acme.Example");
        for text in ["", " ", "\u{200b}", "\u{2800}", "<>", "mailto:"] {
            assert_eq!(clean_email(text), None, "{text:?}");
        }
    }

    #[test]
    fn s_18_what_an_email_address_is() {
        for good in [
            "a@b.co",
            "sian.o'brien@example.co.uk",
            "tomáš@example.cz",
            "root@localhost",
            "a+b_c@x.uk",
            "ann@müller.example",
            "ann@xn--mller-kva.example",
            "用户@例子.广告",
            "x@1und1.de",
            "Ann@ACME.example",
        ] {
            assert!(is_email(&clean(good)), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@",
            "@b",
            "a@b@c.de",
            "a b@c.de",
            "a@.de",
            "a@de.",
            "A <a@b.de>",
            "jo@x..uk",
            "jo@-x.uk",
            "jo@x-.uk",
            "a..b@x.uk",
            ".a@x.uk",
            "a.@x.uk",
            "n/a",
            "LEFT",
            "jo@x_y.uk",
            "jo@x.uk;",
            "jo@x.uk, jo@y.uk",
            "a@[1.2.3.4]",
            "a@1.2.3.4",
            "j\u{fffd}@x.uk",
            "jo @x.uk",
            "<a@x.uk> <b@x.uk>",
            "jo@x.uk>",
            "a\"b@x.uk",
            "jo@x.uk/",
            "jo@x uk",
        ] {
            assert!(!is_email(&clean(bad)), "{bad}");
        }
        let long = format!("{}@x.uk", "a".repeat(65));
        assert!(!is_email(&long));
        assert!(!is_email(&format!("a@{}.uk", "x".repeat(64))));
    }

    #[test]
    fn s_18_addresses_are_compared_by_case_alone() {
        for (a, b) in [
            ("Ann@Acme.Example", "ann@acme.example"),
            ("ann@MÜLLER.example", "ANN@xn--mller-kva.example"),
            ("TOMÁŠ@x.cz", "toma\u{301}s\u{30c}@x.cz"),
            ("ann@ｅxample.uk", "ann@example.uk"),
        ] {
            assert_eq!(EmailNorm::of(a), EmailNorm::of(b), "{a} {b}");
        }
        for (a, b) in [("groß@x.de", "gross@x.de"), ("ann@straße.de", "ann@strasse.de")] {
            assert_ne!(EmailNorm::of(a), EmailNorm::of(b), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn s_18_cleaning_an_address_is_idempotent(text in dirty()) {
            let once = clean_email(&text);
            prop_assert_eq!(once.as_deref().and_then(clean_email), once.clone());
            let norm = EmailNorm::of(&text);
            prop_assert_eq!(EmailNorm::of(norm.as_str()), norm.clone());
            prop_assert_eq!(EmailNorm::of(once.as_deref().unwrap_or_default()), norm);
        }

        #[test]
        fn s_18_dirt_makes_no_second_person(
            local in "[a-zA-Zäöéšß]{1,8}",
            domain in prop_oneof![Just("acme.example"), Just("müller.example")],
            first in dirt(), second in dirt(), third in dirt(),
        ) {
            let forms = [first, second, third].map(|dirt| spoil(&local, domain, &dirt));
            for a in &forms {
                for b in &forms {
                    prop_assert_eq!(EmailNorm::of(a), EmailNorm::of(b), "{:?} {:?}", a, b);
                }
                prop_assert!(is_email(&clean(a)), "{a:?}");
            }
        }
    }

    /// Ways in which an address comes dirty: upper case, decomposed, what is around it and in it.
    type Dirt = (bool, bool, String, usize);

    fn dirt() -> impl Strategy<Value = Dirt> {
        let junk = "[\u{200b}\u{feff}\u{202a}-\u{202e}\u{2060}\u{ad}\u{200e} ]{0,3}";
        (any::<bool>(), any::<bool>(), junk, 0_usize..6)
    }

    fn spoil(local: &str, domain: &str, (upper, decomposed, junk, around): &Dirt) -> String {
        let domain = if *upper { domain.to_uppercase() } else { domain.to_owned() };
        let mut address = format!("{local}@{domain}");
        if *decomposed {
            let nfd = icu_normalizer::DecomposingNormalizer::new_nfd();
            address = nfd.normalize(&address).into_owned();
        }
        let unseen: String = junk.chars().filter(|c| *c != ' ').collect();
        let address = address.replacen('@', &format!("{unseen}@{unseen}"), 1);
        let address = match around {
            0 => format!("mailto:{address}"),
            1 => format!("'{address}'"),
            2 => format!("<{address}>"),
            3 => format!("“mailto:{address}”"),
            _ => address,
        };
        format!("{junk}{address}{junk}")
    }

    fn dirty() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[<>()'\"\\[\\]“” a-cßİΣ@.\u{200b}-\u{200d}\u{301}-]{0,16}",
            "(mailto:|'|<| ){0,3}[a-cäİΣ.]{0,5}@[a-cäß.xn-]{0,8}('|>| |\\?a){0,3}",
        ]
    }
}
