ALTER TABLE mails DROP COLUMN recipient_domain;
