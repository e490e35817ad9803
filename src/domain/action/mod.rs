//! Who did what: an admin, the application or Rollcall itself, and what they did to an organization
//! or one of its directories.
//!
//! [`Actor`] is the one notion of "who" in the whole system: a hold is decided by one, an action is
//! done by one, and a change of an account that somebody made by hand names the same ids in its
//! cause ([`crate::domain::audit`]).
//!
//! Invariant: an action holds ids and words of ours, and the HR system's own names of permissions.
//! It holds no secret and nothing about a person; a name is looked up when the action is told.

use serde::{Deserialize, Serialize};

use crate::domain::hold::{HoldKind, HoldState};
use crate::domain::ids::{AdminId, ApiKeyId, HoldId, PortalSessionId, RunId};
use crate::domain::provider::ProviderKind;
use crate::text_enum;

mod told;

pub use self::told::Telling;

text_enum! {
    /// What kind of somebody did something.
    ActorKind {
        /// An admin, on the portal.
        Admin = "admin",
        /// A visit to the portal by a link that was made for nobody in particular.
        Visit = "portal_session",
        /// The application, by an API key.
        ApiKey = "api_key",
        /// Rollcall itself.
        Rollcall = "rollcall",
    }
}

/// Somebody who did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// An admin, on the portal.
    Admin(AdminId),
    /// A visit to the portal by a link that was made for nobody in particular.
    Visit(PortalSessionId),
    /// The application, by an API key.
    ApiKey(ApiKeyId),
    /// Rollcall itself.
    Rollcall,
}

/// How Rollcall itself is written down, which has no id.
const ROLLCALL: &str = "rollcall";

impl Actor {
    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> ActorKind {
        match self {
            Self::Admin(_) => ActorKind::Admin,
            Self::Visit(_) => ActorKind::Visit,
            Self::ApiKey(_) => ActorKind::ApiKey,
            Self::Rollcall => ActorKind::Rollcall,
        }
    }

    /// How they are written down: their id, which tells the kind too.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Admin(id) => id.as_str(),
            Self::Visit(id) => id.as_str(),
            Self::ApiKey(id) => id.as_str(),
            Self::Rollcall => ROLLCALL,
        }
    }

    /// Their id; Rollcall has none.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        (*self != Self::Rollcall).then(|| self.as_str())
    }

    /// Who is written down like this.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is = |prefix: &str| {
            text.strip_prefix(prefix).is_some_and(|rest| rest.len() > 1 && rest.starts_with('_'))
        };
        Some(match text {
            ROLLCALL => Self::Rollcall,
            _ if is(AdminId::PREFIX) => Self::Admin(AdminId::from_text(text)),
            _ if is(PortalSessionId::PREFIX) => Self::Visit(PortalSessionId::from_text(text)),
            _ if is(ApiKeyId::PREFIX) => Self::ApiKey(ApiKeyId::from_text(text)),
            _ => return None,
        })
    }
}

text_enum! {
    /// Why a key was refused.
    KeyRefusal {
        /// The HR system does not accept it.
        NotAccepted = "not_accepted",
        /// Permissions that are needed are missing.
        Permissions = "permissions",
        /// The HR system says that the company's account is suspended.
        Suspended = "suspended",
        /// It belongs to another company than the one that the directory reads.
        OtherCompany = "other_company",
    }
}

/// A key that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why.
    pub reason: KeyRefusal,
    /// The permissions that are missing, in the HR system's own words.
    pub permissions: Vec<String>,
}

/// What was done. Stored and sent with its `kind`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// A set-up was begun.
    DirectoryCreated,
    /// Settings of a directory were changed.
    DirectoryChanged {
        /// Which, by their names in the API.
        fields: Vec<String>,
    },
    /// The first key was entered, and accepted.
    KeyEntered,
    /// Another key was entered, and accepted.
    KeyReplaced,
    /// A key was entered, and refused; nothing was stored.
    KeyRefused(Refusal),
    /// A key was entered that is right and lacks permissions; it waits for them.
    KeyWaits(Refusal),
    /// The key that waited has its permissions, and is used from now on.
    WaitingKeyAccepted,
    /// The set-up was completed.
    SetupCompleted,
    /// The set-up was to be completed, and the stored key was refused.
    SetupRefused(Refusal),
    /// A full sync was asked for.
    SyncRequested {
        /// The sync.
        run_id: RunId,
    },
    /// A change that waited was decided.
    HoldDecided {
        /// The hold.
        hold_id: HoldId,
        /// What waited.
        hold_kind: HoldKind,
        /// What became of it.
        state: HoldState,
        /// How many people were decided about.
        people: u64,
    },
    /// A directory was ended for good.
    DirectoryDisabled,
    /// Somebody is told of failures from now on.
    AdminAdded {
        /// Who.
        admin_id: AdminId,
    },
    /// Somebody is not told of failures any more.
    AdminRemoved {
        /// Who it was.
        admin_id: AdminId,
    },
    /// The organization itself was changed.
    OrganizationChanged {
        /// Which members, by their names in the API.
        fields: Vec<String>,
        /// The HR systems that may be connected from then on, if that was changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        allowed_providers: Option<Vec<ProviderKind>>,
    },
    /// A link into the portal was made.
    PortalLinkMade,
    /// A link into the portal was sent to an admin who asked for one.
    PortalLinkMailed {
        /// To whom.
        admin_id: AdminId,
    },
    /// A visit to the portal began.
    PortalEntered,
}

impl Action {
    /// The admin whom it is about.
    #[must_use]
    pub const fn about_admin(&self) -> Option<&AdminId> {
        match self {
            Self::AdminAdded { admin_id }
            | Self::AdminRemoved { admin_id }
            | Self::PortalLinkMailed { admin_id } => Some(admin_id),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Language;

    fn every_action() -> Vec<Action> {
        let admin_id = AdminId::from_text("admin_1");
        let refusal = |reason| Refusal { reason, permissions: vec!["Get Employee".to_owned()] };
        let hold = |hold_kind, state| Action::HoldDecided {
            hold_id: HoldId::from_text("hold_1"),
            hold_kind,
            state,
            people: 2,
        };
        vec![
            Action::DirectoryCreated,
            Action::DirectoryChanged { fields: vec!["strict".to_owned(), "name".to_owned()] },
            Action::KeyEntered,
            Action::KeyReplaced,
            Action::KeyRefused(refusal(KeyRefusal::NotAccepted)),
            Action::KeyRefused(refusal(KeyRefusal::Permissions)),
            Action::KeyWaits(refusal(KeyRefusal::Permissions)),
            Action::WaitingKeyAccepted,
            Action::SetupCompleted,
            Action::SetupRefused(refusal(KeyRefusal::Suspended)),
            Action::SyncRequested { run_id: RunId::from_text("run_1") },
            hold(HoldKind::Link, HoldState::Approved),
            hold(HoldKind::Deactivations, HoldState::PartlyApproved),
            Action::DirectoryDisabled,
            Action::AdminAdded { admin_id: admin_id.clone() },
            Action::AdminRemoved { admin_id: admin_id.clone() },
            Action::OrganizationChanged {
                fields: vec!["allowed_providers".to_owned()],
                allowed_providers: Some(vec![ProviderKind::Hrworks]),
            },
            Action::OrganizationChanged {
                fields: vec!["name".to_owned()],
                allowed_providers: None,
            },
            Action::PortalLinkMade,
            Action::PortalLinkMailed { admin_id },
            Action::PortalEntered,
        ]
    }

    #[test]
    fn an_actor_comes_back_from_how_they_are_written_down() {
        let actors = [
            Actor::Admin(AdminId::from_text("admin_1")),
            Actor::Visit(PortalSessionId::from_text("portal_session_1")),
            Actor::ApiKey(ApiKeyId::from_text("key_1")),
            Actor::Rollcall,
        ];
        for actor in actors {
            assert_eq!(Actor::parse(actor.as_str()), Some(actor.clone()));
            assert_eq!(actor.id().is_none(), actor == Actor::Rollcall);
        }
        for nobody in ["", "admin", "admin_", "keyboard_1", "account_1", "Rollcall"] {
            assert_eq!(Actor::parse(nobody), None, "{nobody}");
        }
    }

    #[test]
    fn every_action_is_told_in_whole_sentences_and_comes_back_from_json() {
        for action in every_action() {
            let actor = &Actor::ApiKey(ApiKeyId::from_text("key_1"));
            let telling = Telling { actor, name: None, hr: Some("HR"), admin: None };
            let text = action.text(telling).in_language(Language::English);
            assert!(text.starts_with("The application ") && text.ends_with('.'), "{text}");
            assert!(!text.contains("..") && !text.contains('_'), "{text}");
            let json = serde_json::to_string(&action).unwrap();
            assert_eq!(serde_json::from_str::<Action>(&json).unwrap(), action);
        }
    }

    #[test]
    fn a_sentence_says_who_and_what() {
        let actor = &Actor::Admin(AdminId::from_text("admin_1"));
        let telling = Telling {
            actor,
            name: Some("Ann Example"),
            hr: Some("People HR"),
            admin: Some("Bo Example"),
        };
        let told = |action: &Action| action.text(telling).in_language(Language::English);
        assert_eq!(
            told(&Action::KeyReplaced),
            "Ann Example entered a new API key of People HR. It was accepted."
        );
        let permissions = vec!["Get Employee".to_owned(), "Get Leaver".to_owned()];
        let lacks = Refusal { reason: KeyRefusal::Permissions, permissions };
        assert_eq!(
            told(&Action::KeyRefused(lacks)),
            "Ann Example entered an API key of People HR. It lacks a permission: Get Employee, \
             Get Leaver."
        );
        let admin_id = AdminId::from_text("admin_2");
        let added = Action::AdminAdded { admin_id };
        assert_eq!(told(&added), "Ann Example added Bo Example to those who get messages.");
        let telling = Telling { actor, name: None, hr: Some("HRworks"), admin: None };
        assert_eq!(
            Action::SetupCompleted.text(telling).in_language(Language::English),
            "A former admin completed the set-up of HRworks."
        );
    }
}
