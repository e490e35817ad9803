-- Set while rows are left of an organization that was deleted. It counts as gone.
ALTER TABLE organizations ADD COLUMN deleting_since_ms BIGINT;
CREATE INDEX organizations_deleting ON organizations (deleting_since_ms, id) WHERE deleting_since_ms IS NOT NULL;

-- Deleting a row asks every table that refers to it; without an index that reads the whole table, and
-- all organizations wait.
CREATE INDEX accounts_department ON accounts (department_id);
CREATE INDEX accounts_position ON accounts (position_id);
CREATE INDEX accounts_office_location ON accounts (office_location_id);
CREATE INDEX directory_users_organization ON directory_users (organization_id, id);
CREATE INDEX links_organization ON links (organization_id);
CREATE INDEX directory_groups_organization ON directory_groups (organization_id);
CREATE INDEX group_memberships_organization ON group_memberships (organization_id);
CREATE INDEX row_problems_organization ON row_problems (organization_id);
CREATE INDEX hold_items_organization ON hold_items (organization_id);
CREATE INDEX deactivations_organization ON deactivations (organization_id);
CREATE INDEX inbox_organization ON inbox (organization_id);
CREATE INDEX runs_organization ON runs (organization_id);
CREATE INDEX provider_calls_organization ON provider_calls (organization_id);
CREATE INDEX deliveries_organization ON deliveries (organization_id);
CREATE INDEX mails_organization ON mails (organization_id);
