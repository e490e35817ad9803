//! No organization delays another (S-46): what hangs, is slow or is large belongs to one of them.
//!
//! Most of these run the tasks as the program does, so the pauses between looks are real. Nothing
//! waits for a while and hopes: what has to become true is asked for again and again.

use std::collections::HashMap;
use std::time::Duration;

use rollcall::db::Db;
use rollcall::limits;
use rollcall::sandbox::Action;
use rollcall::sync::{Context, full, live};
use rollcall::tasks::{Activators, Tasks};
use serde_json::json;

use crate::support::{Connected, TestApp, behaviours};
use crate::systems::System;

behaviours!(
    s_46_hanging_lists_keep_nobody_elses_run_waiting,
    s_46_a_hanging_hr_system_keeps_no_other_waiting,
    s_46_hanging_looks_keep_nobody_elses_hook_waiting,
    s_46_stuck_answers_keep_no_other_look_of_the_directory_waiting,
    s_46_looks_are_bounded_per_organization_and_hr_system,
    s_46_runs_are_bounded_per_organization_and_hr_system,
);

/// Far less than anything that hangs takes to be given up.
const PATIENCE: Duration = Duration::from_secs(15);

/// The tasks, running by themselves until this is dropped.
fn at_work(app: &TestApp) -> Tasks {
    Tasks::start(&app.running.task_context, &Activators::default())
}

/// Returns once this is true.
async fn until(what: &str, mut is_true: impl AsyncFnMut() -> bool) {
    let all = async {
        while !is_true().await {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, all).await;
    assert!(in_time.is_ok(), "it did not become true that {what}");
}

async fn connected(app: &TestApp, count: usize) -> Vec<Connected> {
    let mut all = Vec::new();
    for number in 0..count {
        let name = format!("Customer {number}");
        let organization = app.organization(&name, &["ann@customer.example"]).await;
        let connected = app.prepared(&organization).await;
        app.complete(&connected).await;
        all.push(connected);
    }
    app.hr().clear_logs();
    all
}

fn keys(connected: &[Connected]) -> Vec<String> {
    connected.iter().map(|one| one.hr_key.clone()).collect()
}

async fn run_state(app: &TestApp, connected: &Connected) -> String {
    app.last_run(connected).await["state"].as_str().unwrap().to_owned()
}

async fn tell(app: &TestApp, connected: &Connected, employee: &str) {
    let body = json!({"ActionId": 2, "EmployeeId": employee}).to_string();
    assert_eq!(app.hook(&connected.hook_url, "application/json", body).await, 202);
}

async fn s_46_hanging_lists_keep_nobody_elses_run_waiting(app: TestApp) {
    let all = connected(&app, 7).await;
    let (hanging, well) = all.split_at(6);
    app.faults(|faults| {
        faults.silent_keys = keys(hanging);
        faults.only_action = Some(Action::GetAllEmployeeDetail);
    });
    let _tasks = at_work(&app);
    for one in hanging {
        app.sync_now(one).await.ok();
    }
    until("all of them hang", async || app.lists() == hanging.len()).await;
    app.sync_now(&well[0]).await.ok();
    until("the other one is done", async || run_state(&app, &well[0]).await == "succeeded").await;
    for one in hanging {
        assert_eq!(run_state(&app, one).await, "running");
    }
}

async fn s_46_a_hanging_hr_system_keeps_no_other_waiting(app: TestApp) {
    let mut hanging = Vec::new();
    for _ in 0..5 {
        hanging.push(app.connected_to(System::BreatheHr).await);
    }
    let well = [app.connected_to(System::Hrworks).await, app.connected().await];
    let mut faults = app.sandbox.breathe_hr().faults();
    faults.always = Some(rollcall::sandbox::RestAnswer::Hang);
    app.sandbox.breathe_hr().set_faults(faults);
    System::BreatheHr.clear_logs(&app.sandbox);
    let _tasks = at_work(&app);
    for one in &hanging {
        app.sync_now(one).await.ok();
    }
    until("all of them hang", async || System::BreatheHr.calls(&app.sandbox).0 >= hanging.len())
        .await;
    for one in &well {
        app.sync_now(one).await.ok();
        until("the other one is done", async || run_state(&app, one).await == "succeeded").await;
    }
}

async fn s_46_hanging_looks_keep_nobody_elses_hook_waiting(app: TestApp) {
    let all = connected(&app, 3).await;
    let (hanging, well) = all.split_at(2);
    // Everybody works at the same company here, so nobody may be told of the change but the last.
    app.faults(|faults| {
        faults.silent_keys = keys(hanging);
        faults.only_action = Some(Action::GetEmployeeDetailById);
        faults.hooks.dropped = true;
    });
    let _tasks = at_work(&app);
    for one in hanging {
        for index in 0..limits::BURST_PEOPLE_MAX {
            tell(&app, one, &app.employee(index)).await;
        }
    }
    let under_way = hanging.len() * limits::LIVE_LOOKS_MAX;
    until("both have all the looks they may", async || app.looks().len() == under_way).await;
    let employee = app.employee(1);
    for job in ["One", "Two", "Three"] {
        app.new_job(&employee, job).await;
        tell(&app, &well[0], &employee).await;
        until("the third one's hook is applied", async || {
            app.job_of(&well[0], &employee).await == job
        })
        .await;
    }
    let hung = app.looks().iter().filter(|who| **who != employee).count();
    assert!(hung >= under_way - 2, "the others still wait");
    let mut raw = app.raw();
    for one in hanging {
        let leased = format!(
            "SELECT CAST(COUNT(*) AS TEXT) AS value FROM inbox WHERE state = 'leased' \
             AND directory_id = '{}'",
            one.directory
        );
        assert_eq!(raw.values(&leased), [limits::LIVE_LOOKS_MAX.to_string()]);
    }
}

async fn s_46_stuck_answers_keep_no_other_look_of_the_directory_waiting(app: TestApp) {
    let connected = app.connected().await;
    let stuck: Vec<String> = (0..limits::LIVE_LOOKS_MAX - 1).map(|n| app.employee(n)).collect();
    app.faults(|faults| {
        faults.silent_employees.clone_from(&stuck);
        faults.hooks.dropped = true;
    });
    app.hr().clear_logs();
    let _tasks = at_work(&app);
    for employee in &stuck {
        tell(&app, &connected, employee).await;
    }
    until("they are asked about", async || app.looks().len() == stuck.len()).await;
    for index in 10..20 {
        let employee = app.employee(index);
        app.new_job(&employee, "Not delayed").await;
        tell(&app, &connected, &employee).await;
    }
    for index in 10..20 {
        until("the others are applied", async || {
            app.job_of(&connected, &app.employee(index)).await == "Not delayed"
        })
        .await;
    }
}

/// Organizations with directories that are active, past everything of ours.
fn seed(app: &TestApp, organizations: usize, providers: &[&str]) {
    let mut raw = app.raw();
    for number in 0..organizations {
        raw.run(&format!(
            "INSERT INTO organizations (id, name, allowed_providers, metadata, created_at_ms, \
             updated_at_ms) VALUES ('org_{number}', 'Customer', '[]', '{{}}', 0, 0)"
        ));
        for provider in providers {
            raw.run(&format!(
                "INSERT INTO directories (id, organization_id, provider, name, state, strict, \
                 poll_seconds, inactive_policy, relink, external_key, credential_generation, \
                 observation_seq, failure_tries, created_at_ms, updated_at_ms) VALUES \
                 ('directory_{number}_{provider}', 'org_{number}', '{provider}', 'HR', 'active', \
                 FALSE, 1800, 'keep', 'ledger', 'key', 0, 0, 0, 0, 0)"
            ));
        }
    }
}

/// Two processes that share the database.
fn replicas(app: &TestApp) -> [Context; 2] {
    let one = app.running.context.clone();
    let db = Db::open_migrated(&app.place.place).unwrap();
    [one.clone(), Context { db, ..one }]
}

/// How many rows at work there are for each value of this expression.
fn at_work_by(app: &TestApp, expression: &str, from: &str) -> HashMap<String, usize> {
    let sql = format!("SELECT {expression} AS value FROM {from}");
    let mut counts = HashMap::new();
    for value in app.raw().values(&sql) {
        *counts.entry(value).or_default() += 1;
    }
    counts
}

async fn s_46_looks_are_bounded_per_organization_and_hr_system(app: TestApp) {
    let organizations = 60;
    seed(&app, organizations, &["people_hr"]);
    let mut raw = app.raw();
    for number in 0..organizations {
        for person in 0..limits::BURST_PEOPLE_MAX {
            raw.run(&format!(
                "INSERT INTO inbox (organization_id, directory_id, employee_hint, state, \
                 waiting_key, hooks, first_received_at_ms, last_received_at_ms, last_received_seq, \
                 next_at_ms, attempts, lease_epoch) VALUES ('org_{number}', \
                 'directory_{number}_people_hr', 'P{person}', 'waiting', 'k{number}|{person}', 1, \
                 0, 0, 0, 0, 0, 0)"
            ));
        }
    }
    let replicas = replicas(&app);
    let mut claims = 0;
    while !matches!(live::claim_next(&replicas[claims % 2]).await.unwrap(), live::Claimed::Nothing)
    {
        claims += 1;
        assert!(claims < 200, "it ends");
    }
    let leased = at_work_by(&app, "organization_id", "inbox WHERE state = 'leased'");
    assert_eq!(leased.len(), organizations, "everybody gets a turn");
    assert!(leased.values().all(|looks| *looks <= limits::LIVE_LOOKS_MAX), "{leased:?}");
    let all: usize = leased.values().sum();
    assert!((100..=limits::PROVIDER_LOOKS_MAX).contains(&all), "{all}");
}

async fn s_46_runs_are_bounded_per_organization_and_hr_system(app: TestApp) {
    let (organizations, max) = (limits::PROVIDER_RUNS_MAX + 30, limits::PROVIDER_RUNS_MAX);
    let providers = ["people_hr", "breathe_hr", "hrworks"];
    seed(&app, organizations, &providers);
    let mut raw = app.raw();
    let queue = |number: usize, provider: &str, tries: usize| {
        format!(
            "INSERT INTO runs (id, organization_id, directory_id, run_trigger, state, open_key, \
             requested_at_ms, next_at_ms, tries, lease_epoch, counts) VALUES \
             ('run_{number}_{provider}', 'org_{number}', 'directory_{number}_{provider}', \
             'manual', 'queued', '{number}{provider}', 0, {number}, {tries}, 0, '{{}}')"
        )
    };
    // The first ones are tried again: they hang.
    for number in 0..organizations {
        raw.run(&queue(number, "people_hr", usize::from(number < 70)));
    }
    for provider in ["breathe_hr", "hrworks"] {
        raw.run(&queue(0, provider, 0));
        raw.run(&queue(110, provider, 0));
    }
    let replicas = replicas(&app);
    let mut claims = 0;
    while !matches!(full::claim_next(&replicas[claims % 2]).await.unwrap(), full::Claimed::Nothing)
    {
        claims += 1;
        assert!(claims < 300, "it ends");
    }
    let running = "runs JOIN directories ON directories.id = runs.directory_id \
                   WHERE runs.state = 'running'";
    let by_provider = at_work_by(&app, "directories.provider", running);
    assert_eq!(by_provider["people_hr"], max);
    let by_organization = at_work_by(&app, "runs.organization_id", running);
    assert!(by_organization.values().all(|runs| *runs <= limits::ORGANIZATION_RUNS_MAX));
    assert!(by_provider["breathe_hr"] + by_provider["hrworks"] >= 2, "{by_provider:?}");
    let retried = at_work_by(&app, "'retried'", &format!("{running} AND runs.tries > 1"));
    assert_eq!(retried["retried"], max / 2, "half of them is left to the others");
}
