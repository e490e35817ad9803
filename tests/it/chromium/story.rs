//! The story of one connection, from the link to "connect again", for each HR system.

use rollcall::sandbox::{Action, HrworksPermission};
use serde_json::{Value, json};

use super::driver::Chrome;
use super::window::{NARROW, WIDE, Window};
use crate::browser::{fields, link};
use crate::hr::{YESTERDAY, on, person};
use crate::support::TestApp;
use crate::systems::System;
use crate::testdb::Engine;

/// All that a first visit may load, in bytes over the wire.
const WEIGHT_MAX: u64 = 60_000;

/// An admin at a computer, connecting one HR system.
struct Admin<'a> {
    window: Window<'a>,
    app: &'a TestApp,
    system: System,
    organization: String,
}

pub async fn told(app: &TestApp, chrome: &Chrome, system: System) {
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let width = if app.place.engine == Engine::Sqlite { WIDE } else { NARROW };
    let window = Window::open_at(chrome, app, width).await;
    let mut admin = Admin { window, app, system, organization };
    admin.arrives().await;
    admin.enters_keys().await;
    if system.has_hooks() {
        admin.copies_the_webhook_url().await;
    }
    admin.completes().await;
    admin.sees_a_change().await;
    admin.reads_the_lists().await;
    admin.repairs().await;
    admin.decides().await;
    admin.downloads_what_to_correct().await;
    admin.disables_and_connects_again().await;
}

/// A key that lacks a permission, and which. Breathe HR has no smaller keys.
fn lacking(app: &TestApp, system: System) -> Option<(Value, &'static str)> {
    match system {
        System::PeopleHr => {
            let key = app.hr().create_key(&[Action::GetEmployeeDetailById]).key;
            Some((json!({"api_key": key}), "Get All Employee Detail"))
        }
        System::BreatheHr => None,
        System::Hrworks => {
            let pair = app.sandbox.hrworks().create_key_pair(&[HrworksPermission::General]);
            Some((json!({"text": pair.text()}), "Persons, read"))
        }
    }
}

impl Admin<'_> {
    /// Looks at a page that is not the same for every HR system. Pictures go by the HR system and
    /// a name that begins with a number.
    async fn look_well(&self, name: &str) {
        self.window.look(&self.name_of(name)).await;
    }

    /// Looks at a page that is; one good look at it is enough.
    async fn look(&self, name: &str) {
        if self.system == System::PeopleHr && self.app.place.engine == Engine::Sqlite {
            self.look_well(name).await;
        } else {
            self.window.glance(&self.name_of(name)).await;
        }
    }

    fn name_of(&self, name: &str) -> String {
        format!("{}-{name}", self.system.provider().replace('_', "-"))
    }

    /// Enters what is to be entered, and presses the button.
    async fn enter_key(&self, credential: &Value, button: &str) {
        for (field, value) in fields(credential) {
            let label = match field.as_str() {
                "api_key" => format!("API key of {}", self.system.title()),
                "text" => "The whole text of the downloaded file".to_owned(),
                "access_key" => {
                    self.window.click("Or enter both keys one by one").await;
                    "Access key".to_owned()
                }
                _ => "Secret access key".to_owned(),
            };
            self.window.fill(&label, &value).await;
        }
        self.window.click(button).await;
    }

    async fn arrives(&self) {
        let window = &self.window;
        window.open(&link(self.app, &self.organization).await).await;
        window.sees("HR connection of Customer Ltd").await;
        let mut loaded = window.weight().await;
        self.look("01-link").await;
        window.click("Open the page").await.sees("Your HR system").await;
        loaded.extend(window.weight().await);
        let sum: u64 = loaded.iter().map(|(_, bytes)| bytes).sum();
        assert!(loaded.iter().any(|(url, bytes)| url.contains("/htmx-") && *bytes > 0));
        assert!(sum < WEIGHT_MAX, "a first visit loads {sum} bytes: {loaded:#?}");
        self.look("02-overview").await;
    }

    async fn enters_keys(&self) {
        let (window, hr) = (&self.window, self.system.title());
        window.click(&format!("Connect {hr}")).await.sees("Complete the set-up").await;
        self.look_well("03-set-up").await;

        self.enter_key(&self.system.unknown_key(), "Check and store").await;
        window.expects(422).sees("It was not stored.").await;
        self.look_well("04-wrong-key").await;

        if let Some((credential, permission)) = lacking(self.app, self.system) {
            self.enter_key(&credential, "Check and store").await;
            let waits = self.system == System::Hrworks;
            if waits {
                window.sees("waits for permissions").await;
            } else {
                window.expects(422);
                window.sees("A permission is missing, so the key was not stored.").await;
            }
            window.sees(&format!("✗ {permission}")).await;
            self.look_well("05-missing-permission").await;
            if waits {
                window.click("Enter another key").await;
            }
        }

        let (credential, _) = self.system.key(&self.app.sandbox);
        self.enter_key(&credential, "Check and store").await;
        window.sees("The key works.").await.sees("✓").await;
        self.look_well("06-good-key").await;
    }

    /// From the portal's page to the field in the HR system, by the clipboard.
    async fn copies_the_webhook_url(&self) {
        let window = &self.window;
        window.click("Copy").await.sees("Copied").await;
        let hr = Window::open_at(window.chrome, self.app, WIDE).await;
        hr.open(&format!("{}/people-hr/access", self.app.sandbox.pages_url())).await;
        hr.paste("Webhook URL").await;
        let url = hr.value_of("Webhook URL").await;
        assert!(url.starts_with(&self.app.url("/hooks/")), "{url:?} was copied");
        hr.click("Save webhook URL").await.sees("The webhook URL is set.").await;
        assert_eq!(self.app.hr().webhook(), Some(url));
    }

    async fn completes(&self) {
        let (window, app) = (&self.window, self.app);
        window.click("Show the preview").await.sees("in the HR system.").await;
        assert!(app.accounts(&self.organization).await.is_empty());
        let staff = self.system.staff(&app.sandbox);
        let one = &staff[0];
        self.look("07-preview").await;
        let label = window.starting_with("Get a new account").await;
        window.sees_no(&one.last_name).await;
        window.click(&label).await.sees(&one.last_name).await;
        self.look("08-preview-people").await;

        window.click("Complete set-up").await.sees("The set-up is complete.").await;
        window.sees("First sync").await;
        self.look("09-first-sync").await;
        window.remembers_page().await;
        app.drain().await;
        window.sees("Everything works").await.sees("got an account").await;
        self.look_well("10-connected").await;
        app.clock.advance(1);
    }

    /// Has everything read now, and waits for the page to say so by itself.
    async fn syncs(&self) {
        self.window.click("Sync now").await.sees("A full sync begins now.").await;
        self.window.remembers_page().await;
        self.app.drain().await;
        self.app.clock.advance(1);
    }

    /// Somebody gets another job in HR; the page says so without being loaded again.
    async fn sees_a_change(&self) {
        let (window, app) = (&self.window, self.app);
        let staff = self.system.staff(&app.sandbox);
        let handle = self.system.handle(&staff[1]);
        window.remembers_page().await;
        self.system.new_job(&app.sandbox, handle, "Chief Astronaut").await;
        if self.system.has_hooks() {
            app.drain().await;
        } else {
            self.syncs().await;
        }
        window.sees("has a new job").await.is_same_page().await;
        self.look("11-live-change").await;
        app.clock.advance(1);
    }

    async fn reads_the_lists(&self) {
        let (window, app) = (&self.window, self.app);
        let at = window.path().await;
        let one = self.system.staff(&app.sandbox)[0].clone();
        window.open(&format!("{at}/people")).await;
        window.sees("People").await;
        self.look("12-people").await;
        window.open(&format!("{at}/groups")).await;
        window.sees(&one.department).await;
        self.look("13-departments").await;
        window.click(&one.department).await.sees("People in").await;
        self.look("14-department").await;
        window.open(&format!("{at}/runs")).await;
        window.sees("Full syncs").await.sees("Done").await;
        self.look("15-full-syncs").await;
        window.click("Changes").await.sees("Chief Astronaut").await;
        self.look("16-changes").await;
        window.open(&at).await;
        window.sees("Everything works").await;
    }

    /// The key is removed in HR: the page turns into the one that repairs, and back again.
    async fn repairs(&self) {
        let (window, app, hr) = (&self.window, self.app, self.system.title());
        self.remove_all_keys();
        self.syncs().await;
        window.sees("Does not work").await.sees("How to repair it").await;
        window.sees(&format!("{hr} no longer accepts the key.")).await;
        self.look_well("17-failing").await;
        window.click("Notices").await.sees(&format!("{hr} no longer accepts the API key")).await;
        self.look("18-notices").await;
        window.click("Overview").await.sees("Does not work").await;
        self.look("19-overview-failing").await;
        window.click(&format!("Repair {hr}")).await.sees("How to repair it").await;

        self.enter_key(&self.system.unknown_key(), "Check and replace").await;
        window.expects(422).sees("does not accept this key").await;
        self.look_well("20-failing-wrong-key").await;
        let (credential, _) = self.system.key(&app.sandbox);
        self.enter_key(&credential, "Check and replace").await;
        window.sees("The new key works and is stored.").await;
        self.look("21-repaired").await;
        app.drain().await;
        window.sees("Everything works").await.sees_no("How to repair it").await;
        app.clock.advance(1);
    }

    fn remove_all_keys(&self) {
        let sandbox = &self.app.sandbox;
        match self.system {
            System::PeopleHr => {
                for key in sandbox.people_hr().keys() {
                    self.system.remove_key(sandbox, &key.key);
                }
            }
            System::BreatheHr => {
                for key in sandbox.breathe_hr().keys() {
                    self.system.remove_key(sandbox, &key);
                }
            }
            System::Hrworks => {
                for pair in sandbox.hrworks().key_pairs() {
                    self.system.remove_key(sandbox, &pair.access_key);
                }
                sandbox.hrworks().expire_tokens();
            }
        }
    }

    /// Unusually many leave at once: nobody loses access before somebody has looked.
    async fn decides(&self) {
        let (window, app) = (&self.window, self.app);
        let leavers: Vec<_> = self.system.staff(&app.sandbox).into_iter().take(9).collect();
        // All at once, and not one by one as hooks would tell.
        app.faults(|faults| faults.hooks.dropped = true);
        for one in &leavers {
            let handle = self.system.handle(one);
            self.system.leave(&app.sandbox, handle, &on(YESTERDAY)).await;
        }
        app.faults(|faults| faults.hooks.dropped = false);
        self.syncs().await;
        window.sees("Please decide").await.sees("May 9 people lose access?").await;
        self.look("22-to-decide").await;
        window.click("May 9 people lose access?").await.sees("Who would lose access").await;
        self.look("23-decision").await;
        window.click("Approve all").await.sees("Your decision is taken.").await;
        app.drain().await;
        window.sees("Everything works").await.sees_no("May 9 people lose access?").await;
        let accounts = app.accounts(&self.organization).await;
        let gone = accounts.iter().filter(|account| account["status"] == "inactive").count();
        assert_eq!(gone, 9);
        app.clock.advance(1);
    }

    async fn downloads_what_to_correct(&self) {
        let (window, app, hr) = (&self.window, self.app, self.system.title());
        let hire = person("Robin", "Unreachable", "not an address");
        self.system.hire(&app.sandbox, &hire).await;
        self.syncs().await;
        window.sees(&format!("To correct in {hr}")).await;
        self.look("24-connected-to-correct").await;
        window.click("All records to correct").await.sees("Robin Unreachable").await;
        self.look("25-to-correct").await;
        window.click("Download as CSV").await;
        let file = window.file("records-to-correct.csv").await;
        assert!(file.contains("Robin Unreachable"), "{file}");
        window.click(hr).await.sees("Disable this connection").await;
    }

    async fn disables_and_connects_again(&mut self) {
        let (window, app, hr) = (&self.window, self.app, self.system.title());
        let at = window.path().await;
        window.click("Disable this connection").await;
        window.sees("All accounts stay exactly as they are.").await;
        self.look("26-disable").await;
        // Without the tick the browser itself asks for it.
        window.click("Disable").await.sees("All accounts stay exactly as they are.").await;
        assert_eq!(app.all("/directories").await.last().unwrap()["state"], "active");
        window.click("I have read this and want to disable the connection.").await;
        window.click("Disable").await.sees("The connection is disabled.").await;
        self.look("27-disabled").await;
        window.click("Go to the overview").await.sees("Earlier connections").await;
        self.look("28-overview-disabled").await;
        app.clock.advance(1);
        window.click(&format!("Connect {hr}")).await.sees("Complete the set-up").await;
        assert_ne!(window.path().await, at);
        window.logs_nothing_bad("the end").await;
    }
}
