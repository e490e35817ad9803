//! Finding people: through indexes alone, however many there are.

use std::sync::mpsc;

use diesel::RunQueryDsl as _;
use diesel::connection::{Connection as _, InstrumentationEvent, SimpleConnection as _};
use rollcall::db::page::PageRequest;
use rollcall::db::portal_lists::{self, PeopleFilter};
use rollcall::db::{Conn, Lane, organizations};
use rollcall::domain::ids::DirectoryId;
use rollcall::domain::search::Search;

use crate::testdb::{Engine, Raw, TestDb, on_both, organization};

on_both!(people_are_found_through_indexes);

/// People of the directory.
const PEOPLE: usize = 20_000;

/// Directories beside it.
const DIRECTORIES: usize = 5_000;

/// So many directories, and so many people in one of them, that the database would rather not read
/// all of them.
fn fill(t: &TestDb) {
    let mut raw = t.at.raw();
    let of = organization(1).id;
    let numbers = |until: usize| match t.at.engine {
        Engine::Sqlite => format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {until})"
        ),
        Engine::Postgres => format!("WITH n (i) AS (SELECT generate_series(1, {until}))"),
    };
    raw.run(&format!(
        "{} INSERT INTO directories (id, organization_id, provider, name, state, strict, \
             poll_seconds, inactive_policy, relink, external_key, credential_generation, \
             observation_seq, failure_tries, created_at_ms, updated_at_ms) \
         SELECT 'directory_' || i, '{of}', 'people_hr', 'HR', 'active', FALSE, 60, 'keep', \
             'ledger', 'key', 0, 0, 0, 0, 0 FROM n",
        numbers(DIRECTORIES)
    ));
    // Everybody's names are their own, their e-mails too.
    let pad = match t.at.engine {
        Engine::Sqlite => "substr('00000' || i, -6)",
        Engine::Postgres => "lpad(i::TEXT, 6, '0')",
    };
    raw.run(&format!(
        "{} INSERT INTO directory_users (id, organization_id, directory_id, external_key, \
             key_kind, employee_number, email_norm, first_last, name_order, state, membership, \
             record, listed, observation_seq, version, created_at_ms, updated_at_ms) \
         SELECT 'directory_user_' || {pad}, '{of}', 'directory_1', 'k' || {pad}, 'stable', \
             'PW' || {pad}, 'p' || {pad} || '@x.example', 'ann' || {pad} || ' lee', \
             'lee ann' || {pad} || '\ndirectory_user_' || {pad}, 'active', 'member', '{{}}', \
             TRUE, 1, 1, 0, 0 FROM n",
        numbers(PEOPLE)
    ));
    raw.run("ANALYZE");
}

/// The statement that looks for people.
async fn statement(t: &TestDb) -> String {
    let (tell, told) = mpsc::channel();
    let read = t.db.read(move |conn| {
        let watch = move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                let _ = tell.send(query.to_string());
            }
        };
        match conn {
            Conn::Sqlite(c) => c.set_instrumentation(watch),
            Conn::Pg(c) => c.set_instrumentation(watch),
        }
        let filter = PeopleFilter { group: None, search: Search::of("nobody") };
        let id = DirectoryId::from_text("directory_1");
        let found = portal_lists::people(conn, &id, &filter, &PageRequest::default());
        let nothing = |_: InstrumentationEvent<'_>| {};
        match conn {
            Conn::Sqlite(c) => c.set_instrumentation(nothing),
            Conn::Pg(c) => c.set_instrumentation(nothing),
        }
        found
    });
    assert!(read.await.unwrap().items.is_empty());
    let all: Vec<String> = told.try_iter().filter(|sql| sql.contains("name_order")).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].split(" -- binds").next().unwrap().to_owned()
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
fn plan(raw: Raw, sql: &str) -> String {
    match raw {
        Raw::Sqlite(mut c) => {
            let lines: Vec<Line> =
                diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(&mut c).unwrap();
            lines.into_iter().flat_map(|line| [line.detail, "\n".to_owned()]).collect()
        }
        Raw::Postgres(mut c) => {
            c.batch_execute("SET plan_cache_mode = force_generic_plan").unwrap();
            c.batch_execute(&format!("PREPARE looking AS {sql}")).unwrap();
            let texts = ["'x'"; 10].join(", ");
            let values = format!("'directory_1', TRUE, {texts}, '', 51");
            let explain = format!("EXPLAIN EXECUTE looking ({values})");
            let lines: Vec<PgLine> = diesel::sql_query(explain).load(&mut c).unwrap();
            lines.into_iter().flat_map(|line| [line.detail, "\n".to_owned()]).collect()
        }
    }
}

async fn people_are_found_through_indexes(t: TestDb) {
    t.db.write(Lane::Urgent, |tx| organizations::insert(tx, &organization(1))).await.unwrap();
    fill(&t);
    let sql = statement(&t).await;
    let found = plan(t.at.raw(), &sql);
    for index in ["first_last", "name_order", "email", "number"] {
        assert!(found.contains(&format!("directory_users_{index}")), "{found}");
    }
    // What is being cleared away is left out; that list is read from its own partial index.
    assert!(found.contains("directories_clearing"), "{found}");
    assert!(!found.contains("Seq Scan on directories"), "{found}");
    let reads_all = ["SCAN directory_users", "Seq Scan on directory_users", "directory_users_pkey"];
    assert!(!reads_all.iter().any(|part| found.contains(part)), "{found}");
    // By something that no index has, everybody is read; so this can fail.
    let found = plan(t.at.raw(), &sql.replace("first_last", "record"));
    assert!(reads_all.iter().any(|part| found.contains(part)), "{found}");
}
