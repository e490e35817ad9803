//! The sandbox HRworks over HTTP, as a client meets it.
//!
//! Long because each call of the HR system is tried with its refusals, over one running sandbox.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::civil::date;
use serde_json::{Value, json};

use super::*;
use crate::clock::{ManualClock, Timestamp};
use crate::sandbox::testing::{self, Got};
use crate::sandbox::{CANARIES, Edit, Hire, Leave, NextAnswers, RestAnswer, Sandbox, Standing};

/// Half past eleven in the evening of 1 July 2026 in Berlin, which has summer time.
const NOW: Timestamp = Timestamp(1_782_941_400_000);

struct World {
    sandbox: Sandbox,
    clock: Arc<ManualClock>,
    client: reqwest::Client,
    pair: HrworksKeyPair,
    token: String,
    no_cache: bool,
}

impl Got {
    fn link(&self) -> Option<&str> {
        self.header("link")
    }

    /// The HTTP status and the `type` of an error.
    fn error(&self) -> (u16, String) {
        let value = self.json();
        assert_eq!(value["errorCode"], self.http);
        assert!(value["errorMessage"].is_string() && value["additionalErrors"].is_array());
        (self.http, value["type"].as_str().unwrap().to_owned())
    }
}

fn error(http: u16, error_type: &str) -> (u16, String) {
    (http, error_type.to_owned())
}

impl World {
    async fn of(people: usize) -> Self {
        let (sandbox, clock, client) = testing::start_at(NOW, people).await;
        let pair = sandbox.hrworks().create_key_pair(HrworksPermission::USUAL);
        let (token, no_cache) = (String::new(), true);
        let mut world = Self { sandbox, clock, client, pair, token, no_cache };
        world.log_in().await;
        world
    }

    fn hr(&self) -> &Hrworks {
        self.sandbox.hrworks()
    }

    async fn log_in(&mut self) {
        let keys = json!({
            "accessKey": self.pair.access_key,
            "secretAccessKey": self.pair.secret_access_key,
        });
        let got = self.authenticate(&keys.to_string()).await;
        assert_eq!(got.http, 200, "{}", got.text);
        assert_eq!(got.json().as_object().unwrap().len(), 1);
        self.token = got.json()["token"].as_str().unwrap().to_owned();
    }

    async fn authenticate(&self, body: &str) -> Got {
        let url = format!("{}/authentication", self.sandbox.hrworks_base_url());
        Got::from(self.client.post(url).body(body.to_owned())).await
    }

    async fn get(&self, path: &str) -> Got {
        self.get_as(path, Some(&format!("Bearer {}", self.token))).await
    }

    async fn get_as(&self, path: &str, authorization: Option<&str>) -> Got {
        let url = format!("{}{path}", self.sandbox.hrworks_base_url());
        let mut request = self.client.get(url);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        if self.no_cache {
            request = request.header("cache-control", "no-cache");
        }
        Got::from(request).await
    }

    async fn people(&self, query: &str) -> Vec<Value> {
        let mut all = Vec::new();
        for page in 1.. {
            let path = format!("/persons/master-data?page={page}{query}");
            let got = self.get(&path).await;
            assert_eq!(got.http, 200, "{}", got.text);
            all.extend(got.json()["persons"].as_array().unwrap().clone());
            if !got.link().is_some_and(|link| link.contains("rel=\"next\"")) {
                return all;
            }
        }
        all
    }

    async fn one(&self, uuid: &str) -> Got {
        self.get(&format!("/persons/{uuid}/master-data?personIdentifierType=uuid")).await
    }

    async fn control(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/_sandbox/hrworks{path}", self.sandbox.base_url());
        testing::control(&self.client, method, url, body).await
    }

    fn quirks(&self, change: impl FnOnce(&mut HrworksQuirks)) {
        let mut faults = HrworksFaults::default();
        change(&mut faults.quirks);
        self.hr().set_faults(faults);
    }

    fn uuid(&self, number: usize) -> String {
        self.hr().people()[number].unique_key.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_pair_gets_a_token_that_lives_a_quarter_of_an_hour() {
    let mut world = World::of(20).await;
    let HrworksKeyPair { access_key, secret_access_key, .. } = world.pair.clone();
    assert_eq!((access_key.len(), secret_access_key.len()), (20, 40));
    assert!(access_key.contains('/') && access_key.contains('+'));
    let text = format!("Access Key: {access_key}\r\nSecret Access Key: {secret_access_key}\r\n");
    assert_eq!(world.pair.text(), text);
    for (body, expected) in [
        ("nonsense".to_owned(), error(400, "InvalidPayloadError")),
        (json!({ "accessKey": access_key }).to_string(), error(400, "MissingParameterError")),
        (
            json!({ "accessKey": 7, "secretAccessKey": "x" }).to_string(),
            error(400, "InvalidParameterTypeError"),
        ),
        (
            json!({ "accessKey": access_key, "secretAccessKey": "x" }).to_string(),
            error(403, "InvalidCredentialsError"),
        ),
    ] {
        assert_eq!(world.authenticate(&body).await.error(), expected, "{body}");
    }
    let parts: Vec<&str> = world.token.split('.').collect();
    assert_eq!(parts.len(), 3);
    assert!(parts[1].contains(['_', '-']) && !world.token.contains(['+', '/', '=']));
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    assert_eq!(claims["exp"], NOW.0 / 1_000 + 900);

    assert_eq!(
        (world.get("/health-check").await.http, world.get("/health-check").await.text),
        (200, String::new())
    );
    world.clock.advance(900_000 - 1);
    assert_eq!(world.get("/health-check").await.http, 200);
    world.clock.advance(1);
    assert_eq!(world.get("/health-check").await.error(), error(401, "InvalidBearerTokenError"));
    world.quirks(|quirks| quirks.token_error_status = 403);
    assert_eq!(world.get("/persons").await.error(), error(403, "InvalidBearerTokenError"));
    world.quirks(|quirks| quirks.token_seconds = 1);
    world.log_in().await;
    assert_eq!(world.get("/health-check").await.http, 200);
    world.clock.advance(1_000);
    assert_eq!(world.get("/health-check").await.http, 401);
    world.log_in().await;
    world.hr().expire_tokens();
    assert_eq!(world.get("/health-check").await.http, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn access_is_refused_by_type() {
    let mut world = World::of(20).await;
    let path = "/health-check";
    let missing = error(401, "MissingAuthorizationHeaderError");
    assert_eq!(world.get_as(path, None).await.error(), missing);
    let malformed = error(401, "MalformedAuthorizationHeaderError");
    assert_eq!(world.get_as(path, Some("Basic eA==")).await.error(), malformed);
    let invalid = error(401, "InvalidBearerTokenError");
    assert_eq!(world.get_as(path, Some("Bearer x.y.z")).await.error(), invalid);
    for path in ["/nothing", "/persons/a/b", "/authentication"] {
        assert_eq!(world.get(path).await.error(), error(404, "InvalidEndpointError"), "{path}");
    }
    assert_eq!(world.get_as("/", None).await.http, 200);

    let denied = error(403, "PermissionDeniedError");
    for path in ["/cost-objects/cost-centers", "/webhooks"] {
        assert_eq!(world.get(path).await.error(), denied, "{path}");
    }
    let few = [HrworksPermission::MasterData];
    assert!(world.hr().set_permissions(&world.pair.access_key, &few));
    assert_eq!(world.get("/persons/master-data").await.http, 200);
    for path in ["/persons", "/organization-units", "/permanent-establishments"] {
        assert_eq!(world.get(path).await.error(), denied, "{path}");
    }
    world.quirks(|quirks| quirks.permission_error_status = 401);
    assert_eq!(world.get("/persons").await.error(), error(401, "PermissionDeniedError"));
    world.quirks(|quirks| quirks.customer_unknown = true);
    let keys = json!({
        "accessKey": world.pair.access_key,
        "secretAccessKey": world.pair.secret_access_key,
    })
    .to_string();
    let unknown = error(403, "InvalidCustomerNumberError");
    assert_eq!(world.authenticate(&keys).await.error(), unknown);
    world.quirks(|_| {});
    assert!(world.hr().remove_key_pair(&world.pair.access_key));
    assert!(!world.hr().remove_key_pair(&world.pair.access_key));
    assert_eq!(world.get(path).await.error(), invalid);
    let refused = error(403, "InvalidCredentialsError");
    assert_eq!(world.authenticate(&keys).await.error(), refused);
    world.pair = world.hr().create_key_pair(&[HrworksPermission::Webhooks]);
    world.log_in().await;
    assert_eq!(world.get("/webhooks").await.json(), json!({ "webhooks": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn master_data_comes_in_pages_of_fifty_without_those_who_are_gone() {
    let world = World::of(160).await;
    let base = world.sandbox.hrworks_base_url();
    let all = world.people("&onlyActive=false").await;
    assert_eq!(all.len(), 160);
    let gone = all.iter().filter(|one| one["isActive"] == false).count();
    assert_eq!((gone, world.people("").await.len()), (6, 154));
    let first = world.get("/persons/master-data/?onlyActive=false&pageSize=7").await;
    assert_eq!(first.json()["persons"].as_array().unwrap().len(), 50);
    // The other parameters are not in the links.
    let link = format!(
        "<{base}/persons/master-data/?page=2>; rel=\"next\", \
         <{base}/persons/master-data/?page=4>; rel=\"last\""
    );
    assert_eq!(first.link(), Some(link.as_str()));
    let last = world.get("/persons/master-data?onlyActive=false&page=4").await;
    assert_eq!(last.link().unwrap().matches("rel=").count(), 1);
    assert_eq!(last.json()["persons"].as_array().unwrap().len(), 10);
    let behind = world.get("/persons/master-data?onlyActive=false&page=5").await;
    assert_eq!((behind.link(), behind.text.as_str()), (None, r#"{"persons":[]}"#));
    world.quirks(|quirks| quirks.links_keep_parameters = true);
    let kept = world.get("/persons/master-data?onlyActive=false").await;
    assert!(kept.link().unwrap().contains("?page=2&onlyActive=false>"));
    world.quirks(|quirks| quirks.next_link = NextLink::SamePage);
    let same = world.get("/persons/master-data?page=2").await;
    assert!(
        same.link()
            .unwrap()
            .starts_with(&format!("<{base}/persons/master-data?page=2>; rel=\"next\""))
    );
    world.quirks(|quirks| quirks.next_link = NextLink::FirstPage);
    let cycle = world.get("/persons/master-data?page=4").await;
    assert!(cycle.link().unwrap().ends_with("?page=1>; rel=\"next\""));

    let (one, two) = (&all[3], &all[14]);
    for form in [
        format!("persons={}&persons={}", one["uuid"], two["uuid"]).replace('"', ""),
        format!("persons=[{},{}]", one["uuid"], two["uuid"]).replace('"', ""),
    ] {
        let path = format!("/persons/master-data?personIdentifierType=uuid&{form}");
        let got = world.get(&path).await.json();
        assert_eq!(got["persons"], json!([one, two]), "{form}");
    }
    let by_id = format!("/persons/master-data?persons={}", one["personId"]).replace('"', "");
    assert_eq!(world.get(&by_id).await.json()["persons"][0], *one);
    for (query, expected) in [
        ("page=0", "InvalidParameterError"),
        ("page=x", "InvalidParameterError"),
        ("onlyActive=maybe", "InvalidParameterTypeError"),
        ("personIdentifierType=shoe", "InvalidParameterError"),
        ("persons=nobody", "InvalidParameterError"),
    ] {
        let got = world.get(&format!("/persons/master-data?{query}")).await;
        assert_eq!(got.error(), error(400, expected), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_found_by_any_identifier_and_gone_as_a_wrong_parameter() {
    let world = World::of(60).await;
    let people = world.people("&onlyActive=false").await;
    let person = &people[8];
    let text = |key: &str| person[key].as_str().unwrap().to_owned();
    for (kind, name) in [
        ("", text("personnelNumber")),
        ("?personIdentifierType=personId", text("personId")),
        ("?personIdentifierType=personLicenseNumber", text("personLicenseNumber")),
        ("?personIdentifierType=uuid", text("uuid")),
    ] {
        assert_eq!(world.get(&format!("/persons/{name}/master-data{kind}")).await.json(), *person);
        let base = world.get(&format!("/persons/{name}{kind}")).await.json();
        assert_eq!((&base["uuid"], base.get("email")), (&person["uuid"], None));
    }
    assert!(text("personnelNumber").starts_with('0'));
    // Who is gone is still answered; who was deleted is not.
    let leaver = people.iter().find(|one| one["isActive"] == false).unwrap();
    let leaver = leaver["uuid"].as_str().unwrap();
    assert_eq!(world.one(leaver).await.json()["isActive"], false);
    world.hr().delete(leaver).unwrap();
    let deleted = world.one(leaver).await;
    assert_eq!(deleted.error(), error(400, "InvalidParameterError"));
    let detail = &deleted.json()["additionalErrors"][0];
    assert_eq!(detail["errorMessage"], format!("Person {leaver} does not exist."));
    assert_eq!(world.people("&onlyActive=false").await.len(), 59);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_given_again_unless_that_is_forbidden() {
    let mut world = World::of(20).await;
    let name = |got: Got| got.json()["lastName"].as_str().unwrap().to_owned();
    let uuid = world.uuid(3);
    world.no_cache = false;
    let before = name(world.one(&uuid).await);
    let edit = Edit { last_name: Some("Neu".into()), ..Edit::default() };
    world.hr().edit(&uuid, &edit).unwrap();
    assert_eq!(name(world.one(&uuid).await), before);
    world.no_cache = true;
    assert_eq!(name(world.one(&uuid).await), "Neu");
    world.no_cache = false;
    assert_eq!(name(world.one(&uuid).await), "Neu");
    let edit = Edit { last_name: Some("Neuer".into()), ..Edit::default() };
    world.hr().edit(&uuid, &edit).unwrap();
    assert_eq!(name(world.one(&uuid).await), "Neu");
    world.clock.advance(300_000);
    assert_eq!(name(world.one(&uuid).await), "Neuer");
    let calls = world.hr().calls();
    assert_eq!(calls[0].path, "/authentication");
    assert_eq!(
        (calls[1].cache_control.as_deref(), calls[3].cache_control.as_deref()),
        (None, Some("no-cache"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_admin_sets_somebody_to_gone() {
    let world = World::of(60).await;
    let people = world.people("&onlyActive=false").await;
    // The leaving date has passed, and nobody has set the person to gone yet.
    assert_eq!(
        (&people[31]["isActive"], world.hr().people()[31].standing),
        (&json!(true), Standing::Left)
    );
    assert!(people[31]["leaveDate"].as_str().unwrap() < "2026-07-01");
    assert!(people[13]["leaveDate"].as_str().unwrap() > "2026-07-01");
    assert!(people[12]["joinDate"].as_str().unwrap() > "2026-07-01");
    let leave = |immediately| Leave {
        leaving_date: date(2026, 7, 1),
        immediately,
        blank_email: false,
        reason: String::new(),
    };
    let (one, two) = (world.uuid(3), world.uuid(4));
    world.hr().leave(&one, &leave(false)).unwrap();
    world.hr().leave(&two, &leave(true)).unwrap();
    assert!(world.hr().current_ids().contains(&one) && !world.hr().current_ids().contains(&two));
    world.clock.advance(31 * Timestamp::MINUTE);
    // Midnight in Berlin has passed; in London it has not.
    assert!(!world.hr().current_ids().contains(&one));
    assert_eq!(world.hr().today(), date(2026, 7, 2));
    let mut world = world;
    world.log_in().await;
    let seen = world.one(&one).await.json();
    assert_eq!((&seen["isActive"], &seen["leaveDate"]), (&json!(true), &json!("2026-07-01")));
    assert_eq!(world.one(&two).await.json()["isActive"], false);
    world.hr().set_gone(&one, true).unwrap();
    assert_eq!(world.one(&one).await.json()["isActive"], false);
    world.hr().rehire(&one).unwrap();
    let seen = world.one(&one).await.json();
    assert_eq!((&seen["isActive"], seen.get("leaveDate")), (&json!(true), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_nested_and_a_deactivated_one_is_only_with_its_people() {
    let world = World::of(60).await;
    let units = world.get("/organization-units").await.json()["organizationUnits"].clone();
    let units = units.as_array().unwrap();
    assert_eq!((units.len(), &units[0]["number"]), (8, &json!("1")));
    assert!(units[0].get("parentOrganizationUnit").is_none());
    let third = &units[3];
    assert_eq!(third["parentOrganizationUnit"]["number"], "20");
    assert_eq!(third["parentOrganizationUnit"]["parentOrganizationUnit"]["number"], "1");
    let path = format!("/organization-units/{}", third["uuid"].as_str().unwrap());
    assert_eq!(world.get(&path).await.json(), *third);
    let missing = world.get("/organization-units/x").await;
    assert_eq!(missing.error(), error(400, "InvalidParameterError"));
    let name = third["name"].as_str().unwrap();
    let by_unit = |got: Got| got.json().as_object().unwrap().clone();
    let before = by_unit(world.get("/persons?onlyActive=false").await);
    let member = before["30"][0]["uuid"].as_str().unwrap().to_owned();
    world.hr().set_department_active(name, false).unwrap();
    let listed = world.get("/organization-units").await.text;
    assert!(!listed.contains(&format!("\"name\":\"{name}\"")));
    assert_eq!(world.one(&member).await.json()["organizationUnit"], *third);
    assert!(!by_unit(world.get("/persons").await).contains_key("30"));
    let every = "/persons?onlyActive=false&onlyActiveOrganizationUnits=false&identifierType=uuid";
    let every = by_unit(world.get(every).await);
    assert!(every.contains_key(third["uuid"].as_str().unwrap()));
    assert_eq!(every.values().map(|people| people.as_array().unwrap().len()).sum::<usize>(), 60);
    let some = by_unit(world.get("/persons?organizationUnits=10&organizationUnits=20").await);
    assert_eq!(some.keys().collect::<Vec<_>>(), ["10", "20"]);

    let offices = world.get("/permanent-establishments").await.json();
    let office = &offices["permanentEstablishments"][0];
    assert_eq!((&office["id"], office["number"].as_str().unwrap().len()), (&json!("1"), 8));
    assert_eq!(world.get("/permanent-establishments/1").await.json(), *office);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_as_the_vendor_writes_them_and_private_values_are_marked() {
    let world = World::of(60).await;
    let people = world.people("&onlyActive=false").await;
    assert!(people[0].get("superior").is_none());
    assert!(
        people[44].get("email").is_none() && people[44].get("title").is_none_or(Value::is_string)
    );
    let person = &people[7];
    assert_eq!(person["superior"]["uuid"].as_str(), world.hr().people()[7].reports_to.as_deref());
    let history = person["historicizedData"]["employment"].as_array().unwrap();
    assert!(history[1]["beginDate"].as_str().unwrap() > "2026-07-01");
    assert_ne!(history[1]["data"]["position"], person["position"]);
    assert!(person["Kleidergröße"].is_string() && person["2026"] == "x");
    for person in &people {
        let text = person.to_string();
        let marks = CANARIES.iter().filter(|canary| text.contains(**canary)).count();
        assert!(marks >= 14, "{marks}");
        assert_eq!(person["organizationUnitUuid"], person["organizationUnit"]["uuid"]);
    }
    let others = ["/persons", "/organization-units", "/permanent-establishments"];
    for path in others {
        let text = world.get(path).await.text;
        assert!(!CANARIES.iter().any(|canary| text.contains(canary)), "{path}");
    }
    world.quirks(|quirks| {
        quirks.unset = Unset::Null;
        quirks.custom_fields = false;
        quirks.omit_unit_uuid = true;
    });
    let people = world.people("&onlyActive=false").await;
    assert_eq!(
        (people[44].get("email"), people[0].get("superior")),
        (Some(&Value::Null), Some(&Value::Null))
    );
    assert!(people[7].get("Arbeitsort").is_none());
    assert!(people[7]["organizationUnit"].get("uuid").is_none());
    world.quirks(|quirks| quirks.unset = Unset::Empty);
    assert_eq!(world.people("&onlyActive=false").await[44]["email"], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_answers_are_as_odd_as_asked_for() {
    let world = World::of(30).await;
    let good = world.get("/persons/master-data").await.text;
    let by_type =
        |http, error_type: &str| RestAnswer::Error { http, error_type: error_type.into() };
    for (answer, http, part, is_json) in [
        (RestAnswer::Throttled, 429, "<html>", false),
        (by_type(302, "InvalidBearerTokenError"), 302, "InvalidBearerTokenError", true),
        (by_type(200, "PermissionDeniedError"), 200, "PermissionDeniedError", true),
        (by_type(418, "InternalServerError"), 418, "\"errorCode\":418", true),
        (RestAnswer::EmptyBody { http: 403 }, 403, "", false),
        (RestAnswer::Html { http: 502 }, 502, "Bad Gateway", false),
        (RestAnswer::EmptyList, 200, r#"{"persons":[]}"#, true),
        (RestAnswer::EmptyObject, 200, "{}", true),
        (RestAnswer::TruncatedJson, 200, "\"firstName\"", false),
        (RestAnswer::MalformedJson, 200, "persons", false),
    ] {
        let next = Some(NextAnswers { count: 1, answer: answer.clone() });
        let only = Some(HrworksEndpoint::MasterData);
        world.hr().set_faults(HrworksFaults { next, only, ..HrworksFaults::default() });
        assert_eq!(world.get("/organization-units").await.http, 200);
        let got = world.get("/persons/master-data").await;
        assert_eq!(got.http, http, "{answer:?}");
        assert!(got.text.contains(part), "{answer:?}: {}", got.text);
        assert_eq!(serde_json::from_str::<Value>(&got.text).is_ok(), is_json, "{answer:?}");
        assert!(got.text.len() < good.len() * 2 / 3);
        assert_eq!(world.get("/persons/master-data").await.text, good);
    }
    let faults = HrworksFaults {
        throttle_per_minute: Some(2),
        retry_after_seconds: Some(30),
        ..HrworksFaults::default()
    };
    world.hr().set_faults(faults);
    assert_eq!(world.get("/persons").await.http, 200);
    assert_eq!(world.get("/persons").await.http, 200);
    let refused = world.get("/persons").await;
    assert_eq!((refused.http, refused.header("retry-after")), (429, Some("30")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_can_go_in_the_middle() {
    let world = World::of(120).await;
    let always = RestAnswer::Error { http: 403, error_type: "PermissionDeniedError".into() };
    let only = Some(HrworksEndpoint::MasterData);
    let always = Some(always);
    world.hr().set_faults(HrworksFaults { always, only, let_pass: 1, ..HrworksFaults::default() });
    assert_eq!(world.get("/persons/master-data?page=1").await.http, 200);
    let denied = error(403, "PermissionDeniedError");
    assert_eq!(world.get("/persons/master-data?page=2").await.error(), denied);
    assert_eq!(world.get("/organization-units").await.http, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_routes_do_what_the_methods_do() {
    let world = World::of(20).await;
    let ann = json!({"first_name": "Ann", "last_name": "Lee", "email": "ann@customer.example"});
    let (status, hired) = world.control("POST", "/people", ann.clone()).await;
    let person = &hired["person"];
    assert_eq!((status, &person["employee_id"]), (201, &json!("01021")));
    let uuid = person["unique_key"].as_str().unwrap();
    assert_eq!(world.one(uuid).await.json()["email"], "ann@customer.example");
    // Two people with one address are possible here.
    assert_eq!(world.control("POST", "/people", ann).await.0, 201);
    let path = |rest: &str| format!("/people/{uuid}{rest}");
    let edit = json!({"position": "x"});
    assert_eq!(world.control("PATCH", &path(""), edit).await.0, 422);
    let edit = json!({"job_role": "Pilotin"});
    assert_eq!(world.control("PATCH", &path(""), edit).await.0, 200);
    assert_eq!(world.control("PUT", &path("/gone"), json!({"gone": true})).await.0, 200);
    let name = json!({"name": "ann.lee"});
    assert_eq!(world.control("PUT", &path("/log-in-name"), name).await.0, 200);
    let seen = world.one(uuid).await.json();
    assert_eq!((&seen["position"], &seen["isActive"]), (&json!("Pilotin"), &json!(false)));
    assert_eq!(seen["personId"], "ann.lee");
    let taken = world.hr().set_log_in_name(&world.uuid(1), "ann.lee").unwrap_err();
    assert!(taken.to_string().starts_with("log_in_name: "));
    let off = json!({"name": "Vertrieb", "active": false});
    assert_eq!(world.control("PUT", "/departments/active", off).await.0, 204);

    let body = json!({"permissions": ["persons"]});
    let (status, pair) = world.control("POST", "/key-pairs", body).await;
    assert_eq!((status, &pair["permissions"]), (201, &json!(["persons"])));
    let key = pair["access_key"].as_str().unwrap().replace('/', "%2F").replace('+', "%2B");
    let route = format!("/key-pairs/{key}");
    assert_eq!(world.control("PUT", &route, json!({"permissions": ["general"]})).await.0, 204);
    assert_eq!(world.hr().key_pairs()[1].permissions, [HrworksPermission::General]);
    assert_eq!(world.control("DELETE", &route, json!({})).await.0, 204);
    assert_eq!(world.control("DELETE", &route, json!({})).await.0, 404);
    assert_eq!(world.control("DELETE", "/cache", json!({})).await.0, 204);
    assert_eq!(world.control("DELETE", "/tokens", json!({})).await.0, 204);
    assert_eq!(world.get("/persons").await.http, 401);
    let wrong = json!({"quirks": {"token_error_status": 7}});
    assert_eq!(world.control("PUT", "/faults", wrong).await.0, 422);
    let faults = json!({"quirks": {"token_seconds": 60}, "only": "master_data"});
    assert_eq!(world.control("PUT", "/faults", faults).await.0, 200);
    assert_eq!(world.hr().faults().quirks.token_seconds, 60);
    let index = world.client.get(format!("{}/_sandbox", world.sandbox.base_url()));
    let index: Value = index.send().await.unwrap().json().await.unwrap();
    for system in ["people_hr", "breathe_hr", "hrworks"] {
        assert!(index[system]["routes"].as_array().unwrap().len() > 15, "{system}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_settings_make_the_same_company() {
    let (one, two) = (World::of(40).await, World::of(40).await);
    assert_eq!(one.hr().people(), two.hr().people());
    assert_eq!(one.people("").await, two.people("").await);
    assert_eq!(one.pair, two.pair);
    let hire = |email: &str| Hire {
        first_name: "Ann".into(),
        last_name: "Lee".into(),
        email: Some(email.into()),
        reports_to: Some(one.uuid(2)),
        ..Hire::default()
    };
    let ann = one.hr().hire(&hire("ann@customer.example")).unwrap();
    assert_eq!(ann.reports_to, Some(one.uuid(2)));
    let wrong = Hire { reports_to: Some("x".into()), ..hire("b@customer.example") };
    let wrong = one.hr().hire(&wrong).unwrap_err().to_string();
    assert_eq!(wrong, "reports_to: nobody has the uuid \"x\"");
}
