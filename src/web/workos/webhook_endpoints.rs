//! `/webhook_endpoints`: the same endpoints as `/api/v1/endpoints`, for WorkOS SDKs (wire contract
//! §2 and §4). The object is the same too: SDKs leave members alone that they do not know.

use actix_web::web::{self, ServiceConfig};

use crate::web::api::endpoints;

/// The routes under `/webhook_endpoints`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("")
            .route(web::get().to(endpoints::list))
            .route(web::post().to(endpoints::create)),
    )
    .service(
        web::resource("/{endpoint_id}")
            .route(web::get().to(endpoints::get))
            .route(web::patch().to(endpoints::patch))
            .route(web::delete().to(endpoints::delete)),
    );
}
