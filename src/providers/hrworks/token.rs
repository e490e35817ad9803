//! The token of HRworks: how long one may be used (protocol page §3).
//!
//! HRworks says the end of a token in HRworks' own time. Where the token says when it was issued
//! too, the difference counts, so that a clock that is wrong does no harm.
//!
//! What this module must not do: believe a token longer than HRworks' pages promise, or check its
//! signature, which is HRworks' own business.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::Timestamp;
use crate::limits;
use crate::providers::fields::{pick, text};
use crate::providers::{ProviderError, malformed};
use crate::secret::Secret;

/// A token and until when it is used.
pub struct Token {
    /// The token itself.
    pub text: Secret,
    good_until: Timestamp,
}

impl Token {
    /// Reads the answer to an authentication that was asked for at `asked_at`.
    pub fn read(answer: &[u8], asked_at: Timestamp) -> Result<Self, ProviderError> {
        let [token] = pick(answer, &["token"])?;
        let token = text(token).map(Secret::new);
        let is_token = |token: &Secret| {
            let text = token.reveal();
            !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic())
        };
        let text = token
            .filter(is_token)
            .ok_or_else(|| malformed("the answer to the authentication holds no token"))?;
        let lifetime_ms = lifetime_ms(text.reveal(), asked_at)
            .filter(|lifetime_ms| *lifetime_ms > 0)
            .unwrap_or(limits::HRWORKS_TOKEN_MS_MAX)
            .min(limits::HRWORKS_TOKEN_MS_MAX);
        let spare_ms = limits::HRWORKS_TOKEN_SPARE_MS.min(lifetime_ms / 2);
        Ok(Self { text, good_until: asked_at.plus(lifetime_ms.saturating_sub(spare_ms)) })
    }

    /// Whether it is used at this moment. One from the future was issued before the clock was set
    /// back.
    pub fn is_good_at(&self, now: Timestamp) -> bool {
        let left_ms = self.good_until.since(now);
        left_ms > 0 && left_ms <= limits::HRWORKS_TOKEN_MS_MAX
    }
}

/// The lifetime that the token itself tells.
fn lifetime_ms(token: &str, asked_at: Timestamp) -> Option<i64> {
    let payload = token.split('.').nth(1)?.trim_end_matches('=');
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let [expires, issued] = pick(&payload, &["exp", "iat"]).ok()?.map(text);
    let moment = |seconds: String| {
        // Some libraries write them with a fraction.
        let whole = seconds.split('.').next()?.parse::<i64>().ok()?;
        Some(Timestamp(whole.checked_mul(Timestamp::SECOND)?))
    };
    let expires = moment(expires?)?;
    Some(expires.since(issued.and_then(moment).unwrap_or(asked_at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_424_400_000);

    fn token(payload: &str) -> Token {
        let answer = format!("{{\"token\":\"e30.{}.sig\"}}", URL_SAFE_NO_PAD.encode(payload));
        Token::read(answer.as_bytes(), NOW).unwrap()
    }

    fn seconds_used(token: &Token) -> usize {
        (0..2_000).take_while(|s| token.is_good_at(NOW.plus(s * Timestamp::SECOND))).count()
    }

    #[test]
    fn a_token_is_renewed_before_its_end() {
        let now_s = NOW.0 / 1_000;
        let cases = [
            (format!("{{\"exp\":{}}}", now_s + 900), 840),
            (format!("{{\"exp\":{},\"iat\":{now_s}}}", now_s + 300), 240),
            // Their clock is a day ahead or behind of ours.
            (format!("{{\"exp\":{},\"iat\":{}}}", now_s + 87_300, now_s + 86_400), 840),
            (format!("{{\"exp\":{},\"iat\":{}}}", now_s - 85_500, now_s - 86_400), 840),
            (format!("{{\"exp\":{}}}", now_s - 86_400), 840),
            (format!("{{\"exp\":{}}}", now_s + 86_400), 840),
            (format!("{{\"exp\":{}.5}}", now_s + 30), 15),
            ("{}".to_owned(), 840),
            ("no json".to_owned(), 840),
        ];
        for (payload, seconds) in cases {
            assert_eq!(seconds_used(&token(&payload)), seconds, "{payload}");
        }
        assert!(!token("{}").is_good_at(NOW.plus(-Timestamp::HOUR)), "the clock was set back");
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for answer in ["", "[]", "{}", r#"{"token":""}"#, r#"{"token":"a b"}"#, r#"{"token":7.x}"#]
        {
            assert!(Token::read(answer.as_bytes(), NOW).is_err(), "{answer}");
        }
    }
}
