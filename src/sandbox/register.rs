//! The personnel register of an HR system: checks a change, makes it and says what is different.
//!
//! Invariants: employee ids and (non-empty) e-mail addresses are unique where the system's
//! [`Rules`] say so; nobody reports to themselves; a refused change changes nothing. Knows no
//! clock, no network and no JSON: the day comes in, what changed goes out as values.
//! Must not know which HR system it is the register of beyond its rules.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::company::{mail_name, written};
use super::person::{Change, Dated, Field, Leaving, People, Person, Standing};

/// Why a change was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// Nobody is known by this id.
    #[error("nobody has the {handle_name} {handle:?}; GET {people_route} lists everybody")]
    Unknown {
        /// What the HR system calls the id: "employee id", "id" or "uuid".
        handle_name: &'static str,
        /// The id.
        handle: String,
        /// The control route that lists everybody.
        people_route: &'static str,
    },
    /// A value cannot be taken.
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

/// How one HR system treats its people, where the systems differ.
#[derive(Debug)]
pub(super) struct Rules {
    /// What the control methods and `reports_to` call a person by.
    pub handle: fn(&Person) -> String,
    /// The HR system's name for it.
    pub handle_name: &'static str,
    /// The HR system's identity of a record, which never changes.
    pub unique_key: fn(&Person) -> String,
    /// The control route that lists everybody.
    pub people_route: &'static str,
    /// Makes an employee id for the person with this number, counted from 1.
    pub employee_id: fn(u64) -> String,
    /// Employee ids must be given and unique, and have so many characters at most.
    pub employee_id_chars_max: Option<usize>,
    /// Two people cannot have one e-mail address.
    pub emails_unique: bool,
    /// The part of made-up e-mail addresses behind the `@`.
    pub mail_domain: &'static str,
    /// What people get who are hired without it.
    pub job_role: &'static str,
    /// Likewise the legal company.
    pub company: &'static str,
    /// Likewise the office.
    pub location: &'static str,
    /// Likewise the department.
    pub department: &'static str,
    /// Likewise the kind of contract.
    pub employment_type: &'static str,
}

/// A person to hire. What is left out is filled in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hire {
    /// First name; required.
    pub first_name: String,
    /// Last name; required.
    pub last_name: String,
    /// Employee id ("Ref" at Breathe HR, personnel number at HRworks); otherwise the next free one.
    /// People HR takes 15 characters at most.
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
    /// The manager's employee id (`id` at Breathe HR, `uuid` at HRworks); empty for none.
    pub reports_to: Option<String>,
}

/// A partial change of a person: what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Edit {
    /// A new employee id.
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
    /// The manager's employee id (`id` at Breathe HR, `uuid` at HRworks); empty for none.
    pub reports_to: Option<String>,
    /// The reason that the histories and the hooks carry.
    pub reason: String,
    /// Takes empty names, an empty employee id and a start date that is none, as the HR system's
    /// bulk import does: that is how there come to be records that nobody can sync (S-07).
    pub unchecked: bool,
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

/// Everybody, and whom an id means.
#[derive(Debug)]
pub(super) struct Register {
    rules: &'static Rules,
    people: Arc<People>,
    /// Serial numbers by handle.
    serials: HashMap<String, u64>,
    next_serial: u64,
}

/// A change that was made: to whom, and which fields are different now.
pub(super) struct AppliedEdit {
    pub before: Arc<Person>,
    pub person: Arc<Person>,
    pub changes: Vec<Change>,
}

impl Register {
    pub(super) fn new(rules: &'static Rules, people: Vec<Person>) -> Self {
        let next_serial = people.iter().map(|person| person.serial + 1).max().unwrap_or(0);
        let serials = people.iter().map(|person| ((rules.handle)(person), person.serial)).collect();
        let people = people.into_iter().map(|person| (person.serial, Arc::new(person)));
        Self { rules, people: Arc::new(people.collect()), serials, next_serial }
    }

    /// Everybody as of now; later changes do not touch the returned map.
    pub(super) fn people(&self) -> Arc<People> {
        Arc::clone(&self.people)
    }

    pub(super) fn find(&self, handle: &str) -> Option<&Arc<Person>> {
        self.people.get(self.serials.get(handle)?)
    }

    pub(super) fn known(&self, handle: &str) -> Result<Arc<Person>, ChangeError> {
        let Rules { handle_name, people_route, .. } = *self.rules;
        let handle_asked = handle.to_owned();
        let unknown = ChangeError::Unknown { handle_name, handle: handle_asked, people_route };
        self.find(handle).cloned().ok_or(unknown)
    }

    pub(super) fn hire(
        &mut self,
        hire: &Hire,
        unique_key: String,
        today: Date,
    ) -> Result<AppliedEdit, ChangeError> {
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
            self.check_text(field, value)?;
            self.check_unique(field, value, None)?;
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
            job_role: dated(&hire.job_role, self.rules.job_role),
            company: dated(&hire.company, self.rules.company),
            location: dated(&hire.location, self.rules.location),
            department: dated(&hire.department, self.rules.department),
            employment_type: dated(&hire.employment_type, self.rules.employment_type),
            manager,
            manager_since: if manager.is_some() { since.clone() } else { String::new() },
            work_phone: text(&hire.work_phone),
            start_date: since,
            ..Person::default()
        };
        self.next_serial += 1;
        let person = self.put(person);
        Ok(AppliedEdit { before: Arc::clone(&person), person, changes: Vec::new() })
    }

    pub(super) fn edit(
        &mut self,
        handle: &str,
        edit: &Edit,
        today: Date,
    ) -> Result<AppliedEdit, ChangeError> {
        let before = self.known(handle)?;
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
            if !edit.unchecked {
                self.check_text(field, text)?;
            }
            self.check_unique(field, text, Some(before.serial))?;
            if person.text(field) != text {
                note(field, person.text(field), text);
                person.set_text(field, text.to_owned(), &written(today));
            }
        }
        person.history.extend(changes.iter().cloned());
        self.serials.remove(handle);
        Ok(AppliedEdit { before, person: self.put(person), changes })
    }

    pub(super) fn leave(
        &mut self,
        handle: &str,
        leave: &Leave,
        today: Date,
    ) -> Result<AppliedEdit, ChangeError> {
        let before = self.known(handle)?;
        match before.standing(today) {
            Standing::Active => {}
            Standing::Leaving => return conflict("already Employee mark as leaver."),
            Standing::Left => return conflict("already Employee left."),
        }
        let mut person = Person::clone(&before);
        let (date, immediately) = (leave.leaving_date, leave.immediately);
        person.leaving = Some(Leaving { date, immediately, reason: leave.reason.clone() });
        let person = self.put(person);
        if !leave.blank_email {
            return Ok(AppliedEdit { before, person, changes: Vec::new() });
        }
        let edit = Edit { email: Some(String::new()), ..Edit::default() };
        self.edit(handle, &edit, today)
    }

    /// Undoes the leaving.
    pub(super) fn rehire(&mut self, handle: &str, today: Date) -> Result<AppliedEdit, ChangeError> {
        let before = self.known(handle)?;
        let mut person = Person::clone(&before);
        let gone = std::mem::take(&mut person.gone);
        let leaving = person.leaving.take();
        if leaving.is_none() && !gone {
            return conflict("This employee is not marked as leaver, so nothing can be undone.");
        }
        let change = Change {
            field: Field::LeavingDate,
            old: leaving.map(|leaving| written(leaving.date)).unwrap_or_default(),
            new: String::new(),
            on: written(today),
            reason: String::new(),
        };
        person.history.push(change.clone());
        Ok(AppliedEdit { before, person: self.put(person), changes: vec![change] })
    }

    pub(super) fn delete(&mut self, handle: &str) -> Result<Arc<Person>, ChangeError> {
        let person = self.known(handle)?;
        Arc::make_mut(&mut self.people).remove(&person.serial);
        self.serials.remove(handle);
        Ok(person)
    }

    /// Changes what no [`Edit`] carries; must leave the handle as it is.
    pub(super) fn alter(
        &mut self,
        handle: &str,
        change: impl FnOnce(&mut Person),
    ) -> Result<Arc<Person>, ChangeError> {
        let mut person = Person::clone(&*self.known(handle)?);
        change(&mut person);
        Ok(self.put(person))
    }

    /// Gives a department or an office another name at everybody who has it.
    pub(super) fn rename(&mut self, field: Field, old: &str, new: &str) {
        for person in Arc::make_mut(&mut self.people).values_mut() {
            if person.text(field) == old {
                let since = person.start_date.clone();
                Arc::make_mut(person).set_text(field, new.to_owned(), &since);
            }
        }
    }

    fn put(&mut self, person: Person) -> Arc<Person> {
        let person = Arc::new(person);
        self.serials.insert((self.rules.handle)(&person), person.serial);
        Arc::make_mut(&mut self.people).insert(person.serial, Arc::clone(&person));
        person
    }

    fn name_of(&self, serial: Option<u64>) -> String {
        let person = serial.and_then(|serial| self.people.get(&serial));
        person.map(|person| person.full_name()).unwrap_or_default()
    }

    fn manager(&self, handle: &str, of: Option<u64>) -> Result<Option<u64>, ChangeError> {
        if handle.is_empty() {
            return Ok(None);
        }
        let problem = match self.serials.get(handle).copied() {
            Some(serial) if Some(serial) != of => return Ok(Some(serial)),
            Some(_) => "nobody can report to themselves".to_owned(),
            None => format!("nobody has the {} {handle:?}", self.rules.handle_name),
        };
        Err(ChangeError::Invalid { field: "reports_to", problem })
    }

    /// Checks whether a value can stand in a field.
    fn check_text(&self, field: Field, text: &str) -> Result<(), ChangeError> {
        let invalid =
            |field, problem: &str| Err(ChangeError::Invalid { field, problem: problem.to_owned() });
        match field {
            Field::FirstName if text.trim().is_empty() => invalid("first_name", "must be given"),
            Field::LastName if text.trim().is_empty() => invalid("last_name", "must be given"),
            Field::EmployeeId => {
                let Some(chars_max) = self.rules.employee_id_chars_max else { return Ok(()) };
                if text.trim().is_empty() {
                    return invalid("employee_id", "must not be empty");
                }
                if text.chars().count() > chars_max {
                    let problem = format!("EmployeeId contains more than {chars_max} characters.");
                    return invalid("employee_id", &problem);
                }
                Ok(())
            }
            Field::StartDate if !text.is_empty() && text.parse::<Date>().is_err() => {
                invalid("start_date", "must be a date like 2026-03-31, or empty")
            }
            _ => Ok(()),
        }
    }

    /// Checks that nobody but the person with serial number `of` has a value, where that matters.
    fn check_unique(&self, field: Field, text: &str, of: Option<u64>) -> Result<(), ChangeError> {
        let Rules { employee_id_chars_max, emails_unique, .. } = self.rules;
        match field {
            Field::EmployeeId
                if employee_id_chars_max.is_some() && self.employee_id_taken(text, of) =>
            {
                conflict("EmployeeId already exists.")
            }
            Field::Email if *emails_unique && !text.is_empty() && self.email_taken(text, of) => {
                conflict("Email already exists.")
            }
            _ => Ok(()),
        }
    }

    fn employee_id_taken(&self, id: &str, of: Option<u64>) -> bool {
        self.people.values().any(|person| Some(person.serial) != of && person.employee_id == id)
    }

    fn email_taken(&self, email: &str, of: Option<u64>) -> bool {
        let same = |person: &Person| person.email.eq_ignore_ascii_case(email);
        self.people.values().any(|person| Some(person.serial) != of && same(person))
    }

    fn free_employee_id(&self) -> String {
        let mut ids = (self.next_serial.saturating_add(1)..).map(self.rules.employee_id);
        ids.find(|id| !self.employee_id_taken(id, None)).unwrap_or_default()
    }

    fn free_email(&self, first: &str, last: &str) -> String {
        let (name, domain) = (mail_name(first, last), self.rules.mail_domain);
        let numbered = (2_u64..).map(|number| format!("{name}{number}@{domain}"));
        let mut all = std::iter::once(format!("{name}@{domain}")).chain(numbered);
        all.find(|email| !self.email_taken(email, None)).unwrap_or_default()
    }
}

fn conflict<T>(text: &str) -> Result<T, ChangeError> {
    Err(ChangeError::Conflict(text.to_owned()))
}
