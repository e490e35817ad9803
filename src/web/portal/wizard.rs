//! The set-up of a connection, step by step in the HR system's own words (L-03, L-04, L-05).

use actix_web::http::StatusCode;
use askama::Template;

use crate::db::directories::Directory;
use crate::db::{DbError, admins, waiting_credentials};
use crate::domain::ids::DirectoryId;
use crate::domain::profile::{CredentialForm, Permission};
use crate::providers;
use crate::texts::{Text, filters, text};
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::portal::directory::{self, Extra};
use crate::web::portal::key::KeyForm;
use crate::web::portal::overview::AdminForm;
use crate::web::portal::page::{self, Frame, directory_path};
use crate::web::portal::preview::PreviewPage;
use crate::web::portal::session::Visitor;

#[derive(Template)]
#[template(path = "portal/wizard.html")]
struct Wizard {
    frame: Frame,
    csrf: String,
    id: DirectoryId,
    title: &'static str,
    /// How many steps there are.
    steps: u32,
    make_title: &'static Text,
    make_steps: &'static [Text],
    permissions: &'static [&'static Permission],
    enter_title: Text,
    webhook_url: Option<String>,
    key: KeyForm,
    preview: Option<PreviewPage>,
    no_admin: bool,
    admin_form: AdminForm,
}

/// The page of a directory that is being set up.
pub async fn render(
    state: &State,
    visitor: &Visitor,
    row: Directory,
    extra: Extra,
    status: StatusCode,
) -> Response {
    let organization = row.organization_id.clone();
    let (id, now) = (row.id.clone(), visitor.now);
    let read = state.context.db.read(move |conn| {
        let waiting = waiting_credentials::find(conn, &id, now)?;
        Ok::<_, DbError>((admins::count(conn, &organization)?, waiting))
    });
    let (count, waiting) = read.await?;
    let (provider, zone) = (row.provider, visitor.zone());
    let profile = providers::profile(provider);
    let webhook_url = directory::webhook_url(&state.context, &row)?;
    let page = Wizard {
        frame: Frame::of(visitor, text("portal-connect").with("hr", provider.title())),
        csrf: visitor.csrf.clone(),
        title: provider.title(),
        steps: if webhook_url.is_some() { 5 } else { 4 },
        make_title: &profile.key_title,
        make_steps: profile.key_steps,
        permissions: profile.permissions,
        enter_title: match profile.credential {
            CredentialForm::KeyPair => text("portal-wizard-enter-pair"),
            CredentialForm::ApiKey => text("portal-wizard-enter"),
        },
        webhook_url,
        key: KeyForm::of(&row, waiting, extra.said, (visitor.now, &zone)),
        preview: extra.preview.map(PreviewPage::of),
        no_admin: count == 0,
        admin_form: AdminForm {
            open: count == 0,
            back: directory_path(&row.id),
            ..AdminForm::default()
        },
        id: row.id,
    };
    page::html(status, &page)
}
