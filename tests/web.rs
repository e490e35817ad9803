//! The routes over a real socket and a real SQLite file.
//!
//! Long because one server is started and asked about all its routes.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test program may stop at the first surprise"
)]

use std::net::TcpListener;
use std::sync::Arc;

use serde_json::{Value, json};

use rollcall::clock::{Clock, ManualClock, Random, SeededRandom, Timestamp};
use rollcall::db::api_keys::{self, ApiKey};
use rollcall::db::directories::{self, Directory, FailingColumns};
use rollcall::db::links::{self, Link};
use rollcall::db::types::Json;
use rollcall::db::{Db, DbError, Lane, Place, clearing, directory_users};
use rollcall::domain::directory::{DirectoryState, InactivePolicy, Relink};
use rollcall::domain::guard::GuardLimits;
use rollcall::domain::ids::{ApiKeyId, DirectoryId, OrganizationId};
use rollcall::domain::provider::ProviderKind;
use rollcall::limits;
use rollcall::providers::{CallGate, Connect, Credential, Provider};
use rollcall::secret::{Keys, SealingKey};
use rollcall::sync::{Context, Pace};
use rollcall::tasks::Activators;
use rollcall::web::http::state::AppState;

struct NoHrSystem;

impl Connect for NoHrSystem {
    fn connect(
        &self,
        _kind: ProviderKind,
        _credential: &Credential,
        _gate: Arc<dyn CallGate>,
    ) -> Option<Box<dyn Provider>> {
        None
    }
}

const KEY: &str = "sk_live_test";
const TOKEN: &str = "a-token-that-must-not-be-shown";

struct Server {
    base: String,
    state: AppState,
    client: reqwest::Client,
    _folder: tempfile::TempDir,
}

struct Reply {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {:?}", self.text))
    }

    fn problem(&self, status: u16, code: &str) -> Value {
        self.problem_as("application/problem+json", status, code)
    }

    fn problem_as(&self, content_type: &str, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!((self.status, body["code"].as_str()), (status, Some(code)), "{body}");
        assert_eq!(self.headers["content-type"], content_type);
        assert_eq!(body["request_id"], self.headers["x-request-id"].to_str().unwrap());
        body
    }
}

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&Place::Sqlite(folder.path().join("web.db"))).unwrap();
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(5));
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(1_700_000_000_000)));
        let key = || SealingKey::generate(random.as_ref());
        let keys = Keys { sealing: key(), lookup: key(), record: key() };
        let row = ApiKey {
            id: ApiKeyId::from_text("key_1"),
            name: "test".to_owned(),
            key_hash: keys.lookup.lookup_hash(KEY),
            last4: "test".to_owned(),
            created_at_ms: clock.now(),
            revoked_at_ms: None,
        };
        let stored = db.write(Lane::Urgent, move |tx| api_keys::insert(tx, &row)).await;
        stored.unwrap();
        let pace = Pace {
            poll_seconds_default: 1_800,
            calls_per_minute: vec![
                (ProviderKind::PeopleHr, 25),
                (ProviderKind::BreatheHr, 40),
                (ProviderKind::Hrworks, 60),
            ],
            shared_calls_per_minute: Vec::new(),
        };
        let context = Context {
            db,
            clock,
            trust: Arc::new(rollcall::domain::trust::Trust::Always),
            random,
            keys: Arc::new(keys),
            connect: Arc::new(NoHrSystem),
            public_url: "http://127.0.0.1".into(),
            sends_mail: false,
            pace: Arc::new(pace),
            guard: GuardLimits { min_count: 5, share: 0.10, max_count: 100 },
        };
        let activators = Activators::default();
        let state = AppState::new(context, activators, false, rollcall::web::problem_page);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let served = state.clone();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                rollcall::web::serve(served, listener, 1, 20_000).unwrap().await
            })
        });
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "a test talks to its own server")]
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { base, state, client, _folder: folder }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Reply { status, headers, text: answer.text().await.unwrap() }
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(KEY)
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(self.request("GET", path)).await
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> Reply {
        // No content type on purpose: it is not needed.
        self.send(self.request(method, path).body(body.to_string())).await
    }

    async fn organization(&self) -> String {
        let made = self.call("POST", "/api/v1/organizations", &json!({"name": "Acme"})).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()["id"].as_str().unwrap().to_owned()
    }

    /// An active directory with a known webhook token.
    async fn directory(&self, organization: &str) -> DirectoryId {
        let (id, now) = (DirectoryId::from_text("directory_1"), self.state.now());
        let organization_id = OrganizationId::from_text(organization);
        let row = Directory {
            id: id.clone(),
            open_key: Some(Directory::open_key_of(&organization_id, ProviderKind::PeopleHr)),
            organization_id,
            provider: ProviderKind::PeopleHr,
            name: "People HR".to_owned(),
            state: DirectoryState::Active,
            strict: false,
            poll_seconds: 1_800,
            inactive_policy: InactivePolicy::Keep,
            relink: Relink::Ledger,
            external_key: "x".to_owned(),
            webhook_token_hash: Some(self.state.context.keys.lookup.lookup_hash(TOKEN)),
            webhook_token_sealed: None,
            credential_sealed: None,
            credential_last4: Some("2a3b".to_owned()),
            credential_checked_at_ms: Some(now),
            missing_permissions: Json(Vec::new()),
            credential_generation: 1,
            tenant_key: None,
            company_generation: 0,
            credential_tenant_key: None,
            observation_seq: 0,
            next_sync_at_ms: Some(now.plus(Timestamp::DAY)),
            last_success_at_ms: None,
            failing: FailingColumns::default(),
            silent_since_ms: None,
            activated_at_ms: None,
            disabled_at_ms: None,
            clearing_since_ms: None,
            created_at_ms: now,
            updated_at_ms: now,
        };
        self.write(move |tx| directories::insert(tx, &row)).await;
        id
    }

    async fn write(
        &self,
        work: impl FnOnce(&mut rollcall::db::Tx<'_>) -> Result<(), DbError> + Send + 'static,
    ) {
        self.state.context.db.write(Lane::Urgent, work).await.unwrap();
    }

    async fn waiting_hints(&self) -> i64 {
        let id = DirectoryId::from_text("directory_1");
        let db = &self.state.context.db;
        db.read(move |conn| rollcall::db::inbox::waiting_count(conn, &id)).await.unwrap()
    }
}

#[tokio::test]
async fn every_refusal_is_a_problem_with_a_request_id() {
    let server = Server::start().await;
    let bare = server.client.get(format!("{}/api/v1/organizations", server.base));
    server.send(bare).await.problem(401, "unauthorized");
    let wrong = server.client.get(format!("{}/api/v1/organizations", server.base));
    server.send(wrong.bearer_auth("sk_live_other")).await.problem(401, "unauthorized");
    // Who asks for what is not there may be a WorkOS SDK.
    server.get("/nothing/here").await.problem_as("application/json", 404, "unknown_route");
    server.get("/api/v1/nothing").await.problem(404, "unknown_route");
    let put = server.call("PUT", "/api/v1/organizations", &json!({})).await;
    put.problem(405, "method_not_allowed");
    assert!(put.headers.contains_key("allow"));
    let big = "x".repeat(limits::API_BODY_BYTES_MAX + 1);
    let big = server.send(server.request("POST", "/api/v1/organizations").body(big)).await;
    big.problem(413, "body_too_large");
    let broken = server.request("POST", "/api/v1/organizations").body("{\"name\": }");
    let broken = server.send(broken).await.problem(400, "malformed_json");
    assert!(broken["detail"].as_str().unwrap().contains("line 1, column 10"), "{broken}");
    server.get("/api/v1/accounts/a%00b").await.problem(404, "unknown_route");
    let nul = server.get("/api/v1/organizations?external_id=a%00b").await;
    nul.problem(422, "invalid_request_parameters");
    let long = server.get("/api/v1/organizations?limit=101").await;
    assert_eq!(long.problem(422, "invalid_request_parameters")["errors"][0]["field"], "limit");
    for path in ["/livez", "/readyz"] {
        assert_eq!(server.get(path).await.status, 200);
    }
}

#[tokio::test]
async fn organizations_and_admins_live_and_are_listed() {
    let server = Server::start().await;
    let id = server.organization().await;
    let found = server.get(&format!("/api/v1/organizations/{id}")).await.json();
    assert_eq!(found["time_zone"], "Europe/London");
    assert_eq!(found["allowed_providers"], json!(["people_hr", "breathe_hr", "hrworks"]));
    assert_eq!(found["created_at"], "2023-11-14T22:13:20.000Z");
    let path = format!("/api/v1/organizations/{id}");
    let body = json!({"time_zone": "Europe/Berlin", "external_id": "acme"});
    assert_eq!(server.call("PATCH", &path, &body).await.json()["time_zone"], "Europe/Berlin");
    let twin = json!({"name": "Twin", "external_id": "acme"});
    let twin = server.call("POST", "/api/v1/organizations", &twin).await;
    twin.problem(409, "external_id_taken");
    let body = json!({"nmae": "x"});
    let wrong = server.call("POST", "/api/v1/organizations", &body).await;
    let wrong = wrong.problem(422, "invalid_request_parameters");
    let codes: Vec<_> = wrong["errors"].as_array().unwrap().iter().map(|e| &e["code"]).collect();
    assert_eq!(codes, ["required", "unknown_member"]);
    let admins = format!("{path}/admins");
    let body = json!({"email": "Ann@Example.com", "name": "Ann"});
    let admin = server.call("POST", &admins, &body).await;
    assert_eq!(admin.status, 201);
    server.call("POST", &admins, &body).await.problem(409, "email_taken");
    assert_eq!(server.get(&admins).await.json()["data"].as_array().unwrap().len(), 1);
    let one = format!("{admins}/{}", admin.json()["id"].as_str().unwrap());
    assert_eq!(server.send(server.request("DELETE", &one)).await.status, 204);
    server.send(server.request("DELETE", &one)).await.problem(404, "entity_not_found");
    server.directory(&id).await;
    server.send(server.request("DELETE", &path)).await.problem(409, "organization_in_use");
}

#[tokio::test]
async fn a_08_and_s_10_accounts_keep_their_rules() {
    let server = Server::start().await;
    let organization = server.organization().await;
    let list = format!("/api/v1/organizations/{organization}/accounts");
    let body = json!({"email": "Ann@Example.com", "department": "Sales", "protected": true});
    let made = server.call("POST", &list, &body).await;
    assert_eq!((made.status, made.json()["version"].as_i64()), (201, Some(1)), "{}", made.text);
    server
        .call("POST", &list, &json!({"email": "ann@example.COM"}))
        .await
        .problem(409, "email_taken");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let one = format!("/api/v1/accounts/{id}");
    let same = server.call("PATCH", &one, &json!({"department": "sales"})).await.json();
    assert_eq!((same["version"].as_i64(), &same["department"]), (Some(1), &json!("Sales")));
    let changed = json!({"first_name": "Ann", "start_date": "2024-02-29"});
    assert_eq!(server.call("PATCH", &one, &changed).await.json()["version"], 2);
    let wrong = server.call("PATCH", &one, &json!({"start_date": "2023-02-29"})).await;
    wrong.problem(422, "invalid_request_parameters");
    let found = server.get(&format!("{list}?email=ANN@example.com")).await.json();
    assert_eq!(found["data"][0]["id"], id.as_str());

    let directory = server.directory(&organization).await;
    link(&server, &organization, &directory, &id).await;
    let shown = server.get(&one).await.json();
    assert_eq!(shown["managed_by"], directory.as_str());
    assert!(shown["locked_fields"].as_array().unwrap().contains(&json!("email")));
    let fine = json!({"first_name": "Ann", "email": "ANN@example.com", "external_id": "7"});
    assert_eq!(server.call("PATCH", &one, &fine).await.json()["version"], 3);
    let refused = server.call("PATCH", &one, &json!({"last_name": "Lee", "position": "x"})).await;
    let refused = refused.problem(409, "account-managed");
    assert_eq!(refused["fields"], json!(["last_name", "position"]));
    assert_eq!(refused["directory_id"], directory.as_str());
    server.send(server.request("DELETE", &one)).await.problem(409, "account-managed");
    let body = directory.clone();
    server.write(move |tx| clearing::delete_rows(tx, &body, 10).map(drop)).await;
    assert_eq!(server.send(server.request("DELETE", &one)).await.status, 204);
    server.get(&one).await.problem(404, "entity_not_found");
}

async fn link(server: &Server, organization: &str, directory: &DirectoryId, account: &str) {
    use rollcall::db::directory_users::DirectoryUser;
    let link = Link {
        id: rollcall::domain::ids::LinkId::from_text("link_1"),
        organization_id: OrganizationId::from_text(organization),
        directory_id: directory.clone(),
        directory_user_id: rollcall::domain::ids::DirectoryUserId::from_text("directory_user_1"),
        account_id: rollcall::domain::ids::AccountId::from_text(account),
        link_rule: "email".to_owned(),
        created_at_ms: server.state.now(),
    };
    let user: DirectoryUser = directory_user(&link);
    server
        .write(move |tx| {
            directory_users::upsert(tx, std::slice::from_ref(&user))?;
            links::insert(tx, std::slice::from_ref(&link))
        })
        .await;
}

fn directory_user(link: &Link) -> directory_users::DirectoryUser {
    use rollcall::domain::account::Activity;
    use rollcall::domain::employee::{EmployeeRecord, ExternalKey, KeyKind, Membership, Standing};
    let record = EmployeeRecord {
        external_key: ExternalKey("k".to_owned()),
        key_kind: KeyKind::Stable,
        employee_number: None,
        first_name: None,
        last_name: None,
        email: None,
        start_date: None,
        leaving_date: None,
        department: None,
        position: None,
        office_location: None,
        manager: None,
        standing: Standing::ByMembership,
        status_text: None,
        unreadable: Vec::new(),
    };
    directory_users::DirectoryUser {
        id: link.directory_user_id.clone(),
        organization_id: link.organization_id.clone(),
        directory_id: link.directory_id.clone(),
        external_key: record.external_key.clone(),
        key_kind: KeyKind::Stable,
        employee_number: None,
        email_norm: None,
        first_last: String::new(),
        name_order: String::new(),
        state: Activity::Active,
        membership: Membership::Member,
        record: Json(record),
        raw_hash: None,
        leaving_date_cleared: None,
        due_at_ms: None,
        listed: true,
        observation_seq: 1,
        version: 1,
        created_at_ms: link.created_at_ms,
        updated_at_ms: link.created_at_ms,
        waits_for_start: false,
    }
}

#[tokio::test]
async fn s_02_a_webhook_is_stored_before_it_is_answered() {
    use std::io::Write as _;
    let server = Server::start().await;
    let organization = server.organization().await;
    server.directory(&organization).await;
    let hook = format!("/hooks/people-hr/{TOKEN}");
    for method in ["GET", "HEAD"] {
        assert_eq!(server.send(server.request(method, &hook)).await.status, 200);
    }
    assert_eq!(server.waiting_hints().await, 0);
    let body = json!({"ActionId": 2, "EmployeeId": "PW42", "NewValue": "secret"});
    assert_eq!(server.call("POST", &hook, &body).await.status, 202);
    assert_eq!(server.waiting_hints().await, 1);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(json!({"ActionId": 1, "EmployeeId": "PW7"}).to_string().as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let post = |bytes: Vec<u8>| server.request("POST", &hook).body(bytes);
    let packed = post(gzip.clone()).header("content-encoding", "gzip");
    assert_eq!(server.send(packed).await.status, 202);
    assert_eq!(server.waiting_hints().await, 2);
    let cut = gzip[..gzip.len() / 2].to_vec();
    let broken = post(cut).header("content-encoding", "gzip");
    assert_eq!(server.send(broken).await.status, 202);
    assert_eq!(server.waiting_hints().await, 3, "a broken body means everybody");

    let exact = vec![b' '; limits::HOOK_BODY_BYTES_MAX];
    assert_eq!(server.send(post(exact)).await.status, 202);
    let over = vec![b' '; limits::HOOK_BODY_BYTES_MAX + 1];
    server.send(post(over)).await.problem(413, "body_too_large");
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![0; 64 * 1024 * 1024]).unwrap();
    let bomb = post(bomb.finish().unwrap()).header("content-encoding", "gzip");
    server.send(bomb).await.problem(413, "body_too_large");

    for (method, path) in [
        ("POST", "/hooks/people-hr/another-token"),
        ("GET", "/hooks/people-hr/another-token"),
        ("POST", "/hooks/people-hr/another-token/more"),
    ] {
        let unknown = server.send(server.request(method, path).body("{}")).await;
        assert_eq!(unknown.status, 404, "{method} {path}");
        assert!(!unknown.text.contains("another-token"), "{}", unknown.text);
        assert!(unknown.json()["code"].is_string());
    }
}

#[tokio::test]
async fn an_import_tells_what_became_of_each_row() {
    let server = Server::start().await;
    let organization = server.organization().await;
    let path = format!("/api/v1/organizations/{organization}/accounts/import");
    let import = async |body: &str| {
        let reply = server.send(server.request("POST", &path).body(body.to_owned())).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let rows = reply.text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.map(|row| (row["line"].as_u64().unwrap(), row["status"].as_str().unwrap().to_owned()))
            .collect::<Vec<_>>()
    };
    let row = |line: u64, status: &str| (line, status.to_owned());
    let first = "{\"email\":\"a@b.co\"}\n{\"email\":\"nobody\"}\n\n{\"email\":\"A@b.co\",\
                 \"first_name\":\"Ann\"}\n{nonsense";
    assert_eq!(
        import(first).await,
        [row(1, "created"), row(2, "failed"), row(4, "updated"), row(5, "failed")]
    );
    let csv = "email,first_name,department\r\nA@b.co,Ann,\r\nc@d.co,\"Bo\",Sales\r\n";
    assert_eq!(import(csv).await, [row(2, "unchanged"), row(3, "created")]);
    let header = server.request("POST", &path).header("content-type", "text/csv").body("name\nx");
    server.send(header).await.problem(422, "invalid_request_parameters");
    let many: Vec<String> = (0..450).map(|n| format!("{{\"email\":\"p{n}@b.co\"}}")).collect();
    assert_eq!(
        import(&many.join("\n")).await.iter().filter(|(_, status)| status == "created").count(),
        450
    );
    let departments = format!("/api/v1/organizations/{organization}/departments");
    assert_eq!(server.get(&departments).await.json()["data"][0]["name"], "Sales");
}

#[tokio::test]
async fn a_03_the_feed_is_in_order_and_old_cursors_are_refused() {
    use rollcall::domain::event::EventKind;
    use rollcall::domain::event::NewEvent;
    let server = Server::start().await;
    let organization = server.organization().await;
    let now = server.state.now();
    let about = OrganizationId::from_text(organization.as_str());
    let kinds = [EventKind::DsyncActivated, EventKind::NoticeCreated, EventKind::UserCreated];
    server
        .write(move |tx| {
            for (age, kind) in kinds.into_iter().enumerate() {
                tx.emit(NewEvent {
                    organization_id: about.clone(),
                    directory_id: None,
                    kind,
                    lane: "x".to_owned(),
                    group_lane: None,
                    data: json!({"age": age}),
                    created_at: now.plus(i64::try_from(age).unwrap()),
                });
            }
            Ok(())
        })
        .await;
    let page = server.get("/api/v1/events?limit=1").await.json();
    assert_eq!(page["data"][0]["event"], "dsync.activated");
    let cursor = page["list_metadata"]["after"].as_str().unwrap().to_owned();
    assert_eq!(cursor, page["data"][0]["id"].as_str().unwrap());
    let rest = server.get(&format!("/api/v1/events?after={cursor}")).await.json();
    assert_eq!(rest["data"].as_array().unwrap().len(), 1, "{rest}");
    assert_eq!(rest["data"][0]["event"], "dsync.user.created");
    assert_eq!(rest["list_metadata"]["after"], Value::Null);
    let named = server.get("/api/v1/events?types=rollcall.notice.created,dsync.activated").await;
    assert_eq!(named.json()["data"].as_array().unwrap().len(), 2);
    server.get("/api/v1/events?after=event_x").await.problem(400, "invalid_cursor");
    let foreign = "event_7ZZZZZZZZZZZZZZZZZZZZZZZZZ";
    server.get(&format!("/api/v1/events?after={foreign}")).await.problem(400, "invalid_cursor");
    server.write(move |tx| rollcall::db::events::prune(tx, now.plus(2), 10).map(drop)).await;
    server.get(&format!("/api/v1/events?after={cursor}")).await.problem(400, "cursor_expired");
    assert_eq!(server.get("/api/v1/events").await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_directory_is_shown_and_its_settings_change() {
    let server = Server::start().await;
    let organization = server.organization().await;
    let id = server.directory(&organization).await;
    let path = format!("/api/v1/directories/{id}");
    let shown = server.get(&path).await.json();
    assert_eq!(shown["credential"]["last4"], "2a3b");
    assert_eq!(shown["counts"]["active"], 0);
    let body = json!({"poll_seconds": 60, "strict": true});
    let changed = server.call("PATCH", &path, &body).await.json();
    assert_eq!((&changed["poll_seconds"], &changed["strict"]), (&json!(60), &json!(true)));
    assert_eq!(changed["next_sync_at"], "2023-11-14T22:14:20.000Z");
    let wrong = server.call("PATCH", &path, &json!({"poll_seconds": 59})).await;
    wrong.problem(422, "invalid_request_parameters");
    let list = format!("/api/v1/directories?organization_id={organization}");
    assert_eq!(server.get(&list).await.json()["data"].as_array().unwrap().len(), 1);
    for part in ["runs", "row_problems", "holds", "holds?state=open"] {
        let list = server.get(&format!("{path}/{part}")).await;
        assert_eq!((list.status, &list.json()["data"]), (200, &json!([])), "{part}");
    }
    server.get(&format!("{path}/runs/run_1")).await.problem(404, "entity_not_found");
    let key = server.call("PUT", &format!("{path}/credentials"), &json!({"api_key": 4711})).await;
    assert!(!key.text.contains("4711"), "{}", key.text);
    key.problem(422, "invalid_request_parameters");
}

#[tokio::test]
async fn l_02_and_l_08_a_directory_has_its_webhook_address_until_it_is_disabled() {
    let server = Server::start().await;
    let organization = server.organization().await;
    let body = json!({"organization_id": organization, "provider": "people_hr"});
    let made = server.call("POST", "/api/v1/directories", &body).await;
    assert_eq!((made.status, &made.json()["state"]), (201, &json!("setup")), "{}", made.text);
    let again = server.call("POST", "/api/v1/directories", &body).await;
    let again = again.problem(409, "already_connected");
    assert_eq!(again["directory_id"], made.json()["id"]);
    let path = format!("/api/v1/directories/{}", made.json()["id"].as_str().unwrap());
    let url = made.json()["webhook_url"].as_str().unwrap().to_owned();
    let hook = url.strip_prefix("http://127.0.0.1").unwrap();
    assert_eq!(server.call("POST", hook, &json!({"EmployeeId": "1"})).await.status, 202);
    let early = server.send(server.request("POST", &format!("{path}/complete_setup"))).await;
    early.problem(409, "no_admin");
    let key = json!({"text": "BEGIN"});
    let key = server.call("PUT", &format!("{path}/credentials"), &key).await;
    key.problem(422, "invalid_credential");
    let ended = server.send(server.request("POST", &format!("{path}/disable"))).await;
    assert_eq!(ended.json()["state"], "disabled", "{}", ended.text);
    assert_eq!(ended.json()["webhook_url"], Value::Null);
    server.call("POST", hook, &json!({"EmployeeId": "1"})).await.problem(404, "entity_not_found");
    let nothing = json!({"organization_id": "org_x", "provider": "people_hr"});
    let nothing = server.call("POST", "/api/v1/directories", &nothing).await;
    nothing.problem(404, "entity_not_found");
}

#[tokio::test]
async fn a_02_every_refusal_at_the_root_is_json_as_sdks_read_it() {
    const JSON: &str = "application/json";
    let server = Server::start().await;
    let bare = server.client.get(format!("{}/directories", server.base));
    let bare = server.send(bare).await;
    assert_eq!(bare.problem_as(JSON, 401, "unauthorized")["message"], "Unauthorized");
    for path in ["/directories/a/b/c", "/user_management/users", "/directoriesx", "/"] {
        let body = server.get(path).await.problem_as(JSON, 404, "unknown_route");
        assert!(body["message"].is_string(), "{body}");
    }
    let put = server.call("PUT", "/directories", &json!({})).await;
    put.problem_as(JSON, 405, "method_not_allowed");
    assert!(put.headers.contains_key("allow"));
    let big = "x".repeat(limits::API_BODY_BYTES_MAX + 1);
    let big = server.send(server.request("POST", "/organizations").body(big)).await;
    big.problem_as(JSON, 413, "body_too_large");
    let broken = server.send(server.request("POST", "/organizations").body("{")).await;
    let broken = broken.problem_as(JSON, 400, "malformed_json");
    assert_eq!(broken["errors"][0]["code"], "malformed_json");
    server.get("/directories/a%00b").await.problem_as(JSON, 404, "unknown_route");
    for body in [put.json(), broken] {
        assert!(body.get("error").is_none() && body.get("error_description").is_none(), "{body}");
    }
}

#[tokio::test]
async fn c_15_head_options_and_needless_headers_are_taken() {
    use std::io::Write as _;
    let server = Server::start().await;
    for path in ["/directories", "/events", "/api/v1/events", "/livez"] {
        let get = server.get(path).await;
        let head = server.send(server.request("HEAD", path)).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        assert_eq!(head.headers["content-type"], get.headers["content-type"]);
        assert_eq!(head.headers["content-length"], get.text.len().to_string());
        assert!(head.headers.contains_key("x-request-id"));
        let options = server.send(server.request("OPTIONS", path)).await;
        assert_eq!((options.status, options.text.as_str()), (204, ""), "{path}");
        let allow = options.headers["allow"].to_str().unwrap();
        assert!(allow.contains("GET"), "{path}: {allow}");
        // SDKs send a content type without a body, and take compressed answers.
        let needless = server.request("GET", path).header("content-type", "application/json");
        let needless = needless.header("accept-encoding", "gzip").body("");
        assert_eq!(server.send(needless).await.text, get.text, "{path}");
    }
    let missing = server.send(server.request("HEAD", "/directories/directory_x")).await;
    assert_eq!((missing.status, missing.text.as_str()), (404, ""));
    let gone =
        server.request("DELETE", "/directories/x").header("content-type", "application/json");
    server.send(gone).await.problem_as("application/json", 404, "entity_not_found");
    // A compressed body is read, with an idempotency key too.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(json!({"name": "Acme"}).to_string().as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    for replayed in [false, true] {
        let packed = server.request("POST", "/organizations").header("content-encoding", "gzip");
        let packed = packed.header("idempotency-key", "k").body(gzip.clone());
        let answer = server.send(packed).await;
        assert_eq!((answer.status, &answer.json()["name"]), (201, &json!("Acme")));
        assert_eq!(answer.headers.contains_key("idempotent-replayed"), replayed);
    }
}
