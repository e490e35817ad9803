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
use workos::{
    Client, DsyncActivated, DsyncDeleted, DsyncGroupCreated, DsyncGroupDeleted, DsyncGroupUpdated,
    DsyncGroupUserAdded, DsyncGroupUserRemoved, DsyncUserCreated, DsyncUserDeleted,
    DsyncUserUpdated, Error, EventSchema, WebhookVerifier,
};

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

/// An event as the SDK's own struct for its type; the verifier itself leaves the data untyped.
fn typed(event: Result<EventSchema, Error>) -> Outcome {
    macro_rules! typed {
        ($value:expr, $kind:expr, $($name:literal => $model:ty),+ $(,)?) => {
            match $kind {
                $($name => shown(serde_json::from_value::<$model>($value).map_err(Error::from)),)+
                _ => Ok($value),
            }
        };
    }
    let event = event.map_err(|error| thrown(&error))?;
    let value = serde_json::to_value(&event).expect("models are JSON");
    typed!(value, &*event.event,
        "dsync.activated" => DsyncActivated,
        "dsync.deleted" => DsyncDeleted,
        "dsync.user.created" => DsyncUserCreated,
        "dsync.user.updated" => DsyncUserUpdated,
        "dsync.user.deleted" => DsyncUserDeleted,
        "dsync.group.created" => DsyncGroupCreated,
        "dsync.group.updated" => DsyncGroupUpdated,
        "dsync.group.deleted" => DsyncGroupDeleted,
        "dsync.group.user_added" => DsyncGroupUserAdded,
        "dsync.group.user_removed" => DsyncGroupUserRemoved,
    )
}

/// Does what the drivers do for the other SDKs.
pub async fn ask(request: &Value) -> Outcome {
    let text = |name: &str| request[name].as_str().unwrap_or_default();
    #[expect(clippy::disallowed_methods, reason = "the test plays the application")]
    let transport = Transport(reqwest::Client::new());
    let client = Client::builder()
        .api_key(text("key"))
        .base_url(text("base"))
        .max_retries(0)
        .transport(Arc::new(transport))
        .build();
    match text("do") {
        call @ ("list_endpoints" | "create_endpoint" | "update_endpoint" | "delete_endpoint") => {
            endpoints(&client, call, request).await
        }
        call @ ("list_organizations" | "get_organization" | "create_organization") => {
            organizations(&client, call, request).await
        }
        "portal_link" => {
            let params = GenerateLinkParams::new(from(&request["body"]));
            shown(client.admin_portal().generate_link(params).await)
        }
        "list_events" => shown(client.events().list_events(events(&request["query"])).await),
        "walk_events" => {
            let api = client.events();
            all(api.list_events_auto_paging(events(&request["query"]))).await
        }
        "webhook_raw" => {
            let verifier = WebhookVerifier::new(text("secret"));
            typed(verifier.construct_event(text("header"), text("body")))
        }
        call => directories(&client, call, request).await,
    }
}

async fn directories(client: &Client, call: &str, request: &Value) -> Outcome {
    let (query, id) = (&request["query"], request["id"].as_str().unwrap_or_default());
    let api = client.directory_sync();
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
    match call {
        "list_directories" => shown(api.list_directories(directories()).await),
        "walk_directories" => all(api.list_directories_auto_paging(directories())).await,
        "get_directory" => shown(api.get_directory(id).await),
        "delete_directory" => shown(api.delete_directory(id).await),
        "sync_directory" => shown(api.create_directory_sync(id).await),
        "list_users" => shown(api.list_users(users()).await),
        "walk_users" => all(api.list_users_auto_paging(users())).await,
        "get_user" => shown(api.get_user(id).await),
        "list_groups" => shown(api.list_groups(groups()).await),
        "walk_groups" => all(api.list_groups_auto_paging(groups())).await,
        "get_group" => shown(api.get_group(id).await),
        other => panic!("the driver has no call {other}"),
    }
}

async fn endpoints(client: &Client, call: &str, request: &Value) -> Outcome {
    let (body, id) = (&request["body"], request["id"].as_str().unwrap_or_default());
    let api = client.webhooks();
    match call {
        "list_endpoints" => {
            let usual = ListWebhookEndpointsParams::default();
            let params = with!(usual, request["query"], before, after, limit, order);
            shown(api.list_webhook_endpoints(params).await)
        }
        "create_endpoint" => {
            let params = CreateWebhookEndpointParams::new(from(body));
            shown(api.create_webhook_endpoint(params).await)
        }
        "update_endpoint" => {
            let params = UpdateWebhookEndpointParams::new(from(body));
            shown(api.update_webhook_endpoint(id, params).await)
        }
        _ => shown(api.delete_webhook_endpoint(id).await),
    }
}

async fn organizations(client: &Client, call: &str, request: &Value) -> Outcome {
    let api = client.organizations();
    match call {
        "list_organizations" => {
            let usual = ListOrganizationsParams::default();
            let params = with!(usual, request["query"], before, after, limit, order);
            shown(api.list_organizations(params).await)
        }
        "get_organization" => {
            shown(api.get_organization(request["id"].as_str().unwrap_or_default()).await)
        }
        _ => {
            let params = CreateOrganizationParams::new(from(&request["body"]));
            let key = request["idempotency_key"].as_str();
            let options = key.map(|key| workos::RequestOptions::new().idempotency_key(key));
            shown(api.create_organization_with_options(params, options.as_ref()).await)
        }
    }
}
