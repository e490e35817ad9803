//! The demo by hand: HR in one window, the portal's page in the other, which follows by itself and
//! at its own pace.

use super::driver::Chrome;
use super::window::{ENTER, NARROW, WIDE, Window};
use crate::browser::link;
use crate::support::TestApp;

pub async fn told(app: &TestApp, chrome: &Chrome) {
    let connected = app.connected().await;
    let portal = Window::open_unhurried(chrome, app, WIDE).await;
    portal.open(&link(app, &connected.organization).await).await;
    portal.click("Open the page").await.sees("Your HR system").await;
    portal.click("Open People HR").await.sees("Everything works").await;
    portal.remembers_page().await;

    let hr = Window::open_at(chrome, app, NARROW).await;
    hr.open(&format!("{}/people-hr", app.sandbox.pages_url())).await;
    hr.click("Hire somebody").await;
    hr.fill("First name", "Robin").await.fill("Last name", &format!("Newcomer{ENTER}")).await;
    hr.sees("Robin Newcomer is hired.").await;
    app.drain().await;
    portal.sees("Robin Newcomer got an account").await;
    portal.keeps_still("a hire seen live").await;

    app.clock.advance(1);
    hr.fill("Job title", &format!("Chief Astronaut{ENTER}")).await;
    hr.sees("Robin Newcomer is changed.").await;
    app.drain().await;
    portal.sees("Robin Newcomer has a new job").await;

    app.clock.advance(1);
    hr.click("Access ends at once, not at the end of that day").await;
    hr.click("Mark as leaver").await.sees("Take the leaving back").await;
    app.drain().await;
    portal.sees("Robin Newcomer has no access any more").await;
    portal.is_same_page().await;

    hr.click("Webhooks sent").await.sees("accepted with 2").await;
    hr.glance("two-windows-hr").await;
    portal.glance("two-windows-portal").await;
}
