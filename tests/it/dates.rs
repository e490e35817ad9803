//! Dates act by themselves, in the organization's time zone, whatever the HR system does (S-12).
//!
//! Long because every date that acts is tried on both of its sides, in several time zones.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use rollcall::clock::{Clock as _, Random as _, SeededRandom, Timestamp};
use rollcall::db::waits;
use rollcall::sandbox::{Edit, Hire, HookFaults, Leave, OddAnswer, Standing};
use rollcall::sync::reevaluate;
use serde_json::{Value, json};

use crate::hr::{TODAY, YESTERDAY, agrees_with_hr, hooks, no_hooks, on, person};
use crate::support::{Connected, TestApp, behaviours};

behaviours!(
    s_12_access_ends_with_the_leaving_date_although_hr_is_down,
    s_12_access_begins_with_the_start_date_although_hr_is_down,
    s_12_dates_act_before_set_up_has_succeeded,
    s_12_days_on_which_clocks_change_begin_and_end_like_others,
    s_12_everybody_is_at_every_moment_as_their_dates_say,
    s_12_a_moved_leaving_date_moves_the_timer,
    s_12_a_moved_start_date_moves_the_timer,
    s_12_midnights_that_were_missed_are_made_up_for,
    s_12_nobody_waits_for_a_past_date,
    s_12_another_time_zone_moves_midnight_both_ways,
    s_46_another_time_zone_reaches_everybody_in_pieces,
    s_12_a_date_is_told_once_by_whoever_is_first,
    s_12_a_clock_that_is_set_back_tells_nothing_twice,
    s_12_a_clock_that_ran_ahead_is_made_good_by_the_next_full_sync,
    s_12_a_date_that_acts_settles_no_row_problem,
    s_12_a_contract_that_follows_another_keeps_the_account,
    s_12_one_spoilt_row_holds_up_nobody_elses_date,
    s_12_a_date_ahead_costs_no_full_sync_anything,
    s_25_whom_a_date_made_inactive_returns_to_the_same_account,
);

const ANN: &str = "ann.lee@acme.example";
const BOB: &str = "bob.ray@acme.example";
/// When the day after [`TODAY`] begins in London.
const MIDNIGHT: &str = "2026-11-24T00:00:00Z";

fn moment(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().expect("a moment").as_millisecond())
}

fn day(number: i32) -> Date {
    TODAY.saturating_add(jiff::Span::new().days(number))
}

impl TestApp {
    /// Sets the clock, without doing any work meanwhile, and does what is due then.
    async fn until(&self, then: Timestamp) {
        self.pass(then.since(self.clock.now())).await;
    }

    async fn until_just_before(&self, then: &str) {
        self.until(moment(then).plus(-1)).await;
    }

    async fn status(&self, connected: &Connected, email: &str) -> String {
        let account = self.the_account(connected, email).await;
        account["status"].as_str().expect("a status").to_owned()
    }

    async fn set_zone(&self, connected: &Connected, zone: &str) {
        let path = format!("/organizations/{}", connected.organization);
        self.patch(&path, json!({"time_zone": zone})).await.ok();
    }

    /// How often the application was told that a person's state changed.
    async fn told_of(&self, email: &str) -> usize {
        let events = self.events("dsync.user.updated").await;
        let is_theirs = |event: &&Value| {
            event["data"]["email"] == email
                && event["data"]["previous_attributes"].get("state").is_some()
        };
        events.iter().filter(is_theirs).count()
    }

    /// Directory users who wait for a date, of those whom a test hired.
    fn waiting(&self) -> usize {
        let sql = "SELECT id AS value FROM directory_users WHERE due_at_ms IS NOT NULL \
                   AND (email_norm LIKE '%.lee@acme.example' \
                   OR email_norm LIKE '%.ray@acme.example' \
                   OR email_norm LIKE '%.may@acme.example')";
        self.raw().values(sql).len()
    }

    async fn hire_for(&self, email: &str, start: Date) -> String {
        let (first, last) = email.split_once('@').expect("an e-mail").0.split_once('.').unwrap();
        let start_date = Some(start.to_string());
        self.hire(&Hire { start_date, ..person(first, last, email) }).await
    }
}

async fn s_12_access_ends_with_the_leaving_date_although_hr_is_down(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    app.leave(&id, &on(TODAY)).await;
    let connected = app.connected().await;
    // Nothing is to be had from HR, and the admins know.
    app.hr_answers(Some(OddAnswer::Suspended));
    app.sync_now(&connected).await.ok();
    app.drain().await;
    assert_eq!(app.state(&connected).await, "failing");
    app.until_just_before(MIDNIGHT).await;
    assert_eq!(app.status(&connected, ANN).await, "active");
    assert_eq!(app.told_of(ANN).await, 0);
    app.until(moment(MIDNIGHT)).await;
    assert_eq!(app.status(&connected, ANN).await, "inactive");
    assert_eq!(app.told_of(ANN).await, 1);
    let told = app.events("dsync.user.updated").await.pop().expect("an event")["data"].clone();
    assert_eq!((&told["state"], &told["email"]), (&json!("inactive"), &json!(ANN)));
    assert_eq!(told["previous_attributes"], json!({"state": "active"}));
    // Who is still to begin is not active (S-11).
    let active = 40 - left(&app) - beginning(&app);
    assert_eq!(app.show(&connected).await["counts"]["active"], active);
    // The full sync that works again finds nothing to do.
    let account = app.the_account(&connected, ANN).await;
    app.hr_answers(None);
    app.poll().await;
    assert_eq!(app.the_account(&connected, ANN).await, account);
    assert_eq!(app.told_of(ANN).await, 1);
    agrees_with_hr(&app, &connected).await;
}

/// Leavers of the made-up company, without the people hired here.
fn beginning(app: &TestApp) -> usize {
    let is_ahead = |start: &str| start.parse::<Date>().is_ok_and(|start| start > TODAY);
    let people = app.hr().people().into_iter();
    people.filter(|it| it.standing != Standing::Left && is_ahead(&it.start_date)).count()
}

fn left(app: &TestApp) -> usize {
    let current = app.hr().current_employee_ids().len();
    app.hr().people().len() - current - 1
}

async fn s_12_access_begins_with_the_start_date_although_hr_is_down(app: TestApp) {
    app.hire_for(ANN, day(1)).await;
    let connected = app.connected().await;
    assert_eq!(app.status(&connected, ANN).await, "pending");
    app.hr_answers(Some(OddAnswer::Html502));
    app.until_just_before(MIDNIGHT).await;
    let before = app.the_account(&connected, ANN).await;
    assert_eq!(before["status"], "pending");
    app.until(moment(MIDNIGHT)).await;
    let after = app.the_account(&connected, ANN).await;
    assert_eq!(after["status"], "active");
    assert_eq!(after["version"], json!(before["version"].as_i64().unwrap() + 1));
    app.hr_answers(None);
    app.poll().await;
    assert_eq!(app.the_account(&connected, ANN).await, after);
    agrees_with_hr(&app, &connected).await;
}

async fn s_12_dates_act_before_set_up_has_succeeded(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    app.leave(&id, &on(TODAY)).await;
    let connected = app.connected().await;
    app.hr_answers(Some(OddAnswer::Html502));
    // As after a first full sync that broke off.
    app.raw().run("UPDATE directories SET state = 'validating'");
    app.until(moment(MIDNIGHT)).await;
    assert_eq!(app.state(&connected).await, "validating");
    assert_eq!(app.status(&connected, ANN).await, "inactive");
}

/// A zone, last days around those on which its clocks change, and when they have passed.
const CLOCK_CHANGES: &[(&str, &[(Date, &str)])] = &[
    // At one in the morning, after midnight.
    (
        "Europe/London",
        &[
            (date(2027, 3, 27), "2027-03-28T00:00:00Z"),
            (date(2027, 3, 28), "2027-03-28T23:00:00Z"),
            (date(2027, 10, 30), "2027-10-30T23:00:00Z"),
            (date(2027, 10, 31), "2027-11-01T00:00:00Z"),
        ],
    ),
    // Midnight is skipped, and the day begins at one.
    (
        "Asia/Beirut",
        &[
            (date(2027, 3, 27), "2027-03-27T22:00:00Z"),
            (date(2027, 3, 28), "2027-03-28T21:00:00Z"),
            (date(2027, 10, 30), "2027-10-30T22:00:00Z"),
        ],
    ),
    ("Africa/Cairo", &[(date(2027, 4, 29), "2027-04-29T22:00:00Z")]),
    // The hour before midnight comes twice, and the hour after it.
    ("America/Santiago", &[(date(2027, 4, 3), "2027-04-04T04:00:00Z")]),
    (
        "America/Havana",
        &[(date(2027, 11, 6), "2027-11-07T04:00:00Z"), (date(2027, 11, 7), "2027-11-08T05:00:00Z")],
    ),
];

async fn s_12_days_on_which_clocks_change_begin_and_end_like_others(app: TestApp) {
    for (zone, days) in CLOCK_CHANGES {
        let options = crate::support::Options { people: Some(10), ..Default::default() };
        let app = app.another(options).await;
        let emails = |index: usize| {
            [format!("lee.leaver{index}@acme.example"), format!("sam.starter{index}@acme.example")]
        };
        for (index, (last_day, _)) in days.iter().enumerate() {
            let [leaver, starter] = emails(index);
            let id = app.hire(&person("Lee", &format!("Leaver{index}"), &leaver)).await;
            app.leave(&id, &on(*last_day)).await;
            app.hire_for(&starter, last_day.tomorrow().expect("a day")).await;
        }
        let connected = app.connected().await;
        app.set_zone(&connected, zone).await;
        app.hr_answers(Some(OddAnswer::Html502));
        for (index, (_, passed)) in days.iter().enumerate() {
            let [leaver, starter] = emails(index);
            app.until_just_before(passed).await;
            assert_eq!(app.status(&connected, &leaver).await, "active", "{zone} {passed}");
            assert_eq!(app.status(&connected, &starter).await, "pending", "{zone} {passed}");
            app.until(moment(passed)).await;
            assert_eq!(app.status(&connected, &leaver).await, "inactive", "{zone} {passed}");
            assert_eq!(app.status(&connected, &starter).await, "active", "{zone} {passed}");
            assert_eq!(app.told_of(&leaver).await, 1, "{zone} {passed}");
        }
    }
}

/// Somebody with dates, and what is known of their account.
struct Dated {
    email: String,
    start: Date,
    last: Option<Date>,
    has_begun: bool,
    /// Whether the application takes them for active, and how often that changed.
    is_active: Option<bool>,
    told: usize,
}

impl Dated {
    /// The status and what is told of it (S-11).
    fn told(&mut self, today: Date) -> &'static str {
        let status = self.status(today);
        let is_active = status == "active";
        let before = self.is_active.replace(is_active);
        self.told += usize::from(before.is_some_and(|before| before != is_active));
        status
    }

    /// What the account must be on a day: a plain statement of the rule.
    fn status(&mut self, today: Date) -> &'static str {
        self.has_begun |= self.start <= today;
        match self.last {
            Some(last) if last < today => "inactive",
            _ if !self.has_begun => "pending",
            _ => "active",
        }
    }
}

async fn s_12_everybody_is_at_every_moment_as_their_dates_say(mut app: TestApp) {
    let random = SeededRandom::new(12);
    let below = |bound: u64| i32::try_from(random.below(bound)).expect("a small number");
    // A week around the night in which the clocks go forward.
    let (zone, first) = ("Europe/London", date(2027, 3, 25));
    let later = |from: Date, days: i32| from.saturating_add(jiff::Span::new().days(days));
    app.clock.advance(moment("2027-03-25T09:00:00Z").since(app.clock.now()));
    let mut people = Vec::new();
    for index in 0..24 {
        let start = later(first, below(8) - 2);
        // No more on one day than may leave without a question (S-32).
        let last = (index % 3 != 0).then(|| later(start.max(first), index % 6));
        let email = format!("pat.person{index}@acme.example");
        let id = app.hire_for(&email, start).await;
        if let Some(last) = last {
            app.leave(&id, &on(last)).await;
        }
        let (has_begun, is_active, told) = (false, None, 0);
        people.push(Dated { email, start, last, has_begun, is_active, told });
    }
    let connected = app.connected().await;
    app.hr_answers(Some(OddAnswer::Html502));
    let zone = TimeZone::get(zone).expect("a zone");
    for step in 0..40 {
        let today = app.clock.now().date_in(&zone);
        for person in &mut people {
            let expected = person.told(today);
            let status = app.status(&connected, &person.email).await;
            assert_eq!(status, expected, "{} from {} to {:?}", today, person.start, person.last);
        }
        if step % 10 == 9 {
            app = app.restart(100 + step).await;
        }
        // Now and then straight to midnight, else on by up to half a day.
        let midnight = Timestamp::start_of(today.tomorrow().expect("a day"), &zone);
        let steps = [midnight, app.clock.now().plus(i64::from(below(12)) * Timestamp::HOUR)];
        app.until(if below(3) == 0 { steps[0] } else { steps[1] }).await;
    }
    let today = app.clock.now().date_in(&zone);
    assert!(today > later(first, 6), "{today}");
    for person in &mut people {
        person.told(today);
        assert_eq!(app.told_of(&person.email).await, person.told, "{}", person.email);
    }
}

async fn s_12_a_moved_leaving_date_moves_the_timer(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = app.connected().await;
    let move_to = async |last: Option<Date>| {
        // HR can only mark somebody who is not marked yet.
        app.faults(|faults| faults.hooks.tell_rehire = true);
        if app.hr().person(&id).expect("Ann").leaving_date.is_some() {
            app.hr().rehire(&id).await.expect("taken back");
        }
        if let Some(last) = last {
            app.leave(&id, &on(last)).await;
        }
        // What is left of the wait after HR did not answer.
        app.pass(30 * Timestamp::SECOND).await;
    };
    let status = async |then: &str| {
        app.hr_answers(Some(OddAnswer::Html502));
        app.until(moment(then)).await;
        app.hr_answers(None);
        app.status(&connected, ANN).await
    };
    move_to(Some(day(10))).await;
    // Earlier.
    move_to(Some(day(2))).await;
    assert_eq!(status("2026-11-25T23:59:00Z").await, "active");
    // Later, in the last minute.
    move_to(Some(day(3))).await;
    assert_eq!(status("2026-11-26T00:00:00Z").await, "active");
    // Taken back.
    move_to(None).await;
    assert_eq!(app.waiting(), 0);
    assert_eq!(status("2026-11-28T00:00:00Z").await, "active");
    // And marked again; the day is now.
    move_to(Some(day(5))).await;
    assert_eq!(status("2026-11-28T23:59:59.999Z").await, "active");
    assert_eq!(app.told_of(ANN).await, 0);
    assert_eq!(status("2026-11-29T00:00:00Z").await, "inactive");
    assert_eq!((app.told_of(ANN).await, app.waiting()), (1, 0));
}

async fn s_12_a_moved_start_date_moves_the_timer(app: TestApp) {
    let ann = app.hire_for(ANN, day(2)).await;
    let bob = app.hire_for(BOB, day(2)).await;
    let connected = app.connected().await;
    let start = |day: Date| Edit { start_date: Some(day.to_string()), ..Edit::default() };
    app.edit(&ann, start(day(4))).await;
    app.edit(&bob, start(day(1))).await;
    app.drain().await;
    app.hr_answers(Some(OddAnswer::Html502));
    let both = async |then: &str| {
        app.until(moment(then)).await;
        [app.status(&connected, ANN).await, app.status(&connected, BOB).await]
    };
    assert_eq!(both("2026-11-23T23:59:59Z").await, ["pending", "pending"]);
    assert_eq!(both("2026-11-24T00:00:00Z").await, ["pending", "active"]);
    assert_eq!(both("2026-11-26T23:59:59Z").await, ["pending", "active"]);
    assert_eq!(both("2026-11-27T00:00:00Z").await, ["active", "active"]);
    // Who has begun does not wait again, whatever HR says later (S-23).
    app.hr_answers(None);
    app.edit(&ann, start(day(9))).await;
    app.drain().await;
    assert_eq!(app.status(&connected, ANN).await, "active");
}

async fn s_12_midnights_that_were_missed_are_made_up_for(app: TestApp) {
    let leaver = app.hire(&person("Ann", "Lee", ANN)).await;
    app.leave(&leaver, &on(TODAY)).await;
    app.hire_for(BOB, day(1)).await;
    // Comes and goes while nobody looks.
    let guest = app.hire_for("guy.may@acme.example", day(1)).await;
    app.leave(&guest, &on(day(1))).await;
    let connected = app.connected().await;
    app.hr_answers(Some(OddAnswer::Html502));
    app.clock.advance(2 * Timestamp::DAY);
    let app = app.restart(7).await;
    app.drain().await;
    assert_eq!(app.status(&connected, ANN).await, "inactive");
    assert_eq!(app.status(&connected, BOB).await, "active");
    assert_eq!(app.status(&connected, "guy.may@acme.example").await, "inactive");
    assert_eq!((app.told_of(ANN).await, app.waiting()), (1, 0));
    app.hr_answers(None);
    app.poll().await;
    agrees_with_hr(&app, &connected).await;
    assert_eq!(app.told_of(ANN).await, 1);
}

async fn s_12_nobody_waits_for_a_past_date(app: TestApp) {
    app.hire_for(ANN, YESTERDAY).await;
    app.hire_for(BOB, TODAY).await;
    let gone = app.hire(&person("Cy", "May", "cy.may@acme.example")).await;
    app.leave(&gone, &on(YESTERDAY)).await;
    let connected = app.connected().await;
    assert_eq!(app.waiting(), 0);
    assert_eq!(app.status(&connected, ANN).await, "active");
    assert_eq!(app.status(&connected, BOB).await, "active");
    assert!(app.account(&connected.organization, "cy.may@acme.example").await.is_none());
}

async fn s_12_another_time_zone_moves_midnight_both_ways(app: TestApp) {
    let leaver = app.hire(&person("Ann", "Lee", ANN)).await;
    app.leave(&leaver, &on(TODAY)).await;
    app.hire_for(BOB, day(1)).await;
    let connected = app.connected().await;
    app.hr_answers(Some(OddAnswer::Html502));
    // Noon in London is the next day in Auckland.
    app.until(moment("2026-11-23T12:00:00Z")).await;
    assert_eq!(app.status(&connected, ANN).await, "active");
    app.set_zone(&connected, "Pacific/Auckland").await;
    app.drain().await;
    assert_eq!(app.status(&connected, ANN).await, "inactive");
    assert_eq!(app.status(&connected, BOB).await, "active");
    // Back in London the last day is not over; who has begun has begun (S-23).
    app.set_zone(&connected, "Europe/London").await;
    app.drain().await;
    assert_eq!(app.status(&connected, ANN).await, "active");
    assert_eq!(app.status(&connected, BOB).await, "active");
    assert_eq!(app.told_of(ANN).await, 2);
    // Another name or the default is no other zone, and midnight is London's again.
    let path = format!("/organizations/{}", connected.organization);
    app.patch(&path, json!({"name": "Other Ltd", "time_zone": null})).await.ok();
    assert_eq!(app.waiting(), 2);
    app.until_just_before(MIDNIGHT).await;
    assert_eq!(app.status(&connected, ANN).await, "active");
    app.until(moment(MIDNIGHT)).await;
    assert_eq!(app.status(&connected, ANN).await, "inactive");
    // Everybody was decided three times, and nobody else was told of anything.
    assert_eq!((app.told_of(ANN).await, app.waiting()), (3, 0));
    assert_eq!(app.told_of(BOB).await, 1);
    assert_eq!(app.events("dsync.user.updated").await.len(), 4);
}

async fn s_46_another_time_zone_reaches_everybody_in_pieces(app: TestApp) {
    let options = crate::support::Options { people: Some(430), ..Default::default() };
    let app = app.another(options).await;
    let connected = app.connected().await;
    let now = app.clock.now().0;
    let due = &format!("SELECT id AS value FROM directory_users WHERE due_at_ms <= {now}");
    let all = app.raw().values("SELECT id AS value FROM directory_users").len();
    let mut reached = std::collections::BTreeSet::new();
    app.set_zone(&connected, "Pacific/Auckland").await;
    assert_eq!(app.raw().values(due).len(), 0, "the request itself touches nobody");
    let mut steps = 0;
    while reached.len() < all {
        assert!(reevaluate::step(&app.running.context).await.expect("a step"), "{}", reached.len());
        let now: Vec<String> = app.raw().values(due);
        let new = now.into_iter().filter(|id| reached.insert(id.clone())).count();
        assert!(new <= rollcall::limits::PIECE_ROWS_MAX, "{new} people in one transaction");
        steps += 1;
    }
    assert!(steps >= 3, "{steps}");
    // The process dies before anybody was decided; the next one goes on.
    let app = app.restart(7).await;
    app.drain().await;
    assert_eq!(app.raw().values(due).len(), 0);
    let open = "SELECT id AS value FROM organizations WHERE time_zone_reached IS NOT NULL";
    assert_eq!(app.raw().values(open), [""; 0]);
}

async fn s_12_a_date_is_told_once_by_whoever_is_first(app: TestApp) {
    // More than one transaction takes.
    let people = 250;
    let app = app.another(crate::support::Options { people: Some(20), ..Default::default() }).await;
    for index in 0..people {
        app.hire_for(&format!("pat.person{index}@acme.example"), day(1)).await;
    }
    let connected = app.connected().await;
    app.hr_answers(Some(OddAnswer::Html502));
    app.clock.advance(Timestamp::DAY);
    let cx = &app.running.task_context.sync;
    let work = async || while reevaluate::step(cx).await.expect("a step") {};
    tokio::join!(work(), work(), work(), app.drain());
    assert_eq!(app.waiting(), 0);
    for account in app.accounts(&connected.organization).await {
        if account["email"].as_str().is_some_and(|email| email.starts_with("pat.")) {
            assert_eq!((&account["status"], &account["version"]), (&json!("active"), &json!(2)));
        }
    }
}

async fn s_12_a_clock_that_is_set_back_tells_nothing_twice(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    app.leave(&id, &on(TODAY)).await;
    let connected = app.connected().await;
    app.hr_answers(Some(OddAnswer::Html502));
    app.until(moment(MIDNIGHT)).await;
    let account = app.the_account(&connected, ANN).await;
    for _ in 0..3 {
        app.clock.advance(-2 * Timestamp::MINUTE);
        app.drain().await;
        app.until(moment(MIDNIGHT)).await;
        app.pass(Timestamp::MINUTE).await;
    }
    assert_eq!(app.the_account(&connected, ANN).await, account);
    assert_eq!(app.told_of(ANN).await, 1);
}

async fn s_12_a_clock_that_ran_ahead_is_made_good_by_the_next_full_sync(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    app.leave(&id, &on(day(9))).await;
    let connected = app.connected().await;
    app.hr_answers(Some(OddAnswer::Html502));
    app.until(moment("2026-12-24T00:00:00Z")).await;
    assert_eq!((app.status(&connected, ANN).await.as_str(), app.waiting()), ("inactive", 0));
    // It was not Christmas yet. HR knows the day, and her record is as it was.
    app.until(moment("2026-11-23T10:00:00Z")).await;
    app.hr_answers(None);
    let (db, now) = (&app.running.task_context.sync.db, app.clock.now());
    waits::mend(db, now).await.expect("a write");
    app.drain().await;
    assert_eq!((app.status(&connected, ANN).await.as_str(), app.waiting()), ("active", 1));
    agrees_with_hr(&app, &connected).await;
    app.hr_answers(Some(OddAnswer::Html502));
    app.until(moment("2026-12-03T00:00:00Z")).await;
    assert_eq!((app.status(&connected, ANN).await.as_str(), app.waiting()), ("inactive", 0));
}

async fn s_12_a_date_that_acts_settles_no_row_problem(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = app.connected().await;
    app.edit(&id, Edit { email: Some("no address".to_owned()), ..Edit::default() }).await;
    app.leave(&id, &on(TODAY)).await;
    app.drain().await;
    let problems = app.row_problems(&connected).await;
    assert_eq!((problems.len(), &problems[0]["code"]), (1, &json!("invalid_email")));
    app.hr_answers(Some(OddAnswer::Html502));
    app.until(moment(MIDNIGHT)).await;
    assert_eq!(app.status(&connected, ANN).await, "inactive");
    assert_eq!(app.row_problems(&connected).await, problems, "HR has mended nothing yet");
    app.hr_answers(None);
    app.edit(&id, Edit { email: Some(ANN.to_owned()), ..Edit::default() }).await;
    app.pass(30 * Timestamp::SECOND).await;
    assert!(app.row_problems(&connected).await.is_empty());
}

async fn s_12_a_contract_that_follows_another_keeps_the_account(app: TestApp) {
    let old = app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = app.connected().await;
    let account = app.the_account(&connected, ANN).await["id"].clone();
    app.leave(&old, &Leave { blank_email: true, ..on(TODAY) }).await;
    app.drain().await;
    // A new record from tomorrow on; until then it is in doubt who has the e-mail.
    app.hire_for(ANN, day(1)).await;
    app.drain().await;
    assert_eq!(app.open_holds(&connected).await.len(), 1);
    app.hr_answers(Some(OddAnswer::Html502));
    app.until_just_before(MIDNIGHT).await;
    assert_eq!(app.open_holds(&connected).await.len(), 1);
    app.until(moment(MIDNIGHT)).await;
    let after = app.the_account(&connected, ANN).await;
    assert_eq!((&after["status"], &after["id"]), (&json!("active"), &account));
    assert_eq!(
        (&after["start_date"], &after["leaving_date"]),
        (&json!("2026-11-24"), &Value::Null)
    );
    assert!(app.open_holds(&connected).await.is_empty());
    app.hr_answers(None);
    app.poll().await;
    assert_eq!(app.the_account(&connected, ANN).await["status"], "active");
}

async fn s_12_one_spoilt_row_holds_up_nobody_elses_date(app: TestApp) {
    let ann = app.hire(&person("Ann", "Lee", ANN)).await;
    let bob = app.hire(&person("Bob", "Ray", BOB)).await;
    app.leave(&ann, &on(TODAY)).await;
    app.leave(&bob, &on(TODAY)).await;
    let connected = app.connected().await;
    app.hr_answers(Some(OddAnswer::Html502));
    let sound = app
        .raw()
        .values(&format!("SELECT record AS value FROM directory_users WHERE email_norm = '{ANN}'"));
    // She would be first, and her row cannot be read.
    let spoil = |record: &str| {
        let sql =
            format!("UPDATE directory_users SET record = '{record}' WHERE email_norm = '{ANN}'");
        app.raw().run(&sql);
    };
    spoil("spoilt");
    let first = "UPDATE directory_users SET due_at_ms = due_at_ms - 1 WHERE email_norm = ";
    app.raw().run(&format!("{first}'{ANN}'"));
    app.until(moment(MIDNIGHT)).await;
    assert_eq!(app.status(&connected, ANN).await, "active");
    assert_eq!(app.status(&connected, BOB).await, "inactive");
    spoil(&sound[0]);
    app.pass(10 * Timestamp::MINUTE).await;
    assert_eq!(app.status(&connected, ANN).await, "inactive");
}

async fn s_12_a_date_ahead_costs_no_full_sync_anything(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    app.leave(&id, &on(day(30))).await;
    app.hire_for(BOB, day(30)).await;
    let connected = app.connected().await;
    let unsettled = "SELECT external_key AS value FROM directory_users WHERE raw_hash IS NULL";
    assert_eq!(app.waiting(), 2);
    assert!(app.raw().values(unsettled).is_empty());
    let rows = crate::evidence::rows(&app.place, "accounts");
    app.poll().await;
    let counts = app.last_run(&connected).await["counts"].clone();
    assert_eq!(counts["unchanged"], counts["seen"]);
    assert_eq!(crate::evidence::rows(&app.place, "accounts"), rows);
    // Nor does it after the date has acted.
    app.hr_answers(Some(OddAnswer::Html502));
    app.until(Timestamp::start_of(day(31), &TimeZone::UTC)).await;
    assert_eq!((app.waiting(), app.raw().values(unsettled).len()), (0, 0));
}

async fn s_25_whom_a_date_made_inactive_returns_to_the_same_account(app: TestApp) {
    let id = app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = app.connected().await;
    let account = app.the_account(&connected, ANN).await["id"].clone();
    let mut last = TODAY;
    for told in [true, false, true] {
        app.hr().set_faults(hooks(HookFaults::default()));
        app.leave(&id, &on(last)).await;
        app.drain().await;
        app.hr_answers(Some(OddAnswer::Html502));
        last = last.tomorrow().expect("a day");
        app.until(Timestamp::start_of(last, &TimeZone::UTC)).await;
        assert_eq!(app.status(&connected, ANN).await, "inactive");
        let tells = HookFaults { tell_rehire: true, ..HookFaults::default() };
        app.hr().set_faults(if told { hooks(tells) } else { no_hooks() });
        app.hr().rehire(&id).await.expect("a re-hire");
        app.poll().await;
        let back = app.the_account(&connected, ANN).await;
        assert_eq!((&back["status"], &back["id"]), (&json!("active"), &account));
        assert_eq!((&back["leaving_date"], app.waiting()), (&Value::Null, 0));
    }
    assert_eq!(app.told_of(ANN).await, 6);
    agrees_with_hr(&app, &connected).await;
}
