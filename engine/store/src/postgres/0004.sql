-- 1: claimed by a worker that has not begun to call the channel, so that a claim of a worker that does not come back may be
-- repeated on every channel. Workers of before leave it empty, and so does what has begun.
ALTER TABLE actions ADD COLUMN untouched BIGINT;
