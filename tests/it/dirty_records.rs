//! One bad record costs one person (S-16), damaged text replaces nothing (S-17), and one person
//! whom nobody can read delays nobody else (S-42): with each HR system.
//!
//! Long because each kind of damage is tried with each HR system.

use rollcall::clock::{SeededRandom, Timestamp};
use rollcall::sandbox::{
    Edit, Leave, OddPlace, OddRecord, Oddities, PersonView, RecordChange, Sandbox,
};
use serde_json::{Value, json};

use crate::hr::{INTERVAL, YESTERDAY, below, on};
use crate::support::{Connected, Options, TestApp, behaviours};
use crate::systems::System;

behaviours!(
    s_16_a_record_that_cannot_be_read_costs_its_person_only,
    s_16_fields_that_are_dropped_anyway_may_be_as_large_as_they_like,
    s_16_nobody_is_missing_while_a_record_may_be_theirs,
    s_16_a_list_of_which_nothing_can_be_read_is_a_failure,
    s_16_a_person_listed_twice_never_alternates,
    s_16_of_two_contracts_the_current_one_counts,
    s_16_one_person_on_two_pages_fails_no_run,
    s_17_letters_arrive_as_they_are_declared_or_as_windows_1252,
    s_17_damaged_text_leaves_the_field_as_it_was,
    s_17_a_damaged_key_is_a_record_that_cannot_be_read,
    s_42_one_person_whose_look_fails_delays_nobody_else,
    s_42_two_people_and_a_third_who_cannot_be_read_are_an_outage,
    s_42_while_others_can_be_read_many_failing_looks_are_no_failure,
    s_11_a_short_list_of_current_staff_is_asked_for_once_more,
    s_16_no_dirty_record_changes_anybody_elses_outcome,
);

const NEWCOMER: &str = "bob@acme.example";

/// Sets what is odd about an HR system's records.
pub fn set_odd(system: System, sandbox: &Sandbox, odd: Oddities) {
    match system {
        System::PeopleHr => sandbox.people_hr().set_odd(odd),
        System::BreatheHr => sandbox.breathe_hr().set_odd(odd),
        System::Hrworks => sandbox.hrworks().set_odd(odd),
    }
}

pub fn one(who: &str, place: OddPlace, change: RecordChange) -> Oddities {
    let records = vec![OddRecord { who: who.to_owned(), place, change }];
    Oddities { records, ..Oddities::default() }
}

/// A member of a record with this text in it.
fn member(system: System, name: &str, text: &str) -> String {
    match system {
        System::PeopleHr => format!(r#""{name}":{{"DisplayValue":"{text}","FieldHistory":[]}}"#),
        System::BreatheHr | System::Hrworks => format!(r#""{name}":"{text}""#),
    }
}

/// What the HR system calls a first name.
fn first_name(system: System) -> &'static str {
    match system {
        System::PeopleHr => "FirstName",
        System::BreatheHr => "first_name",
        System::Hrworks => "firstName",
    }
}

fn job(system: System) -> &'static str {
    match system {
        System::PeopleHr => "JobRole",
        System::BreatheHr => "job_title",
        System::Hrworks => "position",
    }
}

/// This text stands in the middle of a record, behind its key.
fn before_date(system: System, text: &str) -> RecordChange {
    let date = match system {
        System::PeopleHr => "\"LeavingDate\":",
        System::BreatheHr => "\"join_date\":",
        System::Hrworks => "\"joinDate\":",
    };
    RecordChange::Reads(date.as_bytes().to_vec(), format!("{text}{date}").into_bytes())
}

/// What can be wrong with a record so that it cannot be read, and whether its key can.
fn dirt(system: System) -> Vec<(&'static str, RecordChange, bool)> {
    let begins = |text: &str| RecordChange::Begins(text.as_bytes().to_vec());
    let instead = |text: &str| RecordChange::Instead(text.as_bytes().to_vec());
    let many = "\"x\",".repeat(400_000);
    vec![
        ("a raw line break", begins("\"Note\":\"12 High St\nLeeds\","), true),
        ("a NUL", begins("\"Note\":\"\u{0}\","), true),
        ("a wrong escape", begins(r#""Note":"C:\x \u12","#), true),
        ("NaN", begins("\"Score\":NaN,"), true),
        ("a word", begins("\"Score\":undefined,"), true),
        ("a name twice", begins(&format!("{},", member(system, first_name(system), "Zed"))), true),
        ("no value", begins("\"Note\":,"), true),
        ("a quote too many", before_date(system, r#""Screen":"24" monitor","#), true),
        ("a quote that is hidden", before_date(system, r#""Path":"D:\home\","#), true),
        ("too large", begins(&format!("\"{}\":[{many}\"x\"],", first_name(system))), false),
        ("null", instead("null"), false),
        ("a number", instead("7"), false),
        ("a text", instead("\"nobody\""), false),
        ("a list", instead("[{}]"), false),
        ("a bare word", instead("NaN"), false),
        ("an object of nothing", instead("{\"a\":\"\n\"}"), false),
    ]
}

pub async fn sync(app: &TestApp) {
    app.pass(INTERVAL).await;
}

/// The problems of this code.
pub async fn problems(app: &TestApp, connected: &Connected, code: &str) -> Vec<Value> {
    let all = app.row_problems(connected).await;
    all.into_iter().filter(|problem| problem["code"] == code).collect()
}

pub async fn succeeded(app: &TestApp, connected: &Connected, what: &str) {
    let run = app.last_run(connected).await;
    assert_eq!(run["state"], "succeeded", "{what}: {run:#}");
    assert_eq!(app.state(connected).await, "active", "{what}");
}

pub async fn account_of(app: &TestApp, connected: &Connected, person: &PersonView) -> Value {
    app.the_account(connected, &person.email).await
}

async fn s_16_a_record_that_cannot_be_read_costs_its_person_only(app: TestApp) {
    let app = app.another(Options { people: Some(60), ..Options::default() }).await;
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let staff = system.staff(&app.sandbox);
        let (dirty, other) = (&staff[3], &staff[4]);
        let (who, others) = (system.handle(dirty), system.handle(other));
        let before = account_of(&app, &connected, dirty).await;
        for (index, (what, change, key_is_read)) in dirt(system).into_iter().enumerate() {
            let what = format!("{system:?}, {what}");
            set_odd(system, &app.sandbox, one(who, OddPlace::Lists, change));
            system.new_job(&app.sandbox, others, &format!("Job {index}")).await;
            sync(&app).await;
            succeeded(&app, &connected, &what).await;
            let listed = problems(&app, &connected, "unreadable_record").await;
            assert_eq!(listed.len(), 1, "{what}: {listed:#?}");
            assert_eq!(
                listed[0]["external_key"] == before_key(system, dirty),
                key_is_read,
                "{what}"
            );
            assert_eq!(account_of(&app, &connected, dirty).await, before, "{what}");
            let other = account_of(&app, &connected, other).await;
            assert_eq!(other["position"], format!("Job {index}"), "{what}");
        }
        // A leaver's own record ends their access meanwhile.
        let leaver = &staff[5];
        system.leave(&app.sandbox, system.handle(leaver), &on(YESTERDAY)).await;
        sync(&app).await;
        assert_eq!(account_of(&app, &connected, leaver).await["status"], "inactive");
        assert_eq!(account_of(&app, &connected, dirty).await, before);
        // Once it is mended it flows by itself.
        system.new_job(&app.sandbox, who, "Mended").await;
        set_odd(system, &app.sandbox, Oddities::default());
        sync(&app).await;
        assert!(problems(&app, &connected, "unreadable_record").await.is_empty());
        assert_eq!(account_of(&app, &connected, dirty).await["position"], "Mended");
        app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    }
}

/// The key that a person's link has.
fn before_key(system: System, person: &PersonView) -> &str {
    match system {
        System::PeopleHr => &person.unique_key,
        System::BreatheHr | System::Hrworks => system.handle(person),
    }
}

async fn s_16_fields_that_are_dropped_anyway_may_be_as_large_as_they_like(app: TestApp) {
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let person = system.staff(&app.sandbox)[2].clone();
        let text =
            |length| format!("{{\"Comment\":{{\"DisplayValue\":\"{}\"}}}}", "x".repeat(length));
        let list = |count, length| vec![text(length); count].join(",");
        let many: Vec<String> = (0..90_000).map(|n| format!("\"Own{n}\":{n},")).collect();
        let many = many.concat();
        let members = [
            ("a photo", format!("\"Photo\":\"{}\",", "A".repeat(1_400_000))),
            ("long texts", format!("\"BackgroundDetail\":[{}],", list(40, 30_000))),
            ("short texts", format!("\"RightToWork\":[{}],", list(1_100, 1_000))),
            ("many words", format!("\"duties\":[{}\"x\"],", "\"first aid\",".repeat(100_000))),
            ("fields of their own", many),
        ];
        for (what, member) in members {
            let what = format!("{system:?}, {what}");
            let change = RecordChange::Begins(member.into_bytes());
            let odd = one(system.handle(&person), OddPlace::Everywhere, change);
            set_odd(system, &app.sandbox, odd);
            system.new_job(&app.sandbox, system.handle(&person), &what).await;
            sync(&app).await;
            succeeded(&app, &connected, &what).await;
            assert_eq!(account_of(&app, &connected, &person).await["position"], what);
            assert!(app.row_problems(&connected).await.is_empty(), "{what}");
        }
        // The day on which somebody leaves is in such a record too.
        system.leave(&app.sandbox, system.handle(&person), &on(YESTERDAY)).await;
        sync(&app).await;
        assert_eq!(account_of(&app, &connected, &person).await["status"], "inactive", "{system:?}");
        app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    }
}

async fn s_16_nobody_is_missing_while_a_record_may_be_theirs(app: TestApp) {
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let staff = system.staff(&app.sandbox);
        let (dirty, gone) = (&staff[2], &staff[6]);
        let change = RecordChange::Instead(b"null".to_vec());
        set_odd(system, &app.sandbox, one(system.handle(dirty), OddPlace::Lists, change));
        system.delete(&app.sandbox, system.handle(gone)).await;
        system.clear_logs(&app.sandbox);
        sync(&app).await;
        succeeded(&app, &connected, &format!("{system:?}")).await;
        // A webhook of the deletion may ask about the one; nobody asks about the other.
        let looks = system.looks(&app.sandbox);
        assert!(!looks.iter().any(|look| look == system.handle(dirty)), "{system:?} {looks:?}");
        for person in [dirty, gone] {
            assert_eq!(account_of(&app, &connected, person).await["status"], "active");
        }
        // Where the key can be read, everybody else is known not to be meant.
        let change = RecordChange::Begins(b"\"Note\":\"\n\",".to_vec());
        set_odd(system, &app.sandbox, one(system.handle(dirty), OddPlace::Lists, change));
        sync(&app).await;
        assert_eq!(account_of(&app, &connected, gone).await["status"], "inactive", "{system:?}");
        assert_eq!(account_of(&app, &connected, dirty).await["status"], "active", "{system:?}");
        set_odd(system, &app.sandbox, Oddities::default());
        app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    }
}

async fn s_16_a_list_of_which_nothing_can_be_read_is_a_failure(app: TestApp) {
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let accounts = app.accounts(&connected.organization).await;
        let odd = |person: &PersonView| OddRecord {
            who: system.handle(person).to_owned(),
            place: OddPlace::Lists,
            change: RecordChange::Instead(b"null".to_vec()),
        };
        let records = system.people(&app.sandbox).iter().map(odd).collect();
        set_odd(system, &app.sandbox, Oddities { records, ..Oddities::default() });
        sync(&app).await;
        assert_eq!(app.last_run(&connected).await["state"], "queued", "{system:?}");
        assert_eq!(app.show(&connected).await["failure"]["class"], "malformed", "{system:?}");
        assert_eq!(app.accounts(&connected.organization).await, accounts, "{system:?}");
        set_odd(system, &app.sandbox, Oddities::default());
        app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    }
}

async fn s_16_a_person_listed_twice_never_alternates(app: TestApp) {
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let person = system.staff(&app.sandbox)[2].clone();
        let who = system.handle(&person);
        system.new_job(&app.sandbox, who, "Aaa").await;
        sync(&app).await;
        let again = |to: &str| {
            let change = RecordChange::Again(b"Aaa".to_vec(), to.as_bytes().to_vec());
            one(who, OddPlace::Lists, change)
        };
        // An identical copy is the same record.
        set_odd(system, &app.sandbox, again("Aaa"));
        sync(&app).await;
        succeeded(&app, &connected, &format!("{system:?}, the same twice")).await;
        assert!(app.row_problems(&connected).await.is_empty(), "{system:?}");
        let before = account_of(&app, &connected, &person).await;
        let events = app.events("").await.len();
        // Of two that differ the one that is stored counts, whichever is the greater.
        for other in ["Zzz", "AAa"] {
            set_odd(system, &app.sandbox, again(other));
            for _ in 0..3 {
                sync(&app).await;
                succeeded(&app, &connected, &format!("{system:?}, {other}")).await;
                assert_eq!(account_of(&app, &connected, &person).await, before, "{system:?}");
                assert_eq!(app.events("").await.len(), events, "{system:?}");
                let listed = problems(&app, &connected, "listed_twice").await;
                assert_eq!(listed.len(), 1, "{system:?}");
                assert_eq!(listed[0]["external_key"], before_key(system, &person));
            }
        }
        set_odd(system, &app.sandbox, Oddities::default());
        sync(&app).await;
        assert!(app.row_problems(&connected).await.is_empty(), "{system:?}");
        assert_eq!(account_of(&app, &connected, &person).await, before, "{system:?}");
        app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    }
}

/// What makes a current record one of somebody who has left: what stands there, and what then does.
fn former(system: System) -> (&'static [u8], &'static [u8]) {
    match system {
        System::PeopleHr => (b"\"LeavingDate\":\"\"", b"\"LeavingDate\":\"2026-03-31\""),
        System::BreatheHr => (b"\"Current employee\"", b"\"Ex-employee\""),
        System::Hrworks => (b"\"isActive\":true", b"\"isActive\":false"),
    }
}

async fn s_16_of_two_contracts_the_current_one_counts(app: TestApp) {
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let person = system.staff(&app.sandbox)[2].clone();
        let before = account_of(&app, &connected, &person).await;
        let (events, (from, to)) = (app.events("").await.len(), former(system));
        let change = RecordChange::Again(from.to_vec(), to.to_vec());
        set_odd(system, &app.sandbox, one(system.handle(&person), OddPlace::Everywhere, change));
        for _ in 0..3 {
            sync(&app).await;
            succeeded(&app, &connected, &format!("{system:?}")).await;
            assert_eq!(account_of(&app, &connected, &person).await, before, "{system:?}");
            assert_eq!(app.events("").await.len(), events, "{system:?}");
            assert_eq!(problems(&app, &connected, "listed_twice").await.len(), 1, "{system:?}");
        }
        set_odd(system, &app.sandbox, Oddities::default());
        app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    }
}

async fn s_16_one_person_on_two_pages_fails_no_run(app: TestApp) {
    let app = app.another(Options { people: Some(230), ..Options::default() }).await;
    for system in [System::BreatheHr, System::Hrworks] {
        let connected = app.connected_to(system).await;
        let staff = system.staff(&app.sandbox);
        let (twice, gone) = (&staff[1], &staff[9]);
        let before = account_of(&app, &connected, twice).await;
        let change = RecordChange::Again(b"-".to_vec(), b"-".to_vec());
        set_odd(system, &app.sandbox, one(system.handle(twice), OddPlace::Lists, change));
        system.delete(&app.sandbox, system.handle(gone)).await;
        for _ in 0..2 {
            sync(&app).await;
            succeeded(&app, &connected, &format!("{system:?}")).await;
        }
        assert_eq!(account_of(&app, &connected, twice).await, before, "{system:?}");
        assert_eq!(account_of(&app, &connected, gone).await["status"], "inactive", "{system:?}");
        set_odd(system, &app.sandbox, Oddities::default());
    }
}

fn named(first: &str, last: &str) -> Edit {
    Edit { first_name: Some(first.to_owned()), last_name: Some(last.to_owned()), ..Edit::default() }
}

async fn s_17_letters_arrive_as_they_are_declared_or_as_windows_1252(app: TestApp) {
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let person = system.staff(&app.sandbox)[2].clone();
        let who = system.handle(&person).to_owned();
        for (latin_1, content_type, last) in [
            (true, "application/json; charset=ISO-8859-1", "Müller"),
            (true, "application/json", "Köhler"),
            (false, "application/json", "Jäger"),
            (false, "application/json; charset=utf-8", "Straße"),
        ] {
            let what = format!("{system:?} {latin_1} {content_type}");
            let content_type = Some(content_type.to_owned());
            set_odd(
                system,
                &app.sandbox,
                Oddities { latin_1, content_type, ..Oddities::default() },
            );
            system.edit(&app.sandbox, &who, &named("Zoë", last)).await;
            // By the webhook, where there is one, and by the list.
            if system.has_hooks() {
                app.drain().await;
            } else {
                sync(&app).await;
            }
            let account = account_of(&app, &connected, &person).await;
            assert_eq!(
                (&account["first_name"], &account["last_name"]),
                (&json!("Zoë"), &json!(last))
            );
            sync(&app).await;
            succeeded(&app, &connected, &what).await;
            assert_eq!(account_of(&app, &connected, &person).await["last_name"], last, "{what}");
            assert!(problems(&app, &connected, "damaged_text").await.is_empty(), "{what}");
        }
        set_odd(system, &app.sandbox, Oddities::default());
        app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    }
}

async fn s_17_damaged_text_leaves_the_field_as_it_was(app: TestApp) {
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let staff = system.staff(&app.sandbox);
        let (person, gone) = (staff[2].clone(), staff[5].clone());
        let who = system.handle(&person).to_owned();
        system.edit(&app.sandbox, &who, &named("Müller", "Jürgen")).await;
        sync(&app).await;
        // Bytes that are declared as UTF-8 and are not, in all texts.
        let content_type = Some("application/json; charset=utf-8".to_owned());
        let damaged = Oddities { latin_1: true, content_type, ..Oddities::default() };
        set_odd(system, &app.sandbox, damaged);
        let new_job = Edit { job_role: Some("Chief".to_owned()), ..named("Möller", "Görgen") };
        system.edit(&app.sandbox, &who, &new_job).await;
        system.leave(&app.sandbox, system.handle(&gone), &on(YESTERDAY)).await;
        system.hire(&app.sandbox, &crate::hr::person("Böb", "Ray", NEWCOMER)).await;
        app.drain().await;
        if system == System::PeopleHr {
            // The look that the webhook led to has brought what is sound.
            assert_eq!(account_of(&app, &connected, &person).await["position"], "Chief");
        }
        for _ in 0..2 {
            sync(&app).await;
            succeeded(&app, &connected, &format!("{system:?}")).await;
            let account = account_of(&app, &connected, &person).await;
            let names = (&account["first_name"], &account["last_name"], &account["position"]);
            assert_eq!(names, (&json!("Müller"), &json!("Jürgen"), &json!("Chief")));
            let listed = problems(&app, &connected, "damaged_text").await;
            let key = before_key(system, &person);
            assert!(listed.iter().any(|it| it["external_key"] == key), "{system:?} {listed:#?}");
            assert_eq!(account_of(&app, &connected, &gone).await["status"], "inactive");
            // Nobody knows the first name of somebody new.
            assert!(app.account(&connected.organization, NEWCOMER).await.is_none());
        }
        set_odd(system, &app.sandbox, Oddities::default());
        sync(&app).await;
        assert_eq!(account_of(&app, &connected, &person).await["first_name"], "Möller");
        assert!(problems(&app, &connected, "damaged_text").await.is_empty(), "{system:?}");
        let account = app.the_account(&connected, NEWCOMER).await;
        assert_eq!(account["first_name"], "Böb", "{system:?}");
        app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    }
}

async fn s_17_a_damaged_key_is_a_record_that_cannot_be_read(app: TestApp) {
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let person = system.staff(&app.sandbox)[2].clone();
        let before = account_of(&app, &connected, &person).await;
        let key = before_key(system, &person);
        let quoted = |key: &str| match system {
            System::BreatheHr => format!("\"id\":{key}").into_bytes(),
            _ => format!("\"{key}\"").into_bytes(),
        };
        let to = match system {
            System::BreatheHr => "\"id\":\"\u{fffd}\"".as_bytes().to_vec(),
            _ => "\"\u{fffd}\"".as_bytes().to_vec(),
        };
        let change = RecordChange::Reads(quoted(key), to);
        set_odd(system, &app.sandbox, one(system.handle(&person), OddPlace::Lists, change));
        sync(&app).await;
        succeeded(&app, &connected, &format!("{system:?}")).await;
        assert_eq!(problems(&app, &connected, "unreadable_record").await.len(), 1, "{system:?}");
        assert_eq!(account_of(&app, &connected, &person).await, before, "{system:?}");
        set_odd(system, &app.sandbox, Oddities::default());
        app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    }
}

async fn s_42_one_person_whose_look_fails_delays_nobody_else(app: TestApp) {
    let connected = app.connected().await;
    for (index, change) in [
        RecordChange::Status(500),
        RecordChange::HangsUp,
        RecordChange::Instead(b"garbage".to_vec()),
        RecordChange::Begins(b"\"Note\":\"\n\",".to_vec()),
    ]
    .into_iter()
    .enumerate()
    {
        let (sick, well) = (app.employee(index), app.employee(index + 10));
        app.hr().set_odd(one(&sick, OddPlace::Looks, change.clone()));
        let runs = app.runs(&connected).await.len();
        app.new_job(&sick, "Kept").await;
        app.new_job(&well, &format!("Job {index}")).await;
        app.drain().await;
        assert_eq!(app.job_of(&connected, &well).await, format!("Job {index}"), "{change:?}");
        assert!(problems(&app, &connected, "unreadable_record").await.is_empty());
        // Three more tries, and others are looked at at once meanwhile.
        app.hr().clear_logs();
        for minute in 0..7 {
            app.new_job(&well, &format!("Job {index} {minute}")).await;
            app.drain().await;
            assert_eq!(app.job_of(&connected, &well).await, format!("Job {index} {minute}"));
            app.pass(Timestamp::MINUTE).await;
        }
        let tries = app.looks().iter().filter(|look| **look == sick).count();
        assert_eq!(tries, 3, "{change:?}");
        let listed = problems(&app, &connected, "unreadable_record").await;
        assert_eq!((listed.len(), &listed[0]["employee_number"]), (1, &json!(sick)));
        assert_eq!(app.state(&connected).await, "active");
        assert_eq!(app.show(&connected).await["failure"], Value::Null, "{change:?}");
        assert_eq!(app.runs(&connected).await.len(), runs, "no run because of it");
        assert!(app.notices(&connected).await.is_empty());
        // The next run reads the person and settles it.
        app.poll().await;
        assert_eq!(app.job_of(&connected, &sick).await, "Kept", "{change:?}");
        assert!(problems(&app, &connected, "unreadable_record").await.is_empty(), "{change:?}");
        let waiting = "SELECT employee_hint AS value FROM inbox WHERE state <> 'done'";
        assert!(app.raw().values(waiting).is_empty());
        app.hr().set_odd(Oddities::default());
    }
}

async fn s_42_two_people_and_a_third_who_cannot_be_read_are_an_outage(app: TestApp) {
    let connected = app.connected().await;
    let odd = |person: PersonView| OddRecord {
        who: person.employee_id,
        place: OddPlace::Looks,
        change: RecordChange::Status(503),
    };
    let records: Vec<OddRecord> = app.hr().people().into_iter().map(odd).collect();
    app.hr().set_odd(Oddities { records, ..Oddities::default() });
    let (first, second) = (app.employee(2), app.employee(3));
    app.new_job(&first, "First").await;
    app.new_job(&second, "Second").await;
    app.drain().await;
    assert_eq!(app.show(&connected).await["state"], "active", "one bad moment is no failure");
    let mut passed = 0;
    while app.state(&connected).await != "failing" {
        assert!(passed <= 5 * Timestamp::MINUTE, "not failing after {passed} ms");
        app.pass(5 * Timestamp::SECOND).await;
        passed += 5 * Timestamp::SECOND;
    }
    assert!(passed >= 2 * Timestamp::MINUTE, "{passed}");
    assert_eq!(app.show(&connected).await["failure"]["class"], "provider_down");
    assert_eq!(app.notices(&connected).await.len(), 1);
    assert!(problems(&app, &connected, "unreadable_record").await.is_empty());
    // What was kept comes with the next list.
    app.hr().set_odd(Oddities::default());
    app.poll().await;
    assert_eq!(app.state(&connected).await, "active");
    assert_eq!(app.job_of(&connected, &first).await, "First");
    assert_eq!(app.job_of(&connected, &second).await, "Second");
}

async fn s_42_while_others_can_be_read_many_failing_looks_are_no_failure(app: TestApp) {
    let connected = app.connected().await;
    let sick: Vec<String> = (5..10).map(|index| app.employee(index)).collect();
    let odd = |who: &String| OddRecord {
        who: who.clone(),
        place: OddPlace::Looks,
        change: RecordChange::Status(500),
    };
    let records = sick.iter().map(odd).collect();
    app.hr().set_odd(Oddities { records, ..Oddities::default() });
    for who in &sick {
        app.new_job(who, "Kept").await;
    }
    app.drain().await;
    for _ in 0..10 {
        app.pass(30 * Timestamp::SECOND).await;
        assert_eq!(app.state(&connected).await, "active");
        assert_eq!(app.show(&connected).await["failure"], Value::Null);
    }
    assert_eq!(problems(&app, &connected, "unreadable_record").await.len(), sick.len());
    // There is news of one of them, who can be read by now.
    app.hr().set_odd(Oddities::default());
    app.new_job(&sick[0], "Well again").await;
    app.drain().await;
    assert_eq!(app.job_of(&connected, &sick[0]).await, "Well again");
    assert_eq!(problems(&app, &connected, "unreadable_record").await.len(), sick.len() - 1);
}

async fn s_11_a_short_list_of_current_staff_is_asked_for_once_more(app: TestApp) {
    let connected = app.connected().await;
    let people: Vec<String> = (4..7).map(|index| app.employee(index)).collect();
    let accounts = app.accounts(&connected.organization).await;
    let events = app.events("").await;
    // Once it is short of three, and then it is not.
    let forget = |times| Oddities { forgotten: (people.clone(), times), ..Oddities::default() };
    app.hr().set_odd(forget(1));
    app.hr().clear_logs();
    app.poll().await;
    assert_eq!(app.lists(), 3);
    assert_eq!(app.accounts(&connected.organization).await, accounts);
    assert_eq!(app.events("").await, events);
    // It says so again.
    app.hr().set_odd(forget(9));
    app.poll().await;
    for employee in &people {
        let email = app.hr().person(employee).expect("a person").email;
        assert_eq!(app.the_account(&connected, &email).await["status"], "inactive");
    }
    // A list that nobody is missing from is asked for once.
    app.hr().set_odd(Oddities::default());
    app.poll().await;
    app.hr().clear_logs();
    app.poll().await;
    assert_eq!(app.lists(), 2);
}

/// One of the ways in which a record can be dirty, by chance.
fn any_dirt(system: System, random: &SeededRandom, who: &str) -> OddRecord {
    let mut kinds: Vec<RecordChange> =
        dirt(system).into_iter().map(|(_, change, _)| change).collect();
    let (from, to) = former(system);
    let name = format!("\"{}\"", first_name(system)).into_bytes();
    kinds.extend([
        RecordChange::Again(from.to_vec(), to.to_vec()),
        RecordChange::Again(b"Assistant".to_vec(), b"Other".to_vec()),
        RecordChange::Again(b"e".to_vec(), b"\xff".to_vec()),
        RecordChange::Reads(name, b"\"Nobody\"".to_vec()),
        RecordChange::Begins(b"\"Note\":\"\\ud83d \xff\",".to_vec()),
        RecordChange::Begins(format!("\"Photo\":\"{}\",", "B".repeat(1_200_000)).into_bytes()),
        RecordChange::Begins(format!("{},", member(system, job(system), "\u{fffd}")).into_bytes()),
    ]);
    let change = kinds.swap_remove(below(random, kinds.len()));
    OddRecord { who: who.to_owned(), place: OddPlace::Lists, change }
}

/// The property of S-16, with generated dirty records: everybody else gets what HR says of them,
/// and who leaves by their own record leaves.
async fn s_16_no_dirty_record_changes_anybody_elses_outcome(app: TestApp) {
    let random = SeededRandom::new(16);
    let app = app.another(Options { people: Some(60), ..Options::default() }).await;
    for system in System::ALL {
        let connected = app.connected_to(system).await;
        let mut staff = system.staff(&app.sandbox);
        for round in 0..4 {
            let what = format!("{system:?}, round {round}");
            let mut take = || staff.swap_remove(below(&random, staff.len()));
            let dirty: Vec<PersonView> = (0..5).map(|_| take()).collect();
            let (edited, leaver) = ([take(), take()], take());
            let who = |person: &PersonView| system.handle(person).to_owned();
            let records: Vec<OddRecord> =
                dirty.iter().map(|person| any_dirt(system, &random, &who(person))).collect();
            let told = format!("{what}: {:?}", records.iter().map(shown).collect::<Vec<_>>());
            set_odd(system, &app.sandbox, Oddities { records, ..Oddities::default() });
            let before = app.accounts(&connected.organization).await;
            let job = format!("Round {round}");
            for person in &edited {
                system.new_job(&app.sandbox, &who(person), &job).await;
            }
            let leave = Leave { immediately: true, ..on(YESTERDAY) };
            system.leave(&app.sandbox, &who(&leaver), &leave).await;
            sync(&app).await;
            succeeded(&app, &connected, &told).await;
            for account in &before {
                let id = account["id"].as_str().expect("an id");
                let after = app.get(&format!("/accounts/{id}")).await;
                let is = |person: &PersonView| account["email"] == person.email.as_str();
                if is(&leaver) {
                    assert_eq!(after["status"], "inactive", "{told}");
                } else if edited.iter().any(is) {
                    assert_eq!(after["position"], job, "{told}");
                } else if dirty.iter().any(is) {
                    assert_eq!(after["status"], account["status"], "{told} {after:#}");
                } else {
                    // Managers follow who leaves.
                    for field in ["status", "email", "first_name", "last_name", "position"] {
                        assert_eq!(after[field], account[field], "{told} {field} {after:#}");
                    }
                }
            }
            assert!(app.open_holds(&connected).await.is_empty(), "{told}");
            set_odd(system, &app.sandbox, Oddities::default());
            sync(&app).await;
            assert!(problems(&app, &connected, "unreadable_record").await.is_empty(), "{told}");
            assert!(problems(&app, &connected, "listed_twice").await.is_empty(), "{told}");
            staff.extend(dirty);
        }
        app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    }
}

fn shown(odd: &OddRecord) -> String {
    let mut text = format!("{odd:?}");
    text.truncate(text.floor_char_boundary(160));
    text
}
