//! Former links: by organization, in any number, and gone with their account (L-09).

use rollcall::clock::Timestamp;
use rollcall::db::former_links::{self, FormerLink};
use rollcall::db::{DbError, Lane, accounts, organizations};
use rollcall::domain::employee::KeyKind;
use rollcall::domain::ids::{AccountId, OrganizationId};
use rollcall::domain::provider::ProviderKind;

use crate::rows;
use crate::testdb::{TestDb, on_both, organization};

on_both!(l_09_former_links_are_kept_by_organization_and_go_with_their_account);

/// More than one statement takes.
const MANY: u32 = 6_000;

fn link(organization: &OrganizationId, person: u32, account: &str) -> FormerLink {
    FormerLink {
        organization_id: organization.clone(),
        person_hash: person.to_be_bytes().to_vec(),
        provider: ProviderKind::PeopleHr,
        key_kind: KeyKind::Stable,
        account_id: AccountId::from_text(account),
        created_at_ms: Timestamp(0),
    }
}

async fn of(t: &TestDb, organization: &OrganizationId) -> Vec<FormerLink> {
    let organization = organization.clone();
    let people: Vec<Vec<u8>> = (0..MANY).map(|person| person.to_be_bytes().to_vec()).collect();
    let read = t.db.read(move |c| former_links::of_people(c, &organization, &people));
    let mut found: Vec<FormerLink> = read.await.unwrap();
    found.sort_by(|a, b| a.person_hash.cmp(&b.person_hash));
    found
}

async fn l_09_former_links_are_kept_by_organization_and_go_with_their_account(t: TestDb) {
    let (one, two) = (organization(1), organization(2));
    let (first, second) = (one.id.clone(), two.id.clone());
    let write = t.db.write(Lane::Urgent, move |tx| {
        for row in [&one, &two] {
            organizations::insert(tx, row)?;
        }
        for (account, owner) in [("account_1", &one), ("account_2", &one), ("account_3", &two)] {
            accounts::insert(tx, &rows::account(account, &owner.id, account))?;
        }
        assert!(!former_links::any(tx, &one.id)?);
        let all: Vec<FormerLink> =
            (0..MANY).map(|person| link(&one.id, person, "account_1")).collect();
        former_links::put(tx, &all)?;
        former_links::put(tx, &[])?;
        // The newest counts.
        former_links::put(tx, &[link(&one.id, 7, "account_2"), link(&two.id, 7, "account_3")])?;
        Ok::<_, DbError>((former_links::any(tx, &one.id)?, former_links::any(tx, &two.id)?))
    });
    assert_eq!(write.await.unwrap(), (true, true));
    let mut expected: Vec<FormerLink> =
        (0..MANY).map(|person| link(&first, person, "account_1")).collect();
    expected[7].account_id = AccountId::from_text("account_2");
    assert_eq!(of(&t, &first).await, expected);
    assert_eq!(of(&t, &second).await, [link(&second, 7, "account_3")]);
    let write = t.db.write(Lane::Urgent, move |tx| {
        let accounts = [AccountId::from_text("account_2")];
        former_links::forget(tx, ProviderKind::BreatheHr, &accounts)?;
        assert!(former_links::any(tx, &organization(1).id)?);
        former_links::forget(tx, ProviderKind::PeopleHr, &accounts)?;
        accounts::delete(tx, &AccountId::from_text("account_1"))
    });
    write.await.unwrap();
    assert_eq!(of(&t, &first).await, []);
    assert_eq!(of(&t, &second).await.len(), 1);
}
