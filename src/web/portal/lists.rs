//! The people, departments and full syncs of a connection.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::web::Path;
use askama::Template;
use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::db::directory_users::DirectoryUser;
use crate::db::groups::{self, Group};
use crate::db::reports::portal::PeopleFilter;
use crate::db::runs::Run;
use crate::db::{DbError, reports};
use crate::domain::account::Activity;
use crate::domain::directory::RunCounts;
use crate::domain::employee::Unit;
use crate::domain::ids::{DirectoryId, GroupId};
use crate::domain::search::Search;
use crate::limits;
use crate::texts::{Text, filters, text};
use crate::web::http::error::Problem;
use crate::web::http::query::Query;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::portal::chart::{self, Chart};
use crate::web::portal::messages::{self, When};
use crate::web::portal::page::{self, Frame, Pager, directory_path, own_directory, request};
use crate::web::portal::session::Visitor;

#[derive(Template)]
#[template(path = "portal/people.html")]
struct People {
    frame: Frame,
    id: DirectoryId,
    title: &'static str,
    group: Option<Group>,
    find: String,
    /// What is said when nobody is found.
    nobody: Text,
    rows: Vec<Person>,
    pager: Pager,
}

struct Person {
    name: String,
    email: String,
    number: String,
    department: String,
    job: String,
    employed: Text,
}

impl From<DirectoryUser> for Person {
    fn from(user: DirectoryUser) -> Self {
        let record = user.record.0;
        let unit = |unit: Option<Unit>| unit.map(|unit| unit.name).unwrap_or_default();
        Self {
            name: record.display_name(),
            email: record.email.unwrap_or_default(),
            number: user.employee_number.map(|number| number.0).unwrap_or_default(),
            department: unit(record.department),
            job: unit(record.position),
            employed: match (user.state, user.waits_for_start) {
                (Activity::Active, true) => text("portal-employed-not-yet"),
                (Activity::Active, false) => text("portal-employed-yes"),
                (Activity::Inactive, _) => text("portal-employed-no"),
            },
        }
    }
}

/// `GET …/people`, all or those of one `group`, or whom one wants to `find`.
pub async fn people(
    state: State,
    visitor: Visitor,
    path: Path<String>,
    req: HttpRequest,
) -> Response {
    let id = DirectoryId::from_text(path.into_inner());
    let mut query = Query::of(&req);
    let page = request(&mut query);
    let find = query.text("find").unwrap_or_default().trim().to_owned();
    let group = query.text("group").map(GroupId::from_text);
    let filter = PeopleFilter { group: group.clone(), search: Search::of(&find) };
    let organization = visitor.organization_id().clone();
    let read = state.context.db.read(move |conn| {
        let row = own_directory(conn, &organization, &id)?;
        let group =
            match group {
                Some(group) => {
                    let found = reports::portal::group(conn, &row.id, &group)?;
                    Some(found.ok_or_else(|| {
                        Problem::of_lookup(DbError::NotFound, "Department", &group)
                    })?)
                }
                None => None,
            };
        let found = reports::portal::people(conn, &row.id, &filter, &page)?;
        Ok::<_, Problem>((row, group, found))
    });
    let (row, group, found) = read.await?;
    let at = format!("{}/people", directory_path(&row.id));
    let in_group = group.as_ref().map(|group| group.id.to_string()).unwrap_or_default();
    let params = [("find", find.as_str()), ("group", in_group.as_str())];
    page::ok(&People {
        frame: Frame::of(&visitor, text("portal-people")),
        title: row.provider.title(),
        id: row.id,
        nobody: nobody(&at, &find, group.is_some()),
        pager: Pager::of(&found, &at, &params),
        rows: found.items.into_iter().map(Person::from).collect(),
        group,
        find,
    })
}

/// Nobody is found by this in a list, or in one of its departments.
fn nobody(path: &str, find: &str, in_group: bool) -> Text {
    if !in_group {
        return text("portal-people-not-found");
    }
    let query = serde_urlencoded::to_string([("find", find)]).unwrap_or_default();
    let everybody = text("portal-people-not-found-everybody");
    let everybody = page::link(&format!("{path}?{query}"), everybody);
    text("portal-people-not-found-in").with("everybody", everybody)
}

#[derive(Template)]
#[template(path = "portal/groups.html")]
struct Groups {
    frame: Frame,
    id: DirectoryId,
    title: &'static str,
    rows: Vec<GroupRow>,
}

struct GroupRow {
    id: GroupId,
    name: String,
    people: i64,
}

/// `GET …/groups`.
pub async fn groups(state: State, visitor: Visitor, path: Path<String>) -> Response {
    let id = DirectoryId::from_text(path.into_inner());
    let organization = visitor.organization_id().clone();
    let read = state.context.db.read(move |conn| {
        let row = own_directory(conn, &organization, &id)?;
        let sizes = reports::portal::group_sizes(conn, &row.id)?;
        Ok::<_, Problem>((groups::of_directory(conn, &row.id)?, sizes, row))
    });
    let (groups, sizes, row) = read.await?;
    let sizes: HashMap<GroupId, i64> = sizes.into_iter().collect();
    let group = |group: Group| GroupRow {
        people: sizes.get(&group.id).copied().unwrap_or_default(),
        id: group.id,
        name: group.name,
    };
    let mut rows: Vec<GroupRow> = groups.into_iter().map(group).collect();
    rows.sort_by_key(|group| group.name.to_lowercase());
    page::ok(&Groups {
        frame: Frame::of(&visitor, text("portal-groups")),
        title: row.provider.title(),
        id: row.id,
        rows,
    })
}

/// A full sync as it is shown.
pub struct RunRow {
    /// When it ended, or began, or was asked for.
    pub when: When,
    /// Why it ran.
    pub why: Text,
    /// How it looks.
    pub tone: &'static str,
    /// How it ended.
    pub result: Text,
    /// Why it ended so, when that is worth a word.
    pub note: String,
    /// How many people were seen.
    pub seen: u64,
    /// For how many something changed.
    pub changed: u64,
    /// All that was counted.
    pub counts: RunCounts,
}

impl RunRow {
    /// A run as it is shown at this moment.
    #[must_use]
    pub fn of(run: Run, now: Timestamp, zone: &TimeZone) -> Self {
        let at = run.finished_at_ms.or(run.started_at_ms).unwrap_or(run.requested_at_ms);
        let gave_way = chart::gave_way(&run);
        let (tone, result) = messages::outcome(run.state, gave_way);
        Self {
            when: When::of(at, now, zone),
            why: messages::trigger(run.run_trigger),
            tone,
            result,
            note: if gave_way { run.error_message.unwrap_or_default() } else { String::new() },
            seen: run.counts.0.seen,
            changed: chart::changed(&run.counts.0),
            counts: run.counts.0,
        }
    }
}

#[derive(Template)]
#[template(path = "portal/runs.html")]
struct Runs {
    frame: Frame,
    id: DirectoryId,
    title: &'static str,
    chart: Option<Chart>,
    rows: Vec<RunRow>,
    pager: Pager,
}

/// `GET …/runs`.
pub async fn runs(
    state: State,
    visitor: Visitor,
    path: Path<String>,
    req: HttpRequest,
) -> Response {
    let id = DirectoryId::from_text(path.into_inner());
    let page = request(&mut Query::of(&req));
    let organization = visitor.organization_id().clone();
    let read = state.context.db.read(move |conn| {
        let row = own_directory(conn, &organization, &id)?;
        let latest = reports::portal::finished_runs(conn, &row.id, limits::PORTAL_CHART_RUNS)?;
        Ok::<_, Problem>((reports::directory::runs(conn, &row.id, &page)?, latest, row))
    });
    let (found, latest, row) = read.await?;
    let (now, zone) = (visitor.now, visitor.zone());
    let at = format!("{}/runs", directory_path(&row.id));
    page::ok(&Runs {
        frame: Frame::of(&visitor, text("portal-runs")),
        title: row.provider.title(),
        id: row.id,
        chart: Chart::of(&latest, now, &zone),
        pager: Pager::newest_first(&found, &at, &[]),
        rows: found.items.into_iter().map(|run| RunRow::of(run, now, &zone)).collect(),
    })
}
