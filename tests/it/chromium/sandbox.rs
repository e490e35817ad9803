//! A look at each page of the sandbox. What its forms do is in `sandbox_pages.rs`.

use super::driver::Chrome;
use super::window::{WIDE, Window};
use crate::support::TestApp;
use crate::systems::System;

/// The pages, with a word on each.
const PAGES: [(&str, &str, &str); 6] = [
    ("people", "", "in the order of hiring"),
    ("hire", "/hire", "A first and a last name are enough."),
    ("faults", "/faults", "What can go wrong at"),
    ("access", "/access", "Base URL"),
    ("hooks", "/hooks", "newest first"),
    ("calls", "/calls", "Every call of the API"),
];

pub async fn seen(app: &TestApp, chrome: &Chrome) {
    let connected = app.connected().await;
    app.new_job(&app.employee(0), "Chief Astronaut").await;
    app.drain().await;
    for system in [System::BreatheHr, System::Hrworks] {
        app.clock.advance(1);
        app.connect(&connected.organization, system).await;
    }
    let window = Window::open_at(chrome, app, WIDE).await;
    let pages = app.sandbox.pages_url();
    window.open(&pages).await;
    window.sees("Three HR systems to try Rollcall with").await.look("sandbox-01-start").await;
    for system in System::ALL {
        let slug = system.provider().replace('_', "-");
        for (index, (name, page, word)) in PAGES.iter().enumerate() {
            if *name == "hooks" && !system.has_hooks() {
                continue;
            }
            window.open(&format!("{pages}/{slug}{page}")).await;
            window.sees(word).await;
            let name = format!("sandbox-{slug}-{:02}-{name}", index + 1);
            // What can go wrong and who may call differ; the rest is the same page thrice.
            if system.has_hooks() || matches!(*page, "/faults" | "/access") {
                window.look(&name).await;
            } else {
                window.glance(&name).await;
            }
        }
        let staff = system.staff(&app.sandbox);
        let query = serde_urlencoded::to_string([("id", system.handle(&staff[0]))]);
        window.open(&format!("{pages}/{slug}/person?{}", query.expect("a query"))).await;
        window.sees("Mark as leaver").await.look(&format!("sandbox-{slug}-07-person")).await;
    }
}
