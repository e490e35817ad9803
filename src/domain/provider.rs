//! The HR systems that Rollcall speaks to, by name.

use crate::text_enum;

text_enum! {
    /// An HR system.
    ProviderKind {
        /// Access People HR: live by webhook.
        PeopleHr = "people_hr",
        /// Breathe HR: polled.
        BreatheHr = "breathe_hr",
        /// HRworks: polled.
        Hrworks = "hrworks",
    }
}

impl ProviderKind {
    /// The name as people know it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::PeopleHr => "People HR",
            Self::BreatheHr => "Breathe HR",
            Self::Hrworks => "HRworks",
        }
    }
}
