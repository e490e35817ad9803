//! The start page: the companies side by side, with what one needs to connect them.
//!
//! Reads only.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::access::base_url;
use super::layout::{Frame, show};
use super::system::Paged;
use super::{faults, system::KeyWords};
use crate::sandbox::person::Standing;
use crate::sandbox::{BreatheHr, Hrworks, PeopleHr};

/// One HR system.
struct Card {
    slug: &'static str,
    name: &'static str,
    company: String,
    base_url: String,
    setting: &'static str,
    key_words: KeyWords,
    /// Its newest key; empty for none.
    key: String,
    sends_hooks: bool,
    webhook_url: Option<String>,
    people: usize,
    left: usize,
    calls: usize,
    /// How many webhooks it sent.
    hooks: usize,
    faults: Vec<&'static str>,
}

#[derive(Template)]
#[template(path = "sandbox/start.html")]
struct StartPage {
    frame: Frame,
    cards: [Card; 3],
}

fn card<S: Paged>(request: &HttpRequest, hr: &S) -> Card {
    let people = hr.views();
    Card {
        slug: S::SLUG,
        name: S::NAME,
        company: hr.company_name(),
        base_url: base_url::<S>(request),
        setting: S::BASE_URL_SETTING,
        key_words: S::KEYS,
        key: hr.keys().pop().map(|key| key.text).unwrap_or_default(),
        sends_hooks: S::SENDS_HOOKS,
        webhook_url: hr.webhook_url(),
        left: people.iter().filter(|person| person.standing == Standing::Left).count(),
        people: people.len(),
        calls: hr.calls().len(),
        hooks: hr.sent_hooks().len(),
        faults: faults::differing(hr),
    }
}

/// `GET /_sandbox/pages`.
pub(super) async fn start(
    request: HttpRequest,
    people_hr: Data<PeopleHr>,
    breathe_hr: Data<BreatheHr>,
    hrworks: Data<Hrworks>,
) -> HttpResponse {
    let cards = [
        card(&request, people_hr.get_ref()),
        card(&request, breathe_hr.get_ref()),
        card(&request, hrworks.get_ref()),
    ];
    show(StatusCode::OK, &StartPage { frame: Frame::outside("Sandbox HR systems"), cards })
}
