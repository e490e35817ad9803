//! Events: a reader that follows them sees each exactly once and in order.

use std::collections::BTreeSet;

use rollcall::clock::Timestamp;
use rollcall::db::events::{self, EventFilter};
use rollcall::db::page::{Order, PageRequest};
use rollcall::db::{Db, DbError, Lane, Tx, organizations};
use rollcall::domain::event::EventKind;
use rollcall::domain::event::NewEvent;
use rollcall::domain::ids::{EventId, OrganizationId};
use serde_json::json;

use crate::testdb::{TestDb, on_both, organization};

on_both!(
    a_follower_sees_each_event_once_and_in_order,
    a_page_is_filtered,
    old_events_are_pruned_in_parts,
    an_event_and_its_cause_are_stored_together_or_not_at_all,
);

const WRITERS: usize = 6;
const WRITES: usize = 30;

fn event(organization: &OrganizationId, kind: EventKind, tag: &str, at: i64) -> NewEvent {
    NewEvent {
        organization_id: organization.clone(),
        directory_id: None,
        kind,
        lane: "lane".to_owned(),
        group_lane: None,
        data: json!(tag),
        created_at: Timestamp(at),
    }
}

fn asc(after: Option<EventId>, limit: i64) -> PageRequest {
    let after = after.map(|id| id.to_string());
    PageRequest { limit, after, order: Order::Asc, ..PageRequest::default() }
}

async fn seed(t: &TestDb, numbers: &'static [usize]) {
    let work = move |tx: &mut Tx<'_>| {
        numbers.iter().try_for_each(|n| organizations::insert(tx, &organization(*n)))
    };
    t.db.write(Lane::Urgent, work).await.unwrap();
}

/// Writes with one to three events each; every fourth is rolled back, every seventh panics.
async fn write_many(db: Db, writer: usize) -> Vec<String> {
    let mut told = Vec::new();
    for number in 0..WRITES {
        let tags: Vec<String> =
            (0..=number % 3).map(|n| format!("\"{writer}-{number}-{n}\"")).collect();
        let inside = tags.clone();
        let work = move |tx: &mut Tx<'_>| {
            for tag in &inside {
                let tag = tag.trim_matches('"');
                tx.emit(event(&organization(1).id, EventKind::UserUpdated, tag, 0));
            }
            assert!(number % 7 != 6, "on purpose");
            if number % 4 == 3 { Err(DbError::NotFound) } else { Ok(()) }
        };
        if db.write(Lane::Urgent, work).await.is_ok() {
            told.extend(tags);
        }
    }
    told
}

async fn a_follower_sees_each_event_once_and_in_order(t: TestDb) {
    seed(&t, &[1]).await;
    let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (db, ended) = (t.db.clone(), std::sync::Arc::clone(&done));
    let follower = tokio::spawn(async move {
        let mut seen: Vec<events::Event> = Vec::new();
        loop {
            // Asked before the page, so that the last page is read after the last write.
            let last = ended.load(std::sync::atomic::Ordering::SeqCst);
            let after = seen.last().map(|event| event.id.clone());
            let request = asc(after, 7);
            let filter = EventFilter::default();
            let page = db.read(move |c| events::page(c, &filter, &request)).await.unwrap();
            if page.items.is_empty() && last {
                return seen;
            }
            seen.extend(page.items);
        }
    });
    let writers = (0..WRITERS).map(|n| tokio::spawn(write_many(t.db.clone(), n)));
    let mut told = BTreeSet::new();
    for writer in futures_util::future::join_all(writers).await {
        told.extend(writer.unwrap());
    }
    done.store(true, std::sync::atomic::Ordering::SeqCst);
    let seen = follower.await.unwrap();

    let numbers: Vec<i64> = seen.iter().map(|event| event.id.number().unwrap()).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "out of order: {numbers:?}");
    let stored: Vec<i64> =
        t.at.raw()
            .values("SELECT CAST(number AS TEXT) AS value FROM events ORDER BY number")
            .iter()
            .map(|number| number.parse().unwrap())
            .collect();
    assert_eq!(numbers, stored);
    let tags: BTreeSet<String> = seen.iter().map(|event| event.data.clone()).collect();
    assert_eq!(tags.len(), seen.len(), "an event was stored twice");
    assert_eq!(tags, told);
}

async fn a_page_is_filtered(t: TestDb) {
    seed(&t, &[1, 2]).await;
    let kinds = [EventKind::UserCreated, EventKind::UserUpdated, EventKind::HoldOpened];
    for number in 0..12_usize {
        let at = i64::try_from(number).unwrap();
        let new = event(&organization(1 + number % 2).id, kinds[number % 3], "x", at);
        let work = move |tx: &mut Tx<'_>| {
            tx.emit(new);
            Ok::<_, DbError>(())
        };
        t.db.write(Lane::Urgent, work).await.unwrap();
    }
    let page = async |filter: EventFilter, request: PageRequest| -> Vec<i64> {
        let page = t.db.read(move |c| events::page(c, &filter, &request)).await.unwrap();
        page.items.iter().map(|event| event.id.number().unwrap()).collect()
    };
    let all = EventFilter::default();
    assert_eq!(page(all.clone(), asc(None, 100)).await, (1..=12).collect::<Vec<_>>());
    assert_eq!(page(all.clone(), asc(None, 5)).await, [1, 2, 3, 4, 5]);
    let after = |number| asc(Some(EventId::from_number(number)), 2);
    assert_eq!(page(all.clone(), after(9)).await, [10, 11]);
    assert!(page(all.clone(), after(12)).await.is_empty());
    assert!(page(all.clone(), asc(Some(EventId::from_text("x")), 2)).await.is_empty());
    let newest = PageRequest { limit: 2, ..PageRequest::default() };
    assert_eq!(page(all.clone(), newest).await, [12, 11]);
    let organization_id = Some(organization(2).id);
    let of_second = EventFilter { organization_id, ..all.clone() };
    assert_eq!(page(of_second, asc(None, 100)).await, [2, 4, 6, 8, 10, 12]);
    let types = vec!["dsync.user.created".to_owned(), "rollcall.hold.opened".to_owned()];
    let organization_id = Some(organization(1).id);
    let of_types = EventFilter { types, organization_id, ..all.clone() };
    assert_eq!(page(of_types, asc(None, 100)).await, [1, 3, 7, 9]);
    // Number n happened at the moment n - 1; the end of a range does not belong to it.
    let (from, until) = (Some(Timestamp(3)), Some(Timestamp(6)));
    let ranged = EventFilter { from, until, ..all };
    assert_eq!(page(ranged, asc(None, 100)).await, [4, 5, 6]);
}

async fn old_events_are_pruned_in_parts(t: TestDb) {
    seed(&t, &[1]).await;
    // A clock that went back: number 3 is younger than number 4.
    for at in [10, 20, 90, 30, 40, 50] {
        let work = move |tx: &mut Tx<'_>| {
            tx.emit(event(&organization(1).id, EventKind::UserUpdated, "x", at));
            Ok::<_, DbError>(())
        };
        t.db.write(Lane::Urgent, work).await.unwrap();
    }
    let prune = async || {
        let work = |tx: &mut Tx<'_>| events::prune(tx, Timestamp(50), 3);
        t.db.write(Lane::Bulk, work).await.unwrap()
    };
    assert_eq!(prune().await, 3);
    assert_eq!(t.db.read(events::oldest_number).await.unwrap(), Some(3));
    assert_eq!(prune().await, 1);
    assert_eq!(prune().await, 0);
    let left = "SELECT CAST(number AS TEXT) AS value FROM events ORDER BY number";
    assert_eq!(t.at.raw().values(left), ["3", "6"]);
}

async fn an_event_and_its_cause_are_stored_together_or_not_at_all(t: TestDb) {
    seed(&t, &[1]).await;
    // The event cannot be stored: nobody has the organization it names.
    let work = |tx: &mut Tx<'_>| {
        organizations::insert(tx, &organization(2))?;
        tx.emit(event(&organization(9).id, EventKind::UserCreated, "x", 0));
        Ok::<_, DbError>(())
    };
    t.db.write(Lane::Urgent, work).await.unwrap_err();
    t.db.take_in(work).await.unwrap_err();
    assert_eq!(t.at.raw().organizations().len(), 1);
    assert_eq!(t.db.read(events::oldest_number).await.unwrap(), None);
    // And its number is not lost for a reader: the next event follows without a gap.
    let work = |tx: &mut Tx<'_>| {
        tx.emit(event(&organization(1).id, EventKind::UserCreated, "x", 0));
        Ok::<_, DbError>(())
    };
    t.db.write(Lane::Urgent, work).await.unwrap();
    assert_eq!(t.db.read(events::oldest_number).await.unwrap(), Some(1));
}
