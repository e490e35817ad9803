//! What Rollcall must not keep, tell or log (S-15).

use rollcall::clock::Timestamp;
use rollcall::sandbox::{Action, CANARIES, Edit, HookEncoding, Leave, OddAnswer};
use serde_json::json;

use crate::evidence;
use crate::support::{Connected, Options, TestApp, behaviours_of_place};
use crate::testdb::TestPlace;

behaviours_of_place!(s_15_private_data_is_in_no_table_answer_mail_or_log);

/// Everything that the API tells about an organization and its directory.
async fn answers(app: &TestApp, connected: &Connected) -> Vec<String> {
    let (organization, directory) = (&connected.organization, &connected.directory);
    let mut texts = Vec::new();
    for list in ["accounts", "admins", "notices", "departments", "positions", "office_locations"] {
        texts.extend(app.all(&format!("/organizations/{organization}/{list}")).await);
    }
    for list in ["runs", "row_problems", "holds"] {
        texts.extend(app.all(&format!("/directories/{directory}/{list}")).await);
    }
    for account in app.accounts(organization).await {
        let id = account["id"].as_str().unwrap();
        texts.extend(app.all(&format!("/accounts/{id}/changes")).await);
    }
    texts.extend(app.all("/directories").await);
    texts.extend(app.all("/organizations").await);
    let kinds: Vec<String> = rollcall::domain::event::EventKind::ALL
        .iter()
        .map(|kind| kind.as_str().to_owned())
        .collect();
    texts.extend(app.events(&kinds.join(",")).await);
    assert!(texts.len() > 60, "there is little to see");
    texts.iter().map(ToString::to_string).collect()
}

/// A life with everything in it: hooks of every form, leavers, spoilt records, every fault.
async fn live_through(app: &TestApp, connected: &Connected) {
    let encodings = [
        HookEncoding::Json,
        HookEncoding::Form,
        HookEncoding::JsonInForm,
        HookEncoding::JsonInString,
        HookEncoding::Text,
    ];
    for (index, encoding) in encodings.into_iter().enumerate() {
        app.faults(|faults| faults.hooks.encoding = encoding);
        let edit = Edit {
            last_name: Some(format!("Renamed-{index}")),
            reason: format!("{} moved house", CANARIES[index]),
            ..Edit::default()
        };
        app.hr().edit(&app.employee(index), &edit).await.unwrap();
        app.drain().await;
    }
    // A body with a private field, whole and broken.
    for end in ["\"}", ""] {
        let body = format!(
            "{{\"ActionId\":2,\"EmployeeId\":\"{}\",\"FieldName\":\"Account Number\",\
             \"NewValue\":\"{} {}{end}",
            app.employee(0),
            CANARIES[0],
            CANARIES[1]
        );
        assert_eq!(app.hook(&connected.hook_url, "application/json", body).await, 202);
        app.drain().await;
    }
    let leave = Leave {
        leaving_date: app.hr().today(),
        immediately: true,
        blank_email: true,
        reason: CANARIES[2].to_owned(),
    };
    app.hr().leave(&app.employee(5), &leave).await.unwrap();
    app.drain().await;
    for odd in [OddAnswer::TruncatedJson, OddAnswer::MalformedJson, OddAnswer::Html502] {
        for action in [Action::GetAllEmployeeDetail, Action::GetEmployeeDetailById] {
            app.faults(|faults| {
                faults.only_action = Some(action);
                faults.always = Some(odd);
            });
            app.new_job(&app.employee(6), &format!("{odd:?}")).await;
            app.sync_now(connected).await;
            for _ in 0..10 {
                app.pass(30 * Timestamp::SECOND).await;
            }
            app.hr_answers(None);
            app.pass(31 * Timestamp::MINUTE).await;
        }
    }
    app.hr().remove_key(&connected.hr_key);
    app.pass(31 * Timestamp::MINUTE).await;
    assert_eq!(app.state(connected).await, "failing");
}

async fn s_15_private_data_is_in_no_table_answer_mail_or_log(place: TestPlace) {
    let options = Options { people: Some(60), problems: 8, ..Options::default() };
    let app = TestApp::start_with(place, options).await;
    let connected = app.connected().await;
    let people = app.hr().people();
    live_through(&app, &connected).await;
    let mut seen = answers(&app, &connected).await;
    let stored = evidence::everything(&app.place);
    let path = format!("/directories/{}/disable", connected.directory);
    app.post(&path, json!({})).await.ok();
    seen.extend(answers(&app, &connected).await);
    let later = evidence::everything(&app.place);
    assert!(app.mail.mails().len() > 4);
    let mails = app.mail.mails();
    seen.extend(mails.iter().map(|mail| mail.text() + &mail.html() + &mail.subject()));
    for canary in CANARIES {
        let bytes = evidence::hexadecimal(canary.as_bytes());
        for row in stored.iter().chain(&later) {
            let found = row.value.contains(canary) || row.value.contains(&bytes);
            assert!(!found, "{canary} is in {}.{}", row.table, row.column);
        }
        let told = seen.iter().find(|text| text.contains(canary));
        assert!(told.is_none(), "{canary}: {told:?}");
    }
    // The log of all gateways of this program, whose companies have the same people.
    let log = evidence::logged();
    assert!(log.contains("a full sync succeeded"), "the log is not kept");
    let keys = app.hr().keys().into_iter().map(|key| key.key);
    let keys = keys.chain([connected.hr_key.clone(), app.key.reveal().to_owned()]);
    let people = people.into_iter().chain(app.hr().people());
    let names = people.flat_map(|person| {
        let whole = format!("{} {}", person.first_name, person.last_name);
        [person.email, person.last_name, whole].map(|text| text.trim().to_owned())
    });
    let admins = ["ann@customer.example", "bob@customer.example", "An Admin"].map(str::to_owned);
    let canaries = CANARIES.iter().map(ToString::to_string);
    for private in keys.chain(names).chain(admins).chain(canaries) {
        let line = log.lines().find(|line| holds(line, &private));
        assert!(line.is_none(), "{private:?} is in the log: {line:?}");
    }
}

/// Whether a line holds a text that is not a part of a longer word.
fn holds(line: &str, text: &str) -> bool {
    let edge = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    text.chars().count() > 3
        && line.match_indices(text).any(|(at, _)| {
            edge(line[..at].chars().next_back()) && edge(line[at + text.len()..].chars().next())
        })
}
