//! A person plays HR in a browser, on the sandbox's pages, and the gateway follows (O-02).

use rollcall::clock::Timestamp;
use serde_json::Value;

use crate::hr::INTERVAL;
use crate::support::{Connected, TestApp, behaviours};

behaviours!(
    o_02_who_is_hired_edited_let_go_and_deleted_on_the_pages_is_so_in_the_application,
    o_02_a_fault_that_is_switched_on_by_the_page_is_met_by_the_gateway,
    o_02_a_page_of_somebody_else_changes_nothing_in_the_application,
);

/// A browser on the pages of the sandbox People HR.
struct Browser<'a>(&'a TestApp);

impl Browser<'_> {
    async fn send(&self, page: &str, form: &[(&str, &str)]) -> (u16, String) {
        self.send_from(&self.0.sandbox.base_url(), page, form).await
    }

    async fn send_from(&self, origin: &str, page: &str, form: &[(&str, &str)]) -> (u16, String) {
        let url = format!("{}/people-hr{page}", self.0.sandbox.pages_url());
        let body = serde_urlencoded::to_string(form).expect("a form");
        let request = self.0.client.post(url).header("origin", origin).body(body);
        let answer = request.send().await.expect("the sandbox answers");
        (answer.status().as_u16(), answer.text().await.expect("a page"))
    }

    /// Sends a form that must be taken, and lets the gateway work.
    async fn done(&self, page: &str, form: &[(&str, &str)]) -> String {
        let (status, text) = self.send(page, form).await;
        assert_eq!(status, 200, "{text}");
        self.0.drain().await;
        text
    }
}

async fn account(app: &TestApp, connected: &Connected, email: &str) -> Value {
    app.account(&connected.organization, email).await.expect("an account")
}

async fn o_02_who_is_hired_edited_let_go_and_deleted_on_the_pages_is_so_in_the_application(
    app: TestApp,
) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let connected = app.prepared(&organization).await;
    app.hr().set_webhook(None).unwrap();
    app.complete(&connected).await;
    let browser = Browser(&app);
    browser.done("/access/door/webhook", &[("value", &connected.hook_url)]).await;

    let email = "robin.newcomer@acme.example";
    let hire = [("first_name", "Robin"), ("last_name", "Newcomer"), ("department", "Climate")];
    let page = browser.done("/hire", &hire).await;
    assert!(
        page.contains("Robin Newcomer is hired.") && page.contains("accepted with 2"),
        "{page}"
    );
    let hired = account(&app, &connected, email).await;
    assert_eq!((&hired["status"], &hired["department"]), (&"active".into(), &"Climate".into()));

    let id = app.hr().people().pop().unwrap().employee_id;
    let edit = [("id", id.as_str()), ("last_name", "<script>alert(1)</script>")];
    let page = browser.done("/person", &edit).await;
    assert!(!page.contains("<script"), "{page}");
    let edited = account(&app, &connected, email).await;
    assert_eq!(edited["last_name"], "<script>alert(1)</script>");
    assert_eq!(edited["id"], hired["id"]);

    let leave = [("id", id.as_str()), ("leaving_date", "2026-11-22")];
    browser.done("/person/leave", &leave).await;
    assert_eq!(account(&app, &connected, email).await["status"], "inactive");
    app.clock.advance(1);
    browser.done("/person/rehire", &[("id", &id)]).await;
    app.pass(INTERVAL).await;
    assert_eq!(account(&app, &connected, email).await["status"], "active");
    browser.done("/person/delete", &[("id", &id)]).await;
    app.pass(INTERVAL).await;
    assert_eq!(account(&app, &connected, email).await["status"], "inactive");
}

async fn o_02_a_fault_that_is_switched_on_by_the_page_is_met_by_the_gateway(app: TestApp) {
    let connected = app.connected().await;
    let browser = Browser(&app);
    let employee = app.employee(0);
    browser.done("/faults", &[("throttle_per_minute", ""), ("hooks.dropped", "on")]).await;
    let edit = [("id", employee.as_str()), ("job_role", "Postmaster")];
    let page = browser.done("/person", &edit).await;
    assert!(page.contains("lost, as the fault switch says"), "{page}");
    assert_ne!(app.job_of(&connected, &employee).await, "Postmaster");

    browser.done("/faults", &[("throttle_per_minute", ""), ("always", "\"html502\"")]).await;
    app.pass(INTERVAL).await;
    assert!(app.hr().calls().iter().any(|call| call.http == 502), "the gateway has not met it");
    assert_ne!(app.job_of(&connected, &employee).await, "Postmaster");

    let form = [("throttle_per_minute", ""), ("always", "null")];
    let page = browser.done("/faults", &form).await;
    assert!(page.contains("Calls a minute"), "{page}");
    app.pass(3 * Timestamp::HOUR).await;
    assert_eq!(app.job_of(&connected, &employee).await, "Postmaster");
}

async fn o_02_a_page_of_somebody_else_changes_nothing_in_the_application(app: TestApp) {
    let connected = app.connected().await;
    let browser = Browser(&app);
    let before = (app.hr().people(), app.accounts(&connected.organization).await);
    let employee = app.employee(0);
    let form = [("id", employee.as_str()), ("last_name", "Foreign"), ("first_name", "Foreign")];
    for page in ["/hire", "/person", "/person/delete", "/faults", "/access/make"] {
        let (status, _) = browser.send_from("https://elsewhere.example", page, &form).await;
        assert_eq!(status, 403, "{page}");
    }
    app.pass(INTERVAL).await;
    assert_eq!((app.hr().people(), app.accounts(&connected.organization).await), before);
}
