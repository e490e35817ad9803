//! The pages as a browser meets them, and as a foreign page would like to use them.

use std::sync::Arc;

use serde_json::json;

use super::{POLICY, ROOT};
use crate::clock::{ManualClock, Timestamp};
use crate::sandbox::testing::{self, Got};
use crate::sandbox::{
    Action, Faults, HrworksPermission, NextAnswers, OddAnswer, Sandbox, Standing,
};

const NOW: Timestamp = Timestamp(1_782_945_000_000);
const SLUGS: [&str; 3] = ["people-hr", "breathe-hr", "hrworks"];
const SCRIPT: &str = "<script>alert(1)</script>";

struct Browser {
    sandbox: Sandbox,
    clock: Arc<ManualClock>,
    client: reqwest::Client,
}

impl Browser {
    async fn of(people: usize) -> Self {
        let (sandbox, clock, client) = testing::start_at(NOW, people).await;
        Self { sandbox, clock, client }
    }

    fn url(&self, page: &str) -> String {
        format!("{}{ROOT}{page}", self.sandbox.base_url())
    }

    async fn get(&self, page: &str) -> Got {
        Got::from(self.client.get(self.url(page))).await
    }

    /// Sends a form as a browser does from a page of the sandbox, and follows it.
    async fn send(&self, page: &str, form: &[(&str, &str)]) -> Got {
        self.send_from(&self.sandbox.base_url(), page, form).await
    }

    async fn send_from(&self, origin: &str, page: &str, form: &[(&str, &str)]) -> Got {
        let body = serde_urlencoded::to_string(form).unwrap();
        let request = self.client.post(self.url(page)).body(body).header("origin", origin);
        Got::from(request.header("content-type", "application/x-www-form-urlencoded")).await
    }

    /// What each of the HR systems calls its first person by.
    fn first(&self) -> [String; 3] {
        [
            self.sandbox.people_hr().people()[0].employee_id.clone(),
            self.sandbox.breathe_hr().people()[0].unique_key.clone(),
            self.sandbox.hrworks().people()[0].unique_key.clone(),
        ]
    }
}

/// Asserts that a page loads and runs nothing, and that no tag was left open by what people wrote.
fn assert_clean(got: &Got, page: &str) {
    assert_eq!(got.header("content-security-policy"), Some(POLICY), "{page}");
    assert_eq!(got.header("content-type"), Some("text/html; charset=utf-8"), "{page}");
    for part in ["<script", "<style", " style=", "javascript:", " onclick", "<img", "<iframe"] {
        assert!(!got.text.contains(part), "{page}: {part}");
    }
    for attribute in ["href=\"", "src=\"", "action=\""] {
        for (at, _) in got.text.match_indices(attribute) {
            let target = &got.text[at + attribute.len()..];
            assert!(target.starts_with("/_sandbox") || target.starts_with('#'), "{page}: {target}");
        }
    }
    assert_eq!(got.text.matches("<h1").count(), 1, "{page}");
    assert!(got.text.contains("Everybody in it is made up."), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_every_system_is_there_and_loads_nothing() {
    let browser = Browser::of(60).await;
    browser.sandbox.people_hr().create_key(Action::USUAL);
    browser.sandbox.hrworks().create_key_pair(HrworksPermission::USUAL);
    browser.sandbox.breathe_hr().create_key();
    let bare = Got::from(browser.client.get(browser.sandbox.base_url())).await;
    assert!(bare.text.contains("Three HR systems"));
    let mut pages = vec![String::new(), "/".to_owned()];
    for (slug, id) in SLUGS.iter().zip(browser.first()) {
        let of_all = ["", "?search=a&standing=left", "?page=3", "/hire", "/faults", "/access"];
        pages.extend(of_all.map(|page| format!("/{slug}{page}")));
        pages.extend(["/calls", "/calls?live=1"].map(|page| format!("/{slug}{page}")));
        pages
            .push(format!("/{slug}/person?{}", serde_urlencoded::to_string([("id", id)]).unwrap()));
    }
    pages.push("/people-hr/hooks".to_owned());
    for page in &pages {
        let got = browser.get(page).await;
        assert_eq!(got.http, 200, "{page}: {}", got.text);
        assert_clean(&got, page);
        assert_eq!(got.text.contains("http-equiv=\"refresh\""), page.ends_with("live=1"), "{page}");
    }
    for page in ["/hrworks/hooks", "/nothing", "/people-hr/person?id=nobody", "/breathe-hr/x"] {
        let got = browser.get(page).await;
        assert_eq!(got.http, 404, "{page}");
        assert_clean(&got, page);
    }
    let style = browser.get("/sandbox.css").await;
    assert_eq!(style.header("content-type"), Some("text/css; charset=utf-8"));
    assert!(!style.text.contains("url(") && !style.text.contains("@import"));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_hired_edited_let_go_taken_back_and_deleted_at_every_system() {
    let browser = Browser::of(20).await;
    for slug in SLUGS {
        let page = |page: &str| format!("/{slug}{page}");
        let hire = [("first_name", "Ann"), ("last_name", "O'Neil"), ("department", "")];
        let hired = browser.send(&page("/hire"), &hire).await;
        assert_eq!(hired.http, 200, "{}", hired.text);
        assert!(hired.text.contains("Ann O&#39;Neil is hired."), "{}", hired.text);
        let people = match slug {
            "people-hr" => browser.sandbox.people_hr().people(),
            "breathe-hr" => browser.sandbox.breathe_hr().people(),
            _ => browser.sandbox.hrworks().people(),
        };
        let person = people.last().unwrap().clone();
        assert!(!person.email.is_empty() && !person.department.is_empty());
        let id = if slug == "people-hr" { person.employee_id } else { person.unique_key };
        let sent = |more: &[(&'static str, &'static str)]| -> Vec<(&str, String)> {
            let own = [("id", id.clone())].into_iter();
            own.chain(more.iter().map(|(name, text)| (*name, (*text).to_owned()))).collect()
        };
        let post = async |to: &str, more: &[(&'static str, &'static str)]| {
            let form = sent(more);
            let form: Vec<(&str, &str)> = form.iter().map(|(n, t)| (*n, t.as_str())).collect();
            browser.send(&page(to), &form).await
        };
        let edited = post("/person", &[("last_name", "Núñez"), ("location", "")]).await;
        assert!(edited.text.contains("Ann Núñez is changed."), "{}", edited.text);
        let same = post("/person", &[("last_name", "Núñez")]).await;
        assert!(same.text.contains("Nothing is different"), "{}", same.text);
        let wrong = post("/person", &[("last_name", ""), ("start_date", "31/02/2024")]).await;
        assert_eq!(wrong.http, 422);
        assert!(wrong.text.contains("This must be given.") && wrong.text.contains("aria-invalid"));
        // What was typed is still there.
        assert!(
            wrong.text.contains("value=\"31&#x2F;02&#x2F;2024\"")
                || wrong.text.contains("value=\"31/02/2024\"")
        );
        let odd = [("last_name", ""), ("start_date", "31/02/2024"), ("unchecked", "on")];
        assert_eq!(post("/person", &odd).await.http, 200);
        assert_eq!(post("/person", &[("last_name", "Ng")]).await.http, 200);
        let no_date = post("/person/leave", &[("leaving_date", "soon")]).await;
        assert_eq!(no_date.http, 422);
        assert!(no_date.text.contains("This must be a date like"));
        let leave = [("leaving_date", "2026-07-31"), ("blank_email", "on"), ("reason", "x")];
        assert!(post("/person/leave", &leave).await.text.contains("is marked as leaver"));
        let again = post("/person/leave", &leave).await;
        assert_eq!(again.http, 409);
        assert!(again.text.contains("Nothing was changed."));
        assert!(post("/person/rehire", &[]).await.text.contains("the leaving is taken back"));
        let deleted = post("/person/delete", &[]).await;
        assert!(deleted.text.contains("The record of Ann Ng is deleted."), "{}", deleted.text);
        assert_eq!(post("/person/delete", &[]).await.http, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_keeps_what_a_browser_can_not_show() {
    let browser = Browser::of(20).await;
    let edit = crate::sandbox::Edit { last_name: Some(" Ng\u{7}\n".into()), ..Default::default() };
    browser.sandbox.people_hr().edit("PW3", &edit).await.unwrap();
    // A browser sends the name without the line break back.
    let form = [("id", "PW3"), ("last_name", " Ng\u{7}"), ("job_role", "Baker")];
    assert_eq!(browser.send("/people-hr/person", &form).await.http, 200);
    let person = browser.sandbox.people_hr().person("PW3").unwrap();
    assert_eq!((person.last_name.as_str(), person.job_role.as_str()), (" Ng\u{7}\n", "Baker"));
    // A record that lost its id can still be opened and mended.
    let form = [("id", "PW3"), ("employee_id", ""), ("unchecked", "on")];
    let lost = browser.send("/people-hr/person", &form).await;
    assert_eq!((lost.http, browser.sandbox.people_hr().person("PW3")), (200, None));
    let form = [("id", ""), ("employee_id", "PW3")];
    assert_eq!(browser.send("/people-hr/person", &form).await.http, 200);
    assert!(browser.sandbox.people_hr().person("PW3").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_write_is_escaped_everywhere() {
    let browser = Browser::of(3).await;
    for (slug, id) in SLUGS.iter().zip(browser.first()) {
        let form = [
            ("id", id.as_str()),
            ("first_name", SCRIPT),
            ("last_name", "\"><script>"),
            ("department", SCRIPT),
            ("reason", SCRIPT),
        ];
        let edited = browser.send(&format!("/{slug}/person"), &form).await;
        assert_eq!(edited.http, 200);
        assert_clean(&edited, slug);
        let table = browser.get(&format!("/{slug}?search=%22%3E%3Cscript%3E")).await;
        assert_clean(&table, slug);
        assert!(table.text.contains("&#60;script&#62;") || table.text.contains("&lt;script&gt;"));
        let wrong = browser.send(&format!("/{slug}/hire"), &[("first_name", SCRIPT)]).await;
        assert_eq!(wrong.http, 422);
        assert_clean(&wrong, slug);
    }
    let wrong = browser.send("/people-hr/access/door/webhook", &[("value", SCRIPT)]).await;
    assert_eq!(wrong.http, 422);
    assert_clean(&wrong, "webhook");
    let call = json!({"APIKey": SCRIPT, "Action": SCRIPT, "EmployeeId": SCRIPT}).to_string();
    let url = format!("{}/Employee", browser.sandbox.base_url());
    browser.client.post(url).body(call).send().await.unwrap();
    assert_clean(&browser.get("/people-hr/calls").await, "calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_somebody_else_changes_nothing() {
    let browser = Browser::of(20).await;
    let before = browser.sandbox.people_hr().people();
    let elsewhere = "https://elsewhere.example";
    let hire = [("first_name", "Ann"), ("last_name", "Ng")];
    for origin in [elsewhere, "null", "http://127.0.0.1:1"] {
        assert_eq!(browser.send_from(origin, "/people-hr/hire", &hire).await.http, 403);
        let usual = browser.send_from(origin, "/people-hr/faults/usual", &[]).await;
        assert_eq!(usual.http, 403);
    }
    // The control routes take JSON under any Content-Type, which a form can send.
    let url = format!("{}/_sandbox/people-hr/people", browser.sandbox.base_url());
    let body = r#"{"first_name": "Ann", "last_name": "Ng"}"#;
    for (name, value) in [("origin", elsewhere), ("sec-fetch-site", "cross-site")] {
        let request = browser.client.post(&url).header(name, value);
        let request = request.header("content-type", "text/plain").body(body);
        assert_eq!(Got::from(request).await.http, 403, "{name}");
    }
    let encoded = url.replace("_sandbox", "%5Fsandbox");
    let request = browser.client.post(encoded).header("origin", elsewhere).body(body);
    assert_eq!(Got::from(request).await.http, 403);
    assert_eq!(browser.sandbox.people_hr().people(), before);
    assert_eq!(browser.send("/people-hr/hire", &hire).await.http, 200);
    assert_eq!(browser.sandbox.people_hr().people().len(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_switches_are_set_by_the_form_and_all_put_back() {
    let browser = Browser::of(20).await;
    let hr = browser.sandbox.people_hr();
    let form = [
        ("next", "\"html502\""),
        ("next.count", "2"),
        ("always", "null"),
        ("throttle_per_minute", ""),
        ("hooks.doubled", "on"),
        ("unlisted", "PW2\r\nPW3"),
    ];
    let set = browser.send("/people-hr/faults", &form).await;
    assert!(set.text.contains("Not as usual"), "{}", set.text);
    let mut expected = Faults {
        next: Some(NextAnswers { count: 2, answer: OddAnswer::Html502 }),
        throttle_per_minute: None,
        unlisted: vec!["PW2".to_owned(), "PW3".to_owned()],
        ..Faults::default()
    };
    expected.hooks.doubled = true;
    assert_eq!(hr.faults(), expected);
    let wrong = browser.send("/people-hr/faults", &[("delay_ms", "-1")]).await;
    assert_eq!(wrong.http, 422);
    assert!(wrong.text.contains("must be a whole number") && wrong.text.contains("aria-invalid"));
    assert_eq!(hr.faults(), expected);
    let start = browser.get("").await;
    assert!(start.text.contains("The next answers, ") && start.text.contains("Sent twice"));
    let usual = browser.send("/people-hr/faults/usual", &[]).await;
    assert!(usual.text.contains("People HR is in good order now."));
    assert_eq!(hr.faults(), Faults::default());
    for slug in ["breathe-hr", "hrworks"] {
        let form = [("always", "\"hang\""), ("quirks.next_link", "\"missing\"")];
        let set = browser.send(&format!("/{slug}/faults"), &form).await;
        assert!(set.text.contains("Not as usual: Every answer, "), "{}", set.text);
    }
    let call = format!("{}/employees", browser.sandbox.breathe_hr_base_url());
    browser.sandbox.breathe_hr().set_faults(crate::sandbox::BreatheFaults::default());
    browser.client.get(call).send().await.unwrap();
    let calls = browser.get("/breathe-hr/calls").await;
    assert!(calls.text.contains("GET /employees") && calls.text.contains("401"), "{}", calls.text);
    let none = browser.send("/breathe-hr/calls/forget", &[]).await;
    assert!(none.text.contains("Nobody has called yet."));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_limited_and_revoked() {
    let browser = Browser::of(20).await;
    let form = [("grant", "GetAllEmployeeDetail")];
    assert_eq!(browser.send("/people-hr/access/make", &form).await.http, 200);
    let hr = browser.sandbox.people_hr();
    let key = hr.keys().pop().unwrap();
    assert_eq!(key.actions, [Action::GetAllEmployeeDetail]);
    assert!(browser.get("").await.text.contains(&key.key));
    let form = [("key", key.key.as_str()), ("grant", "GetEmployeeDetailById")];
    assert_eq!(browser.send("/people-hr/access/grant", &form).await.http, 200);
    assert_eq!(hr.keys()[0].actions, [Action::GetEmployeeDetailById]);
    assert_eq!(browser.send("/people-hr/access/remove", &form).await.http, 200);
    assert!(hr.keys().is_empty());
    assert_eq!(browser.send("/people-hr/access/remove", &form).await.http, 404);

    let works = browser.sandbox.hrworks();
    let form = [("grant", "persons"), ("grant", "general")];
    assert_eq!(browser.send("/hrworks/access/make", &form).await.http, 200);
    let pair = works.key_pairs().pop().unwrap();
    assert_eq!(pair.permissions, [HrworksPermission::Persons, HrworksPermission::General]);
    let form = [("key", pair.access_key.as_str()), ("grant", "master_data")];
    assert_eq!(browser.send("/hrworks/access/grant", &form).await.http, 200);
    assert_eq!(works.key_pairs()[0].permissions, [HrworksPermission::MasterData]);
    for door in ["tokens", "cache"] {
        assert_eq!(browser.send(&format!("/hrworks/access/door/{door}"), &[]).await.http, 200);
    }
    assert_eq!(browser.send("/hrworks/access/door/else", &[]).await.http, 404);

    let breathe = browser.sandbox.breathe_hr();
    assert_eq!(browser.send("/breathe-hr/access/make", &[]).await.http, 200);
    let key = breathe.keys().pop().unwrap();
    assert!(
        browser.send("/breathe-hr/access/door/api", &[]).await.text.contains("The API is off.")
    );
    assert!(!breathe.api_enabled());
    let form = [("key", key.as_str())];
    assert_eq!(browser.send("/breathe-hr/access/remove", &form).await.http, 200);
    assert!(breathe.keys().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_one_system_has_is_set_on_the_persons_page() {
    let browser = Browser::of(20).await;
    let [_, breathe, works] = browser.first();
    let form = [("id", breathe.as_str()), ("status", "Sabbatical"), ("contractor", "on")];
    assert_eq!(browser.send("/breathe-hr/person/own", &form).await.http, 200);
    let record = browser.sandbox.breathe_hr().record(&breathe).unwrap();
    assert_eq!((record.status_text.as_deref(), record.contractor), (Some("Sabbatical"), true));
    let form = [("id", works.as_str()), ("log_in_name", "boss"), ("gone", "on")];
    assert_eq!(browser.send("/hrworks/person/own", &form).await.http, 200);
    let person = browser.sandbox.hrworks().person(&works).unwrap();
    assert_eq!(person.standing, Standing::Left);
    let back = browser.send("/hrworks/person/rehire", &[("id", works.as_str())]).await;
    assert_eq!(back.http, 200);
    let form = [("id", works.as_str()), ("log_in_name", "")];
    assert_eq!(browser.send("/hrworks/person/own", &form).await.http, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_searched_and_paged() {
    let browser = Browser::of(60).await;
    let second = browser.get("/people-hr?page=2").await;
    assert!(second.text.contains("26 to 50 of 60") && second.text.contains("Page 2 of 3"));
    assert!(second.text.contains("page=1") && second.text.contains("page=3"));
    let beyond = browser.get("/people-hr?page=99").await;
    assert!(beyond.text.contains("51 to 60 of 60"));
    let left = browser.get("/people-hr?standing=left").await;
    assert!(left.text.contains("Left") && !left.text.contains(">Employed</span>"));
    assert!(browser.get("/people-hr?search=zzzz").await.text.contains("Nobody is found."));
    browser.clock.advance(1);
    let person = browser.sandbox.people_hr().people()[3].clone();
    let search = format!("{} {}", person.first_name, person.last_name);
    let query = serde_urlencoded::to_string([("search", search.as_str())]).unwrap();
    let found = browser.get(&format!("/people-hr?{query}")).await;
    assert!(found.text.contains(&person.email), "{}", found.text);
}
