//! What is written down of changes of accounts.

use rollcall::clock::Timestamp;
use rollcall::db::account_changes::{self, AccountChange};
use rollcall::db::page::{Order, PageRequest};
use rollcall::db::types::Json;
use rollcall::db::{DbError, Lane, Tx, organizations};
use rollcall::domain::audit::{Cause, Changes, FieldChange, Rule};
use rollcall::domain::employee::ExternalKey;
use rollcall::domain::ids::{AccountChangeId, AccountId, RunId};
use rollcall::limits;
use serde_json::json;

use crate::testdb::{TestDb, on_both, organization};

on_both!(
    any_number_is_stored_in_order_and_given_out_in_pages,
    values_are_forgotten_of_one_account_only,
    old_ones_are_pruned_a_part_at_a_time,
);

async fn run<T: Send + 'static>(
    t: &TestDb,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, DbError> + Send + 'static,
) -> T {
    t.db.write(Lane::Urgent, work).await.unwrap()
}

fn account(number: usize) -> AccountId {
    AccountId::from_text(format!("account_{number}"))
}

fn change(of: usize, version: i64) -> AccountChange {
    let cause = Cause::Run(RunId::from_text("run_1"));
    let change = FieldChange { from: json!(null), to: json!("Lee") };
    AccountChange {
        organization_id: organization(1).id,
        account_id: account(of),
        directory_id: None,
        external_key: Some(ExternalKey("E1".to_owned())),
        cause: cause.kind(),
        cause_id: cause.id(),
        rule: Rule::Followed,
        changes: Json(Changes::from([("last_name".to_owned(), change)])),
        version,
        created_at_ms: Timestamp(version),
    }
}

async fn stored(t: &TestDb, rows: Vec<AccountChange>) {
    run(t, move |tx| {
        organizations::insert(tx, &organization(1))?;
        account_changes::insert_many(tx, &[])?;
        account_changes::insert_many(tx, &rows)
    })
    .await;
}

async fn page(t: &TestDb, of: usize, request: PageRequest) -> (Vec<AccountChange>, Option<String>) {
    let found = run(t, move |tx| account_changes::page(tx, &account(of), &request)).await;
    (found.items.into_iter().map(|numbered| numbered.change).collect(), found.after)
}

async fn any_number_is_stored_in_order_and_given_out_in_pages(t: TestDb) {
    // More than one statement can carry.
    let count = limits::BIND_MAX / 10 + 50;
    stored(&t, (0..count).map(|n| change(n % 2, i64::try_from(n).unwrap())).collect()).await;
    let mut request = PageRequest { limit: 100, order: Order::Asc, ..PageRequest::default() };
    let mut seen = Vec::new();
    loop {
        let (items, after) = page(&t, 1, request.clone()).await;
        assert!(items.iter().all(|item| item.account_id == account(1)));
        seen.extend(items.iter().map(|item| item.version));
        let Some(after) = after else { break };
        assert!(AccountChangeId::from_text(after.as_str()).number().is_some());
        request.after = Some(after);
    }
    let expected: Vec<i64> = (0..count).map(|n| i64::try_from(n).unwrap()).collect();
    assert_eq!(seen, expected.into_iter().filter(|n| n % 2 == 1).collect::<Vec<_>>());
    let (newest, _) = page(&t, 0, PageRequest::default()).await;
    assert_eq!(newest[0].version, i64::try_from((count - 1) / 2 * 2).unwrap());
    assert_eq!(newest[0].changes, change(0, 0).changes);
    assert!(run(&t, |tx| account_changes::any(tx, &account(1))).await);
    assert!(!run(&t, |tx| account_changes::any(tx, &account(2))).await);
}

async fn values_are_forgotten_of_one_account_only(t: TestDb) {
    stored(&t, vec![change(1, 1), change(2, 1), change(1, 2)]).await;
    assert_eq!(run(&t, |tx| account_changes::forget_values(tx, &account(1))).await, 2);
    let (items, _) = page(&t, 1, PageRequest::default()).await;
    assert_eq!(items.len(), 2);
    for item in items {
        assert_eq!((item.changes.0, item.external_key), (Changes::new(), None));
        assert_eq!((item.rule, item.cause_id.as_deref()), (Rule::Followed, Some("run_1")));
    }
    let (others, _) = page(&t, 2, PageRequest::default()).await;
    assert_eq!(others[0].external_key, Some(ExternalKey("E1".to_owned())));
    assert_eq!(others[0].changes, change(2, 1).changes);
}

async fn old_ones_are_pruned_a_part_at_a_time(t: TestDb) {
    // The clock was set back between them.
    stored(&t, [5, 1, 2, 3, 4].into_iter().map(|at| change(1, at)).collect()).await;
    for expected in [3, 1, 0] {
        let pruned = run(&t, |tx| account_changes::prune(tx, Timestamp(5), 3)).await;
        assert_eq!(pruned, expected);
    }
    let (items, _) = page(&t, 1, PageRequest::default()).await;
    assert_eq!(items.iter().map(|item| item.version).collect::<Vec<_>>(), [5]);
}
