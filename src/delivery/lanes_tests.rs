//! The order of deliveries, against the rule written out pair by pair, and through long random
//! lives of endpoints.

use proptest::prelude::*;

use super::*;
use crate::clock::{Random as _, SeededRandom};

const NOW: Timestamp = Timestamp(1_795_424_400_000);

fn open(number: i64, lane: &str) -> Open {
    Open {
        number,
        lane: lane.to_owned(),
        group_lane: None,
        directory_id: Some(DirectoryId::from_text("d")),
        barrier: false,
        event_type: "dsync.user.updated".to_owned(),
        delivery_trigger: DeliveryTrigger::Event,
        attempts: 0,
        next_at_ms: NOW,
        ends_access: false,
        overtook: false,
        refused_since_ms: None,
    }
}

const ALL: Demand = Demand { first: 1_000, retries: 1_000 };

/// The numbers that may go.
fn chosen(
    all: &[Open],
    taken: &[i64],
    paused_until: Option<Timestamp>,
    demand: Demand,
) -> Vec<i64> {
    let mut selection = Selection::new(NOW, paused_until, demand);
    for delivery in all {
        selection.see(delivery, taken.contains(&delivery.number));
    }
    let (mut first, retries, _) = selection.finish();
    first.extend(retries);
    let mut numbers: Vec<i64> = first.into_iter().map(|delivery| delivery.number).collect();
    numbers.sort_unstable();
    numbers
}

/// The rule of A-04 as it is written: whether `late` waits for `early`.
fn waits_for(late: &Open, early: &Open) -> bool {
    let same_directory = late.directory_id.is_some() && late.directory_id == early.directory_id;
    let (late_group, early_group) = (late.group_lane.as_deref(), early.group_lane.as_deref());
    let waits = match (late_group, early_group) {
        // A person for the person, a group for the group; a membership for others of its person.
        (None, None) | (Some(_), Some(_)) => late.lane == early.lane,
        // The end of a group for its memberships; nothing else waits for one.
        (None, Some(group)) => {
            late.event_type == "dsync.group.deleted" && [&early.lane, group].contains(&&*late.lane)
        }
        // A membership for its person and its group.
        (Some(group), None) => late.lane == early.lane || group == early.lane,
    };
    early.number < late.number && (waits || (same_directory && (late.barrier || early.barrier)))
}

#[test]
fn a_04_people_go_side_by_side_and_each_in_order() {
    let all = [open(1, "ann"), open(2, "bob"), open(3, "ann"), open(4, "cid")];
    assert_eq!(chosen(&all, &[], None, ALL), [1, 2, 4]);
    // What is on its way is not chosen again and keeps its lane.
    assert_eq!(chosen(&all, &[1], None, ALL), [2, 4]);
    assert_eq!(chosen(&all[1..], &[], None, ALL), [2, 3, 4]);
}

#[test]
fn a_04_who_waits_for_a_retry_delays_nobody_else() {
    let later = Timestamp(NOW.0 + 5_000);
    let all = [Open { attempts: 1, next_at_ms: later, ..open(1, "ann") }, open(2, "ann")];
    assert_eq!(chosen(&all, &[], None, ALL), Vec::<i64>::new());
    let mut selection = Selection::new(NOW, None, ALL);
    for delivery in &all {
        selection.see(delivery, false);
    }
    selection.see(&open(3, "bob"), false);
    let (first, retries, next) = selection.finish();
    assert_eq!((first.len(), first[0].number, retries.len(), next), (1, 3, 0, Some(later)));
}

#[test]
fn a_04_a_membership_waits_for_its_group_and_a_group_for_no_member() {
    let member = |number, lane| Open { group_lane: Some("sales".to_owned()), ..open(number, lane) };
    let all = [open(1, "sales"), member(2, "ann"), open(3, "ann"), open(4, "bob")];
    assert_eq!(chosen(&all, &[], None, ALL), [1, 3, 4]);
    let all = [member(1, "ann"), member(2, "bob"), open(3, "sales"), member(4, "cid")];
    assert_eq!(chosen(&all, &[], None, ALL), [1, 2, 3]);
    let ends =
        |number| Open { event_type: "dsync.group.deleted".to_owned(), ..open(number, "sales") };
    let all = [member(1, "ann"), ends(2), member(3, "ann"), open(4, "ann")];
    assert_eq!(chosen(&all, &[], None, ALL), [1, 4]);
}

#[test]
fn a_04_a_barrier_parts_its_directory_and_no_other() {
    let barrier = |number| Open { barrier: true, ..open(number, "d") };
    let other = Open { directory_id: Some(DirectoryId::from_text("e")), ..open(4, "eve") };
    let all = [open(1, "ann"), barrier(2), open(3, "bob"), other];
    assert_eq!(chosen(&all, &[], None, ALL), [1, 4]);
    assert_eq!(chosen(&all[1..], &[], None, ALL), [2, 4]);
    assert_eq!(chosen(&all[1..], &[2], None, ALL), [4]);
    assert_eq!(chosen(&all[2..], &[], None, ALL), [3, 4]);
}

#[test]
fn a_04_while_an_endpoint_is_paused_only_a_test_goes() {
    let test =
        Open { delivery_trigger: DeliveryTrigger::Test, directory_id: None, ..open(2, "test") };
    let until = Timestamp(NOW.0 + 60_000);
    let all = [open(1, "ann"), test];
    assert_eq!(chosen(&all, &[], Some(until), ALL), [2]);
    let mut selection = Selection::new(NOW, Some(until), ALL);
    selection.see(&all[0], false);
    assert_eq!(selection.finish().2, Some(until));
}

#[test]
fn a_04_very_many_retries_leave_room_for_first_attempts() {
    let retry = |n: i64| Open { attempts: 3, ..open(n, &format!("p{n}")) };
    let mut all: Vec<Open> = (0..10_000).map(retry).collect();
    all.push(open(10_000, "new"));
    let demand = Demand { first: 8, retries: 4 };
    assert_eq!(chosen(&all, &[], None, demand), [0, 1, 2, 3, 10_000]);
}

/// Any order of events of a few people, groups and directories.
fn any_open() -> impl Strategy<Value = Open> {
    let lane = prop_oneof![(0..4_u8).prop_map(|n| format!("p{n}")), Just("g".to_owned())];
    let group = proptest::option::weighted(0.3, Just("g".to_owned()));
    let directory = proptest::option::weighted(0.9, (0..2_u8).prop_map(|n| format!("d{n}")));
    let rest = (proptest::bool::weighted(0.1), any::<bool>(), 0..3_i64, 0..2_i64);
    (lane, group, directory, rest).prop_map(|(lane, group, directory, rest)| {
        let (barrier, ends, attempts, wait) = rest;
        let group = group.filter(|_| lane != "g");
        let ends = ends && lane == "g";
        let kind = if ends { "dsync.group.deleted" } else { "dsync.user.updated" };
        let event_type = kind.to_owned();
        // A person and a group belong to one directory.
        let of = |lane: String| format!("{lane} of {directory:?}");
        let (lane, group_lane) = (of(lane), group.map(of));
        let directory_id = directory.map(DirectoryId::from_text);
        let next_at_ms = Timestamp(NOW.0 + wait);
        Open {
            group_lane,
            directory_id,
            barrier,
            event_type,
            attempts,
            next_at_ms,
            ..open(0, &lane)
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    /// What is chosen is exactly what is due and waits for nothing that is open. What is left out
    /// because its directory is closed changes nothing.
    #[test]
    fn a_04_the_choice_is_the_rule(
        mut all in proptest::collection::vec(any_open(), 0..14),
        taken in proptest::collection::vec(0..14_i64, 0..4),
    ) {
        for (number, delivery) in all.iter_mut().enumerate() {
            delivery.number = i64::try_from(number).unwrap();
        }
        let expected: Vec<i64> = all
            .iter()
            .filter(|late| !all.iter().any(|early| waits_for(late, early)))
            .filter(|late| late.next_at_ms <= NOW && !taken.contains(&late.number))
            .map(|late| late.number)
            .collect();
        prop_assert_eq!(&chosen(&all, &taken, None, ALL), &expected);
        let mut selection = Selection::new(NOW, None, ALL);
        for delivery in &all {
            let closed = |of: &DirectoryId| selection.closed().contains(of);
            if !delivery.directory_id.as_ref().is_some_and(closed) {
                selection.see(delivery, taken.contains(&delivery.number));
            }
        }
        let (mut first, retries, _) = selection.finish();
        first.extend(retries);
        let mut seen: Vec<i64> = first.iter().map(|delivery| delivery.number).collect();
        seen.sort_unstable();
        prop_assert_eq!(seen, expected);
    }

    /// A whole life: events come, requests end in any order and fail at random, some are given up,
    /// the sender dies with requests on their way. Nothing overtakes and nothing is left.
    #[test]
    fn a_04_nothing_overtakes_and_nothing_is_lost(
        mut coming in proptest::collection::vec(any_open(), 1..40),
        seed: u64,
    ) {
        let random = SeededRandom::new(seed);
        let mut now = NOW;
        let (mut waiting, mut flying): (Vec<Open>, Vec<i64>) = (Vec::new(), Vec::new());
        let mut done: Vec<Open> = Vec::new();
        coming.reverse();
        let mut number = 0;
        for _ in 0..20_000 {
            if coming.is_empty() && waiting.is_empty() {
                break;
            }
            now = now.plus(1);
            match random.below(10) {
                0..3 => if let Some(next) = coming.pop() {
                    number += 1;
                    waiting.push(Open { number, ..next });
                },
                3 => flying.clear(),
                4..7 if !flying.is_empty() => {
                    let at = usize::try_from(random.below(64)).unwrap() % flying.len();
                    let ended = flying.swap_remove(at);
                    let index = waiting.iter().position(|open| open.number == ended).unwrap();
                    if random.below(3) == 0 {
                        waiting[index].attempts += 1;
                        waiting[index].next_at_ms = now.plus(5);
                    } else {
                        done.push(waiting.remove(index));
                    }
                }
                _ => {
                    let mut selection = Selection::new(now, None, Demand { first: 2, retries: 1 });
                    for delivery in &waiting {
                        selection.see(delivery, flying.contains(&delivery.number));
                    }
                    let (first, retries, _) = selection.finish();
                    for sent in first.into_iter().chain(retries) {
                        // The moment at which it is sent is the moment that counts.
                        let early = waiting.iter().find(|early| waits_for(&sent, early));
                        prop_assert!(early.is_none(), "{sent:?} overtook {early:?}");
                        flying.push(sent.number);
                    }
                }
            }
        }
        prop_assert!(waiting.is_empty() && coming.is_empty(), "{waiting:?}");
        for (index, late) in done.iter().enumerate() {
            prop_assert!(!done[index..].iter().any(|early| waits_for(late, early)));
        }
    }
}

/// An endpoint's open deliveries of people and barriers, some on their way, some refused, some
/// already gone past others.
fn any_ends() -> impl Strategy<Value = Vec<(Open, bool)>> {
    let one = (0..3_u8, 0..4_i64, any::<bool>(), proptest::bool::weighted(0.15), 0..3_u8);
    let one = one.prop_map(|(person, attempts, ends, barrier, how)| {
        let refused_since_ms = (attempts > 0).then(|| NOW.plus(-150_000 * attempts));
        let delivery = Open {
            attempts,
            barrier,
            refused_since_ms,
            ends_access: ends && !barrier,
            next_at_ms: NOW.plus(i64::from(how)),
            ..open(0, &if barrier { "d".to_owned() } else { format!("p{person}") })
        };
        (delivery, how == 0 && attempts > 2)
    });
    proptest::collection::vec(one, 0..10).prop_map(|mut all| {
        let mut is_behind_barrier = false;
        for (number, (delivery, taken)) in (1..).zip(&mut all) {
            delivery.number = number;
            // A barrier is not tried while something stands before it, nor anything behind it.
            if is_behind_barrier || (delivery.barrier && number > 1) {
                (delivery.attempts, delivery.refused_since_ms, *taken) = (0, None, false);
            }
            is_behind_barrier |= delivery.barrier;
        }
        all
    })
}

/// What goes past others and what is sent, as the worker has it: first the ones that overtook, then
/// the pages without closed directories, then what is behind barriers that yield.
fn looked(all: &[(Open, bool)]) -> (Vec<Overtake>, Vec<i64>) {
    let mut selection = Selection::new(NOW, None, ALL);
    for (delivery, taken) in all.iter().filter(|(delivery, _)| delivery.overtook) {
        selection.know_overtaken([delivery.lane.as_str()].into_iter());
        selection.see_overtaker(delivery, *taken);
    }
    for (delivery, taken) in all {
        let closed = |of: &DirectoryId| selection.closed().contains(of);
        if !delivery.directory_id.as_ref().is_some_and(closed) {
            selection.see(delivery, *taken);
        }
    }
    let yielding = selection.yielding().clone();
    let behind =
        |delivery: &Open| delivery.directory_id.as_ref().is_some_and(|d| yielding.contains(d));
    for (delivery, taken) in all.iter().filter(|(one, _)| one.ends_access && behind(one)) {
        selection.see_behind_barrier(delivery, *taken);
    }
    let overtakes = selection.overtakes().to_vec();
    let (mut first, retries, _) = selection.finish();
    first.extend(retries);
    (overtakes, first.into_iter().map(|delivery| delivery.number).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    /// The end of access goes past exactly what A-04 says: all earlier of its person, when the
    /// first of it was refused twice and rests, and a barrier that has been refused for five
    /// minutes and rests, with what waits behind it. Of each person one end at a time.
    #[test]
    fn a_04_the_end_of_access_overtakes_what_is_refused_and_nothing_else(mut all in any_ends()) {
        for _ in 0..12 {
            let (overtakes, sent) = looked(&all);
            let rests = |(one, taken): &&(Open, bool)| !taken && !sent.contains(&one.number);
            let mut expected: Vec<Overtake> = Vec::new();
            for (at, (end, taken)) in all.iter().enumerate() {
                let before = &all[..at];
                let person: Vec<_> =
                    before.iter().filter(|(one, _)| one.lane == end.lane).collect();
                let barrier = before.iter().find(|(one, _)| one.barrier);
                let is_long = |one: &(Open, bool)| {
                    let long = |since: Timestamp| NOW.since(since) >= 300_000;
                    rests(&one) && one.0.refused_since_ms.is_some_and(long)
                };
                let barrier_yields = barrier.is_none_or(is_long);
                let person_yields = person.first().is_none_or(|first| {
                    let behind = barrier.is_some_and(|one| {
                        is_long(one) && one.0.number < first.0.number && !first.0.overtook
                    });
                    rests(first) && (first.0.attempts >= 2 || behind)
                });
                let waits = !person.is_empty() || barrier.is_some();
                let is_second = expected.iter().any(|one| one.lane == end.lane);
                if end.ends_access && !taken && !end.overtook && waits && !is_second
                    && person_yields && barrier_yields
                {
                    expected.push(Overtake { by: end.number, lane: end.lane.clone() });
                }
            }
            let mut found = overtakes.clone();
            found.sort_unstable_by_key(|one| one.by);
            prop_assert_eq!(&found, &expected, "{:?}", all);
            if overtakes.is_empty() {
                break;
            }
            for Overtake { by, lane } in overtakes {
                all.retain(|(one, _)| one.lane != lane || one.number >= by);
                all.iter_mut().find(|(one, _)| one.number == by).unwrap().0.overtook = true;
                // It goes at once, whatever it went past.
                prop_assert!(looked(&all).1.contains(&by) || all.iter().any(|(one, _)| {
                    one.number == by && one.next_at_ms > NOW
                }), "{:?}", all);
            }
        }
    }
}

#[test]
fn a_04_memberships_of_whoever_was_overtaken_wait_and_delay_nothing() {
    let member = |number, lane| Open { group_lane: Some("sales".to_owned()), ..open(number, lane) };
    let ends = Open { event_type: "dsync.group.deleted".to_owned(), ..open(3, "sales") };
    let barrier = Open { barrier: true, ..open(4, "d") };
    let mut selection = Selection::new(NOW, None, ALL);
    selection.know_overtaken(["ann"].into_iter());
    for delivery in [&member(1, "ann"), &member(2, "bob"), &ends, &barrier] {
        selection.see(delivery, delivery.number == 2);
    }
    let numbers: Vec<i64> = selection.finish().0.iter().map(|one| one.number).collect();
    assert!(numbers.is_empty(), "the group waits for Bob's membership: {numbers:?}");
    let mut selection = Selection::new(NOW, None, ALL);
    selection.know_overtaken(["ann"].into_iter());
    for delivery in [&member(1, "ann"), &ends] {
        selection.see(delivery, false);
    }
    let numbers: Vec<i64> = selection.finish().0.iter().map(|one| one.number).collect();
    assert_eq!(numbers, [3]);
}
