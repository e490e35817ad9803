//! Who did what, in words.
//!
//! What this module must not do: look up a name.

use super::{Action, Actor, KeyRefusal, Refusal};
use crate::domain::hold::{HoldKind, HoldState};
use crate::domain::provider::ProviderKind;
use crate::texts::{Text, text};

impl Actor {
    /// Who it was, inside a sentence. `name` is what an admin is called who is still on the list.
    #[must_use]
    pub fn text(&self, name: Option<&str>) -> Text {
        match (self, name) {
            (Self::Admin(_), Some(name)) => Text::verbatim(name),
            (Self::Admin(_), None) => former_admin(),
            (Self::Visit(_), _) => text("action-by-portal"),
            (Self::ApiKey(_), _) => text("action-by-application"),
            (Self::Rollcall, _) => text("action-by-rollcall"),
        }
    }

    /// The same at the beginning of a sentence.
    fn text_in_front(&self, name: Option<&str>) -> Text {
        match (self, name) {
            (Self::Admin(_), Some(name)) => Text::verbatim(capitalised(name)),
            (Self::Admin(_), None) => text("action-who-former-admin"),
            (Self::Visit(_), _) => text("action-who-portal"),
            (Self::ApiKey(_), _) => text("action-who-application"),
            (Self::Rollcall, _) => text("action-who-rollcall"),
        }
    }
}

fn capitalised(name: &str) -> String {
    let mut chars = name.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}", chars.as_str())
}

/// An admin who is not on the list any more.
fn former_admin() -> Text {
    text("action-by-former-admin")
}

/// What an action's sentence needs to be told of.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    /// Who did it.
    pub actor: &'a Actor,
    /// What the admin is called who did it, if one did and they are still on the list.
    pub name: Option<&'a str>,
    /// What the HR system is called, for an action about a directory.
    pub hr: Option<&'a str>,
    /// What the admin is called whom it is about, if it is and they are still on the list.
    pub admin: Option<&'a str>,
}

impl Telling<'_> {
    fn who(&self) -> Text {
        self.actor.text_in_front(self.name)
    }

    fn hr(&self) -> Text {
        self.hr.map_or_else(|| text("action-some-hr"), Text::verbatim)
    }

    fn admin(&self) -> Text {
        self.admin.map_or_else(former_admin, Text::verbatim)
    }
}

impl Action {
    /// What the admin reads.
    #[must_use]
    pub fn text(&self, telling: Telling<'_>) -> Text {
        let (who, hr) = (telling.who(), telling.hr());
        match self {
            Self::DirectoryCreated => {
                text("action-directory-created").with("who", who).with("hr", hr)
            }
            Self::DirectoryChanged { fields } => text("action-directory-changed")
                .with("who", who)
                .with("hr", hr)
                .with("settings", listed(fields.iter().map(|field| setting(field)))),
            Self::KeyEntered => text("action-key-entered").with("who", who).with("hr", hr),
            Self::KeyReplaced => text("action-key-replaced").with("who", who).with("hr", hr),
            Self::KeyRefused(refusal) => text("action-key-refused")
                .with("who", who)
                .with("hr", &hr)
                .with("why", refused(refusal, &hr)),
            Self::KeyWaits(refusal) => text("action-key-waits")
                .with("who", who)
                .with("hr", hr)
                .with("permissions", names(&refusal.permissions)),
            Self::WaitingKeyAccepted => {
                text("action-waiting-key-accepted").with("who", who).with("hr", hr)
            }
            Self::SetupCompleted => text("action-setup-completed").with("who", who).with("hr", hr),
            Self::SetupRefused(refusal) => text("action-setup-refused")
                .with("who", who)
                .with("hr", &hr)
                .with("why", refused(refusal, &hr)),
            Self::SyncRequested { .. } => {
                text("action-sync-requested").with("who", who).with("hr", hr)
            }
            Self::HoldDecided { hold_kind, state, people, .. } => {
                decided(*hold_kind, *state, *people, who)
            }
            Self::DirectoryDisabled => {
                text("action-directory-disabled").with("who", who).with("hr", hr)
            }
            Self::AdminAdded { .. } => {
                text("action-admin-added").with("who", who).with("admin", telling.admin())
            }
            Self::AdminRemoved { .. } => {
                text("action-admin-removed").with("who", who).with("admin", telling.admin())
            }
            Self::OrganizationChanged { fields, allowed_providers } => {
                let members = listed(fields.iter().map(|field| member(field)));
                organization_changed(who, members, allowed_providers.as_deref())
            }
            Self::PortalLinkMade => text("action-portal-link-made").with("who", who),
            Self::PortalLinkMailed { .. } => {
                text("action-portal-link-mailed").with("who", who).with("admin", telling.admin())
            }
            Self::PortalEntered => text("action-portal-entered").with("who", who),
        }
    }
}

fn organization_changed(who: Text, members: Text, allowed: Option<&[ProviderKind]>) -> Text {
    match allowed {
        None => text("action-organization-changed").with("who", who).with("members", members),
        Some([]) => text("action-organization-changed-none-allowed")
            .with("who", who)
            .with("members", members),
        Some(kinds) => text("action-organization-changed-allowed")
            .with("who", who)
            .with("members", members)
            .with("systems", listed(kinds.iter().map(|kind| Text::verbatim(kind.title())))),
    }
}

fn refused(refusal: &Refusal, hr: &Text) -> Text {
    match refusal.reason {
        KeyRefusal::NotAccepted => text("action-refused-not-accepted").with("hr", hr),
        KeyRefusal::Permissions if refusal.permissions.is_empty() => {
            text("action-refused-permission")
        }
        KeyRefusal::Permissions => {
            text("action-refused-permissions").with("permissions", names(&refusal.permissions))
        }
        KeyRefusal::Suspended => text("action-refused-suspended").with("hr", hr),
        KeyRefusal::OtherCompany => text("action-refused-other-company"),
    }
}

fn decided(kind: HoldKind, state: HoldState, people: u64, who: Text) -> Text {
    // Only those that are decided are told of.
    let decision = state.as_str();
    match kind {
        HoldKind::Link => text("action-hold-link").with("who", who).with("decision", decision),
        HoldKind::EmailChange => {
            text("action-hold-email-change").with("who", who).with("decision", decision)
        }
        HoldKind::Deactivations => text("action-hold-deactivations")
            .with("who", who)
            .with("decision", decision)
            .with("people", people),
        HoldKind::OtherCompany => {
            text("action-hold-other-company").with("who", who).with("decision", decision)
        }
        HoldKind::ReusedNumber => {
            text("action-hold-reused-number").with("who", who).with("decision", decision)
        }
    }
}

fn names(names: &[String]) -> Text {
    listed(names.iter().map(Text::verbatim))
}

fn listed(items: impl DoubleEndedIterator<Item = Text>) -> Text {
    let join =
        |rest: Text, first: Text| text("action-list").with("first", first).with("rest", rest);
    items.rev().reduce(join).unwrap_or_else(|| Text::verbatim(""))
}

fn setting(field: &str) -> Text {
    match field {
        "poll_seconds" => text("action-setting-poll-seconds"),
        "strict" => text("action-setting-strict"),
        "inactive_policy" => text("action-setting-inactive-policy"),
        "relink" => text("action-setting-relink"),
        other => Text::verbatim(other),
    }
}

fn member(field: &str) -> Text {
    match field {
        "allowed_providers" => text("action-member-allowed-providers"),
        "time_zone" => text("action-member-time-zone"),
        "external_id" => text("action-member-external-id"),
        other => Text::verbatim(other),
    }
}
