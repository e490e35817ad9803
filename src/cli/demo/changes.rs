//! Ten changes in the HR system, and when each of them is in the application.
//!
//! One after the other, so that each is measured alone. A change is there when the account shows it
//! through the API and its event is in the feed; 10 s without that is an error.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::cli::Context;
use crate::sandbox::{ChangeError, Changed, HookOutcome, PeopleHr};

use super::DemoError;
use super::api::{Account, Api, Event, in_time};
use super::scenes::{Act, Scene, account_of, scenes};
use super::setup::Connected;
use super::stage::Stage;
use super::table::{self, ms, percentile};

/// What was measured.
struct Measured {
    hook: Duration,
    account: Duration,
    event: Duration,
    kinds: String,
}

/// Plays all changes and prints the table; the cursor behind their events.
pub(super) async fn play(
    api: &Api,
    stage: &Stage,
    connected: &Connected,
    context: &mut Context<'_>,
) -> Result<String, DemoError> {
    let hr = stage.sandbox.people_hr();
    let scenes = scenes(api, connected, hr.today()).await?;
    let mut cursor = end_of_feed(api, String::new()).await?;
    let mut rows = vec![
        ["change", "who", "hook taken", "account", "event", "events"].map(str::to_owned).to_vec(),
    ];
    let mut measured = Vec::new();
    for scene in &scenes {
        let times = play_one(api, hr, connected, scene, &cursor).await?;
        api.settle(&connected.directory_id).await?;
        cursor = end_of_feed(api, cursor).await?;
        let who = format!("{} {}", scene.who.first_name, scene.who.last_name);
        let [hook, account, event] = [times.hook, times.account, times.event].map(ms);
        rows.push(vec![scene.what.to_owned(), who, hook, account, event, times.kinds]);
        measured.push((scene.by_full_sync, times.account));
    }
    context.answer(&table::lines(&rows, &[false, false, true, true, true]));
    let somebody = &connected.somebody.employee_id;
    let hr_url = stage.sandbox.base_url();
    let hr_answer = api.hr_answer_time(&hr_url, &connected.hr_key, somebody).await?;
    context.answer(&conclusion(&measured, hr_answer));
    Ok(cursor)
}

fn conclusion(measured: &[(bool, Duration)], hr_answer: Duration) -> String {
    let all: Vec<Duration> = measured.iter().map(|(_, time)| *time).collect();
    let looked_at = measured.iter().filter(|(by_full_sync, _)| !by_full_sync);
    let looked_at: Vec<Duration> = looked_at.map(|(_, time)| *time).collect();
    let line = |times: &[Duration]| {
        let [p50, p95, max] = [50, 95, 100].map(|percent| ms(percentile(times, percent)));
        format!("p50 {p50} ms, p95 {p95} ms, max {max} ms")
    };
    format!(
        "hook taken: from sending the webhook to its 2xx, when it is safe on the disk\n\
         account, event: from that 2xx until the API shows it\n\n\
         account visible after the 2xx, all {} changes: {}\n\
         without leaving at once, which needs a full sync: {}\n\
         of which the HR system's own answer took {} ms",
        all.len(),
        line(&all),
        line(&looked_at),
        ms(hr_answer),
    )
}

/// The cursor of the newest event.
pub(super) async fn end_of_feed(api: &Api, mut cursor: String) -> Result<String, DemoError> {
    while let Some(last) = api.events(&cursor).await?.pop() {
        cursor = last.id;
    }
    Ok(cursor)
}

async fn play_one(
    api: &Api,
    hr: &PeopleHr,
    connected: &Connected,
    scene: &Scene,
    cursor: &str,
) -> Result<Measured, DemoError> {
    let organization = &connected.organization_id;
    let what = format!("\"{}\"", scene.what);
    let before = match scene.act {
        Act::Hire(_) => None,
        _ => Some(account_of(api, organization, &scene.who).await?.id),
    };
    let began = Instant::now();
    let changed = act(hr, scene).await;
    let taken = Instant::now();
    let changed = changed.map_err(|source| DemoError::Change { what: what.clone(), source })?;
    check_hooks(&what, &changed)?;
    let shown = async {
        loop {
            // A new person's account has no id yet; everybody else's must stay the same.
            let account = match &before {
                Some(id) => Some(api.get::<Account>(&format!("/accounts/{id}")).await?),
                None => api.account_by_email(organization, &changed.person.email).await?,
            };
            if let Some(account) = account.filter(|account| (scene.shows)(account)) {
                return Ok((account.id, taken.elapsed()));
            }
        }
    };
    let told = async {
        loop {
            let events = api.events(cursor).await?;
            let found = events.iter().find_map(|event| told_account(event, &changed, scene.state));
            if let Some(id) = found {
                return Ok((id.to_owned(), kinds(&events), taken.elapsed()));
            }
        }
    };
    let late = |part: &str| format!("the {part} of {what}");
    let (account_late, event_late) = (late("account"), late("event"));
    let (shown, told) = tokio::join!(in_time(&account_late, shown), in_time(&event_late, told));
    let ((account_id, account), (told_id, kinds, event)) = (shown?, told?);
    if account_id != told_id {
        let problem = "the event names another account than the API".to_owned();
        return Err(DemoError::Odd { what, problem });
    }
    Ok(Measured { hook: taken.duration_since(began), account, event, kinds })
}

/// Makes the change; returns when its webhook is answered.
async fn act(hr: &PeopleHr, scene: &Scene) -> Result<Changed, ChangeError> {
    let id = &scene.who.employee_id;
    match &scene.act {
        Act::Hire(hire) => hr.hire(hire).await,
        Act::Edit(edit) => hr.edit(id, edit).await,
        Act::Leave(leave) => hr.leave(id, leave).await,
    }
}

/// Exactly one webhook, answered with a 2xx.
fn check_hooks(what: &str, changed: &Changed) -> Result<(), DemoError> {
    let refused = |problem: String| Err(DemoError::Hook { what: what.to_owned(), problem });
    let [hook] = changed.hooks.as_slice() else {
        return refused(format!("{} webhooks were sent instead of 1", changed.hooks.len()));
    };
    match (hook.outcome, hook.status) {
        (HookOutcome::Answered, Some(200..=299)) => Ok(()),
        (HookOutcome::Answered, Some(status)) => refused(format!("it answered {status}")),
        _ => refused(hook.error.clone().unwrap_or_else(|| "it was not sent".to_owned())),
    }
}

/// The account that an event names, if it is about the changed person in that state.
fn told_account<'a>(event: &'a Event, changed: &Changed, state: &str) -> Option<&'a str> {
    let text = |name: &str| event.data.get(name).and_then(Value::as_str);
    let about = event.kind.starts_with("dsync.user.")
        && text("email") == Some(changed.person.email.as_str())
        && text("state") == Some(state);
    text("account_id").filter(|_| about)
}

/// The types of events, without the prefix that all have.
fn kinds(events: &[Event]) -> String {
    let mut kinds: Vec<&str> =
        events.iter().map(|event| event.kind.trim_start_matches("dsync.")).collect();
    kinds.dedup();
    kinds.join(", ")
}
