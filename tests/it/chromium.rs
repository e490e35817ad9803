//! The pages in a real browser: Chromium, driven as a person drives it, against the real gateway
//! and the real sandbox. The story of People HR is told on both databases (a wide window on one, a
//! narrow one on the other); the rest on SQLite, because the pages do not know the difference.
//!
//! Every page of a story is looked at (`look.rs`): axe-core finds nothing against WCAG 2.2 AA,
//! nothing moves by itself, nothing moves sideways on a phone, the console has nothing bad to say,
//! and nobody else is asked for anything. `make screenshots` has each look write its pictures.
//!
//! Chromium, its driver and axe-core are installed by scripts/test-setup; without them these tests
//! fail and say so. That everything works without JavaScript is in `portal.rs`.

use crate::support::{TestApp, behaviours};
use crate::systems::System;

mod aside;
mod driver;
mod keyboard;
mod look;
mod operator;
mod sandbox;
mod story;
mod two_windows;
mod window;

use driver::Chrome;
use window::{WIDE, Window};

/// Makes a test of each behaviour on SQLite.
macro_rules! behaviours_on_sqlite {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[test]
            fn sqlite() {
                $crate::support::on($crate::testdb::Engine::Sqlite, super::$name);
            }
        }
    )+};
}

behaviours!(l_03_people_hr_in_a_browser);
behaviours_on_sqlite!(
    l_03_breathe_hr_in_a_browser,
    l_03_hrworks_in_a_browser,
    l_03_people_hr_by_keyboard,
    the_ways_in_in_a_browser,
    the_description_of_the_api_in_a_browser,
    o_02_the_sandbox_in_a_browser,
    o_02_hr_in_one_window_and_the_portal_in_another,
);

mod the_operators_pages_in_a_browser {
    #[test]
    fn sqlite() {
        crate::support::at(crate::testdb::Engine::Sqlite, async |place| {
            let (app, receiver) = crate::endpoints::start(place).await;
            super::in_browser(async |chrome| {
                super::operator::told(&app, &receiver, chrome).await;
            })
            .await;
        });
    }
}

async fn l_03_people_hr_in_a_browser(app: TestApp) {
    in_browser(async |chrome| story::told(&app, chrome, System::PeopleHr).await).await;
}

async fn l_03_breathe_hr_in_a_browser(app: TestApp) {
    in_browser(async |chrome| story::told(&app, chrome, System::BreatheHr).await).await;
}

async fn l_03_hrworks_in_a_browser(app: TestApp) {
    in_browser(async |chrome| story::told(&app, chrome, System::Hrworks).await).await;
}

async fn l_03_people_hr_by_keyboard(app: TestApp) {
    in_browser(async |chrome| keyboard::told(&app, chrome).await).await;
}

async fn the_ways_in_in_a_browser(app: TestApp) {
    in_browser(async |chrome| aside::seen(&app, chrome).await).await;
}

async fn the_description_of_the_api_in_a_browser(app: TestApp) {
    in_browser(async |chrome| {
        let window = Window::open_at(chrome, &app, WIDE).await;
        window.open("/docs/").await;
        window.sees("Makes an organization.").await.sees("What unmodified WorkOS SDKs ask").await;
        // Its looks are Swagger UI's; that nothing fails and nobody else is asked is ours.
        window.logs_nothing_bad("api-01-description").await;
    })
    .await;
}

async fn o_02_the_sandbox_in_a_browser(app: TestApp) {
    in_browser(async |chrome| sandbox::seen(&app, chrome).await).await;
}

async fn o_02_hr_in_one_window_and_the_portal_in_another(app: TestApp) {
    in_browser(async |chrome| two_windows::told(&app, chrome).await).await;
}

/// Does something in a fresh browser. What was found wrong on the way fails the test at its end.
async fn in_browser(work: impl AsyncFnOnce(&Chrome)) {
    let chrome = Chrome::start().await;
    work(&chrome).await;
    chrome.assert_content();
}
