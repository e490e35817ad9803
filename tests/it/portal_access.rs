//! Who gets into the portal, how, and what they cannot do there.

use rollcall::clock::Timestamp;
use serde_json::json;

use crate::browser::{Browser, link, path_of};
use crate::hr::INTERVAL;
use crate::support::{Connected, Options, TestApp, behaviours};
use crate::systems::System;

behaviours!(
    l_02_a_link_works_once_and_looking_does_not_use_it_up,
    l_02_a_visit_ends_by_itself_and_by_hand,
    l_02_a_form_from_elsewhere_changes_nothing,
    l_01_another_organization_s_directory_is_not_found,
    s_41_a_mail_leads_an_admin_in_and_nobody_else,
    s_41_without_a_mail_server_the_page_says_how_one_gets_in,
    l_02_behind_https_the_cookie_is_for_this_host_alone,
    l_06_no_token_is_stored_as_it_is,
    l_01_files_are_kept_for_long_and_compressed,
);

fn page_of(connected: &Connected) -> String {
    format!("/portal/directories/{}", connected.directory)
}

async fn l_02_a_link_works_once_and_looking_does_not_use_it_up(app: TestApp) {
    let organization = app.organization("Customer & Sons", &[]).await;
    let made = link(&app, &organization).await;
    let path = path_of(&made);
    let mut scanner = Browser::new(&app);
    for _ in 0..3 {
        assert_eq!(scanner.open(&path).await.status, 200);
        scanner.page.says("HR connection of Customer & Sons");
        assert!(scanner.cookie.is_none());
    }
    let mut browser = Browser::new(&app);
    browser.post(&path, &[]).await;
    let cookie = browser.page.header("set-cookie");
    assert!(cookie.starts_with("rollcall="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax"), "{cookie}");
    assert_eq!(browser.follow().await.status, 200);
    // Used.
    for mut late in [scanner, Browser::new(&app)] {
        assert_eq!(late.open(&path).await.status, 410);
        assert_eq!(late.post(&path, &[]).await.status, 410);
        late.page.says("This link does not work any more").is_silent_about("Customer");
        assert!(late.cookie.is_none());
    }
    // Expired, and never made: the same answer.
    let made = path_of(&link(&app, &organization).await);
    app.clock.advance(Timestamp::DAY);
    let mut browser = Browser::new(&app);
    let expired = browser.post(&made, &[]).await.clone();
    let unknown = browser.post("/portal/enter/unknown", &[]).await.clone();
    assert_eq!((expired.status, expired.text), (unknown.status, unknown.text));
    // Nobody is led in from another site.
    let made = path_of(&link(&app, &organization).await);
    browser.origin = Some("https://evil.example".to_owned());
    assert_eq!(browser.post(&made, &[]).await.status, 403);
    assert!(browser.cookie.is_none());
}

async fn l_02_a_visit_ends_by_itself_and_by_hand(app: TestApp) {
    let connected = app.connected().await;
    let (organization, at) = (connected.organization.clone(), page_of(&connected));
    let mut browser = Browser::visit(&app, &organization).await;
    // Half an hour without doing anything; looking on does not count.
    for _ in 0..3 {
        app.clock.advance(20 * Timestamp::MINUTE);
        assert_eq!(browser.open(&at).await.status, 200);
    }
    app.clock.advance(20 * Timestamp::MINUTE);
    assert_ne!(browser.open(&format!("{at}/live")).await.status, 401);
    app.clock.advance(10 * Timestamp::MINUTE);
    assert_eq!(browser.open(&at).await.status, 401);
    browser.page.says("Sign in to the HR connection");
    // Half a day in any case.
    let mut browser = Browser::visit(&app, &organization).await;
    for _ in 0..35 {
        app.clock.advance(20 * Timestamp::MINUTE);
        assert_eq!(browser.open("/portal/notices").await.status, 200);
    }
    app.clock.advance(20 * Timestamp::MINUTE);
    assert_eq!(browser.open("/portal/notices").await.status, 401);
    // By hand, for a stolen cookie too.
    let mut browser = Browser::visit(&app, &organization).await;
    let cookie = browser.cookie.clone();
    browser.submit("/portal/leave", &[]).await.says("You are signed out");
    assert!(browser.cookie.is_none());
    browser.cookie = cookie;
    assert_eq!(browser.open("/portal").await.status, 401);
    // A new link ends the visit before.
    let mut browser = Browser::visit(&app, &organization).await;
    let former = browser.cookie.clone();
    let other = app.organization("Other Ltd", &[]).await;
    browser.enter(&link(&app, &other).await).await.says("Other Ltd");
    browser.cookie = former;
    assert_eq!(browser.open("/portal").await.status, 401);
    // The organization is deleted while somebody looks at it.
    let mut browser = Browser::visit(&app, &other).await;
    assert_eq!(app.delete(&format!("/organizations/{other}")).await.status, 204);
    assert_eq!(browser.open("/portal").await.status, 401);
}

async fn l_02_a_form_from_elsewhere_changes_nothing(app: TestApp) {
    let connected = app.connected().await;
    let at = page_of(&connected);
    let mut browser = Browser::visit(&app, &connected.organization).await;
    let mut other = Browser::visit(&app, &connected.organization).await;
    let foreign = other.open(&at).await.values("csrf")[0].clone();
    let own = browser.open(&at).await.values("csrf")[0].clone();
    assert_ne!(own, foreign);
    let runs = app.runs(&connected).await.len();
    let forms: [(&str, &[(&str, &str)]); 5] = [
        ("/sync", &[]),
        ("/disable", &[("sure", "yes")]),
        ("/key", &[("api_key", "0f5d1f0e-5d2b-4f1b-9a3e-1c5d8a1b2c3d")]),
        ("/complete", &[]),
        ("/preview", &[]),
    ];
    for (path, fields) in forms {
        let path = format!("{at}{path}");
        for csrf in [None, Some(""), Some("x"), Some(foreign.as_str())] {
            let mut all = fields.to_vec();
            all.extend(csrf.map(|csrf| ("csrf", csrf)));
            assert_eq!(browser.post(&path, &all).await.status, 403, "{path} {csrf:?}");
            browser.page.says("nothing was changed");
        }
        // The right secret from another site.
        browser.origin = Some("https://evil.example".to_owned());
        let mut all = fields.to_vec();
        all.push(("csrf", &own));
        assert_eq!(browser.post(&path, &all).await.status, 403, "{path}");
        browser.origin = Some("null".to_owned());
        assert_eq!(browser.post(&path, &all).await.status, 403, "{path}");
        browser.origin = Some(format!("http://{}", app.running.address));
        // Nobody without a visit, whatever they send.
        let cookie = browser.cookie.take();
        assert_eq!(browser.post(&path, &all).await.status, 401, "{path}");
        browser.cookie = cookie;
    }
    assert_eq!(app.state(&connected).await, "active");
    assert_eq!(app.runs(&connected).await.len(), runs);
    assert_eq!(browser.post(&format!("{at}/sync"), &[("csrf", &own)]).await.status, 303);
}

async fn l_01_another_organization_s_directory_is_not_found(app: TestApp) {
    let connected = app.connected().await;
    let at = page_of(&connected);
    let other = app.organization("Other Ltd", &["eve@other.example"]).await;
    let mut browser = Browser::visit(&app, &other).await;
    let csrf = browser.page.values("csrf")[0].clone();
    let pages =
        ["", "/live", "/people", "/groups", "/runs", "/problems", "/problems.csv", "/disable"];
    for page in pages {
        assert_eq!(browser.open(&format!("{at}{page}")).await.status, 404, "{page}");
        browser.page.says("This page does not exist").is_silent_about("Customer Ltd");
    }
    let forms: [(&str, &[(&str, &str)]); 6] = [
        ("/sync", &[]),
        ("/disable", &[("sure", "yes")]),
        ("/key", &[("api_key", "0f5d1f0e-5d2b-4f1b-9a3e-1c5d8a1b2c3d")]),
        ("/check", &[]),
        ("/complete", &[]),
        ("/holds/hold_x", &[("choice", "none")]),
    ];
    for (path, fields) in forms {
        let mut all = fields.to_vec();
        all.push(("csrf", &csrf));
        assert_eq!(browser.post(&format!("{at}{path}"), &all).await.status, 404, "{path}");
    }
    assert_eq!(app.state(&connected).await, "active");
    browser.open("/portal/changes").await.says("None yet.");
    browser.open("/portal/notices").await.says("None yet.");
    // A hold is one of its own directory only.
    let own = app.directory_of(&other, System::BreatheHr).await;
    let path = format!("/portal/directories/{}/holds/hold_x", own.directory);
    assert_eq!(browser.open(&path).await.status, 404);
}

/// The link of the last mail.
fn mailed_link(app: &TestApp) -> Option<String> {
    let mails = app.mail.mails();
    let text = mails.last()?.text();
    let link = text.split_whitespace().find(|word| word.contains("/portal/enter/"))?;
    Some(link.to_owned())
}

async fn s_41_a_mail_leads_an_admin_in_and_nobody_else(app: TestApp) {
    let connected = app.connected().await;
    let at = page_of(&connected);
    app.hr().remove_key(&connected.hr_key);
    app.pass(INTERVAL).await;
    let told = app.mail.mails();
    assert!(told[0].text().contains(&format!("http://{}{at}", app.running.address)));

    let mut browser = Browser::new(&app);
    assert_eq!(browser.open(&at).await.status, 401);
    browser.page.says("Send me the link").is_silent_about("Customer Ltd");
    let form = format!("{at}/sign_in");
    // Nobody learns who is an admin, or which directory there is.
    let mut answers = Vec::new();
    for (path, email) in [
        (form.as_str(), "ANN@customer.example"),
        (form.as_str(), "nobody@customer.example"),
        ("/portal/directories/directory_x/sign_in", "ann@customer.example"),
    ] {
        let shown = browser.post(path, &[("email", email)]).await;
        answers.push((shown.status, shown.text.clone()));
    }
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    assert_eq!(browser.post(&form, &[("email", "ann")]).await.status, 422);
    app.drain().await;
    let mails = app.mail.mails();
    assert_eq!(mails.len(), told.len() + 1);
    let made = mailed_link(&app).expect("a link");

    // It leads to the page that repairs.
    browser.enter(&made).await.says("How to repair it");
    assert_eq!(browser.page.path, at);
    assert_eq!(browser.open(&path_of(&made)).await.status, 410);
    browser.page.says("Go on where you were");

    // Not more than a few in an hour.
    for _ in 0..10 {
        app.clock.advance(1);
        browser.post(&form, &[("email", "ann@customer.example")]).await;
    }
    app.drain().await;
    assert_eq!(app.mail.mails().len(), told.len() + 5);
    let last = mailed_link(&app).unwrap();
    app.clock.advance(31 * Timestamp::MINUTE);
    assert_eq!(Browser::new(&app).open(&path_of(&last)).await.status, 410);

    // Who is not an admin any more is out.
    app.clock.advance(Timestamp::HOUR);
    browser.post(&form, &[("email", "ann@customer.example")]).await;
    app.drain().await;
    browser.enter(&mailed_link(&app).unwrap()).await;
    assert_eq!(browser.open(&at).await.status, 200);
    let admins = app.all(&format!("/organizations/{}/admins", connected.organization)).await;
    let ann = admins.iter().find(|admin| admin["email"] == "ann@customer.example").unwrap();
    let id = ann["id"].as_str().unwrap();
    app.delete(&format!("/organizations/{}/admins/{id}", connected.organization)).await;
    assert_eq!(browser.open(&at).await.status, 401);
}

async fn s_41_without_a_mail_server_the_page_says_how_one_gets_in(app: TestApp) {
    let without = vec!["ROLLCALL__SMTP__URL", "ROLLCALL__SMTP__FROM"];
    let app = app.another(Options { without, ..Options::default() }).await;
    let connected = app.connected().await;
    let mut browser = Browser::new(&app);
    assert_eq!(browser.open(&page_of(&connected)).await.status, 401);
    browser.page.says("Open the application that you use").is_silent_about("Send me the link");
    assert_eq!(browser.open("/portal").await.status, 401);
    let mut browser = Browser::visit(&app, &connected.organization).await;
    browser.open("/portal/notices").await.says("no mail server is set up");
}

async fn l_02_behind_https_the_cookie_is_for_this_host_alone(app: TestApp) {
    let url = "https://gateway.example";
    let env = vec![("ROLLCALL__SERVER__PUBLIC_URL", url.to_owned())];
    let app = app.another(Options { env, ..Options::default() }).await;
    let organization = app.organization("Customer Ltd", &[]).await;
    let made = link(&app, &organization).await;
    assert!(made.starts_with(&format!("{url}/portal/enter/")), "{made}");
    let mut browser = Browser::new(&app);
    browser.origin = Some(url.to_owned());
    browser.post(&path_of(&made), &[]).await;
    assert_eq!(browser.page.status, 303);
    let cookie = browser.page.header("set-cookie");
    let parts: Vec<&str> = cookie.split("; ").collect();
    assert!(parts[0].starts_with("__Host-rollcall=") && parts[0].len() > 50, "{cookie}");
    let attributes = ["Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Lax", "Secure"];
    assert_eq!(parts[1..], attributes, "and no Domain");
    browser.follow().await.says("Customer Ltd");
    let csrf = browser.page.values("csrf")[0].clone();

    // The same under the name that any host of the domain could set lets nobody in.
    let plain = browser.cookie.clone().unwrap().replace("__Host-", "");
    let mut other = Browser::new(&app);
    other.cookie = Some(plain);
    assert_eq!(other.open("/portal").await.status, 401);

    // Signing out takes it back as it was given.
    browser.post("/portal/leave", &[("csrf", &csrf)]).await;
    let gone = "__Host-rollcall=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure";
    assert_eq!(browser.page.header("set-cookie"), gone);
}

async fn l_06_no_token_is_stored_as_it_is(app: TestApp) {
    let connected = app.connected().await;
    let browser = Browser::visit(&app, &connected.organization).await;
    let form = format!("{}/sign_in", page_of(&connected));
    let mut outside = Browser::new(&app);
    app.mail.set_fault(Some(crate::smtp::Fault::DropInData));
    outside.post(&form, &[("email", "ann@customer.example")]).await;
    app.drain().await;
    let waiting = "SELECT CAST(COUNT(*) AS TEXT) AS value FROM mails WHERE text_sealed IS NOT NULL";
    assert_eq!(app.raw().values(waiting), ["1"]);
    app.mail.set_fault(None);
    app.pass(10 * Timestamp::MINUTE).await;
    let link = mailed_link(&app).expect("a link");
    assert_eq!(app.raw().values(waiting), ["0"]);
    let token = link.rsplit('/').next().unwrap().split('?').next().unwrap();
    let cookie = browser.cookie.as_deref().unwrap().strip_prefix("rollcall=").unwrap();
    let texts = ["portal_links", "portal_sessions", "mails"].map(|table| {
        let columns = match table {
            "mails" => "recipient_name || state || coalesce(last_error, '')",
            _ => "id || coalesce(return_url, '') || coalesce(success_url, '')",
        };
        app.raw().values(&format!("SELECT {columns} AS value FROM {table}")).join("\n")
    });
    for text in texts {
        assert!(!text.is_empty() && !text.contains(token) && !text.contains(cookie), "{text}");
    }
}

async fn l_01_files_are_kept_for_long_and_compressed(app: TestApp) {
    let organization = app.organization("Customer Ltd", &[]).await;
    let browser = Browser::visit(&app, &organization).await;
    let css = browser.page.attribute("href", "/portal/assets/").unwrap();
    let url = |path: &str| format!("http://{}{path}", app.running.address);
    let answer = app.client.get(url(&css)).send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(answer.status(), 200);
    let other = app.client.get(url("/portal/assets/portal-000000000000.css")).send().await.unwrap();
    assert_eq!(other.status(), 404);
    let missing = app.client.get(url("/portal/nothing")).send().await.unwrap();
    assert_eq!(
        (missing.status().as_u16(), missing.headers()["cache-control"].to_str().unwrap()),
        (404, "no-store")
    );
    let page = missing.text().await.unwrap();
    assert!(page.contains("This page does not exist") && page.contains("req_"), "{page}");
    // The application's own call under the same path speaks JSON.
    let call = app.client.post(url("/portal/generate_link")).json(&json!({})).send().await.unwrap();
    assert_eq!(call.headers()["content-type"], "application/json");
}
