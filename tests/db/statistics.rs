//! PostgreSQL's planner knows of tables that a full sync has filled (S-46).

use rollcall::db::{Lane, directory_users, organizations};
use rollcall::domain::employee::EmployeeNumber;
use rollcall::domain::ids::DirectoryId;

use crate::plans::{plan, statements};
use crate::search::{directories, people};
use crate::testdb::{Engine, TestDb, on_both, organization};

on_both!(s_46_a_table_that_was_filled_is_looked_at);

async fn s_46_a_table_that_was_filled_is_looked_at(t: TestDb) {
    let looked_at = async || t.db.refresh_statistics().await.unwrap();
    assert_eq!(looked_at().await, 0, "nothing is in any table");
    t.db.write(Lane::Urgent, |tx| organizations::insert(tx, &organization(1))).await.unwrap();
    directories(&t, 1);
    people(&t, 0, 2_000);
    let found = looked_at().await;
    assert_eq!(looked_at().await, 0, "a second look has nothing to do");
    if t.at.engine == Engine::Sqlite {
        assert_eq!(found, 0, "SQLite keeps no plan that goes out of date");
        return;
    }
    assert_eq!(found, 1, "the table of people has grown");
    let all = statements(&t.db, |tx| {
        let numbers = [EmployeeNumber("nobody".to_owned())];
        let found =
            directory_users::by_keys(tx, &DirectoryId::from_text("directory_1"), &[], &numbers)?;
        assert!(found.is_empty());
        Ok(())
    })
    .await;
    let by_number = plan(t.at.raw(), all.last().unwrap());
    assert!(by_number.contains("directory_users_number"), "{by_number}");
    people(&t, 2_000, 2_500);
    assert_eq!(looked_at().await, 0, "it has grown by a quarter");
    people(&t, 2_500, 5_000);
    assert_eq!(looked_at().await, 1, "it has doubled");
}
