//! Answers that overtake each other: the latest question counts, whatever comes last (S-05).

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::date;
use rollcall::clock::SeededRandom;
use rollcall::db::directories;
use rollcall::db::directory_users;
use rollcall::db::{DbError, Lane};
use rollcall::domain::account::Activity;
use rollcall::domain::audit::Cause;
use rollcall::domain::employee::{EmployeeRecord, ExternalKey, ManagerReference, Membership, Unit};
use rollcall::domain::ids::DirectoryId;
use rollcall::sandbox::Edit;
use rollcall::sync::apply;
use rollcall::sync::decide::batch::Pass;
use rollcall::sync::decide::types::{Facts, Observed};
use serde_json::json;

use crate::audit::tells_how_it_came;
use crate::hr::{TODAY, YESTERDAY, agrees_with_hr, below, no_hooks, person};
use crate::support::{Connected, Options, TestApp, behaviours};

behaviours!(
    s_05_answers_in_any_order_end_in_the_latest,
    s_05_a_slow_full_sync_never_undoes_a_newer_hook,
    s_05_lists_and_looks_in_any_order_end_in_one_state,
);

const ANN: &str = "ann.lee@acme.example";

/// Ann as stored.
pub async fn stored(app: &TestApp, connected: &Connected) -> EmployeeRecord {
    let key = app.hr().people().into_iter().find(|it| it.email == ANN).expect("Ann").unique_key;
    let directory = DirectoryId::from_text(connected.directory.as_str());
    let db = app.running.task_context.sync.db.clone();
    let read =
        db.read(move |conn| directory_users::by_keys(conn, &directory, &[ExternalKey(key)], &[]));
    let found: Result<_, DbError> = read.await;
    found.expect("a read").remove(0).record.0
}

/// Numbers of questions that are sent now, in order.
pub async fn ask(app: &TestApp, connected: &Connected, count: i64) -> Vec<i64> {
    let directory = DirectoryId::from_text(connected.directory.as_str());
    let db = app.running.task_context.sync.db.clone();
    let write = db.write(Lane::Urgent, move |tx| {
        let first = directories::take_observation_seqs(tx, &directory, count)?;
        Ok::<_, DbError>((first..).take(usize::try_from(count).unwrap_or(0)).collect())
    });
    write.await.expect("a write")
}

/// Takes an answer about one person in.
pub async fn answer(app: &TestApp, connected: &Connected, seq: i64, record: EmployeeRecord) {
    let membership = Membership::NotShown;
    let notes = Vec::new();
    let seen = Observed { seq, record, membership, gone: false, raw_hash: None, notes };
    take_in(app, connected, Pass::Whole, Facts::default(), vec![seen]).await;
}

/// Takes what was seen in.
async fn take_in(
    app: &TestApp,
    connected: &Connected,
    pass: Pass,
    facts: Facts,
    seen: Vec<Observed>,
) {
    let directory = DirectoryId::from_text(connected.directory.as_str());
    let cx = app.running.task_context.sync.clone();
    let db = cx.db.clone();
    let write = db.write(Lane::Urgent, move |tx| {
        let directory = directories::lock(tx, &directory)?.expect("the directory");
        tx.lock_organization(&directory.organization_id)?;
        let decider = apply::decider(tx, &cx, &directory, pass, &Cause::Clock, &facts)?;
        apply::apply(&decider, tx, seen.clone())
    });
    let outcome: Result<_, DbError> = write.await;
    outcome.expect("applied");
}

async fn s_05_answers_in_any_order_end_in_the_latest(app: TestApp) {
    app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = app.connected().await;
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (round, order) in orders.into_iter().enumerate() {
        let record = stored(&app, &connected).await;
        // The second answer has a row problem; it must not let the first one in either.
        let last_names = [Some("Before".to_owned()), None, Some(format!("After{round}"))];
        let seqs = ask(&app, &connected, 3).await;
        for which in order {
            let last_name = last_names[which].clone();
            let record = EmployeeRecord { last_name, ..record.clone() };
            answer(&app, &connected, seqs[which], record.clone()).await;
            // The same answer twice is one.
            let version = app.the_account(&connected, ANN).await["version"].clone();
            answer(&app, &connected, seqs[which], record).await;
            assert_eq!(app.the_account(&connected, ANN).await["version"], version, "{order:?}");
        }
        let account = app.the_account(&connected, ANN).await;
        assert_eq!(account["last_name"], json!(format!("After{round}")), "{order:?}");
        let problems = app.row_problems(&connected).await;
        assert!(problems.iter().all(|problem| problem["email"] != ANN), "{order:?}");
    }
}

async fn s_05_a_slow_full_sync_never_undoes_a_newer_hook(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = app.connected().await;
    let old = stored(&app, &connected).await;
    // The full sync has asked and its answer, as of now, is on its way …
    let asked = ask(&app, &connected, 1).await[0];
    // … when HR changes Ann and the hook is quicker.
    app.edit(&id, Edit { last_name: Some("Ray".to_owned()), ..Edit::default() }).await;
    app.drain().await;
    let account = app.the_account(&connected, ANN).await;
    let events = app.events("").await;
    app.clock.advance(-1_000);
    answer(&app, &connected, asked, old).await;
    assert_eq!(app.the_account(&connected, ANN).await, account);
    assert_eq!(app.events("").await, events);
    agrees_with_hr(&app, &connected).await;
}

/// Something that is taken in: half of a full sync's list, or a look at one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Everybody, by the list that was asked for at this place among the questions.
    People(usize),
    /// Managers and groups of the same list.
    Relations(usize),
    /// One person (by place), by the look that was asked for at this place.
    Look(usize, usize),
}

/// All orders of these steps in which the halves of a list keep theirs.
fn orders(steps: &[Step]) -> Vec<Vec<Step>> {
    let Some((first, rest)) = steps.split_first() else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for order in orders(rest) {
        for place in 0..=order.len() {
            let mut longer = order.clone();
            longer.insert(place, *first);
            let at = |step| longer.iter().position(|it| *it == step);
            let halves = |list| match (at(Step::People(list)), at(Step::Relations(list))) {
                (Some(people), Some(relations)) => people < relations,
                _ => true,
            };
            if halves(0) && halves(3) {
                all.push(longer);
            }
        }
    }
    all
}

/// Another record of the same person. What somebody was in between counts for two things that are
/// not made up here: who starts later is pending only as long as they were never active, and which
/// of two people has an e-mail that both claim (S-23, S-24).
fn another(record: &EmployeeRecord, bosses: &[EmployeeRecord], below: &Below) -> EmployeeRecord {
    let unit = |name: &str| Unit { key: None, name: format!("{name} {}", below(3)) };
    let number = bosses[below(bosses.len())].employee_number.clone();
    let number = number.filter(|it| Some(it) != record.employee_number.as_ref());
    let leaving_date = [None, Some(YESTERDAY), Some(date(2026, 12, 24))][below(3)];
    EmployeeRecord {
        last_name: (below(6) > 0).then(|| format!("Name{}", below(100))),
        email: Some(format!("mail{}.{}@acme.example", below(1_000_000), below(1_000_000))),
        department: (below(4) > 0).then(|| unit("Department")),
        position: (below(4) > 0).then(|| unit("Position")),
        office_location: (below(4) > 0).then(|| unit("Office")),
        manager: number.map(ManagerReference::Number),
        leaving_date,
        ..record.clone()
    }
}

type Below<'a> = dyn Fn(usize) -> usize + 'a;

/// The list as a full sync knows it.
fn facts(list: &[EmployeeRecord]) -> Facts {
    let mut people_by_email: HashMap<_, Vec<_>> = HashMap::new();
    for record in list {
        let left = record.leaving_date.is_some_and(|date| date < TODAY);
        let activity = if left { Activity::Inactive } else { Activity::Active };
        let Some(email) = record.email_norm() else { continue };
        people_by_email.entry(email).or_default().push((record.external_key.clone(), activity));
    }
    Facts { people_by_email: Arc::new(people_by_email), ..Facts::default() }
}

/// What everything is, without what counts how often it was something else.
async fn state(app: &TestApp, connected: &Connected) -> Vec<String> {
    let user = "SELECT u.external_key || ' ' || u.state || ' ' || u.membership || ' ' || \
                COALESCE(l.account_id, '-') || ' ' || COALESCE(g.name, '-') || ' ' || u.record \
                AS value FROM directory_users u \
                LEFT JOIN links l ON l.directory_user_id = u.id \
                LEFT JOIN group_memberships m ON m.directory_user_id = u.id \
                LEFT JOIN directory_groups g ON g.id = m.group_id ORDER BY u.external_key";
    let mut all = app.raw().values(user);
    for mut account in app.accounts(&connected.organization).await {
        let members = account.as_object_mut().expect("an object");
        members.retain(|name, _| !matches!(name.as_str(), "version" | "updated_at"));
        all.push(account.to_string());
    }
    let problems = app.row_problems(connected).await;
    let mut problems: Vec<String> =
        problems.iter().map(|it| format!("{} {}", it["external_key"], it["code"])).collect();
    problems.sort();
    all.extend(problems);
    all
}

/// Counts that must stay when the same is taken in once more.
fn counts(app: &TestApp) -> Vec<String> {
    let sql = "SELECT CAST(COUNT(*) AS TEXT) AS value FROM events UNION ALL \
               SELECT CAST(COUNT(*) AS TEXT) AS value FROM account_changes UNION ALL \
               SELECT CAST(SUM(version) AS TEXT) AS value FROM accounts UNION ALL \
               SELECT CAST(SUM(version) AS TEXT) AS value FROM directory_users";
    app.raw().values(sql)
}

async fn s_05_lists_and_looks_in_any_order_end_in_one_state(app: TestApp) {
    let env = vec![
        ("ROLLCALL__SYNC__GUARD_SHARE", "1.0".to_owned()),
        ("ROLLCALL__SYNC__GUARD_MAX_COUNT", "100000".to_owned()),
    ];
    let app = app.another(Options { people: Some(3), env, ..Options::default() }).await;
    for (first, last) in [("Ann", "Lee"), ("Bob", "Ray"), ("Cy", "May")] {
        app.hire(&person(first, last, &format!("{first}@acme.example"))).await;
    }
    let connected = app.connected().await;
    app.hr().set_faults(no_hooks());
    let keys = ["Ann", "Bob", "Cy"].map(|name| {
        let people = app.hr().people();
        people.into_iter().find(|it| it.first_name == name).expect("hired").unique_key
    });
    let base = stored_of(&app, &connected, &keys).await;
    let lists = [Step::People(0), Step::Relations(0)];
    // Two looks at one person and one at another between two questions for the list, by turns.
    let looks = [Step::Look(1, 0), Step::Look(2, 0), Step::Look(1, 1)];
    let later = [Step::People(3), Step::Relations(3)];
    let mut scripts = vec![[&lists[..], &looks[..]].concat(), [&looks[..], &later[..]].concat()];
    scripts.push([&lists[..], &looks[..1], &later[..]].concat());
    // Every sixth order with each seed, another sixth with the next.
    for seed in 0..2 {
        for steps in &scripts {
            let random = SeededRandom::new(seed);
            let below = |bound: usize| below(&random, bound);
            let questions: Vec<Vec<EmployeeRecord>> = (0..4)
                .map(|_| base.iter().map(|it| another(it, &base, &below)).collect())
                .collect();
            let mut expected: Option<Vec<String>> = None;
            for order in orders(steps).into_iter().skip(usize::from(seed > 0)).step_by(6) {
                let again = ask(&app, &connected, 1).await[0];
                whole(&app, &connected, again, &base).await;
                let seqs = ask(&app, &connected, 4).await;
                for step in &order {
                    app.clock.advance([-1_500, 1, 2_000][below(3)]);
                    one_step(&app, &connected, *step, &seqs, &questions).await;
                    let before = counts(&app);
                    one_step(&app, &connected, *step, &seqs, &questions).await;
                    assert_eq!(counts(&app), before, "twice {step:?} of {order:?}, seed {seed}");
                }
                let now = state(&app, &connected).await;
                let then = expected.get_or_insert_with(|| now.clone());
                assert_eq!(then, &now, "{order:?}, seed {seed}");
            }
        }
    }
    tells_how_it_came(&app, &connected.organization).await;
}

/// The people with these keys, as stored.
async fn stored_of(app: &TestApp, connected: &Connected, keys: &[String]) -> Vec<EmployeeRecord> {
    let directory = DirectoryId::from_text(connected.directory.as_str());
    let keys: Vec<ExternalKey> = keys.iter().cloned().map(ExternalKey).collect();
    let db = app.running.task_context.sync.db.clone();
    let read = db.read(move |conn| directory_users::by_keys(conn, &directory, &keys, &[]));
    let found: Result<Vec<_>, DbError> = read.await;
    found.expect("a read").into_iter().map(|user| user.record.0).collect()
}

fn listed(seq: i64, list: &[EmployeeRecord]) -> Vec<Observed> {
    let membership = Membership::Member;
    let seen = list.iter().cloned();
    seen.map(|record| Observed {
        seq,
        record,
        membership,
        gone: false,
        raw_hash: None,
        notes: Vec::new(),
    })
    .collect()
}

/// A list that nothing overtakes.
async fn whole(app: &TestApp, connected: &Connected, seq: i64, list: &[EmployeeRecord]) {
    for pass in [Pass::People, Pass::Relations] {
        take_in(app, connected, pass, facts(list), listed(seq, list)).await;
    }
}

async fn one_step(
    app: &TestApp,
    connected: &Connected,
    step: Step,
    seqs: &[i64],
    questions: &[Vec<EmployeeRecord>],
) {
    let (pass, at) = match step {
        Step::People(at) => (Pass::People, at),
        Step::Relations(at) => (Pass::Relations, at),
        Step::Look(at, who) => {
            return answer(app, connected, seqs[at], questions[at][who].clone()).await;
        }
    };
    let list = &questions[at];
    take_in(app, connected, pass, facts(list), listed(seqs[at], list)).await;
}
