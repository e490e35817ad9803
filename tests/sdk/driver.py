"""Runs one WorkOS SDK for Python, or the verifiers of Standard Webhooks, for tests/it/sdk.rs: a line
of JSON in, a line of JSON out, until the input ends.

A request is {do, base, key, ...}; an answer is {ok: value} or {error: {...}}. The driver decides
nothing: it calls the SDK as an application would and shows what came back.
"""

import dataclasses
import enum
import importlib.util
import json
import sys


def has(name):
    return importlib.util.find_spec(name) is not None


def client(request):
    """An SDK as an application sets it up (contract §1). Newer ones take no retries in tests."""
    if OLD:
        return WorkOSClient(
            api_key=request["key"], client_id="client_tests", base_url=request["base"] + "/"
        )
    return WorkOSClient(api_key=request["key"], base_url=request["base"], max_retries=0)


def plain_value(value):
    """An object of the SDK as JSON, with the names of its types."""
    if hasattr(value, "model_dump"):
        shown = value.model_dump(mode="json")
        return {**shown, "__type": type(value).__name__} if isinstance(shown, dict) else shown
    if hasattr(value, "to_dict"):
        return {**value.to_dict(), "__type": type(value).__name__}
    if dataclasses.is_dataclass(value):
        shown = {f.name: plain_value(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {**shown, "__type": type(value).__name__}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (list, tuple)):
        return [plain_value(item) for item in value]
    return value


def page(found):
    metadata = found.list_metadata
    return {
        "data": [plain_value(item) for item in found.data],
        "list_metadata": {
            "before": getattr(metadata, "before", None),
            "after": getattr(metadata, "after", None),
        },
    }


def every(found):
    """All pages, by the SDK's own walk."""
    items = found if OLD else found.auto_paging_iter()
    return [plain_value(item) for item in items]


def query_of(request, **renamed):
    """The query; the old SDK calls some members otherwise."""
    query = request.get("query") or {}
    if not OLD:
        return query
    return {renamed.get(name, name): value for name, value in query.items()}


def users(w, r):
    return w.directory_sync.list_users(
        **query_of(r, directory="directory_id", group="group_id")
    )


def groups(w, r):
    return w.directory_sync.list_groups(**query_of(r, directory="directory_id", user="user_id"))


def portal_link(w, r):
    if OLD:
        body = dict(r["body"])
        return w.portal.generate_link(organization_id=body.pop("organization"), **body)
    return w.admin_portal.generate_link(**r["body"])


def create_organization(w, r):
    key = r.get("idempotency_key")
    if OLD:
        return w.organizations.create_organization(**r["body"], idempotency_key=key)
    options = {"idempotency_key": key} if key else None
    return w.organizations.create_organization(**r["body"], request_options=options)


def webhook(w, r, body):
    return w.webhooks.verify_event(
        event_body=body, event_signature=r["header"], secret=r["secret"]
    )


CALLS = {
    "list_directories": lambda w, r: page(w.directory_sync.list_directories(**query_of(r))),
    "get_directory": lambda w, r: w.directory_sync.get_directory(r["id"]),
    "delete_directory": lambda w, r: w.directory_sync.delete_directory(r["id"]),
    "sync_directory": lambda w, r: w.directory_sync.create_directory_sync(r["id"]),
    "list_users": lambda w, r: page(users(w, r)),
    "get_user": lambda w, r: w.directory_sync.get_user(r["id"]),
    "list_groups": lambda w, r: page(groups(w, r)),
    "get_group": lambda w, r: w.directory_sync.get_group(r["id"]),
    "list_events": lambda w, r: page(w.events.list_events(**query_of(r))),
    "list_endpoints": lambda w, r: page(w.webhooks.list_webhook_endpoints(**query_of(r))),
    "create_endpoint": lambda w, r: w.webhooks.create_webhook_endpoint(**r["body"]),
    "update_endpoint": lambda w, r: w.webhooks.update_webhook_endpoint(r["id"], **r["body"]),
    "delete_endpoint": lambda w, r: w.webhooks.delete_webhook_endpoint(r["id"]),
    "portal_link": portal_link,
    "list_organizations": lambda w, r: page(w.organizations.list_organizations(**query_of(r))),
    "get_organization": lambda w, r: w.organizations.get_organization(r["id"]),
    "create_organization": create_organization,
    "walk_directories": lambda w, r: every(w.directory_sync.list_directories(**query_of(r))),
    "walk_users": lambda w, r: every(users(w, r)),
    "walk_groups": lambda w, r: every(groups(w, r)),
    "walk_events": lambda w, r: every(w.events.list_events(**query_of(r))),
    "webhook_raw": lambda w, r: webhook(w, r, r["body"]),
    "webhook_bytes": lambda w, r: webhook(w, r, r["body"].encode()),
}


def standardwebhooks_verify(r):
    return standardwebhooks.Webhook(r["secret"]).verify(r["body"], r["headers"])


def svix_verify(r):
    return svix.Webhook(r["secret"]).verify(r["body"], r["headers"])


PLAIN = {
    "hello": lambda r: {"python": sys.version.split()[0]},
    "standardwebhooks": standardwebhooks_verify,
    "svix": svix_verify,
}


def shown(error):
    """An error with everything an application can read from it."""
    status = getattr(error, "status_code", None)
    if status is None:
        status = getattr(getattr(error, "response", None), "status_code", None)
    errors = getattr(error, "errors", None)
    return {
        "class": type(error).__name__,
        "message": getattr(error, "message", None) or str(error),
        "status": status,
        "code": getattr(error, "code", None),
        "request_id": getattr(error, "request_id", None),
        "errors": None if callable(errors) else errors,
        "retry_after": getattr(error, "retry_after", None),
    }


def answer(request):
    try:
        if request["do"] in PLAIN:
            return {"ok": plain_value(PLAIN[request["do"]](request))}
        return {"ok": plain_value(CALLS[request["do"]](client(request), request))}
    except Exception as error:  # whatever the SDK throws is the answer
        return {"error": shown(error)}


if has("workos"):
    from workos import WorkOSClient

    OLD = not has("workos._client")
if has("svix"):
    import standardwebhooks
    import svix

for line in sys.stdin:
    print(json.dumps(answer(json.loads(line)), default=str), flush=True)
