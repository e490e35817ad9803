//! Does an endpoint that hangs or fails delay the others? A program that prints a table.
//!
//! `cargo bench --bench deliveries` (some four minutes). Real receivers on loopback, a real SQLite
//! file, and the parts that the gateway delivers with, in one process. Things happen to many people
//! at a steady pace; what is measured is the time from just before an event's transaction until its
//! request has arrived whole, at the same 80 endpoints in every case:
//!
//! - `alone`: there are no other endpoints;
//! - `undisturbed`: 20 more endpoints that take everything;
//! - `disturbed`: of the 20 more, 10 never answer and 10 answer 500.
//!
//! The cases take turns, because other programs may disturb the machine.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a measurement takes its time from the machine and may stop at the first surprise"
)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rollcall::clock::{SystemClock, SystemRandom};
use rollcall::db::endpoint_secrets::{self, EndpointSecret};
use rollcall::db::endpoints::{self, Endpoint};
use rollcall::db::organizations::{self, Organization};
use rollcall::db::types::Json;
use rollcall::db::{Db, DbError, Lane, Place, data_keys, events};
use rollcall::delivery::sign::SigningSecret;
use rollcall::delivery::target::Targets;
use rollcall::delivery::{Context, deliverer};
use rollcall::domain::endpoint::{EndpointStatus, LegacySigner};
use rollcall::domain::event::EventKind;
use rollcall::domain::event::NewEvent;
use rollcall::domain::ids::{DirectoryId, EndpointId, OrganizationId};
use rollcall::domain::trust::Trust;
use rollcall::secret::SealingKey;
use serde_json::json;

#[path = "../tests/it/receiver.rs"]
mod receiver;

use receiver::{Answer, Receiver};

const WELL: usize = 80;
const PEOPLE: usize = 500;
const EVENTS: usize = 40;
/// Events of the beginning that are not counted.
const WARM_UP: usize = 4;
const PACE: Duration = Duration::from_millis(500);
const ROUNDS: usize = 3;

#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    hang: usize,
    fail: usize,
    others: usize,
}

const CASES: [Case; 3] = [
    Case { name: "alone", hang: 0, fail: 0, others: 0 },
    Case { name: "undisturbed", hang: 0, fail: 0, others: 20 },
    Case { name: "disturbed", hang: 10, fail: 10, others: 0 },
];

fn main() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(measure_all());
}

async fn measure_all() {
    println!(
        "{EVENTS} events, one each {} ms, to {WELL} endpoints that are measured; milliseconds from \
         before the commit to arrival",
        PACE.as_millis()
    );
    println!("{:<12} {:>6} {:>9} {:>9} {:>9} {:>9}", "case", "round", "p50", "p90", "p99", "max");
    let mut pooled: [Vec<Duration>; CASES.len()] = Default::default();
    for round in 1..=ROUNDS {
        for (case, pool) in CASES.iter().zip(&mut pooled) {
            let mut waits = measure(*case).await;
            show(case.name, &round.to_string(), &mut waits);
            pool.extend(waits);
        }
    }
    for (case, pool) in CASES.iter().zip(&mut pooled) {
        show(case.name, "all", pool);
    }
    let p99 = |at: usize| percentile(&pooled[at], 99).as_secs_f64();
    println!("p99 disturbed / undisturbed: {:.2}", p99(2) / p99(1));
    println!("p99 disturbed / alone:       {:.2}", p99(2) / p99(0));
}

fn show(name: &str, round: &str, waits: &mut [Duration]) {
    waits.sort_unstable();
    let ms = |wait: Duration| wait.as_secs_f64() * 1_000.0;
    let [p50, p90, p99] = [50, 90, 99].map(|percent| ms(percentile(waits, percent)));
    let max = ms(*waits.last().unwrap());
    println!("{name:<12} {round:>6} {p50:>9.1} {p90:>9.1} {p99:>9.1} {max:>9.1}");
}

/// Of sorted waits.
fn percentile(waits: &[Duration], percent: usize) -> Duration {
    waits[(waits.len() * percent / 100).min(waits.len() - 1)]
}

/// How long each counted event took to each of the measured endpoints.
async fn measure(case: Case) -> Vec<Duration> {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&Place::Sqlite(folder.path().join("rollcall.db"))).unwrap();
    let random = Arc::new(SystemRandom);
    let keys = data_keys::open(&db, &SealingKey::generate(&*random), &SystemClock, &*random).await;
    let cx = Context {
        db,
        clock: Arc::new(SystemClock),
        trust: Arc::new(Trust::Always),
        random,
        keys: Arc::new(keys.unwrap()),
        targets: Targets::build(true).unwrap(),
        public_url: "https://rollcall.example".into(),
    };
    let organization = organization(&cx).await;
    let arrivals: Arc<Mutex<Vec<(usize, Instant)>>> = Arc::default();
    let mut receivers = Vec::new();
    for number in 0..WELL + case.hang + case.fail + case.others {
        let receiver = Receiver::start(Arc::new(SystemClock)).await;
        let seen = Arc::clone(&arrivals);
        let (is_measured, hangs) = (number < WELL, number < WELL + case.hang);
        let takes = is_measured || number >= WELL + case.hang + case.fail;
        receiver.answer_by(move |request| {
            if is_measured {
                let data = &request.json()["data"];
                let index = usize::try_from(data["index"].as_u64().unwrap()).unwrap();
                seen.lock().unwrap().push((index, Instant::now()));
            }
            match (takes, hangs) {
                (true, _) => Answer::Status(200),
                (_, true) => Answer::Hang,
                _ => Answer::Status(500),
            }
        });
        endpoint(&cx, &receiver.url()).await;
        receivers.push(receiver);
    }
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let delivering = tokio::spawn(deliverer::run(cx.clone(), stopped));
    let begun = happen(&cx, &organization).await;
    for receiver in &receivers[..WELL] {
        receiver.arrived(EVENTS).await;
    }
    let waits = arrivals.lock().unwrap().iter().copied().collect::<Vec<_>>();
    assert_eq!(waits.len(), WELL * EVENTS, "something came twice");
    receivers.iter().for_each(Receiver::release);
    drop(receivers);
    let _ = stop.send(true);
    delivering.await.unwrap();
    let counted = waits.into_iter().filter(|(index, _)| *index >= WARM_UP);
    counted.map(|(index, at)| at - begun[index]).collect()
}

/// Things happen at a steady pace; when each began.
async fn happen(cx: &Context, organization: &OrganizationId) -> Vec<Instant> {
    let mut pace = tokio::time::interval(PACE);
    let mut begun = Vec::with_capacity(EVENTS);
    for index in 0..EVENTS {
        pace.tick().await;
        begun.push(Instant::now());
        let event = NewEvent {
            organization_id: organization.clone(),
            directory_id: Some(DirectoryId::from_text("directory_1")),
            kind: EventKind::UserUpdated,
            lane: format!("directory_user_{}", index % PEOPLE),
            group_lane: None,
            data: json!({"index": index, "first_name": "Zoë", "filling": "x".repeat(800)}),
            created_at: cx.clock.now(),
        };
        let write = cx.db.write(Lane::Urgent, move |tx| {
            tx.emit(event);
            Ok::<_, DbError>(())
        });
        write.await.unwrap();
    }
    begun
}

async fn organization(cx: &Context) -> OrganizationId {
    let (now, id) = (cx.clock.now(), OrganizationId::new(cx.clock.now(), &*cx.random));
    let row = Organization {
        id: id.clone(),
        name: "Customer Ltd".to_owned(),
        external_id: None,
        time_zone: None,
        allowed_providers: Json(Vec::new()),
        metadata: Json::default(),
        created_at_ms: now,
        updated_at_ms: now,
    };
    cx.db.write(Lane::Urgent, move |tx| organizations::insert(tx, &row)).await.unwrap();
    id
}

async fn endpoint(cx: &Context, url: &str) {
    let (now, random) = (cx.clock.now(), &*cx.random);
    let id = EndpointId::new(now, random);
    let secret = SigningSecret::generate(random);
    let sealed = EndpointSecret::seal(&id, secret.whole(), None, now, (&cx.keys, random));
    let url = url.to_owned();
    let write = cx.db.write(Lane::Urgent, move |tx| {
        let row = Endpoint {
            id,
            endpoint_url: url,
            event_types: Json(Vec::new()),
            status: EndpointStatus::Enabled,
            disabled_reason: None,
            legacy_signs_with: LegacySigner::New,
            dispatched_number: events::last_number(tx)?,
            failures: 0,
            failing_since_ms: None,
            paused_until_ms: None,
            last_success_at_ms: None,
            lease_until_ms: None,
            lease_epoch: 0,
            due_at_ms: None,
            created_at_ms: now,
            updated_at_ms: now,
        };
        endpoints::insert(tx, &row)?;
        endpoint_secrets::insert(tx, &sealed)
    });
    write.await.unwrap();
}
