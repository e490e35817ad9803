-- What is being deleted is almost always an empty list, and every reader asks for it: an index that
-- holds nothing else answers at once, on both databases (L-08, S-46).
DROP INDEX directories_clearing;
CREATE INDEX directories_clearing ON directories (clearing_since_ms, id) WHERE clearing_since_ms IS NOT NULL;
DROP INDEX organizations_deleting;
CREATE INDEX organizations_deleting ON organizations (deleting_since_ms, id) WHERE deleting_since_ms IS NOT NULL;
-- A new time zone reaches the people of an organization in the order of their ids (S-12).
DROP INDEX directory_users_organization;
CREATE INDEX directory_users_organization ON directory_users (organization_id, id);
