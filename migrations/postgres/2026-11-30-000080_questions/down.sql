DROP INDEX missing_people_question;
ALTER TABLE missing_people DROP COLUMN told_at_ms;
ALTER TABLE missing_people DROP COLUMN question_at_ms;
ALTER TABLE missing_people DROP COLUMN list_seq;
