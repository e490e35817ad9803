//! What PostgreSQL's planner knows of our tables, brought up to date where a full sync fills them.
//!
//! PostgreSQL looks at a table by itself within a minute or so, and keeps the plans of prepared
//! statements until then. The first sync of a large company is over by that time: without this, it
//! would ask for each person with the plan that was right for an empty table, and walk everybody.
//! SQLite has no plans that go out of date in this way.
//!
//! Must not: look at a table that has not grown much. A large table is PostgreSQL's own business.

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::db::conn::Conn;
use crate::db::error::DbError;

/// Our tables that have at least doubled since PostgreSQL last looked at them, by their pages.
/// It reads the catalogue and the size of each file, never a table. Who does not own the tables may
/// not ask for it.
const GROWN: &str = "SELECT quote_ident(relname) AS name FROM pg_class \
     WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' \
     AND pg_has_role(relowner, 'USAGE') \
     AND pg_relation_size(oid) / current_setting('block_size')::bigint \
         >= greatest(4, 2 * relpages::bigint) \
     ORDER BY relname";

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Lets PostgreSQL look at the tables that have grown; how many these were.
pub(crate) fn refresh(conn: &mut Conn) -> Result<usize, DbError> {
    let Conn::Pg(pg) = conn else { return Ok(0) };
    let grown: Vec<Table> = diesel::sql_query(GROWN).load(pg)?;
    for table in &grown {
        diesel::sql_query(format!("ANALYZE {}", table.name)).execute(pg)?;
    }
    Ok(grown.len())
}
