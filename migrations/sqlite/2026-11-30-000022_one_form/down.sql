DROP TABLE account_problems;
ALTER TABLE catalogue_entries DROP COLUMN merges_into;
DROP TABLE upgrade_steps;
