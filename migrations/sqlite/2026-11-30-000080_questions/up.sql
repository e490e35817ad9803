-- People whom a complete list does not name and about whom the HR system is still to be asked, or has
-- not answered (S-31): the number of that list, when to ask next (unset: the next full sync asks),
-- and when the admins were told that no answer comes.
ALTER TABLE missing_people ADD COLUMN list_seq BIGINT;
ALTER TABLE missing_people ADD COLUMN question_at_ms BIGINT;
ALTER TABLE missing_people ADD COLUMN told_at_ms BIGINT;
CREATE INDEX missing_people_question ON missing_people (question_at_ms, directory_id)
    WHERE question_at_ms IS NOT NULL;
