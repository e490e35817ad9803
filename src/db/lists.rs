//! Pages of what belongs to a directory, and of directories themselves, as the API lists them.
//!
//! The rows and all other queries are in the file of each table.

use diesel::prelude::*;

use crate::db::conn::Conn;
use crate::db::directories::Directory;
use crate::db::error::DbError;
use crate::db::holds::Hold;
use crate::db::page::{Page, PageRequest, load_page};
use crate::db::row_problems::RowProblem;
use crate::db::runs::Run;
use crate::db::schema::{directories, holds, row_problems, runs};
use crate::domain::hold::HoldState;
use crate::domain::ids::{DirectoryId, OrganizationId};

/// A page of directories, of one organization or of all.
pub fn directories(
    conn: &mut Conn,
    organization: Option<&OrganizationId>,
    request: &PageRequest,
) -> Result<Page<Directory>, DbError> {
    Ok(load_page!(conn, request, directories::id, |row: &Directory| row.id.as_str(), {
        let mut query = directories::table.select(Directory::as_select()).into_boxed();
        if let Some(organization) = organization {
            query = query.filter(directories::organization_id.eq(organization));
        }
        query
    }))
}

/// A page of the runs of a directory.
pub fn runs(
    conn: &mut Conn,
    directory: &DirectoryId,
    request: &PageRequest,
) -> Result<Page<Run>, DbError> {
    Ok(load_page!(conn, request, runs::id, |row: &Run| row.id.as_str(), {
        runs::table.filter(runs::directory_id.eq(directory)).select(Run::as_select()).into_boxed()
    }))
}

/// A page of the row problems of a directory.
pub fn row_problems(
    conn: &mut Conn,
    directory: &DirectoryId,
    request: &PageRequest,
) -> Result<Page<RowProblem>, DbError> {
    Ok(load_page!(conn, request, row_problems::id, |row: &RowProblem| row.id.as_str(), {
        row_problems::table
            .filter(row_problems::directory_id.eq(directory))
            .select(RowProblem::as_select())
            .into_boxed()
    }))
}

/// A page of the holds of a directory, or of those in one state.
pub fn holds(
    conn: &mut Conn,
    directory: &DirectoryId,
    state: Option<HoldState>,
    request: &PageRequest,
) -> Result<Page<Hold>, DbError> {
    Ok(load_page!(conn, request, holds::id, |row: &Hold| row.id.as_str(), {
        let mut query = holds::table
            .filter(holds::directory_id.eq(directory))
            .select(Hold::as_select())
            .into_boxed();
        if let Some(state) = state {
            query = query.filter(holds::state.eq(state));
        }
        query
    }))
}
