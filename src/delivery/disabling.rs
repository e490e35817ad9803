//! The end of an endpoint by its own answers: it said 410, or did nothing but fail for days.
//!
//! An endpoint belongs to the operator, and a notice to an organization. So the operator is told by
//! the log, as an error; and each organization of which something waited gets a notice and its
//! event, which other endpoints and the feed receive if they ask for it by name. No mail
//! goes to the admins of a customer: they cannot repair it.
//!
//! Invariant: state, dead letters, notices and events are one transaction.
//!
//! What this module must not do: enable anything again.

use jiff::tz::TimeZone;
use serde_json::json;

use crate::clock::Timestamp;
use crate::db::endpoints::{self, Endpoint};
use crate::db::notices::Notice;
use crate::db::{DbError, Tx, deliveries, mails, organizations, overtaking};
use crate::delivery::Context;
use crate::domain::endpoint::DisabledReason;
use crate::domain::event::EventKind;
use crate::domain::event::NewEvent;
use crate::domain::ids::{EndpointId, NoticeId, OrganizationId};
use crate::domain::notice::{self, EndpointFacts, NoticeKind};
use crate::limits;
use crate::texts::Language;

/// What the end of an endpoint meant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disabled {
    why: DisabledReason,
    /// Deliveries that waited and are dead now.
    dead: usize,
    /// Organizations that were told.
    told: usize,
}

/// Whom the end of an endpoint concerns: the organizations of what waits for it.
pub(super) fn affected(tx: &mut Tx<'_>, id: &EndpointId) -> Result<Vec<OrganizationId>, DbError> {
    deliveries::organizations_waiting(tx, id, limits::ENDPOINT_NOTICES_MAX)
}

/// Disables an endpoint, gives up what waits for it, and tells of it those whom it concerns.
pub(super) fn switch_off(
    tx: &mut Tx<'_>,
    cx: &Context,
    (endpoint, why): (&Endpoint, DisabledReason),
    affected: &[OrganizationId],
    now: Timestamp,
) -> Result<Disabled, DbError> {
    endpoints::switch_off(tx, &endpoint.id, why, now)?;
    let words = match why {
        DisabledReason::Gone => "the endpoint was disabled: it answered 410",
        DisabledReason::Failing => "the endpoint was disabled: it did nothing but fail for days",
        DisabledReason::ByHand => "the endpoint was disabled",
    };
    let dead = deliveries::discard_waiting(tx, &endpoint.id, words, now)?;
    overtaking::forget(tx, &endpoint.id)?;
    for organization in affected {
        tell(tx, cx, (endpoint, why), organization, now)?;
    }
    Ok(Disabled { why, dead, told: affected.len() })
}

/// Tells the operator.
pub(super) fn log(id: &EndpointId, disabled: &Disabled) {
    tracing::error!(
        endpoint.id = %id,
        reason = disabled.why.as_str(),
        deliveries = disabled.dead,
        notices = disabled.told,
        "an endpoint was disabled because of its answers; what waited for it is dead and can be \
         replayed once it is repaired and enabled"
    );
}

fn tell(
    tx: &mut Tx<'_>,
    cx: &Context,
    (endpoint, why): (&Endpoint, DisabledReason),
    organization: &OrganizationId,
    now: Timestamp,
) -> Result<(), DbError> {
    let organization = organizations::find_any(tx, organization)?;
    let zone = TimeZone::get(organization.effective_time_zone()).unwrap_or(TimeZone::UTC);
    let link = format!("{}/api/v1/endpoints/{}", cx.public_url, endpoint.id);
    let facts = EndpointFacts {
        organization: &organization.name,
        endpoint: &endpoint.id,
        gone: why == DisabledReason::Gone,
        since: endpoint.failing_since_ms.unwrap_or(now),
        zone: &zone,
        link: &link,
    };
    let text = notice::endpoint_disabled(&facts, Language::English);
    let notice = Notice {
        id: NoticeId::new(now, &*cx.random),
        organization_id: organization.id.clone(),
        directory_id: None,
        kind: NoticeKind::EndpointDisabled,
        subject: text.subject,
        body: text.body,
        link,
        created_at_ms: now,
    };
    mails::insert_notice(tx, &notice, None)?;
    tx.emit(NewEvent {
        organization_id: organization.id,
        directory_id: None,
        kind: EventKind::NoticeCreated,
        lane: endpoint.id.to_string(),
        group_lane: None,
        data: json!({
            "object": "notice",
            "id": notice.id,
            "organization_id": notice.organization_id,
            "directory_id": null,
            "kind": notice.kind,
            "subject": notice.subject,
            "body": notice.body,
            "created_at": now.to_string(),
        }),
        created_at: now,
    });
    Ok(())
}
