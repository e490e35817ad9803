-- What the key of a directory may not do although it works without (L-04, L-13): the names of the
-- permissions in the HR system's own words, as a JSON list.
ALTER TABLE directories ADD COLUMN missing_permissions TEXT COLLATE "C" NOT NULL DEFAULT '[]';

-- Since when complete lists have not named somebody, in directories whose key may not ask about one
-- person: two lists an hour apart stand in for that question (L-13, S-31).
CREATE TABLE missing_people (
    directory_user_id TEXT COLLATE "C" NOT NULL PRIMARY KEY
        REFERENCES directory_users (id) ON DELETE CASCADE,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    directory_id TEXT COLLATE "C" NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    missing_since_ms BIGINT NOT NULL
);
CREATE INDEX missing_people_directory ON missing_people (directory_id);
