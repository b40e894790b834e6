-- +goose Up

-- Users of applications: each is who one primary account belongs to. An application may say which id
-- its user has, so that an id is of one application.
CREATE TABLE users (
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    id             TEXT NOT NULL,
    work_hours     TEXT NOT NULL, -- JSON as the wire has it; empty for none
    created_at     INTEGER NOT NULL,
    active_at      INTEGER NOT NULL,
    PRIMARY KEY (application_id, id)
) STRICT;

-- One identity logs in as one user of an application.
CREATE UNIQUE INDEX accounts_primary ON accounts (application_id, service_type, subject, client_org_id) WHERE user_role = 'primary';

CREATE TABLE sessions (
    hash           BLOB PRIMARY KEY, -- SHA-256 of what the browser or the application holds
    application_id TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    by_cookie      INTEGER NOT NULL, -- it answers as a cookie alone; else as a header alone
    created_at     INTEGER NOT NULL,
    seen_at        INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    FOREIGN KEY (application_id, user_id) REFERENCES users (application_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX sessions_user ON sessions (application_id, user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- Signatures for a user that were used, until they would be too old anyway.
CREATE TABLE used_signatures (
    hash       BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX used_signatures_expires ON used_signatures (expires_at);

-- What a sign-in of a user is for, and how it is answered: cookie, none, or empty for a code.
ALTER TABLE attempts ADD COLUMN user_role TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN user_id TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN answer TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN mailbox_info TEXT NOT NULL DEFAULT '';

-- The user whose session a code is worth besides, and that session.
ALTER TABLE codes ADD COLUMN user_id TEXT NOT NULL DEFAULT '';
ALTER TABLE codes ADD COLUMN session_hash BLOB;
