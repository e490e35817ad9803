ALTER TABLE directories DROP COLUMN credential_tenant_key;
ALTER TABLE directories DROP COLUMN company_generation;
