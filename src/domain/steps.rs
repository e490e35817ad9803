//! What an admin does in the HR system, in the HR system's own words (L-03). Mails and pages say
//! the same, because both take it from here.

use crate::domain::provider::ProviderKind;

/// How a key is made (or found) in the HR system.
#[must_use]
pub const fn make_key(provider: ProviderKind) -> &'static [&'static str] {
    match provider {
        ProviderKind::PeopleHr => &[
            "In People HR, open HR Admin → Settings → API and press \"+\".",
            "Enter any key name and leave the IP addresses blank.",
            "Choose the application Employee. Tick \"Get All Employee Detail\" and \"Get Employee \
             Detail By Id\".",
            "Save, and copy the key.",
        ],
        ProviderKind::BreatheHr => &[
            "In Breathe HR, open Settings → Integrations → API Setup. Only the account's owner or \
             administrator can see it.",
            "If it is off, press \"Enable API\".",
            "Copy the production key.",
        ],
        ProviderKind::Hrworks => &[
            "In HRworks, open the admin interface → Basics → Integrations → HR WORKS-API.",
            "Press \"New key pair\", then \"Download\".",
            "Select the new key pair. At the bottom of the page tick \"Persons, read\" and \
             \"General, read\". Save.",
        ],
    }
}

/// How a new key is entered on our page.
#[must_use]
pub const fn enter_key(provider: ProviderKind) -> &'static [&'static str] {
    match provider {
        ProviderKind::PeopleHr | ProviderKind::BreatheHr => {
            &["On our page, go to \"Update API key\".", "Paste the key and save."]
        }
        ProviderKind::Hrworks => {
            &["On our page, under \"Update API key\", paste the whole downloaded text and save."]
        }
    }
}
