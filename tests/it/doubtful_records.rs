//! Records that cannot be taken at their word take no access away and give none back: facts of a
//! shape that nobody can read (S-11), ids that change in a dirty record, twins (S-16).

use rollcall::sandbox::{Edit, OddPlace, OddRecord, Oddities, RecordChange};
use serde_json::json;

use crate::dirty_records::{account_of, one, problems, set_odd, succeeded, sync};
use crate::support::{TestApp, behaviours};
use crate::systems::System;

behaviours!(
    s_11_a_status_or_date_that_cannot_be_read_gives_no_access_back,
    s_16_a_changed_id_in_a_dirty_record_costs_no_access,
    s_16_an_unreadable_record_beside_a_good_one_is_listed,
);

async fn s_11_a_status_or_date_that_cannot_be_read_gives_no_access_back(app: TestApp) {
    for system in [System::BreatheHr, System::Hrworks] {
        let connected = app.connected_to(system).await;
        let (name, employed, left, date) = match system {
            System::Hrworks => ("isActive", "true", "false", "leaveDate"),
            _ => ("status", "\"Current employee\"", "\"Ex-employee\"", "leaving_date"),
        };
        let person = system.staff(&app.sandbox)[4].clone();
        let reads = |from: String, to: String| OddRecord {
            who: system.handle(&person).to_owned(),
            place: OddPlace::Everywhere,
            change: RecordChange::Reads(from.into_bytes(), to.into_bytes()),
        };
        let status = |to: &str| reads(format!("\"{name}\":{employed}"), format!("\"{name}\":{to}"));
        let odd =
            |records| set_odd(system, &app.sandbox, Oddities { records, ..Oddities::default() });
        let is = async |expected: &str, what: &str| {
            sync(&app).await;
            succeeded(&app, &connected, &format!("{system:?}, {what}")).await;
            let account = account_of(&app, &connected, &person).await;
            assert_eq!(account["status"], expected, "{system:?}, {what}");
        };
        // Of somebody employed, HR hears of it, and nothing else happens.
        odd(vec![status("null")]);
        is("active", "no status").await;
        assert_eq!(problems(&app, &connected, "unknown_status").await.len(), 1, "{system:?}");
        odd(vec![status(left)]);
        is("inactive", "left").await;
        for to in ["null", "[\"x\"]", "{\"name\":\"x\"}", "\"\""] {
            let unreadable = reads(format!("\"{date}\":"), format!("\"{date}\":[1],\"was\":"));
            for records in [vec![status(to)], vec![status(to), unreadable]] {
                odd(records);
                is("inactive", to).await;
            }
        }
        odd(Vec::new());
        is("active", "employed again").await;
        app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    }
}

async fn s_16_a_changed_id_in_a_dirty_record_costs_no_access(app: TestApp) {
    app.faults(|faults| {
        faults.omit_unique_key = true;
        faults.hooks.dropped = true;
    });
    let connected = app.connected().await;
    let changes = [
        RecordChange::Begins(b"\"Note\":\"\n\",".to_vec()),
        RecordChange::Reads(b"@acme.example".to_vec(), "\u{fffd}acme.example".as_bytes().to_vec()),
        RecordChange::Reads(b"\"EmailId\":".to_vec(), b"\"Was\":".to_vec()),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let employee = app.employee(index + 3);
        let person = app.hr().person(&employee).expect("a person");
        let new_id = format!("NEW{index}");
        let edit = Edit { employee_id: Some(new_id.clone()), ..Edit::default() };
        app.hr().set_odd(one(&new_id, OddPlace::Everywhere, change.clone()));
        app.edit(&employee, edit).await;
        for _ in 0..2 {
            app.poll().await;
            let account = app.the_account(&connected, &person.email).await;
            assert_eq!(account["status"], "active", "{change:?}");
            assert!(!app.row_problems(&connected).await.is_empty(), "{change:?}");
        }
        // Once it is mended, it is the same person under another number.
        app.hr().set_odd(Oddities::default());
        app.poll().await;
        assert!(app.row_problems(&connected).await.is_empty(), "{change:?}");
        let managed = app.the_account(&connected, &person.email).await;
        assert_eq!(managed["status"], "active");
        crate::hr::agrees_with_hr(&app, &connected).await;
    }
}

async fn s_16_an_unreadable_record_beside_a_good_one_is_listed(app: TestApp) {
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let person = system.staff(&app.sandbox)[3].clone();
        let who = system.handle(&person);
        system.new_job(&app.sandbox, who, "Aaa").await;
        sync(&app).await;
        let change = RecordChange::Again(b"Aaa".to_vec(), b"A\na".to_vec());
        set_odd(system, &app.sandbox, one(who, OddPlace::Lists, change));
        for _ in 0..2 {
            sync(&app).await;
            succeeded(&app, &connected, &format!("{system:?}")).await;
            let listed = problems(&app, &connected, "unreadable_record").await;
            assert_eq!(listed.len(), 1, "{system:?}");
            assert_eq!(account_of(&app, &connected, &person).await["status"], "active");
        }
        set_odd(system, &app.sandbox, Oddities::default());
        sync(&app).await;
        assert!(app.row_problems(&connected).await.is_empty(), "{system:?}");
        app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    }
}
