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

    /// Who it was, inside a sentence. `name` is what an admin is called who is still on the list.
    #[must_use]
    pub fn words(&self, name: Option<&str>) -> String {
        match self {
            Self::Admin(_) => name.unwrap_or(FORMER_ADMIN).to_owned(),
            Self::Visit(_) => "somebody on the portal".to_owned(),
            Self::ApiKey(_) => "the application".to_owned(),
            Self::Rollcall => "Rollcall".to_owned(),
        }
    }
}

/// An admin who is not on the list any more.
pub const FORMER_ADMIN: &str = "a former admin";

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

/// What an action's sentence needs to be told of.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    /// Who did it ([`Actor::words`]).
    pub who: &'a str,
    /// What the HR system is called, for an action about a directory.
    pub hr: &'a str,
    /// What the admin is called whom it is about, if it is and they are still on the list.
    pub admin: Option<&'a str>,
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

    /// What the admin reads.
    #[must_use]
    pub fn sentence(&self, telling: Telling<'_>) -> String {
        let Telling { who, hr, admin } = telling;
        let admin = admin.unwrap_or(FORMER_ADMIN);
        let text = match self {
            Self::DirectoryCreated => format!("{who} began to connect {hr}."),
            Self::DirectoryChanged { fields } => {
                format!("{who} changed the connection to {hr}: {}.", listed(fields, setting))
            }
            Self::KeyEntered => format!("{who} entered an API key of {hr}. It was accepted."),
            Self::KeyReplaced => format!("{who} entered a new API key of {hr}. It was accepted."),
            Self::KeyRefused(refusal) => {
                format!("{who} entered an API key of {hr}. {}", refused(refusal, hr))
            }
            Self::KeyWaits(refusal) => {
                let permissions = refusal.permissions.join(", ");
                format!(
                    "{who} entered an API key of {hr}. It waits for permissions: {permissions}."
                )
            }
            Self::WaitingKeyAccepted => format!(
                "{who} looked whether the API key of {hr} has the permissions that it waited for. \
                 It has, and is used now."
            ),
            Self::SetupCompleted => format!("{who} completed the set-up of {hr}."),
            Self::SetupRefused(refusal) => {
                let why = refused(refusal, hr);
                format!("{who} tried to complete the set-up of {hr} with the API key. {why}")
            }
            Self::SyncRequested { .. } => format!("{who} started a full sync of {hr}."),
            Self::HoldDecided { hold_kind, state, people, .. } => {
                format!("{who} {} {}.", decided(*state), held(*hold_kind, *people))
            }
            Self::DirectoryDisabled => format!("{who} disabled the connection to {hr}."),
            Self::AdminAdded { .. } => format!("{who} added {admin} to those who get messages."),
            Self::AdminRemoved { .. } => {
                format!("{who} removed {admin} from those who get messages.")
            }
            Self::OrganizationChanged { fields, allowed_providers } => {
                let what = format!("{who} changed the organization: {}.", listed(fields, member));
                let names = |kinds: &Vec<ProviderKind>| {
                    kinds.iter().map(|kind| kind.title()).collect::<Vec<_>>().join(", ")
                };
                match allowed_providers.as_ref().map(names) {
                    None => what,
                    Some(none) if none.is_empty() => format!("{what} None is allowed now."),
                    Some(names) => format!("{what} Allowed now: {names}."),
                }
            }
            Self::PortalLinkMade => format!("{who} made a link to these pages."),
            Self::PortalLinkMailed { .. } => {
                format!("{who} sent {admin} a link to these pages by mail.")
            }
            Self::PortalEntered => format!("{who} opened these pages with a link."),
        };
        let mut chars = text.chars();
        let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
        format!("{first}{}", chars.as_str())
    }
}

fn refused(refusal: &Refusal, hr: &str) -> String {
    match refusal.reason {
        KeyRefusal::NotAccepted => format!("{hr} did not accept it."),
        KeyRefusal::Permissions if refusal.permissions.is_empty() => {
            "It lacks a permission.".to_owned()
        }
        KeyRefusal::Permissions => {
            format!("It lacks a permission: {}.", refusal.permissions.join(", "))
        }
        KeyRefusal::Suspended => format!("{hr} says that the company's account is suspended."),
        KeyRefusal::OtherCompany => "It belongs to another company.".to_owned(),
    }
}

fn decided(state: HoldState) -> &'static str {
    match state {
        HoldState::Rejected => "rejected",
        HoldState::PartlyApproved => "approved a part of",
        HoldState::Open | HoldState::Approved | HoldState::Superseded => "approved",
    }
}

fn held(kind: HoldKind, people: u64) -> String {
    match kind {
        HoldKind::Link => "linking a person to an account".to_owned(),
        HoldKind::EmailChange => "the change of an e-mail".to_owned(),
        HoldKind::Deactivations if people == 1 => "the end of access of 1 person".to_owned(),
        HoldKind::Deactivations => format!("the end of access of {people} people"),
        HoldKind::OtherCompany => "a key that reads another company".to_owned(),
        HoldKind::ReusedNumber => "an employee number given to somebody else".to_owned(),
    }
}

fn listed(fields: &[String], name: fn(&str) -> &str) -> String {
    fields.iter().map(|field| name(field)).collect::<Vec<_>>().join(", ")
}

fn setting(field: &str) -> &str {
    match field {
        "poll_seconds" => "time between full syncs",
        "strict" => "whether records to correct stop everybody",
        "inactive_policy" => "what is kept of people who left",
        "relink" => "how people get their accounts back",
        other => other,
    }
}

fn member(field: &str) -> &str {
    match field {
        "allowed_providers" => "allowed HR systems",
        "time_zone" => "time zone",
        "external_id" => "id in the application",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let text = action.sentence(Telling { who: "the application", hr: "HR", admin: None });
            assert!(text.starts_with("The application ") && text.ends_with('.'), "{text}");
            assert!(!text.contains("..") && !text.contains('_'), "{text}");
            let json = serde_json::to_string(&action).unwrap();
            assert_eq!(serde_json::from_str::<Action>(&json).unwrap(), action);
        }
    }

    #[test]
    fn a_sentence_says_who_and_what() {
        let telling = Telling { who: "Ann Example", hr: "People HR", admin: Some("Bo Example") };
        let told = |action: &Action| action.sentence(telling);
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
        let former = Actor::Admin(AdminId::from_text("admin_1")).words(None);
        let telling = Telling { who: &former, hr: "HRworks", admin: None };
        assert_eq!(
            Action::SetupCompleted.sentence(telling),
            "A former admin completed the set-up of HRworks."
        );
    }
}
