-- A person can have several row problems, one of each code, and some of them are only warnings.
-- SQLite cannot change a UNIQUE rule in place, so the table is made anew.
CREATE TABLE row_problems_new (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    external_key TEXT NOT NULL,
    employee_number TEXT,
    name TEXT NOT NULL,
    email TEXT,
    code TEXT NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('problem', 'warning')),
    detail TEXT,
    observation_seq BIGINT NOT NULL,
    first_seen_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    UNIQUE (directory_id, external_key, code)
);

INSERT INTO row_problems_new
    (id, organization_id, directory_id, external_key, employee_number, name, email, code,
     severity, detail, observation_seq, first_seen_at_ms, updated_at_ms)
SELECT id, organization_id, directory_id, external_key, employee_number, name, email, code,
    'problem', NULL, observation_seq, first_seen_at_ms, updated_at_ms
FROM row_problems;

DROP TABLE row_problems;
ALTER TABLE row_problems_new RENAME TO row_problems;

CREATE INDEX row_problems_severity ON row_problems (directory_id, severity, id);
