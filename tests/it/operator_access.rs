//! Who gets to the operator's pages, how, and what nobody can do there.

use rollcall::clock::Timestamp;
use rollcall::db::{Lane, api_keys};
use rollcall::tasks;

use crate::browser::Browser;
use crate::evidence;
use crate::support::{TestApp, behaviours};

behaviours!(
    an_api_key_opens_the_operator_s_pages,
    l_11_a_pasted_key_opens_the_operator_s_pages,
    every_wrong_key_gets_the_same_answer,
    a_11_wrong_keys_are_slowed_and_a_good_one_opens_all_the_same,
    a_revoked_key_ends_its_visits_at_once,
    an_operator_s_visit_ends_by_itself_and_by_hand,
    a_form_from_elsewhere_does_nothing_for_the_operator,
    the_portal_and_the_operator_s_pages_do_not_open_each_other,
    no_key_and_no_token_is_stored_logged_or_shown,
);

/// Every page that needs a visit.
const PAGES: &[&str] = &[
    "/operator",
    "/operator/live",
    "/operator/organizations",
    "/operator/organizations/org_x",
    "/operator/directories",
    "/operator/directories/directory_x",
    "/operator/directories/directory_x/live",
    "/operator/endpoints",
    "/operator/endpoints/we_x",
];

/// Every form that needs a visit.
const FORMS: &[&str] = &[
    "/operator/leave",
    "/operator/organizations/org_x/portal_link",
    "/operator/directories/directory_x/sync",
    "/operator/endpoints/we_x/test",
    "/operator/endpoints/we_x/enable",
    "/operator/endpoints/we_x/disable",
    "/operator/endpoints/we_x/replay",
];

async fn an_api_key_opens_the_operator_s_pages(app: TestApp) {
    let mut browser = Browser::new(&app);
    assert_eq!(browser.open("/operator").await.status, 401);
    browser.page.says("Sign in to the operator's pages").says("API key");
    assert!(browser.page.text.contains("type=\"password\" autocomplete=\"off\""));
    browser.submit_outside("/operator/sign_in", &[("api_key", app.key.reveal())]).await;
    let cookie = browser.page.header("set-cookie");
    assert!(cookie.starts_with("rollcall_operator="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax"), "{cookie}");
    assert_eq!(browser.follow().await.status, 200);
    browser.page.says("What needs a look").says("key tests").is_silent_about(app.key.reveal());
    // Loaded again, the way in leads to the first page.
    browser.open("/operator/sign_in").await;
    assert_eq!((browser.page.status, browser.page.header("location")), (303, "/operator".into()));
    // Whoever wanted to see a page sees it afterwards, and is led nowhere else.
    let mut other = Browser::new(&app);
    other.open("/operator/endpoints/we_x").await;
    let wanted = other.page.values("to");
    assert_eq!(wanted, ["/operator/endpoints/we_x"]);
    for away in ["//evil.example", "https://evil.example/operator", "/portal", "/operator/live"] {
        let form = [("api_key", app.key.reveal()), ("to", away)];
        assert_eq!(other.post("/operator/sign_in", &form).await.status, 303);
        assert_eq!(other.page.header("location"), "/operator", "{away}");
    }
}

async fn l_11_a_pasted_key_opens_the_operator_s_pages(app: TestApp) {
    let key = app.key.reveal();
    for pasted in [
        format!("\u{feff}{key}\u{200b}\r\n"),
        format!("API key: “{key}”"),
        format!("name,key\r\ntests,{key}"),
    ] {
        let mut browser = Browser::new(&app);
        browser.open("/operator").await;
        browser.submit_outside("/operator/sign_in", &[("api_key", pasted.as_str())]).await;
        assert_eq!(browser.page.status, 303, "{pasted:?}");
    }
}

async fn every_wrong_key_gets_the_same_answer(app: TestApp) {
    let revoked = app.running.store.create_api_key("old").await.unwrap();
    revoke(&app, "old").await;
    let shortened = &app.key.reveal()[..app.key.reveal().len() - 1];
    let mut browser = Browser::new(&app);
    let unknown = browser.post("/operator/sign_in", &[("api_key", "sk_live_x")]).await.clone();
    assert_eq!(unknown.status, 401);
    unknown.says("This key is not valid");
    for wrong in [revoked.reveal(), shortened, "sk_test_x", "", "\0", "'; DROP TABLE api_keys"] {
        let answer = browser.post("/operator/sign_in", &[("api_key", wrong)]).await.clone();
        assert_eq!((answer.status, &answer.text), (unknown.status, &unknown.text), "{wrong}");
        assert!(browser.cookie.is_none());
    }
    assert_eq!(browser.post("/operator/sign_in", &[]).await.text, unknown.text);
    // What was entered is not repeated.
    let typed = format!("x{}", app.key.reveal());
    browser.post("/operator/sign_in", &[("api_key", &typed)]).await.is_silent_about(&typed);
    // Nobody is signed in from another site.
    browser.origin = Some("https://evil.example".to_owned());
    let good = [("api_key", app.key.reveal())];
    assert_eq!(browser.post("/operator/sign_in", &good).await.status, 403);
    assert!(browser.cookie.is_none());
    for page in PAGES {
        assert_eq!(browser.open(page).await.status, 401, "{page}");
    }
}

async fn a_11_wrong_keys_are_slowed_and_a_good_one_opens_all_the_same(app: TestApp) {
    let mut browser = Browser::new(&app);
    let (wrong, good) = ([("api_key", "sk_live_x")], [("api_key", app.key.reveal())]);
    for _ in 0..10 {
        assert_eq!(browser.post("/operator/sign_in", &wrong).await.status, 401);
    }
    assert_eq!(browser.post("/operator/sign_in", &wrong).await.status, 429);
    browser.page.says("Wait a minute");
    let seconds: u32 = browser.page.header("retry-after").parse().unwrap();
    assert!((1..=61).contains(&seconds), "{seconds}");
    // Somebody behind the same address is not shut out, and that helps nobody who tries.
    assert_eq!(browser.post("/operator/sign_in", &good).await.status, 303);
    assert_eq!(browser.post("/operator/sign_in", &wrong).await.status, 429);
    app.clock.advance(Timestamp::MINUTE);
    assert_eq!(browser.post("/operator/sign_in", &wrong).await.status, 401);
}

async fn revoke(app: &TestApp, name: &'static str) {
    let (db, now) = (&app.running.task_context.sync.db, app.now());
    let write = db.write(Lane::Urgent, move |tx| api_keys::revoke(tx, name, now));
    assert_eq!(write.await.unwrap(), 1);
}

async fn a_revoked_key_ends_its_visits_at_once(app: TestApp) {
    let key = app.running.store.create_api_key("night").await.unwrap();
    let mut night = Browser::operate_with(&app, key.reveal()).await;
    night.page.says("key night");
    let mut day = Browser::operate(&app).await;
    let csrf = night.page.values("csrf")[0].clone();
    revoke(&app, "night").await;
    for page in PAGES {
        assert_eq!(night.open(page).await.status, 401, "{page}");
    }
    assert_eq!(night.post("/operator/leave", &[("csrf", &csrf)]).await.status, 401);
    // The live part of a page makes place for the way in.
    assert_eq!(night.open("/operator/live").await.header("hx-refresh"), "true");
    assert_eq!(day.open("/operator").await.status, 200);
}

async fn an_operator_s_visit_ends_by_itself_and_by_hand(app: TestApp) {
    // Half an hour without doing anything; looking on does not count.
    let mut browser = Browser::operate(&app).await;
    for _ in 0..3 {
        app.clock.advance(20 * Timestamp::MINUTE);
        assert_eq!(browser.open("/operator").await.status, 200);
    }
    app.clock.advance(20 * Timestamp::MINUTE);
    assert_ne!(browser.open("/operator/live").await.status, 401);
    app.clock.advance(10 * Timestamp::MINUTE);
    assert_eq!(browser.open("/operator").await.status, 401);
    // Half a day in any case.
    let mut browser = Browser::operate(&app).await;
    for _ in 0..35 {
        app.clock.advance(20 * Timestamp::MINUTE);
        assert_eq!(browser.open("/operator").await.status, 200);
    }
    app.clock.advance(20 * Timestamp::MINUTE);
    assert_eq!(browser.open("/operator").await.status, 401);
    // By hand, for a stolen cookie too.
    let mut browser = Browser::operate(&app).await;
    let cookie = browser.cookie.clone();
    browser.submit("/operator/leave", &[]).await.says("You are signed out");
    assert!(browser.cookie.is_none());
    browser.cookie = cookie;
    assert_eq!(browser.open("/operator").await.status, 401);
    // Whoever signs in again has one visit.
    let mut browser = Browser::operate(&app).await;
    let former = browser.cookie.clone();
    browser.post("/operator/sign_in", &[("api_key", app.key.reveal())]).await;
    browser.cookie = former;
    assert_eq!(browser.open("/operator").await.status, 401);
    // Ended visits are forgotten.
    let visits = "SELECT CAST(COUNT(*) AS TEXT) AS value FROM operator_sessions";
    assert_ne!(app.raw().values(visits), ["0"]);
    app.clock.advance(3 * Timestamp::DAY);
    tasks::forget_all_old(&app.running.task_context).await.unwrap();
    assert_eq!(app.raw().values(visits), ["0"]);
}

async fn a_form_from_elsewhere_does_nothing_for_the_operator(app: TestApp) {
    let mut browser = Browser::operate(&app).await;
    let mut other = Browser::operate(&app).await;
    let foreign = other.open("/operator").await.values("csrf")[0].clone();
    let own = browser.open("/operator").await.values("csrf")[0].clone();
    assert_ne!(own, foreign);
    for path in FORMS {
        for csrf in [None, Some(""), Some("x"), Some(foreign.as_str())] {
            let form: Vec<(&str, &str)> = csrf.map(|csrf| ("csrf", csrf)).into_iter().collect();
            assert_eq!(browser.post(path, &form).await.status, 403, "{path} {csrf:?}");
            browser.page.says("nothing was changed");
        }
        for origin in ["https://evil.example", "null"] {
            let good = browser.origin.replace(origin.to_owned());
            assert_eq!(browser.post(path, &[("csrf", &own)]).await.status, 403, "{path}");
            browser.origin = good;
        }
        // Nobody without a visit, whatever they send.
        let cookie = browser.cookie.take();
        assert_eq!(browser.post(path, &[("csrf", &own)]).await.status, 401, "{path}");
        // After signing in they are on the page of the form, which they can send again.
        let to = browser.page.values("to")[0].clone();
        assert!(path.starts_with(&to) && !FORMS.contains(&to.as_str()), "{path} {to}");
        browser.cookie = cookie;
    }
    assert_eq!(browser.open("/operator").await.status, 200);
    assert_eq!(browser.open("/operator/nothing").await.status, 404);
    browser.page.says("This page does not exist");
}

async fn the_portal_and_the_operator_s_pages_do_not_open_each_other(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    let portal = Browser::visit(&app, &organization).await;
    let operator = Browser::operate(&app).await;
    let token = |browser: &Browser<'_>| {
        let pair = browser.cookie.clone().unwrap();
        pair.split_once('=').unwrap().1.to_owned()
    };
    let mut browser = Browser::new(&app);
    browser.cookie = Some(format!("rollcall_operator={}", token(&portal)));
    assert_eq!(browser.open("/operator").await.status, 401);
    browser.cookie = Some(format!("rollcall={}", token(&operator)));
    assert_eq!(browser.open("/portal").await.status, 401);
    // Both at once in one browser.
    let both = format!("rollcall={}; rollcall_operator={}", token(&portal), token(&operator));
    browser.cookie = Some(both);
    assert_eq!(browser.open("/operator").await.status, 200);
    assert_eq!(browser.open("/portal").await.status, 200);
}

async fn no_key_and_no_token_is_stored_logged_or_shown(app: TestApp) {
    let key = app.running.store.create_api_key("night").await.unwrap();
    app.connected().await;
    let browser = Browser::operate_with(&app, key.reveal()).await;
    let cookie = browser.cookie.clone().unwrap();
    let (_, token) = cookie.split_once('=').unwrap();
    let logged = evidence::logged();
    assert!(logged.contains("a visit to the operator's pages began"));
    for secret in [key.reveal(), token] {
        assert_eq!(evidence::where_stored(&app.place, secret), Vec::<String>::new());
        assert!(!logged.contains(secret));
    }
}
