//! How much one transaction does (S-46): so many statements and no more, whatever the size of the
//! directory. The database library counts them, so this says the same on every machine; that each
//! statement touches a bounded number of rows is said by the query plans and `limits`.

use std::collections::BTreeMap;
use std::sync::{Mutex, Once, PoisonError};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use rollcall::db::Place;
use rollcall::sandbox::Edit;
use serde_json::json;

use crate::hr::{YESTERDAY, on};
use crate::support::{Options, TestApp, behaviours_of_place};
use crate::systems::System;
use crate::testdb::{Engine, TestPlace};

behaviours_of_place!(
    s_46_no_transaction_grows_with_the_directory,
    s_46_a_webhook_about_somebody_who_stays_counts_nobody,
);

/// Statements of the longest transaction, and which it began with.
type Longest = (usize, Vec<String>);

static LONGEST: Mutex<BTreeMap<String, Longest>> = Mutex::new(BTreeMap::new());
/// How often a database was asked how many accounts of a directory are linked and active.
static COUNTED: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

/// Counts on one connection.
#[derive(Default)]
struct Counter {
    url: String,
    longest: usize,
    statements: Vec<String>,
}

impl Instrumentation for Counter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => {
                url.clone_into(&mut self.url);
            }
            InstrumentationEvent::BeginTransaction { depth, .. } if depth.get() == 1 => {
                self.statements.clear();
            }
            InstrumentationEvent::StartQuery { query, .. } => {
                let text = query.to_string();
                if text.contains("COUNT(*)") && text.contains("accounts") {
                    let mut all = COUNTED.lock().unwrap_or_else(PoisonError::into_inner);
                    *all.entry(self.url.clone()).or_default() += 1;
                }
                self.statements.push(text.chars().take(60).collect());
                if self.statements.len() > self.longest {
                    self.longest = self.statements.len();
                    let longest = (self.longest, self.statements.clone());
                    let mut all = LONGEST.lock().unwrap_or_else(PoisonError::into_inner);
                    let known = all.entry(self.url.clone()).or_default();
                    if longest.0 > known.0 {
                        *known = longest;
                    }
                }
            }
            _ => {}
        }
    }
}

/// Counts on every connection that is opened from now on.
fn count() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let counter = || -> Option<Box<dyn Instrumentation>> { Some(Box::<Counter>::default()) };
        set_default_instrumentation(counter).expect("nobody else counts");
    });
}

/// What was noted of each URL of this database.
fn noted<T: Clone>(all: &Mutex<BTreeMap<String, T>>, place: &TestPlace) -> Vec<T> {
    let url = match &place.place {
        Place::Sqlite(path) => path.display().to_string(),
        Place::Postgres(url) => url.reveal().to_owned(),
    };
    let all = all.lock().unwrap_or_else(PoisonError::into_inner);
    let found = all.iter().filter(|(key, _)| key.contains(&url) || url.contains(key.as_str()));
    found.map(|(_, noted)| noted.clone()).collect()
}

/// The longest transaction on this database.
fn longest(place: &TestPlace) -> Longest {
    noted(&LONGEST, place).into_iter().max().expect("statements were counted")
}

/// Set up, synced, half of the people changed, synced, disabled and cleared.
async fn life(engine: Engine, system: System, people: usize) -> Longest {
    let place = TestPlace::migrated(engine).expect("the engine is there");
    let options = Options { people: Some(people), ..Options::default() };
    let app = TestApp::start_with(place, options).await;
    app.faults(|faults| faults.hooks.dropped = true);
    let connected = app.connected_to(system).await;
    if engine == Engine::Postgres && people > 500 {
        let known = "SELECT (reltuples > 0)::TEXT AS value FROM pg_class \
                     WHERE relname = 'directory_users'";
        assert_eq!(app.raw().values(known), ["true"], "the planner knows nobody");
    }
    let staff = system.staff(&app.sandbox);
    for (number, person) in staff.iter().enumerate().filter(|(number, _)| number % 2 == 0) {
        let handle = system.handle(person);
        system.new_job(&app.sandbox, handle, &format!("Job {number}")).await;
    }
    app.sync_now(&connected).await.ok();
    app.drain().await;
    assert_eq!(app.last_run(&connected).await["state"], "succeeded");
    app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    app.drain().await;
    longest(&app.place)
}

/// The bound: a piece of people, with their accounts, groups, managers, events and problems.
const STATEMENTS_MAX: usize = 60;

async fn s_46_no_transaction_grows_with_the_directory(place: TestPlace) {
    count();
    for system in System::ALL {
        for people in [100, 900] {
            let (statements, which) = life(place.engine, system, people).await;
            assert!(statements > 10, "{which:?}");
            assert!(
                statements <= STATEMENTS_MAX,
                "{system:?}, {people} people: {statements} statements: {which:#?}"
            );
        }
    }
}

/// Counting the accounts that have access costs the size of the directory, so only an end of access
/// is worth it.
async fn s_46_a_webhook_about_somebody_who_stays_counts_nobody(place: TestPlace) {
    count();
    let app = TestApp::start(place).await;
    let connected = app.connected().await;
    let counted = || noted(&COUNTED, &app.place).into_iter().sum::<usize>();
    let employee = "PW17";
    let before = counted();
    assert!(before > 0, "a full sync counts");
    let job = Edit { job_role: Some("Driver".to_owned()), ..Edit::default() };
    app.edit(employee, job).await;
    app.drain().await;
    let email = app.hr().person(employee).expect("the person").email;
    let account = app.the_account(&connected, &email).await;
    assert_eq!(account["position"], "Driver", "{account}");
    assert_eq!(counted(), before, "a change of job is no end of access");
    app.leave(employee, &on(YESTERDAY)).await;
    app.drain().await;
    assert!(counted() > before, "an end of access is");
}
