-- Conventions (docs/ARCHITECTURE.md, "The database"): ids are prefixed text, moments are
-- milliseconds since 1970 in UTC (`…_at_ms`), dates are `YYYY-MM-DD`, JSON is text. A nullable
-- unique `…_key` column says "at most one of these while it is open": it is set to NULL when the row
-- closes, which both databases treat as distinct. Every table that belongs to a customer carries
-- organization_id.

CREATE TABLE organizations (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    external_id TEXT UNIQUE,
    time_zone TEXT,
    allowed_providers TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);

CREATE TABLE admins (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    email_norm TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    UNIQUE (organization_id, email_norm)
);

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    key_hash BLOB NOT NULL UNIQUE,
    last4 TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    revoked_at_ms BIGINT
);

CREATE TABLE data_keys (
    id TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL UNIQUE CHECK (purpose IN ('sealing', 'lookup', 'record')),
    sealed BLOB NOT NULL,
    created_at_ms BIGINT NOT NULL
);

CREATE TABLE catalogue_entries (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('department', 'position', 'office_location')),
    name TEXT NOT NULL,
    name_norm TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    UNIQUE (organization_id, kind, name_norm)
);

CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    email_norm TEXT,
    first_name TEXT,
    last_name TEXT,
    external_id TEXT,
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive', 'pending')),
    manager_account_id TEXT REFERENCES accounts (id) ON DELETE SET NULL,
    department_id TEXT REFERENCES catalogue_entries (id),
    position_id TEXT REFERENCES catalogue_entries (id),
    office_location_id TEXT REFERENCES catalogue_entries (id),
    start_date TEXT,
    leaving_date TEXT,
    protected BOOLEAN NOT NULL,
    attributes TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    UNIQUE (organization_id, email_norm),
    UNIQUE (organization_id, external_id)
);
CREATE INDEX accounts_manager ON accounts (manager_account_id);

CREATE TABLE directories (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    provider TEXT NOT NULL CHECK (provider IN ('people_hr', 'breathe_hr', 'hrworks')),
    open_key TEXT UNIQUE,
    name TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('setup', 'validating', 'active', 'failing', 'disabled')),
    strict BOOLEAN NOT NULL,
    poll_seconds BIGINT NOT NULL,
    inactive_policy TEXT NOT NULL CHECK (inactive_policy IN ('keep', 'delete')),
    relink TEXT NOT NULL CHECK (relink IN ('ledger', 'email')),
    external_key TEXT NOT NULL,
    webhook_token_hash BLOB UNIQUE,
    webhook_token_sealed BLOB,
    credential_sealed BLOB,
    credential_last4 TEXT,
    credential_checked_at_ms BIGINT,
    credential_generation BIGINT NOT NULL,
    tenant_key TEXT,
    observation_seq BIGINT NOT NULL,
    next_sync_at_ms BIGINT,
    last_success_at_ms BIGINT,
    failure_class TEXT,
    failure_detail TEXT,
    failure_since_ms BIGINT,
    failure_last_ms BIGINT,
    failure_tries BIGINT NOT NULL,
    retry_at_ms BIGINT,
    silent_since_ms BIGINT,
    activated_at_ms BIGINT,
    disabled_at_ms BIGINT,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);
CREATE INDEX directories_organization ON directories (organization_id);
CREATE INDEX directories_state ON directories (state);
CREATE INDEX directories_next_sync ON directories (next_sync_at_ms);

CREATE TABLE directory_users (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    external_key TEXT NOT NULL,
    key_kind TEXT NOT NULL CHECK (key_kind IN ('stable', 'editable')),
    employee_number TEXT,
    email_norm TEXT,
    first_last TEXT NOT NULL,
    name_order TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'inactive')),
    membership TEXT NOT NULL CHECK (membership IN ('member', 'not_member', 'not_shown')),
    record TEXT NOT NULL,
    raw_hash BLOB,
    leaving_date_since_ms BIGINT,
    due_at_ms BIGINT,
    listed BOOLEAN NOT NULL,
    observation_seq BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    UNIQUE (directory_id, external_key)
);
CREATE INDEX directory_users_number ON directory_users (directory_id, employee_number);
CREATE INDEX directory_users_email ON directory_users (directory_id, email_norm);
CREATE INDEX directory_users_first_last ON directory_users (directory_id, first_last);
CREATE INDEX directory_users_name_order ON directory_users (directory_id, name_order);
CREATE INDEX directory_users_due ON directory_users (due_at_ms);

CREATE TABLE links (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    directory_user_id TEXT NOT NULL UNIQUE
        REFERENCES directory_users (id) ON DELETE CASCADE ON UPDATE CASCADE,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    link_rule TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    UNIQUE (directory_id, account_id)
);
CREATE INDEX links_account ON links (account_id);

CREATE TABLE directory_groups (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    group_key TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    UNIQUE (directory_id, group_key)
);

CREATE TABLE group_memberships (
    directory_user_id TEXT NOT NULL PRIMARY KEY
        REFERENCES directory_users (id) ON DELETE CASCADE ON UPDATE CASCADE,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    group_id TEXT NOT NULL REFERENCES directory_groups (id) ON DELETE CASCADE
);
CREATE INDEX group_memberships_group ON group_memberships (group_id);

CREATE TABLE row_problems (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    external_key TEXT NOT NULL,
    employee_number TEXT,
    name TEXT NOT NULL,
    email TEXT,
    code TEXT NOT NULL,
    observation_seq BIGINT NOT NULL,
    first_seen_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    UNIQUE (directory_id, external_key)
);

CREATE TABLE holds (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('link', 'email_change', 'deactivations')),
    open_key TEXT UNIQUE,
    reason TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('open', 'approved', 'partly_approved', 'rejected', 'superseded')),
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    decided_at_ms BIGINT,
    decided_by TEXT
);
CREATE INDEX holds_directory ON holds (directory_id, state);
CREATE INDEX holds_state ON holds (state, created_at_ms);

CREATE TABLE hold_items (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    hold_id TEXT NOT NULL REFERENCES holds (id) ON DELETE CASCADE,
    external_key TEXT NOT NULL,
    account_id TEXT,
    name TEXT NOT NULL,
    planned_change TEXT NOT NULL,
    record_hash BLOB,
    decision TEXT CHECK (decision IN ('approved', 'rejected')),
    done_at_ms BIGINT,
    created_at_ms BIGINT NOT NULL,
    UNIQUE (hold_id, external_key)
);
CREATE INDEX hold_items_person ON hold_items (directory_id, external_key);

CREATE TABLE deactivations (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL,
    deactivated_at_ms BIGINT NOT NULL
);
CREATE INDEX deactivations_directory ON deactivations (directory_id, deactivated_at_ms);

CREATE TABLE former_links (
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    person_hash BLOB NOT NULL,
    provider TEXT NOT NULL CHECK (provider IN ('people_hr', 'breathe_hr', 'hrworks')),
    key_kind TEXT NOT NULL CHECK (key_kind IN ('stable', 'editable')),
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (organization_id, person_hash)
);
CREATE INDEX former_links_account ON former_links (account_id);

CREATE TABLE account_changes (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL,
    directory_id TEXT,
    external_key TEXT,
    cause TEXT NOT NULL
        CHECK (cause IN ('hook', 'run', 'clock', 'decision', 'api_key', 'admin')),
    cause_id TEXT,
    rule TEXT NOT NULL,
    changes TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX account_changes_account ON account_changes (account_id, id);
CREATE INDEX account_changes_created ON account_changes (created_at_ms);
CREATE INDEX account_changes_organization ON account_changes (organization_id, id);

CREATE TABLE actions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX actions_organization ON actions (organization_id, id);
CREATE INDEX actions_directory ON actions (directory_id, id);
CREATE INDEX actions_created ON actions (created_at_ms);

CREATE TABLE inbox (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    employee_hint TEXT NOT NULL,
    action_id BIGINT,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'leased', 'done')),
    waiting_key TEXT UNIQUE,
    hooks BIGINT NOT NULL,
    first_received_at_ms BIGINT NOT NULL,
    last_received_at_ms BIGINT NOT NULL,
    last_received_seq BIGINT NOT NULL,
    next_at_ms BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    lease_until_ms BIGINT,
    lease_epoch BIGINT NOT NULL,
    done_at_ms BIGINT,
    outcome TEXT
);
CREATE INDEX inbox_due ON inbox (state, next_at_ms);
CREATE INDEX inbox_directory ON inbox (directory_id, state);

CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    run_trigger TEXT NOT NULL
        CHECK (run_trigger IN ('setup', 'credentials', 'scheduled', 'manual', 'burst')),
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed')),
    open_key TEXT UNIQUE,
    requested_at_ms BIGINT NOT NULL,
    started_at_ms BIGINT,
    finished_at_ms BIGINT,
    next_at_ms BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    lease_until_ms BIGINT,
    lease_epoch BIGINT NOT NULL,
    error_class TEXT,
    error_message TEXT,
    counts TEXT NOT NULL
);
CREATE INDEX runs_due ON runs (state, next_at_ms);
CREATE INDEX runs_directory ON runs (directory_id, id);

CREATE TABLE event_sequence (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    last_number BIGINT NOT NULL
);
INSERT INTO event_sequence (id, last_number) VALUES (1, 0);

CREATE TABLE events (
    number BIGINT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT,
    event_type TEXT NOT NULL,
    lane TEXT NOT NULL,
    group_lane TEXT,
    data TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX events_organization ON events (organization_id, number);
CREATE INDEX events_created ON events (created_at_ms);

CREATE TABLE notices (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT,
    kind TEXT NOT NULL,
    episode_key TEXT UNIQUE,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    link TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX notices_organization ON notices (organization_id, id);

CREATE TABLE mails (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    notice_id TEXT REFERENCES notices (id) ON DELETE CASCADE,
    text_sealed BLOB,
    recipient_email TEXT NOT NULL,
    recipient_name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'leased', 'sent', 'undelivered')),
    attempts BIGINT NOT NULL,
    next_at_ms BIGINT NOT NULL,
    lease_until_ms BIGINT,
    lease_epoch BIGINT NOT NULL,
    sent_at_ms BIGINT,
    last_error TEXT,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX mails_due ON mails (state, next_at_ms);
CREATE INDEX mails_notice ON mails (notice_id);

CREATE TABLE provider_calls (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    called_at_ms BIGINT NOT NULL
);
CREATE INDEX provider_calls_directory ON provider_calls (directory_id, called_at_ms);
CREATE INDEX provider_calls_provider ON provider_calls (provider, called_at_ms);

CREATE TABLE provider_throttles (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    throttled_at_ms BIGINT NOT NULL,
    calls_per_minute BIGINT
);
CREATE INDEX provider_throttles_provider ON provider_throttles (provider, throttled_at_ms);

CREATE TABLE shared_paces (
    provider TEXT NOT NULL PRIMARY KEY,
    calls_per_minute BIGINT NOT NULL,
    learned_at_ms BIGINT NOT NULL,
    last_throttled_at_ms BIGINT NOT NULL
);

CREATE TABLE endpoints (
    id TEXT NOT NULL PRIMARY KEY,
    endpoint_url TEXT NOT NULL UNIQUE,
    event_types TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('enabled', 'disabled')),
    disabled_reason TEXT CHECK (disabled_reason IN ('by_hand', 'gone', 'failing')),
    legacy_signs_with TEXT NOT NULL CHECK (legacy_signs_with IN ('new', 'old')),
    dispatched_number BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    failing_since_ms BIGINT,
    paused_until_ms BIGINT,
    last_success_at_ms BIGINT,
    lease_until_ms BIGINT,
    lease_epoch BIGINT NOT NULL,
    due_at_ms BIGINT,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);

CREATE TABLE endpoint_secrets (
    id TEXT NOT NULL PRIMARY KEY,
    endpoint_id TEXT NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    expires_at_ms BIGINT,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX endpoint_secrets_endpoint ON endpoint_secrets (endpoint_id);

CREATE TABLE deliveries (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    endpoint_id TEXT NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
    organization_id TEXT REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT,
    delivery_trigger TEXT NOT NULL CHECK (delivery_trigger IN ('event', 'replay', 'test')),
    event_number BIGINT REFERENCES events (number) ON DELETE CASCADE,
    dispatched_key TEXT UNIQUE,
    event_type TEXT NOT NULL,
    test_body TEXT,
    lane TEXT NOT NULL,
    group_lane TEXT,
    barrier BOOLEAN NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts BIGINT NOT NULL,
    next_at_ms BIGINT NOT NULL,
    last_attempt_at_ms BIGINT,
    last_status BIGINT,
    last_error TEXT,
    done_at_ms BIGINT,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX deliveries_open ON deliveries (endpoint_id, state, number);
CREATE INDEX deliveries_lane ON deliveries (endpoint_id, lane, state, number);
CREATE INDEX deliveries_event ON deliveries (event_number);
CREATE INDEX deliveries_done ON deliveries (state, done_at_ms);

CREATE TABLE delivery_attempts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    delivery_number BIGINT NOT NULL REFERENCES deliveries (number) ON DELETE CASCADE,
    attempted_at_ms BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    status BIGINT,
    error TEXT
);
CREATE INDEX delivery_attempts_delivery ON delivery_attempts (delivery_number);

CREATE TABLE portal_links (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    admin_id TEXT REFERENCES admins (id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL UNIQUE,
    return_url TEXT,
    success_url TEXT,
    expires_at_ms BIGINT NOT NULL,
    used_at_ms BIGINT,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX portal_links_organization ON portal_links (organization_id);
CREATE INDEX portal_links_admin ON portal_links (admin_id);

CREATE TABLE portal_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    admin_id TEXT REFERENCES admins (id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL UNIQUE,
    return_url TEXT,
    success_url TEXT,
    last_used_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX portal_sessions_organization ON portal_sessions (organization_id);
CREATE INDEX portal_sessions_admin ON portal_sessions (admin_id);
CREATE INDEX portal_sessions_expires ON portal_sessions (expires_at_ms);

CREATE TABLE operator_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    api_key_id TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL UNIQUE,
    last_used_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX operator_sessions_key ON operator_sessions (api_key_id);
CREATE INDEX operator_sessions_expires ON operator_sessions (expires_at_ms);

CREATE TABLE idempotent_answers (
    api_key_id TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    key_hash BLOB NOT NULL,
    request_hash BLOB NOT NULL,
    answer_sealed BLOB,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (api_key_id, key_hash)
);
CREATE INDEX idempotent_answers_created ON idempotent_answers (created_at_ms);
