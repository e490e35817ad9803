//! What is particular about Breathe HR (protocol page `breathe-hr`).

use super::check::PERMISSIONS;
use crate::domain::profile::{Arrival, CredentialForm, Profile};
use crate::domain::provider::ProviderKind;
use crate::limits;
use crate::texts::{Text, text};

/// The facts about Breathe HR.
pub static PROFILE: Profile = Profile {
    kind: ProviderKind::BreatheHr,
    wire_type: "breathe hr",
    arrival: Arrival::Polled,
    credential: CredentialForm::ApiKey,
    permissions: &PERMISSIONS,
    // It is the one for reading everybody too.
    look_permission: None,
    permissions_come_later: false,
    number_names_person: false,
    default_time_zone: None,
    limit_may_be_shared: false,
    // The first page.
    list_calls: 1,
    check_calls: limits::PAGED_CHECK_CALLS_MAX,
    key_title: text("steps-breathe-hr-title"),
    key_steps: &[
        text("steps-breathe-hr-open"),
        text("steps-breathe-hr-enable"),
        text("steps-breathe-hr-copy"),
    ],
    permission_steps,
};

fn permission_steps(permission: Option<&str>) -> Vec<Text> {
    let allow = match permission {
        Some(name) => text("steps-breathe-hr-allow").with("permission", name),
        None => text("steps-breathe-hr-allow-all"),
    };
    vec![text("steps-breathe-hr-open"), allow, text("steps-breathe-hr-new-key")]
}
