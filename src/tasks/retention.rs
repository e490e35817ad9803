//! What is forgotten when, in pieces: each kind of row in a transaction of its own, and never more
//! than [`limits::PRUNE_ROWS_MAX`] of them, so that nobody waits long behind it (S-46).

use crate::clock::Timestamp;
use crate::db::{
    Db, DbError, Lane, Tx, account_changes, actions, deliveries, endpoint_secrets, events,
    idempotent_answers, inbox, operator_sessions, portal_links, portal_sessions,
    waiting_credentials, waits,
};
use crate::limits;
use crate::sync::Context;

/// Forgets rows of one kind that are older than a moment; how many there were.
type Prune = fn(&mut Tx<'_>, Timestamp, i64) -> Result<usize, DbError>;

/// Makes due what a clock that was set back would keep waiting; forgets events, settled hints,
/// noted changes of accounts, actions, deliveries, answers, links into the portal and visits to it
/// that are too old, secrets that have ended and keys that have waited too long; and removes what
/// was deleted from the files (L-08). False when there is nothing more to forget.
pub(super) async fn sweep(cx: &Context) -> Result<bool, DbError> {
    let now = cx.clock.now();
    let mended = waits::mend(&cx.db, now).await?;
    if mended > 0 {
        tracing::warn!(rows = mended, "the clock was set back; what waited too long is due now");
    }
    // What a clock that has jumped calls old may be of yesterday (O-06).
    if !cx.trust.holds_at(now) {
        return Ok(false);
    }
    let days = |days: i64| days.saturating_mul(Timestamp::DAY);
    let kept_ms: [(i64, Prune); 9] = [
        (days(limits::INBOX_DAYS_KEPT), inbox::prune),
        (days(limits::EVENT_DAYS_KEPT), events::prune),
        (days(limits::AUDIT_DAYS_KEPT), account_changes::prune),
        (days(limits::DELIVERY_DAYS_KEPT), deliveries::prune),
        (limits::IDEMPOTENT_ANSWER_MS_MAX, idempotent_answers::prune),
        (limits::PORTAL_ENDED_MS_KEPT, portal_sessions::prune),
        (limits::PORTAL_ENDED_MS_KEPT, portal_links::prune),
        (limits::PORTAL_ENDED_MS_KEPT, operator_sessions::prune),
        (days(limits::ACTION_DAYS_KEPT), actions::prune),
    ];
    let mut forgotten = forget_secrets(&cx.db, now).await?;
    for (kept_ms, prune) in kept_ms {
        let before = now.plus(kept_ms.saturating_neg());
        let work = move |tx: &mut Tx<'_>| prune(tx, before, limits::PRUNE_ROWS_MAX);
        forgotten = forgotten.saturating_add(cx.db.write(Lane::Bulk, work).await?);
    }
    if forgotten == 0
        && let Err(error) = cx.db.scrub().await
    {
        tracing::info!(error = %error, "deleted bytes are in the files until the next sweep");
    }
    Ok(forgotten > 0)
}

async fn forget_secrets(db: &Db, now: Timestamp) -> Result<usize, DbError> {
    let secrets = db.write(Lane::Bulk, move |tx| endpoint_secrets::prune(tx, now)).await?;
    let keys = db.write(Lane::Bulk, move |tx| waiting_credentials::prune(tx, now)).await?;
    Ok(secrets.saturating_add(keys))
}
