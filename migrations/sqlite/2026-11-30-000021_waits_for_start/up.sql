-- Who has not begun yet is employed, and for the application not active before their first day.
ALTER TABLE directory_users ADD COLUMN waits_for_start BOOLEAN NOT NULL DEFAULT FALSE;
