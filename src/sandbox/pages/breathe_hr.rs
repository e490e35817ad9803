//! The pages of the sandbox Breathe HR: its words, its switches, its account.
//!
//! Names and calls; decides nothing.

use jiff::civil::Date;

use super::form::Form;
use super::notes::Note;
use super::rest::{
    ALWAYS, DELAY, LET_PASS, LIMIT, NEXT, NEXT_LINK, RETRY_AFTER, WINDOW, call_row, only,
};
use super::switches::{Group, Kind, Switch};
use super::system::{CallRow, KeyView, KeyWords, OwnField, Paged, SmallForm};
use crate::sandbox::breathe_hr::{Breathe, BreatheHr, BreatheKeyKind};
use crate::sandbox::control::Staffed;
use crate::sandbox::people_hr::SentHook;
use crate::sandbox::person::PersonView;
use crate::sandbox::register::ChangeError;
use crate::sandbox::rest::{Behaviour as _, RestCall};

const API: Group = Group {
    title: "Answers of the API",
    switches: &[
        ALWAYS,
        NEXT,
        only(&[
            ("null", "All calls"),
            ("\"employees\"", "The list of everybody"),
            ("\"employee\"", "Looks at one person"),
            ("\"account\"", "The question whose key it is"),
            ("\"departments\"", "Departments"),
            ("\"divisions\"", "Divisions"),
            ("\"locations\"", "Locations"),
        ]),
        LET_PASS,
        DELAY,
    ],
};

const LIMITS: Group = Group { title: "Limit of calls", switches: &[LIMIT, WINDOW, RETRY_AFTER] };

const RECORDS: Group = Group {
    title: "Lists and records",
    switches: &[
        NEXT_LINK,
        Switch {
            path: "quirks.total_error",
            label: "Wrong total",
            what: "Added to the true number of people that a list tells.",
            kind: Kind::Whole { min: -100_000, max: 100_000 },
        },
        Switch {
            path: "quirks.omit_total",
            label: "No total",
            what: "Lists do not tell how many people there are.",
            kind: Kind::Toggle,
        },
        Switch {
            path: "quirks.account_as_list",
            label: "Account as a list",
            what: "The account comes as the one element of a list.",
            kind: Kind::Toggle,
        },
        Switch {
            path: "quirks.omit_uuid",
            label: "No uuid",
            what: "People come without uuid, as in 2018.",
            kind: Kind::Toggle,
        },
        Switch {
            path: "quirks.company_join_date",
            label: "Old name of the start date",
            what: "It is called company_join_date, as in 2015.",
            kind: Kind::Toggle,
        },
        Switch {
            path: "quirks.pending_starter_status",
            label: "Status of future starters",
            what: "What the API says of somebody whose first day lies ahead.",
            kind: Kind::Text,
        },
        Switch {
            path: "quirks.host_is_sandbox",
            label: "This is the vendor's sandbox host",
            what: "Refuses production keys and takes keys that begin with sandbox-.",
            kind: Kind::Toggle,
        },
    ],
};

impl Paged for BreatheHr {
    const SLUG: &'static str = "breathe-hr";
    const NAME: &'static str = "Breathe HR";
    const PREFIX: &'static str = Breathe::PREFIX;
    const BASE_URL_SETTING: &'static str = "ROLLCALL__PROVIDERS__BREATHE_HR__BASE_URL";
    const EMPLOYEE_ID: &'static str = "Ref";
    const HOW_TOLD: &'static str =
        "Breathe HR tells nobody: press “Sync now” in Rollcall, or wait for its next full sync.";
    const AT_ONCE: &'static str = "An ex-employee at once, not after that day";
    const SWITCHES: &'static [Group] = &[API, LIMITS, RECORDS];
    const KEYS: KeyWords = KeyWords {
        one: "API key",
        a_new: "an API key",
        several: "API keys",
        place: "In the real Breathe HR: Settings, API setup.",
        paste: "Paste it into Rollcall as the API key of a Breathe HR directory.",
    };

    fn company_name(&self) -> String {
        self.account().name
    }

    fn today(&self) -> Date {
        Self::today(self)
    }

    fn handle(person: &PersonView) -> &str {
        &person.unique_key
    }

    fn told(changed: <Self as Staffed>::Changed) -> (PersonView, Vec<SentHook>) {
        (changed.person, Vec::new())
    }

    fn call_row(call: &RestCall) -> CallRow {
        call_row(call)
    }

    fn own_fields(&self, id: &str) -> Result<Vec<OwnField>, ChangeError> {
        let person = self.record(id)?;
        Ok(vec![
            OwnField {
                name: "contractor",
                label: "Contractor",
                what: "Works for the company and is not employed by it.",
                ticked: Some(person.contractor),
                text: String::new(),
            },
            OwnField {
                name: "status",
                label: "Status",
                what: "Shown by the API instead of the right one, in any wording; empty for the \
                       right one.",
                ticked: None,
                text: person.status_text.clone().unwrap_or_default(),
            },
        ])
    }

    fn set_own_fields(&self, id: &str, form: &Form) -> Result<PersonView, ChangeError> {
        let status = Some(form.text("status")).filter(|status| !status.is_empty());
        self.set_status(id, status)?;
        self.set_contractor(id, form.ticked("contractor"))
    }

    fn keys(&self) -> Vec<KeyView> {
        let view = |key: String| KeyView { id: key.clone(), text: key, grants: Vec::new() };
        Self::keys(self).into_iter().map(view).collect()
    }

    fn make_key(&self, _form: &Form) {
        // One that this host takes.
        let is_sandbox = self.faults().quirks.host_is_sandbox;
        self.create_key_of(if is_sandbox {
            BreatheKeyKind::Sandbox
        } else {
            BreatheKeyKind::Production
        });
    }

    fn remove_key(&self, key: &str) -> bool {
        Self::remove_key(self, key)
    }

    fn doors(&self) -> Vec<SmallForm> {
        let (what, button) = if self.api_enabled() {
            ("The API of the account is on. While it is off, every key is refused.", "Disable it")
        } else {
            ("The API of the account is off, so every key is refused.", "Enable it")
        };
        vec![SmallForm { name: "api", title: "API of the account", what, button, field: None }]
    }

    fn use_door(&self, name: &str, _form: &Form) -> Option<Result<Note, ChangeError>> {
        (name == "api").then(|| {
            let enabled = !self.api_enabled();
            self.set_api_enabled(enabled);
            let said = if enabled { "The API is on." } else { "The API is off." };
            Ok(Note::done(said))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::switches::tests::assert_complete;
    use super::*;
    use crate::sandbox::BreatheFaults;

    #[test]
    fn every_switch_has_its_place_on_the_page() {
        assert_complete::<BreatheFaults>(BreatheHr::SWITCHES);
    }
}
