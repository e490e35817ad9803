-- A hold about loss of access is written in pieces: what is still adding to it, so that nobody is
-- let through when that is cut off. And who was on an open list and was seen again: should they
-- leave after all while it is open, they wait with the others (S-32).
ALTER TABLE holds ADD COLUMN gathering TEXT COLLATE "C" CHECK (gathering IN ('run', 'dates'));
ALTER TABLE hold_items ADD COLUMN left_at_ms BIGINT;
