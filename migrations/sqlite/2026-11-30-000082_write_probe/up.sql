-- One row that /readyz writes: a database that answers and takes no changes is not ready (O-08).
CREATE TABLE write_probe (
    id BIGINT NOT NULL PRIMARY KEY,
    written_at_ms BIGINT NOT NULL
);
INSERT INTO write_probe (id, written_at_ms) VALUES (1, 0);
