//! `Idempotency-Key`: a `POST` that is sent again has its effect once (A-01, wire contract C-16).

use std::io::Write as _;

use futures_util::future::join_all;
use reqwest::Method;
use rollcall::clock::Timestamp;
use rollcall::db::{Lane, idempotent_answers, portal_links};
use rollcall::sandbox::OddAnswer;
use serde_json::{Value, json};

use crate::evidence;
use crate::root::Answer;
use crate::support::{TestApp, behaviours};

behaviours!(
    a_01_a_repeated_request_gets_the_first_answer,
    a_01_a_key_stands_for_one_request_of_one_caller,
    a_01_many_at_once_have_one_effect,
    a_01_a_request_whose_process_died_blocks_nobody_for_long,
    a_01_a_request_goes_on_when_its_sender_hangs_up,
    a_01_a_refusal_is_repeated_too_and_a_failure_is_not,
    a_01_answers_are_sealed_and_forgotten_after_a_day,
    a_01_an_import_can_be_repeated_without,
    a_01_a_key_that_is_none_is_refused,
);

/// Sends a request with an idempotency key.
async fn send(app: &TestApp, method: Method, path: &str, key: &str, body: &Value) -> Answer {
    let request = app.client.request(method, app.url(path)).bearer_auth(app.key.reveal());
    Answer::of(request.header("idempotency-key", key).body(body.to_string())).await
}

async fn post(app: &TestApp, path: &str, key: &str, body: &Value) -> Answer {
    send(app, Method::POST, path, key, body).await
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == "true"
}

fn organizations(app: &TestApp) -> usize {
    app.raw().organizations().len()
}

/// How many requests are noted.
fn noted(app: &TestApp) -> String {
    let count = "SELECT CAST(COUNT(*) AS TEXT) AS value FROM idempotent_answers";
    app.raw().values(count).remove(0)
}

async fn a_01_a_repeated_request_gets_the_first_answer(app: TestApp) {
    for (number, path) in ["/organizations", "/api/v1/organizations"].into_iter().enumerate() {
        let body = json!({"name": "Acme"});
        let first = post(&app, path, path, &body).await;
        assert_eq!((first.status, replayed(&first)), (201, false));
        app.clock.advance(Timestamp::MINUTE);
        let second = post(&app, path, path, &body).await;
        assert_eq!((second.status, &second.text), (201, &first.text));
        assert!(replayed(&second));
        assert_eq!(second.header("content-type"), "application/json");
        // It is another request all the same.
        assert_ne!(second.header("x-request-id"), first.header("x-request-id"));
        assert_eq!(organizations(&app), number + 1);
        // Without the key, or with another method, nothing is repeated.
        app.root(
            Method::DELETE,
            &format!("/organizations/{}", first.body["id"].as_str().unwrap()),
            None,
        )
        .await;
        app.drain().await;
        let read = send(&app, Method::GET, path, path, &Value::Null).await;
        assert_eq!((read.status, replayed(&read)), (200, false));
        app.organization("Stays", &[]).await;
    }
}

async fn a_01_a_key_stands_for_one_request_of_one_caller(app: TestApp) {
    let body = json!({"name": "Acme"});
    assert_eq!(post(&app, "/organizations", "k", &body).await.status, 201);
    let other = post(&app, "/organizations", "k", &json!({"name": "Other"})).await;
    other.problem(422, "idempotency_key_reused");
    let elsewhere = post(&app, "/api/v1/organizations", "k", &body).await;
    assert_eq!(elsewhere.status, 422);
    assert_eq!(elsewhere.body["code"], "idempotency_key_reused");
    assert_eq!(elsewhere.header("content-type"), "application/problem+json");
    assert_eq!(organizations(&app), 1);
    // Somebody else's keys are somebody else's.
    let key = app.running.store.create_api_key("another").await.unwrap();
    let request = app.client.post(app.url("/organizations")).bearer_auth(key.reveal());
    let theirs = Answer::of(request.header("idempotency-key", "k").body(body.to_string())).await;
    assert_eq!((theirs.status, replayed(&theirs)), (201, false));
    assert_eq!(organizations(&app), 2);
}

async fn a_01_many_at_once_have_one_effect(app: TestApp) {
    let body = json!({"name": "Acme"});
    for round in 1..=5 {
        let key = format!("round {round}");
        let all = join_all((0..8).map(|_| post(&app, "/organizations", &key, &body))).await;
        let first: Vec<&Answer> =
            all.iter().filter(|answer| answer.status == 201 && !replayed(answer)).collect();
        assert_eq!(first.len(), 1, "{all:?}");
        for answer in &all {
            if answer.status == 201 {
                assert_eq!(answer.text, first[0].text);
            } else {
                answer.problem(409, "request_under_way");
                assert_eq!(answer.header("retry-after"), "1");
            }
        }
        assert_eq!(organizations(&app), round);
    }
}

async fn a_01_a_request_whose_process_died_blocks_nobody_for_long(app: TestApp) {
    let body = json!({"name": "Acme"});
    assert_eq!(post(&app, "/organizations", "k", &body).await.status, 201);
    // As if it had been killed between the effect and the answer.
    app.raw().run("UPDATE idempotent_answers SET answer_sealed = NULL");
    post(&app, "/organizations", "k", &body).await.problem(409, "request_under_way");
    app.clock.advance(14_999);
    post(&app, "/organizations", "k", &body).await.problem(409, "request_under_way");
    app.clock.advance(1);
    let again = post(&app, "/organizations", "k", &body).await;
    assert_eq!((again.status, replayed(&again)), (201, false));
    let repeated = post(&app, "/organizations", "k", &body).await;
    assert_eq!((&repeated.text, replayed(&repeated)), (&again.text, true));
    // A clock that was set back makes no claim last longer.
    app.raw().run("UPDATE idempotent_answers SET answer_sealed = NULL");
    app.clock.advance(-Timestamp::DAY);
    assert_eq!(post(&app, "/organizations", "k", &body).await.status, 201);
}

async fn a_01_a_request_goes_on_when_its_sender_hangs_up(app: TestApp) {
    let body = json!({"name": "Acme"});
    for round in 1..=10 {
        let key = format!("round {round}");
        let (address, secret, text) = (app.running.address, app.key.reveal(), body.to_string());
        let request = format!(
            "POST /organizations HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {secret}\r\n\
             idempotency-key: {key}\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        );
        let mut socket = std::net::TcpStream::connect(address).unwrap();
        // What is received and not read makes the end of the connection an abrupt one.
        socket.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        assert_eq!(socket.peek(&mut [0]).unwrap(), 1);
        socket.write_all(request.as_bytes()).unwrap();
        // It was taken in, perhaps not yet answered.
        while noted(&app) != round.to_string() {}
        drop(socket);
        let mut answer = post(&app, "/organizations", &key, &body).await;
        for _ in 0..500 {
            if answer.status != 409 {
                break;
            }
            answer = post(&app, "/organizations", &key, &body).await;
        }
        assert_eq!((answer.status, replayed(&answer)), (201, true), "{}", answer.text);
        assert_eq!(organizations(&app), round);
    }
}

async fn a_01_a_refusal_is_repeated_too_and_a_failure_is_not(app: TestApp) {
    let wrong = json!({"nmae": "Acme"});
    let first = post(&app, "/organizations", "refused", &wrong).await;
    first.problem(422, "invalid_request_parameters");
    let second = post(&app, "/organizations", "refused", &wrong).await;
    assert_eq!((&second.text, replayed(&second)), (&first.text, true));
    second.problem(422, "invalid_request_parameters");
    let own = post(&app, "/api/v1/organizations", "own", &wrong).await;
    let again = post(&app, "/api/v1/organizations", "own", &wrong).await;
    assert_eq!((&again.text, replayed(&again)), (&own.text, true));
    assert_eq!(again.header("content-type"), "application/problem+json");
    // What may go better the next time is done again.
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let connected = app.prepared(&organization).await;
    let path = format!("/api/v1/directories/{}/preview", connected.directory);
    app.hr_answers(Some(OddAnswer::Html502));
    let failed = post(&app, &path, "failed", &json!({})).await;
    assert_eq!(failed.status, 502, "{}", failed.text);
    app.hr_answers(None);
    let done = post(&app, &path, "failed", &json!({})).await;
    assert_eq!((done.status, replayed(&done)), (200, false), "{}", done.text);
    assert!(replayed(&post(&app, &path, "failed", &json!({})).await));
}

async fn a_01_answers_are_sealed_and_forgotten_after_a_day(app: TestApp) {
    let organization = app.connected().await.organization;
    let body = json!({"organization": organization, "intent": "dsync"});
    let made = post(&app, "/portal/generate_link", "a-key-of-mine", &body).await;
    let link = made.body["link"].as_str().unwrap().to_owned();
    let token = link.rsplit('/').next().unwrap();
    let repeated = post(&app, "/portal/generate_link", "a-key-of-mine", &body).await;
    assert_eq!(repeated.body["link"], json!(link));
    for secret in [token, "a-key-of-mine"] {
        assert!(evidence::where_stored(&app.place, secret).is_empty(), "{secret} is stored");
    }
    app.clock.advance(Timestamp::DAY - 1);
    assert!(replayed(&post(&app, "/portal/generate_link", "a-key-of-mine", &body).await));
    app.clock.advance(1);
    let anew = post(&app, "/portal/generate_link", "a-key-of-mine", &body).await;
    assert_eq!((anew.status, replayed(&anew)), (201, false));
    assert_ne!(anew.body["link"], json!(link));
    // What the janitor does.
    let now = app.now();
    let db = &app.running.task_context.sync.db;
    let pruned = async |before: Timestamp| {
        let write = db.write(Lane::Bulk, move |tx| {
            let answers = idempotent_answers::prune(tx, before, 100)?;
            Ok::<_, rollcall::db::DbError>((answers, portal_links::prune(tx, before, 100)?))
        });
        write.await.unwrap()
    };
    assert_eq!(pruned(now).await, (0, 1));
    assert_eq!(pruned(now.plus(Timestamp::DAY)).await, (1, 1));
    assert_eq!(evidence::rows(&app.place, "portal_links").len(), 0);
}

async fn a_01_an_import_can_be_repeated_without(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    let path = format!("/api/v1/organizations/{organization}/accounts/import");
    let body = json!({"email": "ann@customer.example", "first_name": "Ann"});
    let first = post(&app, &path, "import", &body).await;
    assert_eq!((first.status, replayed(&first)), (200, false), "{}", first.text);
    let second = post(&app, &path, "import", &body).await;
    assert_eq!((second.status, replayed(&second)), (200, false), "{}", second.text);
    assert_eq!(app.accounts(&organization).await.len(), 1);
    assert_eq!(noted(&app), "0");
}

async fn a_01_a_key_that_is_none_is_refused(app: TestApp) {
    let body = json!({"name": "Acme"});
    for key in ["", " ", "k\u{e9}", &"k".repeat(256)] {
        let answer = post(&app, "/organizations", key, &body).await;
        answer.problem(422, "invalid_request_parameters");
        assert_eq!(answer.body["errors"][0]["field"], "Idempotency-Key");
    }
    assert_eq!(post(&app, "/organizations", &"k".repeat(255), &body).await.status, 201);
    // A body that is too large is refused before anything is noted.
    let large = json!({"name": "x".repeat(rollcall::limits::API_BODY_BYTES_MAX)});
    post(&app, "/organizations", "large", &large).await.problem(413, "body_too_large");
    assert_eq!(organizations(&app), 1);
    assert_eq!(noted(&app), "1");
}
