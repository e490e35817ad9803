-- The end of access overtakes what an endpoint does not take (A-04): which events and deliveries say
-- it, which deliveries have gone past others, since when one is refused, and what was overtaken.
ALTER TABLE events ADD COLUMN ends_access BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE deliveries
    ADD COLUMN ends_access BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN overtook BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN refused_since_ms BIGINT,
    DROP CONSTRAINT deliveries_state_check,
    ADD CONSTRAINT deliveries_state_check
        CHECK (state IN ('waiting', 'delivered', 'dead', 'overtaken'));
CREATE INDEX deliveries_ends ON deliveries (endpoint_id, directory_id, number) WHERE ends_access;
CREATE INDEX deliveries_overtook ON deliveries (endpoint_id, lane) WHERE overtook;

-- What waits today may overtake too.
UPDATE events SET ends_access = TRUE
    WHERE number > (SELECT MIN(dispatched_number) FROM endpoints)
    AND (event_type = 'dsync.user.deleted'
        OR (event_type = 'dsync.user.updated' AND data::json ->> 'state' = 'inactive'));
UPDATE deliveries SET refused_since_ms = last_attempt_at_ms WHERE state = 'waiting' AND attempts > 0;
UPDATE deliveries SET ends_access = TRUE
    WHERE state = 'waiting' AND delivery_trigger = 'event' AND EXISTS (
        SELECT 1 FROM events WHERE events.number = deliveries.event_number
        AND (events.event_type = 'dsync.user.deleted' OR (events.event_type = 'dsync.user.updated'
            AND events.data::json ->> 'state' = 'inactive')));
