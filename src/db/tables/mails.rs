//! Mails on their way, sent until they arrive (S-43, A-07): one row per notice and admin, and mails
//! with words of their own, which are sealed because they hold a secret.

use diesel::prelude::*;

use crate::clock::{Random, Timestamp};
use crate::db::conn::{Conn, Tx, on_backend};
use crate::db::error::DbError;
use crate::db::notices::Notice;
use crate::db::schema::{mails, notices};
use crate::db::types::text_enum_column;
use crate::domain::ids::{MailId, NoticeId, OrganizationId};
use crate::domain::notice::NoticeText;
use crate::secret::{Keys, Secret, SecretError};
use crate::text_enum;

text_enum! {
    /// How far a mail is.
    MailState {
        /// Waits to be sent.
        Waiting = "waiting",
        /// Is being sent.
        Leased = "leased",
        /// The mail server has taken it.
        Sent = "sent",
        /// Given up; shown as undelivered.
        Undelivered = "undelivered",
    }
}
text_enum_column!(MailState);

/// One mail to one admin.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = mails)]
#[diesel(treat_none_as_default_value = false)]
pub struct Mail {
    /// Its id; the mail's Message-ID is made from it.
    pub id: MailId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The notice whose words it has.
    pub notice_id: Option<NoticeId>,
    /// Its own words, sealed, when it is of no notice; gone once it was sent or given up.
    pub text_sealed: Option<Vec<u8>>,
    /// To whom.
    pub recipient_email: String,
    /// Their name.
    pub recipient_name: String,
    /// How far it is.
    pub state: MailState,
    /// How often it was tried.
    pub attempts: i64,
    /// Not before this moment is it tried.
    pub next_at_ms: Timestamp,
    /// Until when the sender has it.
    pub lease_until_ms: Option<Timestamp>,
    /// Counts up with each claim.
    pub lease_epoch: i64,
    /// When the mail server took it.
    pub sent_at_ms: Option<Timestamp>,
    /// Why the last try failed; no personal data.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at_ms: Timestamp,
    /// Where it is received, see [`domain_of`].
    pub recipient_domain: String,
}

/// The domain of an address, for comparison: what is behind the last `@`, in lower case.
#[must_use]
pub fn domain_of(address: &str) -> String {
    address.rsplit_once('@').map(|(_, domain)| domain.trim().to_lowercase()).unwrap_or_default()
}

/// The words of a mail that is of no notice, sealed for its row.
#[must_use]
pub fn seal_text(keys: &Keys, random: &dyn Random, id: &MailId, text: &NoticeText) -> Vec<u8> {
    let plain = Secret::new(format!("{}\n{}", text.subject, text.body));
    keys.sealing.seal(plain.reveal().as_bytes(), &text_context(id), random)
}

/// The own words of a mail.
pub fn open_text(keys: &Keys, mail: &Mail) -> Result<NoticeText, SecretError> {
    let sealed = mail.text_sealed.as_deref().ok_or(SecretError::Open)?;
    let plain = keys.sealing.open_text(sealed, &text_context(&mail.id))?;
    let (subject, body) = plain.reveal().split_once('\n').ok_or(SecretError::Open)?;
    Ok(NoticeText { subject: subject.to_owned(), body: body.to_owned() })
}

fn text_context(id: &MailId) -> String {
    format!("mail:{id}")
}

/// Stores a notice, unless this episode and cause have one already (S-41); false then.
pub fn insert_notice(
    tx: &mut Tx<'_>,
    notice: &Notice,
    episode_key: Option<&str>,
) -> Result<bool, DbError> {
    let written = on_backend!(&mut **tx, |c| diesel::insert_into(notices::table)
        .values((
            notices::id.eq(&notice.id),
            notices::organization_id.eq(&notice.organization_id),
            notices::directory_id.eq(&notice.directory_id),
            notices::kind.eq(notice.kind),
            notices::episode_key.eq(episode_key),
            notices::subject.eq(&notice.subject),
            notices::body.eq(&notice.body),
            notices::link.eq(&notice.link),
            notices::created_at_ms.eq(notice.created_at_ms),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(written == 1)
}

/// Stores mails.
pub fn insert(tx: &mut Tx<'_>, rows: &[Mail]) -> Result<(), DbError> {
    for chunk in rows.chunks(500) {
        on_backend!(&mut **tx, |c| diesel::insert_into(mails::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// Claims a mail that is due, with its notice if it is of one. Only one mail to a domain is on its
/// way at a time, so a domain that is slow delays no other (S-43). Mails with words of their own go
/// first: their links expire. A dead sender's mail is due again when its claim ends.
pub fn claim(
    tx: &mut Tx<'_>,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<(Mail, Option<Notice>)>, DbError> {
    let busy: Vec<String> = on_backend!(&mut **tx, |c| mails::table
        .filter(mails::state.eq(MailState::Leased))
        .filter(mails::lease_until_ms.ge(now))
        .select(mails::recipient_domain)
        .load(c))?;
    for own_words in [true, false] {
        let Some((mail, notice)) = due(tx, now, &busy, own_words)? else { continue };
        let changed = on_backend!(&mut **tx, |c| diesel::update(
            mails::table.find(&mail.id).filter(mails::lease_epoch.eq(mail.lease_epoch))
        )
        .set((
            mails::state.eq(MailState::Leased),
            mails::lease_until_ms.eq(until),
            mails::lease_epoch.eq(mails::lease_epoch + 1),
            mails::attempts.eq(mails::attempts + 1),
        ))
        .execute(c))?;
        if changed == 1 {
            let attempts = mail.attempts.saturating_add(1);
            let lease_epoch = mail.lease_epoch.saturating_add(1);
            return Ok(Some((Mail { attempts, lease_epoch, ..mail }, notice)));
        }
    }
    Ok(None)
}

/// The first mail that is due, to none of the domains that are `busy`.
fn due(
    tx: &mut Tx<'_>,
    now: Timestamp,
    busy: &[String],
    own_words: bool,
) -> Result<Option<(Mail, Option<Notice>)>, DbError> {
    let is_due = || {
        mails::state
            .eq(MailState::Waiting)
            .and(mails::next_at_ms.le(now))
            .or(mails::state.eq(MailState::Leased).and(mails::lease_until_ms.lt(now)))
    };
    Ok(if own_words {
        on_backend!(&mut **tx, |c| mails::table
            .left_join(notices::table)
            .filter(is_due())
            .filter(mails::recipient_domain.ne_all(busy))
            .filter(mails::notice_id.is_null())
            .order(mails::id.asc())
            .select((Mail::as_select(), Option::<Notice>::as_select()))
            .first(c)
            .optional())?
    } else {
        on_backend!(&mut **tx, |c| mails::table
            .left_join(notices::table)
            .filter(is_due())
            .filter(mails::recipient_domain.ne_all(busy))
            .filter(mails::notice_id.is_not_null())
            .order(mails::id.asc())
            .select((Mail::as_select(), Option::<Notice>::as_select()))
            .first(c)
            .optional())?
    })
}

/// Prolongs a claim; false when it was lost.
pub fn renew(tx: &mut Tx<'_>, mail: &Mail, until: Timestamp) -> Result<bool, DbError> {
    let changed = on_backend!(&mut **tx, |c| diesel::update(
        mails::table
            .find(&mail.id)
            .filter(mails::state.eq(MailState::Leased))
            .filter(mails::lease_epoch.eq(mail.lease_epoch))
    )
    .set(mails::lease_until_ms.eq(until))
    .execute(c))?;
    Ok(changed == 1)
}

/// Notes what became of a try; nothing is written when the claim was lost. Words of its own are
/// kept only while the mail waits.
pub fn record(
    tx: &mut Tx<'_>,
    mail: &Mail,
    state: MailState,
    next_at: Timestamp,
    sent_at: Option<Timestamp>,
    error: Option<&str>,
) -> Result<(), DbError> {
    let text_sealed = mail.text_sealed.as_ref().filter(|_| state == MailState::Waiting);
    on_backend!(&mut **tx, |c| diesel::update(
        mails::table.find(&mail.id).filter(mails::lease_epoch.eq(mail.lease_epoch))
    )
    .set((
        mails::state.eq(state),
        mails::text_sealed.eq(text_sealed),
        mails::next_at_ms.eq(next_at),
        mails::lease_until_ms.eq(None::<Timestamp>),
        mails::sent_at_ms.eq(sent_at),
        mails::last_error.eq(error),
    ))
    .execute(c))?;
    Ok(())
}

/// When the next mail is due.
pub fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, DbError> {
    Ok(on_backend!(conn, |c| mails::table
        .filter(mails::state.eq(MailState::Waiting))
        .select(diesel::dsl::min(mails::next_at_ms))
        .first(c))?)
}
