-- +goose Up

-- Where an application is told of what becomes of its accounts. Which URLs there are
-- stands in its settings; here is how each of them fares.
CREATE TABLE webhook_endpoints (
    id             TEXT COLLATE "C" PRIMARY KEY,
    application_id TEXT COLLATE "C" NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    url            TEXT NOT NULL,
    holder         TEXT NOT NULL,    -- who delivers; empty for nobody
    held_until     BIGINT NOT NULL,
    failures       BIGINT NOT NULL, -- in a row, of the endpoint as a whole
    retry_at       BIGINT NOT NULL,
    UNIQUE (application_id, url)
);

-- What signs the deliveries.
CREATE TABLE signing_secrets (
    application_id TEXT COLLATE "C" PRIMARY KEY REFERENCES applications (id) ON DELETE CASCADE,
    id             TEXT COLLATE "C" NOT NULL UNIQUE,
    sealed         BYTEA NOT NULL,
    created_at     BIGINT NOT NULL
);

-- What has happened, written in the same change as what happened. No foreign keys: an
-- account's deletion outlives the account, and a change that holds an account must not
-- wait for its application.
CREATE TABLE events (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- ascending in time for one account
    record_id       TEXT COLLATE "C" NOT NULL UNIQUE,              -- by which receivers know it again
    application_id  TEXT COLLATE "C" NOT NULL,
    kind            TEXT NOT NULL,
    account_id      BIGINT NOT NULL, -- 0: of a registration
    registration_id TEXT COLLATE "C" NOT NULL,
    at              BIGINT NOT NULL,
    data            TEXT NOT NULL     -- JSON
);
CREATE INDEX events_application ON events (application_id, id);
CREATE INDEX events_at ON events (at);

CREATE TABLE deliveries (
    event_id    BIGINT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    endpoint_id TEXT COLLATE "C" NOT NULL,
    stream      TEXT COLLATE "C" NOT NULL,    -- within which the order is kept: the endpoint and the account
    state       TEXT NOT NULL,    -- waiting, delivered or failed
    attempts    BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    until_at    BIGINT NOT NULL, -- no try after that
    failure     TEXT NOT NULL,    -- of the last try
    ended_at    BIGINT NOT NULL, -- 0 while it waits
    PRIMARY KEY (event_id, endpoint_id)
);
CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at, event_id) WHERE state = 'waiting';
CREATE INDEX deliveries_stream ON deliveries (stream, event_id) WHERE state = 'waiting';

-- The credential that a link to sign in again was made for; 0 for a sign-in without one.
ALTER TABLE attempts ADD COLUMN link_generation BIGINT NOT NULL DEFAULT 0;
