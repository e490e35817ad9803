//! The HR systems that Rollcall speaks to, by name. What is particular about one of them stands in
//! its [`Profile`](crate::domain::profile::Profile).

use crate::text_enum;

text_enum! {
    /// An HR system.
    ProviderKind {
        /// Access People HR.
        PeopleHr = "people_hr",
        /// Breathe HR.
        BreatheHr = "breathe_hr",
        /// HRworks.
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
