-- What was stored in several spellings is brought to one form by a step that runs after the
-- migrations, in short pieces; here it keeps how far it has come.
CREATE TABLE upgrade_steps (
    name TEXT NOT NULL PRIMARY KEY,
    position TEXT NOT NULL,
    done BOOLEAN NOT NULL
);

-- A department, position or office that turned out to be another one. The next full sync merges it.
ALTER TABLE catalogue_entries ADD COLUMN merges_into TEXT;

-- Accounts whose e-mail turned out to be another account's.
CREATE TABLE account_problems (
    account_id TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    owner_account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE
);
CREATE INDEX account_problems_organization ON account_problems (organization_id, account_id);
CREATE INDEX account_problems_owner ON account_problems (owner_account_id);
