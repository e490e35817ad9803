CREATE TABLE row_problems_old (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    external_key TEXT NOT NULL,
    employee_number TEXT,
    name TEXT NOT NULL,
    email TEXT,
    code TEXT NOT NULL,
    observation_seq BIGINT NOT NULL,
    first_seen_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    UNIQUE (directory_id, external_key)
);

INSERT OR IGNORE INTO row_problems_old
    (id, organization_id, directory_id, external_key, employee_number, name, email, code,
     observation_seq, first_seen_at_ms, updated_at_ms)
SELECT id, organization_id, directory_id, external_key, employee_number, name, email, code,
    observation_seq, first_seen_at_ms, updated_at_ms
FROM row_problems WHERE severity = 'problem' ORDER BY id;

DROP TABLE row_problems;
ALTER TABLE row_problems_old RENAME TO row_problems;
