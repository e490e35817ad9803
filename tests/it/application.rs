//! What the tests of deliveries are made of: endpoints with real receivers, events, and processes
//! that deliver and die.
#![allow(dead_code, reason = "not every helper is used by every behaviour")]

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rollcall::clock::{Clock, ManualClock, SeededRandom, Timestamp};
use rollcall::db::deliveries::{self, Delivery};
use rollcall::db::endpoint_secrets::{self, EndpointSecret};
use rollcall::db::endpoints::{self, Endpoint};
use rollcall::db::page::{Order, PageRequest};
use rollcall::db::types::Json;
use rollcall::db::{Db, DbError, Lane, data_keys, events, organizations};
use rollcall::delivery::sign::SigningSecret;
use rollcall::delivery::target::Targets;
use rollcall::delivery::{self, deliverer};
use rollcall::domain::endpoint::{DeliveryState, EndpointStatus, LegacySigner};
use rollcall::domain::event::EventKind;
use rollcall::domain::event::NewEvent;
use rollcall::domain::ids::{DirectoryId, EndpointId, OrganizationId};
use rollcall::domain::trust::Trust;
use rollcall::secret::SealingKey;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::receiver::Receiver;
use crate::support::START;
use crate::testdb::{TestPlace, organization};

const MASTER: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A process that delivers. Several may share a place.
pub struct Process {
    pub cx: delivery::Context,
    pub clock: Arc<ManualClock>,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub directory: String,
    pub lane: String,
    pub group: Option<String>,
    pub kind: EventKind,
    /// Whether access ends with it.
    pub leaves: bool,
}

impl About {
    /// A change of a person, who is active.
    pub fn person(name: &str) -> Self {
        let kind = EventKind::UserUpdated;
        Self { directory: "d".into(), lane: name.into(), group: None, kind, leaves: false }
    }

    /// The end of a person's access.
    pub fn leaves(name: &str) -> Self {
        Self { leaves: true, ..Self::person(name) }
    }

    /// A person is deleted.
    pub fn deleted(name: &str) -> Self {
        Self { kind: EventKind::UserDeleted, ..Self::leaves(name) }
    }

    /// A change of a group.
    pub fn group(name: &str) -> Self {
        Self { kind: EventKind::GroupUpdated, ..Self::person(name) }
    }

    /// A person joins a group.
    pub fn joins(name: &str, group: &str) -> Self {
        let group = Some(group.to_owned());
        Self { kind: EventKind::GroupUserAdded, group, ..Self::person(name) }
    }

    /// A group is gone.
    pub fn no_group(name: &str) -> Self {
        Self { kind: EventKind::GroupDeleted, ..Self::person(name) }
    }

    /// The beginning of the directory.
    pub fn begin() -> Self {
        Self { kind: EventKind::DsyncActivated, ..Self::person("d") }
    }

    /// The end of the directory.
    pub fn end() -> Self {
        Self { kind: EventKind::DsyncDeleted, ..Self::person("d") }
    }

    /// The same in another directory.
    pub fn of(self, directory: &str) -> Self {
        let within = |name: String| format!("{directory}-{name}");
        let (lane, group) = (within(self.lane), self.group.map(within));
        Self { directory: directory.to_owned(), lane, group, ..self }
    }

    fn into_event(self, now: Timestamp) -> NewEvent {
        NewEvent {
            organization_id: organization(1).id,
            directory_id: Some(DirectoryId::from_text(self.directory)),
            kind: self.kind,
            data: json!({
                "lane": self.lane,
                "name": "Zoë \u{2028} 🌍",
                "state": if self.leaves { "inactive" } else { "active" },
            }),
            lane: self.lane,
            group_lane: self.group,
            created_at: now,
        }
    }
}

impl Process {
    /// The first process on a fresh database, with an organization.
    pub async fn first(place: &TestPlace) -> Self {
        crate::evidence::keep_log();
        let process = Self::start(place, &Arc::new(ManualClock::at(START)), 1).await;
        let write = process.cx.db.write(Lane::Urgent, |tx| {
            organizations::insert(tx, &organization(1))?;
            organizations::insert(tx, &organization(2))
        });
        write.await.unwrap();
        process
    }

    /// One more process on the same database, at the same time.
    pub async fn start(place: &TestPlace, clock: &Arc<ManualClock>, seed: u64) -> Self {
        let db = Db::open_migrated(&place.place).unwrap();
        let random = Arc::new(SeededRandom::new(seed));
        let master = SealingKey::from_base64(MASTER).unwrap();
        let keys = data_keys::open(&db, &master, &**clock, &*random).await.unwrap();
        let cx = delivery::Context {
            db,
            clock: clock.clone(),
            trust: Arc::new(Trust::Always),
            random,
            keys: Arc::new(keys),
            targets: Targets::build(true).unwrap(),
            public_url: "https://rollcall.example".into(),
        };
        Self { cx, clock: Arc::clone(clock) }
    }

    pub async fn receiver(&self) -> Receiver {
        Receiver::start(self.clock.clone()).await
    }

    /// An endpoint for these types (none: all that need not be named), behind the newest event.
    pub async fn endpoint(&self, url: &str, types: &[EventKind]) -> (EndpointId, SigningSecret) {
        endpoint(&self.cx, url, types).await
    }

    pub async fn find(&self, id: &EndpointId) -> Endpoint {
        let id = id.clone();
        self.cx.db.read(move |conn| endpoints::find(conn, &id)).await.unwrap()
    }

    /// Things happen, in one transaction.
    pub async fn happen(&self, all: Vec<About>) {
        let now = self.clock.now();
        let write = self.cx.db.write(Lane::Urgent, move |tx| {
            for about in all {
                tx.emit(about.into_event(now));
            }
            Ok::<_, DbError>(())
        });
        write.await.unwrap();
    }

    /// Delivers what is due.
    pub async fn deliver(&self) {
        while deliverer::step(&self.cx).await.unwrap() {}
    }

    /// The same beside the test; abort it to kill the process.
    pub fn deliver_beside(&self) -> JoinHandle<()> {
        let cx = self.cx.clone();
        tokio::spawn(async move { while deliverer::step(&cx).await.unwrap() {} })
    }

    pub async fn pass(&self, difference_ms: i64) {
        self.clock.advance(difference_ms);
        self.deliver().await;
    }

    /// Goes to the moment at which something is due next and delivers it; false when nothing is.
    pub async fn next(&self) -> bool {
        let Some(due) = self.cx.db.read(endpoints::next_due).await.unwrap() else { return false };
        self.pass(due.since(self.clock.now()).max(0)).await;
        true
    }

    /// How long it is since the first process started, in milliseconds.
    pub fn since_start(&self) -> i64 {
        self.clock.now().since(START)
    }

    /// The number of the newest event.
    pub async fn last_number(&self) -> i64 {
        self.cx.db.read(events::last_number).await.unwrap()
    }

    /// All deliveries to an endpoint, oldest first.
    pub async fn deliveries(&self, id: &EndpointId) -> Vec<Delivery> {
        let (id, mut all) = (id.clone(), Vec::new());
        let mut request = PageRequest { limit: 100, order: Order::Asc, ..PageRequest::default() };
        loop {
            let (of, part) = (id.clone(), request.clone());
            let read = self.cx.db.read(move |c| deliveries::page(c, &of, None, &part));
            let page = read.await.unwrap();
            all.extend(page.items);
            match page.after {
                Some(after) => request.after = Some(after),
                None => return all,
            }
        }
    }

    pub async fn states(&self, id: &EndpointId) -> Vec<DeliveryState> {
        self.deliveries(id).await.into_iter().map(|delivery| delivery.state).collect()
    }

    /// The moments of the attempts of one delivery, and its statuses.
    pub async fn attempts(&self, delivery: &Delivery) -> Vec<(Timestamp, Option<i64>)> {
        let id = delivery.id.clone();
        let attempts = self.cx.db.read(move |conn| deliveries::attempts(conn, &[id])).await;
        attempts.unwrap().into_iter().map(|a| (a.attempted_at_ms, a.status)).collect()
    }
}

/// Creates an endpoint as the API does.
pub async fn endpoint(
    cx: &delivery::Context,
    url: &str,
    types: &[EventKind],
) -> (EndpointId, SigningSecret) {
    let (now, random) = (cx.clock.now(), &*cx.random);
    let id = EndpointId::new(now, random);
    let secret = SigningSecret::generate(random);
    let row = EndpointSecret::seal(&id, secret.whole(), None, now, (&cx.keys, random));
    let (url, types) = (url.to_owned(), types.to_vec());
    let made = id.clone();
    let write = cx.db.write(Lane::Urgent, move |tx| {
        let dispatched_number = events::last_number(tx)?;
        endpoints::insert(
            tx,
            &Endpoint {
                id: made,
                endpoint_url: url,
                event_types: Json(types),
                status: EndpointStatus::Enabled,
                disabled_reason: None,
                legacy_signs_with: LegacySigner::New,
                dispatched_number,
                failures: 0,
                failing_since_ms: None,
                paused_until_ms: None,
                last_success_at_ms: None,
                lease_until_ms: None,
                lease_epoch: 0,
                due_at_ms: None,
                created_at_ms: now,
                updated_at_ms: now,
            },
        )?;
        endpoint_secrets::insert(tx, &row)
    });
    write.await.unwrap();
    (id, secret)
}

/// The organization that everything happens in.
pub fn own() -> OrganizationId {
    organization(1).id
}

/// What a receiver makes of both schemes of signatures, by the words of the wire contract and none
/// of the gateway's code.
pub fn assert_signed(request: &crate::receiver::Received, secret: &SigningSecret) {
    let whole = secret.whole().reveal();
    let mac = |key: &[u8], text: &str| {
        let mut code = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
        code.update(text.as_bytes());
        code.finalize().into_bytes()
    };
    let key = STANDARD.decode(whole.strip_prefix("whsec_").unwrap()).unwrap();
    let (id, seconds) = (request.header("webhook-id"), request.header("webhook-timestamp"));
    let signed = mac(&key, &format!("{id}.{seconds}.{}", request.text()));
    assert_eq!(request.header("webhook-signature"), format!("v1,{}", STANDARD.encode(signed)));
    let millis = request.at.0;
    assert_eq!(seconds, (millis / 1_000).to_string());
    let legacy = mac(whole.as_bytes(), &format!("{millis}.{}", request.text()));
    let hex = crate::evidence::hexadecimal(&legacy).to_lowercase();
    assert_eq!(request.header("workos-signature"), format!("t={millis}, v1={hex}"));
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(id, request.event_id());
}
