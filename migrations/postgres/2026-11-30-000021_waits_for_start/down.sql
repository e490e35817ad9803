ALTER TABLE directory_users DROP COLUMN waits_for_start;
