//! What the key of a directory may not do although it works without (L-04, L-13).
//!
//! The names of such permissions are on the directory's row. They come from checks and from refused
//! questions, and go when a check or a run finds the permission there again.
//!
//! What this module must not do: decide what follows for people.

use crate::db::directories::Directory;
use crate::domain::profile::Permission;
use crate::domain::provider::ProviderKind;
use crate::providers::{self, Check, ProbeResult};

/// Whether a key of this HR system works without asking about one person (L-13).
#[must_use]
pub fn looks_are_optional(provider: ProviderKind) -> bool {
    providers::profile(provider).look_permission.is_some_and(|one| !one.is_required())
}

/// Whether the key of a directory may ask about one person, as far as is known.
#[must_use]
pub fn may_look(directory: &Directory) -> bool {
    let Some(permission) = look_permission(directory) else { return true };
    !directory.missing_permissions.0.iter().any(|name| name == permission.name)
}

/// Notes whether the key of a directory may ask about one person. Returns whether that is news.
pub fn note_looks(directory: &mut Directory, allowed: bool) -> bool {
    let Some(permission) = look_permission(directory) else { return false };
    let is_news = may_look(directory) != allowed;
    let names = &mut directory.missing_permissions.0;
    if allowed {
        names.retain(|name| name != permission.name);
    } else if is_news {
        names.push(permission.name.to_owned());
    }
    is_news
}

/// Notes what a check of the stored key found. What it could not find out stays as it was.
pub fn note_check(directory: &mut Directory, check: &Check) {
    for permission in providers::profile(directory.provider).permissions {
        let results = check.probes.iter().filter(|probe| probe.permission.name == permission.name);
        let results: Vec<ProbeResult> = results.map(|probe| probe.result).collect();
        let names = &mut directory.missing_permissions.0;
        if results.contains(&ProbeResult::Missing) && !permission.is_required() {
            if !names.iter().any(|name| name == permission.name) {
                names.push(permission.name.to_owned());
            }
        } else if !results.is_empty()
            && results.iter().all(|result| *result == ProbeResult::Granted)
        {
            names.retain(|name| name != permission.name);
        }
    }
}

/// The permissions that the stored key lacks although it works without.
#[must_use]
pub fn missing(directory: &Directory) -> Vec<&'static Permission> {
    let names = &directory.missing_permissions.0;
    let lacks = |permission: &&'static Permission| {
        !permission.is_required() && names.iter().any(|name| name == permission.name)
    };
    providers::profile(directory.provider).permissions.iter().copied().filter(lacks).collect()
}

fn look_permission(directory: &Directory) -> Option<&'static Permission> {
    providers::profile(directory.provider).look_permission
}
