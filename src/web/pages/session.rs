//! How a visit is recognized: a cookie, and a secret in each form.
//!
//! Invariants:
//! - A cookie holds 256 random bits; the database has a keyed hash of them.
//! - The hashes of each [`SessionCookie`] have labels of their own, so that no token of one opens
//!   another, and none of a form is good for a cookie.
//! - A visit ends half an hour after something was last done, and after half a day in any case.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::{COOKIE, SET_COOKIE};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::Timestamp;
use crate::limits;
use crate::secret::Secret;
use crate::sync::Context;

/// One way in: what its cookie is called and its hashes are labelled with.
#[derive(Debug)]
pub struct SessionCookie {
    /// The name of the cookie without https.
    pub cookie_name: &'static str,
    /// What the hashes of its cookies are labelled with.
    pub cookie_label: &'static str,
    /// What the secrets of its forms are labelled with.
    pub form_label: &'static str,
}

impl SessionCookie {
    /// `__Host-` lets no other host of the same domain set the cookie; browsers want https for it.
    fn name(&self, https: bool) -> String {
        if https { format!("__Host-{}", self.cookie_name) } else { self.cookie_name.to_owned() }
    }

    /// Gives a visitor their cookie.
    pub fn give(&self, answer: &mut HttpResponse, context: &Context, token: &Secret) {
        let seconds = limits::PORTAL_SESSION_MS_MAX / Timestamp::SECOND;
        set(answer, &self.header(is_https(context), token.reveal(), seconds));
    }

    /// Takes it back.
    pub fn take_back(&self, answer: &mut HttpResponse, context: &Context) {
        set(answer, &self.header(is_https(context), "", 0));
    }

    fn header(&self, https: bool, value: &str, seconds: i64) -> String {
        let (name, secure) = (self.name(https), if https { "; Secure" } else { "" });
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
    }

    /// The token of a request's cookie.
    #[must_use]
    pub fn token(&self, req: &HttpRequest, context: &Context) -> Option<Secret> {
        let name = self.name(is_https(context));
        let headers = req.headers().get_all(COOKIE).filter_map(|header| header.to_str().ok());
        let mut pairs = headers.flat_map(|header| header.split(';')).filter_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name && !value.is_empty()).then_some(value)
        });
        pairs.next().map(Secret::new)
    }

    /// The hash by which a visit is found.
    #[must_use]
    pub fn hash(&self, context: &Context, token: &Secret) -> Vec<u8> {
        context.keys.lookup.labelled_hash(self.cookie_label, &[token.reveal()])
    }

    /// What the forms of a visit carry.
    #[must_use]
    pub fn csrf(&self, context: &Context, token: &Secret) -> String {
        let hash = context.keys.lookup.labelled_hash(self.form_label, &[token.reveal()]);
        URL_SAFE_NO_PAD.encode(hash)
    }
}

/// Whether pages are served over https, so that cookies can insist on it.
fn is_https(context: &Context) -> bool {
    context.public_url.starts_with("https://")
}

fn set(answer: &mut HttpResponse, cookie: &str) {
    if let Ok(value) = cookie.parse() {
        answer.headers_mut().insert(SET_COOKIE, value);
    }
}

/// Whether a visit goes on at this moment. A clock that was set back ends nothing.
#[must_use]
pub fn is_open(last_used_at: Timestamp, expires_at: Timestamp, now: Timestamp) -> bool {
    now < expires_at && now.since(last_used_at) < limits::PORTAL_IDLE_MS_MAX
}

/// Whether the last use of a visit is to be noted for a request to this path: it was made by hand
/// (looking on is not), and the last note is old enough.
#[must_use]
pub fn is_to_note(path: &str, last_used_at: Timestamp, now: Timestamp) -> bool {
    !path.ends_with("/live") && now.since(last_used_at) >= limits::PORTAL_TOUCH_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_https_a_cookie_is_for_this_host_and_https_alone() {
        let door = SessionCookie { cookie_name: "rollcall", cookie_label: "a", form_label: "b" };
        let secure = door.header(true, "token", 60);
        let expected = "__Host-rollcall=token; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure";
        assert_eq!(secure, expected);
        let plain = door.header(false, "token", 60);
        assert_eq!(plain, "rollcall=token; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
    }
}
