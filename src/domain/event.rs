//! Events: their names, and the text in which they are sent.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::clock::Timestamp;
use crate::domain::account::Activity;
use crate::domain::ids::{DirectoryId, EventId, OrganizationId};
use crate::text_enum;

text_enum! {
    /// What happened (A-06; wire contract §6).
    EventKind {
        /// A directory is connected; its people follow.
        DsyncActivated = "dsync.activated",
        /// A directory was disabled.
        DsyncDeleted = "dsync.deleted",
        /// A directory user appeared.
        UserCreated = "dsync.user.created",
        /// A directory user changed.
        UserUpdated = "dsync.user.updated",
        /// A directory user is gone.
        UserDeleted = "dsync.user.deleted",
        /// A group appeared.
        GroupCreated = "dsync.group.created",
        /// A group was renamed.
        GroupUpdated = "dsync.group.updated",
        /// A group is gone.
        GroupDeleted = "dsync.group.deleted",
        /// A directory user joined a group.
        GroupUserAdded = "dsync.group.user_added",
        /// A directory user left a group.
        GroupUserRemoved = "dsync.group.user_removed",
        /// A notice was written to the admins.
        NoticeCreated = "rollcall.notice.created",
        /// A change waits for a decision.
        HoldOpened = "rollcall.hold.opened",
        /// A decision was taken.
        HoldDecided = "rollcall.hold.decided",
    }
}

/// An event that has no number yet.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The organization it belongs to.
    pub organization_id: OrganizationId,
    /// The directory it is about.
    pub directory_id: Option<DirectoryId>,
    /// What happened.
    pub kind: EventKind,
    /// Whom or what it is about: events of one lane are delivered in order.
    pub lane: String,
    /// The group of a membership event, whose earlier events go first.
    pub group_lane: Option<String>,
    /// The `data` member, as it is sent.
    pub data: serde_json::Value,
    /// When.
    pub created_at: Timestamp,
}

/// What becomes of memberships that wait because the end of access overtook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// They go on.
    PersonReturned,
    /// They are overtaken, because whoever they are about is gone.
    PersonGone,
    /// The same for those of the group.
    GroupGone,
    /// The same for those of the directory.
    DirectoryGone,
}

impl EventKind {
    /// Whether readers must ask for it by name (old SDKs fail on types they do not know, A-06).
    #[must_use]
    pub const fn only_by_name(self) -> bool {
        matches!(self, Self::NoticeCreated | Self::HoldOpened | Self::HoldDecided)
    }

    /// Whether an event with this `data` says that somebody's access ends.
    #[must_use]
    pub fn ends_access(self, data: &serde_json::Value) -> bool {
        match self {
            Self::UserDeleted => true,
            Self::UserUpdated => {
                data.get("state").and_then(serde_json::Value::as_str)
                    == Some(Activity::Inactive.as_str())
            }
            _ => false,
        }
    }

    /// What its end, delivered or given up, means for memberships that wait because the end of
    /// access overtook.
    #[must_use]
    pub const fn settles(self, ends_access: bool) -> Option<Settled> {
        match self {
            Self::UserDeleted => Some(Settled::PersonGone),
            Self::UserCreated | Self::UserUpdated if !ends_access => Some(Settled::PersonReturned),
            Self::GroupDeleted => Some(Settled::GroupGone),
            Self::DsyncDeleted => Some(Settled::DirectoryGone),
            _ => None,
        }
    }

    /// Whether everything earlier of the directory goes before it, and everything later after it
    ///
    #[must_use]
    pub const fn is_barrier(self) -> bool {
        matches!(self, Self::DsyncActivated | Self::DsyncDeleted)
    }
}

/// Families of events of WorkOS's other products, and the directory events that only SCIM has. An
/// application that asks for them too gets none of them instead of a refusal.
const FOREIGN: &[&str] = &[
    "api_key.",
    "authentication.",
    "connection.",
    "email_verification.",
    "flag.",
    "invitation.",
    "magic_auth.",
    "organization.",
    "organization_domain.",
    "organization_membership.",
    "organization_role.",
    "password_reset.",
    "permission.",
    "role.",
    "session.",
    "user.",
    "vault.",
    "dsync.token.",
    "dsync.deactivated",
];

/// Whether WorkOS has events of this name that can never happen here.
#[must_use]
pub fn is_foreign(name: &str) -> bool {
    FOREIGN.iter().any(|family| name.starts_with(family))
}

/// An event as it is sent, byte for byte the same in the feed and in webhooks (A-03, wire contract
/// §6). `data` is the JSON text that was stored with it.
///
/// The text does not change when a JavaScript client parses and writes it again, which old SDKs do
/// before they check the signature (wire contract §7): no spaces, nothing but whole numbers, no
/// names of members that look like numbers.
pub fn wire_text(
    id: &EventId,
    event_type: &str,
    data: &str,
    created_at: Timestamp,
) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Envelope<'a> {
        object: &'static str,
        id: &'a EventId,
        event: &'a str,
        data: &'a RawValue,
        created_at: String,
        context: serde_json::Map<String, serde_json::Value>,
    }
    serde_json::to_string(&Envelope {
        object: "event",
        id,
        event: event_type,
        data: serde_json::from_str(data)?,
        created_at: created_at.to_string(),
        context: serde_json::Map::new(),
    })
}
