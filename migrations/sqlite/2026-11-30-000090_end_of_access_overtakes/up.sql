-- The end of access overtakes what an endpoint does not take (A-04): which events and deliveries say
-- it, which deliveries have gone past others, since when one is refused, and what was overtaken.
ALTER TABLE events ADD COLUMN ends_access BOOLEAN NOT NULL DEFAULT 0;

-- SQLite changes a CHECK only with a new table. The children move first: dropping a parent would
-- take them along.
CREATE TABLE deliveries_next (
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
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead', 'overtaken')),
    attempts BIGINT NOT NULL,
    next_at_ms BIGINT NOT NULL,
    last_attempt_at_ms BIGINT,
    last_status BIGINT,
    last_error TEXT,
    done_at_ms BIGINT,
    created_at_ms BIGINT NOT NULL,
    ends_access BOOLEAN NOT NULL DEFAULT 0,
    overtook BOOLEAN NOT NULL DEFAULT 0,
    refused_since_ms BIGINT
);
INSERT INTO deliveries_next (number, endpoint_id, organization_id, directory_id, delivery_trigger,
    event_number, dispatched_key, event_type, test_body, lane, group_lane, barrier, state, attempts,
    next_at_ms, last_attempt_at_ms, last_status, last_error, done_at_ms, created_at_ms)
    SELECT number, endpoint_id, organization_id, directory_id, delivery_trigger,
    event_number, dispatched_key, event_type, test_body, lane, group_lane, barrier, state, attempts,
    next_at_ms, last_attempt_at_ms, last_status, last_error, done_at_ms, created_at_ms FROM deliveries;
CREATE TABLE delivery_attempts_next (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    delivery_number BIGINT NOT NULL REFERENCES deliveries_next (number) ON DELETE CASCADE,
    attempted_at_ms BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    status BIGINT,
    error TEXT
);
INSERT INTO delivery_attempts_next SELECT id, delivery_number, attempted_at_ms, duration_ms, status,
    error FROM delivery_attempts;
-- No number is given twice, also when the newest rows are gone.
DELETE FROM sqlite_sequence WHERE name IN ('deliveries_next', 'delivery_attempts_next');
INSERT INTO sqlite_sequence (name, seq) SELECT name || '_next', seq FROM sqlite_sequence
    WHERE name IN ('deliveries', 'delivery_attempts');
DROP TABLE delivery_attempts;
DROP TABLE deliveries;
ALTER TABLE deliveries_next RENAME TO deliveries;
ALTER TABLE delivery_attempts_next RENAME TO delivery_attempts;
CREATE INDEX deliveries_open ON deliveries (endpoint_id, state, number);
CREATE INDEX deliveries_lane ON deliveries (endpoint_id, lane, state, number);
CREATE INDEX deliveries_event ON deliveries (event_number);
CREATE INDEX deliveries_done ON deliveries (state, done_at_ms);
CREATE INDEX deliveries_organization ON deliveries (organization_id);
CREATE INDEX delivery_attempts_delivery ON delivery_attempts (delivery_number);
CREATE INDEX deliveries_ends ON deliveries (endpoint_id, directory_id, number) WHERE ends_access;
CREATE INDEX deliveries_overtook ON deliveries (endpoint_id, lane) WHERE overtook;

-- What waits today may overtake too.
UPDATE events SET ends_access = 1
    WHERE number > (SELECT MIN(dispatched_number) FROM endpoints)
    AND (event_type = 'dsync.user.deleted'
        OR (event_type = 'dsync.user.updated' AND json_extract(data, '$.state') = 'inactive'));
UPDATE deliveries SET refused_since_ms = last_attempt_at_ms WHERE state = 'waiting' AND attempts > 0;
UPDATE deliveries SET ends_access = 1
    WHERE state = 'waiting' AND delivery_trigger = 'event' AND EXISTS (
        SELECT 1 FROM events WHERE events.number = deliveries.event_number
        AND (events.event_type = 'dsync.user.deleted' OR (events.event_type = 'dsync.user.updated'
            AND json_extract(events.data, '$.state') = 'inactive')));
