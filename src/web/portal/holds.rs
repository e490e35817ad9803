//! Changes that wait for a decision, and the decision (S-22, S-24, S-32).
//!
//! Invariant: a decision covers the list that the admin saw. "Approve all" and "Reject" name the
//! version of the list on the page, so that nobody is in it who came later.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use askama::Template;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::db::holds::{self, Hold, HoldItem};
use crate::db::{Conn, DbError, accounts};
use crate::domain::guard::LossReason;
use crate::domain::hold::{Decision, HoldKind, HoldState};
use crate::domain::ids::{DirectoryId, HoldId, HoldItemId, OrganizationId};
use crate::operations::decisions::{self, About, DecideError, HoldDecision};
use crate::texts::Language;
use crate::web::actors::AdminNames;
use crate::web::api::directories::hold_decisions;
use crate::web::http::error::Problem;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::portal::messages::{self, When};
use crate::web::portal::page::{self, Frame, directory_path, own_directory};
use crate::web::portal::preview::because;
use crate::web::portal::session::{Posted, Visitor};

/// A hold in a list.
pub struct HoldRow {
    /// Its id.
    pub id: HoldId,
    /// What is asked.
    pub title: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: When,
}

impl HoldRow {
    /// A hold about so many people.
    #[must_use]
    pub fn of(hold: Hold, people: u64, now: Timestamp, zone: &TimeZone) -> Self {
        Self {
            title: headline(hold.kind, people),
            since: When::of(hold.created_at_ms, now, zone),
            reason: hold.text().in_language(Language::English),
            id: hold.id,
        }
    }
}

fn headline(kind: HoldKind, people: u64) -> String {
    match kind {
        HoldKind::Link => "Is this the same person?".to_owned(),
        HoldKind::EmailChange => "May this e-mail change?".to_owned(),
        HoldKind::Deactivations => format!("May {} lose access?", messages::people(people)),
        HoldKind::OtherCompany => "Does this key belong to your company?".to_owned(),
        HoldKind::ReusedNumber => "Does this number belong to somebody else now?".to_owned(),
    }
}

#[derive(Template)]
#[template(path = "portal/hold.html")]
struct Page {
    frame: Frame,
    csrf: String,
    id: DirectoryId,
    hold: HoldId,
    title: &'static str,
    headline: String,
    reason: String,
    decided: Option<Decided>,
    error: Option<String>,
    legend: &'static str,
    open: bool,
    list_version: i64,
    items: Vec<Item>,
    approve_all: &'static str,
    after: &'static str,
    /// Items whose rejection still counts can be approved after all, and the other way round.
    can_approve: bool,
    can_reject: bool,
}

struct Decided {
    word: &'static str,
    sentence: String,
}

struct Item {
    id: HoldItemId,
    name: String,
    change: String,
    /// What was decided, in words.
    decided: &'static str,
    can_change: bool,
}

/// What was loaded of a hold.
struct Loaded {
    title: &'static str,
    hold: Hold,
    items: Vec<Item>,
    decided_by: String,
}

impl Loaded {
    fn load(
        conn: &mut Conn,
        organization: &OrganizationId,
        directory: &DirectoryId,
        id: &HoldId,
    ) -> Result<Self, Problem> {
        let row = own_directory(conn, organization, directory)?;
        let found = holds::find(conn, id)?.filter(|hold| hold.directory_id == row.id);
        let hold = found.ok_or_else(|| Problem::of_lookup(DbError::NotFound, "Hold", id))?;
        let mut items = Vec::new();
        for item in holds::items(conn, std::slice::from_ref(id))? {
            let email = match &item.account_id {
                Some(account) => match accounts::find(conn, account) {
                    Ok(account) => account.email,
                    Err(DbError::NotFound) => String::new(),
                    Err(other) => return Err(other.into()),
                },
                None => String::new(),
            };
            items.push(Item::of(&hold, item, &email));
        }
        let decided_by = match &hold.decided_by {
            Some(by) => {
                AdminNames::load(conn, organization)?.text(by).in_language(Language::English)
            }
            None => String::new(),
        };
        Ok(Self { title: row.provider.title(), hold, items, decided_by })
    }
}

/// "0 of 35 people whom we know were found, and 40 whom we have never seen."
fn compared(item: &HoldItem) -> String {
    let number =
        |name: &str| item.planned_change.0.get(name).and_then(Value::as_u64).unwrap_or_default();
    let (found, known, strangers) = (number("found"), number("known"), number("never_seen"));
    format!("{found} of {known} people whom we know were found, and {strangers} new ones.")
}

/// "Ann Lee, ann@…, since 2020-03-02 → Bob Ray, bob@…, since 2026-11-02".
fn both_sides(item: &HoldItem) -> String {
    let side = |name: &str| {
        let side = item.planned_change.0.get(name);
        let text = |key: &str| side.and_then(|side| side.get(key)).and_then(Value::as_str);
        let start = text("start_date").map(|date| format!("since {date}"));
        let parts = [text("name").map(str::to_owned), text("email").map(str::to_owned), start];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    };
    format!("{} → {}", side("from"), side("to"))
}

impl Item {
    fn of(hold: &Hold, item: HoldItem, account: &str) -> Self {
        let text = |name: &str| item.planned_change.0.get(name).and_then(|value| value.as_str());
        let email = text("email").unwrap_or_default();
        let reason = text("because").and_then(LossReason::parse);
        let change = match (hold.kind, reason) {
            (HoldKind::Deactivations, Some(reason)) => match text("last_day") {
                Some(day) => format!("{account}: last day {day}"),
                None => format!("{account}: {}", because(reason)),
            },
            (HoldKind::EmailChange, _) => format!("{account} → {email}"),
            (HoldKind::Link, _) if account.is_empty() => format!("{email} in the HR system"),
            (HoldKind::Link, _) => format!("{email} in the HR system, account {account}"),
            (HoldKind::OtherCompany, _) => compared(&item),
            (HoldKind::ReusedNumber, _) => both_sides(&item),
            (HoldKind::Deactivations, None) => account.to_owned(),
        };
        let is_access = hold.kind == HoldKind::Deactivations;
        let still_counts = item.done_at_ms.is_none() && item.record_hash.is_some();
        let (decided, can_change) = match (item.decision, is_access) {
            (Some(Decision::Rejected), true) if still_counts => ("keeps access", true),
            (Some(Decision::Rejected), _) => ("rejected", still_counts),
            (Some(Decision::Approved), true) => ("approved", true),
            (Some(Decision::Approved), false) => ("approved", false),
            (None, _) => ("", false),
        };
        Self { id: item.id, name: item.name, change, decided, can_change }
    }
}

/// What a hold is about, its button for "yes", and what each answer leads to.
const fn choices(kind: HoldKind, people: u64) -> (&'static str, &'static str, &'static str) {
    match kind {
        HoldKind::Link => (
            "The person and the account",
            "Yes, link them",
            "If you approve, the account follows this person from now on. If you reject, it \
                 stays as it is, and you are asked again when the record changes.",
        ),
        HoldKind::EmailChange => (
            "The person and the e-mail",
            "Yes, change it",
            "If you reject, the e-mail stays as it is, and you are asked again when the record \
                 changes.",
        ),
        HoldKind::Deactivations => (
            "Who would lose access",
            if people == 1 { "Approve" } else { "Approve all" },
            "Whom you approve loses access. Whom you leave out keeps access, and you are asked \
                 again. If you reject, everybody on this list keeps access until HR changes their \
                 status or leaving date; correct their records in the HR system. You can change \
                 your decision here later.",
        ),
        HoldKind::OtherCompany => (
            "The key that was entered",
            "Yes, it is our company",
            "If you approve, the next sync goes on with this key. If you reject, nothing is \
                 updated until another key is entered.",
        ),
        HoldKind::ReusedNumber => (
            "The person before and now",
            "It is the same person",
            "If you approve, the account follows the record. If you reject, the number belongs \
                 to somebody new: the former person's access ends now.",
        ),
    }
}

impl Page {
    fn of(visitor: &Visitor, loaded: Loaded, error: Option<String>) -> Self {
        let Loaded { title, hold, items, decided_by } = loaded;
        let zone = visitor.zone();
        let word = match hold.state {
            HoldState::Open => None,
            HoldState::Approved => Some("Approved"),
            HoldState::PartlyApproved => Some("Partly approved"),
            HoldState::Rejected => Some("Rejected"),
            HoldState::Superseded => Some("No longer needed"),
        };
        let decided = word.map(|word| Decided {
            word,
            sentence: match (hold.state, hold.decided_at_ms) {
                (HoldState::Superseded, _) | (_, None) => {
                    "The HR system or the accounts changed meanwhile.".to_owned()
                }
                (_, Some(at)) => {
                    let at = crate::domain::notice::moment_text(at, &zone)
                        .in_language(Language::English);
                    format!("By {decided_by}, {at}.")
                }
            },
        });
        let people = u64::try_from(items.len()).unwrap_or(u64::MAX);
        let (legend, approve_all, after) = choices(hold.kind, people);
        Self {
            frame: Frame::of(visitor, headline(hold.kind, people)),
            csrf: visitor.csrf.clone(),
            id: hold.directory_id.clone(),
            title,
            headline: headline(hold.kind, people),
            reason: hold.text().in_language(Language::English),
            decided,
            error,
            legend,
            open: hold.state == HoldState::Open && hold.gathering.is_none(),
            list_version: hold.list_version,
            hold: hold.id,
            can_approve: items.iter().any(|item| item.can_change && item.decided != "approved"),
            can_reject: items.iter().any(|item| item.can_change && item.decided == "approved"),
            items,
            approve_all,
            after,
        }
    }
}

async fn load(
    state: &State,
    visitor: &Visitor,
    directory: &DirectoryId,
    hold: &HoldId,
) -> Result<Loaded, Problem> {
    let organization = visitor.organization_id().clone();
    let (directory, hold) = (directory.clone(), hold.clone());
    let read =
        state.context.db.read(move |conn| Loaded::load(conn, &organization, &directory, &hold));
    read.await
}

fn ids_of(path: Path<(String, String)>) -> (DirectoryId, HoldId) {
    let (directory, hold) = path.into_inner();
    (DirectoryId::from_text(directory), HoldId::from_text(hold))
}

/// `GET …/holds/{hold_id}`.
pub async fn show(state: State, visitor: Visitor, path: Path<(String, String)>) -> Response {
    let (directory, hold) = ids_of(path);
    let loaded = load(&state, &visitor, &directory, &hold).await?;
    page::ok(&Page::of(&visitor, loaded, None))
}

/// `POST …/holds/{hold_id}`: `choice` is `all` or `none` (of the list in `list_version`), `some`
/// (those in `item`), or `approve` or `reject` (those in `item`, otherwise than was decided).
pub async fn decide(state: State, path: Path<(String, String)>, form: Posted) -> Response {
    let (directory, hold) = ids_of(path);
    let Posted { visitor, fields } = form;
    // That it is theirs, before anything is done.
    load(&state, &visitor, &directory, &hold).await?;
    let ticked =
        || About::Items(fields.all("item").into_iter().map(HoldItemId::from_text).collect());
    let shown = || About::Version(fields.text("list_version").parse().unwrap_or(0));
    let otherwise =
        |decision| HoldDecision { changes_decision: true, ..HoldDecision::new(decision, ticked()) };
    let wanted = match fields.text("choice").as_str() {
        "all" => HoldDecision::new(Decision::Approved, shown()),
        "some" => HoldDecision::new(Decision::Approved, ticked()),
        "none" => HoldDecision::new(Decision::Rejected, shown()),
        "approve" => otherwise(Decision::Approved),
        "reject" => otherwise(Decision::Rejected),
        _ => return Err(Problem::invalid("choice", "unknown_value", "must be all, some or none")),
    };
    let done = decisions::decide(&state.context, &directory, &hold, wanted, visitor.acting()).await;
    let (wrong, status) = match done {
        Ok(_) => {
            visitor.note(&directory, "decide");
            state.activators.dates.wake();
            state.activators.runs.wake();
            return Ok(page::see_other(&format!("{}?done=decided", directory_path(&directory))));
        }
        Err(DecideError::Nobody) => {
            ("Tick at least one person, or approve all.", StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(
            DecideError::Unknown(_)
            | DecideError::NoVersion(_)
            | DecideError::NobodyWaits
            | DecideError::NotToChange(_),
        ) => (
            "The list has changed since you opened it. Please look at it again.",
            StatusCode::CONFLICT,
        ),
        Err(DecideError::NotComplete) => (
            "The list is not complete yet. Please look at it again when the sync has ended.",
            StatusCode::CONFLICT,
        ),
        Err(DecideError::Closed(_)) => ("This was decided already.", StatusCode::CONFLICT),
        Err(DecideError::EmailTaken(_)) => (
            "Another account still has this e-mail. Ask the people who run the application to \
             change it there first.",
            StatusCode::CONFLICT,
        ),
        Err(other) => return Err(hold_decisions::problem(other, &hold)),
    };
    let loaded = load(&state, &visitor, &directory, &hold).await?;
    page::html(status, &Page::of(&visitor, loaded, Some(wrong.to_owned())))
}
