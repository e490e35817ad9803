//! Organizations: a list that can be searched, and one with its admins, directories and notices.
//! From here the operator gets to see what the HR admin sees, by a link of their own.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::web::Path;
use askama::Template;

use crate::clock::Timestamp;
use crate::db::account_problems::{self, TwoAccounts};
use crate::db::admins::{self, Admin};
use crate::db::directories::Directory;
use crate::db::notices::{self, MailState, Notice};
use crate::db::organizations::{self, Organization};
use crate::db::page::PageRequest;
use crate::db::reports;
use crate::db::reports::directory::DirectoryFilter;
use crate::db::reports::operator::Count;
use crate::domain::directory::DirectoryState;
use crate::domain::ids::{NoticeId, OrganizationId};
use crate::limits;
use crate::operations;
use crate::operations::portal_links::{self, ReturnUrls};
use crate::secret::Secret;
use crate::texts::{Text, filters, text};
use crate::web::http::error::Problem;
use crate::web::http::query::Query;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::operator::directories::DirectoryRow;
use crate::web::operator::messages;
use crate::web::operator::page::{self, Frame, Pager};
use crate::web::operator::session::{On, Operator, Posted};
use crate::web::pages::when::When;

#[derive(Template)]
#[template(path = "operator/organizations.html")]
struct Organizations {
    frame: Frame,
    find: String,
    rows: Vec<OrganizationRow>,
    pager: Pager,
}

struct OrganizationRow {
    id: OrganizationId,
    name: String,
    external_id: String,
    tone: &'static str,
    health: Text,
    accounts: String,
    admins: String,
}

/// `GET /operator/organizations`, all or those with a part of a name.
pub async fn list(state: State, operator: Operator, req: HttpRequest) -> Response {
    let mut query = Query::of(&req);
    let page = page::request(&mut query);
    let find = query.text("find").unwrap_or_default().trim().to_owned();
    let search = (!find.is_empty()).then(|| find.clone());
    let read = state.context.db.read(move |conn| {
        let found = organizations::page(conn, None, search.as_deref(), &page)?;
        let ids: Vec<OrganizationId> = found.items.iter().map(|row| row.id.clone()).collect();
        let mut open: HashMap<OrganizationId, Vec<Directory>> = HashMap::new();
        for row in reports::operator::open_directories(conn, &ids)? {
            open.entry(row.organization_id.clone()).or_default().push(row);
        }
        let mut numbers = HashMap::new();
        for id in ids {
            numbers.insert(id.clone(), reports::operator::organization_numbers(conn, &id)?);
        }
        Ok::<_, Problem>((found, open, numbers))
    });
    let (found, mut open, numbers) = read.await?;
    let row = |row: Organization| {
        let directories = open.remove(&row.id).unwrap_or_default();
        let (accounts, admins) = numbers.get(&row.id).copied().unwrap_or_default();
        let (tone, health) = worst(&directories, operator.now);
        OrganizationRow {
            id: row.id,
            name: row.name,
            external_id: row.external_id.unwrap_or_default(),
            tone,
            health,
            accounts: messages::count(accounts),
            admins: messages::count(admins),
        }
    };
    page::ok(&Organizations {
        frame: Frame::at(&operator, text("operator-organizations"), "organizations"),
        pager: Pager::newest_first(&found, "/operator/organizations", &[("find", &find)]),
        rows: found.items.into_iter().map(row).collect(),
        find,
    })
}

/// How the worst of an organization's directories is, with how many there are.
fn worst(directories: &[Directory], now: Timestamp) -> (&'static str, Text) {
    let count = directories.len();
    let is = |state: DirectoryState| directories.iter().any(|row| row.state == state);
    if directories.is_empty() {
        ("idle", text("operator-worst-none"))
    } else if is(DirectoryState::Failing) {
        ("bad", text("operator-worst-failing").with("count", count))
    } else if directories.iter().any(|row| messages::is_silent(row, now)) {
        ("bad", text("operator-worst-silent").with("count", count))
    } else if directories.iter().any(|row| row.failure_class().is_some()) {
        ("warn", text("operator-worst-trying").with("count", count))
    } else if is(DirectoryState::Active) || is(DirectoryState::Validating) {
        ("good", text("operator-worst-in-step").with("count", count))
    } else {
        ("idle", text("operator-worst-in-set-up").with("count", count))
    }
}

#[derive(Template)]
#[template(path = "operator/organization.html")]
struct Page {
    frame: Frame,
    csrf: String,
    id: OrganizationId,
    name: String,
    external_id: String,
    time_zone: String,
    accounts: String,
    /// Accounts that share an address with another.
    twins: Vec<TwoAccounts>,
    /// A link into the portal that was made just now, and until when it is good.
    link: Option<(Secret, When)>,
    admins: Vec<Admin>,
    more_admins: bool,
    directories: Vec<DirectoryRow>,
    more_directories: bool,
    notices: Vec<NoticeRow>,
    more_notices: bool,
}

struct NoticeRow {
    subject: String,
    when: When,
    sent: Text,
}

/// `GET /operator/organizations/{id}`.
pub async fn show(state: State, operator: Operator, path: Path<String>) -> Response {
    let id = OrganizationId::from_text(path.into_inner());
    render(&state, &operator, id, None).await
}

/// `POST /operator/organizations/{id}/portal_link`: a link into the portal, in the answer and
/// nowhere else.
pub async fn make_link(state: State, path: Path<String>, form: Posted) -> Response {
    let id = OrganizationId::from_text(path.into_inner());
    let (by, urls) = (form.visitor.actor(), ReturnUrls::default());
    let made = portal_links::create(&state.context, &by, id.clone(), urls).await?;
    form.visitor.note(On::Organization(&id), "portal_link");
    let until = messages::when(made.expires_at, form.visitor.now);
    render(&state, &form.visitor, id, Some((made.url, until))).await
}

async fn render(
    state: &State,
    operator: &Operator,
    id: OrganizationId,
    link: Option<(Secret, When)>,
) -> Response {
    let now = operator.now;
    let read = state.context.db.read(move |conn| {
        let row = operations::organizations::find(conn, &id)?;
        let first = PageRequest { limit: limits::PORTAL_PAGE_ITEMS, ..PageRequest::default() };
        let admins = admins::page(conn, &id, &first)?;
        let filter = DirectoryFilter { organization_id: Some(id.clone()), ..Default::default() };
        let directories = reports::directory::directories(conn, &filter, &first)?;
        let mut with_numbers = Vec::new();
        for directory in directories.items {
            let numbers = reports::operator::directory_numbers(conn, &directory.id)?;
            with_numbers.push((directory, numbers));
        }
        let notices = notices::page(conn, &id, &first)?;
        let ids: Vec<NoticeId> = notices.items.iter().map(|notice| notice.id.clone()).collect();
        let mails = notices::mails_of(conn, &ids)?;
        let (accounts, _): (Count, Count) = reports::operator::organization_numbers(conn, &id)?;
        let twins = account_problems::of_organization(conn, &id, limits::PORTAL_PAGE_ITEMS)?;
        let more = (admins.after.is_some(), directories.after.is_some(), notices.after.is_some());
        Ok::<_, Problem>((
            row,
            (accounts, twins),
            admins.items,
            with_numbers,
            notices.items,
            mails,
            more,
        ))
    });
    let (row, (accounts, twins), admins, directories, notices, mails, more) = read.await?;
    let name = row.name.clone();
    let directory = |(row, numbers): (Directory, _)| DirectoryRow::of(row, &name, numbers, now);
    let notice = |notice: Notice| NoticeRow {
        sent: sent(&mails, &notice.id),
        when: messages::when(notice.created_at_ms, now),
        subject: notice.subject,
    };
    page::ok(&Page {
        frame: Frame::at(operator, Text::verbatim(&name), "organizations"),
        csrf: operator.csrf.clone(),
        time_zone: row.effective_time_zone().to_owned(),
        id: row.id,
        external_id: row.external_id.unwrap_or_default(),
        accounts: messages::count(accounts),
        twins,
        link,
        admins,
        more_admins: more.0,
        directories: directories.into_iter().map(directory).collect(),
        more_directories: more.1,
        notices: notices.into_iter().map(notice).collect(),
        more_notices: more.2,
        name,
    })
}

/// What became of a notice by mail, in a few words.
fn sent(mails: &[MailState], notice: &NoticeId) -> Text {
    let in_state = |state: &str| {
        let of_notice = mails.iter().filter(|mail| mail.notice_id == *notice);
        of_notice.filter(|mail| mail.state == state).count()
    };
    let sent = in_state("sent");
    let waiting = in_state("waiting").saturating_add(in_state("leased"));
    let given_up = in_state("undelivered");
    let told = [
        (sent, text("operator-mail-sent").with("count", sent)),
        (waiting, text("operator-mail-waiting").with("count", waiting)),
        (given_up, text("operator-mail-given-up").with("count", given_up)),
    ];
    let told = told.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text);
    messages::list(told).unwrap_or_else(|| text("operator-mail-none"))
}
