//! The examples of `docs/webhooks.md`, run on a real delivery (A-04).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::endpoints::{endpoint, start, tested, text};
use crate::support::behaviours_of_place;
use crate::testdb::TestPlace;

behaviours_of_place!(a_04_the_examples_of_the_documentation_verify_a_real_delivery);

/// The first example in a language of `docs/webhooks.md`.
fn example(language: &str) -> &'static str {
    let page = include_str!("../../docs/webhooks.md");
    let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

/// What a program prints. An interpreter that is missing is a failure, not a skip.
fn printed(interpreter: &str, flag: &str, program: &str, input: &Value) -> String {
    use std::process::{Command, Stdio};
    let pipe = Stdio::piped;
    let mut command = Command::new(interpreter);
    let started = command.args([flag, program]).stdin(pipe()).stdout(pipe()).spawn();
    let mut child = started.unwrap_or_else(|error| panic!("{interpreter} is needed: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, input.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn a_04_the_examples_of_the_documentation_verify_a_real_delivery(place: TestPlace) {
    let (app, receiver) = start(place).await;
    let (path, old) = endpoint(&app, &receiver, &[]).await;
    let rotated = app.post(&format!("{path}/rotate_secret"), json!({})).await.ok();
    let new = text(&rotated["secret"]);
    let request = tested(&app, &receiver, &path).await;
    let headers: Value = request
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let stranger = format!("whsec_{}", STANDARD.encode([7; 32]));
    let (body, spoilt) = (request.text().to_owned(), request.text().replace("Test", "Best"));
    // The test's clock is not the machine's.
    let (any_time, no_time) = (1_000_000_000_000_i64, -1);
    let cases = json!([
        [old, body, any_time],
        [new, body, any_time],
        [stranger, body, any_time],
        [new, spoilt, any_time],
        [new, body, no_time],
    ]);
    let input = json!({"headers": headers, "cases": cases});
    let python = "import json, sys\nq = json.load(sys.stdin)\nprint([int(verify(s, q['headers'], \
                  b.encode(), t)) for s, b, t in q['cases']])";
    let node = "const q = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));\n\
                console.log('[' + q.cases.map(([s, b, t]) => \
                Number(verify(s, q.headers, Buffer.from(b), t))).join(', ') + ']');";
    for (interpreter, flag, language, end) in
        [("python3", "-c", "python", python), ("node", "-e", "js", node)]
    {
        let program = format!("{}\n{end}", example(language));
        let said = printed(interpreter, flag, &program, &input);
        assert_eq!(said, "[1, 1, 0, 0, 0]", "{interpreter}");
    }
}
