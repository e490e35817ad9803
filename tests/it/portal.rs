//! The portal as an HR admin uses it, without JavaScript: from the link to a connection that works,
//! is repaired and ends.

use rollcall::clock::Timestamp;
use rollcall::sandbox::{Action, Edit};
use serde_json::json;

use crate::browser::{Browser, fields, link};
use crate::hr::{INTERVAL, YESTERDAY, no_hooks, on, person};
use crate::support::{Connected, Options, TestApp, behaviours};
use crate::systems::System;

behaviours!(
    l_03_the_whole_story_with_people_hr,
    l_03_the_whole_story_with_breathe_hr,
    l_03_the_whole_story_with_hrworks,
    l_04_a_missing_permission_is_named_and_nothing_is_stored,
    l_04_a_key_that_can_not_be_one_is_not_repeated,
    l_01_only_what_is_allowed_can_be_connected,
    s_45_an_admin_can_be_named_on_the_way,
    s_22_a_link_is_decided_on_its_page,
    s_32_some_of_a_list_are_approved_and_only_who_was_on_it,
    s_07_records_to_correct_are_a_list_and_a_file,
    the_live_part_is_sent_only_when_it_differs,
    s_15_names_from_hr_are_text_and_never_markup,
    l_08_disabling_wants_a_tick,
);

async fn l_03_the_whole_story_with_people_hr(app: TestApp) {
    story(app, System::PeopleHr).await;
}

async fn l_03_the_whole_story_with_breathe_hr(app: TestApp) {
    story(app, System::BreatheHr).await;
}

async fn l_03_the_whole_story_with_hrworks(app: TestApp) {
    story(app, System::Hrworks).await;
}

/// Sends a key on the page that is shown.
async fn enter_key(browser: &mut Browser<'_>, at: &str, credential: &serde_json::Value) {
    let fields = fields(credential);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    browser.submit(&format!("{at}/key"), &fields).await;
}

/// Begins a set-up; the address of its page.
async fn begin(browser: &mut Browser<'_>, system: System) -> String {
    browser.open("/portal").await;
    browser.submit("/portal/directories", &[("provider", system.provider())]).await;
    assert_eq!(browser.page.status, 200);
    browser.page.says(&format!("Connect {}", system.title()));
    browser.page.path.clone()
}

async fn story(app: TestApp, system: System) {
    let hr = system.title();
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let mut browser = Browser::visit(&app, &organization).await;
    browser.page.says("Customer Ltd").says("ann@customer.example");

    // Set-up, with a wrong key first.
    let at = begin(&mut browser, system).await;
    browser.page.says("First enter the key above.");
    let unknown = system.unknown_key();
    browser.secrets.extend(fields(&unknown).into_iter().map(|(_, value)| value));
    enter_key(&mut browser, &at, &unknown).await;
    assert_eq!(browser.page.status, 422);
    browser.page.says(&format!("{hr} does not accept this key. It was not stored."));
    browser.page.says("First enter the key above.");

    // The right one.
    let (credential, key) = system.key(&app.sandbox);
    browser.secrets.extend(fields(&credential).into_iter().map(|(_, value)| value));
    browser.secrets.push(key.clone());
    enter_key(&mut browser, &at, &credential).await;
    assert_eq!(browser.page.status, 200);
    browser.page.says("The key works.").says("✓");
    let directory = at.rsplit('/').next().unwrap().to_owned();
    if system.has_hooks() {
        let url = app.get(&format!("/directories/{directory}")).await["webhook_url"].clone();
        let url = url.as_str().unwrap();
        browser.page.says(url);
        app.hr().set_webhook(Some(url)).unwrap();
    }

    // The preview changes nothing.
    browser.submit(&format!("{at}/preview"), &[]).await;
    browser.page.says("in the HR system.").says("Get a new account");
    assert!(app.accounts(&organization).await.is_empty());

    // Complete set-up.
    browser.submit(&format!("{at}/complete"), &[]).await;
    browser.page.says("The set-up is complete.").says("First sync");
    app.drain().await;
    browser.open(&at).await.says("Everything works").says("Last brought up to date just now");
    browser.page.says("got an account").says("Disable this connection");

    // People, departments, full syncs, changes.
    let one = system.staff(&app.sandbox)[0].clone();
    browser.open(&format!("{at}/people?find={}", one.email)).await.says(&one.last_name);
    browser.open(&format!("{at}/groups")).await.says(&one.department);
    let group = browser.page.attribute("href", &format!("{at}/people?group=")).unwrap();
    browser.open(&group).await.says("People in");
    browser.open(&format!("{at}/runs")).await.says("Set-up").says("Done");
    browser.open("/portal/changes").await.says("a full sync");

    repaired(&app, &mut browser, system, (&organization, &at), &key).await;
    ended(&app, &mut browser, system, &at).await;
}

/// The key is removed in the HR system; a new one repairs the connection.
async fn repaired(
    app: &TestApp,
    browser: &mut Browser<'_>,
    system: System,
    (organization, at): (&str, &str),
    key: &str,
) {
    let hr = system.title();
    system.remove_key(&app.sandbox, key);
    if system == System::Hrworks {
        app.sandbox.hrworks().expire_tokens();
    }
    app.pass(INTERVAL).await;
    // The visit is over by then; the admin comes back.
    browser.enter(&link(app, organization).await).await;
    browser.open(at).await.says("Does not work").says("How to repair it");
    browser.page.says(&format!("{hr} no longer accepts the key.")).says("Update API key");
    browser.open("/portal").await.says("Repair");
    browser.open("/portal/notices").await.says(&format!("{hr} no longer accepts the API key"));

    browser.open(at).await;
    let unknown = system.unknown_key();
    enter_key(browser, at, &unknown).await;
    assert_eq!(browser.page.status, 422);
    browser.page.says("does not accept this key").says("How to repair it");

    let (credential, _) = system.key(&app.sandbox);
    browser.secrets.extend(fields(&credential).into_iter().map(|(_, value)| value));
    enter_key(browser, at, &credential).await;
    browser.page.says("The new key works and is stored.").says("The full sync begins in a moment.");
    app.drain().await;
    browser.open(at).await.says("Everything works");
    browser.page.is_silent_about("How to repair it");
}

/// The connection is disabled; connecting again is a new set-up.
async fn ended(app: &TestApp, browser: &mut Browser<'_>, system: System, at: &str) {
    let before = app.all("/directories").await.len();
    browser.open(&format!("{at}/disable")).await.says("All accounts stay exactly as they are.");
    browser.submit(&format!("{at}/disable"), &[("sure", "yes")]).await;
    browser.page.says("The connection is disabled.");
    browser.open("/portal").await.says("Earlier connections");
    browser.page.says(&format!("Connect {}", system.title()));
    app.clock.advance(1);
    let again = begin(browser, system).await;
    assert_ne!(again, at);
    assert_eq!(app.all("/directories").await.len(), before + 1);
}

async fn l_04_a_missing_permission_is_named_and_nothing_is_stored(app: TestApp) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let mut browser = Browser::visit(&app, &organization).await;
    let at = begin(&mut browser, System::PeopleHr).await;
    let key = app.hr().create_key(&[Action::GetEmployeeDetailById]).key;
    browser.secrets.push(key.clone());
    enter_key(&mut browser, &at, &json!({"api_key": key})).await;
    assert_eq!(browser.page.status, 422);
    browser.page.says("A permission is missing, so the key was not stored.");
    browser.page.says("✗ Get All Employee Detail").says("? Get Employee Detail By Id");
    let directory = at.rsplit('/').next().unwrap();
    assert!(app.get(&format!("/directories/{directory}")).await["credential"].is_null());
}

async fn l_04_a_key_that_can_not_be_one_is_not_repeated(app: TestApp) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let mut browser = Browser::visit(&app, &organization).await;
    let at = begin(&mut browser, System::BreatheHr).await;
    browser.secrets.push("no-key-of-breathe".to_owned());
    enter_key(&mut browser, &at, &json!({"api_key": "no-key-of-breathe"})).await;
    assert_eq!(browser.page.status, 422);
    assert!(browser.page.text.contains("id=\"key-error\""));
    enter_key(&mut browser, &at, &json!({"api_key": " "})).await;
    browser.page.says("Paste the key first.");

    let at = begin(&mut browser, System::Hrworks).await;
    enter_key(&mut browser, &at, &json!({"access_key": "kA7/xExample+Key0001"})).await;
    assert_eq!(browser.page.status, 422);
    browser.page.says("Enter both keys");
    // Before there is a key nothing else can be done.
    browser.post(&format!("{at}/complete"), &[]).await;
    assert_eq!(browser.page.status, 403);
    browser.open(&at).await;
    let csrf = browser.page.values("csrf")[0].clone();
    browser.post(&format!("{at}/complete"), &[("csrf", &csrf)]).await;
    assert_eq!(browser.page.status, 409);
    browser.page.says("Enter the key of the HR system first");
}

async fn l_01_only_what_is_allowed_can_be_connected(app: TestApp) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let allowed = json!({"allowed_providers": ["breathe_hr"]});
    app.patch(&format!("/organizations/{organization}"), allowed).await.ok();
    let mut browser = Browser::visit(&app, &organization).await;
    browser.page.says("Connect Breathe HR").is_silent_about("People HR");
    browser.submit("/portal/directories", &[("provider", "people_hr")]).await;
    assert_eq!(browser.page.status, 422);
    browser.page.says("not switched on for you");
    assert!(app.all("/directories").await.is_empty());
    // Twice is once.
    let one = begin(&mut browser, System::BreatheHr).await;
    browser.page.says("Breathe HR");
    let csrf = browser.page.values("csrf")[0].clone();
    let again = [("csrf", csrf.as_str()), ("provider", "breathe_hr")];
    browser.post("/portal/directories", &again).await;
    assert_eq!(browser.page.header("location"), one);
}

async fn s_45_an_admin_can_be_named_on_the_way(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    let mut browser = Browser::visit(&app, &organization).await;
    let at = begin(&mut browser, System::BreatheHr).await;
    let (credential, _) = System::BreatheHr.key(&app.sandbox);
    enter_key(&mut browser, &at, &credential).await;
    browser.page.says("Somebody has to hear of it when something goes wrong.");
    browser.page.is_silent_about("Complete set-up</button>");
    let wrong = [("back", at.as_str()), ("name", "Ann <Lee>"), ("email", "ann")];
    browser.submit("/portal/admins", &wrong).await;
    assert_eq!(browser.page.status, 422);
    browser.page.says("This is not an e-mail address.").is_silent_about("<Lee>");
    let right = [("back", at.as_str()), ("name", "Ann"), ("email", "ann@customer.example")];
    browser.submit("/portal/admins", &right).await;
    assert_eq!(browser.page.path, at);
    browser.page.says("Complete set-up");
    browser.open("/portal").await;
    browser.submit("/portal/admins", &right).await;
    browser.page.says("This person is on the list already.");
    browser.open("/portal").await;
    let elsewhere = [("back", "https://evil.example"), ("name", "Bob"), ("email", "b@c.example")];
    browser.submit("/portal/admins", &elsewhere).await;
    assert_eq!(browser.page.path, "/portal");
}

const ANN: &str = "ann.lee@acme.example";

fn page_of(connected: &Connected) -> String {
    format!("/portal/directories/{}", connected.directory)
}

async fn s_22_a_link_is_decided_on_its_page(app: TestApp) {
    app.faults(|faults| *faults = no_hooks());
    app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = app.joined(&[json!({"email": ANN, "protected": true})]).await;
    let mut browser = Browser::visit(&app, &connected.organization).await;
    let at = page_of(&connected);
    browser.open(&at).await.says("Please decide").says("Is this the same person?");
    let hold = browser.page.attribute("href", &format!("{at}/holds/")).unwrap();
    browser.open(&hold).await.says("Ann Lee").says(ANN).says("is protected");
    let seen = browser.page.values("list_version").remove(0);
    let old = browser.page.clone();
    browser.submit(&hold, &[("list_version", &seen), ("choice", "all")]).await;
    browser.page.says("Your decision is taken.");
    app.drain().await;
    let account = app.the_account(&connected, ANN).await;
    assert_eq!(account["managed_by"], connected.directory.as_str());
    browser.open(&hold).await.says("Approved").is_silent_about("name=\"choice\"");
    // A page that is too old decides nothing.
    browser.page = old;
    browser.submit(&hold, &[("list_version", &seen), ("choice", "none")]).await;
    assert_eq!(browser.page.status, 409);
    browser.page.says("This was decided already.");
    browser.open("/portal/changes").await.says("a decision of somebody on the portal");
}

async fn s_32_some_of_a_list_are_approved_and_only_who_was_on_it(app: TestApp) {
    app.faults(|faults| *faults = no_hooks());
    let connected = app.connected().await;
    for person in System::PeopleHr.staff(&app.sandbox).into_iter().take(9) {
        app.leave(&person.employee_id, &on(YESTERDAY)).await;
    }
    app.poll().await;
    let mut browser = Browser::visit(&app, &connected.organization).await;
    let at = page_of(&connected);
    browser.open(&at).await.says("May 9 people lose access?");
    let hold = browser.page.attribute("href", &format!("{at}/holds/")).unwrap();
    browser.open(&hold).await.says("their last day is over");
    let items = browser.page.values("item");
    assert_eq!(items.len(), 9);
    let page = browser.page.clone();
    browser.submit(&hold, &[("choice", "some")]).await;
    assert_eq!(browser.page.status, 422);
    browser.page.says("Tick at least one person");
    browser.page = page.clone();
    browser.submit(&hold, &[("choice", "some"), ("item", "hold_item_x")]).await;
    assert_eq!(browser.page.status, 409);
    assert_eq!(app.open_holds(&connected).await.len(), 1);
    browser.page = page;
    let some = [("choice", "some"), ("item", items[0].as_str()), ("item", items[1].as_str())];
    browser.submit(&hold, &some).await.says("Your decision is taken.");
    app.drain().await;
    let open = app.open_holds(&connected).await;
    assert_eq!((open.len(), open[0]["items"].as_array().unwrap().len()), (1, 7));
    let inactive = app.accounts(&connected.organization).await;
    assert_eq!(inactive.iter().filter(|account| account["status"] == "inactive").count(), 2);
    // The rest is a new question, and can be refused.
    browser.open(&at).await.says("May 7 people lose access?");
    let rest = browser.page.attribute("href", &format!("{at}/holds/")).unwrap();
    browser.open(&rest).await;
    // A page that does not say what was on it decides nothing.
    browser.submit(&rest, &[("choice", "none")]).await;
    assert_eq!(browser.page.status, 409);
    browser.open(&rest).await;
    let seen = browser.page.values("list_version").remove(0);
    browser.submit(&rest, &[("list_version", &seen), ("choice", "none")]).await;
    app.drain().await;
    assert!(app.open_holds(&connected).await.is_empty());
    browser.open(&rest).await.says("Rejected").says("keeps access").says("Approve after all");
    // What was decided can be changed.
    let items = browser.page.values("item");
    browser.submit(&rest, &[("choice", "approve"), ("item", &items[0])]).await;
    browser.page.says("Your decision is taken.");
    app.drain().await;
    let accounts = app.accounts(&connected.organization).await;
    assert_eq!(accounts.iter().filter(|account| account["status"] == "inactive").count(), 3);
    browser.open(&rest).await.says("Partly approved").says("Reject after all");
}

async fn s_07_records_to_correct_are_a_list_and_a_file(app: TestApp) {
    let app = app.another(Options { problems: 3, ..Options::default() }).await;
    app.hire(&person("=HYPERLINK(1)", "Lee", "not an address")).await;
    let connected = app.connected().await;
    let problems = app.row_problems(&connected).await;
    assert!(problems.len() >= 2, "{problems:#?}");
    let mut browser = Browser::visit(&app, &connected.organization).await;
    let at = page_of(&connected);
    browser.open(&at).await.says("To correct in People HR").says("Everybody else is up to date.");
    browser.open(&format!("{at}/problems")).await;
    for problem in &problems {
        browser.page.says(problem["message"].as_str().unwrap());
    }
    let file = browser.open(&format!("{at}/problems.csv")).await.clone();
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert!(file.header("content-disposition").contains("attachment"));
    assert_eq!(file.text.lines().count(), problems.len() + 1, "{}", file.text);
    assert!(file.text.contains("'=HYPERLINK(1) Lee"), "{}", file.text);
}

async fn the_live_part_is_sent_only_when_it_differs(app: TestApp) {
    let connected = app.connected().await;
    let mut browser = Browser::visit(&app, &connected.organization).await;
    let at = page_of(&connected);
    browser.open(&at).await;
    let live = browser.page.attribute("hx-get", &format!("{at}/live")).unwrap();
    assert_eq!(browser.open(&live).await.status, 204);
    // A change arrives by webhook and is shown.
    app.new_job(&app.employee(0), "Chief Astronaut").await;
    app.drain().await;
    assert_eq!(browser.open(&live).await.status, 200);
    browser.page.says("has a new job");
    let live = browser.page.attribute("hx-get", &format!("{at}/live")).unwrap();
    assert_eq!(browser.open(&live).await.status, 204);
    browser
        .open("/portal/changes")
        .await
        .says("Chief Astronaut")
        .says("a message from the HR system");
    // Another state is another page.
    app.hr().remove_key(&connected.hr_key);
    app.pass(INTERVAL).await;
    browser.open(&live).await;
    assert_eq!((browser.page.status, browser.page.header("hx-refresh").as_str()), (401, "true"));
    let mut browser = Browser::visit(&app, &connected.organization).await;
    browser.open(&live).await;
    assert_eq!((browser.page.status, browser.page.header("hx-refresh").as_str()), (204, "true"));
}

async fn s_15_names_from_hr_are_text_and_never_markup(app: TestApp) {
    app.faults(|faults| *faults = no_hooks());
    let evil = "<script>alert(1)</script>";
    let id = app.hire(&person(evil, "\"><img src=x>", "evil@acme.example")).await;
    let connected = app.connected().await;
    let edit = Edit { department: Some("<b>Sales".to_owned()), ..Edit::default() };
    app.edit(&id, edit).await;
    app.poll().await;
    let mut browser = Browser::visit(&app, &connected.organization).await;
    let at = page_of(&connected);
    let paths = ["", "/people?find=evil", "/groups", "/people?find=%3Cscript%3E", "/runs"];
    let mut shown = 0;
    for path in paths.iter().map(|path| format!("{at}{path}")).chain(["/portal/changes".into()]) {
        let page = browser.open(&path).await;
        assert_eq!(page.status, 200, "{path}");
        page.is_silent_about("<script>").is_silent_about("<img").is_silent_about("<b>");
        shown += usize::from(page.words().contains("<script>"));
    }
    assert!(shown >= 3, "the name was hardly anywhere");
}

async fn l_08_disabling_wants_a_tick(app: TestApp) {
    let connected = app.connected().await;
    let mut browser = Browser::visit(&app, &connected.organization).await;
    let at = page_of(&connected);
    browser.open(&format!("{at}/disable")).await;
    browser.submit(&format!("{at}/disable"), &[]).await;
    assert_eq!(browser.page.status, 422);
    browser.page.says("Tick the box first.");
    assert_eq!(app.state(&connected).await, "active");
    // "Sync now" is refused while one is under way.
    browser.open(&at).await;
    app.clock.advance(Timestamp::SECOND);
    browser.submit(&format!("{at}/sync"), &[]).await.says("A full sync begins now.");
    browser.submit(&format!("{at}/sync"), &[]).await.says("A full sync is under way already");
    assert_eq!(browser.page.status, 409);
}
