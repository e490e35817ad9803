-- With which credential a full sync has last seen the people of the company that is stored; until
-- it has, no look at one person counts (L-10). And which company the credential reads, when the HR
-- system tells.
ALTER TABLE directories ADD COLUMN company_generation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE directories ADD COLUMN credential_tenant_key TEXT COLLATE "C";
UPDATE directories SET company_generation = credential_generation
    WHERE last_success_at_ms IS NOT NULL;
