//! Managers, in whatever order they come (S-13).

use rollcall::clock::SeededRandom;
use rollcall::sandbox::{Edit, Hire, Leave, ShownInstead};
use serde_json::Value;

use crate::hr::{TODAY, YESTERDAY, agrees_with_hr, below, no_hooks, on, person};
use crate::support::{Connected, TestApp, behaviours};

behaviours!(
    s_13_any_chart_of_managers_ends_as_hr_has_it,
    s_13_a_manager_who_arrives_by_a_hook_is_there_for_those_who_waited,
    s_13_people_who_manage_each_other_fail_nobody,
    s_13_a_manager_who_leaves_stays_the_manager_until_hr_says_otherwise,
    s_13_a_manager_without_an_account_is_none,
    s_13_a_manager_who_is_taken_away_in_hr_is_taken_away_here,
    s_13_a_manager_whose_account_went_to_a_new_record_is_none_until_hr_names_that_one,
    s_13_a_manager_who_is_named_by_email_alone_is_found,
);

const ANN: &str = "ann.lee@acme.example";
const BOB: &str = "bob.ray@acme.example";

fn reports_to(id: &str) -> Edit {
    Edit { reports_to: Some(id.to_owned()), ..Edit::default() }
}

async fn manager_of(app: &TestApp, connected: &Connected, email: &str) -> Value {
    app.the_account(connected, email).await["manager_account_id"].clone()
}

async fn id_of(app: &TestApp, connected: &Connected, email: &str) -> Value {
    app.the_account(connected, email).await["id"].clone()
}

async fn s_13_any_chart_of_managers_ends_as_hr_has_it(app: TestApp) {
    let connected = app.connected().await;
    let random = SeededRandom::new(13);
    let below = |bound: usize| below(&random, bound);
    for round in 0..6 {
        let by_hook = round % 2 == 1;
        if !by_hook {
            app.hr().set_faults(no_hooks());
        }
        let mut everybody = app.hr().current_employee_ids();
        // Somebody new, low in the list and high in the chart.
        let email = format!("new{round}@acme.example");
        everybody.push(app.hire(&person("New", &format!("Comer{round}"), &email)).await);
        for _ in 0..12 {
            let (who, whom) = (below(everybody.len()), below(everybody.len()));
            let boss = if who == whom { "" } else { everybody[whom].as_str() };
            app.edit(&everybody[who], reports_to(boss)).await;
        }
        app.edit(&everybody[below(20)], reports_to(everybody.last().unwrap())).await;
        app.drain().await;
        app.hr().set_faults(crate::hr::hooks(rollcall::sandbox::HookFaults::default()));
        app.poll().await;
        agrees_with_hr(&app, &connected).await;
    }
    assert!(app.events("rollcall.hold.opened").await.is_empty());
}

async fn s_13_a_manager_who_arrives_by_a_hook_is_there_for_those_who_waited(app: TestApp) {
    // HR knows Bob, but without an e-mail he cannot be applied.
    let bob = app.hire(&person("Bob", "Ray_100%", "")).await;
    let ann = app.hire(&Hire { reports_to: Some(bob.clone()), ..person("Ann", "Lee", ANN) }).await;
    let connected = app.connected().await;
    assert_eq!(manager_of(&app, &connected, ANN).await, Value::Null);
    app.edit(&bob, Edit { email: Some(BOB.to_owned()), ..Edit::default() }).await;
    app.drain().await;
    assert_eq!(manager_of(&app, &connected, ANN).await, id_of(&app, &connected, BOB).await);
    assert_eq!(app.last_run(&connected).await["trigger"], "burst");
    agrees_with_hr(&app, &connected).await;
    // A newcomer nobody waits for is no reason to read everybody.
    let lists = app.lists();
    let cy = app.hire(&person("Cy", "May", "cy.may@acme.example")).await;
    app.drain().await;
    assert_eq!(app.lists(), lists);
    // The other way round: the hook of the one who is managed is looked at first.
    let hire = person("Dee", "Fox", "");
    let dee = app.hire(&hire).await;
    app.edit(&ann, reports_to(&dee)).await;
    app.drain().await;
    assert_eq!(manager_of(&app, &connected, ANN).await, Value::Null);
    app.hr().set_faults(no_hooks());
    app.edit(&dee, Edit { email: Some("dee@acme.example".to_owned()), ..Edit::default() }).await;
    app.edit(&cy, reports_to(&dee)).await;
    app.poll().await;
    agrees_with_hr(&app, &connected).await;
    let dees = id_of(&app, &connected, "dee@acme.example").await;
    assert_eq!(manager_of(&app, &connected, ANN).await, dees);
}

async fn s_13_people_who_manage_each_other_fail_nobody(app: TestApp) {
    let ann = app.hire(&person("Ann", "Lee", ANN)).await;
    let bob = app.hire(&person("Bob", "Ray", BOB)).await;
    app.edit(&ann, reports_to(&bob)).await;
    app.edit(&bob, reports_to(&ann)).await;
    let connected = app.connected().await;
    let (anns, bobs) = (id_of(&app, &connected, ANN).await, id_of(&app, &connected, BOB).await);
    assert_eq!(manager_of(&app, &connected, ANN).await, bobs);
    assert_eq!(manager_of(&app, &connected, BOB).await, anns);
    let told = app.events("").await.len();
    app.poll().await;
    assert_eq!(app.events("").await.len(), told);
    // The circle grows, by a hook each.
    let cy = app.hire(&person("Cy", "May", "cy.may@acme.example")).await;
    app.edit(&cy, reports_to(&ann)).await;
    app.edit(&bob, reports_to(&cy)).await;
    app.drain().await;
    agrees_with_hr(&app, &connected).await;
    app.poll().await;
    agrees_with_hr(&app, &connected).await;
}

async fn s_13_a_manager_who_leaves_stays_the_manager_until_hr_says_otherwise(app: TestApp) {
    let bob = app.hire(&person("Bob", "Ray", BOB)).await;
    let ann = app.hire(&Hire { reports_to: Some(bob.clone()), ..person("Ann", "Lee", ANN) }).await;
    let connected = app.connected().await;
    let bobs = id_of(&app, &connected, BOB).await;
    app.leave(&bob, &Leave { blank_email: true, immediately: true, ..on(TODAY) }).await;
    app.drain().await;
    app.poll().await;
    assert_eq!(app.the_account(&connected, BOB).await["status"], "inactive");
    assert_eq!(manager_of(&app, &connected, ANN).await, bobs);
    app.edit(&ann, Edit { last_name: Some("May".to_owned()), ..Edit::default() }).await;
    app.drain().await;
    assert_eq!(manager_of(&app, &connected, ANN).await, bobs);
}

async fn s_13_a_manager_without_an_account_is_none(app: TestApp) {
    // Bob left before anybody was connected, so he has no account.
    let bob = app.hire(&person("Bob", "Ray", BOB)).await;
    app.leave(&bob, &on(YESTERDAY)).await;
    app.hire(&Hire { reports_to: Some(bob.clone()), ..person("Ann", "Lee", ANN) }).await;
    let connected = app.connected().await;
    assert_eq!(manager_of(&app, &connected, ANN).await, Value::Null);
    assert_eq!(app.the_account(&connected, ANN).await["status"], "active");
    app.poll().await;
    agrees_with_hr(&app, &connected).await;
    // When he comes back, he is her manager.
    app.hr().rehire(&bob).await.expect("a re-hire");
    app.poll().await;
    assert_eq!(manager_of(&app, &connected, ANN).await, id_of(&app, &connected, BOB).await);
}

async fn s_13_a_manager_who_is_taken_away_in_hr_is_taken_away_here(app: TestApp) {
    let bob = app.hire(&person("Bob", "Ray", BOB)).await;
    let ann = app.hire(&Hire { reports_to: Some(bob.clone()), ..person("Ann", "Lee", ANN) }).await;
    let connected = app.connected().await;
    let version = app.the_account(&connected, ANN).await["version"].clone();
    app.edit(&ann, reports_to("")).await;
    app.drain().await;
    let account = app.the_account(&connected, ANN).await;
    assert_eq!(account["manager_account_id"], Value::Null);
    assert_eq!(account["version"].as_i64(), version.as_i64().map(|version| version + 1));
    app.edit(&ann, reports_to(&bob)).await;
    app.drain().await;
    app.hr().set_faults(no_hooks());
    app.edit(&ann, reports_to("")).await;
    app.poll().await;
    assert_eq!(manager_of(&app, &connected, ANN).await, Value::Null);
    agrees_with_hr(&app, &connected).await;
}

async fn s_13_a_manager_whose_account_went_to_a_new_record_is_none_until_hr_names_that_one(
    app: TestApp,
) {
    let bob = app.hire(&person("Bob", "Ray", BOB)).await;
    let ann = app.hire(&Hire { reports_to: Some(bob.clone()), ..person("Ann", "Lee", ANN) }).await;
    let connected = app.connected().await;
    let bobs = id_of(&app, &connected, BOB).await;
    app.leave(&bob, &Leave { blank_email: true, ..on(YESTERDAY) }).await;
    app.drain().await;
    let again = app.hire(&person("Bob", "Ray", BOB)).await;
    app.drain().await;
    assert_eq!(id_of(&app, &connected, BOB).await, bobs, "a re-hire has the account of before");
    // HR still names the old record. Ann's own record did not change, so the list looks as before.
    app.poll().await;
    assert_eq!(manager_of(&app, &connected, ANN).await, Value::Null);
    app.edit(&ann, reports_to(&again)).await;
    app.drain().await;
    assert_eq!(manager_of(&app, &connected, ANN).await, bobs);
    agrees_with_hr(&app, &connected).await;
}

async fn s_13_a_manager_who_is_named_by_email_alone_is_found(app: TestApp) {
    let boss = app.hire(&person("Bo", "Boss", "bo.boss@acme.example")).await;
    let late = app.hire(&person("La", "Te", "la.te@acme.example")).await;
    let mut members = Vec::new();
    for (index, manager) in [&boss, &late].iter().enumerate() {
        let hire = Hire {
            reports_to: Some((*manager).clone()),
            ..person("Mem", &format!("Ber{index}"), &format!("member{index}@acme.example"))
        };
        let member = app.hire(&hire).await;
        app.hr()
            .show(&member, ShownInstead { manager_by_email: true, ..ShownInstead::default() })
            .unwrap();
        members.push(member);
    }
    // One of the managers is in the list only later.
    app.faults(|faults| faults.unlisted = vec![late.clone()]);
    let connected = app.connected().await;
    let manager_of = async |index: usize| {
        let email = format!("member{index}@acme.example");
        app.the_account(&connected, &email).await["manager_account_id"].clone()
    };
    let boss_account = app.the_account(&connected, "bo.boss@acme.example").await;
    assert_eq!(manager_of(0).await, boss_account["id"]);
    assert_eq!(manager_of(1).await, Value::Null);
    app.faults(|faults| faults.unlisted = Vec::new());
    app.poll().await;
    let late_account = app.the_account(&connected, "la.te@acme.example").await;
    assert_eq!(manager_of(1).await, late_account["id"]);
    assert_eq!(manager_of(0).await, boss_account["id"]);
    // Two people with the address: nobody guesses, and nobody's manager is taken away by a look.
    app.new_job(&members[0], "Astronaut").await;
    app.drain().await;
    assert_eq!(manager_of(0).await, boss_account["id"]);
}
