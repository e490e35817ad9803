DROP INDEX row_problems_severity;

DELETE FROM row_problems WHERE severity <> 'problem';
DELETE FROM row_problems a USING row_problems b
WHERE a.directory_id = b.directory_id AND a.external_key = b.external_key AND a.id > b.id;

ALTER TABLE row_problems
    DROP CONSTRAINT row_problems_directory_id_external_key_code_key,
    ADD UNIQUE (directory_id, external_key),
    DROP COLUMN detail,
    DROP COLUMN severity;
