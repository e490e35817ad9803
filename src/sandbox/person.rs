//! One person of the sandbox's company, as the HR department knows them.
//!
//! Invariants: `serial` and `unique_key` never change; a person has left exactly when their
//! leaving says so for the day that is asked about, so nothing has to run at midnight. Private
//! values are not kept here; [`super::canaries`] makes them up again from the serial number.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::register::Rules;

/// Everybody, by serial number, which is the order in which they were hired.
pub(super) type People = BTreeMap<u64, Arc<Person>>;

/// A field of a person that can be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    EmployeeId,
    Title,
    FirstName,
    LastName,
    OtherName,
    KnownAs,
    Email,
    StartDate,
    JobRole,
    Company,
    Location,
    Department,
    EmploymentType,
    WorkPhone,
    ReportsTo,
    LeavingDate,
}

impl Field {
    /// The name that the HR system's pages show for the field, and its hooks carry.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::EmployeeId => "Employee Id",
            Self::Title => "Title",
            Self::FirstName => "First Name",
            Self::LastName => "Last Name",
            Self::OtherName => "Other Name(s)",
            Self::KnownAs => "Known As",
            Self::Email => "Email",
            Self::StartDate => "Start Date",
            Self::JobRole => "Job Role",
            Self::Company => "Company",
            Self::Location => "Location",
            Self::Department => "Department",
            Self::EmploymentType => "Employment Type",
            Self::WorkPhone => "Work Phone",
            Self::ReportsTo => "Reports To",
            Self::LeavingDate => "Leaving Date",
        }
    }
}

/// A value and the day from which it holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Dated {
    pub value: String,
    /// `yyyy-MM-dd` or empty.
    pub since: String,
}

/// One change that was made to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub field: Field,
    pub old: String,
    pub new: String,
    pub on: String,
    pub reason: String,
}

/// How somebody leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaving {
    pub date: Date,
    /// Access ends at once, not at the end of `date`.
    pub immediately: bool,
    pub reason: String,
}

/// One person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Person {
    pub serial: u64,
    pub unique_key: String,
    pub employee_id: String,
    pub title: String,
    pub first_name: String,
    pub last_name: String,
    pub other_name: String,
    pub known_as: String,
    pub email: String,
    pub start_date: String,
    pub job_role: Dated,
    pub company: Dated,
    pub location: Dated,
    pub department: Dated,
    pub employment_type: Dated,
    /// The manager's serial number. The manager may have left or been deleted since.
    pub manager: Option<u64>,
    pub manager_since: String,
    pub work_phone: String,
    pub leaving: Option<Leaving>,
    /// An admin has set the person to *gone* (HRworks).
    pub gone: bool,
    /// The status to show instead of the right one (Breathe HR).
    pub status_text: Option<String>,
    /// What is shown instead of the right thing.
    pub shown: ShownInstead,
    /// Works for the company and is not employed by it (Breathe HR).
    pub contractor: bool,
    /// The name to log in with (HRworks).
    pub log_in_name: String,
    pub history: Vec<Change>,
}

/// Odd things that an HR system shows of a person instead of the right ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShownInstead {
    /// The leaving date, whatever it says, although nobody leaves.
    pub leaving_date: Option<String>,
    /// The employment status, in any words (`EmployeeStatus`, `status`, `isActive`).
    pub status: Option<String>,
    /// The manager comes without the employee id (People HR).
    pub manager_by_email: bool,
}

impl Person {
    /// First and last name.
    pub(super) fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    /// Where the person stands on a day.
    pub(super) fn standing(&self, today: Date) -> Standing {
        match &self.leaving {
            _ if self.gone => Standing::Left,
            None => Standing::Active,
            Some(leaving) if leaving.immediately || leaving.date < today => Standing::Left,
            Some(_) => Standing::Leaving,
        }
    }

    /// The text of a field; empty for the two that are not texts here.
    pub(super) fn text(&self, field: Field) -> &str {
        match field {
            Field::EmployeeId => &self.employee_id,
            Field::Title => &self.title,
            Field::FirstName => &self.first_name,
            Field::LastName => &self.last_name,
            Field::OtherName => &self.other_name,
            Field::KnownAs => &self.known_as,
            Field::Email => &self.email,
            Field::StartDate => &self.start_date,
            Field::JobRole => &self.job_role.value,
            Field::Company => &self.company.value,
            Field::Location => &self.location.value,
            Field::Department => &self.department.value,
            Field::EmploymentType => &self.employment_type.value,
            Field::WorkPhone => &self.work_phone,
            Field::ReportsTo | Field::LeavingDate => "",
        }
    }

    /// Sets the text of a field, from `since` on where the HR system keeps such a date.
    pub(super) fn set_text(&mut self, field: Field, value: String, since: &str) {
        let dated = |value| Dated { value, since: since.to_owned() };
        match field {
            Field::EmployeeId => self.employee_id = value,
            Field::Title => self.title = value,
            Field::FirstName => self.first_name = value,
            Field::LastName => self.last_name = value,
            Field::OtherName => self.other_name = value,
            Field::KnownAs => self.known_as = value,
            Field::Email => self.email = value,
            Field::StartDate => self.start_date = value,
            Field::JobRole => self.job_role = dated(value),
            Field::Company => self.company = dated(value),
            Field::Location => self.location = dated(value),
            Field::Department => self.department = dated(value),
            Field::EmploymentType => self.employment_type = dated(value),
            Field::WorkPhone => self.work_phone = value,
            Field::ReportsTo | Field::LeavingDate => {}
        }
    }
}

/// Where a person stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Employed, or about to start.
    Active,
    /// Marked as leaver and still employed.
    Leaving,
    /// Gone.
    Left,
}

/// The truth about one person, for comparison and for the control routes. No private values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonView {
    /// The HR system's identity of the record (`UniqueKey`, `id`, `uuid`); survives a change of the
    /// employee id.
    pub unique_key: String,
    /// The employee id (Ref, personnel number), which an admin can change.
    pub employee_id: String,
    /// Where the person stands today in the HR system's time zone.
    pub standing: Standing,
    /// Title, such as "Dr".
    pub title: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Middle names.
    pub other_name: String,
    /// The name the person goes by.
    pub known_as: String,
    /// Work e-mail; may be empty.
    pub email: String,
    /// First day, `yyyy-MM-dd` or empty.
    pub start_date: String,
    /// Job role.
    pub job_role: String,
    /// Legal company.
    pub company: String,
    /// Office.
    pub location: String,
    /// Department.
    pub department: String,
    /// Kind of contract.
    pub employment_type: String,
    /// Work phone number.
    pub work_phone: String,
    /// What the HR system calls the manager by (employee id, `id`, `uuid`); none without a manager
    /// or when the manager was deleted.
    pub reports_to: Option<String>,
    /// Last day of employment, when the person is marked as leaver or left.
    pub leaving_date: Option<Date>,
}

impl PersonView {
    /// The view of a person on a day.
    pub(super) fn of(person: &Person, people: &People, today: Date, rules: &Rules) -> Self {
        let manager = person.manager.and_then(|serial| people.get(&serial));
        Self {
            unique_key: (rules.unique_key)(person),
            employee_id: person.employee_id.clone(),
            standing: person.standing(today),
            title: person.title.clone(),
            first_name: person.first_name.clone(),
            last_name: person.last_name.clone(),
            other_name: person.other_name.clone(),
            known_as: person.known_as.clone(),
            email: person.email.clone(),
            start_date: person.start_date.clone(),
            job_role: person.job_role.value.clone(),
            company: person.company.value.clone(),
            location: person.location.value.clone(),
            department: person.department.value.clone(),
            employment_type: person.employment_type.value.clone(),
            work_phone: person.work_phone.clone(),
            reports_to: manager.map(|manager| (rules.handle)(manager)),
            leaving_date: person.leaving.as_ref().map(|leaving| leaving.date),
        }
    }
}
