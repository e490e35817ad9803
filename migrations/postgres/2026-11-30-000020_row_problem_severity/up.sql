-- A person can have several row problems, one of each code, and some of them are only warnings.
ALTER TABLE row_problems
    ADD COLUMN severity TEXT COLLATE "C" NOT NULL DEFAULT 'problem'
        CHECK (severity IN ('problem', 'warning')),
    ADD COLUMN detail TEXT COLLATE "C",
    DROP CONSTRAINT row_problems_directory_id_external_key_key,
    ADD UNIQUE (directory_id, external_key, code);
ALTER TABLE row_problems ALTER COLUMN severity DROP DEFAULT;

CREATE INDEX row_problems_severity ON row_problems (directory_id, severity, id);
