-- Identity, accounts, where people stand, and for whom tasks are.

-- Every other id of a contact. Each has a row in `contacts`, too, that points to the same contact: so the primary key
-- there decides between an id that becomes an alias and the same id as a new contact.
CREATE TABLE aliases(
    alias   TEXT PRIMARY KEY,
    contact TEXT NOT NULL
);
CREATE INDEX aliases_contact ON aliases(contact);

CREATE TABLE accounts(
    id      TEXT PRIMARY KEY,
    state   TEXT NOT NULL,
    version BIGINT NOT NULL
);

-- The step at which an active run stands. Rows of before have none here: their body says it.
ALTER TABLE runs ADD COLUMN step TEXT;
-- 1: the contact was on both sides of the comparison.
ALTER TABLE runs ADD COLUMN crossed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX runs_standing ON runs(workflow, contact) WHERE status IN ('waiting', 'held');

-- For whom a task is; empty for nobody. Rows of before have none here: their body says it.
ALTER TABLE actions ADD COLUMN assignee TEXT;
CREATE INDEX actions_assignee ON actions(assignee, sending_at) WHERE channel = 'task';
