//! Whether the process lives, and whether it can serve.

use actix_web::HttpResponse;
use serde_json::json;

use crate::db;
use crate::web::answer::Answer;
use crate::web::state::State;

/// `GET /livez`: the process answers.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /readyz`: the database answers too.
pub async fn ready(state: State) -> Answer {
    state.context.db.read(db::ping).await?;
    Ok(HttpResponse::Ok().json(json!({ "status": "ok" })))
}
