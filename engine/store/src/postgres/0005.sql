-- Messages that came before and are handled alone: who began with one and never ended took its process along.
CREATE TABLE suspects(
    id         TEXT PRIMARY KEY,
    -- Processes that ended while they handled it alone.
    crashes    BIGINT NOT NULL,
    -- 1: somebody began and has not ended yet.
    open       BIGINT NOT NULL,
    worker     TEXT NOT NULL,
    started_at BIGINT NOT NULL
);
