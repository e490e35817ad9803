//! What is particular about People HR (protocol page `people-hr`).

use super::check::{BY_ID, PERMISSIONS};
use crate::domain::profile::{Arrival, CredentialForm, Profile};
use crate::domain::provider::ProviderKind;
use crate::limits;
use crate::texts::{Text, text};

/// The facts about People HR.
pub static PROFILE: Profile = Profile {
    kind: ProviderKind::PeopleHr,
    wire_type: "people hr",
    arrival: Arrival::Webhook,
    credential: CredentialForm::ApiKey,
    permissions: &PERMISSIONS,
    look_permission: Some(&BY_ID),
    permissions_come_later: false,
    number_names_person: true,
    default_time_zone: None,
    // Whether it limits each company or each source address is not known.
    limit_may_be_shared: true,
    // With leavers, then without (S-11).
    list_calls: 2,
    check_calls: limits::CHECK_CALLS_MAX,
    key_title: text("steps-people-hr-title"),
    key_steps: &[
        text("steps-people-hr-add"),
        text("steps-people-hr-name"),
        text("steps-people-hr-tick"),
        text("steps-people-hr-copy"),
    ],
    permission_steps,
};

fn permission_steps(permission: Option<&str>) -> Vec<Text> {
    let allow = match permission {
        Some(name) => text("steps-people-hr-allow").with("permission", name),
        None => text("steps-people-hr-allow-all"),
    };
    vec![text("steps-people-hr-open"), allow, text("steps-people-hr-save")]
}
