//! Who somebody is: keys in every spelling, and numbers that somebody else gets (S-21).

use rollcall::sandbox::{Faults, HrworksFaults, KeySpelling};

use crate::hr::{agrees_with, agrees_with_hr, hooks};
use crate::support::{Options, TestApp, behaviours};
use crate::systems::System;

behaviours!(
    s_21_a_look_that_spells_the_key_another_way_is_about_the_same_person,
    s_21_lists_that_spell_keys_another_way_name_the_same_people_and_departments,
    s_21_a_key_that_is_not_set_leaves_the_number_until_it_comes,
);

const SPELLINGS: [KeySpelling; 4] =
    [KeySpelling::Usual, KeySpelling::Upper, KeySpelling::Braces, KeySpelling::NoHyphens];
const UNSET: [KeySpelling; 3] = [KeySpelling::Zeros, KeySpelling::Empty, KeySpelling::Null];

/// People HR with keys like this.
fn keys(key_in_lists: KeySpelling, key_by_id: KeySpelling) -> Faults {
    Faults { key_in_lists, key_by_id, ..hooks(Faults::default().hooks) }
}

fn people(app: &TestApp) -> Vec<String> {
    app.raw().values("SELECT external_key AS value FROM directory_users ORDER BY external_key")
}

async fn s_21_a_look_that_spells_the_key_another_way_is_about_the_same_person(app: TestApp) {
    for (in_lists, by_id) in [
        (KeySpelling::Usual, KeySpelling::Upper),
        (KeySpelling::Upper, KeySpelling::Usual),
        (KeySpelling::Braces, KeySpelling::NoHyphens),
    ] {
        let app = app.another(Options { people: Some(12), ..Options::default() }).await;
        app.hr().set_faults(keys(in_lists, by_id));
        let connected = app.connected().await;
        let (before, accounts) = (people(&app), app.accounts(&connected.organization).await.len());
        let someone = app.employee(2);
        let lists = app.lists();
        app.new_job(&someone, "Astronaut").await;
        app.drain().await;
        assert_eq!(app.job_of(&connected, &someone).await, "Astronaut");
        assert_eq!(app.lists(), lists, "the look is enough");
        assert_eq!(people(&app), before);
        app.poll().await;
        assert_eq!(people(&app), before);
        assert_eq!(app.accounts(&connected.organization).await.len(), accounts);
        assert!(app.row_problems(&connected).await.is_empty());
        agrees_with_hr(&app, &connected).await;
    }
}

async fn s_21_lists_that_spell_keys_another_way_name_the_same_people_and_departments(app: TestApp) {
    let connected = app.connected_to(System::Hrworks).await;
    let (before, told) = (people(&app), app.events("").await.len());
    for spelling in SPELLINGS {
        let mut faults = HrworksFaults::default();
        faults.quirks.uuid_in_lists = spelling;
        app.sandbox.hrworks().set_faults(faults);
        app.poll().await;
        assert_eq!(app.last_run(&connected).await["state"], "succeeded");
        assert_eq!((people(&app), app.events("").await.len()), (before.clone(), told));
    }
    // Who is gone from the list is asked about, and the answer spells the key as it likes.
    let mut faults = HrworksFaults::default();
    faults.quirks.uuid_by_id = KeySpelling::Braces;
    app.sandbox.hrworks().set_faults(faults);
    let someone = System::Hrworks.staff(&app.sandbox).remove(3);
    System::Hrworks.delete(&app.sandbox, &someone.unique_key).await;
    app.poll().await;
    assert_eq!(app.the_account(&connected, &someone.email).await["status"], "inactive");
    assert_eq!(people(&app), before);

    let connected = app.connected().await;
    let (before, told) = (people(&app), app.events("").await.len());
    for spelling in SPELLINGS {
        app.hr().set_faults(keys(spelling, KeySpelling::Usual));
        app.poll().await;
        assert_eq!((people(&app), app.events("").await.len()), (before.clone(), told));
    }
    agrees_with(&app, &connected, System::PeopleHr).await;
}

async fn s_21_a_key_that_is_not_set_leaves_the_number_until_it_comes(app: TestApp) {
    for spelling in UNSET {
        let app = app.another(Options { people: Some(12), ..Options::default() }).await;
        app.hr().set_faults(keys(spelling, spelling));
        let connected = app.connected().await;
        let mut numbers: Vec<String> =
            app.hr().people().into_iter().map(|person| person.employee_id).collect();
        numbers.sort();
        assert_eq!(people(&app), numbers, "{spelling:?}");
        assert!(app.row_problems(&connected).await.is_empty());
        let accounts = app.accounts(&connected.organization).await.len();
        app.new_job(&app.employee(2), "Astronaut").await;
        app.drain().await;
        assert_eq!(people(&app), numbers);
        app.hr().set_faults(keys(KeySpelling::Upper, KeySpelling::Upper));
        app.poll().await;
        let mut keys: Vec<String> =
            app.hr().people().into_iter().map(|person| person.unique_key).collect();
        keys.sort();
        assert_eq!(people(&app), keys);
        assert_eq!(app.accounts(&connected.organization).await.len(), accounts);
        agrees_with_hr(&app, &connected).await;
    }
}
