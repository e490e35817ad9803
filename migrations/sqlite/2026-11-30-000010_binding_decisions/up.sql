-- Decisions bind (S-32): a hold's list has a version, admins are reminded of what waits, and a
-- leaving date that has passed the guard is remembered instead of the time it has been known for.

-- SQLite changes a CHECK only with a new table. The children move first: dropping a parent would
-- take them along.
CREATE TABLE holds_next (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('link', 'email_change', 'deactivations', 'other_company',
        'reused_number')),
    open_key TEXT UNIQUE,
    reason TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('open', 'approved', 'partly_approved', 'rejected', 'superseded')),
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    decided_at_ms BIGINT,
    decided_by TEXT,
    list_version BIGINT NOT NULL,
    notices BIGINT NOT NULL,
    next_notice_at_ms BIGINT
);
INSERT INTO holds_next SELECT id, organization_id, directory_id, kind, open_key, reason, state,
    created_at_ms, updated_at_ms, decided_at_ms, decided_by, 1, 0, NULL FROM holds;
CREATE TABLE hold_items_next (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    hold_id TEXT NOT NULL REFERENCES holds_next (id) ON DELETE CASCADE,
    external_key TEXT NOT NULL,
    account_id TEXT,
    name TEXT NOT NULL,
    planned_change TEXT NOT NULL,
    record_hash BLOB,
    decision TEXT CHECK (decision IN ('approved', 'rejected')),
    done_at_ms BIGINT,
    created_at_ms BIGINT NOT NULL,
    list_version BIGINT NOT NULL,
    UNIQUE (hold_id, external_key)
);
INSERT INTO hold_items_next SELECT id, organization_id, directory_id, hold_id, external_key,
    account_id, name, planned_change, record_hash, decision, done_at_ms, created_at_ms, 1
    FROM hold_items;
DROP TABLE hold_items;
DROP TABLE holds;
ALTER TABLE holds_next RENAME TO holds;
ALTER TABLE hold_items_next RENAME TO hold_items;
CREATE INDEX holds_directory ON holds (directory_id, state);
CREATE INDEX holds_state ON holds (state, created_at_ms);
CREATE INDEX hold_items_person ON hold_items (directory_id, external_key);
CREATE INDEX holds_next_notice ON holds (next_notice_at_ms);
-- What waits today is told with the schedule of what was opened now.
UPDATE holds SET notices = 1, next_notice_at_ms = CAST(strftime('%s', 'now') AS INTEGER) * 1000 + 86400000 WHERE state = 'open';

ALTER TABLE deactivations ADD COLUMN ended BOOLEAN NOT NULL DEFAULT 1;

ALTER TABLE directory_users ADD COLUMN leaving_date_cleared TEXT;
UPDATE directory_users SET leaving_date_cleared = json_extract(record, '$.leaving_date')
    WHERE leaving_date_since_ms < CAST(strftime('%s', 'now') AS INTEGER) * 1000 - 86400000;
ALTER TABLE directory_users DROP COLUMN leaving_date_since_ms;
