-- Retention looks for what is oldest. Rows are appended in order of this time, so ranges of pages are enough of an index; it
-- costs the writers nothing that can be measured.
CREATE INDEX decisions_age ON decisions USING brin(decided_at);
