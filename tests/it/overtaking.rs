//! The end of access overtakes what an endpoint does not take: nobody keeps access to the
//! application because it refused an earlier event about them, or that their directory began.

use rollcall::clock::{Clock as _, Timestamp};
use rollcall::db::{Lane, Tx, deliveries, endpoints};
use rollcall::domain::endpoint::{DeliveryState, EndpointStatus};
use rollcall::domain::ids::EndpointId;

use crate::application::{About, Process};
use crate::receiver::{Answer, Receiver};
use crate::support::behaviours_of_place;
use crate::testdb::TestPlace;

behaviours_of_place!(
    a_04_the_end_of_access_goes_past_what_was_refused_twice,
    a_04_what_was_refused_once_is_not_overtaken,
    a_04_what_only_waits_behind_a_refused_one_is_overtaken_with_it,
    a_04_nothing_else_overtakes,
    a_04_memberships_wait_until_the_person_is_active_again,
    a_04_memberships_of_whom_is_deleted_are_overtaken,
    a_04_no_group_and_no_directory_waits_for_memberships_that_wait,
    a_04_the_end_of_access_goes_past_a_barrier_refused_for_five_minutes,
    a_04_an_end_that_overtook_goes_on_after_a_restart,
    a_04_no_retry_after_keeps_the_end_of_access_away,
    a_04_an_endpoint_that_is_probed_hears_of_the_end_of_access_first,
    a_04_an_endpoint_that_is_probed_hears_of_a_refused_end_again_first,
    a_04_a_replay_is_no_return,
    a_04_what_was_delivered_is_not_forgotten_while_memberships_wait_for_it,
    a_04_no_membership_waits_for_a_return_that_can_not_be_heard_of,
);

use DeliveryState::{Delivered, Overtaken, Waiting};

/// An application that refuses every event whose text has one of these, until it is mended.
async fn refusing(place: &TestPlace, what: &'static [&'static str]) -> App {
    let process = Process::first(place).await;
    let receiver = process.receiver().await;
    let (id, _) = process.endpoint(&receiver.url(), &[]).await;
    let app = App { process, receiver, id };
    app.refuses(what);
    app
}

struct App {
    process: Process,
    receiver: Receiver,
    id: EndpointId,
}

impl App {
    fn refuses(&self, what: &'static [&'static str]) {
        self.receiver.answer_by(move |request| {
            let text = request.text();
            let is_refused = what.iter().all(|part| text.contains(part)) && !what.is_empty();
            Answer::Status(if is_refused { 422 } else { 200 })
        });
    }

    async fn happens(&self, all: Vec<About>) {
        self.process.happen(all).await;
        self.process.deliver().await;
    }

    async fn states(&self) -> Vec<DeliveryState> {
        self.process.states(&self.id).await
    }

    /// What the application was told last, and took.
    fn last(&self) -> (String, String) {
        let json = self.receiver.received().pop().expect("something arrived").json();
        let text = |at: &str| json.pointer(at).unwrap().as_str().unwrap().to_owned();
        (text("/data/lane"), text("/data/state"))
    }
}

/// What an application that does not know Ann, and does not want to, refuses.
const ANN: &[&str] = &["\"lane\":\"ann\"", "\"state\":\"active\"", "dsync.user."];
const BEGIN: &[&str] = &["dsync.activated"];

async fn a_04_the_end_of_access_goes_past_what_was_refused_twice(place: TestPlace) {
    let app = refusing(&place, ANN).await;
    app.happens(vec![About::person("ann"), About::person("bob")]).await;
    while app.process.attempts(&app.process.deliveries(&app.id).await[0]).await.len() < 2 {
        assert!(app.process.next().await);
    }
    app.happens(vec![About::leaves("ann")]).await;
    assert_eq!(app.last(), ("ann".to_owned(), "inactive".to_owned()));
    assert_eq!(app.states().await, [Overtaken, Delivered, Delivered]);
    // It is over for good: nothing is sent again.
    let count = app.receiver.count();
    app.process.pass(4 * Timestamp::DAY).await;
    assert_eq!((app.receiver.count(), app.process.next().await), (count, false));
}

async fn a_04_what_was_refused_once_is_not_overtaken(place: TestPlace) {
    let app = refusing(&place, ANN).await;
    app.happens(vec![About::person("ann"), About::leaves("ann")]).await;
    assert_eq!(app.states().await, [Waiting, Waiting]);
    // At the second refusal the end goes, without another wait.
    assert!(app.process.next().await);
    assert_eq!(app.states().await, [Overtaken, Delivered]);
}

async fn a_04_what_only_waits_behind_a_refused_one_is_overtaken_with_it(place: TestPlace) {
    let app = refusing(&place, ANN).await;
    let all = vec![
        About::person("ann"),
        About::person("ann"),
        About::person("ann"),
        About::leaves("ann"),
        About::person("ann"),
        About::leaves("ann"),
    ];
    app.happens(all).await;
    assert!(app.process.next().await);
    let states = app.states().await;
    assert_eq!(states, [Overtaken, Overtaken, Overtaken, Delivered, Waiting, Waiting]);
    while app.process.next().await {
        if app.states().await[5] == Delivered {
            break;
        }
    }
    assert_eq!(app.states().await[3..], [Delivered, Overtaken, Delivered]);
    assert_eq!(app.last(), ("ann".to_owned(), "inactive".to_owned()));
}

async fn a_04_nothing_else_overtakes(place: TestPlace) {
    let app = refusing(&place, &["\"lane\":\"ann\""]).await;
    app.happens(vec![About::person("ann"), About::person("ann"), About::leaves("bob")]).await;
    for _ in 0..4 {
        assert!(app.process.next().await);
    }
    assert_eq!(app.states().await, [Waiting, Waiting, Delivered]);
    // A refused end is tried on, and what comes after it waits.
    app.happens(vec![About::leaves("cid")]).await;
    app.refuses(&["\"lane\":\"cid\"", "inactive"]);
    app.happens(vec![About::leaves("cid"), About::person("cid")]).await;
    for _ in 0..3 {
        assert!(app.process.next().await);
    }
    assert_eq!(app.states().await[4..], [Waiting, Waiting]);
    app.refuses(&[]);
    while app.process.next().await {}
    assert_eq!(app.states().await, [Delivered; 6]);
}

async fn a_04_memberships_wait_until_the_person_is_active_again(place: TestPlace) {
    let app = refusing(&place, ANN).await;
    app.happens(vec![About::person("ann"), About::joins("ann", "sales")]).await;
    assert!(app.process.next().await);
    app.happens(vec![About::leaves("ann"), About::joins("ann", "post")]).await;
    assert_eq!(app.states().await, [Overtaken, Waiting, Delivered, Waiting]);
    // Others' memberships do not wait.
    app.happens(vec![About::joins("bob", "sales")]).await;
    app.process.pass(Timestamp::HOUR).await;
    assert_eq!(app.states().await, [Overtaken, Waiting, Delivered, Waiting, Delivered]);
    app.refuses(&[]);
    app.happens(vec![About::person("ann")]).await;
    let states = app.states().await;
    assert_eq!(states, [Overtaken, Delivered, Delivered, Delivered, Delivered, Delivered]);
    let order = app.receiver.event_ids();
    let ids: Vec<_> = app.process.deliveries(&app.id).await;
    let last_two = [&ids[1], &ids[3]].map(|one| one.event_id().unwrap().to_string());
    assert_eq!(order[order.len() - 2..], last_two);
}

async fn a_04_memberships_of_whom_is_deleted_are_overtaken(place: TestPlace) {
    let app = refusing(&place, ANN).await;
    app.happens(vec![About::person("ann"), About::joins("ann", "sales")]).await;
    assert!(app.process.next().await);
    app.happens(vec![About::deleted("ann")]).await;
    assert_eq!(app.states().await, [Overtaken, Overtaken, Delivered]);
}

async fn a_04_no_group_and_no_directory_waits_for_memberships_that_wait(place: TestPlace) {
    let app = refusing(&place, ANN).await;
    let all = vec![About::person("ann"), About::joins("ann", "sales"), About::joins("ann", "post")];
    app.happens(all).await;
    assert!(app.process.next().await);
    app.happens(vec![About::leaves("ann"), About::no_group("sales")]).await;
    let states = app.states().await;
    assert_eq!(states, [Overtaken, Overtaken, Waiting, Delivered, Delivered]);
    app.happens(vec![About::end()]).await;
    let states = app.states().await;
    assert_eq!(states, [Overtaken, Overtaken, Overtaken, Delivered, Delivered, Delivered]);
    assert!(!app.process.next().await);
}

async fn a_04_the_end_of_access_goes_past_a_barrier_refused_for_five_minutes(place: TestPlace) {
    let app = refusing(&place, BEGIN).await;
    let all = vec![
        About::begin(),
        About::person("ann"),
        About::person("bob"),
        About::leaves("ann"),
        About::leaves("cid").of("e"),
    ];
    app.happens(all).await;
    // Another directory does not wait.
    assert_eq!(app.states().await, [Waiting, Waiting, Waiting, Waiting, Delivered]);
    app.process.pass(4 * Timestamp::MINUTE).await;
    assert_eq!(app.states().await, [Waiting, Waiting, Waiting, Waiting, Delivered]);
    // Nobody has to ask: the moment itself is waited for.
    while app.states().await[3] == Waiting {
        assert!(app.process.next().await);
    }
    assert_eq!(app.process.since_start(), 5 * Timestamp::MINUTE);
    assert_eq!(app.states().await, [Waiting, Overtaken, Waiting, Delivered, Delivered]);
    assert_eq!(app.last(), ("ann".to_owned(), "inactive".to_owned()));
    // The beginning is tried on, and then the rest comes.
    app.refuses(&[]);
    while app.process.next().await {}
    assert_eq!(app.states().await, [Delivered, Overtaken, Delivered, Delivered, Delivered]);
}

/// The receiver says when it is asked again, and that is no reason to keep access for a day.
async fn a_04_no_retry_after_keeps_the_end_of_access_away(place: TestPlace) {
    let app = refusing(&place, &[]).await;
    app.receiver.answer_by(|request| {
        let is_refused = request.text().contains("\"state\":\"active\"");
        if is_refused {
            return Answer::With(503, vec![("retry-after", "86400".to_owned())]);
        }
        Answer::Status(200)
    });
    app.happens(vec![About::person("ann"), About::leaves("ann")]).await;
    assert_eq!(app.states().await, [Waiting, Waiting]);
    while app.states().await[1] == Waiting {
        assert!(app.process.next().await);
    }
    assert_eq!(app.states().await, [Overtaken, Delivered]);
    assert!(app.process.since_start() <= 6 * Timestamp::MINUTE, "{}", app.process.since_start());
}

async fn a_04_an_endpoint_that_is_probed_hears_of_the_end_of_access_first(place: TestPlace) {
    let app = refusing(&place, &["\"lane\":\"new"]).await;
    let new: Vec<About> = (0..40).map(|n| About::person(&format!("new{n}"))).collect();
    app.happens(new).await;
    assert!(app.process.find(&app.id).await.paused_until_ms.is_some(), "it is asked less often");
    app.happens(vec![About::person("bob"), About::leaves("ann")]).await;
    assert_eq!(app.states().await[40..], [Waiting, Waiting]);
    assert!(app.process.next().await);
    assert_eq!(app.states().await[41], Delivered, "at the first attempt after the pause");
}

/// An end that was refused once goes again before those that were never tried.
async fn a_04_an_endpoint_that_is_probed_hears_of_a_refused_end_again_first(place: TestPlace) {
    let app = refusing(&place, &["\"lane\":"]).await;
    let new: Vec<About> = (0..40).map(|n| About::person(&format!("new{n}"))).collect();
    app.happens(new).await;
    app.happens(vec![About::leaves("ann")]).await;
    let attempts = async || app.process.deliveries(&app.id).await[40].attempts;
    while attempts().await < 1 {
        assert!(app.process.next().await);
    }
    app.refuses(&["\"lane\":\"new"]);
    assert!(app.process.next().await);
    let rows = app.process.deliveries(&app.id).await;
    assert!(rows[39].attempts == 0, "not all were tried");
    assert_eq!((rows[40].state, rows[40].attempts), (Delivered, 2));
}

async fn replay(app: &App, number: i64) {
    let (id, now) = (app.id.clone(), app.process.clock.now());
    let write = app.process.cx.db.write(Lane::Urgent, move |tx| {
        let endpoint = endpoints::find(tx, &id)?;
        deliveries::insert_replays(tx, &endpoint, &[number], now)
    });
    assert_eq!(write.await.unwrap(), 1);
    app.process.deliver().await;
}

async fn a_04_a_replay_is_no_return(place: TestPlace) {
    let app = refusing(&place, ANN).await;
    app.happens(vec![About::person("ann"), About::joins("ann", "sales")]).await;
    assert!(app.process.next().await);
    app.happens(vec![About::leaves("ann")]).await;
    app.refuses(&[]);
    let last = app.process.last_number().await;
    replay(&app, last).await;
    replay(&app, last - 2).await;
    assert_eq!(app.states().await, [Overtaken, Waiting, Delivered, Delivered, Delivered]);
    app.happens(vec![About::person("ann")]).await;
    assert_eq!(app.states().await[1], Delivered);
}

async fn a_04_what_was_delivered_is_not_forgotten_while_memberships_wait_for_it(place: TestPlace) {
    let app = refusing(&place, ANN).await;
    app.happens(vec![About::person("ann"), About::joins("ann", "sales")]).await;
    assert!(app.process.next().await);
    app.happens(vec![About::leaves("ann"), About::person("bob")]).await;
    let before = app.process.clock.now().plus(31 * Timestamp::DAY);
    let prune = move |tx: &mut Tx<'_>| deliveries::prune(tx, before, 100);
    assert_eq!(app.process.cx.db.write(Lane::Bulk, prune).await.unwrap(), 1, "only Bob's");
    app.process.pass(31 * Timestamp::DAY).await;
    assert_eq!(app.states().await, [Overtaken, Waiting, Delivered]);
}

async fn a_04_no_membership_waits_for_a_return_that_can_not_be_heard_of(place: TestPlace) {
    // Whose return is given up after three days is not waited for.
    let app = refusing(&place, ANN).await;
    app.happens(vec![About::person("ann"), About::joins("ann", "sales")]).await;
    assert!(app.process.next().await);
    app.happens(vec![About::leaves("ann"), About::person("ann")]).await;
    while app.process.next().await {}
    assert_eq!(app.states().await, [Overtaken, Delivered, Delivered, DeliveryState::Dead]);
    // An endpoint that is disabled hears of no return.
    app.happens(vec![About::person("bob"), About::joins("bob", "sales")]).await;
    app.refuses(&["\"lane\":\"bob\"", "\"state\":\"active\"", "dsync.user."]);
    app.happens(vec![About::person("bob")]).await;
    while app.process.deliveries(&app.id).await[6].attempts < 2 {
        assert!(app.process.next().await);
    }
    app.happens(vec![About::leaves("bob")]).await;
    assert_eq!(app.states().await[6..], [Overtaken, Delivered]);
    app.receiver.answer(Answer::Status(410));
    app.happens(vec![About::person("eve")]).await;
    assert_eq!(app.process.find(&app.id).await.status, EndpointStatus::Disabled);
    app.refuses(&[]);
    let (id, now) = (app.id.clone(), app.process.clock.now());
    let enable = move |tx: &mut Tx<'_>| endpoints::switch_on(tx, &id, now);
    app.process.cx.db.write(Lane::Urgent, enable).await.unwrap();
    app.happens(vec![About::joins("bob", "post")]).await;
    assert_eq!(*app.states().await.last().unwrap(), Delivered);
}

async fn a_04_an_end_that_overtook_goes_on_after_a_restart(place: TestPlace) {
    let app = refusing(&place, &["\"lane\":\"ann\""]).await;
    app.happens(vec![About::person("ann"), About::leaves("ann")]).await;
    assert!(app.process.next().await);
    // The end has gone past, and is refused itself.
    assert_eq!(app.states().await, [Overtaken, Waiting]);
    let clock = std::sync::Arc::clone(&app.process.clock);
    let app = App { process: Process::start(&place, &clock, 2).await, ..app };
    app.refuses(&[]);
    while app.process.next().await {}
    assert_eq!(app.states().await, [Overtaken, Delivered]);
    assert_eq!(app.last(), ("ann".to_owned(), "inactive".to_owned()));
}
