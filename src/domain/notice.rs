//! What the admins are told, in words (S-41, S-43).
//!
//! The reader is an HR admin, not an engineer. Each text says what happened, what it means, and
//! what to do step by step in the HR system's own words (L-03). The same text goes to mail, portal
//! and API.
//!
//! Invariants:
//! - No personal data of employees: the facts have no place for any.
//! - No text of a failure's technical reason; it is in the log for the operator.
//! - Names come from customers. They are cut and kept on one line, so that they can neither forge a
//!   mail header nor a paragraph, a step or a link of the text.
//!
//! What this module must not do: decide when a notice is due, send it, or format it for a page.
//!
//! The body is plain text of a fixed form, read back by [`NoticeText::blocks`]: blocks are parted
//! by an empty line; a block is a paragraph of one line, numbered steps of one line each, or a
//! label with a web address on the line below.

use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::domain::certificate;
use crate::domain::failure::FailureClass;
use crate::domain::hold::HoldKind;
use crate::domain::ids::EndpointId;
use crate::domain::provider::ProviderKind;
use crate::domain::steps;
use crate::limits;
use crate::text_enum;

mod absence;
mod holds;

pub use self::absence::absence_unconfirmed;
pub use self::holds::hold_waits;

text_enum! {
    /// What a notice is about.
    NoticeKind {
        /// Changes from the HR system no longer arrive.
        SyncFailed = "sync_failed",
        /// They arrive again.
        SyncRecovered = "sync_recovered",
        /// Nothing failed as such, but nothing succeeded for too long either.
        SyncSilent = "sync_silent",
        /// A change waits for an admin's decision.
        HoldOpened = "hold_opened",
        /// It still does.
        HoldReminder = "hold_reminder",
        /// People are missing from HR's list, and for a day no answer has come about them (S-31).
        AbsenceUnconfirmed = "absence_unconfirmed",
        /// A receiver of events was switched off because it failed for too long.
        EndpointDisabled = "endpoint_disabled",
    }
}

/// A notice in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeText {
    /// One line.
    pub subject: String,
    /// Plain text, see the module's description for its form.
    pub body: String,
}

/// One block of a notice's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block<'a> {
    /// A paragraph.
    Paragraph(&'a str),
    /// Steps to be done in this order, without their numbers.
    Steps(Vec<&'a str>),
    /// A page to open.
    Link {
        /// What the page is for.
        label: &'a str,
        /// Its address; `http` or `https`.
        url: &'a str,
    },
}

impl NoticeText {
    /// The parts of the body, for showing it other than as plain text.
    #[must_use]
    pub fn blocks(&self) -> Vec<Block<'_>> {
        self.body.split("\n\n").map(block).collect()
    }
}

/// Whose notice it is, and where the page is that repairs or shows it.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The organization's name.
    pub organization: &'a str,
    /// The directory's name.
    pub directory: &'a str,
    /// The HR system.
    pub provider: ProviderKind,
    /// The organization's time zone.
    pub zone: &'a TimeZone,
    /// The page's address, `http` or `https`.
    pub link: &'a str,
}

/// What is known about a failed sync.
#[derive(Debug, Clone, Copy)]
pub struct FailureFacts<'a> {
    /// Whose it is.
    pub place: Place<'a>,
    /// Why it failed.
    pub class: FailureClass,
    /// The missing permission in the HR system's own words, or what is wrong with its certificate,
    /// when it is known.
    pub detail: Option<&'a str>,
    /// Since when it has been failing.
    pub since: Timestamp,
}

/// What is known about records that stop everything in a strict directory.
#[derive(Debug, Clone, Copy)]
pub struct RecordsFacts<'a> {
    /// Whose it is.
    pub place: Place<'a>,
    /// How many records HR has to correct.
    pub records: u64,
    /// Since when nothing has been updated.
    pub since: Timestamp,
}

/// What is known about a recovery.
#[derive(Debug, Clone, Copy)]
pub struct RecoveryFacts<'a> {
    /// Whose it is.
    pub place: Place<'a>,
    /// Since when it had been failing.
    pub failing_since: Timestamp,
    /// When it worked again.
    pub recovered_at: Timestamp,
}

/// What is known about a silence.
#[derive(Debug, Clone, Copy)]
pub struct SilenceFacts<'a> {
    /// Whose it is.
    pub place: Place<'a>,
    /// The last time everything was brought up to date, when there was one.
    pub last_success: Option<Timestamp>,
}

/// How many people wait in holds of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldCount {
    /// What waits.
    pub kind: HoldKind,
    /// How many people.
    pub people: u64,
}

/// What is known about holds.
#[derive(Debug, Clone, Copy)]
pub struct HoldFacts<'a> {
    /// Whose they are.
    pub place: Place<'a>,
    /// What waits, each kind once.
    pub waiting: &'a [HoldCount],
    /// When the oldest of them was opened.
    pub opened_at: Timestamp,
    /// Whether the admins were told before.
    pub is_reminder: bool,
}

/// What is known about missing people about whom no answer comes.
#[derive(Debug, Clone, Copy)]
pub struct UnconfirmedFacts<'a> {
    /// Whose they are.
    pub place: Place<'a>,
    /// How many.
    pub people: u64,
    /// Since when the first of them has been missing.
    pub since: Timestamp,
}

/// What is known about an endpoint that was disabled because of its answers.
#[derive(Debug, Clone, Copy)]
pub struct EndpointFacts<'a> {
    /// The organization's name.
    pub organization: &'a str,
    /// The endpoint.
    pub endpoint: &'a EndpointId,
    /// Whether it said itself that it is gone; else it did nothing but fail.
    pub gone: bool,
    /// Since when it has been failing.
    pub since: Timestamp,
    /// The organization's time zone.
    pub zone: &'a TimeZone,
    /// The endpoint's address in the API.
    pub link: &'a str,
}

/// A moment as the admin's calendar and clock show it: `22 November 2026, 14:05`.
#[must_use]
pub fn moment_text(moment: Timestamp, zone: &TimeZone) -> String {
    let timestamp =
        jiff::Timestamp::from_millisecond(moment.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    timestamp.to_zoned(zone.clone()).strftime("%-d %B %Y, %H:%M").to_string()
}

/// A name made fit for a line of text: no line breaks or other invisible characters, which could
/// forge a header or turn the reading direction around; not longer than
/// [`limits::NOTICE_NAME_CHARS_MAX`].
#[must_use]
pub fn one_line(name: &str) -> String {
    let visible: String =
        name.chars().map(|c| if invisible(c) || c.is_whitespace() { ' ' } else { c }).collect();
    let words: Vec<&str> = visible.split(' ').filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    if line.chars().count() <= limits::NOTICE_NAME_CHARS_MAX {
        return line;
    }
    let kept = limits::NOTICE_NAME_CHARS_MAX.saturating_sub(1);
    line.chars().take(kept).chain(['…']).collect()
}

/// What is said of a key that may read another company (L-10), in place of a permission.
pub const OTHER_COMPANY: &str = "this key reads another company";

/// Changes from the HR system no longer arrive (S-41).
#[must_use]
pub fn sync_failed(facts: &FailureFacts<'_>) -> NoticeText {
    if facts.detail == Some(OTHER_COMPANY) {
        return other_company(facts);
    }
    let (names, title) = (Names::of(&facts.place), facts.place.provider.title());
    let since = moment_text(facts.since, facts.place.zone);
    let mut text = Draft::default();
    text.paragraph(format!(
        "Since {since}, changes in {title} no longer reach the user accounts of {names}."
    ));
    text.paragraph(what_happened(facts));
    text.paragraph(what_failure_means(facts.class).to_owned());
    match what_to_do(facts) {
        ToDo::Nothing(words) => text.paragraph(words),
        ToDo::Steps(steps) => {
            text.paragraph("What to do:".to_owned());
            text.steps(&steps);
        }
    }
    let label = match facts.class {
        FailureClass::Credential => "Enter the new API key on this page:",
        _ => "This page says what to do next:",
    };
    text.link(label, facts.place.link);
    let short = match facts.class {
        FailureClass::Credential => format!("{title} no longer accepts the API key"),
        FailureClass::Permission => format!("a permission is missing in {title}"),
        FailureClass::Throttled => format!("{title} asks us to slow down"),
        FailureClass::Suspended => format!("your company's account at {title} is not active"),
        FailureClass::ProviderDown => format!("{title} does not answer"),
        FailureClass::Malformed => format!("{title} sends answers that we cannot read"),
        FailureClass::Internal => format!("a fault on our side stops updates from {title}"),
    };
    text.finish(format!("{}: {short}", one_line(facts.place.organization)))
}

/// Nothing is updated because the key seems to read another company (L-10).
fn other_company(facts: &FailureFacts<'_>) -> NoticeText {
    let (names, title) = (Names::of(&facts.place), facts.place.provider.title());
    let since = moment_text(facts.since, facts.place.zone);
    let mut text = Draft::default();
    text.paragraph(format!(
        "Since {since}, changes in {title} no longer reach the user accounts of {names}."
    ));
    text.paragraph(format!(
        "What happened: with the API key that we have, {title} shows us other people than before. \
         Almost nobody of those we know is among them. It may be a key of another company."
    ));
    text.paragraph(what_failure_means(FailureClass::Credential).to_owned());
    text.paragraph("What to do:".to_owned());
    text.steps(&[
        "Open the page below.".to_owned(),
        "If the key is of another company, enter the right one there under \"Update API key\"."
            .to_owned(),
        "If it is the right company and so many people have really changed, answer the question on \
         that page with yes. We go on then, and ask you before anybody loses access."
            .to_owned(),
    ]);
    text.link("Decide on this page:", facts.place.link);
    let organization = one_line(facts.place.organization);
    text.finish(format!("{organization}: the API key for {title} may be of another company"))
}

/// "1 record has", "3 records have": followed by "to be corrected".
#[must_use]
pub fn records_phrase(records: u64) -> String {
    match records {
        1 => "1 record has".to_owned(),
        count => format!("{count} records have"),
    }
}

/// Nothing is updated because records have faults and the directory is strict (S-07).
#[must_use]
pub fn records_refused(facts: &RecordsFacts<'_>) -> NoticeText {
    let (names, title) = (Names::of(&facts.place), facts.place.provider.title());
    let since = moment_text(facts.since, facts.place.zone);
    let records = records_phrase(facts.records);
    let mut text = Draft::default();
    text.paragraph(format!(
        "Since {since}, changes in {title} no longer reach the user accounts of {names}."
    ));
    text.paragraph(format!(
        "What happened: {records} to be corrected in {title}, for example because an e-mail or a \
         name is missing. This directory is set so that nothing is updated until every record is \
         in order."
    ));
    text.paragraph(WAITING.to_owned());
    text.paragraph("What to do:".to_owned());
    text.steps(&[
        "Look at the list of records to correct on our page. For each record it says what has to \
         be changed."
            .to_owned(),
        format!("Correct these records in {title}."),
        "That is all. We look again regularly and tell you when updates work again.".to_owned(),
    ]);
    text.link("The list is on this page:", facts.place.link);
    text.finish(format!(
        "{}: {records} to be corrected in {title}",
        one_line(facts.place.organization)
    ))
}

/// Changes from the HR system arrive again.
#[must_use]
pub fn sync_recovered(facts: &RecoveryFacts<'_>) -> NoticeText {
    let (names, title) = (Names::of(&facts.place), facts.place.provider.title());
    let from = moment_text(facts.failing_since, facts.place.zone);
    let until = moment_text(facts.recovered_at, facts.place.zone);
    let mut text = Draft::default();
    text.paragraph(format!(
        "Changes in {title} reach the user accounts of {names} again. They did not arrive from \
         {from} to {until}."
    ));
    text.paragraph(
        "What it means: nothing was lost. What changed in HR in the meantime is now brought up to \
         date."
            .to_owned(),
    );
    text.paragraph("What to do: nothing.".to_owned());
    text.link("See on this page what was updated:", facts.place.link);
    let organization = one_line(facts.place.organization);
    text.finish(format!("{organization}: updates from {title} work again"))
}

/// Nothing succeeded for too long.
#[must_use]
pub fn sync_silent(facts: &SilenceFacts<'_>) -> NoticeText {
    let (names, title) = (Names::of(&facts.place), facts.place.provider.title());
    let mut text = Draft::default();
    text.paragraph(match facts.last_success {
        Some(last) => format!(
            "The user accounts of {names} were last brought up to date with {title} on {}. That \
             is longer ago than it should be.",
            moment_text(last, facts.place.zone)
        ),
        None => format!(
            "The user accounts of {names} have not been brought up to date with {title} yet. That \
             takes longer than it should."
        ),
    });
    text.paragraph(
        "What happened: no update was completed. We do not know of a fault; an update may be slow \
         or may not have started."
            .to_owned(),
    );
    text.paragraph(WAITING.to_owned());
    text.paragraph("What to do:".to_owned());
    text.steps(&[
        "Open the page below. If it shows a problem, it also shows how to repair it.".to_owned(),
        "If it shows none and nothing has changed by tomorrow, tell the people who run this \
         service for you. Send them this message."
            .to_owned(),
    ]);
    text.link("See on this page how things stand:", facts.place.link);
    let organization = one_line(facts.place.organization);
    text.finish(format!("{organization}: no update from {title} for too long"))
}

/// The application is not told of changes any more. An admin cannot repair that; the words
/// are still such that everybody understands them, because the portal shows the notice.
#[must_use]
pub fn endpoint_disabled(facts: &EndpointFacts<'_>) -> NoticeText {
    let organization = one_line(facts.organization);
    let since = moment_text(facts.since, facts.zone);
    let mut text = Draft::default();
    text.paragraph(format!(
        "Changes to the user accounts of {organization} no longer reach one of the places where \
         the application takes them in."
    ));
    let happened = if facts.gone {
        "It told us that it is closed".to_owned()
    } else {
        format!("It has taken nothing from us since {since}")
    };
    text.paragraph(format!(
        "What happened: {happened}, so we no longer send anything there. Its name is {}.",
        facts.endpoint
    ));
    text.paragraph(
        "What it means: the user accounts are kept up to date as before, and nobody loses access \
         because of this. The application may show old data until it is told. What it was not told \
         can be sent again."
            .to_owned(),
    );
    text.paragraph("What to do:".to_owned());
    text.steps(&[
        "Send this message to the people who run this service for you.".to_owned(),
        "They repair the place, switch it on again and have what was missed sent again.".to_owned(),
    ]);
    text.link("For them, its settings are here:", facts.link);
    text.finish(format!("{organization}: the application is no longer told of changes"))
}

/// The link that lets an admin in who asked for it. Nobody else gets to see these words.
#[must_use]
pub fn sign_in(link: &str, minutes: i64) -> NoticeText {
    let mut text = Draft::default();
    text.paragraph(
        "Somebody, probably you, asked for a link to the page on which the connection to your HR \
         system is looked after."
            .to_owned(),
    );
    text.paragraph(format!(
        "The link works once and for {minutes} minutes. Do not pass it on: whoever opens it can \
         change the connection."
    ));
    text.link("Open the page with this link:", link);
    text.paragraph(
        "If you did not ask for it, you need not do anything. Nobody gets in without this message."
            .to_owned(),
    );
    text.finish("Your link to the HR connection".to_owned())
}

/// Organization and directory in one phrase.
struct Names {
    organization: String,
    directory: String,
}

impl Names {
    fn of(place: &Place<'_>) -> Self {
        Self { organization: one_line(place.organization), directory: one_line(place.directory) }
    }
}

impl std::fmt::Display for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (directory \"{}\")", self.organization, self.directory)
    }
}

/// The reassurance that every text about a missing update carries.
const WAITING: &str = "What it means: nobody loses access because of this. Changes in HR, such as \
                       new starters and leavers, wait. They are brought up to date as soon as \
                       updates work again.";

const fn what_failure_means(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Credential | FailureClass::Permission => {
            "What it means: nobody loses access because of this. Changes in HR, such as new \
             starters and leavers, wait. They are brought up to date once this is repaired."
        }
        _ => WAITING,
    }
}

fn what_happened(facts: &FailureFacts<'_>) -> String {
    let title = facts.place.provider.title();
    match facts.class {
        FailureClass::Credential => format!(
            "What happened: {title} no longer accepts the API key that you gave us. It was \
             probably removed or replaced."
        ),
        FailureClass::Permission => match facts.detail.map(one_line) {
            Some(permission) => format!(
                "What happened: {title} accepts our API key but refuses the permission \
                 \"{permission}\". It was probably unticked."
            ),
            None => format!(
                "What happened: {title} accepts our API key but refuses to show the employees."
            ),
        },
        FailureClass::Throttled => format!(
            "What happened: {title} asks us to slow down. It answers only so many questions in a \
             minute, and the limit has been used up for a while."
        ),
        FailureClass::Suspended => format!(
            "What happened: {title} says that your company's account there is suspended or has \
             ended."
        ),
        FailureClass::ProviderDown if certificate::of_detail(facts.detail).is_some() => format!(
            "What happened: we cannot be sure that it is {title} who answers. The certificate \
             that it shows is not accepted: {}.",
            certificate::of_detail(facts.detail).unwrap_or_default()
        ),
        FailureClass::ProviderDown => {
            format!("What happened: {title} does not answer, or only reports a fault of its own.")
        }
        FailureClass::Malformed => {
            format!("What happened: {title} answers, but we cannot read the answer in full.")
        }
        FailureClass::Internal => format!(
            "What happened: there is a fault on our side. {title} and your settings there are fine."
        ),
    }
}

/// What the admin is asked to do.
enum ToDo {
    Nothing(String),
    Steps(Vec<String>),
}

fn what_to_do(facts: &FailureFacts<'_>) -> ToDo {
    let (provider, title) = (facts.place.provider, facts.place.provider.title());
    match facts.class {
        FailureClass::Credential => ToDo::Steps(new_key_steps(provider)),
        FailureClass::Permission => {
            ToDo::Steps(permission_steps(provider, facts.detail.map(one_line)))
        }
        FailureClass::Throttled => ToDo::Nothing(format!(
            "What to do: nothing. We go slower and continue by ourselves. If this happens often, \
             ask whoever looks after other programs connected to {title} to let them ask less \
             often."
        )),
        FailureClass::Suspended => ToDo::Steps(vec![
            format!(
                "Talk to the person in your company who owns the account at {title}, or to the \
                 support of {title}."
            ),
            "Once the account is active again, updates start by themselves.".to_owned(),
        ]),
        FailureClass::ProviderDown if certificate::of_detail(facts.detail).is_some() => {
            ToDo::Steps(vec![
                "Tell the people who run this service for you. Send them this message.".to_owned(),
                format!("You need not change anything in {title}. We keep trying."),
            ])
        }
        FailureClass::ProviderDown => ToDo::Nothing(format!(
            "What to do: nothing. We keep trying. If {title} does not open in your browser either, \
             its support can tell you more."
        )),
        FailureClass::Malformed => ToDo::Nothing(format!(
            "What to do: nothing. We keep trying. Often this is a passing fault of {title}. If it \
             lasts longer than a day, tell the people who run this service for you."
        )),
        FailureClass::Internal => ToDo::Steps(vec![
            "Tell the people who run this service for you. Send them this message.".to_owned(),
            format!("You need not change anything in {title}. We keep trying."),
        ]),
    }
}

fn new_key_steps(provider: ProviderKind) -> Vec<String> {
    let made = steps::make_key(provider).iter().map(|step| (*step).to_owned());
    made.chain(steps::enter_key(provider).iter().map(|step| (*step).to_owned())).collect()
}

fn permission_steps(provider: ProviderKind, permission: Option<String>) -> Vec<String> {
    let named = permission.map(|name| format!("\"{name}\""));
    let mut steps: Vec<String> = match provider {
        ProviderKind::PeopleHr => {
            let both =
                || "\"Get All Employee Detail\" and \"Get Employee Detail By Id\"".to_owned();
            vec![
                "In People HR, open HR Admin → Settings → API and open the key that we use."
                    .to_owned(),
                format!(
                    "For the application Employee, tick {}. Leave the IP addresses blank.",
                    named.unwrap_or_else(both)
                ),
                "Save.".to_owned(),
            ]
        }
        ProviderKind::BreatheHr => vec![
            "In Breathe HR, open Settings → Integrations → API Setup. Only the account's owner or \
             administrator can see it."
                .to_owned(),
            match named {
                Some(name) => format!("Make sure that the API is enabled and {name} is allowed."),
                None => "Make sure that the API is enabled.".to_owned(),
            },
            "If the production key there is new, copy it, paste it under \"Update API \
             key\" on our page and save."
                .to_owned(),
        ],
        ProviderKind::Hrworks => vec![
            "In HRworks, open the admin interface → Basics → Integrations → HR WORKS-API and \
             select the key pair that we use."
                .to_owned(),
            match named {
                Some(name) => format!("Tick {name} in the list of permissions."),
                None => "Tick \"Persons, read\" and \"General, read\" in the list of permissions."
                    .to_owned(),
            },
            "Save.".to_owned(),
        ],
    };
    steps.push("That is all. We try again regularly and tell you when it works.".to_owned());
    steps
}

/// A body while it is being written.
#[derive(Default)]
struct Draft(Vec<String>);

impl Draft {
    fn paragraph(&mut self, text: String) {
        self.0.push(text);
    }

    fn steps(&mut self, steps: &[String]) {
        let lines: Vec<String> =
            (1_u32..).zip(steps).map(|(number, step)| format!("{number}. {step}")).collect();
        self.0.push(lines.join("\n"));
    }

    fn link(&mut self, label: &str, url: &str) {
        // An address with a line break would not be read back as one.
        let url: String = url.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        self.0.push(format!("{label}\n{url}"));
    }

    fn finish(self, subject: String) -> NoticeText {
        NoticeText { subject, body: self.0.join("\n\n") }
    }
}

fn block(text: &str) -> Block<'_> {
    if let Some((label, url)) = text.split_once('\n')
        && ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme))
        && !url.contains(char::is_whitespace)
    {
        return Block::Link { label, url };
    }
    let steps: Option<Vec<&str>> = (1_u32..)
        .zip(text.lines())
        .map(|(number, line)| line.strip_prefix(&format!("{number}. ")))
        .collect();
    match steps {
        Some(steps) if !steps.is_empty() => Block::Steps(steps),
        _ => Block::Paragraph(text),
    }
}

/// Characters that show nothing and can change how the rest of a line looks.
fn invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

#[cfg(test)]
mod tests;
