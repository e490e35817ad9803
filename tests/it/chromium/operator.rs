//! The operator's pages, by somebody who is paged at night: what is wrong is seen live, and each
//! page is looked at.

use serde_json::json;

use super::driver::Chrome;
use super::window::{WIDE, Window};
use crate::endpoints::endpoint;
use crate::receiver::{Answer, Receiver};
use crate::support::TestApp;

pub async fn told(app: &TestApp, receiver: &Receiver, chrome: &Chrome) {
    let connected = app.connected().await;
    let (endpoint, _) = endpoint(app, receiver, &[]).await;
    let window = Window::open_at(chrome, app, WIDE).await;
    window.expects(401).open("/operator").await;
    window.sees("API key").await.look("operator-01-sign-in").await;
    window.fill("API key", "sk_live_nobody").await;
    window.expects(401).click("Sign in").await.sees("This key is not valid.").await;
    window.look("operator-02-wrong-key").await;
    window.fill("API key", app.key.reveal()).await;
    window.click("Sign in").await.sees("All is well").await.look("operator-03-all-is-well").await;

    // The customer's key is gone, and the application answers with 500: seen without a reload.
    window.remembers_page().await;
    receiver.answer(Answer::Status(500));
    app.new_job(&app.employee(0), "Head of Nights").await;
    app.hr().remove_key(&connected.hr_key);
    let sync = format!("/directories/{}/sync", connected.directory);
    assert_eq!(app.post(&sync, json!({})).await.status, 202);
    app.drain().await;
    window.sees("Something is wrong").await.sees("1 directory fails.").await.is_same_page().await;
    window.look("operator-04-something-is-wrong").await;

    window.open(&format!("/operator/directories/{}", connected.directory)).await;
    window.sees("The HR system refuses the key.").await.look("operator-05-directory").await;
    window.click("Sync now").await.sees("A full sync is asked for.").await;
    window.look("operator-06-directory-synced").await;
    window.open("/operator/directories").await;
    window.sees("Customer Ltd").await;
    window.look("operator-07-directories").await;
    window.click("Organizations").await.sees("Customer Ltd").await;
    window.look("operator-08-organizations").await;
    window.click("Customer Ltd").await.sees("ann@customer.example").await;
    window.look("operator-09-organization").await;
    window.click("Make a link to the portal").await.sees("/portal/enter/").await;
    window.look("operator-10-link-to-the-portal").await;
    window.click("Endpoints").await.sees(&receiver.url()).await;
    window.look("operator-11-endpoints").await;
    window.open(&format!("/operator{endpoint}")).await;
    window.sees("Send a test").await.look("operator-12-endpoint").await;
    window.click("Disable").await.sees("Somebody disabled it by hand.").await;
    window.look("operator-13-endpoint-disabled").await;
    window.expects(404).open("/operator/nothing").await;
    window.sees("does not exist").await.look("operator-14-no-page").await;
    window.open("/operator").await;
    window.click("Sign out").await.sees("You are signed out").await;
}
