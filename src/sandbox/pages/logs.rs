//! What was called and what was told: the calls of the API and the hooks sent, newest first.
//!
//! Reads only, but for "forget them". A page loads itself again only when somebody asked for it.

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::form::{Form, address};
use super::layout::{Frame, Refused, go, path, show};
use super::notes::{Note, Notes};
use super::people::{Answer, Pager};
use super::system::{CallRow, Moment, Paged};
use crate::sandbox::people_hr::{HookOutcome, SentHook};

/// Entries on one page.
const PAGE_ENTRIES: usize = 50;

/// A hook to show.
pub(super) struct HookRow {
    pub at: Option<Moment>,
    pub what: String,
    pub employee_id: String,
    /// What the receiver said, and how long it took.
    pub answer: String,
    pub bad: bool,
    pub body: String,
}

/// Hooks to show, in the order that they are given in.
pub(super) fn hook_rows(hooks: &[SentHook]) -> impl Iterator<Item = HookRow> {
    hooks.iter().map(|hook| {
        let took = match (hook.sent_at, hook.answered_at) {
            (Some(sent), Some(answered)) => format!(" after {} ms", answered.since(sent)),
            _ => String::new(),
        };
        let accepted = hook.status.is_some_and(|status| (200..300).contains(&status));
        let answer = match (hook.outcome, hook.status) {
            (HookOutcome::Answered, Some(status)) if accepted => {
                format!("accepted with {status}{took}")
            }
            (HookOutcome::Answered, status) => {
                format!("refused with {}{took}", status.unwrap_or_default())
            }
            (HookOutcome::Failed, _) => {
                format!("not delivered: {}", hook.error.as_deref().unwrap_or("no answer"))
            }
            (HookOutcome::Dropped, _) => "lost, as the fault switch says".to_owned(),
            (HookOutcome::NotSent, _) => "not sent".to_owned(),
        };
        HookRow {
            at: hook.sent_at.map(Moment),
            what: action(hook),
            employee_id: hook.employee_id.clone(),
            answer,
            bad: !accepted,
            body: hook.body.clone(),
        }
    })
}

/// What a hook says, as the vendor's pages call it.
fn action(hook: &SentHook) -> String {
    let action = match hook.action_id {
        1 => "New Starter Added",
        2 => "Employee Detail Updated",
        3 => "Marked Leaver",
        18 => "Employee Deleted",
        _ => "Unknown",
    };
    match &hook.field_name {
        Some(field) => format!("{action}: {field}"),
        None => action.to_owned(),
    }
}

#[derive(Template)]
#[template(path = "sandbox/calls.html")]
struct CallsPage {
    frame: Frame,
    rows: Vec<CallRow>,
    pager: Pager,
}

#[derive(Template)]
#[template(path = "sandbox/hooks.html")]
struct HooksPage {
    frame: Frame,
    webhook_url: Option<String>,
    rows: Vec<HookRow>,
    pager: Pager,
}

/// The frame of a log and which part of it is shown.
fn log_of<S: Paged>(
    request: &HttpRequest,
    hr: &S,
    notes: &Notes,
    (tab, title): (&'static str, &str),
    total: usize,
) -> (Frame, Pager) {
    let form = Form::read(request.query_string().as_bytes());
    let mut frame = Frame::of(hr, tab, title).with(notes.find(form.text("note")));
    frame.live = form.ticked("live");
    let live = if frame.live { "1" } else { "" };
    let here = path::<S>(tab);
    let pager = Pager::of(&form, total, PAGE_ENTRIES, |page| {
        address(&here, &[("page", page), ("live", live)])
    });
    (frame, pager)
}

/// `GET …/{system}/calls`.
pub(super) async fn calls<S: Paged>(
    request: HttpRequest,
    hr: Data<S>,
    notes: Data<Notes>,
) -> HttpResponse {
    let calls = hr.calls();
    let place = ("/calls", "Calls received");
    let (frame, pager) = log_of(&request, hr.get_ref(), &notes, place, calls.len());
    let part = calls.iter().rev().skip(pager.from).take(PAGE_ENTRIES);
    let rows = part.map(S::call_row).collect();
    show(StatusCode::OK, &CallsPage { frame, rows, pager })
}

/// `GET …/{system}/hooks`.
pub(super) async fn hooks<S: Paged>(
    request: HttpRequest,
    hr: Data<S>,
    notes: Data<Notes>,
) -> Answer {
    if !S::SENDS_HOOKS {
        return Err(Refused::missing(S::HOW_TOLD));
    }
    let mut hooks = hr.sent_hooks();
    hooks.reverse();
    let place = ("/hooks", "Webhooks sent");
    let (frame, pager) = log_of(&request, hr.get_ref(), &notes, place, hooks.len());
    let rows = hook_rows(&hooks).skip(pager.from).take(PAGE_ENTRIES).collect();
    let webhook_url = hr.webhook_url();
    Ok(show(StatusCode::OK, &HooksPage { frame, webhook_url, rows, pager }))
}

/// `POST …/{system}/calls/forget`.
pub(super) async fn forget<S: Paged>(
    hr: Data<S>,
    _body: Bytes,
    notes: Data<Notes>,
) -> HttpResponse {
    hr.clear_logs();
    let note = notes.keep(Note::done("The log is empty again."));
    go(&address(&path::<S>("/calls"), &[("note", &note.to_string())]))
}
