//! What the API is, as OpenAPI 3.1: made from the types that read and answer requests, and shown as
//! a page at `/docs`.
//!
//! What all operations have in common (the key, refusals that can meet any request, the parameters
//! in paths) is added here once, so that a handler describes only what is its own.
//!
//! Invariants:
//! - Every route of the API is described, and nothing else (a test compares).
//! - The page loads nothing from elsewhere.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, Response};
use utoipa::{Modify, OpenApi, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::limits;
use crate::web::api::{accounts, directories, endpoints, events, organizations};
use crate::web::http::error::Form;
use crate::web::http::schema;
use crate::web::workos;

/// What the page may load and do. Its scripts set styles by themselves.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' \
     'unsafe-inline'; img-src 'self' data:; connect-src 'self'; form-action 'none'; \
     frame-ancestors 'none'; base-uri 'none'";

/// The routes of the description and its page.
pub fn routes(cfg: &mut ServiceConfig) {
    let page =
        SwaggerUi::new("/{_:.*}").config(Config::from("/openapi.json").validator_url("none"));
    cfg.service(web::resource("/openapi.json").route(web::get().to(json)))
        .service(web::redirect("/docs", "/docs/"))
        .service(
            web::scope("/docs")
                .wrap(
                    DefaultHeaders::new()
                        .add((CONTENT_SECURITY_POLICY, PAGE_POLICY))
                        .add((X_CONTENT_TYPE_OPTIONS, "nosniff")),
                )
                .service(page),
        );
}

/// `GET /openapi.json`.
async fn json(_: HttpRequest) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-cache")).json(description())
}

/// The description of the API.
#[must_use]
pub fn description() -> utoipa::openapi::OpenApi {
    Described::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rollcall",
        description = "User accounts that follow an organization's HR system. Paths under \
            `/api/v1` are Rollcall's own. The others are those that WorkOS SDKs ask for; the same \
            rows stand behind them.",
    ),
    paths(
        organizations::list, organizations::create, organizations::get, organizations::patch,
        organizations::delete,
        organizations::admins::list, organizations::admins::create, organizations::admins::get,
        organizations::admins::delete,
        organizations::catalogue::departments, organizations::catalogue::positions,
        organizations::catalogue::office_locations,
        organizations::row_problems::list, organizations::actions::list,
        organizations::notices::list, organizations::portal_links::create,
        accounts::list, accounts::create, accounts::get, accounts::patch, accounts::delete,
        accounts::changes::list, accounts::import::import,
        directories::list, directories::create, directories::get, directories::patch,
        directories::credentials::set, directories::credentials::check,
        directories::preview::preview, directories::actions::complete_setup,
        directories::actions::sync, directories::actions::disable,
        directories::runs::list, directories::runs::get, directories::row_problems::list,
        directories::holds::list, directories::holds::get,
        directories::hold_decisions::approve, directories::hold_decisions::reject,
        endpoints::list, endpoints::create, endpoints::get, endpoints::patch, endpoints::delete,
        endpoints::secrets::rotate, endpoints::replay::replay,
        endpoints::deliveries::test, endpoints::deliveries::list, endpoints::deliveries::get,
        events::list, events::workos_list,
        workos::directories::list, workos::directories::get, workos::directories::delete,
        workos::directories::sync,
        workos::directory_users::list, workos::directory_users::get,
        workos::directory_groups::list, workos::directory_groups::get,
        workos::webhook_endpoints::list, workos::webhook_endpoints::create,
        workos::webhook_endpoints::get, workos::webhook_endpoints::patch,
        workos::webhook_endpoints::delete,
        workos::organizations::list, workos::organizations::create, workos::organizations::get,
        workos::organizations::get_by_external_id, workos::organizations::put,
        workos::organizations::delete,
        workos::portal::generate_link,
    ),
    components(schemas(ProblemResponse, CompatibleProblemResponse)),
    modifiers(&Common),
    tags(
        (name = "Organizations", description = "The customers of the application."),
        (name = "Admins", description = "Who is told of failures."),
        (name = "Accounts", description = "The users of the application."),
        (name = "Directories", description = "Connections to HR systems."),
        (name = "Holds", description = "Changes that wait for an admin's decision."),
        (name = "Events", description = "What happened, in order."),
        (name = "Endpoints", description = "Where the application is told of events."),
        (name = "WorkOS", description = "What unmodified WorkOS SDKs ask for."),
    ),
)]
struct Described;

/// Why a request was not done (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
struct ProblemResponse {
    /// `urn:rollcall:problem:` and the code.
    r#type: String,
    /// What kind of problem it is, in a few words that never change.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened and what to do.
    detail: String,
    /// The path that was asked for.
    instance: Option<String>,
    /// A fixed word for programs.
    code: String,
    /// The id of this request, as in the log.
    request_id: String,
    /// What is wrong with which member or parameter.
    errors: Option<Vec<FieldErrorResponse>>,
    /// What a directory manages of the account.
    fields: Option<Vec<String>>,
    /// The directory that stands in the way.
    directory_id: Option<String>,
    /// The run that is under way.
    run_id: Option<String>,
    /// When to ask again, in seconds.
    retry_after_seconds: Option<i64>,
    /// What kind of failure the HR system's is.
    class: Option<String>,
    /// What a key may and may not do.
    #[schema(value_type = Option<Object>)]
    check: Option<()>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldError)]
struct FieldErrorResponse {
    /// The member or parameter.
    field: String,
    /// What is wrong, as a fixed word.
    code: String,
    /// What is wrong and how to mend it.
    message: String,
}

/// Why a request was not done, as WorkOS SDKs read it: the members of `Problem`, and `message`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = workos::Problem)]
struct CompatibleProblemResponse {
    /// `urn:rollcall:problem:` and the code.
    r#type: String,
    /// What kind of problem it is, in a few words that never change.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened and what to do.
    detail: String,
    /// A fixed word for programs.
    code: String,
    /// What SDKs show.
    message: String,
    /// The id of this request, as in the log.
    request_id: String,
    /// What is wrong with which member or parameter.
    #[schema(value_type = Option<Vec<Object>>)]
    errors: Option<()>,
}

/// Adds what all operations have in common.
struct Common;

impl Modify for Common {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("sk_live_…")
            .description(Some("An API key, as `rollcall keys create` makes it."))
            .build();
        let components = openapi.components.get_or_insert_with(Default::default);
        components.add_security_scheme("api_key", SecurityScheme::Http(bearer));
        let none: [&str; 0] = [];
        openapi.security = Some(vec![SecurityRequirement::new("api_key", none)]);
        for (path, item) in &mut openapi.paths.paths {
            let form = Form::of(path);
            for (method, operation) in operations(item) {
                add_parameters(path, method, operation);
                add_refusals(method, operation, form);
                add_request_id(operation);
            }
        }
        let components = openapi.components.clone().unwrap_or_default();
        let items = openapi.paths.paths.values_mut();
        for (_, operation) in items.flat_map(|item| operations(item).collect::<Vec<_>>()) {
            let responses = operation.responses.responses.iter_mut();
            let contents = responses.filter_map(|(status, response)| match response {
                RefOr::T(response) if status.starts_with('2') => {
                    Some(response.content.values_mut())
                }
                _ => None,
            });
            for content in contents.flatten() {
                if let RefOr::T(content) = content
                    && content.example.is_none()
                {
                    content.example = content
                        .schema
                        .as_ref()
                        .map(|schema| schema::example(schema, &components.schemas));
                }
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("post", &mut item.post),
        ("put", &mut item.put),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

fn add_parameters(path: &str, method: &str, operation: &mut Operation) {
    let named = path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let of_path = named.map(|name| text_parameter(name, ParameterIn::Path, path_parameter(name)));
    let mut parameters: Vec<RefOr<Parameter>> = of_path.map(RefOr::T).collect();
    if method == "post" && !path.ends_with("/accounts/import") {
        let about = "The same request with the same key has its effect once, and gets the first \
             answer again, for 24 hours.";
        let key = text_parameter("Idempotency-Key", ParameterIn::Header, about);
        parameters.push(RefOr::T(key));
    }
    parameters.extend(operation.parameters.take().unwrap_or_default());
    operation.parameters = (!parameters.is_empty()).then_some(parameters);
}

fn text_parameter(name: &str, place: ParameterIn, about: &str) -> Parameter {
    let required = if place == ParameterIn::Path { Required::True } else { Required::False };
    let text = match place {
        ParameterIn::Header => schema::text()
            .min_length(Some(1))
            .max_length(Some(limits::IDEMPOTENCY_KEY_CHARS_MAX))
            .pattern(Some("^[!-~]+$")),
        _ => schema::text().min_length(Some(1)),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(about))
        .schema(Some(text))
        .build()
}

/// What a part of a path names.
fn path_parameter(name: &str) -> &'static str {
    match name {
        "organization_id" => "The organization's id.",
        "external_id" => "The application's own key.",
        "admin_id" => "The admin's id.",
        "account_id" => "The account's id.",
        "directory_id" => "The directory's id.",
        "run_id" => "The run's id.",
        "hold_id" => "The hold's id.",
        "endpoint_id" => "The endpoint's id.",
        "delivery_id" => "The delivery's id.",
        "user_id" => "The directory user's id.",
        "group_id" => "The group's id.",
        _ => "An id.",
    }
}

/// Refusals that can meet any request of its kind.
fn add_refusals(method: &str, operation: &mut Operation, form: Form) {
    let has_body = operation.request_body.is_some();
    let has_parameters = operation.parameters.as_ref().is_some_and(|all| {
        all.iter().any(
            |parameter| matches!(parameter, RefOr::T(one) if one.parameter_in != ParameterIn::Path),
        )
    });
    let mut common = vec![
        ("400", "The request cannot be understood."),
        ("401", "`unauthorized`: there is no valid API key."),
        ("429", "`too_many_wrong_keys`, or the HR system's calls are used up."),
        ("500", "`server_error`: our own fault; the log has it under the request id."),
        ("503", "`unavailable`: the same request may succeed soon."),
    ];
    if has_body {
        common.push(("408", "`body_too_slow`: the body did not arrive in time."));
        common.push(("413", "`body_too_large`: the body has too many bytes."));
    }
    if has_body || has_parameters {
        common.push(("422", "`invalid_request_parameters`: `errors` names all that is wrong."));
    }
    if method == "post" {
        common.push(("409", "`request_under_way`: the first with this key is not answered yet."));
    }
    let responses = &mut operation.responses.responses;
    for (status, about) in common {
        let response = ResponseBuilder::new().description(about).build();
        responses.entry(status.to_owned()).or_insert(RefOr::T(response));
    }
    let name = if form == Form::Own { "Problem" } else { "workos.Problem" };
    for (status, response) in responses.iter_mut() {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
            && response.content.is_empty()
        {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
            response.content.insert(form.content_type().to_owned(), RefOr::T(content));
        }
    }
}

fn add_request_id(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(Response { headers, .. }) = response else { continue };
        let header = HeaderBuilder::new()
            .schema(Some(schema::text()))
            .description(Some("The id of this request, as in the log."))
            .build();
        headers.insert("X-Request-ID".to_owned(), RefOr::T(header));
    }
}
