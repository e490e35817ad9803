//! Records that do not say, or say twice, whose they are: nobody loses access by them, nobody is
//! taken for somebody else, and nobody comes into being (S-16, S-30).

use rollcall::sandbox::{OddPlace, OddRecord, Oddities, PersonView, RecordChange};
use serde_json::json;

use crate::dirty_records::{account_of, one, problems, set_odd, succeeded, sync};
use crate::hr::{YESTERDAY, no_hooks, on};
use crate::support::{TestApp, behaviours};
use crate::systems::System;

behaviours!(
    s_16_a_name_twice_within_a_member_is_a_problem_of_that_person,
    s_16_an_id_twice_within_its_member_is_nobodys,
    s_16_nobody_is_missing_while_a_record_has_no_key,
    s_11_a_record_without_a_key_among_current_staff_ends_nobodys_access,
    s_16_a_number_that_is_not_whole_is_no_key,
    s_18_an_id_that_nobody_sees_is_none,
);

fn reads(from: &str, to: &str) -> RecordChange {
    RecordChange::Reads(from.as_bytes().to_vec(), to.as_bytes().to_vec())
}

/// Everywhere in a person's records these texts are others.
fn odd(system: System, person: &PersonView, changes: &[(&str, &str)]) -> Oddities {
    let record = |(from, to): &(&str, &str)| OddRecord {
        who: system.handle(person).to_owned(),
        place: OddPlace::Everywhere,
        change: reads(from, to),
    };
    Oddities { records: changes.iter().map(record).collect(), ..Oddities::default() }
}

async fn s_16_a_name_twice_within_a_member_is_a_problem_of_that_person(app: TestApp) {
    for system in System::ALL {
        app.hr().set_faults(no_hooks());
        let connected = app.connected_to(system).await;
        let staff = system.staff(&app.sandbox);
        let (person, other) = (&staff[3], &staff[4]);
        let before = account_of(&app, &connected, person).await;
        let changes: &[(&str, &str)] = match system {
            System::PeopleHr => &[
                ("\"LastName\":{", "\"LastName\":{\"DisplayValue\":\"Zed\","),
                ("\"Department\":{", "\"Department\":{\"DisplayValue\":\"Zed\","),
            ],
            System::BreatheHr => &[
                ("\"department\":{", "\"department\":{\"name\":\"Zed\","),
                ("\"location\":{", "\"location\":{\"id\":1,"),
            ],
            System::Hrworks => &[
                ("\"organizationUnit\":{", "\"organizationUnit\":{\"name\":\"Zed\","),
                ("\"permanentEstablishment\":{", "\"permanentEstablishment\":{\"id\":\"0\","),
            ],
        };
        for change in changes {
            let what = format!("{system:?}, {change:?}");
            set_odd(system, &app.sandbox, odd(system, person, &[*change]));
            system.new_job(&app.sandbox, system.handle(other), &what).await;
            sync(&app).await;
            succeeded(&app, &connected, &what).await;
            let listed = problems(&app, &connected, "unreadable_record").await;
            assert_eq!(listed.len(), 1, "{what}: {listed:#?}");
            assert_eq!(listed[0]["email"], before["email"], "{what}: its key can be read");
            assert_eq!(account_of(&app, &connected, person).await, before, "{what}");
            assert_eq!(account_of(&app, &connected, other).await["position"], what);
        }
        set_odd(system, &app.sandbox, Oddities::default());
        sync(&app).await;
        assert!(app.row_problems(&connected).await.is_empty(), "{system:?}");
        app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    }
}

async fn s_16_an_id_twice_within_its_member_is_nobodys(app: TestApp) {
    app.hr().set_faults(no_hooks());
    app.faults(|faults| faults.omit_unique_key = true);
    let connected = app.connected().await;
    let staff = System::PeopleHr.staff(&app.sandbox);
    let (person, leaver) = (&staff[3], &staff[4]);
    let before = account_of(&app, &connected, person).await;
    let id = format!("\"EmployeeId\":{{\"DisplayValue\":\"{}\",", leaver.employee_id);
    app.hr().set_odd(odd(System::PeopleHr, person, &[("\"EmployeeId\":{", &id)]));
    System::PeopleHr.leave(&app.sandbox, &leaver.employee_id, &on(YESTERDAY)).await;
    for _ in 0..2 {
        sync(&app).await;
        assert_eq!(problems(&app, &connected, "unreadable_record").await.len(), 1);
        assert_eq!(account_of(&app, &connected, person).await, before);
        assert_eq!(account_of(&app, &connected, leaver).await["status"], "inactive");
    }
}

async fn s_16_nobody_is_missing_while_a_record_has_no_key(app: TestApp) {
    for system in System::ALL {
        app.hr().set_faults(no_hooks());
        let connected = app.connected_to(system).await;
        let staff = system.staff(&app.sandbox);
        let (dirty, gone) = (&staff[2], &staff[6]);
        let blanked: &[(&str, &str)] = match system {
            System::PeopleHr => &[("\"EmployeeId\":", "\"Was\":"), ("\"UniqueKey\":", "\"Were\":")],
            System::BreatheHr => &[("\"id\":", "\"was\":")],
            System::Hrworks => &[("\"uuid\":", "\"was\":")],
        };
        let email = ("@acme.example", "@other.example");
        let without_email: Vec<_> = blanked.iter().copied().chain([email]).collect();
        let nothing =
            one(system.handle(dirty), OddPlace::Everywhere, RecordChange::Instead(b"{}".to_vec()));
        system.delete(&app.sandbox, system.handle(gone)).await;
        for records in [nothing, odd(system, dirty, blanked), odd(system, dirty, &without_email)] {
            set_odd(system, &app.sandbox, records);
            for _ in 0..2 {
                system.clear_logs(&app.sandbox);
                sync(&app).await;
                succeeded(&app, &connected, &format!("{system:?}")).await;
                let looks = system.looks(&app.sandbox);
                assert!(looks.is_empty(), "{system:?} {looks:?}");
                for person in [dirty, gone] {
                    let account = account_of(&app, &connected, person).await;
                    assert_eq!(account["status"], "active", "{system:?}");
                }
                let listed = problems(&app, &connected, "missing_key").await;
                assert_eq!(listed.len(), 1, "{system:?} {listed:#?}");
            }
        }
        // Once each record says whose it is, the one who is gone is.
        set_odd(system, &app.sandbox, Oddities::default());
        sync(&app).await;
        assert_eq!(account_of(&app, &connected, gone).await["status"], "inactive", "{system:?}");
        assert_eq!(account_of(&app, &connected, dirty).await["status"], "active", "{system:?}");
        app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    }
}

async fn s_11_a_record_without_a_key_among_current_staff_ends_nobodys_access(app: TestApp) {
    app.hr().set_faults(no_hooks());
    let connected = app.connected().await;
    let person = System::PeopleHr.staff(&app.sandbox)[3].clone();
    let current = |change| OddRecord {
        who: person.employee_id.clone(),
        place: OddPlace::ListOfCurrent,
        change,
    };
    let blanked = vec![
        current(reads("\"EmployeeId\":", "\"Was\":")),
        current(reads("\"UniqueKey\":", "\"Were\":")),
    ];
    let nothing = vec![current(RecordChange::Instead(b"{}".to_vec()))];
    for records in [nothing, blanked] {
        app.hr().set_odd(Oddities { records, ..Oddities::default() });
        for _ in 0..2 {
            sync(&app).await;
            succeeded(&app, &connected, "a record without a key").await;
            assert_eq!(account_of(&app, &connected, &person).await["status"], "active");
        }
    }
    // Who leaves by their own record leaves.
    System::PeopleHr.leave(&app.sandbox, &person.employee_id, &on(YESTERDAY)).await;
    sync(&app).await;
    assert_eq!(account_of(&app, &connected, &person).await["status"], "inactive");
}

async fn s_16_a_number_that_is_not_whole_is_no_key(app: TestApp) {
    let system = System::BreatheHr;
    let connected = app.connected_to(system).await;
    let person = system.staff(&app.sandbox)[3].clone();
    let before = account_of(&app, &connected, &person).await;
    let accounts = app.accounts(&connected.organization).await.len();
    let id = format!("\"id\":{},", system.handle(&person));
    for number in [".0", ".5", "e2", "E+999"] {
        let other = format!("\"id\":{}{number},", system.handle(&person));
        set_odd(system, &app.sandbox, odd(system, &person, &[(&id, &other)]));
        for _ in 0..2 {
            sync(&app).await;
            succeeded(&app, &connected, number).await;
            let listed = problems(&app, &connected, "unreadable_record").await;
            assert_eq!(
                (listed.len(), app.row_problems(&connected).await.len()),
                (1, 1),
                "{number}"
            );
            assert_eq!(account_of(&app, &connected, &person).await, before, "{number}");
            assert_eq!(app.accounts(&connected.organization).await.len(), accounts, "{number}");
        }
    }
    set_odd(system, &app.sandbox, Oddities::default());
    sync(&app).await;
    assert!(app.row_problems(&connected).await.is_empty());
    assert_eq!(account_of(&app, &connected, &person).await, before);
}

async fn s_18_an_id_that_nobody_sees_is_none(app: TestApp) {
    app.hr().set_faults(no_hooks());
    app.faults(|faults| faults.omit_unique_key = true);
    let connected = app.connected().await;
    let person = System::PeopleHr.staff(&app.sandbox)[3].clone();
    let before = account_of(&app, &connected, &person).await;
    for unseen in ["\u{200b}", "\u{200d}", "\u{2800}"] {
        let from = format!("\"EmployeeId\":{{\"DisplayValue\":\"{}\"", person.employee_id);
        let to = format!("\"EmployeeId\":{{\"DisplayValue\":\"{unseen}\"");
        app.hr().set_odd(odd(System::PeopleHr, &person, &[(&from, &to)]));
        sync(&app).await;
        assert_eq!(problems(&app, &connected, "missing_key").await.len(), 1, "{unseen:?}");
        assert_eq!(account_of(&app, &connected, &person).await, before, "{unseen:?}");
    }
}
