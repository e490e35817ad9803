//! Secrets in memory, and their sealing for storage (L-06).
//!
//! The master key (file or environment) seals only random *data keys*; data keys seal everything
//! else and key the look-up hashes. Changing the master key therefore re-seals a handful of rows
//! and orphans no hash.
//!
//! A [`Secret`] has no `Display`, no `Serialize`, and a `Debug` that shows nothing.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::Zeroize;

use crate::clock::Random;

/// A text that must not be shown. Wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a text into custody.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one who has to send or hash it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The last four characters, all that is ever shown again (L-06). Shorter secrets show nothing.
    #[must_use]
    pub fn last4(&self) -> String {
        let count = self.0.chars().count();
        if count < 12 {
            return String::new();
        }
        self.0.chars().skip(count.saturating_sub(4)).collect()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// What can go wrong with sealing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The master key is not 32 bytes in base64.
    #[error(
        "the master key must be 32 bytes in base64 (for example from `openssl rand -base64 32`)"
    )]
    MasterKey,
    /// Sealed bytes do not open: another key sealed them, or they were changed.
    #[error(
        "sealed data does not open with this key; is it the master key this database was made with?"
    )]
    Open,
}

/// 256 bits that seal or hash.
#[derive(Clone)]
pub struct SealingKey([u8; 32]);

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

impl Drop for SealingKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Length of the random nonce in front of sealed bytes.
const NONCE_BYTES: usize = 24;

impl SealingKey {
    /// A new random key.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        Self(bytes)
    }

    /// Reads a key from base64.
    pub fn from_base64(text: &str) -> Result<Self, SecretError> {
        let mut bytes = STANDARD.decode(text.trim()).map_err(|_| SecretError::MasterKey)?;
        let key = <[u8; 32]>::try_from(bytes.as_slice()).map(Self);
        bytes.zeroize();
        key.map_err(|_| SecretError::MasterKey)
    }

    /// The key in base64, for writing it to its file.
    #[must_use]
    pub fn to_base64(&self) -> Secret {
        Secret::new(STANDARD.encode(self.0))
    }

    /// Seals bytes. `context` names what and whose they are; they open only under the same name, so
    /// sealed bytes cannot be moved to another row.
    pub fn seal(&self, plain: &[u8], context: &str, random: &dyn Random) -> Vec<u8> {
        let mut nonce = [0_u8; NONCE_BYTES];
        random.fill(&mut nonce);
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let mut sealed = nonce.to_vec();
        // Fails only for messages over 256 GiB.
        let body = self.cipher().encrypt(&XNonce::from(nonce), payload).unwrap_or_default();
        sealed.extend(body);
        sealed
    }

    /// Opens what [`SealingKey::seal`] made under the same context.
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>, SecretError> {
        let (nonce, body) = sealed.split_at_checked(NONCE_BYTES).ok_or(SecretError::Open)?;
        let nonce = <[u8; NONCE_BYTES]>::try_from(nonce).map_err(|_| SecretError::Open)?;
        self.cipher()
            .decrypt(&XNonce::from(nonce), Payload { msg: body, aad: context.as_bytes() })
            .map_err(|_| SecretError::Open)
    }

    /// Seals a key under this one (the master key seals data keys).
    pub fn seal_key(&self, key: &Self, context: &str, random: &dyn Random) -> Vec<u8> {
        self.seal(&key.0, context, random)
    }

    /// Opens a sealed key.
    pub fn open_key(&self, sealed: &[u8], context: &str) -> Result<Self, SecretError> {
        let mut plain = self.open(sealed, context)?;
        let key = <[u8; 32]>::try_from(plain.as_slice()).map(Self);
        plain.zeroize();
        key.map_err(|_| SecretError::Open)
    }

    /// Opens a sealed text.
    pub fn open_text(&self, sealed: &[u8], context: &str) -> Result<Secret, SecretError> {
        let plain = self.open(sealed, context)?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| SecretError::Open)
    }

    /// A keyed hash for looking a secret up without storing it.
    #[must_use]
    pub fn lookup_hash(&self, secret: &str) -> Vec<u8> {
        blake3::keyed_hash(&self.0, secret.as_bytes()).as_bytes().to_vec()
    }

    /// A keyed hash of several texts. Two labels never give the same hash, whatever the texts, and
    /// none that [`SealingKey::lookup_hash`] gives.
    #[must_use]
    pub fn labelled_hash(&self, label: &str, texts: &[impl AsRef<[u8]>]) -> Vec<u8> {
        let mut key = blake3::derive_key(label, &self.0);
        let mut hasher = blake3::Hasher::new_keyed(&key);
        key.zeroize();
        for text in texts {
            let text = text.as_ref();
            // With its length in front, no text runs into the next.
            let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
            hasher.update(&length.to_le_bytes()).update(text);
        }
        hasher.finalize().as_bytes().to_vec()
    }

    /// A keyed 128-bit hash of a raw record, for "unchanged since last time?".
    #[must_use]
    pub fn record_hash(&self, mapping_version: u32, raw: &[u8]) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&mapping_version.to_le_bytes()).update(raw);
        let mut hash = [0; 16];
        hasher.finalize_xof().fill(&mut hash);
        hash
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(self.0))
    }
}

/// The data keys of a database, opened (L-06). The master key is needed only to open them.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Seals credentials and tokens.
    pub sealing: SealingKey,
    /// Keys the hashes by which tokens and API keys are looked up.
    pub lookup: SealingKey,
    /// Keys the hashes of raw records.
    pub record: SealingKey,
}

/// A new token of 256 bits from the generator, base64url (L-02).
pub fn new_token(random: &dyn Random) -> Secret {
    let mut bytes = [0_u8; 32];
    random.fill(&mut bytes);
    let token = Secret::new(URL_SAFE_NO_PAD.encode(bytes));
    bytes.zeroize();
    token
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededRandom;

    #[test]
    fn l_06_sealed_bytes_open_only_with_the_key_and_the_context() {
        let random = SeededRandom::new(1);
        let (key, other) = (SealingKey::generate(&random), SealingKey::generate(&random));
        let sealed = key.seal(b"api key", "credential:directory_1", &random);
        assert_eq!(key.open(&sealed, "credential:directory_1").unwrap(), b"api key");
        assert_eq!(key.open(&sealed, "credential:directory_2"), Err(SecretError::Open));
        assert_eq!(other.open(&sealed, "credential:directory_1"), Err(SecretError::Open));
        assert_eq!(key.open(b"short", "credential:directory_1"), Err(SecretError::Open));
    }

    #[test]
    fn l_09_a_labelled_hash_depends_on_key_label_and_each_text() {
        let random = SeededRandom::new(3);
        let (key, other) = (SealingKey::generate(&random), SealingKey::generate(&random));
        let hash = key.labelled_hash("people", &["ab", "c"]);
        assert_eq!(hash, key.labelled_hash("people", &["ab", "c"]));
        assert_eq!(hash.len(), 32);
        let others = [
            other.labelled_hash("people", &["ab", "c"]),
            key.labelled_hash("groups", &["ab", "c"]),
            key.labelled_hash("people", &["a", "bc"]),
            key.labelled_hash("people", &["abc"]),
            key.lookup_hash("abc"),
        ];
        assert!(others.iter().all(|another| *another != hash));
    }

    #[test]
    fn l_06_a_secret_shows_nothing_but_its_last_four() {
        let secret = Secret::new("0c1f0f6e-7d9f-4f1a-9d8e-9f0f5f1d2a3b");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.last4(), "2a3b");
        assert_eq!(Secret::new("short").last4(), "");
    }

    #[test]
    fn l_02_a_token_has_256_bits_and_needs_no_escaping_in_a_url() {
        let token = new_token(&SeededRandom::new(2));
        assert_eq!(token.reveal().len(), 43);
        assert!(
            token.reveal().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
    }
}
