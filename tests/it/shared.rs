//! One account in two HR systems (S-26), and what becomes of it.
//!
//! The same person works for two companies of one organization: in People HR and in one of the
//! polled HR systems.

use jiff::civil::date;
use rollcall::clock::Timestamp;
use rollcall::sandbox::{Edit, Hire};
use serde_json::{Value, json};

use crate::hr::{YESTERDAY, on};
use crate::support::{Connected, TestApp, behaviours};
use crate::systems::System;

behaviours!(
    s_26_the_older_link_manages_and_the_younger_changes_nothing,
    s_26_who_leaves_hands_over_to_the_next,
    s_26_the_account_is_active_while_anybody_is,
    s_26_an_employed_person_manages_before_an_older_leaver,
    s_26_a_disabled_directory_hands_over_and_leaves_all_others_alone,
    s_26_a_take_over_without_a_difference_changes_nothing,
    s_26_three_directories_take_over_in_the_order_of_their_links,
);

/// The HR systems beside People HR.
const OTHERS: [System; 2] = [System::BreatheHr, System::Hrworks];
const PEOPLE: &str = "dsync.user.created,dsync.user.updated,dsync.user.deleted";

/// Ann in one HR system.
struct Job {
    system: System,
    connected: Connected,
    id: String,
}

/// Ann, who has a job in several HR systems of one organization.
struct Ann {
    organization: String,
    email: String,
    /// The oldest link first.
    jobs: Vec<Job>,
}

/// Connects the HR systems one after the other to a new organization; in each of them Ann has a job
/// with the name of the HR system.
async fn ann(app: &TestApp, systems: &[System]) -> Ann {
    let organization = app.organization("Customer Ltd", &["admin@customer.example"]).await;
    let name: Vec<&str> = systems.iter().map(|system| system.provider()).collect();
    let email = format!("ann@{}.example", name.join("-").replace('_', "-"));
    let mut jobs = Vec::new();
    for system in systems {
        let hire = Hire {
            first_name: "Ann".to_owned(),
            last_name: "Lee".to_owned(),
            email: Some(email.clone()),
            job_role: Some(system.provider().to_owned()),
            // Long before she leaves: a last day before the first one is no last day (S-11).
            start_date: Some("2020-01-01".to_owned()),
            ..Hire::default()
        };
        let id = system.hire(&app.sandbox, &hire).await;
        let connected = app.connect(&organization, *system).await;
        jobs.push(Job { system: *system, connected, id });
    }
    Ann { organization, email, jobs }
}

impl Ann {
    /// Her one account.
    async fn account(&self, app: &TestApp) -> Value {
        let accounts = app.accounts(&self.organization).await;
        let mut hers = accounts.into_iter().filter(|account| account["email"] == *self.email);
        let account = hers.next().expect("an account");
        assert!(hers.next().is_none(), "one person, one account");
        account
    }

    /// Asserts what her account is and whose job manages it.
    async fn is(&self, app: &TestApp, status: &str, position: &str, by: usize) {
        let account = self.account(app).await;
        let by = &self.jobs[by].connected.directory;
        assert_eq!(
            (&account["status"], &account["position"], &account["managed_by"]),
            (&json!(status), &json!(position), &json!(by)),
            "{:?}: {account:#}",
            self.jobs.iter().map(|job| job.system).collect::<Vec<_>>()
        );
    }
}

impl Job {
    fn name(&self) -> &'static str {
        self.system.provider()
    }

    async fn leave(&self, app: &TestApp) {
        self.system.leave(&app.sandbox, &self.id, &on(YESTERDAY)).await;
        self.arrive(app).await;
    }

    async fn rehire(&self, app: &TestApp) {
        self.system.rehire(&app.sandbox, &self.id).await;
        self.arrive(app).await;
    }

    async fn edit(&self, app: &TestApp, edit: &Edit) {
        self.system.edit(&app.sandbox, &self.id, edit).await;
        self.arrive(app).await;
    }

    /// Lets a change arrive, at this directory only.
    async fn arrive(&self, app: &TestApp) {
        app.sync_now(&self.connected).await.ok();
        app.drain().await;
    }

    /// How much was told about people of this directory.
    async fn told(&self, app: &TestApp) -> usize {
        let events = app.events(PEOPLE).await;
        let of = |event: &&Value| event["data"]["directory_id"] == *self.connected.directory;
        events.iter().filter(of).count()
    }

    async fn disable(&self, app: &TestApp) {
        let path = format!("/directories/{}/disable", self.connected.directory);
        app.post(&path, json!({})).await.ok();
        app.drain().await;
    }
}

/// Both orders of People HR and another HR system.
fn pairs() -> impl Iterator<Item = [System; 2]> {
    OTHERS.into_iter().flat_map(|it| [[System::PeopleHr, it], [it, System::PeopleHr]])
}

async fn s_26_the_older_link_manages_and_the_younger_changes_nothing(app: TestApp) {
    for systems in pairs() {
        let ann = ann(&app, &systems).await;
        let [older, younger] = &ann.jobs[..] else { panic!("two jobs") };
        ann.is(&app, "active", older.name(), 0).await;
        let before = ann.account(&app).await;
        let told = younger.told(&app).await;
        let job = |job: &str| Edit { job_role: Some(job.to_owned()), ..Edit::default() };
        younger.edit(&app, &job("Buyer")).await;
        let email = format!("ray.{}", ann.email);
        younger.edit(&app, &Edit { email: Some(email), ..Edit::default() }).await;
        app.poll().await;
        assert_eq!(ann.account(&app).await, before, "{systems:?}");
        // The other directory's own person did change.
        assert_eq!(younger.told(&app).await, told + 2, "{systems:?}");
        assert!(app.open_holds(&younger.connected).await.is_empty());
        // The lock names the directory that manages.
        let path = format!("/accounts/{}", before["id"].as_str().expect("an id"));
        let refused = app.patch(&path, json!({"position": "Cook"})).await;
        assert_eq!(refused.problem(409), "account-managed");
        assert!(refused.text.contains(&older.connected.directory), "{}", refused.text);
        assert_eq!(app.delete(&path).await.problem(409), "account-managed");
        older.edit(&app, &job("Pilot")).await;
        ann.is(&app, "active", "Pilot", 0).await;
    }
}

async fn s_26_who_leaves_hands_over_to_the_next(app: TestApp) {
    for systems in pairs() {
        let ann = ann(&app, &systems).await;
        let [older, younger] = &ann.jobs[..] else { panic!("two jobs") };
        let before = ann.account(&app).await;
        older.leave(&app).await;
        ann.is(&app, "active", younger.name(), 1).await;
        let after = ann.account(&app).await;
        assert_eq!(after["leaving_date"], Value::Null, "{systems:?}");
        assert_eq!(after["version"], before["version"].as_i64().expect("a version") + 1);
        let user = app.events("dsync.user.updated").await.pop().expect("an event");
        assert_eq!(
            (&user["data"]["state"], &user["data"]["email"]),
            (&json!("inactive"), &json!(ann.email))
        );
        // Back again, the older link manages again.
        older.rehire(&app).await;
        ann.is(&app, "active", older.name(), 0).await;
        // Deleted, she hands over as well.
        older.system.delete(&app.sandbox, &older.id).await;
        older.arrive(&app).await;
        ann.is(&app, "active", younger.name(), 1).await;
    }
}

async fn s_26_the_account_is_active_while_anybody_is(app: TestApp) {
    for (days, systems) in pairs().enumerate() {
        let ann = ann(&app, &systems).await;
        let [older, younger] = &ann.jobs[..] else { panic!("two jobs") };
        // In the HR system whose link is the older one, her last day is tomorrow.
        let tomorrow = older.system.today(&app.sandbox).tomorrow().expect("a day");
        assert_eq!(tomorrow, date(2026, 11, 24 + 2 * i8::try_from(days).expect("few days")));
        older.system.leave(&app.sandbox, &older.id, &on(tomorrow)).await;
        older.arrive(&app).await;
        app.pass(Timestamp::DAY).await;
        ann.is(&app, "active", older.name(), 0).await;
        // On the day after she has left there, and the other one manages.
        app.pass(Timestamp::DAY).await;
        ann.is(&app, "active", younger.name(), 1).await;
        assert_eq!(ann.account(&app).await["leaving_date"], Value::Null, "{systems:?}");
        // The last one leaves: that ends access at once.
        younger.leave(&app).await;
        let account = ann.account(&app).await;
        assert_eq!(
            (&account["status"], &account["managed_by"]),
            (&json!("inactive"), &json!(older.connected.directory)),
            "{systems:?}"
        );
        assert_eq!(account["leaving_date"], tomorrow.to_string());
    }
}

async fn s_26_an_employed_person_manages_before_an_older_leaver(app: TestApp) {
    for systems in pairs() {
        let ann = ann(&app, &systems).await;
        let [older, younger] = &ann.jobs[..] else { panic!("two jobs") };
        younger.leave(&app).await;
        ann.is(&app, "active", older.name(), 0).await;
        older.leave(&app).await;
        ann.is(&app, "inactive", older.name(), 0).await;
        younger.rehire(&app).await;
        let job = Edit { job_role: Some("Buyer".to_owned()), ..Edit::default() };
        younger.edit(&app, &job).await;
        ann.is(&app, "active", "Buyer", 1).await;
        // She leaves here too: the account is inactive at once, and the oldest link has it again.
        younger.leave(&app).await;
        ann.is(&app, "inactive", older.name(), 0).await;
    }
}

async fn s_26_a_disabled_directory_hands_over_and_leaves_all_others_alone(app: TestApp) {
    for systems in pairs() {
        let ann = ann(&app, &systems).await;
        let [older, younger] = &ann.jobs[..] else { panic!("two jobs") };
        let before = app.accounts(&ann.organization).await;
        older.disable(&app).await;
        // The other one manages at once; its fields come with its next run (L-08).
        ann.is(&app, "active", older.name(), 1).await;
        for (before, after) in before.iter().zip(app.accounts(&ann.organization).await) {
            if after["email"] == *ann.email {
                continue;
            }
            let freed = before["managed_by"] == *older.connected.directory;
            let managed_by = if freed { &Value::Null } else { &before["managed_by"] };
            assert_eq!(after["managed_by"], *managed_by);
            for field in ["status", "position", "department", "version", "updated_at"] {
                assert_eq!(before[field], after[field], "L-08");
            }
        }
        let ends = app.events("").await.pop().expect("events");
        assert_eq!(ends["event"], "dsync.deleted");
        // The other one goes on.
        younger.arrive(&app).await;
        ann.is(&app, "active", younger.name(), 1).await;
        younger.leave(&app).await;
        ann.is(&app, "inactive", younger.name(), 1).await;
    }
}

async fn s_26_a_take_over_without_a_difference_changes_nothing(app: TestApp) {
    for systems in pairs() {
        let ann = ann(&app, &systems).await;
        let [older, younger] = &ann.jobs[..] else { panic!("two jobs") };
        let account = ann.account(&app).await;
        let text = |name: &str| account[name].as_str().map(str::to_owned);
        let same = Edit {
            department: text("department"),
            job_role: text("position"),
            location: text("office_location"),
            start_date: text("start_date"),
            ..Edit::default()
        };
        younger.edit(&app, &same).await;
        let told = app.events(PEOPLE).await;
        older.disable(&app).await;
        let after = ann.account(&app).await;
        assert_eq!(after["managed_by"], younger.connected.directory);
        for field in ["version", "updated_at", "position", "status", "manager_account_id"] {
            assert_eq!(after[field], account[field], "{field} {systems:?}");
        }
        assert_eq!(app.events(PEOPLE).await, told, "{systems:?}");
    }
}

async fn s_26_three_directories_take_over_in_the_order_of_their_links(app: TestApp) {
    let ann = ann(&app, &[System::Hrworks, System::PeopleHr, System::BreatheHr]).await;
    let [first, second, third] = &ann.jobs[..] else { panic!("three jobs") };
    ann.is(&app, "active", first.name(), 0).await;
    first.leave(&app).await;
    ann.is(&app, "active", second.name(), 1).await;
    second.leave(&app).await;
    ann.is(&app, "active", third.name(), 2).await;
    first.rehire(&app).await;
    ann.is(&app, "active", first.name(), 0).await;
    third.leave(&app).await;
    ann.is(&app, "active", first.name(), 0).await;
    first.leave(&app).await;
    ann.is(&app, "inactive", first.name(), 0).await;
}
