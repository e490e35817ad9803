//! The fields of a person in a form: what they are called and where they go.
//!
//! Invariant: a field that comes back as the browser showed it is not an edit, even where the
//! browser cannot show what is in the record, such as a line break.

use crate::sandbox::person::PersonView;
use crate::sandbox::register::{ChangeError, Edit, Hire};

use super::form::Form;
use super::system::Paged;

/// A field.
struct Field {
    /// As [`ChangeError`] and the control routes call it.
    name: &'static str,
    /// None for the one that each HR system calls something else.
    label: Option<&'static str>,
    hint: &'static str,
    /// Whether Rollcall reads it.
    synced: bool,
    /// Whether values that others have are offered.
    offered: bool,
    get: fn(&PersonView) -> &str,
    edit: fn(&mut Edit) -> &mut Option<String>,
    hire: fn(&mut Hire, Option<String>),
}

macro_rules! field {
    ($name:ident, $label:expr, $hint:expr, $synced:expr, $offered:expr) => {
        Field {
            name: stringify!($name),
            label: $label,
            hint: $hint,
            synced: $synced,
            offered: $offered,
            get: |person| &person.$name,
            edit: |edit| &mut edit.$name,
            hire: |hire, text| hire.$name = text,
        }
    };
    ($name:ident, $label:expr) => {
        Field {
            name: stringify!($name),
            label: Some($label),
            hint: "",
            synced: true,
            offered: false,
            get: |person| &person.$name,
            edit: |edit| &mut edit.$name,
            hire: |hire, text| hire.$name = text.unwrap_or_default(),
        }
    };
}

const FIELDS: &[Field] = &[
    field!(first_name, "First name"),
    field!(last_name, "Last name"),
    field!(email, Some("Work e-mail"), "", true, false),
    field!(employee_id, None, "", true, false),
    field!(start_date, Some("First day"), "A date like 2026-03-31.", true, false),
    field!(department, Some("Department"), "", true, true),
    field!(job_role, Some("Job title"), "", true, true),
    field!(location, Some("Office"), "", true, true),
    field!(title, Some("Title"), "", false, true),
    field!(other_name, Some("Middle names"), "", false, false),
    field!(known_as, Some("Known as"), "", false, false),
    field!(company, Some("Legal company"), "", false, true),
    field!(employment_type, Some("Kind of contract"), "", false, true),
    field!(work_phone, Some("Work phone"), "", false, false),
];

/// A field to show.
pub(super) struct FieldView {
    pub name: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    pub synced: bool,
    pub value: String,
    /// Values that others have.
    pub offers: Vec<String>,
    /// What is wrong with it; empty for nothing.
    pub problem: String,
}

/// Somebody who can be a manager.
pub(super) struct ManagerView {
    pub handle: String,
    pub name: String,
    pub chosen: bool,
}

/// What is wrong with a form: the field, or the whole when it is empty; and the words.
#[derive(Default)]
pub(super) struct Problem {
    pub field: &'static str,
    pub words: String,
}

impl From<&ChangeError> for Problem {
    fn from(error: &ChangeError) -> Self {
        let field = match error {
            ChangeError::Invalid { field, .. } => field,
            ChangeError::Conflict(text) if text.starts_with("Email") => "email",
            ChangeError::Conflict(text) if text.starts_with("EmployeeId") => "employee_id",
            _ => "",
        };
        Self { field, words: super::layout::words(error) }
    }
}

/// A text as a field of one line shows it: browsers drop line breaks.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect()
}

/// The fields of a form; what was sent goes before what is in the record.
pub(super) fn views<S: Paged>(
    hr: &S,
    person: Option<&PersonView>,
    sent: &Form,
    problem: &Problem,
) -> Vec<FieldView> {
    let everybody = hr.views();
    let view = |field: &Field| {
        let known = person.map(|person| one_line((field.get)(person))).unwrap_or_default();
        let offers = if field.offered { offers(&everybody, field) } else { Vec::new() };
        FieldView {
            name: field.name,
            label: field.label.unwrap_or(S::EMPLOYEE_ID),
            hint: field.hint,
            synced: field.synced,
            value: sent.given(field.name).map_or(known, str::to_owned),
            offers,
            problem: if problem.field == field.name {
                problem.words.clone()
            } else {
                String::new()
            },
        }
    };
    FIELDS.iter().map(view).collect()
}

fn offers(everybody: &[PersonView], field: &Field) -> Vec<String> {
    let texts = everybody.iter().map(|person| (field.get)(person)).filter(|text| !text.is_empty());
    let different: std::collections::BTreeSet<&str> = texts.collect();
    different.into_iter().map(str::to_owned).collect()
}

/// Everybody who can be a manager by name; nobody when they are too many to choose from.
pub(super) fn managers<S: Paged>(hr: &S, but: Option<&str>, chosen: &str) -> Vec<ManagerView> {
    let everybody = hr.views();
    if everybody.len() > crate::limits::SANDBOX_MANAGERS_LISTED_MAX {
        return Vec::new();
    }
    let others = everybody.iter().filter(|person| Some(S::handle(person)) != but);
    let view = |person: &PersonView| ManagerView {
        handle: S::handle(person).to_owned(),
        name: format!("{}, {}", one_line(&person.last_name), one_line(&person.first_name)),
        chosen: S::handle(person) == chosen,
    };
    let mut views: Vec<ManagerView> =
        others.map(view).filter(|view| !view.handle.is_empty()).collect();
    views.sort_by_cached_key(|view| view.name.to_lowercase());
    views
}

/// What a form changes of a person.
pub(super) fn edit(person: &PersonView, form: &Form) -> Edit {
    let mut edit = Edit {
        reason: form.text("reason").to_owned(),
        unchecked: form.ticked("unchecked"),
        ..Edit::default()
    };
    for field in FIELDS {
        let given = form.given(field.name).filter(|text| *text != one_line((field.get)(person)));
        *(field.edit)(&mut edit) = given.map(str::to_owned);
    }
    let manager = person.reports_to.as_deref().unwrap_or_default();
    edit.reports_to = form.given("reports_to").filter(|id| *id != manager).map(str::to_owned);
    edit
}

/// Whom a form hires; what is left empty is filled in.
pub(super) fn hire(form: &Form) -> Hire {
    let mut hire = Hire::default();
    for field in FIELDS {
        let text = form.text(field.name).trim();
        (field.hire)(&mut hire, (!text.is_empty()).then(|| text.to_owned()));
    }
    if form.ticked("no_email") {
        hire.email = Some(String::new());
    }
    hire.reports_to = form.given("reports_to").map(str::to_owned);
    hire
}
