-- Set while a new time zone has not reached everybody: the last person it has reached, empty before the
-- first one (S-12, S-46).
ALTER TABLE organizations ADD COLUMN time_zone_reached TEXT COLLATE "C";
CREATE INDEX organizations_time_zone_reached ON organizations (id) WHERE time_zone_reached IS NOT NULL;
