//! API keys of the HR system and what they may do.
//!
//! A key is a GUID; with or without braces, dashes and blanks it is the same key. Grants are per
//! action, as in the vendor's dialog.

use serde::{Deserialize, Serialize};

/// What a key can be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Tells which company the key belongs to.
    GetCompanyInformation,
    /// Everybody.
    GetAllEmployeeDetail,
    /// One person.
    GetEmployeeDetailById,
}

impl Action {
    /// What a key is usually allowed to do: everything here.
    pub const USUAL: &[Self] =
        &[Self::GetCompanyInformation, Self::GetAllEmployeeDetail, Self::GetEmployeeDetailById];

    /// The action of this name, written exactly so.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "GetCompanyInformation" => Some(Self::GetCompanyInformation),
            "GetAllEmployeeDetail" => Some(Self::GetAllEmployeeDetail),
            "GetEmployeeDetailById" => Some(Self::GetEmployeeDetailById),
            _ => None,
        }
    }
}

/// A key and its grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// The key: a GUID.
    pub key: String,
    /// What it may do.
    pub actions: Vec<Action>,
}

#[derive(Debug, Default)]
pub(super) struct Keys(Vec<ApiKey>);

impl Keys {
    pub(super) fn add(&mut self, key: ApiKey) {
        self.0.push(key);
    }

    pub(super) fn all(&self) -> &[ApiKey] {
        &self.0
    }

    pub(super) fn find(&self, key: &str) -> Option<&ApiKey> {
        let asked = digits(key)?;
        self.0.iter().find(|one| digits(&one.key).as_ref() == Some(&asked))
    }

    /// Changes what a key may do; false when there is no such key.
    pub(super) fn set_actions(&mut self, key: &str, actions: &[Action]) -> bool {
        let Some(asked) = digits(key) else { return false };
        let is_it = |one: &&mut ApiKey| digits(&one.key).as_ref() == Some(&asked);
        let Some(found) = self.0.iter_mut().find(is_it) else { return false };
        found.actions = actions.to_vec();
        true
    }

    pub(super) fn remove(&mut self, key: &str) -> bool {
        let Some(found) = self.find(key).cloned() else { return false };
        self.0.retain(|one| *one != found);
        true
    }
}

/// The 32 digits of a key; none when it is not a GUID.
pub(super) fn digits(key: &str) -> Option<String> {
    let key = key.trim();
    let bare = key.strip_prefix('{').and_then(|key| key.strip_suffix('}')).unwrap_or(key);
    let digits: String = bare.chars().filter(|c| *c != '-').collect();
    let good = digits.len() == 32 && digits.chars().all(|c| c.is_ascii_hexdigit());
    good.then(|| digits.to_ascii_lowercase())
}
