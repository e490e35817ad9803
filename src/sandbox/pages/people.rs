//! The people of a company: the table, hiring, editing, leaving, deleting.
//!
//! Every form calls the method that the control route of the same name calls; nothing is decided
//! here. After a form the browser is sent to a page that says what happened.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use jiff::civil::Date;

use super::fields::{self, FieldView, ManagerView, Problem};
use super::form::{Form, address};
use super::layout::{Frame, Refused, go, path, show, status};
use super::logs::hook_rows;
use super::notes::{Note, Notes};
use super::system::{OwnField, Paged};
use crate::sandbox::control::listed;
use crate::sandbox::people_hr::SentHook;
use crate::sandbox::person::{PersonView, Standing};
use crate::sandbox::register::{ChangeError, Leave};

/// People on one page of the table.
const PAGE_PEOPLE: usize = 25;

/// A page, or why there is none.
pub(super) type Answer = Result<HttpResponse, Refused>;

/// Which part of a list is shown.
pub(super) struct Pager {
    pub page: usize,
    pub pages: usize,
    pub from: usize,
    pub to: usize,
    pub total: usize,
    /// The addresses of the pages before and after; empty where there is none.
    pub before: String,
    pub after: String,
}

impl Pager {
    /// The part that an address asks for, or the last one.
    pub(super) fn of(
        form: &Form,
        total: usize,
        size: usize,
        link: impl Fn(&str) -> String,
    ) -> Self {
        let pages = total.div_ceil(size).max(1);
        let page = form.text("page").parse().unwrap_or(1).clamp(1, pages);
        let before = if page > 1 { link(&(page - 1).to_string()) } else { String::new() };
        let after = if page < pages { link(&(page + 1).to_string()) } else { String::new() };
        let from = (page - 1) * size;
        Self { page, pages, from, to: (from + size).min(total), total, before, after }
    }
}

/// Where a person stands, in words.
pub(super) struct State {
    pub slug: &'static str,
    pub words: &'static str,
}

impl State {
    fn of(person: &PersonView, today: Date) -> Self {
        let ahead = person.start_date.parse::<Date>().is_ok_and(|start| start > today);
        let (slug, words) = match person.standing {
            Standing::Left => ("left", "Left"),
            Standing::Leaving => ("leaving", "Leaving"),
            Standing::Active if ahead => ("starter", "Starts later"),
            Standing::Active => ("active", "Employed"),
        };
        Self { slug, words }
    }
}

struct Row {
    link: String,
    name: String,
    state: State,
    manager: String,
    person: PersonView,
}

#[derive(Template)]
#[template(path = "sandbox/people.html")]
struct PeoplePage {
    frame: Frame,
    employee_id: &'static str,
    search: String,
    standing: String,
    rows: Vec<Row>,
    pager: Pager,
}

/// `GET …/{system}`: the table.
pub(super) async fn table<S: Paged>(
    request: HttpRequest,
    hr: Data<S>,
    notes: Data<Notes>,
) -> HttpResponse {
    let form = Form::read(request.query_string().as_bytes());
    let (search, standing) = (form.text("search"), form.text("standing"));
    let wanted = match standing {
        "active" => Some(Standing::Active),
        "leaving" => Some(Standing::Leaving),
        "left" => Some(Standing::Left),
        _ => None,
    };
    let people = listed(hr.get_ref(), wanted, search);
    let here = path::<S>("");
    let link =
        |page: &str| address(&here, &[("search", search), ("standing", standing), ("page", page)]);
    let pager = Pager::of(&form, people.len(), PAGE_PEOPLE, link);
    let everybody = hr.views();
    let names: HashMap<&str, String> =
        everybody.iter().map(|person| (S::handle(person), full_name(person))).collect();
    let today = hr.today();
    let row = |person: PersonView| Row {
        link: person_link::<S>(S::handle(&person), None),
        name: full_name(&person),
        state: State::of(&person, today),
        manager: person
            .reports_to
            .as_deref()
            .and_then(|id| names.get(id).cloned())
            .unwrap_or_default(),
        person,
    };
    let rows = people.into_iter().skip(pager.from).take(PAGE_PEOPLE).map(row).collect();
    let frame = Frame::of(hr.get_ref(), "", "People").with(notes.find(form.text("note")));
    let (search, standing) = (search.to_owned(), standing.to_owned());
    let employee_id = S::EMPLOYEE_ID;
    show(StatusCode::OK, &PeoplePage { frame, employee_id, search, standing, rows, pager })
}

fn full_name(person: &PersonView) -> String {
    let name = format!("{} {}", person.first_name, person.last_name);
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() { "(no name)".to_owned() } else { name }
}

/// The address of a person's page.
fn person_link<S: Paged>(handle: &str, note: Option<u64>) -> String {
    let note = note.map(|number| number.to_string()).unwrap_or_default();
    // An empty id is one too, of a record that lost it.
    let id = serde_urlencoded::to_string([("id", handle)]).unwrap_or_default();
    let page = path::<S>("/person");
    if note.is_empty() { format!("{page}?{id}") } else { format!("{page}?{id}&note={note}") }
}

#[derive(Template)]
#[template(path = "sandbox/hire.html")]
struct HirePage {
    frame: Frame,
    fields: Vec<FieldView>,
    managers: Vec<ManagerView>,
    manager: String,
    manager_problem: String,
    problem: String,
    no_email: bool,
}

fn hire_page<S: Paged>(hr: &S, sent: &Form, problem: &Problem) -> HirePage {
    let manager = sent.text("reports_to").to_owned();
    HirePage {
        frame: Frame::of(hr, "/hire", "Hire"),
        fields: fields::views(hr, None, sent, problem),
        managers: fields::managers(hr, None, &manager),
        manager,
        manager_problem: of_field(problem, "reports_to"),
        problem: problem.words.clone(),
        no_email: sent.ticked("no_email"),
    }
}

fn of_field(problem: &Problem, field: &str) -> String {
    if problem.field == field { problem.words.clone() } else { String::new() }
}

/// `GET …/{system}/hire`.
pub(super) async fn hire_form<S: Paged>(hr: Data<S>) -> HttpResponse {
    show(StatusCode::OK, &hire_page(hr.get_ref(), &Form::default(), &Problem::default()))
}

/// `POST …/{system}/hire`.
pub(super) async fn hire<S: Paged>(hr: Data<S>, body: Bytes, notes: Data<Notes>) -> HttpResponse {
    let form = Form::read(&body);
    match hr.hire(&fields::hire(&form)).await {
        Ok(changed) => {
            let (person, hooks) = S::told(changed);
            let text = format!("{} is hired.", full_name(&person));
            let note = notes.keep(told(hr.get_ref(), text, &hooks));
            go(&person_link::<S>(S::handle(&person), Some(note)))
        }
        Err(error) => show(status(&error), &hire_page(hr.get_ref(), &form, &Problem::from(&error))),
    }
}

/// What happened, and what Rollcall was told of it.
fn told<S: Paged>(hr: &S, text: String, hooks: &[SentHook]) -> Note {
    let mut note = Note::done(text);
    if !hooks.is_empty() && hr.webhook_url().is_none() {
        let line = "No webhook was sent, because no webhook URL is set (see API access).";
        note.lines.push(line.to_owned());
    } else if hooks.is_empty() {
        note.lines.push(S::HOW_TOLD.to_owned());
    } else {
        for row in hook_rows(hooks) {
            note.attention |= row.bad;
            note.lines.push(format!("Webhook “{}”: {}", row.what, row.answer));
        }
    }
    note
}

#[derive(Template)]
#[template(path = "sandbox/person.html")]
struct PersonPage {
    frame: Frame,
    name: String,
    state: State,
    person: PersonView,
    id: String,
    fields: Vec<FieldView>,
    managers: Vec<ManagerView>,
    manager: String,
    manager_problem: String,
    problem: String,
    reason: String,
    unchecked: bool,
    own_fields: Vec<OwnField>,
    can_leave: bool,
    can_come_back: bool,
    leaving_date: String,
    leave_problem: String,
    at_once: &'static str,
}

fn person_page<S: Paged>(
    hr: &S,
    id: &str,
    sent: &Form,
    problem: &Problem,
) -> Result<PersonPage, ChangeError> {
    let person = hr.view(id)?;
    let own_fields = hr.own_fields(id)?;
    let manager = sent.given("reports_to").or(person.reports_to.as_deref());
    let manager = manager.unwrap_or_default().to_owned();
    let today = hr.today();
    let name = full_name(&person);
    let leaves = person.standing != Standing::Active;
    Ok(PersonPage {
        frame: Frame::of(hr, "", &name),
        state: State::of(&person, today),
        id: id.to_owned(),
        fields: fields::views(hr, Some(&person), sent, problem),
        managers: fields::managers(hr, Some(id), &manager),
        manager,
        manager_problem: of_field(problem, "reports_to"),
        problem: problem.words.clone(),
        reason: sent.text("reason").to_owned(),
        unchecked: sent.ticked("unchecked"),
        own_fields,
        can_leave: !leaves,
        can_come_back: leaves || person.leaving_date.is_some(),
        leaving_date: today.to_string(),
        leave_problem: of_field(problem, "leaving_date"),
        at_once: S::AT_ONCE,
        name,
        person,
    })
}

/// `GET …/{system}/person?id=`.
pub(super) async fn person<S: Paged>(
    request: HttpRequest,
    hr: Data<S>,
    notes: Data<Notes>,
) -> Answer {
    let form = Form::read(request.query_string().as_bytes());
    let mut page =
        person_page(hr.get_ref(), form.text("id"), &Form::default(), &Problem::default())?;
    page.frame.note = notes.find(form.text("note"));
    Ok(show(StatusCode::OK, &page))
}

/// `POST …/{system}/person`: edits.
pub(super) async fn edit<S: Paged>(hr: Data<S>, body: Bytes, notes: Data<Notes>) -> Answer {
    let form = Form::read(&body);
    let id = form.text("id");
    let before = hr.view(id)?;
    match hr.edit(id, &fields::edit(&before, &form)).await {
        Ok(changed) => {
            let (after, hooks) = S::told(changed);
            let note = if after == before {
                Note::done("Nothing is different, so nothing was changed.")
            } else {
                told(hr.get_ref(), format!("{} is changed.", full_name(&after)), &hooks)
            };
            Ok(go(&person_link::<S>(S::handle(&after), Some(notes.keep(note)))))
        }
        Err(error) => refused(hr.get_ref(), id, &form, &error),
    }
}

/// The page of a person with what was wrong with a form of it.
fn refused<S: Paged>(hr: &S, id: &str, form: &Form, error: &ChangeError) -> Answer {
    let page = person_page(hr, id, form, &Problem::from(error))?;
    Ok(show(status(error), &page))
}

/// `POST …/{system}/person/own`: what only this HR system keeps.
pub(super) async fn edit_own<S: Paged>(hr: Data<S>, body: Bytes, notes: Data<Notes>) -> Answer {
    let form = Form::read(&body);
    let id = form.text("id");
    match hr.set_own_fields(id, &form) {
        Ok(person) => {
            let text = format!("{} is changed.", full_name(&person));
            let note = notes.keep(told(hr.get_ref(), text, &[]));
            Ok(go(&person_link::<S>(id, Some(note))))
        }
        Err(error) => refused(hr.get_ref(), id, &Form::default(), &error),
    }
}

/// `POST …/{system}/person/leave`.
pub(super) async fn leave<S: Paged>(hr: Data<S>, body: Bytes, notes: Data<Notes>) -> Answer {
    let form = Form::read(&body);
    let id = form.text("id");
    let left = if let Ok(leaving_date) = form.text("leaving_date").trim().parse() {
        let leave = Leave {
            leaving_date,
            immediately: form.ticked("immediately"),
            blank_email: form.ticked("blank_email"),
            reason: form.text("reason").to_owned(),
        };
        hr.leave(id, &leave).await
    } else {
        let problem = "must be a date like 2026-03-31".to_owned();
        Err(ChangeError::Invalid { field: "leaving_date", problem })
    };
    match left {
        Ok(changed) => {
            let (person, hooks) = S::told(changed);
            let text = format!("{} is marked as leaver.", full_name(&person));
            let note = notes.keep(told(hr.get_ref(), text, &hooks));
            Ok(go(&person_link::<S>(S::handle(&person), Some(note))))
        }
        Err(error) => refused(hr.get_ref(), id, &Form::default(), &error),
    }
}

/// `POST …/{system}/person/rehire`: takes the leaving back.
pub(super) async fn rehire<S: Paged>(hr: Data<S>, body: Bytes, notes: Data<Notes>) -> Answer {
    let form = Form::read(&body);
    let (person, hooks) = S::told(hr.rehire(form.text("id")).await?);
    let text = format!("{} stays: the leaving is taken back.", full_name(&person));
    let note = notes.keep(told(hr.get_ref(), text, &hooks));
    Ok(go(&person_link::<S>(S::handle(&person), Some(note))))
}

/// `POST …/{system}/person/delete`.
pub(super) async fn delete<S: Paged>(hr: Data<S>, body: Bytes, notes: Data<Notes>) -> Answer {
    let form = Form::read(&body);
    let (person, hooks) = S::told(hr.delete(form.text("id")).await?);
    let text = format!("The record of {} is deleted.", full_name(&person));
    let note = notes.keep(told(hr.get_ref(), text, &hooks));
    Ok(go(&address(&path::<S>(""), &[("note", &note.to_string())])))
}
