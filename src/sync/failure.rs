//! When a sync has failed, when it works again, and who is told (S-40 … S-45).
//!
//! Trouble is counted per directory. It becomes a *failure* by class: a refused key at the first
//! answer, a silent HR system after four tries, throttling after a quarter of an hour. The first
//! failure tells all admins; one notice per episode and cause, and one when it works again.
//!
//! Invariant: the state, the notice, its mails and its event are written in one transaction, so
//! nobody is told of what did not happen, and nothing happens untold.

use jiff::tz::TimeZone;
use serde_json::json;

use crate::clock::{Random, Timestamp};
use crate::db::directories::{self, Directory};
use crate::db::mails::{self, Mail, MailState};
use crate::db::notices::Notice;
use crate::db::{DbError, Tx, admins, inbox, organizations, runs};
use crate::domain::certificate;
use crate::domain::directory::{DirectoryState, silent_after_ms};
use crate::domain::event::EventKind;
use crate::domain::event::NewEvent;
use crate::domain::failure::{self, Failing, FailureClass};
use crate::domain::ids::{MailId, NoticeId};
use crate::domain::notice::{
    self, FailureFacts, HoldCount, HoldFacts, NoticeKind, NoticeText, Place, RecordsFacts,
    RecoveryFacts, SilenceFacts, UnconfirmedFacts,
};
use crate::limits;
use crate::providers::{self, ProviderError};
use crate::sync::Context;
use crate::texts::Language;

/// What goes into a notice besides the database.
#[derive(Clone)]
pub struct Notifier {
    /// The moment.
    pub now: Timestamp,
    random: std::sync::Arc<dyn Random>,
    public_url: std::sync::Arc<str>,
    by_mail: bool,
}

impl Notifier {
    /// A notifier for this moment.
    #[must_use]
    pub fn new(cx: &Context) -> Self {
        Self {
            now: cx.clock.now(),
            random: cx.random.clone(),
            public_url: cx.public_url.clone(),
            by_mail: cx.sends_mail,
        }
    }
}

/// A failed attempt, in the terms of S-45.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// Its class.
    pub class: FailureClass,
    /// The missing permission in the HR system's words, or what else helps.
    pub detail: Option<String>,
    /// How many records HR has to correct, when that is all (S-07).
    pub records: Option<u64>,
    /// How long the HR system asks to wait.
    pub retry_after_ms: Option<i64>,
    /// When the attempt began; attempts that were under way when the last failure became known do
    /// not count again.
    pub began: Timestamp,
}

impl Trouble {
    /// The trouble an error means; `None` for a spent budget, which is none.
    #[must_use]
    pub fn of(error: &ProviderError, began: Timestamp) -> Option<Self> {
        let class = error.class()?;
        let (detail, retry_after_ms) = match error {
            ProviderError::Permission { permission } => (permission.map(str::to_owned), None),
            ProviderError::Throttled { retry_after_ms, .. } => (None, Some(*retry_after_ms)),
            ProviderError::Down { retry_after_ms, .. } => (None, *retry_after_ms),
            ProviderError::Untrusted { fault } => (Some(certificate::detail(*fault)), None),
            _ => (None, None),
        };
        Some(Self { class, detail, records: None, retry_after_ms, began })
    }

    /// A fault of our own.
    #[must_use]
    pub const fn internal(began: Timestamp) -> Self {
        let class = FailureClass::Internal;
        Self { class, detail: None, records: None, retry_after_ms: None, began }
    }

    /// The trouble that a key is which may read another company (L-10).
    #[must_use]
    pub fn of_company(began: Timestamp) -> Self {
        Self {
            class: FailureClass::Credential,
            detail: Some(failure::OTHER_COMPANY.to_owned()),
            records: None,
            retry_after_ms: None,
            began,
        }
    }

    /// The trouble that records with problems are in a strict directory.
    #[must_use]
    pub fn of_records(records: u64, began: Timestamp) -> Self {
        Self {
            // The key, the permissions and the HR system are fine; what it says cannot be used.
            class: FailureClass::Malformed,
            detail: Some(notice::records_text(records).in_language(Language::English)),
            records: Some(records),
            retry_after_ms: None,
            began,
        }
    }
}

/// What follows from a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Try again at this moment.
    Retry(Timestamp),
    /// The sync has failed; the next attempt is the next full sync.
    Failed,
}

/// Counts a failed attempt. `directory` is the locked row.
pub fn note_failure(
    tx: &mut Tx<'_>,
    notifier: &Notifier,
    directory: &mut Directory,
    trouble: &Trouble,
) -> Result<Verdict, DbError> {
    let now = notifier.now;
    let failed_before = directory.state == DirectoryState::Failing;
    let goes_on = |before: &Failing| failed_before || !before.is_over(trouble.began);
    let (class, detail) = (trouble.class, trouble.detail.clone());
    let failing = match directory.failing().filter(goes_on) {
        Some(before) => before.again(class, detail, trouble.began, now),
        None => Failing::first(class, detail, now),
    };
    let since = failing.since;
    let failed = failed_before
        // Asking again at once brings the same records.
        || trouble.records.is_some()
        || has_failed(class, failing.tries, now.since(since));
    if !failed {
        let wait = retry_wait_ms(failing.tries, trouble.retry_after_ms, &*notifier.random);
        let retry_at = now.plus(wait);
        directory.set_failing(Some(Failing { retry_at: Some(retry_at), ..failing }));
        directories::update(tx, directory)?;
        return Ok(Verdict::Retry(retry_at));
    }
    directory.set_failing(Some(failing));
    if !failed_before {
        directory.state = DirectoryState::Failing;
        directory.updated_at_ms = now;
    }
    directories::update(tx, directory)?;
    // What webhooks name from now on waits for the full sync that succeeds (L-07).
    inbox::park(tx, &directory.id)?;
    let text = with_place(tx, notifier, directory, |place| {
        if let Some(records) = trouble.records {
            let facts = RecordsFacts { place, records, since };
            return notice::records_refused(&facts, Language::English);
        }
        let (class, detail) = (trouble.class, trouble.detail.as_deref());
        let facts = FailureFacts { place, class, detail, since };
        notice::sync_failed(&facts, Language::English)
    })?;
    let cause = match &trouble.detail {
        Some(detail) if detail == failure::OTHER_COMPANY => "other_company",
        _ => trouble.records.map_or(trouble.class.as_str(), |_| "row_problems"),
    };
    let episode = format!("{}|{cause}|{}", directory.id, since.0);
    tell(tx, notifier, directory, NoticeKind::SyncFailed, text, Some(episode))?;
    Ok(Verdict::Failed)
}

/// S-45: when trouble is a failure.
fn has_failed(class: FailureClass, tries: i64, lasting_ms: i64) -> bool {
    match class {
        FailureClass::Credential
        | FailureClass::Permission
        | FailureClass::Suspended
        | FailureClass::Internal => true,
        FailureClass::ProviderDown | FailureClass::Malformed => tries >= limits::TRIES_MAX,
        FailureClass::Throttled => lasting_ms >= limits::THROTTLED_MS_MAX,
    }
}

/// Four tries within five minutes: after 15, 60 and 120 seconds, each ± 20 %; never before the HR
/// system's own wish.
pub(crate) fn retry_wait_ms(tries: i64, wish_ms: Option<i64>, random: &dyn Random) -> i64 {
    let base = match tries {
        ..=1 => 15 * Timestamp::SECOND,
        2 => 60 * Timestamp::SECOND,
        _ => 120 * Timestamp::SECOND,
    };
    let fifth = u64::try_from(base / 5).unwrap_or(1);
    let jitter = i64::try_from(random.below(fifth.saturating_mul(2))).unwrap_or(0);
    let wait = base.saturating_sub(base / 5).saturating_add(jitter);
    wait.max(wish_ms.unwrap_or(0))
}

/// Silence is an alarm too (S-41): nothing has failed as such, but nothing has succeeded for three
/// intervals either. Asked when the schedule comes round, before it queues. `directory` is the
/// locked row, which the caller writes.
///
/// A schedule that comes round late was itself off (a gateway that was stopped, a machine that
/// slept); nobody is told before the full sync that follows has had an interval's time.
pub fn note_silence(
    tx: &mut Tx<'_>,
    notifier: &Notifier,
    directory: &mut Directory,
) -> Result<(), DbError> {
    let now = notifier.now;
    let interval = directory.poll_seconds.saturating_mul(Timestamp::SECOND);
    let longest = silent_after_ms(directory.poll_seconds);
    let was_on = directory.next_sync_at_ms.is_some_and(|due| now.since(due) <= interval);
    let may_be_silent =
        matches!(directory.state, DirectoryState::Active | DirectoryState::Validating)
            && directory.silent_since_ms.is_none()
            && now.since(directory.without_success_since()) > longest;
    if !may_be_silent || !was_on {
        return Ok(());
    }
    let has_waited = |run: runs::Run| now.since(run.requested_at_ms) >= interval;
    if !runs::open(tx, &directory.id)?.is_some_and(has_waited) {
        return Ok(());
    }
    directory.silent_since_ms = Some(now);
    let last_success = directory.last_success_at_ms;
    let text = with_place(tx, notifier, directory, |place| {
        notice::sync_silent(&SilenceFacts { place, last_success }, Language::English)
    })?;
    let episode = format!("{}|silent|{}", directory.id, now.0);
    tell(tx, notifier, directory, NoticeKind::SyncSilent, text, Some(episode))?;
    Ok(())
}

/// A sync has succeeded: trouble is forgotten, and after a failure or a silence the admins hear of
/// it. `directory` is the locked row and is written here.
pub fn note_success(
    tx: &mut Tx<'_>,
    notifier: &Notifier,
    directory: &mut Directory,
) -> Result<(), DbError> {
    let failing_since = (directory.state == DirectoryState::Failing)
        .then(|| directory.failing().map_or(notifier.now, |failing| failing.since));
    let silent_since = directory
        .silent_since_ms
        .take()
        .map(|told| directory.last_success_at_ms.map_or(told, |last| last.min(told)));
    if directory.state != DirectoryState::Active {
        directory.state = DirectoryState::Active;
        directory.updated_at_ms = notifier.now;
    }
    directory.set_failing(None);
    directory.last_success_at_ms = Some(notifier.now);
    directories::update(tx, directory)?;
    let told_since = failing_since.into_iter().chain(silent_since).min();
    let Some(failing_since) = told_since else { return Ok(()) };
    let text = with_place(tx, notifier, directory, |place| {
        let facts = RecoveryFacts { place, failing_since, recovered_at: notifier.now };
        notice::sync_recovered(&facts, Language::English)
    })?;
    tell(tx, notifier, directory, NoticeKind::SyncRecovered, text, None)?;
    Ok(())
}

/// Tells the admins that changes wait for their decision, or still do (S-32).
pub fn tell_of_holds(
    tx: &mut Tx<'_>,
    notifier: &Notifier,
    directory: &Directory,
    waiting: &[HoldCount],
    opened_at: Timestamp,
    is_reminder: bool,
) -> Result<(), DbError> {
    let text = with_place(tx, notifier, directory, |place| {
        let facts = HoldFacts { place, waiting, opened_at, is_reminder };
        notice::hold_waits(&facts, Language::English)
    })?;
    let kind = if is_reminder { NoticeKind::HoldReminder } else { NoticeKind::HoldOpened };
    tell(tx, notifier, directory, kind, text, None)?;
    Ok(())
}

/// Tells the admins that no answer comes about people whom HR's list does not name (S-31).
pub fn tell_of_unconfirmed(
    tx: &mut Tx<'_>,
    notifier: &Notifier,
    directory: &Directory,
    people: u64,
    since: Timestamp,
) -> Result<(), DbError> {
    let text = with_place(tx, notifier, directory, |place| {
        notice::absence_unconfirmed(&UnconfirmedFacts { place, people, since }, Language::English)
    })?;
    tell(tx, notifier, directory, NoticeKind::AbsenceUnconfirmed, text, None)?;
    Ok(())
}

/// The page that repairs a directory.
#[must_use]
pub fn repair_link(public_url: &str, directory: &Directory) -> String {
    format!("{public_url}/portal/directories/{}", directory.id)
}

fn with_place(
    tx: &mut Tx<'_>,
    notifier: &Notifier,
    directory: &Directory,
    compose: impl FnOnce(Place<'_>) -> NoticeText,
) -> Result<NoticeText, DbError> {
    let organization = organizations::find(tx, &directory.organization_id)?;
    let zone = TimeZone::get(organization.effective_time_zone()).unwrap_or(TimeZone::UTC);
    let link = repair_link(&notifier.public_url, directory);
    Ok(compose(Place {
        organization: &organization.name,
        directory: &directory.name,
        hr: providers::profile(directory.provider),
        zone: &zone,
        link: &link,
    }))
}

/// Writes a notice, a mail for every admin, and the event; once per episode key. Returns whether it
/// was written now.
fn tell(
    tx: &mut Tx<'_>,
    notifier: &Notifier,
    directory: &Directory,
    kind: NoticeKind,
    text: NoticeText,
    episode_key: Option<String>,
) -> Result<bool, DbError> {
    let notice = Notice {
        id: NoticeId::new(notifier.now, &*notifier.random),
        organization_id: directory.organization_id.clone(),
        directory_id: Some(directory.id.clone()),
        kind,
        subject: text.subject,
        body: text.body,
        link: repair_link(&notifier.public_url, directory),
        created_at_ms: notifier.now,
    };
    if !mails::insert_notice(tx, &notice, episode_key.as_deref())? {
        return Ok(false);
    }
    let admins = admins::all_of(tx, &directory.organization_id)?;
    let rows: Vec<Mail> = admins
        .into_iter()
        .filter(|_| notifier.by_mail)
        .map(|admin| Mail {
            id: MailId::new(notifier.now, &*notifier.random),
            organization_id: directory.organization_id.clone(),
            notice_id: Some(notice.id.clone()),
            text_sealed: None,
            recipient_domain: mails::domain_of(&admin.email),
            recipient_email: admin.email,
            recipient_name: admin.name,
            state: MailState::Waiting,
            attempts: 0,
            next_at_ms: notifier.now,
            lease_until_ms: None,
            lease_epoch: 0,
            sent_at_ms: None,
            last_error: None,
            created_at_ms: notifier.now,
        })
        .collect();
    mails::insert(tx, &rows)?;
    tracing::warn!(
        directory.id = %directory.id,
        organization.id = %directory.organization_id,
        notice.id = %notice.id,
        notice.kind = %kind,
        failure.class = directory.failure_class().map(FailureClass::as_str),
        mails = rows.len(),
        "a notice was written to the admins"
    );
    tx.emit(event_of(notice, directory));
    Ok(true)
}

/// A notice as the application is told of it (S-43).
fn event_of(notice: Notice, directory: &Directory) -> NewEvent {
    let data = json!({
        "object": "notice",
        "id": notice.id,
        "organization_id": notice.organization_id,
        "directory_id": notice.directory_id,
        "kind": notice.kind,
        "subject": notice.subject,
        "body": notice.body,
        "created_at": notice.created_at_ms.to_string(),
    });
    NewEvent {
        organization_id: notice.organization_id,
        directory_id: notice.directory_id,
        kind: EventKind::NoticeCreated,
        lane: directory.id.to_string(),
        group_lane: None,
        data,
        created_at: notice.created_at_ms,
    }
}
