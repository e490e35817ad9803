-- When a process last saw the time, and since when the clock has gone on without a jump: on the word
-- of a clock that has just jumped nothing is destroyed (O-06).
CREATE TABLE clock_belief (
    id BIGINT NOT NULL PRIMARY KEY,
    seen_at_ms BIGINT NOT NULL,
    since_ms BIGINT NOT NULL
);
