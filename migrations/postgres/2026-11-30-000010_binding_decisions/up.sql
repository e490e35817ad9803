-- Decisions bind (S-32): a hold's list has a version, admins are reminded of what waits, and a
-- leaving date that has passed the guard is remembered instead of the time it has been known for.

ALTER TABLE holds DROP CONSTRAINT holds_kind_check;
ALTER TABLE holds ADD CONSTRAINT holds_kind_check CHECK (kind IN ('link', 'email_change',
    'deactivations', 'other_company', 'reused_number'));
ALTER TABLE holds ADD COLUMN list_version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE holds ALTER COLUMN list_version DROP DEFAULT;
ALTER TABLE holds ADD COLUMN notices BIGINT NOT NULL DEFAULT 0;
ALTER TABLE holds ALTER COLUMN notices DROP DEFAULT;
ALTER TABLE holds ADD COLUMN next_notice_at_ms BIGINT;
ALTER TABLE hold_items ADD COLUMN list_version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE hold_items ALTER COLUMN list_version DROP DEFAULT;
CREATE INDEX holds_next_notice ON holds (next_notice_at_ms);
-- What waits today is told with the schedule of what was opened now.
UPDATE holds SET notices = 1, next_notice_at_ms = (extract(epoch FROM now()) * 1000)::BIGINT + 86400000 WHERE state = 'open';

ALTER TABLE deactivations ADD COLUMN ended BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE deactivations ALTER COLUMN ended DROP DEFAULT;

ALTER TABLE directory_users ADD COLUMN leaving_date_cleared TEXT COLLATE "C";
UPDATE directory_users SET leaving_date_cleared = (record::json ->> 'leaving_date')
    WHERE leaving_date_since_ms < (extract(epoch FROM now()) * 1000)::BIGINT - 86400000;
ALTER TABLE directory_users DROP COLUMN leaving_date_since_ms;
