//! The HR department at work, and the one question that every sync test asks in the end: does the
//! application agree with the HR system?

use std::collections::HashMap;

use jiff::civil::{Date, date};
use rollcall::clock::{Random, SeededRandom, Timestamp};
use rollcall::domain::employee::clean_text;
use rollcall::sandbox::{Edit, Faults, Hire, HookFaults, Leave, PersonView, Standing};
use serde_json::{Value, json};

use crate::audit::tells_how_it_came;
use crate::support::{Connected, Options, TestApp};
use crate::systems::System;
use crate::testdb::TestPlace;

/// Longer than an interval of the usual schedule with its jitter.
pub const INTERVAL: i64 = 31 * Timestamp::MINUTE;

/// The day on which tests begin.
pub const TODAY: Date = date(2026, 11, 23);
/// The day before.
pub const YESTERDAY: Date = date(2026, 11, 22);

/// A person to hire, with this e-mail.
pub fn person(first: &str, last: &str, email: &str) -> Hire {
    Hire {
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        email: Some(email.to_owned()),
        ..Hire::default()
    }
}

/// A number below `bound`.
pub fn below(random: &SeededRandom, bound: usize) -> usize {
    let bound = u64::try_from(bound).expect("a small number");
    usize::try_from(random.below(bound)).expect("a small number")
}

/// Leaves on this day.
pub fn on(leaving_date: Date) -> Leave {
    Leave { leaving_date, immediately: false, blank_email: false, reason: String::new() }
}

/// An HR system without limit of calls, with hooks that go astray like this.
pub fn hooks(hooks: HookFaults) -> Faults {
    Faults { throttle_per_minute: None, hooks, ..Faults::default() }
}

/// An HR system that sends no hooks.
pub fn no_hooks() -> Faults {
    hooks(HookFaults { dropped: true, ..HookFaults::default() })
}

impl TestApp {
    /// A second gateway with other options, on the same engine.
    pub async fn another(&self, options: Options) -> Self {
        let place = TestPlace::migrated(self.place.engine).expect("the engine is there");
        Self::start_with(place, options).await
    }

    /// Hires; the employee id.
    pub async fn hire(&self, hire: &Hire) -> String {
        self.hr().hire(hire).await.expect("a hire").person.employee_id
    }

    /// Edits a person.
    pub async fn edit(&self, employee_id: &str, edit: Edit) {
        self.hr().edit(employee_id, &edit).await.expect("an edit");
    }

    /// Marks a person as leaver.
    pub async fn leave(&self, employee_id: &str, leave: &Leave) {
        self.hr().leave(employee_id, leave).await.expect("a leaver");
    }

    /// Does a full sync by the schedule.
    pub async fn poll(&self) {
        self.pass(INTERVAL).await;
    }

    /// An organization that has these accounts before it is connected.
    pub async fn joined(&self, accounts: &[Value]) -> Connected {
        let organization = self.organization("Customer Ltd", &["ann@customer.example"]).await;
        for account in accounts {
            let path = format!("/organizations/{organization}/accounts");
            self.post(&path, account.clone()).await.ok();
        }
        let connected = self.prepared(&organization).await;
        self.complete(&connected).await;
        connected
    }

    /// The account with this e-mail, which must be there.
    pub async fn the_account(&self, connected: &Connected, email: &str) -> Value {
        let account = self.account(&connected.organization, email).await;
        account.unwrap_or_else(|| panic!("nobody has {email}"))
    }

    /// The open holds of a directory.
    pub async fn open_holds(&self, connected: &Connected) -> Vec<Value> {
        self.all(&format!("/directories/{}/holds?state=open", connected.directory)).await
    }

    /// The row problems of a directory.
    pub async fn row_problems(&self, connected: &Connected) -> Vec<Value> {
        self.all(&format!("/directories/{}/row_problems", connected.directory)).await
    }

    /// The runs of a directory, oldest first.
    pub async fn runs(&self, connected: &Connected) -> Vec<Value> {
        self.all(&format!("/directories/{}/runs", connected.directory)).await
    }

    /// Whom the gateway asked for by id since the logs were cleared, in order.
    pub fn looks(&self) -> Vec<String> {
        self.hr().calls().into_iter().filter_map(|call| call.employee_id).collect()
    }

    /// How many lists it asked for.
    pub fn lists(&self) -> usize {
        let is_list = |name: &str| name == "GetAllEmployeeDetail";
        self.hr().calls().iter().filter(|call| call.action.as_deref().is_some_and(is_list)).count()
    }
}

/// Texts as an account has them: without needless white space, null when empty.
fn text(text: &str) -> Value {
    json!(clean_text(text))
}

/// Whether a record can be applied at all (S-07).
fn is_applicable(person: &PersonView) -> bool {
    let date_is_one = person.start_date.is_empty() || person.start_date.parse::<Date>().is_ok();
    let named = [&person.first_name, &person.last_name].iter().all(|it| clean_text(it).is_some());
    clean_text(&person.email).is_some_and(|email| email.contains('@')) && date_is_one && named
}

fn fold(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Asserts that the application agrees with the HR system, field by field: every employed person
/// with a sound record has exactly one account like the record, leavers have at most an inactive
/// one, and nobody else has an account that the directory manages. What was noted of the accounts'
/// changes has to lead to what they are.
pub async fn agrees_with_hr(app: &TestApp, connected: &Connected) {
    agrees_with(app, connected, System::PeopleHr).await;
}

/// [`agrees_with_hr`] for any of the HR systems.
pub async fn agrees_with(app: &TestApp, connected: &Connected, system: System) {
    let (people, today) = (system.people(&app.sandbox), system.today(&app.sandbox));
    let accounts = app.accounts(&connected.organization).await;
    let managed = |account: &&Value| account["managed_by"] == connected.directory.as_str();
    let by_email: HashMap<String, &Value> = accounts
        .iter()
        .filter(managed)
        .map(|account| (fold(account["email"].as_str().expect("an e-mail")), account))
        .collect();
    let mut expected = 0;
    for person in people.iter().filter(|person| is_applicable(person)) {
        let account = by_email.get(&fold(&person.email)).copied();
        match (account, person.standing) {
            (None, Standing::Left) => continue,
            (None, _) => panic!("{system:?}: no account for {person:?}"),
            (Some(_), _) => expected += 1,
        }
        let superior = system.manager(person, &people);
        let superior = superior.and_then(|person| by_email.get(&fold(&person.email)));
        assert_alike(account.expect("checked above"), person, superior.copied(), today);
    }
    assert_eq!(expected, by_email.len(), "accounts nobody in HR stands for");
    tells_how_it_came(app, &connected.organization).await;
}

fn assert_alike(account: &Value, person: &PersonView, manager: Option<&Value>, today: Date) {
    let starts_later = person.start_date.parse::<Date>().is_ok_and(|start| start > today);
    let status = match person.standing {
        Standing::Left => "inactive",
        _ if starts_later && account["status"] != "active" => "pending",
        _ => "active",
    };
    let expected = [
        ("first_name", text(&person.first_name)),
        ("last_name", text(&person.last_name)),
        ("department", text(&person.department)),
        ("position", text(&person.job_role)),
        ("office_location", text(&person.location)),
        ("start_date", text(&person.start_date)),
        ("leaving_date", json!(person.leaving_date)),
        ("manager_account_id", manager.map_or(Value::Null, |manager| manager["id"].clone())),
        ("status", json!(status)),
    ];
    for (field, value) in expected {
        assert_eq!(account[field], value, "{field} of {} in {account:#}", person.email);
    }
}
