//! Orders in which e-mails can be handed on.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// Everybody takes from at most one other, as in a run where each e-mail has one owner.
fn anybody() -> impl Strategy<Value = Vec<Option<usize>>> {
    (0_usize..60).prop_flat_map(|len| {
        let other = proptest::option::weighted(0.7, 0..len.max(1));
        proptest::collection::vec(other, len).prop_map(|wants| {
            let not_self = |(own, want): (usize, Option<usize>)| want.filter(|it| *it != own);
            wants.into_iter().enumerate().map(not_self).collect()
        })
    })
}

/// The members of all circles, found the slow way: who comes back to themselves.
fn circles_of(wants: &[Option<usize>]) -> HashSet<Vec<usize>> {
    let mut found = HashSet::new();
    for start in 0..wants.len() {
        let mut path = vec![start];
        while let Some(next) = wants[*path.last().unwrap()] {
            if next == start {
                path.sort_unstable();
                found.insert(path);
                break;
            }
            if path.len() > wants.len() {
                break;
            }
            path.push(next);
        }
    }
    found
}

proptest! {
    #[test]
    fn s_24_everybody_is_there_once_and_givers_come_before_takers(wants in anybody()) {
        let order = order(&wants, usize::MAX);
        let mut all = order.people.clone();
        all.sort_unstable();
        prop_assert_eq!(all, (0..wants.len()).collect::<Vec<_>>());
        let at = |person: usize| order.people.iter().position(|it| *it == person).unwrap();
        for (taker, giver) in wants.iter().enumerate() {
            let Some(giver) = *giver else { continue };
            let (taker, giver) = (at(taker), at(giver));
            let together =
                order.circles.iter().any(|it| it.contains(&taker) && it.contains(&giver));
            prop_assert!(giver < taker || together);
        }
    }

    #[test]
    fn s_24_members_of_a_circle_follow_the_one_who_takes_from_them(wants in anybody()) {
        let order = order(&wants, usize::MAX);
        let mut found = HashSet::new();
        for circle in &order.circles {
            let mut members = order.people[circle.clone()].to_vec();
            for (place, member) in members.iter().enumerate() {
                let next = members[(place + 1) % members.len()];
                prop_assert_eq!(wants[*member], Some(next));
            }
            members.sort_unstable();
            found.insert(members);
        }
        prop_assert_eq!(found, circles_of(&wants));
    }

    #[test]
    fn s_24_no_circle_is_parted_and_no_batch_is_too_long(
        wants in anybody(),
        circle_max in 1_usize..12,
        batch_max in 1_usize..12,
    ) {
        let order = order(&wants, circle_max);
        let batches = cut(order.people.len(), &order.circles, batch_max);
        let mut next = 0;
        for batch in &batches {
            prop_assert_eq!(batch.start, next);
            let circle = order.circles.contains(batch);
            prop_assert!((1..=batch_max).contains(&batch.len()) || circle);
            next = batch.end;
        }
        prop_assert_eq!(next, wants.len());
        for circle in &order.circles {
            prop_assert!(circle.len() <= circle_max);
            let whole = |it: &&Range<usize>| it.start <= circle.start && circle.end <= it.end;
            prop_assert_eq!(batches.iter().filter(whole).count(), 1);
        }
        let short = circles_of(&wants).into_iter().filter(|it| it.len() <= circle_max);
        prop_assert_eq!(order.circles.len(), short.count());
    }

    #[test]
    fn people_who_take_nothing_stay_in_their_order(len in 0_usize..50) {
        let order = order(&vec![None; len], 200);
        prop_assert_eq!(order, Order { people: (0..len).collect(), circles: Vec::new() });
    }
}

#[test]
fn s_24_a_chain_of_a_hundred_thousand_is_put_in_order() {
    let len = 100_000;
    let chain: Vec<Option<usize>> =
        (0..len).map(|it| Some(it + 1).filter(|it| *it < len)).collect();
    assert_eq!(order(&chain, 200).people, (0..len).rev().collect::<Vec<_>>());
    let ring: Vec<Option<usize>> = (0..len).map(|it| Some((it + 1) % len)).collect();
    let order = order(&ring, 200);
    assert_eq!((order.people.len(), order.circles.len()), (len, 0));
    assert_eq!(cut(len, &order.circles, 200).len(), len / 200);
}

#[test]
fn s_24_who_takes_from_whom_follows_from_the_e_mails() {
    let gives = HashMap::from([("ann", 0), ("bob", 1)]);
    let takes = [Some("bob"), Some("bob"), Some("cy"), None, Some("ann")];
    assert_eq!(wants(&gives, &takes), [Some(1), None, None, None, Some(0)]);
}
