DROP INDEX deliveries_overtook;
DROP INDEX deliveries_ends;
UPDATE deliveries SET state = 'dead' WHERE state = 'overtaken';
ALTER TABLE deliveries
    DROP CONSTRAINT deliveries_state_check,
    ADD CONSTRAINT deliveries_state_check CHECK (state IN ('waiting', 'delivered', 'dead')),
    DROP COLUMN refused_since_ms,
    DROP COLUMN overtook,
    DROP COLUMN ends_access;
ALTER TABLE events DROP COLUMN ends_access;
