# What callers of the API read. The API speaks English; the operator reads some of it on a page.

## What kind of problem it is. These titles never change.

api-unauthorized = A valid API key is needed
api-too-many-wrong-keys = Too many API keys were wrong
api-no-visit = Sign in to the HR connection
api-foreign-form = The form does not come from its page
api-unknown-route = There is nothing at this address
api-method-not-allowed = This method is not possible here
api-malformed-json = The body is not JSON
api-unreadable-body = The body could not be read
api-body-too-slow = The body did not arrive in time
api-crowded = Too many forms at the same time
api-body-too-large = The body is too large
api-invalid-request-parameters = Validation failed
api-entity-not-found = Not found
api-email-taken = This e-mail is taken
api-last-admin = The organization needs an admin
api-external-id-taken = This external id is taken
api-account-managed = A directory manages this account
api-duplicate-endpoint = There is an endpoint with this URL already
api-invalid-url = This cannot be the URL of an endpoint
api-organization-in-use = The organization has a connected directory
api-provider-not-allowed = This HR system is not allowed here
api-already-connected = This HR system is connected already
api-directory-disabled = The directory is disabled
api-no-credential = The directory has no credential
api-no-admin = The organization has no admin
api-credential-refused = The HR system refused the credential
api-invalid-credential = This cannot be a credential
api-run-in-progress = A full sync is under way
api-call-budget-spent = The calls of this minute are used up
api-provider-failed = The HR system could not be asked
api-conflict = Not possible in this state
api-invalid-cursor = The cursor is not an event id
api-cursor-expired = The cursor is too old
api-idempotency-key-reused = This idempotency key was used for another request
api-request-under-way = The first request with this key is under way
api-unavailable = Not available at the moment
api-bad-request = The request cannot be understood
api-server-error = Something went wrong on our side

## What is wrong with a request, and what to do about it

api-unauthorized-detail = Send the header `Authorization: Bearer sk_live_…` with an API key that
    is not revoked. `rollcall keys create` makes one.
# What WorkOS has in this place.
api-unauthorized-message = Unauthorized
api-too-many-wrong-keys-detail = { $count ->
    [one] This key is not valid, nor were many others from this address. Use a valid key; wrong
        ones may be tried again in { $count } second.
   *[other] This key is not valid, nor were many others from this address. Use a valid key; wrong
        ones may be tried again in { $count } seconds.
}
api-unknown-route-detail = No part of Rollcall answers at this address.
api-method-not-allowed-detail = The `Allow` header names the methods that are possible.
api-unreadable-body-detail = The body ended early, or its compression is broken. Send it again.
api-body-too-slow-detail = { $count ->
    [one] It has to be there within { $count } second. Send it again.
   *[other] It has to be there within { $count } seconds. Send it again.
}
api-crowded-detail = Send it again.
api-body-too-large-detail = The body may have at most { $bytes } bytes, after decompression.
api-invalid-message = Validation failed.
# The first of the members or parameters that are wrong.
api-invalid-detail = { $field }: { $message }
# $what is "Account" or the like.
api-entity-not-found-detail = { $what } not found.
api-entity-not-found-id-detail = { $what } not found: '{ $id }'.
api-email-taken-detail = Another one in this organization has this e-mail. Case makes no difference.
api-last-admin-detail = Somebody has to be told when the connection to the HR system fails. Add
    another admin first, or disable the directories.
api-external-id-taken-detail = Another one has this external_id already.
api-account-managed-delete-detail = The account cannot be deleted: the directory { $directory }
    manages it. Disable the directory first.
api-account-managed-detail = { $fields } cannot be changed here: the directory { $directory }
    manages this account. Change it in the HR system.
api-duplicate-endpoint-detail = Change the endpoint with this URL, or delete it first.
api-invalid-url-detail = endpoint_url { $message }.
api-organization-in-use-detail = Disable its directories first.
api-provider-not-allowed-detail = { $hr } is not among the allowed_providers of the organization.
    Add "{ $provider }" there first.
api-already-connected-detail = The directory { $directory } connects this organization to this HR
    system. Disable it before making another.
api-directory-disabled-detail = A disabled directory stays disabled. Make a new directory to connect
    again.
api-no-credential-detail = Enter a credential first: PUT …/credentials. One that waits for its
    permissions counts as soon as it has them: POST …/check.
api-no-admin-detail = Add an admin to the organization first, so that somebody is told of failures.
api-credential-refused-detail = The credential was refused or lacks a needed permission; nothing was
    stored. The member `check` tells which.
api-run-in-progress-detail = The run { $run } is not finished. Its end brings everything up to date.
api-call-budget-spent-detail = { $count ->
    [one] Ask again in { $count } second.
   *[other] Ask again in { $count } seconds.
}
api-invalid-cursor-detail = Use the id of an event as `after`, as the feed gave it.
api-cursor-expired-detail = Events after this cursor were deleted. Read the present state of the
    directories, then follow the feed without `after`.
api-idempotency-key-reused-detail = The same Idempotency-Key came with another path or body within
    24 hours. Use a new key for a new request.
api-request-under-way-detail = A request with this Idempotency-Key is not answered yet. Send it
    again soon; then the first answer is repeated.
api-busy-detail = Too much is waiting. Try again soon.
api-database-away-detail = The database cannot be reached. Try again soon.
api-disk-full-detail = The disk of the database is full, so nothing can be changed. Try again later.
api-read-only-detail = The database is read-only at the moment, so nothing can be changed. Try again
    later.
api-bad-request-detail = The request cannot be understood.
api-server-error-detail = Our log has the details under the request id. Trying again may help.

## Bodies that are not JSON

api-body-empty = The body is empty; a JSON object is needed.
api-json-ends = The JSON ends too early at line { $line }, column { $column }.
api-json-malformed = The JSON is malformed at line { $line }, column { $column }.

## What is wrong with a member or parameter. The name stands before it.

api-required = is required
api-null = must not be null
api-not-an-object = must be a JSON object
api-not-a-list = must be a list
api-has-nul = must not contain the character U+0000
# $known is a list of names.
api-not-known = is not known here; known are: { $known }
api-more-like-these = and { $count } more like these
api-not-a-moment = must be a moment, such as 2026-11-23T09:00:00.000Z
api-out-of-range = must be a whole number from 1 to { $most }
api-not-an-order = must be asc, desc or normal
api-not-of-this-list = must be the id of an item of this list
api-wrong-prefix = must be an id that starts with { $prefix }_
