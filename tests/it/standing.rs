//! Who counts as active: odd dates, unknown statuses, and people who have not begun yet (S-11).

use jiff::civil::Date;
use rollcall::sandbox::{Edit, Hire, ShownInstead};
use serde_json::{Value, json};

use crate::hr::{INTERVAL, TODAY, YESTERDAY, no_hooks, on, person};
use crate::support::{Connected, TestApp, behaviours};
use crate::systems::System;

behaviours!(
    s_11_a_leaving_date_that_nobody_means_is_none,
    s_11_a_leaving_date_before_the_start_date_is_an_old_one,
    s_11_an_unknown_status_is_a_warning_and_dates_decide,
    s_11_nobody_is_active_before_their_first_day,
    s_11_who_was_active_before_stays_so_until_the_first_day,
    s_11_a_start_date_that_moves_ahead_takes_nobodys_access,
);

const ANN: &str = "ann.lee@acme.example";
const BOB: &str = "bob.ray@acme.example";

fn day(number: i32) -> Date {
    TODAY.saturating_add(jiff::Span::new().days(number))
}

fn starts(start: Date) -> Edit {
    Edit { start_date: Some(start.to_string()), ..Edit::default() }
}

/// The codes of the row problems of a person, with their severity.
async fn found_of(app: &TestApp, connected: &Connected, email: &str) -> Vec<(String, String)> {
    let all = app.row_problems(connected).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let theirs = all.iter().filter(|it| it["email"] == email);
    theirs.map(|it| (text(&it["code"]), text(&it["severity"]))).collect()
}

fn warning(code: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), "warning".to_owned())]
}

/// The directory user with this e-mail, as the application reads it.
async fn user(app: &TestApp, connected: &Connected, email: &str) -> Value {
    let path = format!("/directory_users?directory={}&limit=100", connected.directory);
    let page = app.root_get(&path).await;
    let found = page["data"].as_array().expect("a list").iter().find(|it| it["email"] == email);
    found.unwrap_or_else(|| panic!("no user with {email}")).clone()
}

async fn status(app: &TestApp, connected: &Connected, email: &str) -> Value {
    app.the_account(connected, email).await["status"].clone()
}

async fn s_11_a_leaving_date_that_nobody_means_is_none(app: TestApp) {
    for system in System::ALL {
        let who = system.hire(&app.sandbox, &person("Ann", "Lee", ANN)).await;
        let connected = app.connected_to(system).await;
        app.hr().set_faults(no_hooks());
        for odd in
            ["1900-01-01", "1753-01-01", "0001-01-01", "1929-12-31", "2200-01-01", "9999-12-31"]
        {
            let shown =
                ShownInstead { leaving_date: Some(odd.to_owned()), ..ShownInstead::default() };
            system.show(&app.sandbox, &who, shown);
            app.pass(INTERVAL).await;
            let account = app.the_account(&connected, ANN).await;
            let fields = (&account["status"], &account["leaving_date"]);
            assert_eq!(fields, (&json!("active"), &Value::Null), "{system:?} {odd}");
            assert!(found_of(&app, &connected, ANN).await.is_empty(), "{system:?} {odd}");
        }
        // One that somebody means counts.
        let shown =
            ShownInstead { leaving_date: Some(YESTERDAY.to_string()), ..ShownInstead::default() };
        system.edit(&app.sandbox, &who, &starts(day(-400))).await;
        system.show(&app.sandbox, &who, shown);
        app.pass(INTERVAL).await;
        assert_eq!(status(&app, &connected, ANN).await, "inactive", "{system:?}");
    }
}

async fn s_11_a_leaving_date_before_the_start_date_is_an_old_one(app: TestApp) {
    for system in System::ALL {
        let hire = Hire { start_date: Some(day(-30).to_string()), ..person("Ann", "Lee", ANN) };
        let who = system.hire(&app.sandbox, &hire).await;
        let connected = app.connected_to(system).await;
        app.hr().set_faults(no_hooks());
        let shown =
            ShownInstead { leaving_date: Some(day(-200).to_string()), ..ShownInstead::default() };
        system.show(&app.sandbox, &who, shown);
        for _ in 0..2 {
            app.pass(INTERVAL).await;
            let account = app.the_account(&connected, ANN).await;
            let fields = (&account["status"], &account["leaving_date"]);
            assert_eq!(fields, (&json!("active"), &Value::Null), "{system:?}");
            let found = found_of(&app, &connected, ANN).await;
            assert_eq!(found, warning("leaving_before_start"), "{system:?}");
        }
        assert_eq!(app.show(&connected).await["counts"]["warnings"], 1);
        system.show(&app.sandbox, &who, ShownInstead::default());
        app.pass(INTERVAL).await;
        assert!(found_of(&app, &connected, ANN).await.is_empty(), "{system:?}");
        // Who has left has left, whatever their dates say.
        system.leave(&app.sandbox, &who, &on(day(-200))).await;
        if system == System::Hrworks {
            app.sandbox.hrworks().set_gone(&who, true).expect("a person");
        }
        app.pass(INTERVAL).await;
        assert_eq!(status(&app, &connected, ANN).await, "inactive", "{system:?}");
    }
}

async fn s_11_an_unknown_status_is_a_warning_and_dates_decide(app: TestApp) {
    for system in System::ALL {
        let ann = system.hire(&app.sandbox, &person("Ann", "Lee", ANN)).await;
        let bob = Hire { start_date: Some(day(-300).to_string()), ..person("Bob", "Ray", BOB) };
        let bob = system.hire(&app.sandbox, &bob).await;
        let word = "Ex employee";
        let shown = ShownInstead { status: Some(word.to_owned()), ..ShownInstead::default() };
        system.show(&app.sandbox, &ann, shown.clone());
        let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
        let mut connected = app.directory_of(&organization, system).await;
        let path = format!("/directories/{}", connected.directory);
        app.patch(&path, json!({"strict": true})).await.ok();
        let faulty: Vec<_> = system
            .people(&app.sandbox)
            .into_iter()
            .filter(|it| it.email.is_empty() && it.standing != rollcall::sandbox::Standing::Left)
            .collect();
        assert!(faulty.is_empty(), "{system:?}: a strict directory syncs {faulty:#?}");
        app.set_up(&mut connected, system).await;
        app.hr().set_faults(no_hooks());
        assert_eq!(found_of(&app, &connected, ANN).await, warning("unknown_status"), "{system:?}");
        let all = app.row_problems(&connected).await;
        let message = all.iter().find(|it| it["email"] == ANN).expect("it")["message"].clone();
        assert!(message.as_str().expect("a text").contains(word), "{message}");
        assert_eq!(status(&app, &connected, ANN).await, "active", "{system:?}");
        // Their dates act.
        let left = ShownInstead { leaving_date: Some(YESTERDAY.to_string()), ..shown };
        system.show(&app.sandbox, &bob, left);
        app.pass(INTERVAL).await;
        assert_eq!(status(&app, &connected, BOB).await, "inactive", "{system:?}");
        assert_eq!(app.state(&connected).await, "active", "warnings fail no strict directory");
        let counts = app.show(&connected).await["counts"].clone();
        assert_eq!((&counts["row_problems"], &counts["warnings"]), (&json!(0), &json!(2)));
        // A status that is known settles it.
        system.show(&app.sandbox, &ann, ShownInstead::default());
        app.pass(INTERVAL).await;
        assert!(found_of(&app, &connected, ANN).await.is_empty(), "{system:?}");
    }
}

async fn s_11_nobody_is_active_before_their_first_day(app: TestApp) {
    for system in System::ALL {
        let start = app.clock_day(system).saturating_add(jiff::Span::new().days(2));
        let hire = Hire { start_date: Some(start.to_string()), ..person("Ann", "Lee", ANN) };
        system.hire(&app.sandbox, &hire).await;
        let connected = app.connected_to(system).await;
        assert_eq!(status(&app, &connected, ANN).await, "pending", "{system:?}");
        assert_eq!(user(&app, &connected, ANN).await["state"], "inactive", "{system:?}");
        let of_hers = |it: &&Value| {
            it["data"]["email"] == ANN && it["data"]["directory_id"] == connected.directory.as_str()
        };
        let made = app.events("dsync.user.created").await;
        let made = made.iter().find(of_hers).expect("an event");
        assert_eq!(made["data"]["state"], "inactive", "{system:?}");
        let before = app.show(&connected).await["counts"].clone();
        // The day comes, and nobody has to ask the HR system.
        app.pass(48 * 3_600_000).await;
        assert_eq!(status(&app, &connected, ANN).await, "active", "{system:?}");
        assert_eq!(user(&app, &connected, ANN).await["state"], "active", "{system:?}");
        let told = app.events("dsync.user.updated").await;
        let told = told.iter().rfind(of_hers).expect("an event");
        assert_eq!(told["data"]["previous_attributes"], json!({"state": "inactive"}), "{system:?}");
        let after = app.show(&connected).await["counts"].clone();
        assert!(after["active"].as_i64() > before["active"].as_i64(), "{before} {after}");
        assert!(found_of(&app, &connected, ANN).await.is_empty(), "{system:?}");
    }
}

async fn s_11_who_was_active_before_stays_so_until_the_first_day(app: TestApp) {
    let hire = Hire { start_date: Some(day(20).to_string()), ..person("Ann", "Lee", ANN) };
    app.hire(&hire).await;
    let connected = app.joined(&[json!({"email": ANN})]).await;
    assert_eq!(status(&app, &connected, ANN).await, "active");
    assert_eq!(user(&app, &connected, ANN).await["state"], "active");
    app.poll().await;
    assert_eq!(status(&app, &connected, ANN).await, "active");
    assert_eq!(user(&app, &connected, ANN).await["state"], "active");
}

async fn s_11_a_start_date_that_moves_ahead_takes_nobodys_access(app: TestApp) {
    for system in System::ALL {
        let hire = Hire { start_date: Some(day(-90).to_string()), ..person("Ann", "Lee", ANN) };
        let who = system.hire(&app.sandbox, &hire).await;
        let connected = app.connected_to(system).await;
        app.hr().set_faults(no_hooks());
        let start = app.clock_day(system).saturating_add(jiff::Span::new().days(2));
        system.edit(&app.sandbox, &who, &starts(start)).await;
        for _ in 0..2 {
            app.pass(INTERVAL).await;
            assert_eq!(status(&app, &connected, ANN).await, "active", "{system:?}");
            assert_eq!(user(&app, &connected, ANN).await["state"], "active", "{system:?}");
            let found = found_of(&app, &connected, ANN).await;
            assert_eq!(found, warning("start_date_ahead"), "{system:?}");
        }
        app.pass(48 * 3_600_000).await;
        assert!(found_of(&app, &connected, ANN).await.is_empty(), "{system:?}");
        assert_eq!(status(&app, &connected, ANN).await, "active", "{system:?}");
    }
}

impl TestApp {
    /// The day it is at an HR system.
    fn clock_day(&self, system: System) -> Date {
        system.today(&self.sandbox)
    }
}
