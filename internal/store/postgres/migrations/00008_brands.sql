-- +goose Up

-- What an application shows of itself on the pages, as JSON.
ALTER TABLE applications ADD COLUMN brand TEXT NOT NULL DEFAULT '{}';

-- The pictures that brands name by their hash. They stand apart: applications are read at
-- every sign-in, and a picture when a browser has not kept it.
CREATE TABLE logos (
    hash           TEXT COLLATE "C" NOT NULL, -- SHA-256 in base64url
    application_id TEXT COLLATE "C" NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    media_type     TEXT NOT NULL,
    data           BYTEA NOT NULL,
    PRIMARY KEY (hash, application_id)
);
CREATE INDEX logos_application ON logos (application_id);
