//! The records that HR has to correct or to check, as a list and as a file for a spreadsheet
//! (S-07).

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::db::page::{Order, PageRequest};
use crate::db::row_problems::RowProblem;
use crate::db::{Conn, directories, reports};
use crate::domain::ids::DirectoryId;
use crate::domain::row_problem::Severity;
use crate::limits;
use crate::texts::{Language, Text, filters, text};
use crate::web::http::error::Problem;
use crate::web::http::query::Query;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::pages::page::request;
use crate::web::portal::directory::{name_of_problem, problems_heading, problems_sentences};
use crate::web::portal::messages::When;
use crate::web::portal::page::{self, Frame, Pager, directory_path, own_directory};
use crate::web::portal::session::Visitor;

#[derive(Template)]
#[template(path = "portal/problems.html")]
struct Problems {
    frame: Frame,
    id: DirectoryId,
    title: &'static str,
    heading: Text,
    sentences: Vec<Text>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    name: Text,
    number: String,
    email: String,
    kind: Text,
    message: Text,
    since: When,
}

/// `GET …/problems`.
pub async fn show(
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
        let found = reports::directory::row_problems(conn, &row.id, &page)?;
        let counts = directories::counts(conn, &row.id)?;
        Ok::<_, Problem>((found, counts, row))
    });
    let (found, counts, row) = read.await?;
    let (now, zone) = (visitor.now, visitor.zone());
    let at = format!("{}/problems", directory_path(&row.id));
    let shown = |row: RowProblem| Row {
        name: name_of_problem(&row),
        kind: kind(row.severity),
        message: row.text(),
        number: row.employee_number.map(|number| number.0).unwrap_or_default(),
        email: row.email.unwrap_or_default(),
        since: When::of(row.first_seen_at_ms, now, &zone),
    };
    page::ok(&Problems {
        frame: Frame::of(&visitor, text("portal-to-correct")),
        title: row.provider.title(),
        heading: problems_heading(counts, row.provider.title()),
        sentences: problems_sentences(counts, &row),
        id: row.id,
        pager: Pager::newest_first(&found, &at, &[]),
        rows: found.items.into_iter().map(shown).collect(),
    })
}

/// `GET …/problems.csv`.
pub async fn download(state: State, visitor: Visitor, path: Path<String>) -> Response {
    let id = DirectoryId::from_text(path.into_inner());
    let organization = visitor.organization_id().clone();
    let read = state.context.db.read(move |conn| {
        let row = own_directory(conn, &organization, &id)?;
        all(conn, &row.id)
    });
    let body = csv_of(read.await?).map_err(|error| Problem::Internal(error.to_string()))?;
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"records-to-correct.csv\""))
        .body(body))
}

/// Every problem of a directory, oldest first, up to the bound.
fn all(conn: &mut Conn, id: &DirectoryId) -> Result<Vec<RowProblem>, Problem> {
    let mut rows: Vec<RowProblem> = Vec::new();
    let mut after = None;
    loop {
        let limit = limits::PAGE_ITEMS_MAX;
        let request = PageRequest { limit, after, before: None, order: Order::Asc };
        let page = reports::directory::row_problems(conn, id, &request)?;
        rows.extend(page.items);
        after = page.after;
        if after.is_none() || rows.len() >= limits::PORTAL_CSV_ROWS_MAX {
            return Ok(rows);
        }
    }
}

/// What HR does with a record.
fn kind(severity: Severity) -> Text {
    match severity {
        Severity::Problem => text("portal-to-correct"),
        Severity::Warning => text("portal-to-check"),
    }
}

fn csv_of(rows: Vec<RowProblem>) -> Result<Vec<u8>, csv::Error> {
    // With the mark in front, spreadsheets take it for UTF-8.
    let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    let heads = [
        text("portal-head-name"),
        text("portal-head-employee-number"),
        text("portal-head-email"),
        text("portal-head-kind"),
        text("portal-head-to-do"),
        text("portal-head-since"),
    ];
    writer.write_record(heads.map(|head| head.in_language(Language::default())))?;
    for row in rows {
        let kind = kind(row.severity).in_language(Language::default());
        let message = row.text().in_language(Language::default());
        let number = row.employee_number.map(|number| number.0).unwrap_or_default();
        let since = row.first_seen_at_ms.to_string();
        let email = row.email.unwrap_or_default();
        let cells = [row.name.as_str(), &number, &email, &kind, &message, &since];
        writer.write_record(cells.map(harmless))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// A cell that no spreadsheet takes for a formula.
fn harmless(cell: &str) -> String {
    let starts = ['=', '+', '-', '@', '\t', '\r'];
    if cell.starts_with(starts) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
        }
        assert_eq!(harmless("Ann O'Neil-Lee"), "Ann O'Neil-Lee");
    }
}
