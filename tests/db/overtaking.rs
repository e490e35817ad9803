//! Overtaking asks only what its indexes answer, however much waits or was delivered.

use rollcall::clock::Timestamp;
use rollcall::db::deliveries::Open;
use rollcall::db::{DbError, Lane, Tx, organizations, overtaking};
use rollcall::domain::endpoint::DeliveryTrigger;
use rollcall::domain::event::Settled;
use rollcall::domain::ids::{DirectoryId, EndpointId};

use crate::plans::{numbers, plan, statements};
use crate::testdb::{TestDb, on_both, organization};

on_both!(a_04_overtaking_reads_no_more_than_it_needs);

/// Deliveries to one endpoint, of which a tenth wait and next to none overtake.
const DELIVERIES: usize = 20_000;

fn fill(t: &TestDb) {
    let mut raw = t.at.raw();
    let numbers = numbers(t.at.engine, DELIVERIES);
    raw.run(
        "INSERT INTO endpoints (id, endpoint_url, status, event_types, legacy_signs_with, \
             dispatched_number, failures, lease_epoch, created_at_ms, updated_at_ms) \
         VALUES ('e', 'https://x.example', 'enabled', '[]', 'new', 0, 0, 0, 0, 0)",
    );
    raw.run(&format!(
        "{numbers} INSERT INTO deliveries (endpoint_id, organization_id, directory_id, \
             delivery_trigger, event_type, lane, barrier, state, attempts, next_at_ms, \
             created_at_ms, ends_access, overtook) \
         SELECT 'e', '{}', 'd' || (i % 20), 'event', 'dsync.user.updated', 'p' || (i % 2000), \
             FALSE, CASE WHEN i % 10 = 0 THEN 'waiting' ELSE 'delivered' END, 0, 0, 0, \
             i % 100 = 0, i % 5000 = 0 FROM n",
        organization(1).id
    ));
    raw.run("ANALYZE");
}

fn open() -> Open {
    Open {
        number: 1_000_000,
        lane: "p0".to_owned(),
        group_lane: None,
        directory_id: Some(DirectoryId::from_text("d1")),
        barrier: false,
        event_type: String::new(),
        delivery_trigger: DeliveryTrigger::Event,
        attempts: 0,
        next_at_ms: Timestamp(0),
        ends_access: false,
        overtook: false,
        refused_since_ms: None,
    }
}

fn all(tx: &mut Tx<'_>) -> Result<(), DbError> {
    let id = EndpointId::from_text("e");
    let marks = overtaking::marks(tx, &id)?;
    assert!(!overtaking::waiting(tx, &marks)?.is_empty());
    overtaking::ends_of_access(tx, &id, &[DirectoryId::from_text("d1")])?;
    overtaking::overtake(tx, &id, (5_000, "p0"), Timestamp(1))?;
    for settled in [Settled::GroupGone, Settled::DirectoryGone, Settled::PersonGone] {
        overtaking::settle(tx, &id, (&open(), settled), Timestamp(1))?;
    }
    Ok(())
}

async fn a_04_overtaking_reads_no_more_than_it_needs(t: TestDb) {
    t.db.write(Lane::Urgent, |tx| organizations::insert(tx, &organization(1))).await.unwrap();
    fill(&t);
    let all = statements(&t.db, all).await;
    assert!(all.len() >= 10, "{all:?}");
    let indexes = ["deliveries_overtook", "deliveries_ends", "deliveries_lane", "PRIMARY KEY"];
    for sql in &all {
        let found = plan(t.at.raw(), sql);
        let reads_all = found.contains("SCAN deliveries") || found.contains("Seq Scan");
        let by_index =
            indexes.iter().any(|index| found.contains(index)) || found.contains("deliveries_pkey");
        assert!(by_index && !reads_all, "{sql}\n{found}");
    }
}
