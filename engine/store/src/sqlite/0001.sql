-- The first tables. Times are microseconds since 1970, JSON is text: only the program reads it.

CREATE TABLE contacts(
    id      TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state   TEXT NOT NULL,
    wake_at INTEGER
);
CREATE INDEX contacts_wake ON contacts(wake_at, id) WHERE wake_at IS NOT NULL;

-- The primary key is the dedupe record of (source, id).
CREATE TABLE decisions(
    id         TEXT PRIMARY KEY,
    contact    TEXT NOT NULL,
    at         INTEGER NOT NULL,
    late       INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    receipt    TEXT NOT NULL,
    decided_at INTEGER NOT NULL,
    place      INTEGER NOT NULL
);
CREATE INDEX decisions_contact ON decisions(contact, at);

CREATE TABLE runs(
    id         TEXT PRIMARY KEY,
    workflow   TEXT NOT NULL,
    version    TEXT NOT NULL,
    contact    TEXT NOT NULL,
    status     TEXT NOT NULL,
    entered_at INTEGER NOT NULL,
    ended_at   INTEGER,
    arm        TEXT,
    exposed_at INTEGER,
    goal_at    INTEGER,
    goal_value REAL,
    body       TEXT NOT NULL
);
CREATE INDEX runs_contact ON runs(contact);
CREATE INDEX runs_exposed ON runs(workflow, exposed_at);
CREATE INDEX runs_version ON runs(workflow, version, status);

CREATE TABLE actions(
    id           TEXT PRIMARY KEY,
    contact      TEXT NOT NULL,
    workflow     TEXT NOT NULL,
    run          TEXT NOT NULL,
    channel      TEXT NOT NULL,
    purpose      TEXT NOT NULL,
    priority     INTEGER NOT NULL,
    state        TEXT NOT NULL,
    reason       TEXT,
    planned_at   INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    review_until INTEGER,
    review_goes  INTEGER NOT NULL,
    payload_hash TEXT NOT NULL,
    body         TEXT NOT NULL,
    gate         TEXT,
    fence        INTEGER NOT NULL DEFAULT 0,
    attempts     INTEGER NOT NULL DEFAULT 0,
    sending_at   INTEGER,
    lease_until  INTEGER,
    worker       TEXT,
    finished_at  INTEGER,
    note         TEXT,
    reviewer     TEXT,
    -- What a kill interrupted, for the resume.
    held_from    TEXT,
    held_due     INTEGER
);
CREATE INDEX actions_due ON actions(state, due_at);
CREATE INDEX actions_contact ON actions(contact, sending_at);
CREATE INDEX actions_workflow ON actions(workflow, sending_at);
CREATE INDEX actions_run ON actions(run);
CREATE INDEX actions_expiry ON actions(expires_at) WHERE state IN ('held', 'review', 'ready');
CREATE INDEX actions_review ON actions(review_until) WHERE state = 'review';

CREATE TABLE outcomes(
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    action TEXT NOT NULL,
    kind   TEXT NOT NULL,
    at     INTEGER NOT NULL
);
CREATE INDEX outcomes_action ON outcomes(action, at);

CREATE TABLE parked(
    id      TEXT PRIMARY KEY,
    origin  TEXT NOT NULL,
    code    TEXT NOT NULL,
    message TEXT NOT NULL,
    bytes   BLOB NOT NULL,
    headers TEXT NOT NULL,
    path    TEXT,
    at      INTEGER NOT NULL
);
CREATE INDEX parked_at ON parked(at);

CREATE TABLE queue(
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    body        BLOB NOT NULL,
    headers     TEXT NOT NULL,
    pushed_at   INTEGER NOT NULL,
    lease_until INTEGER NOT NULL DEFAULT 0,
    attempts    INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE workflows(
    name         TEXT NOT NULL,
    version      TEXT NOT NULL,
    body         TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    current      INTEGER NOT NULL,
    PRIMARY KEY (name, version)
);

CREATE TABLE stages(
    workflow TEXT PRIMARY KEY,
    body     TEXT NOT NULL
);

CREATE TABLE kills(
    scope  TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    who    TEXT NOT NULL,
    at     INTEGER NOT NULL
);

-- Who did what: kills, resumes, stages, verdicts.
CREATE TABLE control_log(
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    who    TEXT NOT NULL,
    what   TEXT NOT NULL,
    detail TEXT NOT NULL
);
