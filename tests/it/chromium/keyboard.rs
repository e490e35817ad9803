//! Nobody needs a mouse: the way from the link to a connection and to its end by Tab, Enter and the
//! space bar alone. Every stop on the way shows that it has the focus.

use rollcall::sandbox::Action;

use super::driver::Chrome;
use super::window::{ENTER, SPACE, WIDE, Window};
use crate::browser::link;
use crate::support::TestApp;
use crate::systems::System;

pub async fn told(app: &TestApp, chrome: &Chrome) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let window = Window::open_at(chrome, app, WIDE).await;
    window.open(&link(app, &organization).await).await;
    sets_up(app, &window).await;
    keeps_the_focus(app, &window).await;
    ends(&window).await;
    window.logs_nothing_bad("by keyboard").await;
}

async fn sets_up(app: &TestApp, window: &Window<'_>) {
    window.press("Open the page", ENTER).await.sees("Your HR system").await;
    window.press("Connect People HR", ENTER).await.sees("Complete the set-up").await;
    window.press("What the key has to be allowed, and why", SPACE).await;
    window.sees("Get All Employee Detail for").await;
    let key = app.hr().create_key(Action::USUAL).key;
    window.tab_to("API key of People HR").await.type_in(&key).await;
    window.press("Check and store", ENTER).await.sees("The key works.").await;
    window.press("Copy", SPACE).await.sees("Copied").await;
    window.press("Show the preview", ENTER).await.sees("in the HR system.").await;
    let staff = System::PeopleHr.staff(&app.sandbox);
    let list = window.starting_with("Get a new account").await;
    window.press(&list, SPACE).await.sees(&staff[0].last_name).await;
    window.press("Complete set-up", ENTER).await.sees("First sync").await;
    app.drain().await;
    window.sees("Everything works").await;
    app.clock.advance(1);
}

/// Whoever is about to press something can still press it after the page has changed by itself.
async fn keeps_the_focus(app: &TestApp, window: &Window<'_>) {
    let organization = &app.all("/organizations").await[0];
    let hook_url = app.all("/directories").await[0]["webhook_url"].clone();
    assert_eq!(organization["name"], "Customer Ltd");
    app.hr().set_webhook(hook_url.as_str()).expect("the URL is one");
    window.tab_to("Sync now").await.remembers_page().await;
    app.new_job(&app.employee(0), "Chief Astronaut").await;
    app.drain().await;
    window.sees("has a new job").await.is_same_page().await;
    window.has_focus_on("Sync now").await;
    app.clock.advance(1);
    window.type_in(ENTER).await.sees("A full sync begins now.").await;
    app.drain().await;
}

async fn ends(window: &Window<'_>) {
    window.press("Disable this connection", ENTER).await.sees("Disable People HR?").await;
    let sure = "I have read this and want to disable the connection.";
    window.press(sure, SPACE).await;
    window.press("Disable", ENTER).await.sees("The connection is disabled.").await;
}
