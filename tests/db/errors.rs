//! What goes wrong is told in the same words on both databases.

use rollcall::db::accounts::Account;
use rollcall::db::{DbError, Lane, accounts, admins, directories, organizations};
use rollcall::domain::ids::OrganizationId;

use crate::rows::{account, admin, directory};
use crate::testdb::{TestDb, on_both, organization};

on_both!(
    a_second_value_is_a_conflict_on_its_column,
    a_stored_word_nobody_knows_is_corrupt,
    what_is_not_there_is_not_found,
);

async fn seeded(t: &TestDb) -> OrganizationId {
    let row = organization(1);
    let id = row.id.clone();
    t.db.write(Lane::Urgent, move |tx| organizations::insert(tx, &row)).await.unwrap();
    id
}

async fn a_second_value_is_a_conflict_on_its_column(t: TestDb) {
    let organization = seeded(&t).await;
    let accounts_at = |n: usize, email: &str, external: &str| Account {
        external_id: Some(external.to_owned()),
        ..account(&format!("account_{n}"), &organization, email)
    };
    let (first, same_email, same_external) = (
        accounts_at(1, "a@example.com", "one"),
        accounts_at(2, "A@Example.com", "two"),
        accounts_at(3, "c@example.com", "one"),
    );
    let db = &t.db;
    db.write(Lane::Urgent, move |tx| accounts::insert(tx, &first)).await.unwrap();
    let conflict = async |row: Account| {
        db.write(Lane::Urgent, move |tx| accounts::insert(tx, &row)).await.unwrap_err()
    };
    let on_email = conflict(same_email).await;
    assert!(on_email.is_conflict_on("email_norm"), "{on_email:?}");
    assert!(!on_email.is_conflict_on("external_id"), "{on_email:?}");
    let on_external = conflict(same_external).await;
    assert!(on_external.is_conflict_on("external_id"), "{on_external:?}");
    assert!(!on_external.is_conflict_on("email_norm"), "{on_external:?}");

    for (number, expected) in [(1, None), (2, Some("open_key"))] {
        let mut row = directory(&format!("directory_{number}"), &organization);
        row.external_key = number.to_string();
        let answer = db.write(Lane::Urgent, move |tx| directories::insert(tx, &row)).await;
        let column = answer.as_ref().err().map(|error| error.is_conflict_on("open_key"));
        assert_eq!(column, expected.map(|_| true), "{answer:?}");
    }
    for (number, expected) in [(1, None), (2, Some("email_norm"))] {
        let row = admin(&format!("admin_{number}"), &organization, "A@example.com");
        let answer = db.write(Lane::Urgent, move |tx| admins::insert(tx, &row)).await;
        let column = answer.as_ref().err().map(|error| error.is_conflict_on("email_norm"));
        assert_eq!(column, expected.map(|_| true), "{answer:?}");
    }
}

async fn a_stored_word_nobody_knows_is_corrupt(t: TestDb) {
    let organization = seeded(&t).await;
    let row = account("account_1", &organization, "a@example.com");
    let id = row.id.clone();
    t.db.write(Lane::Urgent, move |tx| accounts::insert(tx, &row)).await.unwrap();
    for broken in ["attributes = 'secret'", "start_date = 'secret'"] {
        t.at.raw().run(&format!("UPDATE accounts SET {broken}"));
        let id = id.clone();
        let error = t.db.read(move |c| accounts::find(c, &id)).await.unwrap_err();
        assert!(matches!(error, DbError::Corrupt(_)), "{error:?}");
        t.at.raw().run("UPDATE accounts SET attributes = '{}', start_date = NULL");
    }
    t.db.read(move |c| accounts::find(c, &id)).await.unwrap();

    let broken = directory("directory_1", &organization);
    let id = broken.id.clone();
    t.db.write(Lane::Urgent, move |tx| directories::insert(tx, &broken)).await.unwrap();
    t.at.raw().run("UPDATE directories SET failure_class = 'gremlins'");
    let error = t.db.read(move |c| directories::find(c, &id)).await.unwrap_err();
    assert!(matches!(error, DbError::Corrupt(_)), "{error:?}");
}

async fn what_is_not_there_is_not_found(t: TestDb) {
    let nobody = organization(1).id;
    let error = t.db.read(move |c| organizations::find(c, &nobody)).await.unwrap_err();
    assert!(matches!(error, DbError::NotFound), "{error:?}");
}
