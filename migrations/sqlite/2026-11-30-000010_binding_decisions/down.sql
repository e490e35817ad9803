-- The kinds that were added stay allowed; an older binary makes none of them.
DELETE FROM holds WHERE kind NOT IN ('link', 'email_change', 'deactivations');
ALTER TABLE directory_users ADD COLUMN leaving_date_since_ms BIGINT;
ALTER TABLE directory_users DROP COLUMN leaving_date_cleared;
ALTER TABLE deactivations DROP COLUMN ended;
DROP INDEX holds_next_notice;
ALTER TABLE holds DROP COLUMN next_notice_at_ms;
ALTER TABLE holds DROP COLUMN notices;
ALTER TABLE holds DROP COLUMN list_version;
ALTER TABLE hold_items DROP COLUMN list_version;
