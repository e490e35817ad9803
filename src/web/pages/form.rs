//! Forms: what was entered, from our own pages only.
//!
//! Invariants:
//! - A handler that changes something takes a [`Posted`], which exists only when the form carries
//!   the visit's secret and comes from a page of ours.
//! - What was entered is not logged and not repeated where it can be a key.
//! - Nothing is read before it is known who sends it. The forms of people who are not signed in are
//!   small, few at a time, and read for a short time only (O-08).

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, HOST, HeaderName, ORIGIN};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;

use crate::limits;
use crate::secret::Secret;
use crate::sync::Context;
use crate::web::http::error::Problem;
use crate::web::http::state;

/// The fields of a form.
#[derive(Default)]
pub struct Fields(Vec<(String, Secret)>);

impl Fields {
    fn parse(body: &[u8]) -> Self {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(body).unwrap_or_default();
        Self(pairs.into_iter().map(|(name, value)| (name, Secret::new(value))).collect())
    }

    /// The text of a field, trimmed; empty when it is not there.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        self.secret(name).map(|text| text.reveal().to_owned()).unwrap_or_default()
    }

    /// A field that may hold a secret, trimmed; `None` when it is empty. A text with a NUL in it
    /// is none: PostgreSQL cannot keep it.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<Secret> {
        let found = self.0.iter().find(|(key, _)| key == name)?;
        let text = found.1.reveal().trim();
        (!text.is_empty() && !text.contains('\0')).then(|| Secret::new(text))
    }

    /// Every value of a field.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<String> {
        let of_name = self.0.iter().filter(|(key, _)| key == name);
        of_name.map(|(_, value)| value.reveal().to_owned()).collect()
    }
}

/// Somebody who was let in, as a request shows it.
pub trait Visiting: FromRequest<Error = Problem> {
    /// The secret that the forms of this visit carry.
    fn csrf(&self) -> &str;
}

/// A form of a visitor.
pub struct Posted<V> {
    /// Who sent it.
    pub visitor: V,
    /// What they entered.
    pub fields: Fields,
}

/// A form from a page of ours that needs no visit: to get in.
pub struct Asked(pub Fields);

type Taken<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl<V: Visiting + 'static> FromRequest for Posted<V> {
    type Error = Problem;
    type Future = Taken<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let state = state::of(&req)?;
            from_own_page(&req, &state.context)?;
            let visitor = V::extract(&req).await?;
            let fields = Fields::parse(&read(&req, payload, OF_VISITOR).await?);
            // Hashes are compared, so that the time it takes tells nothing.
            let hash = |text: &str| state.context.keys.lookup.lookup_hash(text);
            if hash(&fields.text("csrf")) != hash(visitor.csrf()) {
                return Err(Problem::ForeignForm);
            }
            Ok(Self { visitor, fields })
        })
    }
}

impl FromRequest for Asked {
    type Error = Problem;
    type Future = Taken<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let state = state::of(&req)?;
            from_own_page(&req, &state.context)?;
            let mut place = state.crowd.enter();
            tokio::select! {
                // What is there counts, also when somebody else needs the place.
                biased;
                body = read(&req, payload, OF_STRANGER) => Ok(Self(Fields::parse(&body?))),
                () = place.pushed_out() => Err(Problem::Crowded),
            }
        })
    }
}

/// How large a form may be and how long it may take.
struct Bounds {
    bytes_max: usize,
    ms_max: u64,
}

const OF_VISITOR: Bounds =
    Bounds { bytes_max: limits::PORTAL_FORM_BYTES_MAX, ms_max: limits::PORTAL_FORM_READ_MS_MAX };
const OF_STRANGER: Bounds = Bounds {
    bytes_max: limits::STRANGER_FORM_BYTES_MAX,
    ms_max: limits::STRANGER_FORM_READ_MS_MAX,
};

/// Reads a body within bounds. One that says that it is too large is not read at all.
async fn read(req: &HttpRequest, payload: Payload, bounds: Bounds) -> Result<Bytes, Problem> {
    let length = req.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let length = length.and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    if length > bounds.bytes_max {
        return Err(Problem::TooLarge { bytes_max: bounds.bytes_max });
    }
    let time = Duration::from_millis(bounds.ms_max);
    let read = tokio::time::timeout(time, read_all(payload, bounds.bytes_max));
    read.await.unwrap_or(Err(Problem::TooSlow { ms_max: bounds.ms_max }))
}

async fn read_all(mut payload: Payload, bytes_max: usize) -> Result<Bytes, Problem> {
    let mut body = BytesMut::new();
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|_| Problem::UnreadableBody)?;
        if body.len().saturating_add(piece.len()) > bytes_max {
            return Err(Problem::TooLarge { bytes_max });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

/// Refuses a form that a browser says comes from another site. Browsers that say nothing are left
/// to the secret of the form.
fn from_own_page(req: &HttpRequest, context: &Context) -> Result<(), Problem> {
    let header = |name: HeaderName| req.headers().get(name).and_then(|value| value.to_str().ok());
    let is_own = match (header(HeaderName::from_static("sec-fetch-site")), header(ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => is_own_origin(origin, &context.public_url, header(HOST)),
        (None, None) => true,
    };
    if is_own { Ok(()) } else { Err(Problem::ForeignForm) }
}

fn is_own_origin(origin: &str, public_url: &str, host: Option<&str>) -> bool {
    let public = url::Url::parse(public_url).map(|url| url.origin().ascii_serialization());
    let named = origin.split_once("://").map(|(_, rest)| rest);
    public.is_ok_and(|public| public == origin) || (named.is_some() && named == host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_origin_is_ours() {
        let own =
            |origin: &str| is_own_origin(origin, "https://hr.app.example/x", Some("inner:80"));
        assert!(own("https://hr.app.example") && own("http://inner:80"));
        for other in ["null", "", "https://app.example", "http://hr.app.example", "https://inner"] {
            assert!(!own(other), "{other}");
        }
        assert!(!is_own_origin("null", "https://hr.app.example", None));
    }

    #[test]
    fn fields_are_trimmed_and_an_empty_one_is_none() {
        let fields = Fields::parse(b"a=+x+&b=&item=1&item=2&c=%00");
        assert_eq!(fields.text("a"), "x");
        assert!(fields.secret("b").is_none() && fields.secret("c").is_none());
        assert_eq!(fields.all("item"), ["1", "2"]);
    }
}
