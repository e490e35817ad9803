-- Set while rows are left of a directory that was disabled. They count as deleted (L-08).
ALTER TABLE directories ADD COLUMN clearing_since_ms BIGINT;
CREATE INDEX directories_clearing ON directories (clearing_since_ms, id) WHERE clearing_since_ms IS NOT NULL;
