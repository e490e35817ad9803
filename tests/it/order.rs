//! Answers that overtake each other: the latest question counts, whatever comes last (S-05).

use rollcall::db::directories;
use rollcall::db::directory_users;
use rollcall::db::{DbError, Lane};
use rollcall::domain::audit::Cause;
use rollcall::domain::employee::{EmployeeRecord, ExternalKey, Membership};
use rollcall::domain::ids::DirectoryId;
use rollcall::sandbox::Edit;
use rollcall::sync::apply::{self, Applier, Pass};
use rollcall::sync::guard::Ruling;
use rollcall::sync::plan::{Facts, Observed};
use serde_json::json;

use crate::hr::{agrees_with_hr, person};
use crate::support::{Connected, TestApp, behaviours};

behaviours!(
    s_05_answers_in_any_order_end_in_the_latest,
    s_05_a_slow_full_sync_never_undoes_a_newer_hook,
);

const ANN: &str = "ann.lee@acme.example";

/// Ann as stored.
pub async fn stored(app: &TestApp, connected: &Connected) -> EmployeeRecord {
    let key = app.hr().people().into_iter().find(|it| it.email == ANN).expect("Ann").unique_key;
    let directory = DirectoryId::from_text(connected.directory.as_str());
    let db = app.running.task_context.sync.db.clone();
    let read =
        db.read(move |conn| directory_users::by_keys(conn, &directory, &[ExternalKey(key)], &[]));
    let found: Result<_, DbError> = read.await;
    found.expect("a read").remove(0).record.0
}

/// Numbers of questions that are sent now, in order.
pub async fn ask(app: &TestApp, connected: &Connected, count: i64) -> Vec<i64> {
    let directory = DirectoryId::from_text(connected.directory.as_str());
    let db = app.running.task_context.sync.db.clone();
    let write = db.write(Lane::Urgent, move |tx| {
        let first = directories::take_observation_seqs(tx, &directory, count)?;
        Ok::<_, DbError>((first..).take(usize::try_from(count).unwrap_or(0)).collect())
    });
    write.await.expect("a write")
}

/// Takes an answer in.
pub async fn answer(app: &TestApp, connected: &Connected, seq: i64, record: EmployeeRecord) {
    let directory = DirectoryId::from_text(connected.directory.as_str());
    let cx = app.running.task_context.sync.clone();
    let db = cx.db.clone();
    let write = db.write(Lane::Urgent, move |tx| {
        let directory = directories::lock(tx, &directory)?.expect("the directory");
        tx.lock_organization(&directory.organization_id)?;
        let now = cx.clock.now();
        let applier = Applier {
            directory: &directory,
            now,
            day: &apply::day(tx, &directory.organization_id, now)?,
            random: &*cx.random,
            keys: &cx.keys,
            cause: &Cause::Clock,
            pass: Pass::Whole,
            facts: &Facts::default(),
            limits: cx.guard,
            ruling: Ruling::Alone,
        };
        let seen =
            Observed { seq, record, membership: Membership::NotShown, gone: false, raw_hash: None };
        applier.apply(tx, vec![seen])
    });
    let outcome: Result<_, DbError> = write.await;
    outcome.expect("applied");
}

async fn s_05_answers_in_any_order_end_in_the_latest(app: TestApp) {
    app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = app.connected().await;
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (round, order) in orders.into_iter().enumerate() {
        let record = stored(&app, &connected).await;
        // The second answer has a row problem; it must not let the first one in either.
        let last_names = [Some("Before".to_owned()), None, Some(format!("After{round}"))];
        let seqs = ask(&app, &connected, 3).await;
        for which in order {
            let last_name = last_names[which].clone();
            let record = EmployeeRecord { last_name, ..record.clone() };
            answer(&app, &connected, seqs[which], record.clone()).await;
            // The same answer twice is one.
            let version = app.the_account(&connected, ANN).await["version"].clone();
            answer(&app, &connected, seqs[which], record).await;
            assert_eq!(app.the_account(&connected, ANN).await["version"], version, "{order:?}");
        }
        let account = app.the_account(&connected, ANN).await;
        assert_eq!(account["last_name"], json!(format!("After{round}")), "{order:?}");
        let problems = app.row_problems(&connected).await;
        assert!(problems.iter().all(|problem| problem["email"] != ANN), "{order:?}");
    }
}

async fn s_05_a_slow_full_sync_never_undoes_a_newer_hook(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = app.connected().await;
    let old = stored(&app, &connected).await;
    // The full sync has asked and its answer, as of now, is on its way …
    let asked = ask(&app, &connected, 1).await[0];
    // … when HR changes Ann and the hook is quicker.
    app.edit(&id, Edit { last_name: Some("Ray".to_owned()), ..Edit::default() }).await;
    app.drain().await;
    let account = app.the_account(&connected, ANN).await;
    let events = app.events("").await;
    app.clock.advance(-1_000);
    answer(&app, &connected, asked, old).await;
    assert_eq!(app.the_account(&connected, ANN).await, account);
    assert_eq!(app.events("").await, events);
    agrees_with_hr(&app, &connected).await;
}
