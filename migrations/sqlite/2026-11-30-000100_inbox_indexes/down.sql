DROP INDEX inbox_done;
DROP INDEX inbox_leases;
DROP INDEX inbox_waiting;
DROP INDEX inbox_due;
CREATE INDEX inbox_due ON inbox (state, next_at_ms);
CREATE INDEX inbox_directory ON inbox (directory_id, state);
