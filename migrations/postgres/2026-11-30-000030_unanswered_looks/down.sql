DROP INDEX inbox_failed;

ALTER TABLE inbox DROP COLUMN failed_at_ms;
ALTER TABLE inbox DROP COLUMN failures;
