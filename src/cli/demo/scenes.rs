//! The ten changes: who, what HR does to them, and how one sees in the application that it arrived.
//!
//! Everybody has one part only, so that one change cannot hide behind another.

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::sandbox::{Edit, Hire, Leave, PersonView};

use super::DemoError;
use super::api::{Account, Api};
use super::setup::Connected;

/// What HR does.
pub(super) enum Act {
    /// Takes somebody on.
    Hire(Hire),
    /// Changes a field.
    Edit(Edit),
    /// Marks somebody as leaver.
    Leave(Leave),
}

/// One change.
pub(super) struct Scene {
    /// What it is called.
    pub(super) what: &'static str,
    /// To whom it is done.
    pub(super) who: PersonView,
    /// How.
    pub(super) act: Act,
    /// Whether an account shows it.
    pub(super) shows: Box<dyn Fn(&Account) -> bool>,
    /// The person's state in the event.
    pub(super) state: &'static str,
    /// Whether the HR system shows it only in the list of current staff, so that the webhook's look
    /// at one person is not enough and a full sync follows.
    pub(super) by_full_sync: bool,
}

impl Scene {
    fn new(
        what: &'static str,
        who: PersonView,
        act: Act,
        shows: impl Fn(&Account) -> bool + 'static,
    ) -> Self {
        Self { what, who, act, shows: Box::new(shows), state: "active", by_full_sync: false }
    }
}

/// The account of a person.
pub(super) async fn account_of(
    api: &Api,
    organization_id: &str,
    person: &PersonView,
) -> Result<Account, DemoError> {
    let found = api.account_by_email(organization_id, &person.email).await?;
    found.ok_or_else(|| DemoError::Odd {
        what: "the accounts after the first full sync".to_owned(),
        problem: "somebody who is employed has none".to_owned(),
    })
}

/// All ten, in the order in which they are played.
pub(super) async fn scenes(
    api: &Api,
    connected: &Connected,
    today: Date,
) -> Result<Vec<Scene>, DemoError> {
    let mut cast = connected.linked.iter().chain(&connected.others);
    let mut somebody =
        |part: &str| cast.next().cloned().ok_or_else(|| DemoError::NoCast(part.to_owned()));
    // The first three had an account before the directory.
    let [renamed, readdressed, moved] =
        [somebody("a rename")?, somebody("another e-mail")?, somebody("another department")?];
    let mut scenes =
        vec![hired(&moved), edited("last name", renamed, Field::LastName, "Newly-Wed")];
    scenes.push(edited("new department", moved, Field::Department, "Climate Projects"));
    let (role, manager_of) = (somebody("a job role")?, somebody("another manager")?);
    scenes.push(edited("new job role", role, Field::JobRole, "Expedition Planner"));
    let manager = new_manager(connected, &manager_of)?;
    let manager_account = account_of(api, &connected.organization_id, &manager).await?;
    scenes.push(reports_to(manager_of, &manager, manager_account.id));
    let email = format!("new.{}", readdressed.email);
    scenes.push(edited("e-mail (same account)", readdressed, Field::Email, &email));
    let relocated = somebody("another office")?;
    scenes.push(edited("office location", relocated, Field::Location, "Edinburgh"));
    let starter = somebody("another start date")?;
    let start = starter.start_date.parse().unwrap_or(today).saturating_sub(7.days());
    scenes.push(edited("start date", starter, Field::StartDate, &start.to_string()));
    scenes.push(leaves_later(somebody("leaving later")?, today.saturating_add(30.days())));
    scenes.push(leaves_at_once(somebody("leaving at once")?, today));
    Ok(scenes)
}

/// A newcomer, with the same manager and department as somebody else.
fn hired(like: &PersonView) -> Scene {
    let hire = Hire {
        first_name: "Robin".to_owned(),
        last_name: "Newcomer".to_owned(),
        department: Some(like.department.clone()),
        location: Some(like.location.clone()),
        reports_to: like.reports_to.clone(),
        ..Hire::default()
    };
    let who = PersonView {
        first_name: hire.first_name.clone(),
        last_name: hire.last_name.clone(),
        ..like.clone()
    };
    let department = hire.department.clone();
    Scene::new("hired, starts today", who, Act::Hire(hire), move |account| {
        account.status == "active" && account.department == department
    })
}

#[derive(Clone, Copy)]
enum Field {
    LastName,
    Department,
    JobRole,
    Email,
    Location,
    StartDate,
}

impl Field {
    fn edit(self, value: &str) -> Edit {
        let (value, edit) = (Some(value.to_owned()), Edit::default());
        match self {
            Self::LastName => Edit { last_name: value, ..edit },
            Self::Department => Edit { department: value, ..edit },
            Self::JobRole => Edit { job_role: value, ..edit },
            Self::Email => Edit { email: value, ..edit },
            Self::Location => Edit { location: value, ..edit },
            Self::StartDate => Edit { start_date: value, ..edit },
        }
    }

    fn of(self, account: &Account) -> Option<&str> {
        match self {
            Self::LastName => account.last_name.as_deref(),
            Self::Department => account.department.as_deref(),
            Self::JobRole => account.position.as_deref(),
            Self::Email => Some(&account.email),
            Self::Location => account.office_location.as_deref(),
            Self::StartDate => account.start_date.as_deref(),
        }
    }
}

fn edited(what: &'static str, who: PersonView, field: Field, value: &str) -> Scene {
    let (act, value) = (Act::Edit(field.edit(value)), value.to_owned());
    Scene::new(what, who, act, move |account| field.of(account) == Some(value.as_str()))
}

fn reports_to(who: PersonView, manager: &PersonView, manager_account_id: String) -> Scene {
    let edit = Edit { reports_to: Some(manager.employee_id.clone()), ..Edit::default() };
    Scene::new("new manager", who, Act::Edit(edit), move |account| {
        account.manager_account_id.as_ref() == Some(&manager_account_id)
    })
}

/// Somebody else than the present manager, hired earlier, so that nobody manages in a circle.
fn new_manager(connected: &Connected, of: &PersonView) -> Result<PersonView, DemoError> {
    let earlier = connected.linked.iter().chain(&connected.others);
    let mut earlier = earlier.take_while(|person| person.unique_key != of.unique_key);
    let another = |person: &&PersonView| of.reports_to.as_ref() != Some(&person.employee_id);
    let found = earlier.find(another).cloned();
    found.ok_or_else(|| DemoError::NoCast("a new manager".to_owned()))
}

fn leaves_later(who: PersonView, on: Date) -> Scene {
    let leave = leave(on, false);
    Scene::new("leaves in 30 days", who, Act::Leave(leave), move |account| {
        account.status == "active" && account.leaving_date == Some(on.to_string())
    })
}

fn leaves_at_once(who: PersonView, today: Date) -> Scene {
    let act = Act::Leave(leave(today, true));
    let scene = Scene::new("leaves at once", who, act, |account| account.status == "inactive");
    Scene { state: "inactive", by_full_sync: true, ..scene }
}

fn leave(leaving_date: Date, immediately: bool) -> Leave {
    let reason = "Resignation".to_owned();
    Leave { leaving_date, immediately, blank_email: false, reason }
}
