DROP INDEX organizations_time_zone_reached;
ALTER TABLE organizations DROP COLUMN time_zone_reached;
