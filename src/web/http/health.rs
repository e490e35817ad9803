//! Whether the process lives, and whether it can serve.
//!
//! Invariant: whatever the database does, an answer is there within a second (O-08), and however
//! often is asked, one look at the database at a time is under way. The look writes: a database
//! that is full or read-only answers questions all the same.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::HttpResponse;
use serde_json::json;
use tokio::sync::watch;

use crate::db::error::NoWrites;
use crate::db::{self, DbError, Lane};
use crate::limits;
use crate::sync::Context;
use crate::web::http::error::Problem;
use crate::web::http::response::Response;
use crate::web::http::state::State;

/// What a look at the database has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Ready,
    NoWrites(NoWrites),
    Away,
}

/// The look at the database that is under way, if one is, and what it has found when it is over.
#[derive(Debug, Default)]
pub struct Looks(Mutex<Option<watch::Receiver<Option<Found>>>>);

impl Looks {
    /// What the database says, now.
    async fn look(self: &Arc<Self>, cx: &Context) -> Found {
        let mut seen = self.under_way(cx);
        let found = seen.wait_for(Option::is_some).await;
        found.ok().and_then(|found| *found).unwrap_or(Found::Away)
    }

    /// The look that is under way, or a new one.
    fn under_way(self: &Arc<Self>, cx: &Context) -> watch::Receiver<Option<Found>> {
        let mut look = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = &*look {
            return under_way.clone();
        }
        let (seen, under_way) = watch::channel(None);
        *look = Some(under_way.clone());
        let (all, db, now) = (Arc::clone(self), cx.db.clone(), cx.clock.now());
        // It goes on when the one who asked has hung up: others wait for it too.
        actix_web::rt::spawn(async move {
            let found = match db.write(Lane::Urgent, move |tx| db::probe(tx, now)).await {
                Ok(()) => {
                    db::error::note_write();
                    Found::Ready
                }
                Err(DbError::NoWrites(why)) => Found::NoWrites(why),
                Err(_) => Found::Away,
            };
            *all.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
            let _ = seen.send(Some(found));
        });
        under_way
    }
}

/// `GET /livez`: the process answers.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /readyz`: the database answers too, and takes changes.
pub async fn ready(state: State) -> Response {
    let time = Duration::from_millis(limits::READY_MS_MAX);
    let look = state.looks.look(&state.context);
    match tokio::time::timeout(time, look).await.unwrap_or(Found::Away) {
        Found::Ready => Ok(HttpResponse::Ok().json(json!({ "status": "ok" }))),
        Found::NoWrites(why) => Err(Problem::NoWrites(why)),
        Found::Away => Err(Problem::DatabaseAway),
    }
}
