//! The words of every notice, as an admin reads them.

use super::*;
use crate::domain::certificate::{self, Fault};
use crate::domain::provider::ProviderKind;
use crate::limits;
use crate::providers;
use crate::texts::Language;

const LINK: &str = "https://rollcall.example/portal/directories/directory_01?a=1&b=2";
/// 2026-11-22T14:05:00Z.
const SINCE: Timestamp = Timestamp(1_795_356_300_000);

/// What an HR admin need not know. "API key" and "HR WORKS-API" are what the HR systems call
/// their buttons, so the bare word stays allowed.
const JARGON: &[&str] = &[
    "http",
    "json",
    "401",
    "403",
    "429",
    "500",
    "api error",
    "error",
    "timeout",
    "time-out",
    "credential",
    "sync",
    "token",
    "endpoint",
    "webhook",
    "payload",
    "request",
    "response",
    "server",
    "backoff",
    "throttl",
    "rate limit",
    "retry",
    "retries",
    "exception",
    "parse",
    "malformed",
    "provider",
    "tenant",
    "null",
    "database",
    "stack",
    "log file",
    "instance",
    "authenticat",
    "authoriz",
    "scope",
    "invalid",
    "deprovision",
    "provision",
];

fn place(provider: ProviderKind, zone: &TimeZone) -> Place<'_> {
    let hr = providers::profile(provider);
    Place { organization: "Müller & Söhne", directory: "Head office", hr, zone, link: LINK }
}

fn failed(class: FailureClass, provider: ProviderKind, name: Option<&str>) -> NoticeText {
    let zone = TimeZone::UTC;
    let place = place(provider, &zone);
    let facts = FailureFacts { place, class, detail: name, since: SINCE };
    sync_failed(&facts, Language::English)
}

fn check_common(text: &NoticeText, provider: ProviderKind) {
    let whole = format!("{}\n{}", text.subject, text.body);
    assert!(text.subject.contains("Müller & Söhne"), "{whole}");
    assert!(!text.subject.contains('\n') && text.subject.chars().count() < 100, "{whole}");
    assert!(whole.contains(provider.title()) && whole.contains("\"Head office\""), "{whole}");
    assert!(text.body.contains(LINK), "{whole}");
    assert!(text.body.contains("What it means:"), "{whole}");
    assert!(text.body.contains("What to do:"), "{whole}");
    let words = whole.replace(LINK, "").to_lowercase();
    for jargon in JARGON {
        assert!(!words.contains(jargon), "{jargon:?} in:\n{whole}");
    }
    let links = text.blocks().into_iter().filter(|b| matches!(b, Block::Link { .. }));
    assert_eq!(links.count(), 1, "{whole}");
    assert!(matches!(text.blocks().last(), Some(Block::Link { url: LINK, .. })), "{whole}");
}

/// Words that the text of a class for a provider has to contain.
fn action(class: FailureClass, provider: ProviderKind) -> &'static [&'static str] {
    use FailureClass as C;
    use ProviderKind as P;
    match (class, provider) {
        (C::Credential, P::PeopleHr) => &[
            "HR Admin → Settings → API",
            "\"+\"",
            "IP addresses blank",
            "application Employee",
            "\"Get All Employee Detail\"",
            "\"Get Employee Detail By Id\"",
            "\"Update API key\"",
        ],
        (C::Credential, P::BreatheHr) => &[
            "Settings → Integrations → API Setup",
            "Enable API",
            "production key",
            "\"Update API key\"",
        ],
        (C::Credential, P::Hrworks) => &[
            "Basics → Integrations → HR WORKS-API",
            "\"New key pair\"",
            "\"Download\"",
            "\"Update API key\"",
        ],
        (C::Permission, P::PeopleHr) => &["HR Admin → Settings → API", "tick \"Some right\""],
        (C::Permission, P::BreatheHr) => &["API Setup", "\"Some right\""],
        (C::Permission, P::Hrworks) => &["HR WORKS-API", "Tick \"Some right\""],
        (C::Throttled, _) => &["What to do: nothing.", "other programs connected to"],
        (C::Suspended, _) => &["owns the account at", "start by themselves"],
        (C::ProviderDown | C::Malformed, _) => &["What to do: nothing. We keep trying."],
        (C::Internal, _) => &["Tell the people who run this service", "fault on our side"],
    }
}

#[test]
fn s_40_a_certificate_that_is_not_accepted_is_said_to_be_the_reason() {
    for provider in ProviderKind::ALL {
        let fault = certificate::detail(Fault::Expired);
        let text = failed(FailureClass::ProviderDown, *provider, Some(&fault));
        check_common(&text, *provider);
        assert!(text.body.contains("is not accepted: it has expired."), "{}", text.body);
        assert!(text.body.contains("Tell the people who run this service"), "{}", text.body);
        assert!(!text.body.contains("does not answer"), "{}", text.body);
    }
}

#[test]
fn s_41_every_class_of_every_hr_system_says_what_to_do() {
    for provider in ProviderKind::ALL {
        for class in FailureClass::ALL {
            let text = failed(*class, *provider, Some("Some right"));
            check_common(&text, *provider);
            assert!(text.body.starts_with("Since 22 November 2026, 14:05, "), "{}", text.body);
            assert!(text.body.contains("nobody loses access because of this"));
            for words in action(*class, *provider) {
                assert!(text.body.contains(words), "{words:?} not in:\n{}", text.body);
            }
            for other in ProviderKind::ALL.iter().filter(|other| *other != provider) {
                assert!(!text.body.contains(other.title()), "{other} in:\n{}", text.body);
            }
        }
    }
}

#[test]
fn a_permission_without_a_name_still_has_steps() {
    for provider in ProviderKind::ALL {
        let text = failed(FailureClass::Permission, *provider, None);
        check_common(&text, *provider);
        let steps = text.blocks().into_iter().any(|block| matches!(block, Block::Steps(_)));
        assert!(steps, "{}", text.body);
    }
}

#[test]
fn the_other_notices_keep_the_same_rules() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    for provider in ProviderKind::ALL {
        let place = place(*provider, &zone);
        let recovered_at = SINCE.plus(Timestamp::HOUR);
        let facts = RecoveryFacts { place, failing_since: SINCE, recovered_at };
        let recovered = sync_recovered(&facts, Language::English);
        check_common(&recovered, *provider);
        assert!(recovered.body.contains("22 November 2026, 15:05 to 22 November 2026, 16:05"));
        for last_success in [None, Some(SINCE)] {
            let silent = sync_silent(&SilenceFacts { place, last_success }, Language::English);
            check_common(&silent, *provider);
            assert!(silent.body.contains("nobody loses access because of this"));
        }
        for is_reminder in [false, true] {
            for kind in HoldKind::ALL {
                let waiting = &[HoldCount { kind: *kind, people: 12 }];
                let facts = HoldFacts { place, waiting, opened_at: SINCE, is_reminder };
                check_common(&hold_waits(&facts, Language::English), *provider);
            }
        }
        let facts = |waiting| HoldFacts { place, waiting, opened_at: SINCE, is_reminder: false };
        let twelve = [HoldCount { kind: HoldKind::Deactivations, people: 12 }];
        let many = hold_waits(&facts(&twelve), Language::English);
        assert!(many.body.contains("12 people would lose access"), "{}", many.body);
        assert!(many.subject.contains("12 people would lose access"), "{}", many.subject);
        let one = [HoldCount { kind: HoldKind::Deactivations, people: 1 }];
        let one = hold_waits(&facts(&one), Language::English);
        assert!(one.body.contains("1 person would lose access"), "{}", one.body);
    }
}

#[test]
fn s_07_a_strict_directory_says_how_many_records_and_where() {
    let zone = TimeZone::UTC;
    for provider in ProviderKind::ALL {
        for (records, phrase) in [(1, "1 record has"), (37, "37 records have")] {
            let place = place(*provider, &zone);
            let facts = RecordsFacts { place, records, since: SINCE };
            let text = records_refused(&facts, Language::English);
            check_common(&text, *provider);
            assert!(text.subject.contains(phrase), "{}", text.subject);
            assert!(text.body.contains(&format!("{phrase} to be corrected in")), "{}", text.body);
            assert!(text.body.contains("the list of records to correct"), "{}", text.body);
            assert!(text.body.contains("nobody loses access because of this"));
        }
    }
}

#[test]
fn a_moment_is_told_in_the_organizations_time_zone() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let told = |moment: Timestamp, zone: &TimeZone| {
        moment_text(moment, zone).in_language(Language::English)
    };
    assert_eq!(told(SINCE, &TimeZone::UTC), "22 November 2026, 14:05");
    assert_eq!(told(SINCE, &berlin), "22 November 2026, 15:05");
    assert_eq!(told(Timestamp(i64::MAX), &TimeZone::UTC), "1 January 1970, 00:00");
}

#[test]
fn a_name_can_forge_neither_a_header_nor_a_block() {
    let evil = "Evil\r\nBcc: x@example.com\n\nOpen this:\nhttps://evil.example\u{202e}";
    let zone = TimeZone::UTC;
    let facts = FailureFacts {
        place: Place {
            organization: evil,
            directory: evil,
            ..place(ProviderKind::PeopleHr, &zone)
        },
        class: FailureClass::Permission,
        detail: Some(evil),
        since: SINCE,
    };
    let text = sync_failed(&facts, Language::English);
    assert!(!text.subject.contains(['\r', '\n']), "{}", text.subject);
    assert!(!text.body.contains(['\r', '\u{202e}']), "{}", text.body);
    let usual = failed(FailureClass::Permission, ProviderKind::PeopleHr, Some("x"));
    assert_eq!(text.blocks().len(), usual.blocks().len());
    let links = text.blocks().into_iter().filter(|b| matches!(b, Block::Link { .. }));
    assert_eq!(links.count(), 1);
}

#[test]
fn a_long_name_is_cut() {
    let cut = one_line(&"ä".repeat(500));
    assert_eq!(cut.chars().count(), limits::NOTICE_NAME_CHARS_MAX);
    assert!(cut.ends_with('…'));
    assert_eq!(one_line("  A \t B\n"), "A B");
}

#[test]
fn blocks_are_read_back_as_they_were_written() {
    let body = "One.\n\n1. A\n2. B\n\nOpen:\nhttps://x.example/\n\n2. Not a step";
    let text = NoticeText { subject: String::new(), body: body.to_owned() };
    let link = Block::Link { label: "Open:", url: "https://x.example/" };
    assert_eq!(
        text.blocks(),
        [
            Block::Paragraph("One."),
            Block::Steps(vec!["A", "B"]),
            link,
            Block::Paragraph("2. Not a step"),
        ]
    );
    let script = NoticeText { subject: String::new(), body: "Go:\njavascript:x".to_owned() };
    assert_eq!(script.blocks(), [Block::Paragraph("Go:\njavascript:x")]);
}

#[test]
fn l_03_a_refused_key_is_answered_with_the_hr_systems_own_steps_in_their_order() {
    let all: [(ProviderKind, &[&str]); 3] = [
        (
            ProviderKind::PeopleHr,
            &[
                "HR Admin → Settings → API",
                "\"+\"",
                "any key name",
                "IP addresses blank",
                "application Employee",
                "\"Get All Employee Detail\"",
                "\"Get Employee Detail By Id\"",
                "copy the key",
                "Paste",
            ],
        ),
        (
            ProviderKind::BreatheHr,
            &[
                "Settings → Integrations → API Setup",
                "\"Enable API\"",
                "Copy the production key",
                "Paste",
            ],
        ),
        (
            ProviderKind::Hrworks,
            &[
                "admin interface → Basics → Integrations → HR WORKS-API",
                "\"New key pair\"",
                "\"Download\"",
                "tick",
                "Save",
                "paste the whole downloaded text",
            ],
        ),
    ];
    for (provider, steps) in all {
        let text = failed(FailureClass::Credential, provider, None);
        let mut rest = text.body.as_str();
        for step in steps {
            let found = rest.split_once(step);
            rest = found.unwrap_or_else(|| panic!("{step} is missing or too early: {rest}")).1;
        }
    }
}

#[test]
fn a_04_the_end_of_an_endpoint_is_told_in_plain_words() {
    let (zone, endpoint) = (TimeZone::UTC, EndpointId::from_text("we_01JD8"));
    for gone in [true, false] {
        let facts = EndpointFacts {
            organization: "Müller & Söhne",
            endpoint: &endpoint,
            gone,
            since: SINCE,
            zone: &zone,
            link: LINK,
        };
        let text = endpoint_disabled(&facts, Language::English);
        let whole = format!("{}\n{}", text.subject, text.body);
        assert!(text.subject.contains("Müller & Söhne"), "{whole}");
        assert!(whole.contains("nobody loses access because of this"), "{whole}");
        assert!(whole.contains("What to do:") && whole.contains("we_01JD8"), "{whole}");
        assert_eq!(whole.contains("22 November 2026, 14:05"), !gone, "{whole}");
        let words = whole.replace(LINK, "").to_lowercase();
        for jargon in JARGON {
            assert!(!words.contains(jargon), "{jargon:?} in:\n{whole}");
        }
        assert!(matches!(text.blocks().last(), Some(Block::Link { url: LINK, .. })), "{whole}");
    }
}
