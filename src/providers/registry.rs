//! Which HR systems there are: the one place, beside their folders, that names each of them.
//!
//! What this module must not do: know more of an HR system than where its parts are.

use std::sync::Arc;

use crate::clock::Clock;
use crate::domain::profile::{CredentialForm, Profile};
use crate::domain::provider::ProviderKind;
use crate::providers::hrworks::{KeyPair, NoPair};
use crate::providers::{
    CallGate, Connect, Credential, CredentialInput, Provider, breathe_hr, hrworks, http, people_hr,
};
use crate::texts::{Text, text};

/// The facts about an HR system.
#[must_use]
pub fn profile(kind: ProviderKind) -> &'static Profile {
    match kind {
        ProviderKind::PeopleHr => &people_hr::PROFILE,
        ProviderKind::BreatheHr => &breathe_hr::PROFILE,
        ProviderKind::Hrworks => &hrworks::PROFILE,
    }
}

/// The credential in what an admin entered (L-11), or why it cannot be one of this HR system. Asks
/// nobody.
pub fn credential(kind: ProviderKind, input: CredentialInput) -> Result<Credential, Text> {
    match (kind, input) {
        (ProviderKind::PeopleHr, CredentialInput::ApiKey(key)) => {
            people_hr::key_of(&key).map(Credential::ApiKey)
        }
        (ProviderKind::BreatheHr, CredentialInput::ApiKey(key)) => {
            breathe_hr::key_of(&key).map(Credential::ApiKey)
        }
        (ProviderKind::Hrworks, CredentialInput::KeyPair { access_key, secret_access_key }) => {
            let pair = KeyPair::of(&access_key, &secret_access_key);
            pair.map(Credential::from).map_err(NoPair::text)
        }
        (ProviderKind::Hrworks, CredentialInput::Text(file)) => {
            KeyPair::from_text(&file).map(Credential::from).map_err(NoPair::text)
        }
        (kind, _) => Err(match profile(kind).credential {
            CredentialForm::ApiKey => text("check-one-key"),
            CredentialForm::KeyPair => text("check-two-keys").with("hr", kind.title()),
        }),
    }
}

/// Where the HR systems are.
#[derive(Debug, Clone)]
pub struct BaseUrls {
    /// People HR's address without a path.
    pub people_hr: String,
    /// Breathe HR's address with `/v1`; `None`: the key's prefix decides.
    pub breathe_hr: Option<String>,
    /// HRworks' address with `/v2`.
    pub hrworks: String,
}

/// The HR systems that this version speaks to.
pub struct Registry {
    http: http::HttpClient,
    clock: Arc<dyn Clock>,
    base_urls: BaseUrls,
}

impl Registry {
    /// The registry for these addresses.
    #[must_use]
    pub fn new(http: http::HttpClient, clock: Arc<dyn Clock>, base_urls: BaseUrls) -> Self {
        Self { http: http.with_clock(Arc::clone(&clock)), clock, base_urls }
    }
}

impl Connect for Registry {
    fn connect(
        &self,
        kind: ProviderKind,
        credential: &Credential,
        gate: Arc<dyn CallGate>,
    ) -> Option<Box<dyn Provider>> {
        let http = self.http.clone();
        match (kind, credential) {
            (ProviderKind::PeopleHr, Credential::ApiKey(key)) => {
                let base_url = &self.base_urls.people_hr;
                Some(Box::new(people_hr::PeopleHr::new(base_url, key.clone(), http, gate)))
            }
            (ProviderKind::BreatheHr, Credential::ApiKey(key)) => {
                let base_url = self.base_urls.breathe_hr.as_deref();
                Some(Box::new(breathe_hr::BreatheHr::new(base_url, key.clone(), http, gate)))
            }
            (ProviderKind::Hrworks, Credential::KeyPair { access_key, secret_access_key }) => {
                let pair = KeyPair {
                    access_key: access_key.clone(),
                    secret_access_key: secret_access_key.clone(),
                };
                let base_url = &self.base_urls.hrworks;
                let clock = Arc::clone(&self.clock);
                Some(Box::new(hrworks::Hrworks::new(base_url, pair, http, clock, gate)))
            }
            _ => None,
        }
    }
}
