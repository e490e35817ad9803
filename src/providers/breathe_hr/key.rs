//! The key of Breathe HR, as it is pasted.
//!
//! What this module must not do: repeat a key in what is said about it.

use crate::limits;
use crate::providers::pasted;
use crate::secret::Secret;
use crate::texts::{Text, text};

/// Where production keys belong.
pub const PRODUCTION: (&str, &str) = ("prod-", "https://api.breathehr.com/v1");
/// Where sandbox keys belong; note the other domain.
pub const SANDBOX: (&str, &str) = ("sandbox-", "https://api.sandbox.breathehr.info/v1");

/// The key of Breathe HR in what somebody pasted (L-11), or why there is none. Asks nobody.
pub fn key_of(entered: &Secret) -> Result<Secret, Text> {
    let key = pasted::key(entered, |word| key_problem(word).is_none())
        .map_err(|misfit| text("check-breathe-hr-not-a-key").with("misfit", misfit.text()))?;
    key_problem(key.reveal()).map_or(Ok(key), Err)
}

/// Why a text cannot be a key of Breathe HR, and what to do; `None` when it can be one. Asks
/// nobody.
#[must_use]
pub fn key_problem(key: &str) -> Option<Text> {
    if !key.chars().all(|c| c.is_ascii_graphic()) {
        return Some(text("check-breathe-hr-blank"));
    }
    if !key.starts_with(PRODUCTION.0) && !key.starts_with(SANDBOX.0) {
        return Some(text("check-breathe-hr-beginning"));
    }
    let length = limits::BREATHE_KEY_CHARS_MIN..=limits::BREATHE_KEY_CHARS_MAX;
    (!length.contains(&key.len())).then(|| text("check-breathe-hr-length"))
}
