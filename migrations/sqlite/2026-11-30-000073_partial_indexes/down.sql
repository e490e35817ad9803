DROP INDEX directory_users_organization;
CREATE INDEX directory_users_organization ON directory_users (organization_id);
DROP INDEX organizations_deleting;
CREATE INDEX organizations_deleting ON organizations (deleting_since_ms);
DROP INDEX directories_clearing;
CREATE INDEX directories_clearing ON directories (clearing_since_ms);
