//! All HR systems side by side: another customer on each, and one change that arrives.
//!
//! Breathe HR and HRworks send no webhooks here; a change there comes with the next full sync, and
//! the demo presses "Sync now" instead of waiting for that.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cli::Context;
use crate::domain::provider::ProviderKind;
use crate::sandbox::{ChangeError, Edit, HrworksPermission, PersonView};

use super::DemoError;
use super::api::{Account, Api, Created, in_time};
use super::setup::{self, Connected, check_key, first_sync};
use super::stage::Stage;
use super::table::{self, ms};

/// The job that somebody gets in each HR system.
const JOB: &str = "Team Lead";

/// One change that has arrived.
struct Arrived {
    who: PersonView,
    way: &'static str,
    took: Duration,
}

/// A customer on an HR system that is polled.
pub(super) struct Polled {
    pub(super) provider: ProviderKind,
    /// The part of the sandbox's control addresses that is for this HR system.
    pub(super) control: &'static str,
    pub(super) organization_id: String,
    pub(super) directory_id: String,
    /// Whose job was changed.
    pub(super) who: PersonView,
}

/// Connects a customer to each HR system that is polled, changes something in every HR system and
/// prints when it was there. Gives the new customers.
pub(super) async fn play(
    api: &Api,
    stage: &Stage,
    connected: &Connected,
    context: &mut Context<'_>,
) -> Result<Vec<Polled>, DemoError> {
    context.answer(
        "\nTwo more customers. Their HR systems send no webhooks, so a full sync every 30 minutes \
         brings\nwhat has changed, or \"Sync now\" at once:\n",
    );
    let mut rows = vec![
        ["HR system", "change", "who", "brought by", "there after"].map(str::to_owned).to_vec(),
    ];
    let mut row = |provider: ProviderKind, arrived: &Arrived| {
        let who = format!("{} {}", arrived.who.first_name, arrived.who.last_name);
        let [system, way] = [provider.title(), arrived.way].map(str::to_owned);
        let took = format!("{} ms", ms(arrived.took));
        rows.push(vec![system, "job title".to_owned(), who, way, took]);
    };
    row(ProviderKind::PeopleHr, &by_webhook(api, stage, connected).await?);
    let mut polled = Vec::new();
    for provider in [ProviderKind::BreatheHr, ProviderKind::Hrworks] {
        let (arrived, customer) = by_sync(api, stage, provider, context).await?;
        row(provider, &arrived);
        polled.push(customer);
    }
    context.answer(&format!(
        "\nOne change in each HR system, and when its account showed it:\n\n{}",
        table::lines(&rows, &[false, false, false, false, true])
    ));
    Ok(polled)
}

/// A change in People HR, which tells of it by itself.
async fn by_webhook(api: &Api, stage: &Stage, connected: &Connected) -> Result<Arrived, DemoError> {
    let who = connected.others.last().cloned();
    let who = who.ok_or_else(|| DemoError::NoCast("a new job".to_owned()))?;
    let changed = stage.sandbox.people_hr().edit(&who.employee_id, &new_job()).await;
    changed.map_err(refused)?;
    let took = until_shown(api, &connected.organization_id, &who.email).await?;
    Ok(Arrived { who, way: "webhook", took })
}

/// A new customer of this HR system, and a change there.
async fn by_sync(
    api: &Api,
    stage: &Stage,
    provider: ProviderKind,
    context: &mut Context<'_>,
) -> Result<(Arrived, Polled), DemoError> {
    let (breathe, hrworks) = (stage.sandbox.breathe_hr(), stage.sandbox.hrworks());
    let is_breathe = provider == ProviderKind::BreatheHr;
    let (name, people, today, credential) = if is_breathe {
        let key = json!({ "api_key": breathe.create_key() });
        ("Brightwell Example Ltd", breathe.people(), breathe.today(), key)
    } else {
        let pair = hrworks.create_key_pair(HrworksPermission::USUAL);
        let text = json!({ "text": pair.text() });
        ("Beispiel GmbH", hrworks.people(), hrworks.today(), text)
    };
    let organization: Created = api.post("/organizations", json!({ "name": name })).await?;
    let admin = json!({ "email": "hr.admin@customer.example", "name": "HR" });
    let _: Created = api.post(&format!("/organizations/{}/admins", organization.id), admin).await?;
    let body = json!({ "organization_id": organization.id, "provider": provider.as_str() });
    let directory: Created = api.post("/directories", body).await?;
    let at = format!("/directories/{}", directory.id);
    check_key(api, &at, credential).await?;
    let (counts, took) = first_sync(api, &at).await?;
    context.answer(&format!(
        "  {}: {} people, {} accounts created, first full sync after {:.2} s",
        provider.title(),
        counts.seen,
        counts.created,
        took.as_secs_f64(),
    ));
    let who = setup::ordinary_people(&people, &today.to_string()).pop();
    let who = who.ok_or_else(|| DemoError::NoCast("a new job".to_owned()))?;
    let changed = if is_breathe {
        breathe.edit(&who.unique_key, &new_job())
    } else {
        hrworks.edit(&who.unique_key, &new_job())
    };
    changed.map_err(refused)?;
    let _: Value = api.post(&format!("{at}/sync"), json!({})).await?;
    let took = until_shown(api, &organization.id, &who.email).await?;
    let control = if is_breathe { "breathe-hr" } else { "hrworks" };
    let customer = Polled {
        provider,
        control,
        organization_id: organization.id,
        directory_id: directory.id,
        who: who.clone(),
    };
    Ok((Arrived { who, way: "\"Sync now\"", took }, customer))
}

fn new_job() -> Edit {
    Edit { job_role: Some(JOB.to_owned()), ..Edit::default() }
}

fn refused(source: ChangeError) -> DemoError {
    DemoError::Change { what: "a new job".to_owned(), source }
}

/// How long it takes until the account shows the new job.
async fn until_shown(api: &Api, organization: &str, email: &str) -> Result<Duration, DemoError> {
    let began = Instant::now();
    let shown = async {
        loop {
            let account: Option<Account> = api.account_by_email(organization, email).await?;
            if account.is_some_and(|account| account.position.as_deref() == Some(JOB)) {
                return Ok(began.elapsed());
            }
        }
    };
    in_time("the account with the new job", shown).await
}
