//! Employee numbers that somebody else gets, where nothing but the number tells people apart
//! (S-21).

use rollcall::sandbox::{Action, Edit, Faults, Hire, HookFaults, OddAnswer};
use serde_json::{Value, json};

use crate::hr::{TODAY, YESTERDAY, agrees_with_hr, hooks, on, person};
use crate::support::{Connected, Reply, TestApp, behaviours};

behaviours!(
    s_21_a_reused_number_is_a_question_by_webhook_run_and_preview_and_nothing_is_applied,
    s_21_the_same_person_by_an_admins_word_gets_the_record,
    s_21_somebody_new_by_an_admins_word_is_somebody_new_and_the_other_loses_access,
    s_21_a_newcomer_who_began_after_the_leaver_had_left_is_somebody_new_without_a_question,
    s_21_a_question_that_hr_answers_itself_is_closed,
    s_21_who_changes_in_part_is_the_same_person_and_swaps_are_no_reused_numbers,
    s_21_a_unique_key_that_arrives_proves_nobody_by_the_number,
    s_21_a_date_of_the_person_we_know_acts_while_the_question_waits,
    s_21_a_newcomer_without_an_e_mail_gives_the_leaver_no_access,
    s_21_who_gets_a_former_leavers_number_keeps_access,
    s_21_another_record_under_the_number_is_another_question,
    s_32_no_decision_is_about_somebody_who_was_not_shown,
);

const ANN: &str = "ann.lee@acme.example";
const BOB: &str = "bob.ray@acme.example";

/// An HR system of an old version.
fn old_version(dropped: bool) -> Faults {
    let faults = HookFaults { dropped, ..HookFaults::default() };
    Faults { omit_unique_key: true, ..hooks(faults) }
}

fn since(start: &str, hire: Hire) -> Hire {
    Hire { start_date: Some(start.to_owned()), ..hire }
}

/// Ann, known by her number, in a directory that is in step; her number.
async fn with_ann(app: &TestApp) -> (Connected, String) {
    app.hr().set_faults(old_version(false));
    let ann = app.hire(&since("2020-03-02", person("Ann", "Lee", ANN))).await;
    let connected = app.connected().await;
    (connected, ann)
}

/// Her number is Bob's now; a webhook tells of it unless `quietly`.
async fn give_to_bob(app: &TestApp, ann: &str, quietly: bool) {
    app.hr().set_faults(old_version(true));
    app.hr().delete(ann).await.expect("a deletion");
    app.hr().set_faults(old_version(quietly));
    let bob = since("2026-11-02", person("Bob", "Ray", BOB));
    app.hire(&Hire { employee_id: Some(ann.to_owned()), ..bob }).await;
}

/// What is stored under these names: account id, name and status.
async fn state(app: &TestApp, connected: &Connected, email: &str) -> Option<Value> {
    let account = app.account(&connected.organization, email).await?;
    Some(json!([account["id"], account["first_name"], account["status"]]))
}

async fn decide(app: &TestApp, hold: &Value, what: &str) -> Reply {
    let (directory, id) = (hold["directory_id"].as_str(), hold["id"].as_str());
    let path = format!("/directories/{}/holds/{}/{what}", directory.unwrap(), id.unwrap());
    app.clock.advance(1);
    app.post(&path, json!({"ids": [hold["items"][0]["id"]]})).await
}

async fn the_question(app: &TestApp, connected: &Connected) -> Value {
    let holds = app.open_holds(connected).await;
    assert_eq!(holds.len(), 1, "{holds:#?}");
    assert_eq!(holds[0]["kind"], "reused_number");
    holds[0].clone()
}

async fn s_21_a_reused_number_is_a_question_by_webhook_run_and_preview_and_nothing_is_applied(
    app: TestApp,
) {
    for quietly in [false, true] {
        let app = app.another(crate::support::Options::default()).await;
        let (connected, ann) = with_ann(&app).await;
        let before = app.accounts(&connected.organization).await;
        let told = app.events("").await.len();
        give_to_bob(&app, &ann, quietly).await;
        app.drain().await;
        if quietly {
            let path = format!("/directories/{}/preview", connected.directory);
            let foretold = app.post(&path, json!({})).await.ok();
            assert_eq!(foretold["ambiguous"][0]["kind"], "reused_number");
            for list in ["linked", "created", "row_problems", "accounts_not_in_hr"] {
                assert_eq!(foretold[list], json!([]), "{list}");
            }
            app.poll().await;
            assert_eq!(app.last_run(&connected).await["counts"], foretold["counts"]);
            assert_eq!(foretold["counts"]["held"], 1);
        }
        let hold = the_question(&app, &connected).await;
        let item = &hold["items"][0];
        let account = app.the_account(&connected, ANN).await;
        assert_eq!((&item["account_id"], &item["name"]), (&account["id"], &json!("Ann Lee")));
        assert_eq!(item["change"]["from"]["email"], ANN);
        assert_eq!(item["change"]["to"]["name"], "Bob Ray");
        assert_eq!(item["change"]["to"]["start_date"], "2026-11-02");
        // However often HR says it again.
        app.poll().await;
        app.new_job(&ann, "Astronaut").await;
        app.drain().await;
        assert_eq!(the_question(&app, &connected).await["id"], hold["id"]);
        assert_eq!(app.accounts(&connected.organization).await, before);
        assert_eq!(app.events("").await.len(), told);
    }
}

async fn s_21_the_same_person_by_an_admins_word_gets_the_record(app: TestApp) {
    let (connected, ann) = with_ann(&app).await;
    let before = app.the_account(&connected, ANN).await;
    give_to_bob(&app, &ann, false).await;
    app.drain().await;
    let hold = the_question(&app, &connected).await;
    // Another job makes the answer no other.
    app.new_job_quietly(&ann, "Astronaut").await;
    assert_eq!(decide(&app, &hold, "approve").await.ok()["state"], "approved");
    app.drain().await;
    let after = app.the_account(&connected, BOB).await;
    assert_eq!((&after["id"], &after["first_name"]), (&before["id"], &json!("Bob")));
    assert_eq!(after["position"], "Astronaut");
    app.poll().await;
    assert!(app.open_holds(&connected).await.is_empty());
    agrees_with_hr(&app, &connected).await;
}

async fn s_21_somebody_new_by_an_admins_word_is_somebody_new_and_the_other_loses_access(
    app: TestApp,
) {
    let (connected, ann) = with_ann(&app).await;
    let before = app.the_account(&connected, ANN).await;
    give_to_bob(&app, &ann, false).await;
    app.drain().await;
    let hold = the_question(&app, &connected).await;
    let lists = app.lists();
    assert_eq!(decide(&app, &hold, "reject").await.ok()["state"], "rejected");
    app.drain().await;
    let left = app.the_account(&connected, ANN).await;
    assert_eq!((&left["id"], &left["status"]), (&before["id"], &json!("inactive")));
    let bob = app.the_account(&connected, BOB).await;
    assert_eq!((&bob["first_name"], &bob["status"]), (&json!("Bob"), &json!("active")));
    assert_ne!(bob["id"], before["id"]);
    assert_eq!(app.lists(), lists + 2, "one run");
    app.poll().await;
    assert!(app.open_holds(&connected).await.is_empty());
    let users = app.raw().values(&format!(
        "SELECT external_key || ' ' || state AS value FROM directory_users \
         WHERE external_key LIKE '{ann}%' ORDER BY external_key"
    ));
    assert_eq!(users.len(), 2, "{users:?}");
    assert_eq!(users[0], format!("{ann} active"));
    assert!(users[1].starts_with(&format!("{ann} (former ")), "{users:?}");
    // From now on the number is his.
    app.new_job(&ann, "Astronaut").await;
    app.drain().await;
    assert_eq!(app.the_account(&connected, BOB).await["position"], "Astronaut");
    assert_eq!(app.the_account(&connected, ANN).await, left);
    crate::audit::tells_how_it_came(&app, &connected.organization).await;
}

async fn s_21_a_newcomer_who_began_after_the_leaver_had_left_is_somebody_new_without_a_question(
    app: TestApp,
) {
    for quietly in [false, true] {
        let app = app.another(crate::support::Options::default()).await;
        let (connected, ann) = with_ann(&app).await;
        app.leave(&ann, &on(jiff::civil::date(2026, 10, 30))).await;
        app.poll().await;
        let before = state(&app, &connected, ANN).await.expect("an account");
        assert_eq!(before[2], "inactive");
        give_to_bob(&app, &ann, quietly).await;
        app.drain().await;
        if quietly {
            let path = format!("/directories/{}/preview", connected.directory);
            let foretold = app.post(&path, json!({})).await.ok();
            assert_eq!(foretold["created"][0]["email"], BOB);
            app.poll().await;
            assert_eq!(app.last_run(&connected).await["counts"], foretold["counts"]);
        }
        assert_eq!(state(&app, &connected, ANN).await, Some(before));
        assert_eq!(app.the_account(&connected, BOB).await["status"], "active");
        assert!(app.events("rollcall.hold.opened").await.is_empty());
        app.poll().await;
        assert_eq!(app.the_account(&connected, BOB).await["status"], "active");
    }
}

async fn s_21_a_question_that_hr_answers_itself_is_closed(app: TestApp) {
    let (connected, ann) = with_ann(&app).await;
    let before = app.the_account(&connected, ANN).await;
    let names = |first: &str, last: &str, email: &str| Edit {
        first_name: Some(first.to_owned()),
        last_name: Some(last.to_owned()),
        email: Some(email.to_owned()),
        ..Edit::default()
    };
    // Somebody typed into the wrong record, and puts it right.
    app.edit(&ann, names("Bob", "Ray", BOB)).await;
    app.drain().await;
    let hold = the_question(&app, &connected).await;
    app.edit(&ann, names("Ann", "Lee", ANN)).await;
    app.drain().await;
    assert!(app.open_holds(&connected).await.is_empty());
    let path =
        format!("/directories/{}/holds/{}", connected.directory, hold["id"].as_str().unwrap());
    assert_eq!(app.get(&path).await["state"], "superseded");
    assert_eq!(app.the_account(&connected, ANN).await, before);
    agrees_with_hr(&app, &connected).await;
}

async fn s_21_who_changes_in_part_is_the_same_person_and_swaps_are_no_reused_numbers(app: TestApp) {
    let (connected, ann) = with_ann(&app).await;
    let account = app.the_account(&connected, ANN).await["id"].clone();
    let edits = [
        Edit { last_name: Some("Ray".to_owned()), email: Some(BOB.to_owned()), ..Edit::default() },
        Edit {
            first_name: Some("Anna".to_owned()),
            email: Some("a.ray@acme.example".to_owned()),
            start_date: Some("2021-01-04".to_owned()),
            ..Edit::default()
        },
        Edit {
            first_name: Some("Zoë".to_owned()),
            last_name: Some("Quill".to_owned()),
            ..Edit::default()
        },
    ];
    for edit in edits {
        app.edit(&ann, edit).await;
        app.drain().await;
        let email = app.hr().person(&ann).expect("a person").email;
        assert_eq!(app.the_account(&connected, &email).await["id"], account);
    }
    app.hr().set_faults(old_version(true));
    let (one, two) = (app.employee(3), app.employee(5));
    let email_of = |id: &str| app.hr().person(id).expect("a person").email;
    let email = |email: String| Edit { email: Some(email), ..Edit::default() };
    let (first, second) = (email_of(&one), email_of(&two));
    app.edit(&one, email("aside@acme.example".to_owned())).await;
    app.edit(&two, email(first)).await;
    app.edit(&one, email(second)).await;
    app.poll().await;
    assert!(app.events("rollcall.hold.opened").await.is_empty());
    agrees_with_hr(&app, &connected).await;
}

async fn s_21_a_unique_key_that_arrives_proves_nobody_by_the_number(app: TestApp) {
    let (connected, ann) = with_ann(&app).await;
    let before = app.accounts(&connected.organization).await;
    give_to_bob(&app, &ann, true).await;
    app.hr().set_faults(crate::hr::no_hooks());
    app.poll().await;
    // Everybody else is known by the key from now on.
    let hold = the_question(&app, &connected).await;
    assert_eq!(app.accounts(&connected.organization).await, before);
    decide(&app, &hold, "reject").await.ok();
    app.drain().await;
    assert_eq!(app.the_account(&connected, ANN).await["status"], "inactive");
    assert_eq!(app.the_account(&connected, BOB).await["status"], "active");
    app.poll().await;
    assert!(app.open_holds(&connected).await.is_empty());
}

async fn s_21_a_date_of_the_person_we_know_acts_while_the_question_waits(app: TestApp) {
    let (connected, ann) = with_ann(&app).await;
    app.leave(&ann, &on(TODAY)).await;
    app.drain().await;
    give_to_bob(&app, &ann, false).await;
    app.drain().await;
    let hold = the_question(&app, &connected).await;
    // Nobody can be asked, so nothing but the clock acts.
    app.hr_answers(Some(OddAnswer::Html502));
    app.pass(16 * rollcall::clock::Timestamp::HOUR).await;
    let left = app.the_account(&connected, ANN).await;
    assert_eq!((&left["status"], &left["first_name"]), (&json!("inactive"), &json!("Ann")));
    assert_eq!(the_question(&app, &connected).await["id"], hold["id"]);
}

async fn s_21_a_newcomer_without_an_e_mail_gives_the_leaver_no_access(app: TestApp) {
    let (connected, ann) = with_ann(&app).await;
    app.leave(&ann, &on(YESTERDAY)).await;
    app.poll().await;
    app.hr().set_faults(old_version(true));
    app.hr().delete(&ann).await.expect("a deletion");
    let bob = Hire { employee_id: Some(ann), ..person("Bob", "Ray", "") };
    app.hire(&since("2026-11-02", bob)).await;
    app.poll().await;
    let left = app.the_account(&connected, ANN).await;
    assert_eq!((&left["status"], &left["first_name"]), (&json!("inactive"), &json!("Ann")));
    the_question(&app, &connected).await;
}

async fn s_21_who_gets_a_former_leavers_number_keeps_access(app: TestApp) {
    app.hr().set_faults(old_version(true));
    let ann = app.hire(&since("2020-03-02", person("Ann", "Lee", ANN))).await;
    let bob = app.hire(&since("2021-03-02", person("Bob", "Ray", BOB))).await;
    let connected = app.connected().await;
    app.leave(&ann, &on(YESTERDAY)).await;
    app.poll().await;
    let before = state(&app, &connected, BOB).await;
    // Somebody tidies up, and gives the free number to Bob.
    app.hr().delete(&ann).await.expect("a deletion");
    app.hr().delete(&bob).await.expect("a deletion");
    let again = since("2021-03-02", person("Bob", "Ray", BOB));
    app.hire(&Hire { employee_id: Some(ann.clone()), ..again }).await;
    for _ in 0..3 {
        app.poll().await;
        assert_eq!(state(&app, &connected, BOB).await, before);
    }
}

async fn s_21_another_record_under_the_number_is_another_question(app: TestApp) {
    let (connected, ann) = with_ann(&app).await;
    give_to_bob(&app, &ann, false).await;
    app.drain().await;
    let hold = the_question(&app, &connected).await;
    // Nobody can be looked at until the admin has said yes to Bob.
    app.faults(|faults| {
        faults.only_action = Some(Action::GetEmployeeDetailById);
        faults.hooks.dropped = true;
    });
    decide(&app, &hold, "approve").await.ok();
    let cy = Edit {
        first_name: Some("Cy".to_owned()),
        last_name: Some("May".to_owned()),
        email: Some("cy@acme.example".to_owned()),
        ..Edit::default()
    };
    app.edit(&ann, cy).await;
    app.drain().await;
    let other = the_question(&app, &connected).await;
    assert_ne!(other["id"], hold["id"]);
    assert_eq!(other["items"][0]["change"]["to"]["name"], "Cy May");
    assert_eq!(app.the_account(&connected, ANN).await["status"], "active");
}

async fn s_32_no_decision_is_about_somebody_who_was_not_shown(app: TestApp) {
    let (connected, ann) = with_ann(&app).await;
    give_to_bob(&app, &ann, false).await;
    app.drain().await;
    let seen = the_question(&app, &connected).await;
    let before = app.accounts(&connected.organization).await;
    let cy = Edit {
        first_name: Some("Cy".to_owned()),
        last_name: Some("May".to_owned()),
        email: Some("cy@acme.example".to_owned()),
        ..Edit::default()
    };
    app.edit(&ann, cy).await;
    app.poll().await;
    let now = the_question(&app, &connected).await;
    assert_eq!(
        (&now["id"], &now["items"][0]["change"]["to"]["name"]),
        (&seen["id"], &json!("Cy May"))
    );
    for what in ["approve", "reject"] {
        assert_eq!(decide(&app, &seen, what).await.problem(422), "invalid_request_parameters");
    }
    app.poll().await;
    assert_eq!(app.accounts(&connected.organization).await, before);
    decide(&app, &now, "approve").await.ok();
    app.drain().await;
    assert_eq!(app.the_account(&connected, "cy@acme.example").await["first_name"], "Cy");
}
