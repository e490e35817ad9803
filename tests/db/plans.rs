//! How a database would run what the gateway asks it.

use std::sync::mpsc;

use diesel::RunQueryDsl as _;
use diesel::connection::{Connection as _, InstrumentationEvent, SimpleConnection as _};
use rollcall::db::{Conn, Db, DbError, Lane, Tx};

use crate::testdb::{Engine, Raw};

fn watch(conn: &mut Conn, with: impl Fn(InstrumentationEvent<'_>) + Send + 'static) {
    match conn {
        Conn::Sqlite(c) => c.set_instrumentation(with),
        Conn::Pg(c) => c.set_instrumentation(with),
    }
}

/// The numbers up to one, as a table `n` with the column `i`, to begin a statement with.
pub fn numbers(engine: Engine, until: usize) -> String {
    match engine {
        Engine::Sqlite => format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {until})"
        ),
        Engine::Postgres => format!("WITH n (i) AS (SELECT generate_series(1, {until}))"),
    }
}

/// Runs this inside a transaction; the statements it has sent, without their values.
pub async fn statements(
    db: &Db,
    work: impl FnOnce(&mut Tx<'_>) -> Result<(), DbError> + Send + 'static,
) -> Vec<String> {
    let (tell, told) = mpsc::channel();
    let done = db.write(Lane::Urgent, move |tx| {
        watch(tx, move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                let _ = tell.send(query.to_string());
            }
        });
        let done = work(tx);
        watch(tx, |_| {});
        done
    });
    done.await.unwrap();
    let bare = |sql: String| sql.split(" -- binds").next().unwrap().to_owned();
    told.try_iter().map(bare).filter(|sql| !sql.contains("SAVEPOINT")).collect()
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

#[derive(diesel::QueryableByName)]
struct PgLine {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    detail: String,
}

/// How the database would run it. PostgreSQL is asked for the plan that it makes without looking at
/// the values, which is the worse one.
pub fn plan(raw: Raw, sql: &str) -> String {
    match raw {
        Raw::Sqlite(mut c) => {
            let lines: Vec<Line> =
                diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(&mut c).unwrap();
            lines.into_iter().flat_map(|line| [line.detail, "\n".to_owned()]).collect()
        }
        Raw::Postgres(mut c) => {
            c.batch_execute("SET plan_cache_mode = force_generic_plan").unwrap();
            c.batch_execute(&format!("PREPARE looking AS {sql}")).unwrap();
            let count = (1..100).take_while(|n| sql.contains(&format!("${n}"))).count();
            let values = vec!["NULL"; count].join(", ");
            let values = if count == 0 { values } else { format!("({values})") };
            let explain = format!("EXPLAIN EXECUTE looking {values}");
            let lines: Vec<PgLine> = diesel::sql_query(explain).load(&mut c).unwrap();
            lines.into_iter().flat_map(|line| [line.detail, "\n".to_owned()]).collect()
        }
    }
}
