//! Why an account was changed: what set it off, and the rule that decided.

use crate::domain::ids::{AdminId, ApiKeyId, HoldId, RunId};
use crate::text_enum;

text_enum! {
    /// What set a change off.
    CauseKind {
        /// A webhook of the HR system.
        Hook = "hook",
        /// A full sync.
        Run = "run",
        /// A date that came (S-12), or another directory that let go of the account (S-26).
        Clock = "clock",
        /// An admin's decision about a hold.
        Decision = "decision",
        /// The application, by its API key.
        ApiKey = "api_key",
        /// An admin on the portal.
        Admin = "admin",
    }
}

/// What set a change off, and which one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A webhook; the number of its hint in the inbox.
    Hook(i64),
    /// A full sync.
    Run(RunId),
    /// A date that came.
    Clock,
    /// An admin's decision about a hold.
    Decision(HoldId),
    /// The application.
    ApiKey(ApiKeyId),
    /// An admin on the portal.
    Admin(AdminId),
}

impl Cause {
    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> CauseKind {
        match self {
            Self::Hook(_) => CauseKind::Hook,
            Self::Run(_) => CauseKind::Run,
            Self::Clock => CauseKind::Clock,
            Self::Decision(_) => CauseKind::Decision,
            Self::ApiKey(_) => CauseKind::ApiKey,
            Self::Admin(_) => CauseKind::Admin,
        }
    }

    /// Which one, as text; nothing for the clock.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        match self {
            Self::Hook(number) => Some(number.to_string()),
            Self::Run(id) => Some(id.to_string()),
            Self::Clock => None,
            Self::Decision(id) => Some(id.to_string()),
            Self::ApiKey(id) => Some(id.to_string()),
            Self::Admin(id) => Some(id.to_string()),
        }
    }
}
