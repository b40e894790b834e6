-- +goose Up

-- Where an application is told of what becomes of its accounts. Which URLs there are
-- stands in its settings; here is how each of them fares.
CREATE TABLE webhook_endpoints (
    id             TEXT PRIMARY KEY,
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    url            TEXT NOT NULL,
    holder         TEXT NOT NULL,    -- who delivers; empty for nobody
    held_until     INTEGER NOT NULL,
    failures       INTEGER NOT NULL, -- in a row, of the endpoint as a whole
    retry_at       INTEGER NOT NULL,
    UNIQUE (application_id, url)
) STRICT;

-- What signs the deliveries.
CREATE TABLE signing_secrets (
    application_id TEXT PRIMARY KEY REFERENCES applications (id) ON DELETE CASCADE,
    id             TEXT NOT NULL UNIQUE,
    sealed         BLOB NOT NULL,
    created_at     INTEGER NOT NULL
) STRICT;

-- What has happened, written in the same change as what happened. No foreign keys: an
-- account's deletion outlives the account, and a change that holds an account must not
-- wait for its application.
CREATE TABLE events (
    id              INTEGER PRIMARY KEY AUTOINCREMENT, -- ascending in time for one account
    record_id       TEXT NOT NULL UNIQUE,              -- by which receivers know it again
    application_id  TEXT NOT NULL,
    kind            TEXT NOT NULL,
    account_id      INTEGER NOT NULL, -- 0: of a registration
    registration_id TEXT NOT NULL,
    at              INTEGER NOT NULL,
    data            TEXT NOT NULL     -- JSON
) STRICT;
CREATE INDEX events_application ON events (application_id, id);
CREATE INDEX events_at ON events (at);

CREATE TABLE deliveries (
    event_id    INTEGER NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    endpoint_id TEXT NOT NULL,
    stream      TEXT NOT NULL,    -- within which the order is kept: the endpoint and the account
    state       TEXT NOT NULL,    -- waiting, delivered or failed
    attempts    INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    until_at    INTEGER NOT NULL, -- no try after that
    failure     TEXT NOT NULL,    -- of the last try
    ended_at    INTEGER NOT NULL, -- 0 while it waits
    PRIMARY KEY (event_id, endpoint_id)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at, event_id) WHERE state = 'waiting';
CREATE INDEX deliveries_stream ON deliveries (stream, event_id) WHERE state = 'waiting';

-- The credential that a link to sign in again was made for; 0 for a sign-in without one.
ALTER TABLE attempts ADD COLUMN link_generation INTEGER NOT NULL DEFAULT 0;
