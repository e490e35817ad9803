//! The personnel register: checks a change, makes it and says what the HR system would tell.
//!
//! Invariants: employee ids and (non-empty) e-mail addresses are unique; nobody reports to
//! themselves; a refused change changes nothing. Knows no clock, no network and no JSON: the day
//! comes in, the hooks to send go out as values.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::super::company::{mail_name, written};
use super::super::person::{Change, Dated, Field, Leaving, People, Person, Standing};
use super::hooks::HookMessage;

/// Why a change was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// Nobody has this employee id.
    #[error("nobody has the employee id {0:?}; GET /_sandbox/people-hr/people lists everybody")]
    Unknown(String),
    /// A value can not be taken.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field, as it is named in the request.
        field: &'static str,
        /// What is wrong and what is expected.
        problem: String,
    },
    /// The change does not fit what is there.
    #[error("{0}")]
    Conflict(String),
}

/// A person to hire. What is left out is filled in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hire {
    /// First name; required.
    pub first_name: String,
    /// Last name; required.
    pub last_name: String,
    /// Employee id, 15 characters at most; otherwise the next free "PW" number.
    pub employee_id: Option<String>,
    /// Work e-mail, which may be empty; otherwise made from the name.
    pub email: Option<String>,
    /// First day, `yyyy-MM-dd`; otherwise today.
    pub start_date: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Middle names.
    pub other_name: Option<String>,
    /// The name the person goes by.
    pub known_as: Option<String>,
    /// Job role.
    pub job_role: Option<String>,
    /// Legal company.
    pub company: Option<String>,
    /// Office.
    pub location: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// Kind of contract.
    pub employment_type: Option<String>,
    /// Work phone number.
    pub work_phone: Option<String>,
    /// The manager's employee id; empty for none.
    pub reports_to: Option<String>,
}

/// A partial change of a person: what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Edit {
    /// A new employee id, 15 characters at most.
    pub employee_id: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Middle names.
    pub other_name: Option<String>,
    /// The name the person goes by.
    pub known_as: Option<String>,
    /// Work e-mail; empty takes it away.
    pub email: Option<String>,
    /// First day, `yyyy-MM-dd` or empty.
    pub start_date: Option<String>,
    /// Job role.
    pub job_role: Option<String>,
    /// Legal company.
    pub company: Option<String>,
    /// Office.
    pub location: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// Kind of contract.
    pub employment_type: Option<String>,
    /// Work phone number.
    pub work_phone: Option<String>,
    /// The manager's employee id; empty for none.
    pub reports_to: Option<String>,
    /// The reason that the histories and the hooks carry.
    pub reason: String,
}

impl Edit {
    /// The texts to set. The employee id comes last, so that every hook can carry the new one.
    fn texts(&self) -> Vec<(Field, &str)> {
        let all = [
            (Field::Title, &self.title),
            (Field::FirstName, &self.first_name),
            (Field::LastName, &self.last_name),
            (Field::OtherName, &self.other_name),
            (Field::KnownAs, &self.known_as),
            (Field::Email, &self.email),
            (Field::StartDate, &self.start_date),
            (Field::JobRole, &self.job_role),
            (Field::Company, &self.company),
            (Field::Location, &self.location),
            (Field::Department, &self.department),
            (Field::EmploymentType, &self.employment_type),
            (Field::WorkPhone, &self.work_phone),
            (Field::EmployeeId, &self.employee_id),
        ];
        all.into_iter().filter_map(|(field, text)| Some((field, text.as_deref()?))).collect()
    }
}

/// How somebody is to leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leave {
    /// Last day of employment; may lie ahead or behind.
    pub leaving_date: Date,
    /// Access ends at once instead of at the end of that day.
    #[serde(default)]
    pub immediately: bool,
    /// Take the work e-mail off the record, as the vendor asks admins to do.
    #[serde(default)]
    pub blank_email: bool,
    /// Reason for leaving.
    #[serde(default)]
    pub reason: String,
}

/// Everybody, and whom an employee id means.
#[derive(Debug)]
pub(super) struct Register {
    people: Arc<People>,
    serials: HashMap<String, u64>,
    next_serial: u64,
}

/// A change that was made: to whom, and what the HR system tells about it.
pub(super) type Made = (Arc<Person>, Vec<HookMessage>);

impl Register {
    pub(super) fn new(people: Vec<Person>) -> Self {
        let next_serial = people.iter().map(|person| person.serial + 1).max().unwrap_or(0);
        let ids = people.iter().map(|person| (person.employee_id.clone(), person.serial));
        let serials = ids.collect();
        let people = people.into_iter().map(|person| (person.serial, Arc::new(person)));
        Self { people: Arc::new(people.collect()), serials, next_serial }
    }

    /// Everybody as of now; later changes do not touch the returned map.
    pub(super) fn people(&self) -> Arc<People> {
        Arc::clone(&self.people)
    }

    pub(super) fn find(&self, employee_id: &str) -> Option<&Arc<Person>> {
        self.people.get(self.serials.get(employee_id)?)
    }

    fn known(&self, employee_id: &str) -> Result<Arc<Person>, ChangeError> {
        let unknown = || ChangeError::Unknown(employee_id.to_owned());
        self.find(employee_id).cloned().ok_or_else(unknown)
    }

    pub(super) fn hire(
        &mut self,
        hire: &Hire,
        unique_key: String,
        today: Date,
    ) -> Result<Made, ChangeError> {
        let since = hire.start_date.clone().unwrap_or_else(|| written(today));
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let dated = |value: &Option<String>, otherwise: &str| Dated {
            value: value.clone().unwrap_or_else(|| otherwise.to_owned()),
            since: since.clone(),
        };
        let employee_id = hire.employee_id.clone().unwrap_or_else(|| self.free_employee_id());
        let email = hire.email.clone();
        let email = email.unwrap_or_else(|| self.free_email(&hire.first_name, &hire.last_name));
        for (field, value) in [
            (Field::FirstName, &hire.first_name),
            (Field::LastName, &hire.last_name),
            (Field::EmployeeId, &employee_id),
            (Field::Email, &email),
            (Field::StartDate, &since),
        ] {
            self.check(field, value, None)?;
        }
        let manager = self.manager(text(&hire.reports_to).as_str(), None)?;
        let person = Person {
            serial: self.next_serial,
            unique_key,
            employee_id,
            title: text(&hire.title),
            first_name: hire.first_name.clone(),
            last_name: hire.last_name.clone(),
            other_name: text(&hire.other_name),
            known_as: text(&hire.known_as),
            email,
            job_role: dated(&hire.job_role, "Assistant"),
            company: dated(&hire.company, "Acme Example Ltd"),
            location: dated(&hire.location, "London - Head Office"),
            department: dated(&hire.department, "Operations"),
            employment_type: dated(&hire.employment_type, "Full Time"),
            manager,
            manager_since: if manager.is_some() { since.clone() } else { String::new() },
            work_phone: text(&hire.work_phone),
            start_date: since,
            ..Person::default()
        };
        self.next_serial += 1;
        let message = HookMessage::starter(&person.employee_id);
        Ok((self.put(person), vec![message]))
    }

    pub(super) fn edit(
        &mut self,
        employee_id: &str,
        edit: &Edit,
        today: Date,
    ) -> Result<Made, ChangeError> {
        let before = self.known(employee_id)?;
        let mut changes = Vec::new();
        let mut person = Person::clone(&before);
        let mut note = |field: Field, old: &str, new: &str| {
            let (old, new, reason) = (old.to_owned(), new.to_owned(), edit.reason.clone());
            changes.push(Change { field, old, new, on: written(today), reason });
        };
        if let Some(manager_id) = &edit.reports_to {
            let manager = self.manager(manager_id, Some(before.serial))?;
            if manager != person.manager {
                let (old, new) = (self.name_of(person.manager), self.name_of(manager));
                note(Field::ReportsTo, &old, &new);
                person.manager = manager;
                person.manager_since = written(today);
            }
        }
        for (field, text) in edit.texts() {
            self.check(field, text, Some(before.serial))?;
            if person.text(field) != text {
                note(field, person.text(field), text);
                person.set_text(field, text.to_owned(), &written(today));
            }
        }
        let told = |change: &Change| HookMessage::detail(&before, &person.employee_id, change);
        let messages = changes.iter().map(told).collect();
        person.history.extend(changes);
        self.serials.remove(&before.employee_id);
        Ok((self.put(person), messages))
    }

    pub(super) fn leave(
        &mut self,
        employee_id: &str,
        leave: &Leave,
        today: Date,
    ) -> Result<Made, ChangeError> {
        let mut person = Person::clone(&*self.known(employee_id)?);
        match person.standing(today) {
            Standing::Active => {}
            Standing::Leaving => return conflict("already Employee mark as leaver."),
            Standing::Left => return conflict("already Employee left."),
        }
        let (date, immediately) = (leave.leaving_date, leave.immediately);
        person.leaving = Some(Leaving { date, immediately, reason: leave.reason.clone() });
        let id = person.employee_id.clone();
        let made = (self.put(person), vec![HookMessage::leaver(&id)]);
        if !leave.blank_email {
            return Ok(made);
        }
        let edit = Edit { email: Some(String::new()), ..Edit::default() };
        let (person, details) = self.edit(&id, &edit, today)?;
        Ok((person, [made.1, details].concat()))
    }

    /// Undoes the leaving. The vendor documents no hook for it; `told` asks for a likely one.
    pub(super) fn rehire(
        &mut self,
        employee_id: &str,
        told: bool,
        today: Date,
    ) -> Result<Made, ChangeError> {
        let mut person = Person::clone(&*self.known(employee_id)?);
        let Some(leaving) = person.leaving.take() else {
            return conflict("This employee is not marked as leaver, so nothing can be undone.");
        };
        let change = Change {
            field: Field::LeavingDate,
            old: written(leaving.date),
            new: String::new(),
            on: written(today),
            reason: String::new(),
        };
        let message = HookMessage::detail(&person, &person.employee_id, &change);
        person.history.push(change);
        Ok((self.put(person), if told { vec![message] } else { Vec::new() }))
    }

    pub(super) fn delete(&mut self, employee_id: &str) -> Result<Made, ChangeError> {
        let person = self.known(employee_id)?;
        Arc::make_mut(&mut self.people).remove(&person.serial);
        self.serials.remove(employee_id);
        Ok((person, vec![HookMessage::deleted(employee_id)]))
    }

    fn put(&mut self, person: Person) -> Arc<Person> {
        let person = Arc::new(person);
        self.serials.insert(person.employee_id.clone(), person.serial);
        Arc::make_mut(&mut self.people).insert(person.serial, Arc::clone(&person));
        person
    }

    fn name_of(&self, serial: Option<u64>) -> String {
        let person = serial.and_then(|serial| self.people.get(&serial));
        person.map(|person| person.full_name()).unwrap_or_default()
    }

    fn manager(&self, employee_id: &str, of: Option<u64>) -> Result<Option<u64>, ChangeError> {
        if employee_id.is_empty() {
            return Ok(None);
        }
        let problem = match self.serials.get(employee_id).copied() {
            Some(serial) if Some(serial) != of => return Ok(Some(serial)),
            Some(_) => "nobody can report to themselves".to_owned(),
            None => format!("nobody has the employee id {employee_id:?}"),
        };
        Err(ChangeError::Invalid { field: "reports_to", problem })
    }

    /// Checks a value for a field of the person with serial number `of`.
    fn check(&self, field: Field, text: &str, of: Option<u64>) -> Result<(), ChangeError> {
        let invalid =
            |field, problem: &str| Err(ChangeError::Invalid { field, problem: problem.to_owned() });
        match field {
            Field::FirstName if text.trim().is_empty() => invalid("first_name", "must be given"),
            Field::LastName if text.trim().is_empty() => invalid("last_name", "must be given"),
            Field::EmployeeId if text.trim().is_empty() => {
                invalid("employee_id", "must not be empty")
            }
            Field::EmployeeId if text.chars().count() > 15 => {
                invalid("employee_id", "EmployeeId contains more than 15 characters.")
            }
            Field::EmployeeId if self.serials.get(text).is_some_and(|it| Some(*it) != of) => {
                conflict("EmployeeId already exists.")
            }
            Field::StartDate if !text.is_empty() && text.parse::<Date>().is_err() => {
                invalid("start_date", "must be a date like 2026-03-31, or empty")
            }
            Field::Email if !text.is_empty() && self.email_taken(text, of) => {
                conflict("Email already exists.")
            }
            _ => Ok(()),
        }
    }

    fn email_taken(&self, email: &str, of: Option<u64>) -> bool {
        let same = |person: &Person| person.email.eq_ignore_ascii_case(email);
        self.people.values().any(|person| Some(person.serial) != of && same(person))
    }

    fn free_employee_id(&self) -> String {
        let numbers = self.next_serial.saturating_add(1)..;
        let mut ids = numbers.map(|number| format!("PW{number}"));
        ids.find(|id| !self.serials.contains_key(id)).unwrap_or_default()
    }

    fn free_email(&self, first: &str, last: &str) -> String {
        let name = mail_name(first, last);
        let numbered = (2_u64..).map(|number| format!("{name}{number}@acme.example"));
        let mut all = std::iter::once(format!("{name}@acme.example")).chain(numbered);
        all.find(|email| !self.email_taken(email, None)).unwrap_or_default()
    }
}

fn conflict<T>(text: &str) -> Result<T, ChangeError> {
    Err(ChangeError::Conflict(text.to_owned()))
}
