//! The promise of deliveries, tried out at random: however receivers fail, processes die and
//! are replaced, and time passes, at each endpoint nobody's later event comes before an earlier
//! one, and none is lost.
//!
//! Each life is decided by a seed, which a failure prints. The pure rule goes through very many
//! more lives in `src/delivery/lanes_tests.rs`; here the engine as a whole is tried: real
//! receivers, real databases, processes that are killed with requests on their way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::future::select_all;
use rollcall::clock::{Clock as _, Random as _, SeededRandom, Timestamp};
use rollcall::domain::endpoint::DeliveryState;
use rollcall::domain::event::EventKind;
use rollcall::domain::ids::{EndpointId, EventId};

use crate::application::{About, Process};
use crate::receiver::{Answer, Receiver};
use crate::support::behaviours_of_place;
use crate::testdb::TestPlace;

behaviours_of_place!(
    a_04_random_life_one_never_reorders_nor_loses,
    a_04_random_life_two_never_reorders_nor_loses,
    a_04_random_life_three_never_reorders_nor_loses,
    a_04_random_life_four_never_reorders_nor_loses,
);

async fn a_04_random_life_one_never_reorders_nor_loses(place: TestPlace) {
    live(place, 1).await;
}

async fn a_04_random_life_two_never_reorders_nor_loses(place: TestPlace) {
    live(place, 22).await;
}

async fn a_04_random_life_three_never_reorders_nor_loses(place: TestPlace) {
    live(place, 333).await;
}

async fn a_04_random_life_four_never_reorders_nor_loses(place: TestPlace) {
    live(place, 4_444).await;
}

const PEOPLE: [&str; 5] = ["ann", "bob", "cid", "dan", "eve"];
const ENDPOINTS: usize = 3;
const STEPS: usize = 60;

/// What an endpoint saw: the event, and whether it took it.
type Seen = Arc<Mutex<Vec<(String, bool)>>>;

struct Watched {
    id: EndpointId,
    receiver: Receiver,
    seen: Seen,
}

impl Watched {
    async fn new(process: &Process, seed: u64) -> Self {
        let receiver = process.receiver().await;
        let (id, _) = process.endpoint(&receiver.url(), &[]).await;
        let watched = Self { id, receiver, seen: Seen::default() };
        let random = SeededRandom::new(seed);
        watched.answer(move || match random.below(20) {
            0..3 => Answer::Status(500),
            3 => Answer::Close,
            4 => Answer::With(503, vec![("retry-after", "90".to_owned())]),
            5 => Answer::With(429, vec![("retry-after", "40".to_owned())]),
            6 => Answer::Hang,
            _ => Answer::Status(200),
        });
        watched
    }

    fn answer(&self, rule: impl Fn() -> Answer + Send + Sync + 'static) {
        let seen = Arc::clone(&self.seen);
        self.receiver.answer_by(move |request| {
            let answer = rule();
            // What hangs is let go with 200, or its process dies: taken, as far as it can know.
            let took = matches!(answer, Answer::Status(200) | Answer::Hang);
            seen.lock().unwrap().push((request.event_id(), took));
            answer
        });
    }
}

/// Something that happens to one of a few people, groups or directories.
fn something(random: &SeededRandom) -> About {
    let pick = |of: &[&str]| {
        let at = usize::try_from(random.below(64)).unwrap() % of.len();
        of[at].to_owned()
    };
    let (person, group) = (pick(&PEOPLE), pick(&["sales", "post"]));
    let about = match random.below(12) {
        0..4 => About::person(&person),
        4..6 => About::leaves(&person),
        6..8 => About::group(&group),
        8..11 => About::joins(&person, &group),
        _ => About::end(),
    };
    about.of(&pick(&["d", "e"]))
}

/// Whether the later event must wait for the earlier one.
fn waits_for(late: &About, early: &About) -> bool {
    let barrier = |about: &About| about.kind == EventKind::DsyncDeleted;
    let behind = match (&late.group, &early.group) {
        (None, None) | (Some(_), Some(_)) => late.lane == early.lane,
        (Some(group), None) => late.lane == early.lane || *group == early.lane,
        // What happens to a person waits for no membership.
        (None, Some(_)) => false,
    };
    // The end of access goes past a barrier that was refused for long.
    let at_barrier = barrier(late) || (barrier(early) && !late.leaves);
    behind || (late.directory == early.directory && at_barrier)
}

/// Delivers. With `kill` the process is killed when so many requests more have arrived somewhere.
async fn deliver(process: &Process, watched: &[Watched], kill: Option<usize>) {
    let mut beside = process.deliver_beside();
    let receiver = &watched[0].receiver;
    let until = kill.map_or(usize::MAX, |more| receiver.count() + more);
    loop {
        let counts = watched.iter().map(|one| one.receiver.count());
        let arrivals: Vec<_> = watched
            .iter()
            .zip(counts)
            .map(|(one, count)| Box::pin(one.receiver.arrived(count + 1)))
            .collect();
        // What hangs is let go, and whatever comes after the counting ends the wait.
        for one in watched {
            one.receiver.release();
        }
        tokio::select! {
            biased;
            () = receiver.arrived(until) => break,
            done = &mut beside => return done.unwrap(),
            _ = select_all(arrivals) => {}
        }
    }
    beside.abort();
    let _ = beside.await;
}

async fn live(place: TestPlace, seed: u64) {
    let random = SeededRandom::new(seed);
    let mut process = Process::first(&place).await;
    let mut watched = Vec::new();
    for number in 0..ENDPOINTS {
        let seed = seed * 10 + u64::try_from(number).unwrap();
        watched.push(Watched::new(&process, seed).await);
    }
    let mut all: Vec<About> = Vec::new();
    for step in 0..STEPS {
        match random.below(8) {
            0..3 => {
                let count = usize::try_from(random.below(8)).unwrap();
                let some: Vec<About> = (0..count).map(|_| something(&random)).collect();
                all.extend(some.iter().cloned());
                process.happen(some).await;
            }
            3..6 => deliver(&process, &watched, None).await,
            6 => {
                let until = 1 + usize::try_from(random.below(4)).unwrap();
                deliver(&process, &watched, Some(until)).await;
                let clock = Arc::clone(&process.clock);
                process = Process::start(&place, &clock, u64::try_from(step).unwrap()).await;
            }
            _ => process.clock.advance(i64::try_from(random.below(120_000)).unwrap()),
        }
    }
    for one in &watched {
        one.answer(|| Answer::Status(200));
        one.receiver.release();
    }
    // Memberships of whom an endpoint was only told that they left wait for their return.
    for directory in ["d", "e"] {
        let back = PEOPLE.map(|person| About::person(person).of(directory));
        all.extend(back.iter().cloned());
        process.happen(back.to_vec()).await;
    }
    process.pass(Timestamp::MINUTE).await;
    while process.next().await {}
    check(&process, &watched, &all, seed).await;
}

async fn check(process: &Process, watched: &[Watched], all: &[About], seed: u64) {
    let last = process.last_number().await;
    let ids: Vec<String> = (1..=last).map(|n| EventId::from_number(n).to_string()).collect();
    assert_eq!(ids.len(), all.len());
    assert!(all.len() > 20, "seed {seed} tries out too little");
    for one in watched {
        let requests = one.seen.lock().unwrap().clone();
        let states = process.states(&one.id).await;
        assert_eq!(states.len(), all.len());
        let is_done = |state: &DeliveryState| {
            [DeliveryState::Delivered, DeliveryState::Overtaken].contains(state)
        };
        assert!(states.iter().all(is_done), "seed {seed}: {states:?}");
        // For each event: when it was first tried, and when it was first taken.
        let (mut tried, mut taken) = (HashMap::new(), HashMap::new());
        for (at, (id, took)) in requests.iter().enumerate() {
            tried.entry(id.clone()).or_insert(at);
            if *took {
                taken.entry(id.clone()).or_insert(at);
            }
        }
        let events: Vec<_> = all.iter().zip(&ids).zip(&states).collect();
        for (at, ((late, late_id), state)) in events.iter().enumerate() {
            if **state == DeliveryState::Overtaken {
                let goes_past = |((by, _), state): &&((&About, _), &DeliveryState)| {
                    let is_end = by.leaves && by.lane == late.lane && late.group.is_none();
                    let ends_all = by.kind == EventKind::DsyncDeleted && late.group.is_some();
                    (is_end || ends_all)
                        && by.directory == late.directory
                        && **state != DeliveryState::Waiting
                };
                let by = events[at + 1..].iter().find(goes_past);
                assert!(by.is_some(), "seed {seed}: {late_id} was given up for nothing");
                continue;
            }
            assert!(taken.contains_key(*late_id), "seed {seed}: {late_id} was lost");
            for ((early, early_id), state) in &events[..at] {
                if waits_for(late, early) && **state != DeliveryState::Overtaken {
                    assert!(
                        taken[*early_id] < tried[*late_id],
                        "seed {seed}: {late:?} {late_id} overtook {early:?} {early_id}"
                    );
                }
            }
        }
    }
    assert!(process.clock.now() > crate::support::START);
}
