-- Hints are kept for weeks after they are settled. What looks for those that wait, or whose claim
-- has ended, must not walk past all of them: each index has the rows of its question only.
UPDATE inbox SET waiting_key = NULL WHERE state <> 'waiting' AND waiting_key IS NOT NULL;
UPDATE inbox SET lease_until_ms = NULL WHERE state <> 'leased' AND lease_until_ms IS NOT NULL;
DROP INDEX inbox_due;
DROP INDEX inbox_directory;
CREATE INDEX inbox_due ON inbox (next_at_ms) WHERE waiting_key IS NOT NULL;
CREATE INDEX inbox_waiting ON inbox (directory_id, id) WHERE waiting_key IS NOT NULL;
CREATE INDEX inbox_leases ON inbox (lease_until_ms) WHERE lease_until_ms IS NOT NULL;
CREATE INDEX inbox_done ON inbox (done_at_ms) WHERE done_at_ms IS NOT NULL;
