//! Imports of accounts: every row has a result, whatever the file is like (A-09).

use rollcall::limits;
use serde_json::Value;

use crate::support::{TestApp, behaviours};

behaviours!(
    a_09_every_row_of_a_csv_has_a_result,
    a_09_a_csv_is_read_whatever_program_wrote_it,
    a_09_a_quoted_field_goes_over_lines_and_a_slip_does_not,
    a_09_nobody_is_created_out_of_a_text,
    a_09_the_answer_is_bounded_per_row,
    a_09_every_row_of_a_broken_batch_has_a_result,
);

/// Imports; the answer as it is.
async fn import(app: &TestApp, organization: &str, content_type: &str, body: Vec<u8>) -> String {
    let path = format!("/api/v1/organizations/{organization}/accounts/import");
    let request = app.client.post(app.url(&path)).bearer_auth(app.key.reveal());
    let answer = request.header("content-type", content_type).body(body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    answer.text().await.unwrap()
}

/// Line and status of each result.
fn results(answer: &str) -> Vec<(u64, String)> {
    let rows = answer.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let result =
        |row: Value| (row["line"].as_u64().unwrap(), row["status"].as_str().unwrap().to_owned());
    rows.map(result).collect()
}

fn all_created(lines: impl IntoIterator<Item = u64>) -> Vec<(u64, String)> {
    lines.into_iter().map(|line| (line, "created".to_owned())).collect()
}

async fn csv(app: &TestApp, organization: &str, body: &str) -> Vec<(u64, String)> {
    results(&import(app, organization, "text/csv", body.into()).await)
}

async fn a_09_every_row_of_a_csv_has_a_result(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    let found = csv(
        &app,
        &organization,
        "email,first_name,last_name\nb1@x.example,Bob \"Bo,One\nb2@x.example,Al,Two\n\
         b3@x.example,Cy,Three\n",
    )
    .await;
    assert_eq!(found, all_created(2..=4));
    assert_eq!(app.accounts(&organization).await.len(), 3);
    let bob = app.account(&organization, "b1@x.example").await.unwrap();
    assert_eq!((&bob["first_name"], &bob["last_name"]), (&"Bob \"Bo".into(), &"One".into()));
    // 24" monitors.
    let rows = (0..53).map(|n| format!("m{n}@x.example,24\" monitor\n"));
    let body = format!("email,attributes.kit\n{}", rows.collect::<String>());
    assert_eq!(csv(&app, &organization, &body).await, all_created(2..=54));
    assert_eq!(app.accounts(&organization).await.len(), 56);
}

async fn a_09_a_csv_is_read_whatever_program_wrote_it(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    let mut number = 0;
    for mark in ["", "\u{feff}"] {
        for end in ["\n", "\r\n", "\r"] {
            for between in [",", ";", "\t"] {
                let row = |n: u64| format!("p{n}@x.example{between}\"Ann{between} M\"{between}");
                let rows = [
                    ["email", "first_name", "department"].join(between),
                    row(number),
                    String::new(),
                    row(number + 1),
                ];
                let body = format!("{mark}{}{end}", rows.join(end));
                let found = csv(&app, &organization, &body).await;
                assert_eq!(found, all_created([2, 4]), "{body:?}");
                // Not called CSV it is one all the same.
                let again = import(&app, &organization, "text/plain", body.clone().into()).await;
                assert!(again.lines().all(|line| line.contains("unchanged")), "{again}");
                number += 2;
            }
            let object = |n: u64| format!("{{\"email\":\"j{n}@x.example\"}}");
            let body = format!("{mark}{}{end}{end}{}", object(number), object(number + 1));
            let found = import(&app, &organization, "application/x-ndjson", body.into()).await;
            assert_eq!(results(&found), all_created([1, 3]));
        }
    }
}

async fn a_09_a_quoted_field_goes_over_lines_and_a_slip_does_not(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    let body = "email,first_name,attributes.note\na@x.example,Ann,\"line 1\nline \"\"2\"\"\"\n\
                b@x.example,\"Bob,x\nc@x.example,Cy,y\nd@x.example,\"Di\",\"z\"\n";
    let found = csv(&app, &organization, body).await;
    let expected = [(2, "created"), (4, "failed"), (5, "created"), (6, "created")];
    assert_eq!(found, expected.map(|(line, status)| (line, status.to_owned())));
    let ann = app.account(&organization, "a@x.example").await.unwrap();
    assert_eq!(ann["attributes"]["note"], "line 1\nline \"2\"");
    let answer = import(&app, &organization, "text/csv", body.into()).await;
    assert!(answer.contains("open_quote"), "{answer}");
}

async fn a_09_nobody_is_created_out_of_a_text(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    let body = "email,department\na@x.example,\"Sales\nc@y.example, old\"\n\
                b@x.example,\"Was\nd@y.example, the \"old\" one\"\ne@x.example,HR\n";
    let answer = import(&app, &organization, "text/csv", body.into()).await;
    let expected = [(2, "failed"), (3, "failed"), (4, "failed"), (5, "failed"), (6, "created")];
    assert_eq!(results(&answer), expected.map(|(line, status)| (line, status.to_owned())));
    let accounts = app.accounts(&organization).await;
    assert_eq!(accounts.len(), 1, "{accounts:#?}");
    assert!(answer.contains("open on line 2") && answer.contains("open on line 4"), "{answer}");
    // A text over lines without anything in doubt is one.
    let body = "email,department\na@x.example,\"Sales,\nLeeds, UK\"\n";
    assert_eq!(csv(&app, &organization, body).await, all_created([2]));
}

async fn a_09_the_answer_is_bounded_per_row(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    let long = "x".repeat(400);
    let unknown: Vec<String> = (0..60).map(|n| format!(",\"{long}{n}\":1")).collect();
    let unknown = unknown.concat();
    let row = format!("{{\"email\":\"a@x.example\",\"status\":\"{long}\"{unknown}}}\n");
    let answer = import(&app, &organization, "", row.repeat(50).into()).await;
    assert_eq!(results(&answer).len(), 50);
    let most = answer.lines().map(str::len).max().unwrap();
    assert!(most < 1_600, "{most}");
    // Of very many rows only the first are told in detail.
    let rows = limits::IMPORT_DETAILED_ROWS_MAX + 50;
    let answer = import(&app, &organization, "", "{\"a\":1}\n".repeat(rows).into()).await;
    assert_eq!(results(&answer).len(), rows);
    let last = answer.lines().last().unwrap();
    assert!(last.len() < 100 && last.contains("invalid_request_parameters"), "{last}");
}

async fn a_09_every_row_of_a_broken_batch_has_a_result(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    // A NUL in a text, a line that is too long, and text that is no UTF-8.
    let mut body = b"email,first_name\na@x.example,A\0n\n\xff@x.example,B\nc@x.example,".to_vec();
    body.extend(std::iter::repeat_n(b'x', limits::IMPORT_LINE_BYTES_MAX));
    body.extend(b"\nd@x.example,Di");
    let found = results(&import(&app, &organization, "text/csv", body).await);
    let expected = [(2, "failed"), (3, "failed"), (4, "failed"), (5, "created")];
    assert_eq!(found, expected.map(|(line, status)| (line, status.to_owned())));
}
