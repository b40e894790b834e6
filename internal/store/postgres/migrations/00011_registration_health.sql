-- +goose Up

-- Whether the provider takes a registration's client: one row for each of its authorization
-- servers that has ever objected. Times are the database's own clock.
CREATE TABLE registration_health (
    registration_id TEXT NOT NULL REFERENCES registrations (id) ON DELETE CASCADE,
    place           TEXT NOT NULL,    -- the authorization server of the grants; empty for the provider's only one
    revision        BIGINT NOT NULL, -- of the registration that the rest is about
    failing_since   BIGINT NOT NULL, -- 0 while it works
    class           TEXT NOT NULL,    -- of the last refusal, and the three below
    failure         TEXT NOT NULL,
    cause           TEXT NOT NULL,
    cure            TEXT NOT NULL,
    account_id      BIGINT NOT NULL, -- whose refresh was refused; it may be gone
    failures        BIGINT NOT NULL, -- in a row
    retry_at        BIGINT NOT NULL, -- nobody asks before
    probe           TEXT NOT NULL,    -- who asks now, while all others wait
    probe_until     BIGINT NOT NULL,
    good_secret     BIGINT NOT NULL, -- which of the secrets was taken last, from 0
    PRIMARY KEY (registration_id, place)
);

-- What the accounts of a registration that still works have failed with, to see whether
-- many fail alike.
CREATE TABLE registration_failures (
    registration_id TEXT NOT NULL REFERENCES registrations (id) ON DELETE CASCADE,
    place           TEXT NOT NULL,
    account_id      BIGINT NOT NULL,
    failure         TEXT NOT NULL,
    at              BIGINT NOT NULL,
    PRIMARY KEY (registration_id, place, account_id)
);

-- When the client secret ends, as its operator has entered it; 0 for nobody knows.
ALTER TABLE registrations ADD COLUMN secret_expires_at BIGINT NOT NULL DEFAULT 0;
