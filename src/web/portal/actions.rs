//! What an admin does with a connection. Each is what the API does, by the same functions of
//! [`crate::sync::setup`] and [`crate::sync::full::preview`]; here it is only asked and shown.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use askama::Template;

use crate::db::directories::Directory;
use crate::domain::directory::{DirectoryState, InactivePolicy, Relink};
use crate::domain::ids::DirectoryId;
use crate::domain::profile::Arrival;
use crate::domain::provider::ProviderKind;
use crate::providers;
use crate::sync::full::preview;
use crate::sync::setup::{self, Checked, KeyState, NewDirectory, SetupError};
use crate::texts::{Text, filters, text};
use crate::web::api::directories::setup_problem::problem;
use crate::web::http::error::Problem;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::portal::directory::{self, Extra};
use crate::web::portal::key::{self, Said};
use crate::web::portal::page::{self, Frame, directory_path, own_directory};
use crate::web::portal::session::{Posted, Visitor};

/// The visitor's own directory with the id in a path.
async fn own(state: &State, visitor: &Visitor, path: Path<String>) -> Result<Directory, Problem> {
    let id = DirectoryId::from_text(path.into_inner());
    let organization = visitor.organization_id().clone();
    let read = state.context.db.read(move |conn| own_directory(conn, &organization, &id));
    read.await
}

/// `POST /portal/directories`: begins a set-up.
pub async fn create(state: State, form: Posted) -> Response {
    let Posted { visitor, fields } = form;
    let provider = ProviderKind::parse(&fields.text("provider"))
        .ok_or_else(|| Problem::invalid("provider", "unknown_value", "unknown"))?;
    let new = NewDirectory {
        organization_id: visitor.organization_id().clone(),
        provider,
        name: None,
        strict: false,
        poll_seconds: None,
        inactive_policy: InactivePolicy::Keep,
        relink: Relink::Ledger,
    };
    let id = match setup::create_directory(&state.context, new, &visitor.acting()).await {
        Ok(id) => {
            visitor.note(&id, "create");
            id
        }
        // Somebody was faster; it is the same set-up.
        Err(SetupError::AlreadyConnected { directory }) => directory,
        Err(error) => return Err(problem(error, &DirectoryId::from_text(""))),
    };
    Ok(page::see_other(&directory_path(&id)))
}

/// `GET` of what only a form can do, such as a page that is loaded again: the directory's page.
pub async fn back(_: Visitor, path: Path<String>) -> Response {
    let id: String = path.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    Ok(page::see_other(&directory_path(&DirectoryId::from_text(id))))
}

/// `POST …/key`: checks a key and stores it when it is good (L-04, L-07).
pub async fn set_key(state: State, path: Path<String>, form: Posted) -> Response {
    let Posted { visitor, fields } = form;
    let row = own(&state, &visitor, path).await?;
    let by = visitor.acting();
    let (said, status) = match key::entered(row.provider, &fields) {
        Err(missing) => (Said::Invalid(missing), StatusCode::UNPROCESSABLE_ENTITY),
        Ok(input) => match setup::set_credential(&state.context, &row.id, input, &by).await {
            Ok(done) => {
                visitor.note(&row.id, "set_key");
                state.activators.runs.wake();
                if done.run_id.is_some() {
                    return Ok(page::see_other(&new_key_path(&row.id)));
                }
                (said_of(done), StatusCode::OK)
            }
            Err(error) => refused(error, &row.id)?,
        },
    };
    let extra = Extra { said, ..Extra::default() };
    directory::render(&state, &visitor, &row.id, extra, status).await
}

/// The page of a directory that has a new key.
fn new_key_path(id: &DirectoryId) -> String {
    format!("{}?done=key", directory_path(id))
}

fn said_of(checked: Checked) -> Said {
    match checked.key {
        KeyState::Stored => Said::Checked(checked.check),
        KeyState::Waits { .. } => Said::Waits(checked.check),
    }
}

/// What is shown on the page when a key is refused; other failures have pages of their own.
fn refused(error: SetupError, id: &DirectoryId) -> Result<(Said, StatusCode), Problem> {
    let said = match error {
        SetupError::CredentialRefused(check) => Said::Refused(*check),
        SetupError::InvalidCredential { message } => Said::Invalid(message),
        SetupError::OtherCompany => Said::Invalid(text("check-other-company")),
        other => return Err(problem(other, id)),
    };
    Ok((said, StatusCode::UNPROCESSABLE_ENTITY))
}

/// `POST …/check`: checks the key, the one that waits for permissions before the stored one.
pub async fn check(state: State, path: Path<String>, form: Posted) -> Response {
    let Posted { visitor, .. } = form;
    let row = own(&state, &visitor, path).await?;
    let (said, status) = match setup::check(&state.context, &row.id, &visitor.acting()).await {
        Ok(found) if found.run_id.is_some() => {
            state.activators.runs.wake();
            return Ok(page::see_other(&new_key_path(&row.id)));
        }
        Ok(found) => (said_of(found), StatusCode::OK),
        Err(error) => refused(error, &row.id)?,
    };
    let extra = Extra { said, ..Extra::default() };
    directory::render(&state, &visitor, &row.id, extra, status).await
}

/// `POST …/preview`: what the first full sync would do (L-05).
pub async fn preview(state: State, path: Path<String>, form: Posted) -> Response {
    let Posted { visitor, .. } = form;
    let row = own(&state, &visitor, path).await?;
    let found = preview::preview(&state.context, &row.id).await.map_err(|e| problem(e, &row.id))?;
    let extra = Extra { preview: Some(found), ..Extra::default() };
    directory::render(&state, &visitor, &row.id, extra, StatusCode::OK).await
}

/// `POST …/complete`: starts the first full sync (L-05).
pub async fn complete(state: State, path: Path<String>, form: Posted) -> Response {
    let Posted { visitor, .. } = form;
    let row = own(&state, &visitor, path).await?;
    match setup::complete_setup(&state.context, &row.id, &visitor.acting()).await {
        // Pressed twice: it is complete either way.
        Ok(_) | Err(SetupError::AlreadyComplete) => {
            visitor.note(&row.id, "complete_setup");
            state.activators.runs.wake();
            Ok(page::see_other(&format!("{}?done=complete", directory_path(&row.id))))
        }
        Err(error) => {
            let (said, status) = refused(error, &row.id)?;
            let extra = Extra { said, ..Extra::default() };
            directory::render(&state, &visitor, &row.id, extra, status).await
        }
    }
}

/// `POST …/sync`: starts a full sync.
pub async fn sync(state: State, path: Path<String>, form: Posted) -> Response {
    let Posted { visitor, .. } = form;
    let row = own(&state, &visitor, path).await?;
    setup::request_sync(&state.context, &row.id, &visitor.acting())
        .await
        .map_err(|e| problem(e, &row.id))?;
    visitor.note(&row.id, "sync");
    state.activators.runs.wake();
    Ok(page::see_other(&format!("{}?done=sync", directory_path(&row.id))))
}

#[derive(Template)]
#[template(path = "portal/disable.html")]
struct Disable {
    frame: Frame,
    csrf: String,
    id: DirectoryId,
    title: &'static str,
    setup: bool,
    webhook: bool,
    error: Option<Text>,
}

impl Disable {
    fn of(visitor: &Visitor, row: &Directory, error: Option<Text>) -> Self {
        let title = text("portal-disable-title").with("hr", row.provider.title());
        Self {
            frame: Frame::of(visitor, title),
            csrf: visitor.csrf.clone(),
            id: row.id.clone(),
            title: row.provider.title(),
            setup: row.state == DirectoryState::Setup,
            webhook: providers::profile(row.provider).arrival == Arrival::Webhook,
            error,
        }
    }
}

/// `GET …/disable`: what it means, and whether one is sure (L-08).
pub async fn ask_disable(state: State, visitor: Visitor, path: Path<String>) -> Response {
    let row = own(&state, &visitor, path).await?;
    if row.state == DirectoryState::Disabled {
        return Ok(page::see_other(&directory_path(&row.id)));
    }
    page::ok(&Disable::of(&visitor, &row, None))
}

/// `POST …/disable`: ends the connection for good (L-08).
pub async fn disable(state: State, path: Path<String>, form: Posted) -> Response {
    let Posted { visitor, fields } = form;
    let row = own(&state, &visitor, path).await?;
    if fields.text("sure") != "yes" {
        let page = Disable::of(&visitor, &row, Some(text("portal-disable-tick")));
        return page::html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    match setup::disable(&state.context, &row.id, &visitor.acting()).await {
        Ok(()) => visitor.note(&row.id, "disable"),
        // Pressed twice: it is disabled either way.
        Err(SetupError::Disabled) => {}
        Err(error) => return Err(problem(error, &row.id)),
    }
    state.activators.runs.wake();
    // Accounts that somebody of another directory has go on with that one (S-26).
    state.activators.clearing.wake();
    Ok(page::see_other(&format!("{}?done=disabled", directory_path(&row.id))))
}
