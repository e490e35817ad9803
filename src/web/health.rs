//! Whether the process lives, and whether it can serve.
//!
//! Invariant: whatever the database does, an answer is there within a second (O-08), and however
//! often is asked, one look at the database at a time is under way.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::HttpResponse;
use serde_json::json;
use tokio::sync::watch;

use crate::db::{self, Db};
use crate::limits;
use crate::web::answer::Answer;
use crate::web::error::Problem;
use crate::web::state::State;

/// The look at the database that is under way, if one is; it becomes true or false when it is over.
#[derive(Debug, Default)]
pub struct Looks(Mutex<Option<watch::Receiver<Option<bool>>>>);

impl Looks {
    /// Whether the database answers, now.
    async fn look(self: &Arc<Self>, db: &Db) -> bool {
        let mut seen = self.under_way(db);
        let answers = seen.wait_for(Option::is_some).await;
        answers.is_ok_and(|answers| *answers == Some(true))
    }

    /// The look that is under way, or a new one.
    fn under_way(self: &Arc<Self>, db: &Db) -> watch::Receiver<Option<bool>> {
        let mut look = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = &*look {
            return under_way.clone();
        }
        let (seen, under_way) = watch::channel(None);
        *look = Some(under_way.clone());
        let (all, db) = (Arc::clone(self), db.clone());
        // It goes on when the one who asked has hung up: others wait for it too.
        actix_web::rt::spawn(async move {
            let answers = db.read(db::ping).await.is_ok();
            *all.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
            let _ = seen.send(Some(answers));
        });
        under_way
    }
}

/// `GET /livez`: the process answers.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /readyz`: the database answers too.
pub async fn ready(state: State) -> Answer {
    let time = Duration::from_millis(limits::READY_MS_MAX);
    let look = state.looks.look(&state.context.db);
    if tokio::time::timeout(time, look).await.unwrap_or(false) {
        Ok(HttpResponse::Ok().json(json!({ "status": "ok" })))
    } else {
        Err(Problem::DatabaseAway)
    }
}
