//! Finding people: through indexes alone, however many there are.

use rollcall::db::page::PageRequest;
use rollcall::db::reports::portal::PeopleFilter;
use rollcall::db::{Lane, organizations, reports};
use rollcall::domain::ids::DirectoryId;
use rollcall::domain::search::Search;

use crate::plans::{numbers, plan, statements};
use crate::testdb::{Engine, TestDb, on_both, organization};

on_both!(people_are_found_through_indexes);

/// People of the directory.
const PEOPLE: usize = 20_000;

/// Directories beside it.
const DIRECTORIES: usize = 5_000;

/// So many directories of People HR.
pub fn directories(t: &TestDb, count: usize) {
    let of = organization(1).id;
    t.at.raw().run(&format!(
        "{} INSERT INTO directories (id, organization_id, provider, name, state, strict, \
             poll_seconds, inactive_policy, relink, external_key, credential_generation, \
             observation_seq, failure_tries, created_at_ms, updated_at_ms) \
         SELECT 'directory_' || i, '{of}', 'people_hr', 'HR', 'active', FALSE, 60, 'keep', \
             'ledger', 'key', 0, 0, 0, 0, 0 FROM n",
        numbers(t.at.engine, count)
    ));
}

/// The people of the first directory from `first` (not itself) to `last`. Everybody's names are
/// their own, their e-mails too.
pub fn people(t: &TestDb, first: usize, last: usize) {
    let of = organization(1).id;
    let pad = match t.at.engine {
        Engine::Sqlite => "substr('00000' || i, -6)",
        Engine::Postgres => "lpad(i::TEXT, 6, '0')",
    };
    t.at.raw().run(&format!(
        "{} INSERT INTO directory_users (id, organization_id, directory_id, external_key, \
             key_kind, employee_number, email_norm, first_last, name_order, state, membership, \
             record, listed, observation_seq, version, created_at_ms, updated_at_ms) \
         SELECT 'directory_user_' || {pad}, '{of}', 'directory_1', 'k' || {pad}, 'stable', \
             'PW' || {pad}, 'p' || {pad} || '@x.example', 'ann' || {pad} || ' lee', \
             'lee ann' || {pad} || '\ndirectory_user_' || {pad}, 'active', 'member', '{{}}', \
             TRUE, 1, 1, 0, 0 FROM n WHERE i > {first}",
        numbers(t.at.engine, last)
    ));
}

/// The statement that looks for people.
async fn statement(t: &TestDb) -> String {
    let all = statements(&t.db, |tx| {
        let filter = PeopleFilter { group: None, search: Search::of("nobody") };
        let id = DirectoryId::from_text("directory_1");
        let found = reports::portal::people(tx, &id, &filter, &PageRequest::default())?;
        assert!(found.items.is_empty());
        Ok(())
    });
    let all: Vec<String> = all.await.into_iter().filter(|sql| sql.contains("name_order")).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

async fn people_are_found_through_indexes(t: TestDb) {
    t.db.write(Lane::Urgent, |tx| organizations::insert(tx, &organization(1))).await.unwrap();
    // So many that the database would rather not read all of them.
    directories(&t, DIRECTORIES);
    people(&t, 0, PEOPLE);
    t.at.raw().run("ANALYZE");
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
