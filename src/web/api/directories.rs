//! `/api/v1/directories`: an organization's connections to HR systems (product description §2).
//!
//! What a directory does is decided in [`crate::sync::setup`]; here it is asked and shown.

use actix_web::HttpRequest;
use actix_web::web::Path;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::db::actions::{self, NewAction};
use crate::db::directories::{self, Directory, DirectoryCounts};
use crate::db::page::Page;
use crate::db::reports::directory::DirectoryFilter;
use crate::db::waiting_credentials::{self, WaitingCredential};
use crate::db::{Conn, DbError, Lane, reports};
use crate::domain::action::Action;
use crate::domain::certificate;
use crate::domain::directory::{DirectoryState, InactivePolicy, Relink};
use crate::domain::failure::FailureClass;
use crate::domain::ids::{DirectoryId, OrganizationId};
use crate::domain::notice;
use crate::domain::provider::ProviderKind;
use crate::limits;
use crate::providers::{self, Permission};
use crate::sync::setup::{self, NewDirectory};
use crate::sync::{Context, permissions};
use crate::web::api::{organizations, setup_problem};
use crate::web::auth::Caller;
use crate::web::body::{Members, Text};
use crate::web::error::Problem;
use crate::web::query::Query;
use crate::web::response::{self, Iso8601, Response};
use crate::web::state::State;

/// A directory as it is sent.
#[derive(Debug, Serialize)]
struct DirectoryResponse {
    object: &'static str,
    id: DirectoryId,
    organization_id: OrganizationId,
    provider: ProviderKind,
    name: String,
    state: DirectoryState,
    strict: bool,
    poll_seconds: i64,
    inactive_policy: InactivePolicy,
    relink: Relink,
    webhook_url: Option<String>,
    permissions: Vec<PermissionResponse>,
    credential: Option<CredentialResponse>,
    waiting_credential: Option<WaitingResponse>,
    last_success_at: Option<Iso8601>,
    next_sync_at: Option<Iso8601>,
    failure: Option<FailureResponse>,
    counts: CountsResponse,
    created_at: Iso8601,
    updated_at: Iso8601,
}

/// What a key has to be allowed: shown before one is asked for (L-03).
#[derive(Debug, Serialize)]
struct PermissionResponse {
    permission: &'static str,
    needed_for: &'static str,
    required: bool,
    without: Option<&'static str>,
}

impl From<&Permission> for PermissionResponse {
    fn from(permission: &Permission) -> Self {
        let Permission { name, needed_for, required, without } = *permission;
        let without = (!required).then_some(without);
        Self { permission: name, needed_for, required, without }
    }
}

#[derive(Debug, Serialize)]
struct CredentialResponse {
    last4: String,
    checked_at: Option<Iso8601>,
    /// What the key lacks although it works without.
    missing_permissions: Vec<PermissionResponse>,
}

/// A credential that waits for permissions (L-14).
#[derive(Debug, Serialize)]
struct WaitingResponse {
    last4: String,
    missing_permissions: Vec<String>,
    checked_at: Iso8601,
    expires_at: Iso8601,
}

impl From<WaitingCredential> for WaitingResponse {
    fn from(row: WaitingCredential) -> Self {
        Self {
            last4: row.credential_last4,
            missing_permissions: row.missing_permissions.0,
            checked_at: row.checked_at_ms.into(),
            expires_at: row.expires_at_ms.into(),
        }
    }
}

#[derive(Debug, Serialize)]
struct FailureResponse {
    class: FailureClass,
    message: String,
    since: Option<Iso8601>,
}

#[derive(Debug, Serialize)]
struct CountsResponse {
    active: i64,
    inactive: i64,
    groups: i64,
    row_problems: i64,
    warnings: i64,
    holds: i64,
}

/// What is read of a directory to show it.
struct Found {
    row: Directory,
    counts: DirectoryCounts,
    waiting: Option<WaitingCredential>,
}

impl Found {
    fn load(conn: &mut Conn, row: Directory, now: Timestamp) -> Result<Self, DbError> {
        let counts = directories::counts(conn, &row.id)?;
        let waiting = waiting_credentials::find(conn, &row.id, now)?;
        Ok(Self { row, counts, waiting })
    }
}

fn show(context: &Context, found: Found) -> Result<DirectoryResponse, Problem> {
    let Found { row, counts, waiting } = found;
    let webhook_url = match row.state {
        DirectoryState::Disabled => None,
        _ => setup::webhook_url(context, &row)
            .map_err(|error| Problem::Internal(error.to_string()))?
            .map(|url| url.reveal().to_owned()),
    };
    let missing = permissions::missing(&row);
    let credential = row.credential_last4.map(|last4| CredentialResponse {
        last4,
        checked_at: row.credential_checked_at_ms.map(Iso8601),
        missing_permissions: missing.iter().map(Into::into).collect(),
    });
    let failure = row.failure_class.map(|class| FailureResponse {
        class,
        message: failure_message(row.provider, class, row.failure_detail.as_deref()),
        since: row.failure_since_ms.map(Iso8601),
    });
    Ok(DirectoryResponse {
        object: "directory",
        id: row.id,
        organization_id: row.organization_id,
        provider: row.provider,
        name: row.name,
        state: row.state,
        strict: row.strict,
        poll_seconds: row.poll_seconds,
        inactive_policy: row.inactive_policy,
        relink: row.relink,
        webhook_url,
        permissions: providers::permissions(row.provider).iter().map(Into::into).collect(),
        credential,
        waiting_credential: waiting.map(Into::into),
        last_success_at: row.last_success_at_ms.map(Iso8601),
        next_sync_at: row.next_sync_at_ms.map(Iso8601),
        failure,
        counts: CountsResponse {
            active: counts.active,
            inactive: counts.inactive,
            groups: counts.groups,
            row_problems: counts.row_problems,
            warnings: counts.warnings,
            holds: counts.holds,
        },
        created_at: row.created_at_ms.into(),
        updated_at: row.updated_at_ms.into(),
    })
}

/// What is wrong, in plain words. `detail` is what the HR system called it, or how many records
/// have problems in a strict directory (S-07).
fn failure_message(provider: ProviderKind, class: FailureClass, detail: Option<&str>) -> String {
    let hr = provider.title();
    if let (FailureClass::Malformed, Some(records)) = (class, detail) {
        return format!(
            "{records} to be corrected in {hr}; see row_problems. This directory is strict: \
             nothing is updated before."
        );
    }
    if let Some(fault) = certificate::of_detail(detail) {
        return format!(
            "The TLS certificate of {hr} is not accepted: {fault}. Nothing is sent before it is in \
             order. We try again by ourselves."
        );
    }
    if detail == Some(notice::OTHER_COMPANY) {
        return format!(
            "The key may read another company in {hr}: almost nobody whom it shows is known. \
             Enter the right key, or decide about the open hold of kind other_company."
        );
    }
    let what = match class {
        FailureClass::Credential => format!("{hr} refuses the API key. Enter a new one."),
        FailureClass::Permission => format!("The API key lacks a permission in {hr}."),
        FailureClass::Throttled => format!("{hr} asks us to slow down. We try again by ourselves."),
        FailureClass::Suspended => format!("{hr} says that the company's account is suspended."),
        FailureClass::ProviderDown => {
            format!("{hr} does not answer properly. We try again by ourselves.")
        }
        FailureClass::Malformed => format!("{hr} sent an answer that cannot be understood."),
        FailureClass::Internal => "Something went wrong on our side.".to_owned(),
    };
    match detail {
        Some(detail) if !detail.is_empty() => format!("{what} ({detail})"),
        _ => what,
    }
}

/// Fails with 404 when there is no such directory.
pub(super) fn find(conn: &mut Conn, id: &DirectoryId) -> Result<Directory, Problem> {
    directories::find(conn, id)?.ok_or_else(|| not_found(id))
}

fn not_found(id: &DirectoryId) -> Problem {
    Problem::of_lookup(DbError::NotFound, "Directory", id)
}

/// The id in the path.
pub(super) fn id_of(path: &Path<String>) -> DirectoryId {
    DirectoryId::from_text(path.as_str())
}

async fn load(state: &State, id: &DirectoryId) -> Result<DirectoryResponse, Problem> {
    let (wanted, now) = (id.clone(), state.now());
    let read = state.context.db.read(move |conn| {
        let row = find(conn, &wanted)?;
        Ok::<_, Problem>(Found::load(conn, row, now)?)
    });
    show(&state.context, read.await?)
}

/// `GET /api/v1/directories`.
pub async fn list(state: State, req: HttpRequest) -> Response {
    let mut query = Query::of(&req);
    let page = query.page();
    let organization_id = query.text("organization_id").map(OrganizationId::from_text);
    query.finish()?;
    let filter = DirectoryFilter { organization_id, ..DirectoryFilter::default() };
    let now = state.now();
    let read = state.context.db.read(move |conn| {
        let Page { items, before, after } = reports::directory::directories(conn, &filter, &page)?;
        let items = items.into_iter().map(|row| Found::load(conn, row, now));
        let items = items.collect::<Result<Vec<_>, _>>()?;
        Ok::<_, Problem>(Page { items, before, after })
    });
    let Page { items, before, after } = read.await?;
    let items = items.into_iter().map(|found| show(&state.context, found));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    response::list(Page { items, before, after }, std::convert::identity)
}

/// `POST /api/v1/directories`.
pub async fn create(state: State, caller: Caller, mut body: Members) -> Response {
    let organization: Option<String> = body.required("organization_id");
    let provider: Option<ProviderKind> = body.required("provider");
    let name = body.optional::<Text>("name").map(|text| text.0);
    let strict: Option<bool> = body.optional("strict");
    let poll_seconds: Option<i64> = body.optional("poll_seconds");
    check_poll_seconds(&mut body, poll_seconds);
    let inactive_policy: Option<InactivePolicy> = body.optional("inactive_policy");
    let relink: Option<Relink> = body.optional("relink");
    let (organization, provider) = body.finish_with(organization.zip(provider))?;
    let organization_id = OrganizationId::from_text(organization);
    let wanted = organization_id.clone();
    state.context.db.read(move |conn| organizations::find(conn, &wanted)).await?;
    let new = NewDirectory {
        organization_id,
        provider,
        name,
        strict: strict.unwrap_or(false),
        poll_seconds,
        inactive_policy: inactive_policy.unwrap_or(InactivePolicy::Keep),
        relink: relink.unwrap_or(Relink::Ledger),
    };
    let nobody = DirectoryId::from_text("");
    let id = setup::create_directory(&state.context, new, &caller.actor())
        .await
        .map_err(|error| setup_problem::problem(error, &nobody))?;
    response::created(load(&state, &id).await?)
}

fn check_poll_seconds(body: &mut Members, seconds: Option<i64>) {
    let range = limits::POLL_SECONDS_MIN..=limits::POLL_SECONDS_MAX;
    if seconds.is_some_and(|seconds| !range.contains(&seconds)) {
        let message = format!("must be from {} to {} seconds", range.start(), range.end());
        body.refuse("poll_seconds", "out_of_range", message);
    }
}

/// `GET /api/v1/directories/{id}`.
pub async fn get(state: State, path: Path<String>) -> Response {
    response::ok(load(&state, &id_of(&path)).await?)
}

/// `PATCH /api/v1/directories/{id}`: only the members that are there change.
pub async fn patch(
    state: State,
    caller: Caller,
    path: Path<String>,
    mut body: Members,
) -> Response {
    let (id, now) = (id_of(&path), state.now());
    let name = body.not_null::<Text>("name");
    let strict: Option<bool> = body.not_null("strict");
    let poll_seconds: Option<i64> = body.not_null("poll_seconds");
    check_poll_seconds(&mut body, poll_seconds);
    let inactive_policy: Option<InactivePolicy> = body.not_null("inactive_policy");
    let relink: Option<Relink> = body.not_null("relink");
    body.finish()?;
    let wanted = id.clone();
    let change = move |row: &mut Directory| {
        if let Some(name) = name {
            row.name = name.0;
        }
        row.strict = strict.unwrap_or(row.strict);
        row.inactive_policy = inactive_policy.unwrap_or(row.inactive_policy);
        row.relink = relink.unwrap_or(row.relink);
        if let Some(seconds) = poll_seconds {
            row.poll_seconds = seconds;
            let next = now.plus(seconds.saturating_mul(Timestamp::SECOND));
            row.next_sync_at_ms = row.next_sync_at_ms.map(|due| due.min(next));
        }
        row.updated_at_ms = now;
    };
    let write = state.context.db.write(Lane::Urgent, move |tx| {
        let organization = find(tx, &wanted)?.organization_id;
        tx.lock_organization(&organization)?;
        let mut row = directories::lock(tx, &wanted)?.ok_or_else(|| not_found(&wanted))?;
        if row.state == DirectoryState::Disabled {
            return Err(Problem::DirectoryDisabled);
        }
        let before = row.clone();
        change(&mut row);
        directories::update(tx, &row)?;
        if let Some(action) = changed(&before, &row) {
            actions::record(tx, &NewAction::on_directory(&row, &caller.actor(), action, now))?;
        }
        Ok::<_, Problem>(())
    });
    write.await?;
    response::ok(load(&state, &id).await?)
}

/// What a change of settings is when it is written down; nothing when nothing differs.
fn changed(before: &Directory, after: &Directory) -> Option<Action> {
    let members = [
        ("name", before.name != after.name),
        ("strict", before.strict != after.strict),
        ("poll_seconds", before.poll_seconds != after.poll_seconds),
        ("inactive_policy", before.inactive_policy != after.inactive_policy),
        ("relink", before.relink != after.relink),
    ];
    let differ = members.into_iter().filter(|(_, differs)| *differs);
    let fields: Vec<String> = differ.map(|(name, _)| name.to_owned()).collect();
    (!fields.is_empty()).then_some(Action::DirectoryChanged { fields })
}
