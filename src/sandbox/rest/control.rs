//! The control routes of the sandboxes with a REST API that are about the company.
//!
//! Every route calls the method of [`RestHr`] that tests call in process; nothing is decided here.

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data};
use serde::{Deserialize, Serialize};

use super::super::control::{Reply, Staffed, body};
use super::super::person::PersonView;
use super::super::register::{ChangeError, Edit, Hire, Leave};
use super::faults::check;
use super::{Behaviour, RestCall, RestFaults, RestHr};

/// The routes, as the index lists them.
pub(in super::super) const ROUTES: &[(&str, &str)] = &[
    ("POST /departments/rename", "give a department another name: {old, new}"),
    ("POST /locations/rename", "give an office another name: {old, new}"),
];

/// Adds the routes.
pub(in super::super) fn routes<S: Behaviour>(config: &mut web::ServiceConfig) {
    config
        .route("/departments/rename", web::post().to(rename_department::<S>))
        .route("/locations/rename", web::post().to(rename_location::<S>));
}

/// A change that was made.
#[derive(Serialize)]
pub(in super::super) struct RestChanged {
    pub person: PersonView,
}

fn changed(person: PersonView) -> RestChanged {
    RestChanged { person }
}

impl<S: Behaviour> Staffed for RestHr<S> {
    type Changed = RestChanged;
    type Faults = RestFaults<S>;
    type Call = RestCall;

    fn views(&self) -> Vec<PersonView> {
        self.people()
    }

    fn view(&self, id: &str) -> Result<PersonView, ChangeError> {
        self.known(id)
    }

    async fn hire(&self, hire: &Hire) -> Result<RestChanged, ChangeError> {
        Self::hire(self, hire).map(changed)
    }

    async fn edit(&self, id: &str, edit: &Edit) -> Result<RestChanged, ChangeError> {
        Self::edit(self, id, edit).map(changed)
    }

    async fn leave(&self, id: &str, leave: &Leave) -> Result<RestChanged, ChangeError> {
        Self::leave(self, id, leave).map(changed)
    }

    async fn rehire(&self, id: &str) -> Result<RestChanged, ChangeError> {
        Self::rehire(self, id).map(changed)
    }

    async fn delete(&self, id: &str) -> Result<RestChanged, ChangeError> {
        Self::delete(self, id).map(changed)
    }

    fn faults(&self) -> RestFaults<S> {
        Self::faults(self)
    }

    fn switch(&self, faults: RestFaults<S>) -> Result<(), ChangeError> {
        check(&faults)?;
        self.set_faults(faults);
        Ok(())
    }

    fn calls(&self) -> Vec<RestCall> {
        Self::calls(self)
    }

    fn clear_logs(&self) {
        Self::clear_logs(self);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    old: String,
    new: String,
}

async fn rename_department<S: Behaviour>(hr: Data<RestHr<S>>, bytes: Bytes) -> Reply {
    let names: Names = body(&bytes)?;
    hr.rename_department(&names.old, &names.new)?;
    Ok(HttpResponse::NoContent().finish())
}

async fn rename_location<S: Behaviour>(hr: Data<RestHr<S>>, bytes: Bytes) -> Reply {
    let names: Names = body(&bytes)?;
    hr.rename_location(&names.old, &names.new)?;
    Ok(HttpResponse::NoContent().finish())
}
