//! Notices.
use crate::text_enum;
text_enum! {
    /// What a notice is about.
    NoticeKind {
        /// a
        SyncFailed = "sync_failed",
        /// b
        SyncRecovered = "sync_recovered",
        /// c
        SyncSilent = "sync_silent",
        /// d
        HoldOpened = "hold_opened",
        /// e
        EndpointDisabled = "endpoint_disabled",
    }
}
