//! What is particular about HRworks (protocol page `hrworks`).

use super::check::PERMISSIONS;
use crate::domain::profile::{Arrival, CredentialForm, Profile};
use crate::domain::provider::ProviderKind;
use crate::limits;
use crate::texts::{Text, text};

/// The facts about HRworks.
pub static PROFILE: Profile = Profile {
    kind: ProviderKind::Hrworks,
    wire_type: "hrworks",
    arrival: Arrival::Polled,
    credential: CredentialForm::KeyPair,
    permissions: &PERMISSIONS,
    // It is the one for reading everybody too.
    look_permission: None,
    permissions_come_later: true,
    number_names_person: false,
    default_time_zone: Some("Europe/Berlin"),
    limit_may_be_shared: false,
    // The token and the first page.
    list_calls: 2,
    check_calls: limits::PAGED_CHECK_CALLS_MAX,
    key_title: text("steps-hrworks-title"),
    key_steps: &[
        text("steps-hrworks-add"),
        text("steps-hrworks-download"),
        text("steps-hrworks-tick"),
    ],
    permission_steps,
};

fn permission_steps(permission: Option<&str>) -> Vec<Text> {
    let allow = match permission {
        Some(name) => text("steps-hrworks-allow").with("permission", name),
        None => text("steps-hrworks-allow-all"),
    };
    vec![text("steps-hrworks-open"), allow, text("steps-hrworks-save")]
}
