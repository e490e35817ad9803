//! The operator's pages: what is wrong is on top when it is wrong for real, the lists lead to it,
//! and what is done there has its effect.

use rollcall::clock::Timestamp;
use rollcall::limits;
use serde_json::json;

use crate::browser::{Browser, Shown};
use crate::endpoints::{endpoint, start};
use crate::evidence;
use crate::hr::{INTERVAL, person};
use crate::receiver::Answer;
use crate::smtp::Fault;
use crate::support::{Connected, START, TestApp, behaviours, behaviours_of_place};
use crate::testdb::{Engine, TestPlace};

behaviours!(
    when_all_is_well_the_first_page_says_so,
    a_failing_directory_is_on_top_until_it_is_repaired,
    a_silent_directory_shows_even_while_nothing_works,
    a_decision_that_waits_is_worth_a_look,
    mails_that_do_not_go_out_are_told,
    work_that_stands_still_is_told,
    lists_are_cut_into_pages_searched_and_filtered,
    very_many_rows_are_not_counted_to_the_end,
    sync_now_starts_a_full_sync,
    a_link_to_the_portal_is_shown_once,
);
behaviours_of_place!(
    an_endpoint_that_fails_is_told_until_it_works_again,
    what_is_done_with_an_endpoint_has_its_effect,
    no_secret_and_nothing_of_an_employee_is_on_any_page,
);

/// What the page says about how it is, in the box on top.
fn on_top(page: &Shown) -> String {
    let (_, rest) = page.text.split_once("<div class=\"health big").expect("a health");
    let (top, _) = rest.split_once("</div>").expect("its end");
    let top = format!("<div {top}");
    Shown { text: top, ..Shown::default() }.words()
}

async fn when_all_is_well_the_first_page_says_so(app: TestApp) {
    let mut browser = Browser::operate(&app).await;
    assert_eq!(
        on_top(&browser.page),
        "All is well No directory is connected yet, and nothing waits."
    );
    app.connected().await;
    browser.open("/operator").await;
    let top = "All is well 1 directory is in step, and nothing waits too long.";
    assert_eq!(on_top(&browser.page), top);
    let database = match app.place.engine {
        Engine::Sqlite => "Database SQLite",
        Engine::Postgres => "Database PostgreSQL",
    };
    browser.page.says(database).says(env!("CARGO_PKG_VERSION")).says("Directories, active 1");
    // Looking on: nothing is sent while nothing has changed, and then what has.
    let seen = browser.page.attribute("hx-get", "/operator/live").unwrap();
    assert_eq!(browser.open(&seen).await.status, 204);
    app.organization("Other Ltd", &[]).await;
    app.clock.advance(2 * Timestamp::MINUTE);
    assert_eq!(browser.open(&seen).await.status, 200);
    assert!(browser.page.text.starts_with("<div id=\"live\""));
}

fn page_of(connected: &Connected) -> String {
    format!("/operator/directories/{}", connected.directory)
}

async fn a_failing_directory_is_on_top_until_it_is_repaired(app: TestApp) {
    let connected = app.connected().await;
    app.hr().remove_key(&connected.hr_key);
    app.pass(INTERVAL).await;
    let mut browser = Browser::operate(&app).await;
    assert_eq!(on_top(&browser.page), "Something is wrong 1 directory fails.");
    browser.page.says("Customer Ltd, People HR").says("The HR system refuses the key.");
    let at = browser.page.attribute("href", "/operator/directories/").unwrap();
    assert_eq!(at, page_of(&connected));
    browser.open(&at).await;
    assert!(on_top(&browser.page).starts_with("Failing The HR system refuses the key."));
    browser.page.says("People HR of Customer Ltd").says("Class credential").says("failed");
    let last4 = &connected.hr_key[connected.hr_key.len() - 4..];
    browser.page.says(&format!("ends with {last4}"));
    browser.open("/operator/directories?problem=failing").await.says("Customer Ltd");
    browser.open("/operator/organizations").await.says("1, failing");
    browser.open("/operator/directories?problem=silent").await.says("None is like that.");
    app.enter_new_key(&connected).await;
    app.drain().await;
    assert!(on_top(browser.open("/operator").await).starts_with("All is well"));
    assert!(on_top(browser.open(&at).await).starts_with("In step"));
    browser.open("/operator/organizations").await.says("1, in step");
}

async fn a_silent_directory_shows_even_while_nothing_works(app: TestApp) {
    let connected = app.connected().await;
    let mut browser = Browser::operate(&app).await;
    let stale = async |browser: &mut Browser<'_>| {
        browser.post("/operator/sign_in", &[("api_key", app.key.reveal())]).await;
        on_top(browser.open(&page_of(&connected)).await)
    };
    // No task runs: only the time goes on, from the moment of the last success.
    let since = START;
    assert_eq!(app.show(&connected).await["last_success_at"], since.to_string());
    app.clock.advance(29 * Timestamp::MINUTE);
    let in_step = "In step A full sync is made every 30 minutes.";
    assert_eq!(stale(&mut browser).await, in_step);
    browser.page.says("Last success 29 minutes ago; a full sync is due every 30 minutes.");
    app.clock.advance(90 * Timestamp::MINUTE - app.now().since(since));
    assert_eq!(stale(&mut browser).await, in_step);
    browser.page.says("Last success 1 hour ago; that is 3 intervals of 30 minutes.");
    browser.open("/operator/directories?problem=silent").await.says("None is like that.");
    app.clock.advance(1);
    let silent = "Silent No sync has succeeded for 3 intervals, and none has failed either.";
    assert_eq!(stale(&mut browser).await, silent);
    browser.open("/operator").await;
    assert_eq!(on_top(&browser.page), "Something is wrong 1 directory is silent.");
    browser.open("/operator/directories?problem=silent").await.says("Customer Ltd");
    browser.open("/operator/organizations").await.says("1, silent");
    // The tasks are there again: in step.
    app.drain().await;
    assert!(stale(&mut browser).await.starts_with("In step"));
}

async fn a_decision_that_waits_is_worth_a_look(app: TestApp) {
    app.hire(&person("Ann", "Lee", "ann.lee@acme.example")).await;
    let protected = json!({"email": "ann.lee@acme.example", "protected": true});
    let connected = app.joined(&[protected]).await;
    assert_eq!(app.open_holds(&connected).await.len(), 1);
    let mut browser = Browser::operate(&app).await;
    let top = on_top(&browser.page);
    assert_eq!(top, "Nothing is broken; worth a look 1 decision waits for a customer.");
    browser.open("/operator/directories?problem=holds").await.is_silent_about("Ann");
    browser.page.says("People HR").says("1 0");
    browser.open(&page_of(&connected)).await.says("Decisions that wait 1");
    browser.page.is_silent_about("Ann").is_silent_about("acme.example");
    let organization = format!("/operator/organizations/{}", connected.organization);
    browser.open(&organization).await.is_silent_about("ann.lee").is_silent_about("Lee");
}

async fn mails_that_do_not_go_out_are_told(app: TestApp) {
    let connected = app.connected().await;
    app.mail.set_fault(Some(Fault::DropInData));
    app.hr().remove_key(&connected.hr_key);
    app.pass(INTERVAL).await;
    let browser = Browser::operate(&app).await;
    browser.page.says("2 mails do not go out").says("One reason:");
    browser.page.is_silent_about("ann@customer.example");
    // Three days of tries.
    let given_up = "SELECT CAST(COUNT(*) AS TEXT) AS value FROM mails WHERE state = 'undelivered'";
    let begun = app.now();
    while app.raw().values(given_up) != ["2"] {
        app.pass(2 * Timestamp::HOUR).await;
        assert!(app.now().since(begun) < 10 * Timestamp::DAY, "they are given up some day");
    }
    let mut browser = Browser::operate(&app).await;
    browser.page.says("2 mails were given up today").is_silent_about("mails do not go out");
    let organization = format!("/operator/organizations/{}", connected.organization);
    browser.open(&organization).await.says("2 given up");
    // Told for a day, and no longer: nobody can do anything about it any more.
    app.clock.advance(Timestamp::DAY);
    let browser = Browser::operate(&app).await;
    browser.page.is_silent_about("given up today");
}

async fn work_that_stands_still_is_told(app: TestApp) {
    let connected = app.connected().await;
    let employee = app.employee(0);
    app.new_job(&employee, "Head of Tests").await;
    let mut browser = Browser::operate(&app).await;
    browser.page.says("Webhooks in 1");
    app.clock.advance(limits::OPERATOR_STUCK_MS);
    browser.open("/operator").await.is_silent_about("stands still");
    app.clock.advance(1);
    browser.open("/operator").await.says("Work stands still");
    browser.page.says("1 webhook waits to be looked at; the oldest for 15 minutes.");
    app.drain().await;
    browser.open("/operator").await.is_silent_about("stands still").says("Webhooks in 0");
    // Parked while the directory fails: nothing stands still.
    app.hr().remove_key(&connected.hr_key);
    app.pass(INTERVAL).await;
    app.new_job(&employee, "Head of More").await;
    app.pass(Timestamp::HOUR).await;
    let browser = Browser::operate(&app).await;
    browser.page.says("Webhooks in, parked 1").is_silent_about("stands still");
}

async fn an_endpoint_that_fails_is_told_until_it_works_again(place: TestPlace) {
    let (app, receiver) = start(place).await;
    app.connected().await;
    let (path, _) = endpoint(&app, &receiver, &[]).await;
    receiver.answer(Answer::Status(500));
    for job in ["a", "b", "c"] {
        app.new_job(&app.employee(0), job).await;
        app.clock.advance(1);
        app.drain().await;
    }
    let mut browser = Browser::operate(&app).await;
    let top = "Nothing is broken; worth a look 1 endpoint fails.";
    assert_eq!(on_top(&browser.page), top);
    browser.page.says("Webhooks out, waiting 3").says(&receiver.url());
    let at = format!("/operator{path}");
    assert_eq!(browser.page.attribute("href", "/operator/endpoints/").unwrap(), at);
    browser.open(&at).await.says("Failing").says("Waiting 3,");
    // One person's events go one after the other: two of three are behind the first.
    browser.page.says("Of these behind an earlier one 2").says("500");
    browser.page.says("dsync.user.updated");
    // It is paused after five different refusals.
    for number in 0..6 {
        app.new_job(&app.employee(number), "d").await;
    }
    app.drain().await;
    browser.open(&at).await;
    assert!(on_top(&browser.page).starts_with("Pausing"), "{}", on_top(&browser.page));
    // Five days of nothing but failures.
    for _ in 0..26 {
        app.pass(5 * Timestamp::HOUR).await;
    }
    let mut browser = Browser::operate(&app).await;
    assert!(on_top(&browser.page).contains("1 endpoint is disabled"), "{}", browser.page.words());
    browser.page.says("given up today");
    browser.open(&at).await.says("It did nothing but fail for 5 days");
    browser.page.is_silent_about("/test\"").is_silent_about("/replay\"");
    // Mended: enabled, and sent again what was given up.
    receiver.answer(Answer::Status(200));
    receiver.take();
    browser.submit(&format!("{at}/enable"), &[]).await.says("The endpoint is enabled");
    let text = browser.page.text.clone();
    assert!(text.contains("Send again what was given up"), "{}", browser.page.words());
    let given_up = app.all(&format!("{path}/deliveries?state=dead")).await.len();
    browser.submit(&format!("{at}/replay"), &[]).await;
    browser.page.says(&format!("{given_up} events are sent again."));
    browser.page.is_silent_about("Send again what was given up");
    app.drain().await;
    assert_eq!(receiver.take().len(), given_up);
    browser.open("/operator").await.is_silent_about("1 endpoint");
    browser.page.is_silent_about("given up today");
}

async fn what_is_done_with_an_endpoint_has_its_effect(place: TestPlace) {
    let (app, receiver) = start(place).await;
    let (path, _) = endpoint(&app, &receiver, &[]).await;
    let at = format!("/operator{path}");
    let mut browser = Browser::operate(&app).await;
    browser.open(&at).await.says("Working");
    browser.submit(&format!("{at}/test"), &[]).await.says("A test is sent");
    app.drain().await;
    assert_eq!(receiver.take().len(), 1);
    browser.open(&at).await.says("delivered 1 200");
    browser.open(&format!("{at}?state=dead")).await.says("None.");
    browser.open(&at).await;
    // Something waits, because the receiver does not take it.
    receiver.answer(Answer::Status(500));
    app.connected().await;
    app.new_job(&app.employee(0), "Head of Waiting").await;
    app.drain().await;
    browser.open(&at).await;
    browser.submit(&format!("{at}/disable"), &[]).await.says("Somebody disabled it by hand.");
    assert_eq!(app.get(&path).await["status"], "disabled");
    assert!(!app.all(&format!("{path}/deliveries?state=dead")).await.is_empty());
    // By hand is no trouble, nor is what was given up by it.
    browser.open("/operator").await;
    assert!(on_top(&browser.page).starts_with("All is well"));
    let csrf = browser.page.values("csrf")[0].clone();
    for refused in ["test", "replay"] {
        let form = [("csrf", csrf.as_str())];
        assert_eq!(browser.post(&format!("{at}/{refused}"), &form).await.status, 409, "{refused}");
        browser.page.says("The endpoint is disabled");
    }
    for missing in ["test", "enable", "disable", "replay"] {
        let path = format!("/operator/endpoints/we_x/{missing}");
        assert_eq!(browser.post(&path, &[("csrf", &csrf)]).await.status, 404, "{missing}");
    }
    let logged = evidence::logged();
    for action in ["test", "disable"] {
        assert!(logged.contains(&format!("action=\"{action}\"")), "{action}");
    }
}

async fn lists_are_cut_into_pages_searched_and_filtered(app: TestApp) {
    let many = usize::try_from(limits::PORTAL_PAGE_ITEMS).unwrap() + 5;
    for number in 0..many {
        let name = format!("Customer {number:02} & Co");
        let organization = app.organization(&name, &[]).await;
        app.directory(&organization).await;
        app.clock.advance(1);
    }
    let mut browser = Browser::operate(&app).await;
    for path in ["/operator/organizations", "/operator/directories"] {
        browser.open(path).await.says("Customer 54 & Co");
        browser.page.is_silent_about("Customer 04").is_silent_about("rel=\"prev\"");
        let older = browser.page.attribute("href", &format!("{path}?after=")).unwrap();
        browser.open(&older).await.says("Customer 04 & Co").says("Customer 00 & Co");
        browser.page.is_silent_about("Customer 05").is_silent_about("rel=\"next\"");
        let newer = browser.page.attribute("href", &format!("{path}?before=")).unwrap();
        browser.open(&newer).await.says("Customer 54 & Co");
    }
    browser.open("/operator/organizations?find=CUSTOMER+07").await.says("Customer 07 & Co");
    browser.page.is_silent_about("Customer 08").says("1, in set-up");
    browser.open("/operator/organizations?find=%25").await.says("None has this in its name.");
    for (query, rows) in [
        ("state=setup", true),
        ("state=active", false),
        ("provider=people_hr", true),
        ("provider=hrworks", false),
        ("state=setup&provider=people_hr", true),
        ("problem=trying", false),
        ("problem=row_problems", false),
        ("problem=holds", false),
        ("problem=nonsense", true),
    ] {
        browser.open(&format!("/operator/directories?{query}")).await;
        assert_eq!(browser.page.text.contains("Customer 54"), rows, "{query}");
    }
    // A filter stays on the next page.
    browser.open("/operator/directories?state=setup").await;
    let older = browser.page.attribute("href", "/operator/directories?state=setup").unwrap();
    browser.open(&older).await.says("Customer 04 & Co");
    assert_eq!(browser.open("/operator/directories/directory_x").await.status, 404);
    assert_eq!(browser.open("/operator/organizations/org_x").await.status, 404);
    assert_eq!(browser.open("/operator/endpoints/we_x").await.status, 404);
    browser.page.says("This page does not exist");
}

async fn very_many_rows_are_not_counted_to_the_end(app: TestApp) {
    let connected = app.connected().await;
    let rows = limits::OPERATOR_COUNT_MAX;
    let insert = |from: i64, to: i64| {
        format!(
            "INSERT INTO inbox (organization_id, directory_id, employee_hint, state, hooks, \
             first_received_at_ms, last_received_at_ms, last_received_seq, next_at_ms, attempts, \
             lease_epoch, waiting_key) \
             WITH RECURSIVE numbers (n) AS \
             (SELECT {from} UNION ALL SELECT n + 1 FROM numbers WHERE n < {to}) \
             SELECT '{}', '{}', 'x', 'waiting', 1, {now}, {now}, 0, {now}, 0, 0, n \
             FROM numbers",
            connected.organization,
            connected.directory,
            now = app.now().0
        )
    };
    app.raw().run(&insert(1, rows));
    let mut browser = Browser::operate(&app).await;
    browser.page.says("Webhooks in 10,000 just now");
    app.raw().run(&insert(rows + 1, rows + 1));
    browser.open("/operator").await.says("Webhooks in 10,000+ just now");
}

async fn sync_now_starts_a_full_sync(app: TestApp) {
    let connected = app.connected().await;
    let (at, runs) = (page_of(&connected), app.runs(&connected).await.len());
    let mut browser = Browser::operate(&app).await;
    browser.open(&at).await.says("Set-up").says("succeeded");
    browser.submit(&format!("{at}/sync"), &[]).await.says("A full sync is asked for.");
    browser.page.says("Asked for").says("queued");
    assert_eq!(app.runs(&connected).await.len(), runs + 1);
    let csrf = browser.page.values("csrf")[0].clone();
    assert_eq!(browser.post(&format!("{at}/sync"), &[("csrf", &csrf)]).await.status, 409);
    app.drain().await;
    browser.open(&at).await.is_silent_about("queued");
    let logged = evidence::logged();
    assert!(
        logged.contains(&connected.directory) && logged.contains("the operator acted on a page")
    );
    // Nothing to press where nothing syncs.
    app.post(&format!("/directories/{}/disable", connected.directory), json!({})).await.ok();
    browser.open(&at).await.says("Disabled").is_silent_about("Sync now").says("Key none");
}

async fn a_link_to_the_portal_is_shown_once(app: TestApp) {
    let connected = app.connected().await;
    let at = format!("/operator/organizations/{}", connected.organization);
    let mut browser = Browser::operate(&app).await;
    browser.open(&at).await.says("ann@customer.example").says("People HR");
    browser.submit(&format!("{at}/portal_link"), &[]).await.says("is not shown again");
    let (_, link) = browser.page.text.split_once("<code id=\"portal-link\">").unwrap();
    let link = link.split_once("</code>").unwrap().0.to_owned();
    let token = link.rsplit('/').next().unwrap().to_owned();
    browser.secrets.push(token.clone());
    browser.open(&at).await.is_silent_about("portal-link");
    assert_eq!(evidence::where_stored(&app.place, &token), Vec::<String>::new());
    assert!(!evidence::logged().contains(&token));
    let mut admin = Browser::new(&app);
    admin.enter(&link).await.says("Your HR system");
    let csrf = browser.page.values("csrf")[0].clone();
    let missing = "/operator/organizations/org_x/portal_link";
    assert_eq!(browser.post(missing, &[("csrf", &csrf)]).await.status, 404);
}

/// Every address of the operator's pages that the page leads to.
fn leads_to(page: &Shown) -> Vec<String> {
    let parts = page.text.split("href=\"").skip(1);
    let hrefs = parts.filter_map(|part| part.split_once('"')).map(|(href, _)| href);
    let own = hrefs.filter(|href| href.starts_with("/operator"));
    own.map(|href| href.replace("&#38;", "&")).collect()
}

async fn no_secret_and_nothing_of_an_employee_is_on_any_page(place: TestPlace) {
    let (app, receiver) = start(place).await;
    app.hire(&person("Ann", "Quillfeather", "ann.lee@acme.example")).await;
    let protected = json!({"email": "ann.lee@acme.example", "protected": true});
    let connected = app.joined(&[protected]).await;
    let (_, secret) = endpoint(&app, &receiver, &[]).await;
    receiver.answer(Answer::Status(500));
    let employees = app.hr().people();
    for employee in employees.iter().take(4) {
        app.new_job(&employee.employee_id, "Falconer").await;
    }
    app.drain().await;
    app.hr().remove_key(&connected.hr_key);
    app.pass(INTERVAL).await;
    let mut browser = Browser::operate(&app).await;
    let token = connected.hook_url.rsplit('/').next().unwrap().to_owned();
    browser.secrets.extend([connected.hr_key.clone(), token, secret, "Falconer".to_owned()]);
    browser.secrets.extend(employees.iter().map(|person| person.email.clone()));
    browser.secrets.extend(["Quillfeather".to_owned(), "ann.lee".to_owned()]);
    // The browser looks at every page for these.
    let (mut seen, mut next) = (Vec::new(), vec!["/operator".to_owned()]);
    while let Some(path) = next.pop() {
        if seen.contains(&path) {
            continue;
        }
        assert_eq!(browser.open(&path).await.status, 200, "{path}");
        next.extend(leads_to(&browser.page));
        seen.push(path);
    }
    for part in ["/operator/organizations/", "/operator/directories/", "/operator/endpoints/"] {
        assert!(seen.iter().any(|path| path.starts_with(part)), "{seen:?}");
    }
    assert!(seen.len() > 10, "{seen:?}");
}
