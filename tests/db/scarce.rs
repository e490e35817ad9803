//! When many want the same: mails to one domain, writers of one organization, one request twice.

use rollcall::clock::Timestamp;
use rollcall::db::api_keys::{self, ApiKey};
use rollcall::db::idempotent_answers::{self, Found, Name};
use rollcall::db::mails::{self, Mail, MailState};
use rollcall::db::{DbError, Lane, clock_belief, organizations};
use rollcall::domain::ids::{ApiKeyId, MailId, OrganizationId};
use rollcall::domain::trust::Belief;
use rollcall::limits;

use crate::testdb::{Engine, TestDb, on_both, organization};

on_both!(
    s_43_one_mail_to_a_domain_is_on_its_way_at_a_time,
    a_01_a_request_that_comes_a_moment_early_is_not_done_twice,
    s_46_who_waits_for_one_organization_takes_no_connection_from_the_others,
    a_07_the_databases_clock_is_asked,
    o_06_the_belief_in_the_clock_outlives_a_restart,
);

async fn seeded(t: &TestDb) -> OrganizationId {
    let row = organization(1);
    let id = row.id.clone();
    t.db.write(Lane::Urgent, move |tx| organizations::insert(tx, &row)).await.unwrap();
    id
}

fn mail(number: u32, organization: &OrganizationId, address: &str) -> Mail {
    Mail {
        id: MailId::from_text(format!("mail_{number}")),
        organization_id: organization.clone(),
        notice_id: None,
        text_sealed: Some(vec![1]),
        recipient_email: address.to_owned(),
        recipient_name: String::new(),
        recipient_domain: mails::domain_of(address),
        state: MailState::Waiting,
        attempts: 0,
        next_at_ms: Timestamp(0),
        lease_until_ms: None,
        lease_epoch: 0,
        sent_at_ms: None,
        last_error: None,
        created_at_ms: Timestamp(0),
    }
}

async fn s_43_one_mail_to_a_domain_is_on_its_way_at_a_time(t: TestDb) {
    let of = seeded(&t).await;
    let all = ["ann@Slow.example", "bob@slow.example", "cid@quick.example", "dan@slow.example"];
    let rows: Vec<Mail> =
        (0..).zip(all).map(|(number, address)| mail(number, &of, address)).collect();
    t.db.write(Lane::Urgent, move |tx| mails::insert(tx, &rows)).await.unwrap();
    let claim = async |now: i64| {
        let claimed = t
            .db
            .write(Lane::Urgent, move |tx| mails::claim(tx, Timestamp(now), Timestamp(now + 100)));
        claimed.await.unwrap().map(|(mail, _)| mail)
    };
    let first = claim(10).await.unwrap();
    assert_eq!(first.recipient_email, "ann@Slow.example");
    assert_eq!(claim(10).await.unwrap().recipient_email, "cid@quick.example");
    assert!(claim(10).await.is_none(), "the slow domain has one on its way");
    let sent = t.db.write(Lane::Urgent, move |tx| {
        mails::record(tx, &first, MailState::Sent, Timestamp(20), Some(Timestamp(20)), None)
    });
    sent.await.unwrap();
    assert_eq!(claim(30).await.unwrap().recipient_email, "bob@slow.example");
    // Whoever sent it is dead, and it is due again.
    assert_eq!(claim(131).await.unwrap().recipient_email, "bob@slow.example");
}

async fn a_01_a_request_that_comes_a_moment_early_is_not_done_twice(t: TestDb) {
    let key = ApiKey {
        id: ApiKeyId::from_text("key_1"),
        name: "tests".to_owned(),
        key_hash: vec![1],
        last4: "abcd".to_owned(),
        created_at_ms: Timestamp(0),
        revoked_at_ms: None,
    };
    let name = Name { api_key_id: key.id.clone(), key_hash: vec![7] };
    t.db.write(Lane::Urgent, move |tx| api_keys::insert(tx, &key)).await.unwrap();
    let claim = async |at: i64| {
        let name = name.clone();
        let write = t.db.write(Lane::Urgent, move |tx| {
            idempotent_answers::claim(tx, &name, &[9], Timestamp(at))
        });
        write.await.unwrap()
    };
    assert_eq!(claim(1_000_005).await, Found::Claimed);
    // The other of two that came together read the clock first, or has a clock that is behind.
    for early in [5, 2_000, limits::LEASE_MS_MAX - 1] {
        assert_eq!(claim(1_000_005 - early).await, Found::UnderWay, "{early}");
    }
    assert_eq!(claim(1_000_005 + limits::LEASE_MS_MAX).await, Found::Claimed, "it died");
}

async fn s_46_who_waits_for_one_organization_takes_no_connection_from_the_others(t: TestDb) {
    if t.at.engine == Engine::Sqlite {
        return;
    }
    let (stuck, other) = (organization(1).id, organization(2).id);
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (db, of) = (t.db.clone(), stuck.clone());
    let held = tokio::spawn(async move {
        db.write(Lane::Urgent, move |tx| {
            tx.lock_organization(&of)?;
            let _ = begun.send(());
            let _ = wait.recv();
            Ok::<_, DbError>(())
        })
        .await
    });
    has_begun.await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (db, of) = (t.db.clone(), stuck.clone());
        writers.spawn(
            async move { db.write(Lane::Urgent, move |tx| tx.lock_organization(&of)).await },
        );
    }
    // All but a few are told soon, and the other organization goes on.
    for _ in 0..20 - limits::ORGANIZATION_WAITING_MAX {
        let answer = writers.join_next().await.unwrap().unwrap();
        assert!(matches!(answer, Err(DbError::Busy)), "{answer:?}");
    }
    t.db.write(Lane::Urgent, move |tx| tx.lock_organization(&other)).await.unwrap();
    go.send(()).unwrap();
    held.await.unwrap().unwrap();
    while let Some(answer) = writers.join_next().await {
        answer.unwrap().unwrap();
    }
}

async fn a_07_the_databases_clock_is_asked(t: TestDb) {
    let now = t.db.read(rollcall::db::now).await.unwrap();
    assert_eq!(now.is_some(), t.at.engine == Engine::Postgres);
    if let Some(now) = now {
        let later = t.db.read(rollcall::db::now).await.unwrap().unwrap();
        assert!(now.0 > 1_700_000_000_000 && later >= now, "{now} {later}");
    }
}

async fn o_06_the_belief_in_the_clock_outlives_a_restart(t: TestDb) {
    let beat = async |now: i64| {
        t.db.write(Lane::Urgent, move |tx| clock_belief::beat(tx, Timestamp(now))).await.unwrap()
    };
    let minute = Timestamp::MINUTE;
    let first: Belief = beat(0).await;
    assert!(first.holds_at(Timestamp(0)));
    assert_eq!(beat(minute).await.since, first.since);
    let ahead = 100 * Timestamp::DAY;
    assert!(!beat(ahead).await.holds_at(Timestamp(ahead)));
    assert_eq!(beat(ahead + minute).await.since, Timestamp(ahead));
}
