//! Key pairs, what they may do, and the tokens that are given for them.
//!
//! Invariants: a token lives as long as its `exp` says and dies with its key pair; there are
//! [`SANDBOX_TOKENS_MAX`] tokens at most. Knows no HTTP.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Hrworks;
use crate::clock::{Random, Timestamp};
use crate::limits::SANDBOX_TOKENS_MAX;
use crate::sandbox::rest::{Reply, base64url};

/// What a key pair can be allowed to do. The vendor's own labels are not known; these follow the
/// groups of its API, with master data apart because it may be a box of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HrworksPermission {
    /// Persons, read: who there is.
    Persons,
    /// Persons, read: master data.
    MasterData,
    /// General, read: organization units and permanent establishments.
    General,
    /// Cost accounting, read.
    CostAccounting,
    /// Webhooks, read.
    Webhooks,
}

impl HrworksPermission {
    /// What a key pair for a directory is allowed to do.
    pub const USUAL: &[Self] = &[Self::Persons, Self::MasterData, Self::General];
}

/// A key pair and its permissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HrworksKeyPair {
    /// The public half: 20 characters, `/` and `+` among them.
    pub access_key: String,
    /// The secret half: 40 characters.
    pub secret_access_key: String,
    /// What it may do.
    pub permissions: Vec<HrworksPermission>,
}

impl HrworksKeyPair {
    /// The text file that the vendor offers for download.
    pub fn text(&self) -> String {
        let Self { access_key, secret_access_key, .. } = self;
        format!("Access Key: {access_key}\r\nSecret Access Key: {secret_access_key}\r\n")
    }
}

#[derive(Debug)]
struct Token {
    text: String,
    access_key: String,
    expires_at: Timestamp,
}

/// An answer that is given again.
#[derive(Debug)]
pub(super) struct Cached {
    pub path_and_query: String,
    pub at: Timestamp,
    pub reply: Reply,
}

/// What HRworks knows beside the people.
#[derive(Debug, Default)]
pub struct Own {
    pairs: Vec<HrworksKeyPair>,
    tokens: VecDeque<Token>,
    pub(super) cache: VecDeque<Cached>,
}

impl Own {
    pub(super) fn pair(&self, access_key: &str) -> Option<&HrworksKeyPair> {
        self.pairs.iter().find(|pair| pair.access_key == access_key)
    }

    /// What the owner of a token may do; none when the token is unknown or no longer good.
    pub(super) fn permissions(&self, token: &str, now: Timestamp) -> Option<&[HrworksPermission]> {
        let token = self.tokens.iter().find(|one| one.text == token && now < one.expires_at)?;
        Some(&self.pair(&token.access_key)?.permissions)
    }
}

impl Hrworks {
    /// Makes a key pair that may do this; see [`HrworksPermission::USUAL`].
    pub fn create_key_pair(&self, permissions: &[HrworksPermission]) -> HrworksKeyPair {
        let made = |characters: usize| {
            let mut bytes = vec![0_u8; characters];
            self.random().fill(&mut bytes);
            let text: String = STANDARD.encode(&bytes).chars().take(characters - 2).collect();
            let (head, tail) = text.split_at(3);
            // Every real key may hold these two, and a client must not stumble over them.
            format!("{head}/{tail}+")
        };
        let pair = HrworksKeyPair {
            access_key: made(20),
            secret_access_key: made(40),
            permissions: permissions.to_vec(),
        };
        self.state().own.pairs.push(pair.clone());
        pair
    }

    /// Removes a key pair and its tokens; false when there is none.
    pub fn remove_key_pair(&self, access_key: &str) -> bool {
        let own = &mut self.state().own;
        own.tokens.retain(|token| token.access_key != access_key);
        let count = own.pairs.len();
        own.pairs.retain(|pair| pair.access_key != access_key);
        own.pairs.len() < count
    }

    /// Changes what a key pair may do, from the next call on; false when there is none.
    pub fn set_permissions(&self, access_key: &str, permissions: &[HrworksPermission]) -> bool {
        let own = &mut self.state().own;
        let Some(pair) = own.pairs.iter_mut().find(|pair| pair.access_key == access_key) else {
            return false;
        };
        pair.permissions = permissions.to_vec();
        true
    }

    /// All key pairs.
    pub fn key_pairs(&self) -> Vec<HrworksKeyPair> {
        self.state().own.pairs.clone()
    }

    /// Makes every token invalid before its time.
    pub fn expire_tokens(&self) {
        self.state().own.tokens.clear();
    }

    /// Forgets the answers that would be given again.
    pub fn clear_cache(&self) {
        self.state().own.cache.clear();
    }

    /// Makes a token for a key pair.
    pub(super) fn issue_token(&self, access_key: &str) -> String {
        let now = self.now();
        let mut signature = [0_u8; 32];
        self.random().fill(&mut signature);
        let mut state = self.state();
        let expires_at = now.plus(i64::from(state.faults.quirks.token_seconds) * Timestamp::SECOND);
        let head = json!({ "alg": "HS256", "typ": "JWT" });
        let claims = json!({
            "iat": now.0.div_euclid(Timestamp::SECOND),
            "exp": expires_at.0.div_euclid(Timestamp::SECOND),
            // In plain base64 this has a `/`, in the kind for URLs a `_`.
            "scope": "???",
            "sub": access_key,
        });
        let part = |part: &serde_json::Value| base64url(part.to_string().as_bytes());
        let text = format!("{}.{}.{}", part(&head), part(&claims), base64url(&signature));
        if state.own.tokens.len() >= SANDBOX_TOKENS_MAX {
            state.own.tokens.pop_front();
        }
        let (kept, access_key) = (text.clone(), access_key.to_owned());
        state.own.tokens.push_back(Token { text: kept, access_key, expires_at });
        text
    }
}
