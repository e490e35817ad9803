//! The control routes that only the sandbox People HR has: its keys, its webhook, its hooks.
//!
//! Every route calls the method of [`PeopleHr`] that tests call in process; nothing is decided
//! here.

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, Path};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, ApiCall, ChangeError, Changed, Edit, Faults, Hire, Leave, PeopleHr, RULES};
use crate::sandbox::control::{Reply, Staffed, body, created, found, ok};
use crate::sandbox::person::PersonView;

const KEYS: &str = "/_sandbox/people-hr/keys";

/// The routes, as the index lists them.
pub(in super::super) const ROUTES: &[(&str, &str)] = &[
    ("GET /keys", "API keys"),
    ("POST /keys", "create an API key: {actions: […]} or {}"),
    ("PUT /keys/{key}", "change what it may do: {actions: […]}"),
    ("DELETE /keys/{key}", "remove an API key"),
    ("GET /webhook", "where hooks go"),
    ("PUT /webhook", "set it: {url}"),
    ("GET /hooks", "hooks sent, oldest first"),
];

/// Adds the routes.
pub(in super::super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/keys", web::get().to(list_keys))
        .route("/keys", web::post().to(create_key))
        .route("/keys/{key}", web::put().to(set_actions))
        .route("/keys/{key}", web::delete().to(remove_key))
        .route("/webhook", web::get().to(show_webhook))
        .route("/webhook", web::put().to(set_webhook))
        .route("/hooks", web::get().to(list_hooks));
}

impl Staffed for PeopleHr {
    type Changed = Changed;
    type Faults = Faults;
    type Call = ApiCall;

    fn views(&self) -> Vec<PersonView> {
        self.people()
    }

    fn view(&self, id: &str) -> Result<PersonView, ChangeError> {
        let (person, people) = {
            let state = self.state();
            (state.register.known(id)?, state.register.people())
        };
        Ok(PersonView::of(&person, &people, self.today(), &RULES))
    }

    async fn hire(&self, hire: &Hire) -> Result<Changed, ChangeError> {
        Self::hire(self, hire).await
    }

    async fn edit(&self, id: &str, edit: &Edit) -> Result<Changed, ChangeError> {
        Self::edit(self, id, edit).await
    }

    async fn leave(&self, id: &str, leave: &Leave) -> Result<Changed, ChangeError> {
        Self::leave(self, id, leave).await
    }

    async fn rehire(&self, id: &str) -> Result<Changed, ChangeError> {
        Self::rehire(self, id).await
    }

    async fn delete(&self, id: &str) -> Result<Changed, ChangeError> {
        Self::delete(self, id).await
    }

    fn faults(&self) -> Faults {
        Self::faults(self)
    }

    fn switch(&self, faults: Faults) -> Result<(), ChangeError> {
        self.set_faults(faults);
        Ok(())
    }

    fn calls(&self) -> Vec<ApiCall> {
        Self::calls(self)
    }

    fn clear_logs(&self) {
        Self::clear_logs(self);
    }
}

async fn list_keys(hr: Data<PeopleHr>) -> HttpResponse {
    ok(json!({ "keys": hr.keys() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Actions {
    actions: Option<Vec<Action>>,
}

async fn create_key(hr: Data<PeopleHr>, bytes: Bytes) -> Reply {
    let wanted: Actions = body(&bytes)?;
    Ok(created(hr.create_key(wanted.actions.as_deref().unwrap_or(Action::USUAL))))
}

async fn set_actions(hr: Data<PeopleHr>, key: Path<String>, bytes: Bytes) -> Reply {
    let wanted: Actions = body(&bytes)?;
    let actions = wanted.actions.as_deref().unwrap_or(Action::USUAL);
    found(hr.set_actions(&key, actions), KEYS)
}

async fn remove_key(hr: Data<PeopleHr>, key: Path<String>) -> Reply {
    found(hr.remove_key(&key), KEYS)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    url: Option<String>,
}

async fn show_webhook(hr: Data<PeopleHr>) -> HttpResponse {
    ok(Webhook { url: hr.webhook() })
}

async fn set_webhook(hr: Data<PeopleHr>, bytes: Bytes) -> Reply {
    let wanted: Webhook = body(&bytes)?;
    hr.set_webhook(wanted.url.as_deref())?;
    Ok(ok(wanted))
}

async fn list_hooks(hr: Data<PeopleHr>) -> HttpResponse {
    ok(json!({ "hooks": hr.hooks() }))
}
