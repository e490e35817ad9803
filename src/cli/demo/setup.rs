//! Connecting the HR system as an application does it for its customer, and the first full sync.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cli::Context;
use crate::domain::directory::{RunCounts, RunState};
use crate::sandbox::{Action, PersonView, Standing};

use super::DemoError;
use super::api::{Account, Api, Created};
use super::stage::Stage;
use super::table;

/// How long the first full sync may take.
const SYNC_SECONDS_MAX: u64 = 120;

/// What was set up.
pub(super) struct Connected {
    pub(super) organization_id: String,
    pub(super) directory_id: String,
    /// The key of the HR system.
    pub(super) hr_key: String,
    /// People whose accounts were there before the directory.
    pub(super) linked: Vec<PersonView>,
    /// People of no special kind, in the order of hiring.
    pub(super) others: Vec<PersonView>,
    /// Somebody whom the demo leaves to the reader.
    pub(super) somebody: PersonView,
}

#[derive(Deserialize)]
struct Directory {
    id: String,
    webhook_url: Option<String>,
    counts: DirectoryCounts,
}

#[derive(Deserialize)]
struct DirectoryCounts {
    inactive: u64,
    groups: u64,
    row_problems: u64,
}

#[derive(Deserialize)]
struct Started {
    run_id: String,
}

#[derive(Deserialize)]
struct Run {
    state: RunState,
    error: Option<Value>,
    counts: RunCounts,
}

/// Sets everything up through the public API and waits for the first full sync.
pub(super) async fn connect(
    api: &Api,
    stage: &Stage,
    context: &mut Context<'_>,
) -> Result<Connected, DemoError> {
    let hr = stage.sandbox.people_hr();
    let mut others = ordinary_people(&hr.people(), &hr.today().to_string());
    let nobody = || DemoError::NoCast("the accounts that were there before".to_owned());
    let somebody = others.pop().ok_or_else(nobody)?;
    let linked: Vec<PersonView> = others.drain(..3.min(others.len())).collect();

    let body = json!({ "name": "Acme Example Ltd", "time_zone": "Europe/London" });
    let organization: Created = api.post("/organizations", body).await?;
    let of = format!("/organizations/{}", organization.id);
    let admin = json!({ "email": "hr.admin@acme.example", "name": "Acme HR" });
    let _: Created = api.post(&format!("{of}/admins"), admin).await?;
    let accounts = format!("{of}/accounts");
    for person in &linked {
        let account = json!({ "email": person.email, "external_id": person.work_phone });
        let _: Created = api.post(&accounts, account).await?;
    }
    let auditor = json!({ "email": "auditor@partner.example", "first_name": "Visiting" });
    let auditor: Created = api.post(&accounts, auditor).await?;

    let body = json!({ "organization_id": organization.id, "provider": "people_hr" });
    let directory: Directory = api.post("/directories", body).await?;
    let at = format!("/directories/{}", directory.id);
    let key = hr.create_key(Action::USUAL).key;
    check_key(api, &at, json!({ "api_key": key })).await?;
    let pasted = hr.set_webhook(directory.webhook_url.as_deref());
    pasted.map_err(|source| DemoError::Change { what: "the webhook URL".to_owned(), source })?;
    context.answer(
        "A customer with People HR, set up through the public API as the application would:\n  \
         organization, an admin, 4 accounts that are there already, a directory,\n  \
         the HR system's API key (checked), the webhook URL (pasted into the HR system)\n",
    );
    let (counts, took) = first_sync(api, &at).await?;
    let directory: Directory = api.get(&at).await?;
    let auditor: Account = api.get(&format!("/accounts/{}", auditor.id)).await?;
    context.answer(&summary(counts, &directory, &auditor, took));
    Ok(Connected {
        organization_id: organization.id,
        directory_id: directory.id,
        hr_key: key,
        linked,
        others,
        somebody,
    })
}

/// Enters the HR system's key. A key that could not be checked is stored all the same, but here it
/// means that the gateway does not reach the sandbox, and the sync would wait for that in vain.
pub(super) async fn check_key(api: &Api, at: &str, key: Value) -> Result<(), DemoError> {
    let path = format!("{at}/credentials");
    let check: Value = api.put(&path, key).await?;
    if check.get("ok") == Some(&Value::Bool(true)) {
        return Ok(());
    }
    let what = "checking the HR system's API key".to_owned();
    let problem = "the gateway could not ask the sandbox HR system".to_owned();
    Err(DemoError::Odd { what, problem })
}

/// Employed, with everything that a record can have, and nobody's first or second manager.
pub(super) fn ordinary_people(people: &[PersonView], today: &str) -> Vec<PersonView> {
    let complete = |person: &&PersonView| {
        let texts = [&person.email, &person.department, &person.location, &person.start_date];
        person.standing == Standing::Active
            && texts.iter().all(|text| !text.is_empty())
            && person.start_date.as_str() < today
            && person.reports_to.is_some()
            && person.first_name.is_ascii()
            && person.last_name.is_ascii()
    };
    people.iter().filter(complete).skip(20).step_by(5).cloned().collect()
}

/// Completes the set-up and waits until everybody has been synced.
pub(super) async fn first_sync(api: &Api, at: &str) -> Result<(RunCounts, Duration), DemoError> {
    let began = Instant::now();
    let started: Started = api.post(&format!("{at}/complete_setup"), json!({})).await?;
    let path = format!("{at}/runs/{}", started.run_id);
    while began.elapsed().as_secs() < SYNC_SECONDS_MAX {
        let run: Run = api.get(&path).await?;
        match run.state {
            RunState::Succeeded => return Ok((run.counts, began.elapsed())),
            RunState::Failed => {
                return Err(DemoError::Sync(run.error.unwrap_or_default().to_string()));
            }
            RunState::Queued | RunState::Running => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
    Err(DemoError::Sync(format!("it is not done after {SYNC_SECONDS_MAX} s")))
}

fn summary(counts: RunCounts, directory: &Directory, auditor: &Account, took: Duration) -> String {
    let row = |what: &str, count: u64, remark: &str| {
        vec![what.to_owned(), count.to_string(), remark.to_owned()]
    };
    let untouched = u64::from(auditor.managed_by.is_none() && auditor.status == "active");
    let rows = [
        row("people seen", counts.seen, ""),
        row("accounts linked", counts.linked, "by e-mail; they keep their ids"),
        row("accounts created", counts.created, ""),
        row("leavers", directory.counts.inactive, "known as inactive; no account is made for them"),
        row(
            "row problems",
            directory.counts.row_problems,
            "no e-mail in HR; the API lists who and why",
        ),
        row("departments", directory.counts.groups, "as groups"),
        row("accounts not in HR", untouched, "stays as it was"),
    ];
    let table = table::lines(&rows, &[false, true, false]);
    format!(
        "First full sync: succeeded {:.2} s after set-up was completed\n{table}",
        took.as_secs_f64()
    )
}
