//! The three HR systems of the sandbox in one vocabulary, for behaviours that hold for each.

use jiff::civil::Date;
use rollcall::sandbox::{
    Action, BreatheEndpoint, CallWindow, ChangeError, Edit, Hire, HrworksEndpoint,
    HrworksPermission, Leave, OddAnswer, PersonView, RestAnswer, Sandbox, ShownInstead, Standing,
};
use serde_json::{Value, json};

use crate::support::{Connected, TestApp};

/// One of the HR systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    PeopleHr,
    BreatheHr,
    Hrworks,
}

/// What can go wrong at any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Too many calls.
    Throttled,
    /// The right answer, cut off.
    Truncated,
    /// Text that is no JSON.
    NoJson,
    /// A page of a gateway whose server is gone.
    Down,
    /// Success, and nobody in the list.
    EmptyList,
    /// The list says that it is longer than it is. People HR's says nothing of the kind.
    TooLong,
}

/// Which calls a fault concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    All,
    Lists,
    Looks,
}

impl System {
    pub const ALL: [Self; 3] = [Self::PeopleHr, Self::BreatheHr, Self::Hrworks];

    /// Its name in the API.
    pub fn provider(self) -> &'static str {
        match self {
            Self::PeopleHr => "people_hr",
            Self::BreatheHr => "breathe_hr",
            Self::Hrworks => "hrworks",
        }
    }

    /// The setting for calls in a minute.
    pub fn pace_setting(self) -> &'static str {
        match self {
            Self::PeopleHr => "ROLLCALL__PROVIDERS__PEOPLE_HR__CALLS_PER_MINUTE",
            Self::BreatheHr => "ROLLCALL__PROVIDERS__BREATHE_HR__CALLS_PER_MINUTE",
            Self::Hrworks => "ROLLCALL__PROVIDERS__HRWORKS__CALLS_PER_MINUTE",
        }
    }

    /// Whether it tells of changes by itself.
    pub fn has_hooks(self) -> bool {
        self == Self::PeopleHr
    }

    /// What it calls a person by.
    pub fn handle(self, person: &PersonView) -> &str {
        match self {
            Self::PeopleHr => &person.employee_id,
            Self::BreatheHr | Self::Hrworks => &person.unique_key,
        }
    }

    /// The manager whom a record names.
    pub fn manager<'a>(
        self,
        person: &PersonView,
        people: &'a [PersonView],
    ) -> Option<&'a PersonView> {
        let manager = person.reports_to.as_deref()?;
        let manager = people.iter().find(|other| self.handle(other) == manager)?;
        // Breathe HR takes who has left off those whom they managed, and leavers have none.
        let hidden = self == Self::BreatheHr
            && [person, manager].iter().any(|p| p.standing == Standing::Left);
        (!hidden).then_some(manager)
    }

    pub fn people(self, sandbox: &Sandbox) -> Vec<PersonView> {
        match self {
            Self::PeopleHr => sandbox.people_hr().people(),
            Self::BreatheHr => sandbox.breathe_hr().people(),
            Self::Hrworks => sandbox.hrworks().people(),
        }
    }

    /// The day it is there.
    pub fn today(self, sandbox: &Sandbox) -> Date {
        match self {
            Self::PeopleHr => sandbox.people_hr().today(),
            Self::BreatheHr => sandbox.breathe_hr().today(),
            Self::Hrworks => sandbox.hrworks().today(),
        }
    }

    /// Everybody who has begun to work there and is to stay, with an e-mail.
    pub fn staff(self, sandbox: &Sandbox) -> Vec<PersonView> {
        let today = self.today(sandbox);
        let works = |person: &PersonView| {
            person.standing == Standing::Active
                && !person.email.is_empty()
                && person.start_date.parse::<Date>().is_ok_and(|start| start <= today)
        };
        self.people(sandbox).into_iter().filter(works).collect()
    }

    /// Hires; what the person is called by.
    pub async fn hire(self, sandbox: &Sandbox, hire: &Hire) -> String {
        let person = match self {
            Self::PeopleHr => sandbox.people_hr().hire(hire).await.map(|changed| changed.person),
            Self::BreatheHr => sandbox.breathe_hr().hire(hire),
            Self::Hrworks => sandbox.hrworks().hire(hire),
        };
        self.handle(&person.expect("a hire")).to_owned()
    }

    pub async fn edit(self, sandbox: &Sandbox, who: &str, edit: &Edit) {
        let edited: Result<(), ChangeError> = match self {
            Self::PeopleHr => sandbox.people_hr().edit(who, edit).await.map(|_| ()),
            Self::BreatheHr => sandbox.breathe_hr().edit(who, edit).map(|_| ()),
            Self::Hrworks => sandbox.hrworks().edit(who, edit).map(|_| ()),
        };
        edited.expect("an edit");
    }

    /// Shows odd things of a person.
    pub fn show(self, sandbox: &Sandbox, who: &str, shown: ShownInstead) {
        let changed: Result<(), ChangeError> = match self {
            Self::PeopleHr => sandbox.people_hr().show(who, shown),
            Self::BreatheHr => sandbox.breathe_hr().show(who, shown).map(|_| ()),
            Self::Hrworks => sandbox.hrworks().show(who, shown).map(|_| ()),
        };
        changed.expect("a person");
    }

    /// Gives somebody another job.
    pub async fn new_job(self, sandbox: &Sandbox, who: &str, job: &str) {
        let edit = Edit { job_role: Some(job.to_owned()), ..Edit::default() };
        self.edit(sandbox, who, &edit).await;
    }

    pub async fn leave(self, sandbox: &Sandbox, who: &str, leave: &Leave) {
        let left: Result<(), ChangeError> = match self {
            Self::PeopleHr => sandbox.people_hr().leave(who, leave).await.map(|_| ()),
            Self::BreatheHr => sandbox.breathe_hr().leave(who, leave).map(|_| ()),
            Self::Hrworks => sandbox.hrworks().leave(who, leave).map(|_| ()),
        };
        left.expect("a leaver");
    }

    pub async fn rehire(self, sandbox: &Sandbox, who: &str) {
        let back: Result<(), ChangeError> = match self {
            Self::PeopleHr => sandbox.people_hr().rehire(who).await.map(|_| ()),
            Self::BreatheHr => sandbox.breathe_hr().rehire(who).map(|_| ()),
            Self::Hrworks => sandbox.hrworks().rehire(who).map(|_| ()),
        };
        back.expect("a re-hire");
    }

    pub async fn delete(self, sandbox: &Sandbox, who: &str) {
        let deleted: Result<(), ChangeError> = match self {
            Self::PeopleHr => sandbox.people_hr().delete(who).await.map(|_| ()),
            Self::BreatheHr => sandbox.breathe_hr().delete(who).map(|_| ()),
            Self::Hrworks => sandbox.hrworks().delete(who).map(|_| ()),
        };
        deleted.expect("a deletion");
    }

    /// Makes a good key: what is entered, and the part of it that names it.
    pub fn key(self, sandbox: &Sandbox) -> (Value, String) {
        match self {
            Self::PeopleHr => {
                let key = sandbox.people_hr().create_key(Action::USUAL).key;
                (json!({"api_key": key}), key)
            }
            Self::BreatheHr => {
                let key = sandbox.breathe_hr().create_key();
                (json!({"api_key": key}), key)
            }
            Self::Hrworks => {
                let pair = sandbox.hrworks().create_key_pair(HrworksPermission::USUAL);
                (json!({"text": pair.text()}), pair.access_key)
            }
        }
    }

    /// A key that looks like one and that nobody has made.
    pub fn unknown_key(self) -> Value {
        match self {
            Self::PeopleHr => json!({"api_key": "0f5d1f0e-5d2b-4f1b-9a3e-1c5d8a1b2c3d"}),
            Self::BreatheHr => json!({"api_key": format!("prod-{}", "A".repeat(43))}),
            Self::Hrworks => json!({"access_key": "kA7/xExample+Key0001",
                "secret_access_key": "3xAmpl3/Secret+NotReal0000000000000000000"}),
        }
    }

    pub fn remove_key(self, sandbox: &Sandbox, key: &str) {
        let removed = match self {
            Self::PeopleHr => sandbox.people_hr().remove_key(key),
            Self::BreatheHr => sandbox.breathe_hr().remove_key(key),
            Self::Hrworks => sandbox.hrworks().remove_key_pair(key),
        };
        assert!(removed, "there was such a key");
    }

    /// So many calls a minute from now on, in any 60 seconds; none for no limit.
    pub fn limit(self, sandbox: &Sandbox, calls: Option<u32>) {
        match self {
            Self::PeopleHr => {
                let mut faults = sandbox.people_hr().faults();
                faults.throttle_per_minute = calls;
                sandbox.people_hr().set_faults(faults);
            }
            Self::BreatheHr => {
                let mut faults = sandbox.breathe_hr().faults();
                faults.throttle_per_minute = calls;
                faults.throttle_window = CallWindow::Sliding;
                sandbox.breathe_hr().set_faults(faults);
            }
            Self::Hrworks => {
                let mut faults = sandbox.hrworks().faults();
                faults.throttle_per_minute = calls;
                faults.throttle_window = CallWindow::Sliding;
                sandbox.hrworks().set_faults(faults);
            }
        }
    }

    /// How long it asks to wait when it had too many calls. People HR does not say.
    pub fn retry_after(self, sandbox: &Sandbox, seconds: Option<u32>) {
        match self {
            Self::PeopleHr => {}
            Self::BreatheHr => {
                let mut faults = sandbox.breathe_hr().faults();
                faults.retry_after_seconds = seconds;
                sandbox.breathe_hr().set_faults(faults);
            }
            Self::Hrworks => {
                let mut faults = sandbox.hrworks().faults();
                faults.retry_after_seconds = seconds;
                sandbox.hrworks().set_faults(faults);
            }
        }
    }

    /// Lets something go wrong; `None` puts everything in order. False when the HR system has no
    /// such fault.
    pub fn fault(self, sandbox: &Sandbox, fault: Option<Fault>, calls: Calls) -> bool {
        let too_long = fault == Some(Fault::TooLong);
        let answer = fault.filter(|fault| *fault != Fault::TooLong);
        match self {
            Self::PeopleHr => {
                let mut faults = sandbox.people_hr().faults();
                faults.always = answer.map(odd_answer);
                faults.only_action = match calls {
                    Calls::All => None,
                    Calls::Lists => Some(Action::GetAllEmployeeDetail),
                    Calls::Looks => Some(Action::GetEmployeeDetailById),
                };
                sandbox.people_hr().set_faults(faults);
                !too_long
            }
            Self::BreatheHr => {
                let mut faults = sandbox.breathe_hr().faults();
                faults.always = answer.map(rest_answer);
                faults.only = match calls {
                    Calls::All => None,
                    Calls::Lists => Some(BreatheEndpoint::Employees),
                    Calls::Looks => Some(BreatheEndpoint::Employee),
                };
                faults.quirks.total_error = i64::from(too_long);
                sandbox.breathe_hr().set_faults(faults);
                true
            }
            Self::Hrworks => {
                let mut faults = sandbox.hrworks().faults();
                faults.always = answer.map(rest_answer);
                faults.only = match calls {
                    Calls::All => None,
                    Calls::Lists => Some(HrworksEndpoint::MasterData),
                    Calls::Looks => Some(HrworksEndpoint::PersonMasterData),
                };
                // It tells no total, and what its last page is.
                faults.quirks.next_link = if too_long {
                    rollcall::sandbox::NextLink::Missing
                } else {
                    rollcall::sandbox::NextLink::Right
                };
                sandbox.hrworks().set_faults(faults);
                true
            }
        }
    }

    /// Whom it was asked about, one by one, since the logs were cleared.
    pub fn looks(self, sandbox: &Sandbox) -> Vec<String> {
        let part = |path: &str, before: &str, behind: &str| {
            let rest = path.strip_prefix(before)?.strip_suffix(behind)?;
            (!rest.is_empty() && !rest.contains('/')).then(|| rest.to_owned())
        };
        match self {
            Self::PeopleHr => {
                sandbox.people_hr().calls().into_iter().filter_map(|c| c.employee_id).collect()
            }
            Self::BreatheHr => {
                let calls = sandbox.breathe_hr().calls();
                calls.iter().filter_map(|call| part(&call.path, "/employees/", "")).collect()
            }
            Self::Hrworks => {
                let calls = sandbox.hrworks().calls();
                let look = |path: &str| part(path, "/persons/", "/master-data");
                calls.iter().filter_map(|call| look(&call.path)).collect()
            }
        }
    }

    /// How many calls it had, and how many of them it refused as too many.
    pub fn calls(self, sandbox: &Sandbox) -> (usize, usize) {
        let refused: Vec<bool> = match self {
            Self::PeopleHr => {
                let calls = sandbox.people_hr().calls();
                // It says so under HTTP 200, as Status 5.
                calls.iter().map(|call| call.status == Some(5)).collect()
            }
            Self::BreatheHr => sandbox.breathe_hr().calls().iter().map(|c| c.http == 429).collect(),
            Self::Hrworks => sandbox.hrworks().calls().iter().map(|c| c.http == 429).collect(),
        };
        (refused.len(), refused.iter().filter(|refused| **refused).count())
    }

    pub fn clear_logs(self, sandbox: &Sandbox) {
        match self {
            Self::PeopleHr => sandbox.people_hr().clear_logs(),
            Self::BreatheHr => sandbox.breathe_hr().clear_logs(),
            Self::Hrworks => sandbox.hrworks().clear_logs(),
        }
    }
}

fn odd_answer(fault: Fault) -> OddAnswer {
    match fault {
        Fault::Throttled => OddAnswer::Throttled,
        Fault::Truncated => OddAnswer::TruncatedJson,
        Fault::NoJson | Fault::TooLong => OddAnswer::MalformedJson,
        Fault::Down => OddAnswer::Html502,
        Fault::EmptyList => OddAnswer::EmptyList,
    }
}

fn rest_answer(fault: Fault) -> RestAnswer {
    match fault {
        Fault::Throttled => RestAnswer::Throttled,
        Fault::Truncated => RestAnswer::TruncatedJson,
        Fault::NoJson | Fault::TooLong => RestAnswer::MalformedJson,
        Fault::Down => RestAnswer::Html { http: 500 },
        Fault::EmptyList => RestAnswer::EmptyList,
    }
}

impl TestApp {
    /// A new directory of an HR system, without a key.
    pub async fn directory_of(&self, organization: &str, system: System) -> Connected {
        let provider = system.provider();
        let body = json!({"organization_id": organization, "provider": provider});
        let made = self.post("/directories", body).await.ok();
        let hook_url = made["webhook_url"].as_str().map(str::to_owned);
        assert_eq!(hook_url.is_some(), system.has_hooks());
        Connected {
            organization: organization.to_owned(),
            directory: made["id"].as_str().expect("an id").to_owned(),
            hook_url: hook_url.unwrap_or_default(),
            hr_key: String::new(),
        }
    }

    /// Enters a good key and completes set-up.
    pub async fn set_up(&self, connected: &mut Connected, system: System) {
        let (credential, key) = system.key(&self.sandbox);
        let path = format!("/directories/{}/credentials", connected.directory);
        let stored = self.put(&path, credential).await.ok();
        assert_eq!(stored["ok"], true, "{stored:#}");
        connected.hr_key = key;
        if system.has_hooks() {
            self.hr().set_webhook(Some(&connected.hook_url)).expect("the URL is one");
        }
        self.complete(connected).await;
    }

    /// Connects an organization to an HR system and brings it in step.
    pub async fn connect(&self, organization: &str, system: System) -> Connected {
        let mut connected = self.directory_of(organization, system).await;
        self.set_up(&mut connected, system).await;
        connected
    }

    /// A new organization, connected and in step.
    pub async fn connected_to(&self, system: System) -> Connected {
        let organization = self.organization("Customer Ltd", &["ann@customer.example"]).await;
        self.connect(&organization, system).await
    }
}
