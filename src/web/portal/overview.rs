//! The first page: the HR systems that this organization may connect (L-01), and who is told of
//! failures (S-45).

use actix_web::http::StatusCode;
use askama::Template;

use crate::db::account_problems::{self, TwoAccounts};
use crate::db::admins::{Admin, all_of};
use crate::db::directories::{self, Directory, DirectoryCounts};
use crate::domain::directory::DirectoryState;
use crate::domain::ids::DirectoryId;
use crate::domain::provider::ProviderKind;
use crate::limits;
use crate::operations::input::{Email, Text as Name};
use crate::operations::{OperationError, admins};
use crate::texts::{Markup, Text, filters, text};
use crate::web::http::error::Problem;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::pages::form::Fields;
use crate::web::portal::messages::{self, Health, When};
use crate::web::portal::page::{self, Frame};
use crate::web::portal::session::{Posted, Visitor};

#[derive(Template)]
#[template(path = "portal/overview.html")]
struct Overview {
    frame: Frame,
    csrf: String,
    organization: String,
    cards: Vec<Card>,
    admins: Vec<Admin>,
    admin_form: AdminForm,
    past: Vec<Past>,
    /// Accounts that share an address with another.
    twins: Vec<TwoAccounts>,
}

struct Card {
    provider: ProviderKind,
    title: &'static str,
    about: Text,
    open: Option<Open>,
}

struct Open {
    id: DirectoryId,
    health: Health,
    action: Text,
    main: bool,
}

struct Past {
    id: DirectoryId,
    title: &'static str,
    when: When,
}

/// The form that adds a person who is told of failures.
#[derive(Default)]
pub struct AdminForm {
    /// Whether it is shown without being asked for.
    pub open: bool,
    /// Where one goes on when it is done.
    pub back: String,
    /// What was entered.
    pub name: String,
    /// What was entered.
    pub email: String,
    /// What is wrong with it.
    pub error: Option<Text>,
}

/// `GET /portal`.
pub async fn show(state: State, visitor: Visitor) -> Response {
    render(&state, &visitor, AdminForm::default(), StatusCode::OK).await
}

async fn render(
    state: &State,
    visitor: &Visitor,
    mut admin_form: AdminForm,
    status: StatusCode,
) -> Response {
    let wanted = visitor.organization_id().clone();
    let read = state.context.db.read(move |conn| {
        let mut rows = Vec::new();
        for row in directories::list(conn, Some(&wanted))? {
            let counts = directories::counts(conn, &row.id)?;
            rows.push((row, counts));
        }
        let twins = account_problems::of_organization(conn, &wanted, limits::PORTAL_PAGE_ITEMS)?;
        Ok::<_, Problem>((rows, all_of(conn, &wanted)?, twins))
    });
    let (rows, admins, twins) = read.await?;
    admin_form.open |= admins.is_empty();
    let zone = visitor.zone();
    let past = rows.iter().rev().filter_map(|(row, _)| {
        let at = row.disabled_at_ms?;
        let when = When::of(at, visitor.now, &zone);
        Some(Past { id: row.id.clone(), title: row.provider.title(), when })
    });
    let page = Overview {
        frame: Frame::at(visitor, text("portal-title"), "overview"),
        csrf: visitor.csrf.clone(),
        organization: visitor.organization.name.clone(),
        past: past.collect(),
        cards: cards(&visitor.organization.allowed_providers.0, &rows),
        admins,
        admin_form,
        twins,
    };
    page::html(status, &page)
}

/// What may be connected, and what is.
fn cards(allowed: &[ProviderKind], rows: &[(Directory, DirectoryCounts)]) -> Vec<Card> {
    let card = |provider: ProviderKind| {
        let is_open = |row: &&(Directory, DirectoryCounts)| {
            row.0.provider == provider && row.0.state != DirectoryState::Disabled
        };
        let open = rows.iter().find(is_open).map(|(row, counts)| open(row, *counts));
        let is_there = open.is_some() || allowed.contains(&provider);
        is_there.then(|| Card {
            provider,
            title: provider.title(),
            about: messages::about(provider),
            open,
        })
    };
    let mut cards: Vec<Card> = ProviderKind::ALL.iter().copied().filter_map(card).collect();
    // What is connected comes first, what could be after it.
    cards.sort_by_key(|card| card.open.is_none());
    cards
}

fn open(row: &Directory, counts: DirectoryCounts) -> Open {
    let title = Text::verbatim(row.provider.title());
    let hr = Markup::default().html("<span class=\"sr\">").text(title).html("</span>");
    let (action, main) = match row.state {
        DirectoryState::Setup => (text("portal-card-setup").with("hr", hr), true),
        DirectoryState::Failing => (text("portal-card-repair").with("hr", hr), true),
        _ if counts.holds > 0 => (text("portal-card-decide").with("hr", hr), true),
        _ => (text("portal-card-open").with("hr", hr), false),
    };
    Open { id: row.id.clone(), health: Health::of(row, counts), action, main }
}

/// `POST /portal/admins`: adds a person who is told of failures.
pub async fn add_admin(state: State, form: Posted) -> Response {
    let Posted { visitor, fields } = form;
    let back = fields.text("back");
    let back = if back.starts_with("/portal/directories/") { back } else { "/portal".to_owned() };
    let organization = visitor.organization_id().clone();
    let by = visitor.acting();
    let wrong = match entered(&fields) {
        Ok((email, name)) => {
            match admins::add(&state.context, &by, organization, email, name).await {
                Ok(admin) => {
                    let by = by.as_str();
                    tracing::info!(admin.id = %admin.id, by, "an admin was added on the portal");
                    return Ok(page::see_other(&back));
                }
                Err(OperationError::EmailTaken) => text("portal-admin-there"),
                Err(other) => return Err(other.into()),
            }
        }
        Err(wrong) => wrong,
    };
    let admin_form = AdminForm {
        open: true,
        back,
        name: fields.text("name"),
        email: fields.text("email"),
        error: Some(wrong),
    };
    render(&state, &visitor, admin_form, StatusCode::UNPROCESSABLE_ENTITY).await
}

fn entered(fields: &Fields) -> Result<(Email, Name), Text> {
    let name = Name::try_from(fields.text("name")).map_err(|_| text("portal-admin-no-name"))?;
    let email = Email::try_from(fields.text("email")).map_err(|_| text("portal-no-email"))?;
    Ok((email, name))
}
