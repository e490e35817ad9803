//! Webhooks to the application: what arrives, in which order, how often, and what becomes of the
//! rest (A-03 … A-07).
//!
//! Long because order, retries and health are about the same deliveries and share their receiver.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rollcall::clock::{Clock as _, Timestamp};
use rollcall::db::{DbError, Lane, deliveries, endpoints, events};
use rollcall::delivery::deliverer;
use rollcall::domain::endpoint::{DeliveryState, DisabledReason, EndpointStatus};
use rollcall::domain::event::EventKind;
use rollcall::domain::ids::EndpointId;
use rollcall::limits;

use crate::application::{About, Process, assert_signed, endpoint};
use crate::receiver::{ALLOW, Answer, Receiver};
use crate::support::{Options, TestApp, behaviours_of_place};
use crate::testdb::{TestPlace, organization};

behaviours_of_place!(
    a_03_a_webhook_of_hr_arrives_signed_and_is_the_event_of_the_feed,
    a_06_an_endpoint_gets_what_it_asked_for,
    a_07_a_refused_delivery_is_tried_by_the_schedule_and_then_dead,
    a_04_retry_after_only_lengthens_the_wait,
    a_04_429_with_retry_after_pauses_the_endpoint,
    a_04_410_disables_with_notice_and_event,
    a_04_five_days_of_failures_disable,
    a_04_a_dead_endpoint_is_probed_and_not_hammered,
    a_04_a_slow_person_delays_nobody_else,
    a_04_a_failing_person_delays_nobody_else,
    a_04_a_slow_endpoint_delays_no_other,
    a_04_a_membership_comes_after_its_group,
    a_04_a_group_that_is_refused_delays_nobodys_end_of_access,
    a_04_a_barrier_waits_and_is_waited_for,
    a_04_what_waits_survives_a_restart,
    a_07_a_dead_process_is_replaced_within_20_seconds,
    a_07_a_process_that_lost_its_right_sends_nothing_more,
    a_04_a_disabled_endpoint_gets_nothing,
    a_04_a_replay_comes_again_in_order,
    a_04_a_test_goes_while_the_endpoint_is_paused,
    a_04_what_was_delivered_is_forgotten_in_time,
    a_04_a_commit_wakes_the_deliverer_and_a_rollback_does_not,
    a_04_a_redirect_is_no_success,
    a_04_more_events_than_one_transaction_writes,
    a_04_a_stop_lets_requests_end_and_leaves_the_rest_to_the_next,
);

use DeliveryState::{Dead, Delivered, Waiting};

fn people(names: &[&str]) -> Vec<About> {
    names.iter().map(|name| About::person(name)).collect()
}

/// The lanes of what arrived, in order.
fn lanes(receiver: &Receiver) -> Vec<String> {
    let lane = |json: serde_json::Value| json["data"]["lane"].as_str().unwrap().to_owned();
    receiver.received().iter().map(|request| lane(request.json())).collect()
}

async fn a_03_a_webhook_of_hr_arrives_signed_and_is_the_event_of_the_feed(place: TestPlace) {
    let env = vec![(ALLOW, "true".to_owned())];
    let app = TestApp::start_with(place, Options { env, ..Options::default() }).await;
    let connected = app.connected().await;
    let receiver = Receiver::start(app.clock.clone()).await;
    let (_, secret) = endpoint(&app.running.task_context.delivery, &receiver.url(), &[]).await;
    app.new_job(&app.employee(0), "Head of Tests").await;
    app.drain().await;
    let arrived = receiver.received();
    assert_eq!(arrived.len(), 1, "{arrived:?}");
    assert_signed(&arrived[0], &secret);
    assert_eq!(arrived[0].json()["event"], "dsync.user.updated");
    // The feed shows the same object, byte for byte.
    let feed = app.events("").await;
    assert_eq!(feed.last().unwrap()["id"], arrived[0].event_id());
    let path = format!("/events?limit=100&after={}", feed[feed.len() - 2]["id"].as_str().unwrap());
    let page = app.call(reqwest::Method::GET, &path, None).await;
    assert!(page.text.contains(arrived[0].text()), "{}", page.text);
    drop(connected);
}

async fn a_06_an_endpoint_gets_what_it_asked_for(place: TestPlace) {
    let process = Process::first(&place).await;
    let kinds = [EventKind::UserUpdated, EventKind::NoticeCreated, EventKind::GroupUpdated];
    let wanted: [&[EventKind]; 3] =
        [&[], &[EventKind::NoticeCreated], &[EventKind::GroupUpdated, EventKind::UserCreated]];
    let expected: [&[usize]; 3] = [&[0, 2], &[1], &[2]];
    process.happen(people(&["before"])).await;
    let mut receivers = Vec::new();
    for types in wanted {
        let receiver = process.receiver().await;
        process.endpoint(&receiver.url(), types).await;
        receivers.push(receiver);
    }
    let happened = kinds.map(|kind| About { kind, ..About::person("ann") });
    process.happen(happened.to_vec()).await;
    process.deliver().await;
    for (receiver, expected) in receivers.iter().zip(expected) {
        let types: Vec<serde_json::Value> =
            receiver.received().iter().map(|request| request.json()["event"].clone()).collect();
        let expected: Vec<&str> = expected.iter().map(|at| kinds[*at].as_str()).collect();
        assert_eq!(types, expected);
    }
    // Nothing is left to look at, although not everything was wanted.
    assert!(!deliverer::step(&process.cx).await.unwrap());
}

async fn a_07_a_refused_delivery_is_tried_by_the_schedule_and_then_dead(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    let (id, secret) = process.endpoint(&receiver.url(), &[]).await;
    receiver.answer(Answer::Status(500));
    process.happen(people(&["ann"])).await;
    process.deliver().await;
    while process.next().await {}
    let moments: Vec<i64> = receiver.received().iter().map(|request| request.at.0).collect();
    let minute = 60_000;
    let steps = [
        5_000,
        30_000,
        5 * minute,
        30 * minute,
        120 * minute,
        300 * minute,
        600 * minute,
        840 * minute,
        1_200 * minute,
        1_440 * minute,
    ];
    assert_eq!(moments.len(), steps.len() + 1);
    for (pair, step) in moments.windows(2).zip(steps) {
        let waited = pair[1] - pair[0];
        assert!(waited * 5 >= step * 4 && waited * 5 <= step * 6, "{waited} {step}");
    }
    // Signed anew each time, and the same body.
    receiver.received().iter().for_each(|request| assert_signed(request, &secret));
    let delivery = process.deliveries(&id).await.remove(0);
    assert_eq!((delivery.state, delivery.attempts), (Dead, 11));
    assert_eq!(delivery.last_status, Some(500));
    let noted = process.attempts(&delivery).await;
    let expected: Vec<_> = moments.iter().map(|at| (Timestamp(*at), Some(500))).collect();
    assert_eq!(noted, expected);
    // A dead letter holds nobody up.
    receiver.answer(Answer::Status(204));
    process.happen(people(&["ann"])).await;
    process.deliver().await;
    assert_eq!(process.states(&id).await, [Dead, Delivered]);
    assert_eq!(process.find(&id).await.failing_since_ms, None);
}

async fn a_04_retry_after_only_lengthens_the_wait(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    let (id, _) = process.endpoint(&receiver.url(), &[]).await;
    let wishes = ["1", "3600", "10000000"];
    let said = |seconds: &str| Answer::With(503, vec![("retry-after", seconds.to_owned())]);
    receiver.answer_by(move |request| {
        wishes.get(request.index).map_or(Answer::Status(200), |w| said(w))
    });
    process.happen(people(&["ann"])).await;
    process.deliver().await;
    while process.next().await {}
    let moments: Vec<i64> = receiver.received().iter().map(|request| request.at.0).collect();
    let waits: Vec<i64> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((4_000..=6_000).contains(&waits[0]), "{waits:?}");
    assert_eq!(waits[1..], [3_600_000, Timestamp::DAY], "{waits:?}");
    assert_eq!(process.states(&id).await, [Delivered]);
}

async fn a_04_429_with_retry_after_pauses_the_endpoint(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    let (id, _) = process.endpoint(&receiver.url(), &[]).await;
    receiver.answer(Answer::With(429, vec![("retry-after", "600".to_owned())]));
    process.happen(people(&["ann"])).await;
    process.deliver().await;
    receiver.answer(Answer::Status(200));
    process.happen(people(&["bob", "cid"])).await;
    process.pass(599_999).await;
    assert_eq!(lanes(&receiver), ["ann"]);
    process.pass(1).await;
    assert_eq!(process.states(&id).await, [Delivered, Delivered, Delivered]);
}

/// The notice that an endpoint was disabled, as others are told of it.
fn notice_in(receiver: &Receiver) -> serde_json::Value {
    let arrived = receiver.received();
    assert_eq!(arrived.len(), 1, "{arrived:?}");
    assert_eq!(arrived[0].json()["event"], "rollcall.notice.created");
    arrived[0].json()["data"].clone()
}

async fn a_04_410_disables_with_notice_and_event(place: TestPlace) {
    let process = Process::first(&place).await;
    let (gone, other) = (process.receiver().await, process.receiver().await);
    let (id, _) = process.endpoint(&gone.url(), &[]).await;
    process.endpoint(&other.url(), &[EventKind::NoticeCreated]).await;
    gone.answer(Answer::Status(410));
    process.happen(people(&["ann", "ann", "ann"])).await;
    process.deliver().await;
    let row = process.find(&id).await;
    assert_eq!(row.status, EndpointStatus::Disabled);
    assert_eq!(row.disabled_reason, Some(DisabledReason::Gone));
    assert_eq!(row.lease_until_ms, None);
    assert_eq!(gone.received().len(), 1);
    // What waited is given up, with the reason.
    assert_eq!(process.states(&id).await, [Dead, Dead, Dead]);
    let last = process.deliveries(&id).await.pop().unwrap();
    assert!(last.last_error.unwrap().contains("410"));
    let notice = notice_in(&other);
    assert_eq!(notice["kind"], "endpoint_disabled");
    assert!(notice["body"].as_str().unwrap().contains(id.as_str()));
    let shown = place.raw().values("SELECT kind AS value FROM notices");
    assert_eq!(shown, ["endpoint_disabled"]);
    // Also when nothing waits but what was refused.
    let (again, _) = process.endpoint(&format!("{}/again", gone.url()), &[]).await;
    process.happen(people(&["bob"])).await;
    process.deliver().await;
    assert_eq!(process.find(&again).await.disabled_reason, Some(DisabledReason::Gone));
    assert_eq!(other.received().len(), 2);
    // The admins of the customer cannot repair it and get no mail.
    assert!(place.raw().values("SELECT id AS value FROM mails").is_empty());
}

async fn a_04_five_days_of_failures_disable(place: TestPlace) {
    let process = Process::first(&place).await;
    let (failing, other) = (process.receiver().await, process.receiver().await);
    let (id, _) = process.endpoint(&failing.url(), &[EventKind::UserUpdated]).await;
    process.endpoint(&other.url(), &[EventKind::NoticeCreated]).await;
    failing.answer(Answer::Close);
    // Every six hours something happens to somebody else.
    for hour in (0..120).step_by(6) {
        process.happen(vec![About::person(&format!("p{hour}"))]).await;
        process.pass(6 * Timestamp::HOUR - 1).await;
        assert_eq!(process.find(&id).await.status, EndpointStatus::Enabled, "{hour}");
    }
    process.clock.advance(7 * Timestamp::HOUR);
    process.happen(people(&["last"])).await;
    process.deliver().await;
    let row = process.find(&id).await;
    assert_eq!(row.disabled_reason, Some(DisabledReason::Failing));
    assert!(!process.states(&id).await.contains(&Waiting));
    assert_eq!(notice_in(&other)["kind"], "endpoint_disabled");
}

async fn a_04_a_dead_endpoint_is_probed_and_not_hammered(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    let (id, _) = process.endpoint(&receiver.url(), &[]).await;
    receiver.answer(Answer::Status(500));
    let names: Vec<String> = (0..400).map(|n| format!("p{n}")).collect();
    process.happen(names.iter().map(|name| About::person(name)).collect()).await;
    process.deliver().await;
    // Those that were on their way together.
    let at_once = receiver.received().len();
    assert!((5..=5 + limits::ENDPOINT_SENDING_MAX).contains(&at_once), "{at_once}");
    for _ in 0..10 {
        assert!(process.next().await);
    }
    let probes = receiver.received().len() - at_once;
    assert!((8..=10).contains(&probes), "{probes}");
    // Never the same person twice while there are others.
    let asked: std::collections::BTreeSet<String> = lanes(&receiver).into_iter().collect();
    assert_eq!(asked.len(), receiver.received().len());
    let paused = process.find(&id).await.paused_until_ms.unwrap().since(process.clock.now());
    assert!((240_000..=360_000).contains(&paused), "{paused}");
    // One success, and everybody who was never tried comes at once; the others by their schedule.
    receiver.answer(Answer::Status(200));
    process.pass(paused).await;
    let waiting = process.states(&id).await.iter().filter(|state| **state == Waiting).count();
    assert!(waiting <= at_once + 10, "{waiting}");
    process.pass(Timestamp::HOUR).await;
    assert!(process.states(&id).await.iter().all(|state| *state == Delivered));
}

/// The first request with this lane hangs; everything else is taken.
fn hang_once(receiver: &Receiver, lane: &str) {
    let (text, hung) = (format!("\"lane\":\"{lane}\""), AtomicBool::new(false));
    receiver.answer_by(move |request| {
        if request.text().contains(&text) && !hung.swap(true, Ordering::SeqCst) {
            Answer::Hang
        } else {
            Answer::Status(200)
        }
    });
}

/// Delivers until everything but what hangs has arrived, and checks that it still hangs.
async fn all_but_one_arrive(process: &Process, receiver: &Receiver, count: usize) {
    let beside = process.deliver_beside();
    receiver.arrived(count).await;
    assert!(!beside.is_finished());
    assert_eq!(receiver.received().len(), count);
    receiver.release();
    beside.await.unwrap();
}

async fn a_04_a_slow_person_delays_nobody_else(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    let (id, _) = process.endpoint(&receiver.url(), &[]).await;
    hang_once(&receiver, "slow");
    let mut all = people(&["slow", "slow"]);
    all.extend((0..60).flat_map(|n| people(&[format!("p{}", n % 20).as_str()])));
    process.happen(all).await;
    all_but_one_arrive(&process, &receiver, 61).await;
    let slow: Vec<usize> = (0..62).filter(|at| lanes(&receiver)[*at] == "slow").collect();
    assert_eq!(slow[1], 61);
    assert!(process.states(&id).await.iter().all(|state| *state == Delivered));
}

async fn a_04_a_failing_person_delays_nobody_else(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    let (id, _) = process.endpoint(&receiver.url(), &[]).await;
    receiver.answer_by(|request| {
        if request.text().contains("bad") { Answer::Status(400) } else { Answer::Status(200) }
    });
    // Three people whose every event is refused, with others in between, for some days.
    for day in 0..3 {
        process.happen(people(&["bad1", "ann", "bad2", "bob", "bad3", "bad1"])).await;
        process.deliver().await;
        let arrived = lanes(&receiver);
        for name in ["ann", "bob"] {
            let count = arrived.iter().filter(|lane| *lane == name).count();
            assert_eq!(count, day + 1, "{arrived:?}");
        }
        process.pass(Timestamp::DAY).await;
    }
    let row = process.find(&id).await;
    assert_eq!((row.status, row.paused_until_ms), (EndpointStatus::Enabled, None));
}

async fn a_04_a_slow_endpoint_delays_no_other(place: TestPlace) {
    let process = Process::first(&place).await;
    let (slow, quick) = (process.receiver().await, process.receiver().await);
    let (slow_id, _) = process.endpoint(&slow.url(), &[]).await;
    process.endpoint(&quick.url(), &[]).await;
    slow.answer(Answer::Hang);
    process.happen(people(&["ann", "bob", "cid"])).await;
    let beside = process.deliver_beside();
    quick.arrived(3).await;
    slow.arrived(3).await;
    assert!(!beside.is_finished());
    assert_eq!(process.states(&slow_id).await, [Waiting, Waiting, Waiting]);
    slow.release();
    beside.await.unwrap();
    assert_eq!(process.states(&slow_id).await, [Delivered, Delivered, Delivered]);
}

async fn a_04_a_membership_comes_after_its_group(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    process.endpoint(&receiver.url(), &[]).await;
    hang_once(&receiver, "sales");
    let all = vec![
        About::group("sales"),
        About::person("ann"),
        About::joins("ann", "sales"),
        About::person("ann"),
        About::joins("bob", "other"),
    ];
    process.happen(all).await;
    all_but_one_arrive(&process, &receiver, 4).await;
    let arrived = lanes(&receiver);
    assert!(arrived[..4].contains(&"sales".to_owned()), "{arrived:?}");
    assert_eq!(arrived[4..], ["ann"]);
    let last = receiver.received().pop().unwrap();
    assert_eq!(last.json()["event"], "dsync.group.user_added");
}

async fn a_04_a_group_that_is_refused_delays_nobodys_end_of_access(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    let (id, _) = process.endpoint(&receiver.url(), &[]).await;
    receiver.answer_by(|request| {
        let refused = request.text().contains("\"lane\":\"sales\"");
        Answer::Status(if refused { 422 } else { 200 })
    });
    let mut all = vec![About::group("sales")];
    for name in ["ann", "bob", "cid"] {
        all.extend([About::person(name), About::joins(name, "sales"), About::person(name)]);
    }
    process.happen(all).await;
    process.deliver().await;
    let taken = process.states(&id).await.into_iter().filter(|state| *state == Delivered).count();
    assert_eq!(taken, 6, "what happens to people waits for no group");
    // Memberships wait for their group.
    receiver.answer(Answer::Status(200));
    process.pass(10_000).await;
    assert_eq!(process.states(&id).await, [Delivered; 10]);
}

async fn a_04_a_barrier_waits_and_is_waited_for(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    process.endpoint(&receiver.url(), &[]).await;
    let all = vec![
        About::person("ann"),
        About::end(),
        About::person("bob"),
        About::person("eve").of("e"),
        About::end().of("e"),
    ];
    hang_once(&receiver, "ann");
    process.happen(all.clone()).await;
    // Nothing of the other directory waits.
    all_but_one_arrive(&process, &receiver, 3).await;
    assert_eq!(lanes(&receiver)[3..], ["d", "bob"]);
    receiver.take();
    // Now the barrier itself is what takes time.
    receiver.answer_by(|request| {
        if request.text().contains("\"lane\":\"d\"") { Answer::Hang } else { Answer::Status(200) }
    });
    process.happen(all).await;
    let beside = process.deliver_beside();
    receiver.arrived(9).await;
    assert!(!lanes(&receiver).contains(&"bob".to_owned()));
    receiver.release();
    beside.await.unwrap();
    assert_eq!(lanes(&receiver).last().unwrap(), "bob");
}

async fn a_04_what_waits_survives_a_restart(place: TestPlace) {
    let process = Process::first(&place).await;
    let mut receiver = process.receiver().await;
    let (id, _) = process.endpoint(&receiver.url(), &[]).await;
    receiver.stop().await;
    process.happen(people(&["ann", "ann", "bob"])).await;
    process.deliver().await;
    process.happen(people(&["cid"])).await;
    let clock = process.clock.clone();
    drop(process);
    receiver.resume().await;
    let process = Process::start(&place, &clock, 2).await;
    process.deliver().await;
    assert_eq!(lanes(&receiver), ["cid"]);
    process.pass(6_000).await;
    assert_eq!(process.states(&id).await, [Delivered; 4]);
    assert_eq!(receiver.received().len(), 4);
}

async fn a_07_a_dead_process_is_replaced_within_20_seconds(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    let (id, _) = process.endpoint(&receiver.url(), &[]).await;
    receiver.answer(Answer::Hang);
    process.happen(people(&["ann", "ann"])).await;
    let beside = process.deliver_beside();
    receiver.arrived(1).await;
    beside.abort();
    assert!(beside.await.unwrap_err().is_cancelled());
    receiver.answer(Answer::Status(200));
    let other = Process::start(&place, &process.clock, 2).await;
    other.deliver().await;
    assert_eq!(receiver.received().len(), 1);
    other.pass(20_000).await;
    assert_eq!(lanes(&receiver), ["ann", "ann", "ann"]);
    assert_eq!(other.states(&id).await, [Delivered, Delivered]);
}

async fn a_07_a_process_that_lost_its_right_sends_nothing_more(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    let (id, _) = process.endpoint(&receiver.url(), &[]).await;
    hang_once(&receiver, "ann");
    process.happen(people(&["ann", "ann"])).await;
    let beside = process.deliver_beside();
    receiver.arrived(1).await;
    // It stands still for longer than its lease; another one takes over.
    let other = Process::start(&place, &process.clock, 2).await;
    while other.states(&id).await.contains(&Waiting) {
        other.pass(limits::LEASE_MS_MAX + 1).await;
    }
    let epoch = other.find(&id).await.lease_epoch;
    receiver.release();
    beside.await.unwrap();
    assert_eq!(receiver.received().len(), 3);
    let delivered = other.deliveries(&id).await;
    assert!(delivered.iter().all(|delivery| delivery.attempts == 1), "{delivered:?}");
    assert_eq!(other.find(&id).await.lease_epoch, epoch);
}

async fn a_04_a_disabled_endpoint_gets_nothing(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    let (id, _) = process.endpoint(&receiver.url(), &[]).await;
    place.raw().run("UPDATE endpoints SET status = 'disabled', disabled_reason = 'by_hand'");
    process.happen(people(&["ann"])).await;
    assert!(!deliverer::step(&process.cx).await.unwrap());
    assert!(process.deliveries(&id).await.is_empty());
    // Disabled while something is on its way: what comes back counts for nothing.
    place.raw().run("UPDATE endpoints SET status = 'enabled', disabled_reason = NULL");
    receiver.answer(Answer::Hang);
    process.happen(people(&["ann"])).await;
    let beside = process.deliver_beside();
    receiver.arrived(1).await;
    place.raw().run("UPDATE endpoints SET status = 'disabled', disabled_reason = 'by_hand'");
    receiver.release();
    beside.await.unwrap();
    assert_eq!(receiver.received().len(), 1);
    assert_eq!(process.states(&id).await, [Waiting, Waiting]);
}

async fn replay(process: &Process, id: &EndpointId, numbers: Vec<i64>) -> usize {
    let (id, now) = (id.clone(), process.clock.now());
    let write = process.cx.db.write(Lane::Urgent, move |tx| {
        let endpoint = endpoints::find(tx, &id)?;
        deliveries::insert_replays(tx, &endpoint, &numbers, now)
    });
    write.await.unwrap()
}

async fn a_04_a_replay_comes_again_in_order(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    let (id, _) = process.endpoint(&receiver.url(), &[]).await;
    process.happen(people(&["ann", "ann", "ann"])).await;
    process.deliver().await;
    let first = receiver.take();
    let last = process.last_number().await;
    assert_eq!(replay(&process, &id, vec![last, last - 2, last + 10, last - 1]).await, 3);
    process.happen(people(&["ann"])).await;
    process.deliver().await;
    let again = receiver.take();
    assert_eq!(again.len(), 4);
    for (first, again) in first.iter().zip(&again) {
        assert_eq!(
            (first.text(), first.header("webhook-id")),
            (again.text(), again.header("webhook-id"))
        );
    }
    assert_eq!(process.states(&id).await, [Delivered; 7]);
}

async fn a_04_a_test_goes_while_the_endpoint_is_paused(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    let (id, secret) = process.endpoint(&receiver.url(), &[]).await;
    receiver.answer(Answer::With(429, vec![("retry-after", "600".to_owned())]));
    process.happen(people(&["ann"])).await;
    process.deliver().await;
    receiver.take();
    let body = r#"{"object":"event","id":"event_test_1","event":"dsync.user.updated"}"#;
    for status in [500, 200] {
        receiver.answer(Answer::Status(status));
        let (of, now) = (id.clone(), process.clock.now());
        let kind = EventKind::UserUpdated;
        let write = process.cx.db.write(Lane::Urgent, move |tx| {
            deliveries::insert_test(tx, &of, kind, body.to_owned(), now)
        });
        write.await.unwrap();
        process.deliver().await;
        let arrived = receiver.take();
        // A test that worked ends the pause, but nobody's wait.
        assert_eq!(arrived.len(), 1, "{arrived:?}");
        assert_eq!(arrived[0].text(), body);
        assert_signed(&arrived[0], &secret);
    }
    assert_eq!(process.states(&id).await, [Waiting, Dead, Delivered]);
    assert_eq!(process.find(&id).await.paused_until_ms, None);
}

async fn a_04_what_was_delivered_is_forgotten_in_time(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    let (id, _) = process.endpoint(&receiver.url(), &[]).await;
    receiver.answer_by(|request| {
        if request.text().contains("bad") { Answer::Status(500) } else { Answer::Status(200) }
    });
    process.happen(people(&["bad", "ann", "bob", "cid"])).await;
    process.deliver().await;
    while process.next().await {}
    let after = process.clock.now().plus(1);
    let prune = |before: Timestamp| {
        process.cx.db.write(Lane::Bulk, move |tx| deliveries::prune(tx, before, 2))
    };
    assert_eq!(prune(crate::support::START).await.unwrap(), 0);
    assert_eq!(prune(after).await.unwrap(), 2);
    assert_eq!(prune(after).await.unwrap(), 1);
    assert_eq!(prune(after).await.unwrap(), 0);
    // A dead letter can be replayed as long as its event is kept, and goes with it.
    assert_eq!(process.states(&id).await, [Dead]);
    let events = process.cx.db.write(Lane::Bulk, move |tx| events::prune(tx, after, 100));
    assert_eq!(events.await.unwrap(), 4);
    assert!(process.deliveries(&id).await.is_empty());
    assert!(place.raw().values("SELECT error AS value FROM delivery_attempts").is_empty());
}

async fn a_04_a_commit_wakes_the_deliverer_and_a_rollback_does_not(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    let (id, _) = process.endpoint(&receiver.url(), &[]).await;
    let mut news = process.cx.db.to_deliver();
    news.mark_unchanged();
    let undone = process.cx.db.write(Lane::Urgent, |tx| {
        deliveries::insert_test(
            tx,
            &EndpointId::from_text("we_0"),
            EventKind::UserUpdated,
            String::new(),
            Timestamp(0),
        )
    });
    assert!(undone.await.is_err());
    let read_only = process.cx.db.write(Lane::Urgent, |tx| events::last_number(tx));
    read_only.await.unwrap();
    assert!(!news.has_changed().unwrap());
    process.happen(people(&["ann"])).await;
    assert!(news.has_changed().unwrap());
    news.mark_unchanged();
    replay(&process, &id, vec![process.last_number().await]).await;
    assert!(news.has_changed().unwrap());
    // Webhooks are taken in by a way of their own; it wakes too.
    news.mark_unchanged();
    let about = Arc::new(organization(1).id);
    let taken = process.cx.db.take_in(move |tx| {
        tx.emit(rollcall::domain::event::NewEvent {
            organization_id: (*about).clone(),
            directory_id: None,
            kind: EventKind::UserUpdated,
            lane: "ann".to_owned(),
            group_lane: None,
            data: serde_json::Value::Null,
            created_at: Timestamp(0),
        });
        Ok::<_, DbError>(())
    });
    taken.await.unwrap();
    assert!(news.has_changed().unwrap());
}

async fn a_04_a_redirect_is_no_success(place: TestPlace) {
    let process = Process::first(&place).await;
    let (receiver, elsewhere) = (process.receiver().await, process.receiver().await);
    let (id, _) = process.endpoint(&receiver.url(), &[]).await;
    receiver.answer(Answer::With(307, vec![("location", elsewhere.url())]));
    process.happen(people(&["ann"])).await;
    process.deliver().await;
    assert!(elsewhere.received().is_empty());
    let delivery = process.deliveries(&id).await.remove(0);
    assert_eq!((delivery.state, delivery.last_status), (Waiting, Some(307)));
}

async fn a_04_more_events_than_one_transaction_writes(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    process.endpoint(&receiver.url(), &[]).await;
    let many = usize::try_from(limits::DISPATCH_EVENTS_MAX).unwrap() + 101;
    process.happen((0..many).map(|n| About::person(&format!("p{}", n % 97))).collect()).await;
    process.deliver().await;
    let ids = receiver.event_ids();
    assert_eq!(ids.len(), many);
    // Each person's in order.
    let mut last = std::collections::HashMap::new();
    for (lane, id) in lanes(&receiver).into_iter().zip(ids) {
        let before = last.insert(lane, id.clone());
        assert!(before.is_none_or(|before| before < id));
    }
}

async fn a_04_a_stop_lets_requests_end_and_leaves_the_rest_to_the_next(place: TestPlace) {
    let process = Process::first(&place).await;
    let receiver = process.receiver().await;
    let (id, _) = process.endpoint(&receiver.url(), &[]).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(deliverer::run(process.cx.clone(), stopped));
    hang_once(&receiver, "ann");
    process.happen(people(&["ann", "ann"])).await;
    receiver.arrived(1).await;
    stop.send(true).unwrap();
    receiver.release();
    running.await.unwrap();
    // What was on its way is noted, and the right given back: nobody waits for it to run out.
    assert_eq!(process.states(&id).await[0], Delivered);
    assert_eq!(process.find(&id).await.lease_until_ms, None);
    let next = Process::start(&place, &process.clock, 2).await;
    next.deliver().await;
    assert_eq!(next.states(&id).await, [Delivered, Delivered]);
    assert_eq!(receiver.received().len(), 2);
}
