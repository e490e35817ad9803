//! Endpoints: where the application wants to be told of events.

use crate::text_enum;

text_enum! {
    /// Whether events are sent to an endpoint.
    EndpointStatus {
        /// They are.
        Enabled = "enabled",
        /// They are not, and none is kept for later: they can be replayed.
        Disabled = "disabled",
    }
}

text_enum! {
    /// Why an endpoint is disabled.
    DisabledReason {
        /// Somebody with an API key disabled it.
        ByHand = "by_hand",
        /// It answered 410 "Gone".
        Gone = "gone",
        /// Nothing but failures for too long.
        Failing = "failing",
    }
}

text_enum! {
    /// Which secret `WorkOS-Signature` is made with while two are live: that header has room for
    /// one signature only (wire contract §7).
    LegacySigner {
        /// The newest.
        New = "new",
        /// The one before, until it expires.
        Old = "old",
    }
}

text_enum! {
    /// Why there is a delivery.
    DeliveryTrigger {
        /// Something happened.
        Event = "event",
        /// Somebody asked to be told again.
        Replay = "replay",
        /// Somebody pressed the test button.
        Test = "test",
    }
}

text_enum! {
    /// How far a delivery is.
    DeliveryState {
        /// Not there yet; it is tried again.
        Waiting = "waiting",
        /// The endpoint took it.
        Delivered = "delivered",
        /// Given up: a dead letter. It can be replayed.
        Dead = "dead",
    }
}
