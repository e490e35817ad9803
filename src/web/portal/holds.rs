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
use crate::domain::notice::moment_text;
use crate::operations::decisions::{self, About, DecideError, HoldDecision};
use crate::texts::{Text, filters, text};
use crate::web::actors::AdminNames;
use crate::web::api::directories::hold_decisions;
use crate::web::http::error::Problem;
use crate::web::http::response::Response;
use crate::web::http::state::State;
use crate::web::portal::messages::{When, with_commas};
use crate::web::portal::page::{self, Frame, directory_path, own_directory};
use crate::web::portal::preview::because;
use crate::web::portal::session::{Posted, Visitor};

/// A hold in a list.
pub struct HoldRow {
    /// Its id.
    pub id: HoldId,
    /// What is asked.
    pub title: Text,
    /// Why.
    pub reason: Text,
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
            reason: hold.text(),
            id: hold.id,
        }
    }
}

fn headline(kind: HoldKind, people: u64) -> Text {
    match kind {
        HoldKind::Link => text("portal-hold-link"),
        HoldKind::EmailChange => text("portal-hold-email"),
        HoldKind::Deactivations => text("portal-hold-deactivations").with("count", people),
        HoldKind::OtherCompany => text("portal-hold-other-company"),
        HoldKind::ReusedNumber => text("portal-hold-reused-number"),
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
    headline: Text,
    reason: Text,
    decided: Option<Decided>,
    error: Option<Text>,
    choices: Choices,
    open: bool,
    list_version: i64,
    items: Vec<Item>,
    /// Items whose rejection still counts can be approved after all, and the other way round.
    can_approve: bool,
    can_reject: bool,
}

struct Decided {
    word: Text,
    sentence: Text,
}

struct Item {
    id: HoldItemId,
    name: String,
    /// What is or was asked about them, and what was decided.
    change: Text,
    decision: Option<Decision>,
    can_change: bool,
}

/// What was loaded of a hold.
struct Loaded {
    title: &'static str,
    hold: Hold,
    items: Vec<Item>,
    decided_by: Text,
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
            Some(by) => AdminNames::load(conn, organization)?.text(by),
            None => Text::verbatim(""),
        };
        Ok(Self { title: row.provider.title(), hold, items, decided_by })
    }
}

/// "0 of 35 people whom we know were found, and 40 new ones."
fn compared(item: &HoldItem) -> Text {
    let number =
        |name: &str| item.planned_change.0.get(name).and_then(Value::as_u64).unwrap_or_default();
    text("portal-item-people")
        .with("found", number("found"))
        .with("known", number("known"))
        .with("strangers", number("never_seen"))
}

/// "Ann Lee, ann@…, since 2020-03-02 → Bob Ray, bob@…, since 2026-11-02".
fn both_sides(item: &HoldItem) -> Text {
    let side = |name: &str| {
        let side = item.planned_change.0.get(name);
        let member = |key: &str| side.and_then(|side| side.get(key)).and_then(Value::as_str);
        let parts = [
            member("name").map(Text::verbatim),
            member("email").map(Text::verbatim),
            member("start_date").map(|day| text("portal-item-since").with("day", day)),
        ];
        with_commas(parts.into_iter().flatten()).unwrap_or_else(|| Text::verbatim(""))
    };
    text("portal-item-before-and-now").with("before", side("from")).with("now", side("to"))
}

/// What is asked about a person, whose account has this address.
fn change(kind: HoldKind, item: &HoldItem, account: &str) -> Text {
    let member = |name: &str| item.planned_change.0.get(name).and_then(Value::as_str);
    let email = member("email").unwrap_or_default();
    let reason = member("because").and_then(LossReason::parse);
    match (kind, reason, member("last_day")) {
        (HoldKind::Deactivations, Some(_), Some(day)) => {
            text("portal-item-last-day").with("account", account).with("day", day)
        }
        (HoldKind::Deactivations, Some(reason), None) => {
            let reason = because(reason);
            text("portal-item-because").with("account", account).with("reason", reason)
        }
        (HoldKind::Deactivations, None, _) => Text::verbatim(account),
        (HoldKind::EmailChange, ..) => {
            text("portal-item-email").with("from", account).with("to", email)
        }
        (HoldKind::Link, ..) if account.is_empty() => {
            text("portal-item-person").with("email", email)
        }
        (HoldKind::Link, ..) => {
            text("portal-item-person-and-account").with("email", email).with("account", account)
        }
        (HoldKind::OtherCompany, ..) => compared(item),
        (HoldKind::ReusedNumber, ..) => both_sides(item),
    }
}

impl Item {
    fn of(hold: &Hold, item: HoldItem, account: &str) -> Self {
        let still_counts = item.done_at_ms.is_none() && item.record_hash.is_some();
        let is_access = hold.kind == HoldKind::Deactivations;
        let decided = item.decision.map(|decision| match decision {
            Decision::Rejected if is_access && still_counts => text("portal-item-keeps-access"),
            Decision::Rejected => text("portal-item-rejected"),
            Decision::Approved => text("portal-item-approved"),
        });
        let change = change(hold.kind, &item, account);
        Self {
            change: match decided {
                Some(decided) => {
                    text("portal-item-decided").with("change", change).with("decision", decided)
                }
                None => change,
            },
            can_change: match item.decision {
                Some(Decision::Rejected) => still_counts,
                Some(Decision::Approved) => is_access,
                None => false,
            },
            decision: item.decision,
            id: item.id,
            name: item.name,
        }
    }
}

/// What somebody can answer.
struct Choices {
    /// What the hold is about.
    legend: Text,
    /// The button for "yes".
    approve_all: Text,
    /// What each answer leads to.
    after: Text,
}

impl Choices {
    fn of(kind: HoldKind, people: u64) -> Self {
        let (legend, approve_all, after) = match kind {
            HoldKind::Link => (
                text("portal-hold-link-about"),
                text("portal-hold-link-yes"),
                text("portal-hold-link-after"),
            ),
            HoldKind::EmailChange => (
                text("portal-hold-email-about"),
                text("portal-hold-email-yes"),
                text("portal-hold-email-after"),
            ),
            HoldKind::Deactivations => (
                text("portal-hold-deactivations-about"),
                match people {
                    1 => text("portal-hold-deactivations-yes-one"),
                    _ => text("portal-hold-deactivations-yes"),
                },
                text("portal-hold-deactivations-after"),
            ),
            HoldKind::OtherCompany => (
                text("portal-hold-other-company-about"),
                text("portal-hold-other-company-yes"),
                text("portal-hold-other-company-after"),
            ),
            HoldKind::ReusedNumber => (
                text("portal-hold-reused-number-about"),
                text("portal-hold-reused-number-yes"),
                text("portal-hold-reused-number-after"),
            ),
        };
        Self { legend, approve_all, after }
    }
}

/// What became of a hold; nothing while it is open.
fn decided(hold: &Hold, by: &Text, zone: &TimeZone) -> Option<Decided> {
    let word = match hold.state {
        HoldState::Open => return None,
        HoldState::Approved => text("portal-hold-approved"),
        HoldState::PartlyApproved => text("portal-hold-partly-approved"),
        HoldState::Rejected => text("portal-hold-rejected"),
        HoldState::Superseded => text("portal-hold-superseded"),
    };
    let sentence = match (hold.state, hold.decided_at_ms) {
        (HoldState::Superseded, _) | (_, None) => text("portal-hold-superseded-why"),
        (_, Some(at)) => {
            text("portal-hold-decided").with("who", by).with("when", moment_text(at, zone))
        }
    };
    Some(Decided { word, sentence })
}

impl Page {
    fn of(visitor: &Visitor, loaded: Loaded, error: Option<Text>) -> Self {
        let Loaded { title, hold, items, decided_by } = loaded;
        let people = u64::try_from(items.len()).unwrap_or(u64::MAX);
        let is_approved = |item: &Item| item.decision == Some(Decision::Approved);
        Self {
            frame: Frame::of(visitor, headline(hold.kind, people)),
            csrf: visitor.csrf.clone(),
            id: hold.directory_id.clone(),
            title,
            headline: headline(hold.kind, people),
            reason: hold.text(),
            decided: decided(&hold, &decided_by, &visitor.zone()),
            error,
            choices: Choices::of(hold.kind, people),
            open: hold.state == HoldState::Open && hold.gathering.is_none(),
            list_version: hold.list_version,
            hold: hold.id,
            can_approve: items.iter().any(|item| item.can_change && !is_approved(item)),
            can_reject: items.iter().any(|item| item.can_change && is_approved(item)),
            items,
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
        _ => return Err(Problem::invalid("choice", "unknown_value", "unknown")),
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
            (text("portal-decide-nobody"), StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(
            DecideError::Unknown(_)
            | DecideError::NoVersion(_)
            | DecideError::NobodyWaits
            | DecideError::NotToChange(_),
        ) => (text("portal-decide-changed"), StatusCode::CONFLICT),
        Err(DecideError::NotComplete) => (text("portal-decide-not-complete"), StatusCode::CONFLICT),
        Err(DecideError::Closed(_)) => (text("portal-decide-closed"), StatusCode::CONFLICT),
        Err(DecideError::EmailTaken(_)) => {
            (text("portal-decide-email-taken"), StatusCode::CONFLICT)
        }
        Err(other) => return Err(hold_decisions::problem(other, &hold)),
    };
    let loaded = load(&state, &visitor, &directory, &hold).await?;
    page::html(status, &Page::of(&visitor, loaded, Some(wrong)))
}
