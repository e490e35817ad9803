//! A look at the pages beside the story: the ways in, what cannot be shown, a link to decide, and
//! the mails.

use super::driver::Chrome;
use super::window::{WIDE, Window};
use crate::browser::link;
use crate::hr::{INTERVAL, no_hooks, person};
use crate::support::TestApp;
use serde_json::json;

const ANN: &str = "ann.lee@acme.example";

pub async fn seen(app: &TestApp, chrome: &Chrome) {
    app.faults(|faults| *faults = no_hooks());
    app.hire(&person("Ann", "Lee", ANN)).await;
    let connected = app.joined(&[json!({"email": ANN, "protected": true})]).await;
    let at = format!("/portal/directories/{}", connected.directory);
    let window = Window::open_at(chrome, app, WIDE).await;

    // Nobody is let in without a visit; a link comes by mail.
    window.expects(401).open(&at).await;
    window.sees("Your work e-mail").await.look("portal-01-sign-in").await;
    window.fill("Your work e-mail", "ann@customer.example").await;
    window.click("Send me the link").await.sees("Look into your mailbox").await;
    window.look("portal-02-link-sent").await;
    app.drain().await;
    mails(app, &window, "mail-01-link").await;

    // A link works once.
    let used = link(app, &connected.organization).await;
    window.open(&used).await;
    window.click("Open the page").await.sees("Your HR system").await;
    window.look("portal-03-overview-to-decide").await;
    window.expects(410).open(&used).await;
    window.sees("This link does not work any more").await.look("portal-04-used-link").await;
    window.expects(404).open("/portal/nothing").await;
    window.sees("This page does not exist").await.look("portal-05-no-page").await;

    // Is this the same person?
    window.open(&at).await;
    window.click("Is this the same person?").await.sees("Ann Lee").await;
    window.look("portal-06-same-person").await;
    window.click("Yes, link them").await.sees("Your decision is taken.").await;
    app.drain().await;
    window.sees("Everything works").await;

    window.open(&format!("{at}/people")).await;
    window.fill("Name, e-mail or employee number", "nobody").await.click("Find").await;
    window.sees("Nobody is found").await.look("portal-07-nobody").await;
    window
        .click("Who did what")
        .await
        .sees("approved linking")
        .await
        .look("portal-09-who-did-what")
        .await;
    window.click("Sign out").await.sees("You are signed out").await.look("portal-08-out").await;

    app.hr().remove_key(&connected.hr_key);
    app.pass(INTERVAL).await;
    mails(app, &window, "mail-02-failed").await;
}

/// Looks at the last mail as a mail program shows it, as far as a browser can play one.
async fn mails(app: &TestApp, window: &Window<'_>, name: &str) {
    let mail = app.mail.mails().last().expect("a mail").html();
    let file = window.chrome.folder().join(format!("{name}.html"));
    std::fs::write(&file, mail).expect("the mail is written");
    window.open(&format!("file://{}", file.display())).await;
    window.glance_at_mail(name).await;
}
