DROP INDEX directories_clearing;
ALTER TABLE directories DROP COLUMN clearing_since_ms;
