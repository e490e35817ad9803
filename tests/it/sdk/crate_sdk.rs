//! The WorkOS SDK for Rust under the names that the drivers use. It sends through our reqwest: its
//! own would bring a second TLS.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::{Stream, TryStreamExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use workos::admin_portal::GenerateLinkParams;
use workos::directory_sync::{ListDirectoriesParams, ListGroupsParams, ListUsersParams};
use workos::events::ListEventsParams;
use workos::organizations::{CreateOrganizationParams, ListOrganizationsParams};
use workos::transport::{HttpRequest, HttpResponse, HttpTransport, TransportError};
use workos::webhooks::{
    CreateWebhookEndpointParams, ListWebhookEndpointsParams, UpdateWebhookEndpointParams,
};
use workos::{Client, Error, WebhookVerifier};

use super::driver::{Outcome, Thrown};

/// Sends what the SDK has made.
struct Transport(reqwest::Client);

type Sent<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + Send + 'a>>;

impl HttpTransport for Transport {
    fn execute<'life, 'sent>(&'life self, request: HttpRequest) -> Sent<'sent>
    where
        'life: 'sent,
        Self: 'sent,
    {
        Box::pin(async move {
            let sending = self.0.request(request.method, request.url).headers(request.headers);
            let sending = match request.body {
                Some(body) => sending.body(body),
                None => sending,
            };
            let answer = sending.send().await.map_err(TransportError::other)?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let body = answer.bytes().await.map_err(TransportError::other)?;
            Ok(HttpResponse { status, headers, body })
        })
    }
}

/// Sets the members of a struct of parameters that a query has.
macro_rules! with {
    ($params:expr, $query:expr, $($name:ident),+) => {{
        let mut params = $params;
        $(if let Some(value) = $query.get(stringify!($name)) {
            params.$name = from(value);
        })+
        params
    }};
}

fn from<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("the SDK has such a member")
}

fn shown<T: Serialize>(value: Result<T, Error>) -> Outcome {
    match value {
        Ok(value) => Ok(serde_json::to_value(value).expect("models are JSON")),
        Err(error) => Err(thrown(&error)),
    }
}

async fn all<T: Serialize>(pages: impl Stream<Item = Result<T, Error>>) -> Outcome {
    shown(pages.try_collect::<Vec<T>>().await)
}

fn thrown(error: &Error) -> Thrown {
    let class = format!("{error:?}");
    let class = class.split(['(', ' ']).next().unwrap_or_default().to_owned();
    let api = error.api();
    let message = api.map_or_else(|| error.to_string(), |api| api.message.clone());
    let all = json!({
        "class": class,
        "message": message,
        "status": api.map(|api| api.status),
        "code": api.and_then(|api| api.code.clone()),
        "request_id": api.and_then(|api| api.request_id.clone()),
        "retry_after": api.and_then(|api| api.retry_after).map(|after| after.as_secs()),
    });
    Thrown { class, message, status: api.map(|api| api.status), all }
}

fn events(query: &Value) -> ListEventsParams {
    with!(
        ListEventsParams::new(from(&query["events"])),
        query,
        before,
        after,
        limit,
        order,
        range_start,
        range_end,
        organization_id
    )
}

/// Does what the drivers do for the other SDKs.
pub async fn ask(request: &Value) -> Outcome {
    let text = |name: &str| request[name].as_str().unwrap_or_default();
    let (query, body, id) = (&request["query"], &request["body"], text("id"));
    #[expect(clippy::disallowed_methods, reason = "the test plays the application")]
    let transport = Transport(reqwest::Client::new());
    let client = Client::builder()
        .api_key(text("key"))
        .base_url(text("base"))
        .max_retries(0)
        .transport(Arc::new(transport))
        .build();
    let (sync, hooks) = (client.directory_sync(), client.webhooks());
    let directories = || {
        let usual = ListDirectoriesParams::default();
        with!(usual, query, before, after, limit, order, organization_id, search)
    };
    let users = || {
        let usual = ListUsersParams::default();
        with!(usual, query, before, after, limit, order, directory, group, idp_id, email)
    };
    let groups = || {
        let usual = ListGroupsParams::default();
        with!(usual, query, before, after, limit, order, directory, user)
    };
    match text("do") {
        "list_directories" => shown(sync.list_directories(directories()).await),
        "get_directory" => shown(sync.get_directory(id).await),
        "delete_directory" => shown(sync.delete_directory(id).await),
        "sync_directory" => shown(sync.create_directory_sync(id).await),
        "list_users" => shown(sync.list_users(users()).await),
        "get_user" => shown(sync.get_user(id).await),
        "list_groups" => shown(sync.list_groups(groups()).await),
        "get_group" => shown(sync.get_group(id).await),
        "list_events" => shown(client.events().list_events(events(query)).await),
        "list_endpoints" => {
            let usual = ListWebhookEndpointsParams::default();
            let params = with!(usual, query, before, after, limit, order);
            shown(hooks.list_webhook_endpoints(params).await)
        }
        "create_endpoint" => {
            let params = CreateWebhookEndpointParams::new(from(body));
            shown(hooks.create_webhook_endpoint(params).await)
        }
        "update_endpoint" => {
            let params = UpdateWebhookEndpointParams::new(from(body));
            shown(hooks.update_webhook_endpoint(id, params).await)
        }
        "delete_endpoint" => shown(hooks.delete_webhook_endpoint(id).await),
        "portal_link" => {
            let params = GenerateLinkParams::new(from(body));
            shown(client.admin_portal().generate_link(params).await)
        }
        "list_organizations" => {
            let usual = ListOrganizationsParams::default();
            let params = with!(usual, query, before, after, limit, order);
            shown(client.organizations().list_organizations(params).await)
        }
        "get_organization" => shown(client.organizations().get_organization(id).await),
        "create_organization" => {
            let params = CreateOrganizationParams::new(from(body));
            let key = request["idempotency_key"].as_str();
            let options = key.map(|key| workos::RequestOptions::new().idempotency_key(key));
            let organizations = client.organizations();
            let options = options.as_ref();
            shown(organizations.create_organization_with_options(params, options).await)
        }
        "walk_directories" => all(sync.list_directories_auto_paging(directories())).await,
        "walk_users" => all(sync.list_users_auto_paging(users())).await,
        "walk_groups" => all(sync.list_groups_auto_paging(groups())).await,
        "walk_events" => {
            let all_events = client.events();
            all(all_events.list_events_auto_paging(events(query))).await
        }
        "webhook_raw" => {
            let verifier = WebhookVerifier::new(text("secret"));
            shown(verifier.construct_event(text("header"), text("body")))
        }
        other => panic!("the driver has no call {other}"),
    }
}
