-- How often in a row a look at this person was not answered, and when the last one was: one person's
-- trouble is told from an outage by how many others have it (S-42).
ALTER TABLE inbox ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE inbox ADD COLUMN failed_at_ms BIGINT;

CREATE INDEX inbox_failed ON inbox (directory_id, failed_at_ms);
