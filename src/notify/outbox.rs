//! Sends the mails that wait, until each is taken or given up (S-43, A-07).
//!
//! Invariants: a notice is lost only after its last try, and is then shown as undelivered; a dead
//! process' mails are sent by another. A mail with words of its own carries a link that expires: it
//! is given up when the link is of no use any more.
//!
//! What this module must not do: write notices (`sync::failure` does, with what they tell of).

use crate::clock::{Random, Timestamp};
use crate::db::lease::while_renewing;
use crate::db::mails::{self, Mail, MailState};
use crate::db::notices::Notice;
use crate::db::{Db, DbError, Lane, organizations};
use crate::domain::notice::NoticeText;
use crate::domain::retry;
use crate::limits;
use crate::notify::mail::NoticeMail;
use crate::notify::smtp::{Mailer, SendErrorKind};
use crate::secret::{Keys, SecretError};

/// The time and the randomness that sending needs.
pub trait Moment: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
    /// Randomness for jitter.
    fn random(&self) -> &dyn Random;
}

/// What a mail says: its own words, else those of its notice.
fn text_of(keys: &Keys, mail: &Mail, notice: Option<Notice>) -> Result<NoticeText, SecretError> {
    if let Some(notice) = notice {
        return Ok(NoticeText { subject: notice.subject, body: notice.body });
    }
    mails::open_text(keys, mail)
}

/// A mail on its way.
pub struct Claim {
    mail: Mail,
    notice: Option<Notice>,
    organization: String,
}

/// Sends the next mail that is due; false when there is none.
pub async fn step(
    db: &Db,
    keys: &Keys,
    moment: &dyn Moment,
    mailer: &Mailer,
) -> Result<bool, DbError> {
    let Some(claim) = claim_next(db, moment).await? else { return Ok(false) };
    deliver(db, keys, moment, mailer, claim).await?;
    Ok(true)
}

/// Claims the next mail that is due.
pub async fn claim_next(db: &Db, moment: &dyn Moment) -> Result<Option<Claim>, DbError> {
    let now = moment.now();
    let until = now.plus(limits::LEASE_MS_MAX);
    db.write(Lane::Urgent, move |tx| {
        let Some((mail, notice)) = mails::claim(tx, now, until)? else { return Ok(None) };
        let organization = organizations::find_any(tx, &mail.organization_id)?.name;
        Ok(Some(Claim { mail, notice, organization }))
    })
    .await
}

/// Sends a mail that was claimed.
pub async fn deliver(
    db: &Db,
    keys: &Keys,
    moment: &dyn Moment,
    mailer: &Mailer,
    claim: Claim,
) -> Result<(), DbError> {
    let Claim { mail, notice, organization } = claim;
    let now = moment.now();
    let age_ms = now.since(mail.created_at_ms);
    if notice.is_none() && age_ms >= limits::PORTAL_MAIL_LINK_MS_MAX {
        return give_up(db, mail, "its link has expired", now).await;
    }
    match text_of(keys, &mail, notice) {
        Ok(text) => send(db, moment, mailer, mail, text, organization).await,
        Err(_) => give_up(db, mail, "its sealed words cannot be opened", now).await,
    }
}

/// Gives up a mail that is not worth another try.
async fn give_up(db: &Db, mail: Mail, why: &'static str, now: Timestamp) -> Result<(), DbError> {
    tracing::warn!(mail.id = %mail.id, reason = why, "a mail was given up");
    db.write(Lane::Urgent, move |tx| {
        mails::record(tx, &mail, MailState::Undelivered, now, None, Some(why))
    })
    .await
}

async fn send(
    db: &Db,
    moment: &dyn Moment,
    mailer: &Mailer,
    mail: Mail,
    text: NoticeText,
    organization: String,
) -> Result<(), DbError> {
    let message = NoticeMail {
        id: mail.id.clone(),
        to_name: mail.recipient_name.clone(),
        to_address: mail.recipient_email.clone(),
        organization,
        text,
        // The notice was written in the same moment.
        date: mail.created_at_ms,
    };
    let renew = || {
        let (mail, until) = (mail.clone(), moment.now().plus(limits::LEASE_MS_MAX));
        db.write(Lane::Urgent, move |tx| mails::renew(tx, &mail, until))
    };
    let outcome = while_renewing(mailer.send(&message), renew).await;
    let now = moment.now();
    let attempt = u32::try_from(mail.attempts).unwrap_or(u32::MAX);
    let (state, next_at, sent_at, error) = match outcome {
        Ok(()) => (MailState::Sent, now, Some(now), None),
        Err(error) => {
            let again = match error.kind {
                SendErrorKind::Temporary => retry::retry_delay_ms(attempt, moment.random()),
                SendErrorKind::Permanent => None,
            };
            let state = if again.is_some() { MailState::Waiting } else { MailState::Undelivered };
            (state, now.plus(again.unwrap_or(0)), None, Some(error.reason))
        }
    };
    if let Some(reason) = &error {
        tracing::warn!(mail.id = %mail.id, mail.state = %state, reason, "a mail was not taken");
    }
    db.write(Lane::Urgent, move |tx| {
        mails::record(tx, &mail, state, next_at, sent_at, error.as_deref())
    })
    .await
}
