//! What an admin entered as a key, brought to the form that its HR system takes (L-11).
//!
//! What this module must not do: ask anybody, or repeat a key in an error.

use crate::db::directories::Directory;
use crate::domain::provider::ProviderKind;
use crate::providers::hrworks::KeyPair;
use crate::providers::{Credential, breathe_hr, people_hr};
use crate::sync::setup::{CredentialInput, SetupError};

/// The credential that was entered, if it can be one of this HR system. Asks nobody.
pub(crate) fn accept(
    directory: &Directory,
    input: CredentialInput,
) -> Result<Credential, SetupError> {
    let accepted = match (directory.provider, input) {
        (ProviderKind::PeopleHr, CredentialInput::ApiKey(key)) => {
            people_hr::key_of(&key).map(Credential::ApiKey)
        }
        (ProviderKind::BreatheHr, CredentialInput::ApiKey(key)) => {
            breathe_hr::key_of(&key).map(Credential::ApiKey)
        }
        (ProviderKind::Hrworks, CredentialInput::KeyPair { access_key, secret_access_key }) => {
            let pair = KeyPair::of(&access_key, &secret_access_key);
            pair.map(Credential::from).map_err(str::to_owned)
        }
        (ProviderKind::Hrworks, CredentialInput::Text(text)) => {
            KeyPair::from_text(&text).map(Credential::from).map_err(str::to_owned)
        }
        (ProviderKind::PeopleHr | ProviderKind::BreatheHr, _) => Err(ONE_KEY.to_owned()),
        (ProviderKind::Hrworks, CredentialInput::ApiKey(_)) => Err(TWO_KEYS.to_owned()),
    };
    accepted.map_err(|message| SetupError::InvalidCredential { message })
}

const ONE_KEY: &str = "this HR system takes one API key: send {\"api_key\": \"…\"}";
const TWO_KEYS: &str = "HRworks takes a key pair: send {\"text\": \"…\"} with the whole downloaded \
     text, or {\"access_key\": \"…\", \"secret_access_key\": \"…\"}";
