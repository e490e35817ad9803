-- Key pairs that are right and lack permissions, sealed, until they have them: at most one for each
-- directory, and not longer than a day (L-14).
CREATE TABLE waiting_credentials (
    directory_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES directories (id) ON DELETE CASCADE,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    credential_sealed BYTEA NOT NULL,
    credential_last4 TEXT COLLATE "C" NOT NULL,
    missing_permissions TEXT COLLATE "C" NOT NULL,
    checked_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX waiting_credentials_expires ON waiting_credentials (expires_at_ms);
