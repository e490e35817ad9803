//! Events: their names, and whom they are about.

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

impl EventKind {
    /// Whether readers must ask for it by name (old SDKs fail on types they do not know, A-06).
    #[must_use]
    pub const fn only_by_name(self) -> bool {
        matches!(self, Self::NoticeCreated | Self::HoldOpened | Self::HoldDecided)
    }
}
