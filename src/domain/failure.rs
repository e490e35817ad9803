//! What can go wrong with a sync, by class (S-40).

use crate::text_enum;

text_enum! {
    /// Why a sync did not succeed. The class decides what the admin is told and when (S-45).
    FailureClass {
        /// The key is unknown, removed or malformed. An admin has to enter a new one.
        Credential = "credential",
        /// The key is good but lacks a permission, or the caller's address is not allowed.
        Permission = "permission",
        /// The HR system asks us to slow down.
        Throttled = "throttled",
        /// The customer's account at the HR system is suspended or its trial has ended.
        Suspended = "suspended",
        /// The HR system does not answer, or answers with an error of its own.
        ProviderDown = "provider_down",
        /// The answer could not be understood or was cut off.
        Malformed = "malformed",
        /// Our own fault.
        Internal = "internal",
    }
}

/// What is kept of a failed sync whose key may read another company (L-10), in place of a
/// permission's name.
pub const OTHER_COMPANY: &str = "this key reads another company";
