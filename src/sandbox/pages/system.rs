//! What the pages have to know of an HR system.
//!
//! Everything that the systems share is asked of [`Staffed`], as the control routes do. Must not
//! decide anything: each method names something or calls the method that tests call in process.

use std::fmt;

use jiff::civil::Date;

use super::form::Form;
use super::notes::Note;
use super::switches::Group;
use crate::clock::Timestamp;
use crate::sandbox::control::Staffed;
use crate::sandbox::people_hr::SentHook;
use crate::sandbox::person::PersonView;
use crate::sandbox::register::ChangeError;

/// An HR system with pages.
pub(super) trait Paged: Staffed {
    /// Its part of the address.
    const SLUG: &'static str;
    const NAME: &'static str;
    /// The path in front of its API; empty for none.
    const PREFIX: &'static str;
    /// The gateway's setting for its base URL.
    const BASE_URL_SETTING: &'static str;
    /// What it calls the number or text by which HR knows a person.
    const EMPLOYEE_ID: &'static str;
    /// Whether it tells of changes by itself.
    const SENDS_HOOKS: bool = false;
    /// How Rollcall comes to know of a change that sends no webhook.
    const HOW_TOLD: &'static str;
    /// What "at once" does to a leaver.
    const AT_ONCE: &'static str;
    const SWITCHES: &'static [Group];
    /// Where the keys come from and what they are called.
    const KEYS: KeyWords;

    fn company_name(&self) -> String;
    fn today(&self) -> Date;
    /// What the methods call a person by.
    fn handle(person: &PersonView) -> &str;
    /// A change that was made, apart: the person, and its hooks.
    fn told(changed: Self::Changed) -> (PersonView, Vec<SentHook>);
    fn call_row(call: &Self::Call) -> CallRow;
    /// What only this system keeps of a person.
    fn own_fields(&self, _id: &str) -> Result<Vec<OwnField>, ChangeError> {
        Ok(Vec::new())
    }
    /// Sets what [`Self::own_fields`] shows.
    fn set_own_fields(&self, id: &str, _form: &Form) -> Result<PersonView, ChangeError> {
        self.view(id)
    }
    fn keys(&self) -> Vec<KeyView>;
    /// What a key can be allowed to do, and whether it usually is.
    fn grants() -> Vec<Grant> {
        Vec::new()
    }
    /// Makes a key as a form wants it.
    fn make_key(&self, form: &Form);
    /// Changes what a key may do; false when there is no such key.
    fn set_grants(&self, _key: &str, _form: &Form) -> bool {
        false
    }
    fn remove_key(&self, key: &str) -> bool;
    /// Other things on the page of the keys.
    fn doors(&self) -> Vec<SmallForm> {
        Vec::new()
    }
    /// Does what a [`SmallForm`] is for; none when there is no such door.
    fn use_door(&self, _name: &str, _form: &Form) -> Option<Result<Note, ChangeError>> {
        None
    }
    /// Where its hooks go.
    fn webhook_url(&self) -> Option<String> {
        None
    }
    /// The hooks that were sent.
    fn sent_hooks(&self) -> Vec<SentHook> {
        Vec::new()
    }
}

/// How a system speaks of its keys.
pub(super) struct KeyWords {
    /// One of them, as in "API key".
    pub one: &'static str,
    /// The same with an article, as in "an API key".
    pub a_new: &'static str,
    /// Several.
    pub several: &'static str,
    /// Where an admin finds them at the vendor.
    pub place: &'static str,
    /// What to do with one.
    pub paste: &'static str,
}

/// A key to show.
pub(super) struct KeyView {
    /// What it is called by in a form.
    pub id: String,
    /// What to copy, in lines.
    pub text: String,
    pub grants: Vec<Grant>,
}

/// Something that a key can be allowed to do.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub name: String,
    pub label: &'static str,
    pub on: bool,
}

/// A thing of the account that is not a key: a small form of its own.
pub(super) struct SmallForm {
    pub name: &'static str,
    pub title: &'static str,
    pub what: &'static str,
    pub button: &'static str,
    pub field: Option<SmallFormField>,
}

/// The field of a [`SmallForm`].
pub(super) struct SmallFormField {
    pub label: &'static str,
    pub value: String,
    pub hint: &'static str,
    /// What was wrong with it; empty for nothing.
    pub problem: String,
}

/// A field that only one HR system has.
pub(super) struct OwnField {
    pub name: &'static str,
    pub label: &'static str,
    pub what: &'static str,
    /// On or off; none for a text.
    pub ticked: Option<bool>,
    pub text: String,
}

/// A moment to show, in UTC.
pub(super) struct Moment(pub Timestamp);

impl Moment {
    /// The date.
    pub(super) fn day(&self) -> String {
        self.0.to_string().split('T').next().unwrap_or_default().to_owned()
    }

    /// The time of day with milliseconds.
    pub(super) fn time(&self) -> String {
        let text = self.0.to_string();
        text.split('T').nth(1).unwrap_or_default().trim_end_matches('Z').to_owned()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A call to show.
pub(super) struct CallRow {
    pub at: Moment,
    /// Which.
    pub what: String,
    /// Of whom, or with which parameters.
    pub about: String,
    pub answer: String,
    /// The answer was no success.
    pub bad: bool,
}
