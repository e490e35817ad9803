//! A customer's way in to their HR system: as an admin enters it, and as it is used.
//!
//! What this module must not do: know an HR system, or say a key in an error.

use crate::domain::profile::CredentialForm;
use crate::secret::Secret;

/// What an admin entered.
#[derive(Debug, Clone)]
pub enum CredentialInput {
    /// One key.
    ApiKey(Secret),
    /// Two keys that belong together.
    KeyPair {
        /// Names the pair.
        access_key: Secret,
        /// Proves that one has it.
        secret_access_key: Secret,
    },
    /// The text of the file that the HR system hands out.
    Text(Secret),
}

/// A customer's way in to their HR system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// One key.
    ApiKey(Secret),
    /// Two keys that belong together.
    KeyPair {
        /// Names the pair.
        access_key: Secret,
        /// Proves that one has it.
        secret_access_key: Secret,
    },
}

impl Credential {
    /// The text that is sealed: the key, or both keys on a line each.
    #[must_use]
    pub fn to_sealed_text(&self) -> Secret {
        match self {
            Self::ApiKey(key) => key.clone(),
            Self::KeyPair { access_key, secret_access_key } => {
                Secret::new(format!("{}\n{}", access_key.reveal(), secret_access_key.reveal()))
            }
        }
    }

    /// Back from the text that was sealed.
    #[must_use]
    pub fn from_sealed_text(form: CredentialForm, text: Secret) -> Self {
        match form {
            CredentialForm::ApiKey => Self::ApiKey(text),
            CredentialForm::KeyPair => {
                let (access_key, secret_access_key) =
                    text.reveal().split_once('\n').unwrap_or((text.reveal(), ""));
                Self::KeyPair {
                    access_key: Secret::new(access_key),
                    secret_access_key: Secret::new(secret_access_key),
                }
            }
        }
    }

    /// The last four characters, all that is ever shown again (L-06). Of a pair those of the access
    /// key, which is the one that the HR system's own list shows.
    #[must_use]
    pub fn last4(&self) -> String {
        match self {
            Self::ApiKey(key) => key.last4(),
            Self::KeyPair { access_key, .. } => access_key.last4(),
        }
    }
}
