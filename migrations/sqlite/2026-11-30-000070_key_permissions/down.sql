DROP TABLE missing_people;
ALTER TABLE directories DROP COLUMN missing_permissions;
