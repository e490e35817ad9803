//! How a delivery is signed, so that its receiver knows who sent it (A-04, wire contract §7).
//!
//! One secret and one body, two schemes:
//! - Standard Webhooks: the key is the base64 part of the secret, decoded, over
//!   `id.timestamp.body` with a timestamp in seconds. It has room for one signature per live
//!   secret, so that a rotation disturbs nobody.
//! - `WorkOS-Signature`: the key is the whole text of the secret over `t.body` with `t` in
//!   milliseconds. It has room for exactly one signature: WorkOS SDKs stumble over more.
//!
//! Invariants:
//! - Each attempt is signed for itself, with the time of that attempt.
//! - A secret has no `Debug` and no `Display` that shows it.
//!
//! What this module must not do: know the time, send anything, or read stored secrets.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::clock::{Random, Timestamp};
use crate::domain::endpoint::LegacySigner;
use crate::secret::Secret;

/// What every signing secret starts with.
const PREFIX: &str = "whsec_";
/// How long a key of ours is, in bytes.
const KEY_BYTES: usize = 32;
/// How short and how long a key may be, in bytes (Standard Webhooks, "Signature scheme").
const KEY_BYTES_RANGE: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that deliveries are signed with, opened: `whsec_` and the base64 of its key.
#[derive(Clone)]
pub struct SigningSecret {
    whole: Secret,
    key: Zeroizing<Vec<u8>>,
}

/// A text is no signing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret is whsec_ and the base64 of 24 to 64 bytes")]
pub struct NoSigningSecret;

impl SigningSecret {
    /// A new secret of 256 random bits.
    pub fn generate(random: &dyn Random) -> Self {
        let mut key = Zeroizing::new(vec![0; KEY_BYTES]);
        random.fill(&mut key);
        let encoded = Zeroizing::new(STANDARD.encode(key.as_slice()));
        Self { whole: Secret::new(format!("{PREFIX}{}", encoded.as_str())), key }
    }

    /// Reads a secret.
    pub fn parse(whole: &Secret) -> Result<Self, NoSigningSecret> {
        let encoded = whole.reveal().strip_prefix(PREFIX).ok_or(NoSigningSecret)?;
        let key = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| NoSigningSecret)?);
        if !KEY_BYTES_RANGE.contains(&key.len()) {
            return Err(NoSigningSecret);
        }
        Ok(Self { whole: whole.clone(), key })
    }

    /// The secret as its receiver has to know it.
    #[must_use]
    pub fn whole(&self) -> &Secret {
        &self.whole
    }

    /// `v1,` and the base64 of the signature (Standard Webhooks).
    fn standard(&self, signed: &[&[u8]]) -> String {
        format!("v1,{}", STANDARD.encode(hmac_sha256(&self.key, signed)))
    }

    /// The signature in lower-case hex (WorkOS).
    fn legacy(&self, signed: &[&[u8]]) -> String {
        use fmt::Write as _;
        let code = hmac_sha256(self.whole.reveal().as_bytes(), signed);
        code.iter().fold(String::with_capacity(2 * code.len()), |mut hex, byte| {
            // Writing to a text never fails.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

/// The headers that identify and sign one attempt.
///
/// `id` is the id of the event: a receiver that has seen it before has nothing to do. `secrets` are
/// those that are live, newest first; `legacy` says which of them signs `WorkOS-Signature`. Without
/// any secret the signatures are left out; whoever sends must not let it come to that.
#[must_use]
pub fn headers(
    id: &str,
    now: Timestamp,
    body: &str,
    secrets: &[SigningSecret],
    legacy: LegacySigner,
) -> Vec<(&'static str, String)> {
    let seconds = now.0.div_euclid(Timestamp::SECOND).to_string();
    let millis = now.0.to_string();
    let mut headers = vec![("webhook-id", id.to_owned()), ("webhook-timestamp", seconds.clone())];
    let signed = [id.as_bytes(), b".", seconds.as_bytes(), b".", body.as_bytes()];
    let standard: Vec<String> = secrets.iter().map(|secret| secret.standard(&signed)).collect();
    if !standard.is_empty() {
        headers.push(("webhook-signature", standard.join(" ")));
    }
    let older = secrets.get(1).filter(|_| legacy == LegacySigner::Old);
    if let Some(secret) = older.or(secrets.first()) {
        let signature = secret.legacy(&[millis.as_bytes(), b".", body.as_bytes()]);
        headers.push(("WorkOS-Signature", format!("t={millis}, v1={signature}")));
    }
    headers
}

/// RFC 2104 with SHA-256 over the parts, one after the other.
fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // HMAC takes keys of every length.
    let Ok(mut code) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    for part in parts {
        code.update(part);
    }
    code.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::SeededRandom;

    /// The secret of the example that the Standard Webhooks libraries are tested with.
    const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    /// The bytes 0, 1, 2 … 31.
    const NEW: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const BODY: &str = r#"{"object":"event","id":"event_1","name":"Zoë"}"#;
    const NOW: Timestamp = Timestamp(1_795_424_400_120);

    fn secret(text: &str) -> SigningSecret {
        SigningSecret::parse(&Secret::new(text)).unwrap()
    }

    fn value<'a>(headers: &'a [(&'static str, String)], name: &str) -> &'a str {
        let mut found = headers.iter().filter(|(known, _)| *known == name);
        let value = &found.next().unwrap().1;
        assert!(found.next().is_none(), "{name} is there twice");
        value
    }

    #[test]
    fn a_04_the_example_of_standard_webhooks_comes_out() {
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", r#"{"test": 2432232314}"#);
        let now = Timestamp(1_614_265_330_999);
        let headers = headers(id, now, body, &[secret(OLD)], LegacySigner::New);
        assert_eq!(value(&headers, "webhook-id"), id);
        assert_eq!(value(&headers, "webhook-timestamp"), "1614265330");
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(value(&headers, "webhook-signature"), expected);
    }

    // The values of the two tests below were computed with Python's `hmac`.
    #[test]
    fn a_04_while_two_secrets_are_live_both_sign_newest_first() {
        let secrets = [secret(NEW), secret(OLD)];
        let headers = headers("event_1", NOW, BODY, &secrets, LegacySigner::New);
        assert_eq!(
            value(&headers, "webhook-signature"),
            "v1,SYb8u+4qaZFmUW2fY5kQJQ9oQ1ZER1BjQ1IuXuzUKeU= \
             v1,kHAmdLR2qRCKYPb4uCCL5eQoTu5DM10mxDNRf4gZT1s="
        );
    }

    #[test]
    fn a_04_the_old_header_has_one_signature_by_the_secret_that_was_chosen() {
        let secrets = [secret(NEW), secret(OLD)];
        let by_new = "t=1795424400120, \
                      v1=1d01a4615d65d4c62c8668f6294496dc929a5a482014bc23b85f003caf2013e4";
        let by_old = "t=1795424400120, \
                      v1=9f4155e804430671def5149d35b99fb7f8dbd03d6104d3aabd74d4d9f3553759";
        for (live, chosen, expected) in [
            (&secrets[..], LegacySigner::New, by_new),
            (&secrets[..], LegacySigner::Old, by_old),
            (&secrets[..1], LegacySigner::Old, by_new),
        ] {
            let headers = headers("event_1", NOW, BODY, live, chosen);
            assert_eq!(value(&headers, "WorkOS-Signature"), expected);
        }
    }

    #[test]
    fn a_04_what_is_no_secret_is_refused_and_a_secret_is_not_shown() {
        let short = format!("whsec_{}", STANDARD.encode([1; 23]));
        let long = format!("whsec_{}", STANDARD.encode([1; 65]));
        for text in ["", "whsec_", "AAECAwQF", "whsec_not base64 at all at all!", &short, &long] {
            assert!(SigningSecret::parse(&Secret::new(text)).is_err(), "{text}");
        }
        let shown = format!("{:?}", secret(NEW));
        assert_eq!(shown, "SigningSecret(…)");
    }

    proptest! {
        #[test]
        fn a_04_a_new_secret_can_be_read_again_and_signs_the_same(seed: u64, body: String) {
            let made = SigningSecret::generate(&SeededRandom::new(seed));
            let read = SigningSecret::parse(made.whole()).unwrap();
            prop_assert_eq!(made.whole().reveal().len(), PREFIX.len() + 44);
            let sign = |s: &SigningSecret| headers("e", NOW, &body, std::slice::from_ref(s),
                LegacySigner::New);
            prop_assert_eq!(sign(&made), sign(&read));
        }

        #[test]
        fn a_04_id_moment_body_and_secret_each_change_the_signature(seed: u64, body: String) {
            let random = SeededRandom::new(seed);
            let live = [SigningSecret::generate(&random)];
            let others = [SigningSecret::generate(&random)];
            let sign = |id: &str, now: Timestamp, body: &str, live: &[SigningSecret]| {
                let headers = headers(id, now, body, live, LegacySigner::New);
                value(&headers, "webhook-signature").to_owned()
            };
            let signature = sign("event_1", NOW, &body, &live);
            prop_assert_ne!(&signature, &sign("event_2", NOW, &body, &live));
            prop_assert_ne!(&signature, &sign("event_1", NOW.plus(1_000), &body, &live));
            prop_assert_ne!(&signature, &sign("event_1", NOW, &format!("{body} "), &live));
            prop_assert_ne!(&signature, &sign("event_1", NOW, &body, &others));
        }
    }
}
