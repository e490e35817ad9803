//! What the API says of itself holds: every route is described and every description has its route,
//! an outside tool finds no answer that is not described, and a generated client works.
//!
//! Python's tools are installed by scripts/test-setup; without them these tests fail and say so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::sdk::installed;
use crate::support::{TestApp, behaviours};

behaviours!(
    every_described_operation_is_there_and_every_route_is_described,
    an_outside_tool_finds_no_answer_that_is_not_described,
    a_generated_client_lists_organizations_and_accounts,
);

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// How many requests the outside tool makes at least, on each database; `ROLLCALL_TEST_API_FUZZ`
/// asks for more (`make api-fuzz`).
const CASES_MIN: u64 = 1_000;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every described operation: its path, its method and what is said of it.
fn operations(described: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = described["paths"].as_object().expect("paths").iter();
    let all = paths.flat_map(|(path, item)| {
        METHODS.iter().map(move |method| (path.as_str(), *method, &item[*method]))
    });
    all.filter(|(_, _, operation)| operation.is_object()).collect()
}

async fn description(app: &TestApp) -> Value {
    let answer = app.client.get(app.url("/openapi.json")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

#[test]
fn the_committed_description_is_the_one_that_is_made() {
    let committed = std::fs::read_to_string(root().join("docs/openapi.json")).unwrap();
    let committed: Value = serde_json::from_str(&committed).unwrap();
    let made = serde_json::to_value(rollcall::web::openapi::description()).unwrap();
    assert!(committed == made, "run scripts/check-openapi --write");
}

#[test]
fn every_operation_is_described_in_full() {
    let described = serde_json::to_value(rollcall::web::openapi::description()).unwrap();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&described) {
        let at = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{at}: no id"));
        assert!(ids.insert(id), "{at}: the id {id} is taken");
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(summary.ends_with('.') && summary.len() > 10, "{at}: {summary:?}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{at}");
        for (status, response) in responses {
            let about = response["description"].as_str().unwrap_or_default();
            assert!(about.ends_with('.'), "{at} {status}: {about:?}");
            let contents = response["content"].as_object();
            assert!(status == "204" || contents.is_some(), "{at} {status}: no content");
            for content in contents.into_iter().flat_map(|contents| contents.values()) {
                assert!(content["schema"].is_object(), "{at} {status}: no schema");
                let is_shown = !content["example"].is_null();
                assert!(is_shown || !status.starts_with('2'), "{at} {status}: no example");
            }
        }
        if let Some(body) = operation["requestBody"]["content"].as_object() {
            let has_example =
                |content: &Value| !content["example"].is_null() || content["examples"].is_object();
            assert!(body.values().all(has_example), "{at}: no example of a body");
        }
    }
    assert!(ids.len() > 60, "{} operations", ids.len());
}

/// The paths that the sources of the API name, with their parameters' names left out.
fn routes_in_sources() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![(root().join("src/web/api"), "/api/v1")];
    folders.push((root().join("src/web/workos"), ""));
    while let Some((folder, prefix)) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push((path, prefix));
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            // The scopes of the compatible surface stand apart from what is below them.
            for place in text.split("resource(\"").skip(1).filter(|_| !prefix.is_empty()) {
                found.insert(format!("{prefix}{}", place.split('"').next().unwrap()));
            }
        }
    }
    found
}

async fn every_described_operation_is_there_and_every_route_is_described(app: TestApp) {
    let described = description(&app).await;
    let mut methods: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (path, method, _) in operations(&described) {
        methods.entry(path).or_default().insert(method.to_uppercase());
    }
    for (path, described) in &methods {
        let request = app.client.request(Method::OPTIONS, app.url(path));
        let answer = request.bearer_auth(app.key.reveal()).send().await.unwrap();
        let allowed = answer.headers().get("allow").map(|value| value.to_str().unwrap());
        let allowed = allowed.unwrap_or_else(|| panic!("{path} is not there"));
        let allowed: BTreeSet<String> =
            allowed.split(", ").filter(|method| *method != "HEAD").map(str::to_owned).collect();
        assert_eq!(&allowed, described, "{path}");
    }
    let undescribed: Vec<String> = routes_in_sources()
        .into_iter()
        .filter(|path| !methods.contains_key(path.as_str()))
        .collect();
    assert_eq!(undescribed, Vec::<String>::new());
}

/// Starts a program of a set of Python's.
fn python(set: &str, program: &str) -> Command {
    let folder = installed(set).unwrap_or_else(|why| panic!("the set {set}: {why}"));
    Command::new(folder.join("venv/bin").join(program))
}

/// Runs it to its end beside the gateway; what it wrote.
async fn run(mut command: Command) -> String {
    let shown = format!("{command:?}");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let output = output.unwrap_or_else(|error| panic!("{shown}: {error}"));
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{shown}\n{}", text.concat());
    text.concat()
}

async fn an_outside_tool_finds_no_answer_that_is_not_described(app: TestApp) {
    let folder = tempfile::tempdir().unwrap();
    let (config, report) =
        (folder.path().join("schemathesis.toml"), folder.path().join("report.json"));
    std::fs::write(&config, config_for(&app).await).unwrap();
    let (cases_min, per_operation, phases) = match std::env::var_os("ROLLCALL_TEST_API_FUZZ") {
        Some(cases) => {
            let cases: u64 =
                cases.to_string_lossy().parse().expect("ROLLCALL_TEST_API_FUZZ is a number");
            (cases, cases / 25, "examples,coverage,fuzzing")
        }
        None => (CASES_MIN, 24, "examples,fuzzing"),
    };
    let mut command = python("schemathesis", "schemathesis");
    command.arg("--config-file").arg(&config).arg("run").arg(app.url("/openapi.json"));
    command.args(["--header", &format!("Authorization: Bearer {}", app.key.reveal())]);
    command.args(["--checks", CHECKS, "--seed", "1", "--phases", phases, "--continue-on-failure"]);
    command.args(["--max-examples", &per_operation.to_string()]);
    command.args(["--report", "json", "--report-json-path"]).arg(&report);
    command.current_dir(folder.path());
    let said = run(command).await;
    let report: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let cases = report["test_cases"]["generated"].as_u64().unwrap_or_default();
    assert!(cases >= cases_min, "{cases} requests\n{said}");
    assert_eq!(report["operations"]["tested"], report["operations"]["total"], "{said}");
    // With a key that does not work everything would be an answer that is described.
    assert_eq!(report["warnings"]["missing_auth"], json!([]), "{said}");
}

/// What is judged of each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
     response_headers_conformance,response_schema_conformance";

/// Ids that are there, so that the tool comes past the first look-up; what ends something is asked
/// with ids that are not.
async fn config_for(app: &TestApp) -> String {
    let connected = app.connected().await;
    app.drain().await;
    let endpoint = json!({"endpoint_url": "https://app.example/hooks"});
    let endpoint = app.post("/endpoints", endpoint).await.ok()["id"].clone();
    let account = app.accounts(&connected.organization).await[0]["id"].clone();
    let run = app.get(&format!("/directories/{}/runs", connected.directory)).await["data"][0]["id"]
        .clone();
    let first = async |path: &str| {
        let url = app.url(&format!("{path}?directory={}", connected.directory));
        let answer = app.client.get(url).bearer_auth(app.key.reveal()).send().await.unwrap();
        let list: Value = answer.json().await.unwrap();
        list["data"][0]["id"].clone()
    };
    let (user, group) = (first("/directory_users").await, first("/directory_groups").await);
    let organization = json!(connected.organization);
    let directory = json!(connected.directory);
    let there = [
        ("path.organization_id", &organization),
        ("path.directory_id", &directory),
        ("path.account_id", &account),
        ("path.endpoint_id", &endpoint),
        ("path.run_id", &run),
        ("path.user_id", &user),
        ("path.group_id", &group),
        ("query.directory", &directory),
    ];
    let there = there.map(|(name, id)| format!("\"{name}\" = {id}\n")).concat();
    let gone = ["organization_id", "account_id", "directory_id", "endpoint_id"];
    let gone = gone.map(|name| format!("\"path.{name}\" = \"nothing\"\n")).concat();
    let hooks = root().join("tests/sdk/schemathesis/hooks.py");
    let disable = "include-path = \"/api/v1/directories/{directory_id}/disable\"";
    let without = |what: &str| format!("[[operations]]\n{what}\n[operations.parameters]\n{gone}");
    let ending = [without("include-method = \"DELETE\""), without(disable)].concat();
    let hooks = hooks.display();
    format!("hooks = \"{hooks}\"\n[parameters]\n{there}{ending}")
}

async fn a_generated_client_lists_organizations_and_accounts(app: TestApp) {
    let connected = app.connected().await;
    app.drain().await;
    let folder = tempfile::tempdir().unwrap();
    let mut generate = python("openapi-client", "openapi-python-client");
    generate
        .args(["generate", "--meta", "none", "--output-path"])
        .arg(folder.path().join("client"));
    generate.arg("--path").arg(root().join("docs/openapi.json")).current_dir(folder.path());
    run(generate).await;
    let mut list = python("openapi-client", "python");
    list.args(["-c", LISTS, &app.url(""), app.key.reveal(), &connected.organization]);
    list.current_dir(folder.path());
    let listed: Value = serde_json::from_str(&run(list).await).expect("JSON");
    assert_eq!(listed["organizations"], json!([connected.organization]));
    let accounts = app.accounts(&connected.organization).await;
    let mut emails: Vec<&str> =
        accounts.iter().map(|account| account["email"].as_str().unwrap()).collect();
    emails.sort_unstable();
    assert_eq!(listed["emails"], json!(emails));
    assert_eq!(listed["refused"], json!("entity_not_found"));
}

/// A program over the generated client.
const LISTS: &str = r#"
import json, sys
from client import AuthenticatedClient
from client.api.accounts import list_accounts
from client.api.organizations import get_organization, list_organizations
base, key, organization = sys.argv[1:]
client = AuthenticatedClient(base_url=base, token=key)
organizations = list_organizations.sync(client=client).data
emails, after = [], None
while True:
    more = {"after": after} if after else {}
    page = list_accounts.sync(organization, client=client, limit=100, **more)
    emails += [account.email for account in page.data]
    after = page.list_metadata.after
    if not after:
        break
refused = get_organization.sync("org_nothing", client=client)
print(json.dumps({
    "organizations": [one.id for one in organizations], "emails": sorted(emails),
    "refused": refused.code,
}))
"#;
