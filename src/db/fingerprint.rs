//! What the tables of a database have to look like (O-12).
//!
//! The numbers of migrations say which were run, not what they said then: a database that an edited
//! migration has made has all the numbers and lacks a column. It would start, and fail at the first
//! request that needs it. So the columns are compared with those that this version's migrations
//! make, which are kept beside the code.
//!
//! What this module must not do: change a database.

use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::db::conn::{Conn, on_backend};
use crate::db::error::DbError;

const SQLITE: &str = include_str!("fingerprint_sqlite.txt");
const POSTGRES: &str = include_str!("fingerprint_postgres.txt");

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    value: String,
}

/// Every column of the database's tables, as "table.column type", with "NOT NULL" where that holds,
/// in order.
pub fn columns(conn: &mut Conn) -> Result<Vec<String>, DbError> {
    let sql = match conn {
        Conn::Sqlite(_) => {
            "SELECT m.name || '.' || c.name || ' ' || c.type || \
                CASE WHEN c.\"notnull\" <> 0 THEN ' NOT NULL' ELSE '' END AS value \
             FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
        }
        Conn::Pg(_) => {
            "SELECT c.relname || '.' || a.attname || ' ' \
                || format_type(a.atttypid, a.atttypmod) || \
                CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END AS value \
             FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
             WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped \
                AND c.relnamespace = current_schema()::regnamespace"
        }
    };
    let rows: Vec<Line> = on_backend!(conn, |c| sql_query(sql).load(c))?;
    let mut lines: Vec<String> = rows.into_iter().map(|row| row.value).collect();
    lines.retain(|line| !line.starts_with("sqlite_") && !line.starts_with("__diesel"));
    lines.sort();
    Ok(lines)
}

/// Refuses a database in which no migration has run and that is not empty: it belongs to something
/// else. A PostgreSQL schema may have other tables, but none with our names.
pub fn refuse_foreign(conn: &mut Conn) -> Result<(), DbError> {
    let table = |line: &str| line.split_once('.').map_or("", |(table, _)| table).to_owned();
    let ours: Vec<String> = POSTGRES.lines().map(table).collect();
    let is_sqlite = matches!(conn, Conn::Sqlite(_));
    let there = columns(conn)?;
    let mut tables = there.iter().map(|line| table(line));
    match tables.find(|table| is_sqlite || ours.contains(table)) {
        None => Ok(()),
        Some(table) => Err(DbError::Other(format!(
            "it holds tables that Rollcall has not made ({table}); give it a database of its own \
             (setting database.url)"
        ))),
    }
}

/// Refuses a database that has all migrations and lacks one of the columns.
pub fn check(conn: &mut Conn) -> Result<(), DbError> {
    let expected = match conn {
        Conn::Sqlite(_) => SQLITE,
        Conn::Pg(_) => POSTGRES,
    };
    let there = columns(conn)?;
    match expected.lines().find(|line| !there.iter().any(|found| found == line)) {
        None => Ok(()),
        Some(line) => Err(DbError::Other(format!(
            "its tables are not those of any released Rollcall (missing: {line}); restore a backup \
             that a released version has made, or start with a new database: a full sync brings \
             everybody back"
        ))),
    }
}
