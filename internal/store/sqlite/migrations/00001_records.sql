-- +goose Up

-- Times are unix milliseconds, 0 for none. Lists of scopes are space-separated.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE applications (
    id         TEXT PRIMARY KEY,
    client_id  TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    settings   TEXT NOT NULL, -- JSON
    data_key   BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE return_urls (
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL,
    url            TEXT NOT NULL,
    origin         TEXT, -- of http and https URLs only
    PRIMARY KEY (application_id, position),
    UNIQUE (application_id, url)
) STRICT;
CREATE INDEX return_urls_origin ON return_urls (origin) WHERE origin IS NOT NULL;

CREATE TABLE allowed_origins (
    origin         TEXT NOT NULL,
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    PRIMARY KEY (origin, application_id)
) STRICT;

CREATE TABLE application_secrets (
    id             TEXT PRIMARY KEY,
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    hash           BLOB NOT NULL,
    sealed         BLOB,
    created_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX application_secrets_application ON application_secrets (application_id, created_at);

CREATE TABLE registrations (
    id              TEXT PRIMARY KEY,
    application_id  TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    service_type    TEXT NOT NULL,
    client_id       TEXT NOT NULL,
    scopes          TEXT NOT NULL,
    native_scopes   TEXT NOT NULL,
    tenant          TEXT NOT NULL,
    cloud           TEXT NOT NULL,
    endpoints       TEXT NOT NULL, -- JSON
    callback_url    TEXT NOT NULL,
    unbound_browser INTEGER NOT NULL,
    is_current      INTEGER NOT NULL,
    data_key        BLOB,
    sealed          BLOB,
    revision        INTEGER NOT NULL, -- grows with each change
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    UNIQUE (application_id, service_type, client_id)
) STRICT;
CREATE UNIQUE INDEX registrations_current ON registrations (application_id, service_type) WHERE is_current;

CREATE TABLE attempts (
    id              TEXT PRIMARY KEY,
    state_hash      BLOB NOT NULL UNIQUE,
    application_id  TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    registration_id TEXT NOT NULL REFERENCES registrations (id) ON DELETE CASCADE,
    service_type    TEXT NOT NULL,
    browser_hash    BLOB,
    unbound         INTEGER NOT NULL,
    verifier        BLOB,
    result          BLOB,
    return_url      TEXT NOT NULL,
    state           TEXT NOT NULL,
    token_mode      INTEGER NOT NULL,
    scopes          TEXT NOT NULL,
    native_scopes   TEXT NOT NULL,
    account_id      INTEGER NOT NULL,
    client_org_id   TEXT NOT NULL,
    login_hint      TEXT NOT NULL,
    prompt          TEXT NOT NULL,
    auth_email      TEXT NOT NULL,
    challenge       TEXT NOT NULL,
    ensure_scopes   INTEGER NOT NULL,
    fresh           INTEGER NOT NULL,
    consent_forced  INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    consumed_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_expires ON attempts (expires_at);

CREATE TABLE accounts (
    id               INTEGER PRIMARY KEY,
    application_id   TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    registration_id  TEXT NOT NULL REFERENCES registrations (id),
    service_type     TEXT NOT NULL,
    kind             TEXT NOT NULL,
    client_org_id    TEXT NOT NULL,
    identity_key     TEXT NOT NULL UNIQUE, -- one canonical account an identity; others have a key of their own
    subject          TEXT NOT NULL,
    org_id           TEXT NOT NULL,
    email            TEXT NOT NULL,
    email_verified   INTEGER NOT NULL,
    name             TEXT NOT NULL,
    login_string     TEXT NOT NULL,
    scopes           TEXT NOT NULL,
    native_scopes    TEXT NOT NULL,
    token_status     TEXT NOT NULL,
    token_error      TEXT NOT NULL,
    token_issued_at  INTEGER NOT NULL,
    auth_obtained_at INTEGER NOT NULL,
    auth_expires_at  INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX accounts_identity ON accounts (application_id, service_type, subject, client_org_id);
CREATE INDEX accounts_grant ON accounts (registration_id, subject);
CREATE INDEX accounts_created ON accounts (application_id, created_at, id);

CREATE TABLE credentials (
    account_id INTEGER PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    record_id  TEXT NOT NULL UNIQUE,
    data_key   BLOB,
    sealed     BLOB, -- NULL once wiped
    generation INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE codes (
    hash           BLOB PRIMARY KEY,
    application_id TEXT NOT NULL,
    account_id     INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    attempt_id     TEXT NOT NULL,
    ceiling        TEXT NOT NULL,
    challenge      TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    used_at        INTEGER NOT NULL,
    token_id       TEXT NOT NULL
) STRICT;
CREATE INDEX codes_account ON codes (account_id);
CREATE INDEX codes_expires ON codes (expires_at);

-- No foreign keys: revoked tokens outlive their account, so that their bearer
-- is told "revoked" rather than "unknown".
CREATE TABLE tokens (
    id             TEXT PRIMARY KEY,
    hash           BLOB NOT NULL UNIQUE,
    application_id TEXT NOT NULL,
    account_id     INTEGER NOT NULL,
    ceiling        TEXT NOT NULL,
    limited        INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    revoked_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX tokens_account ON tokens (account_id);
CREATE INDEX tokens_live ON tokens (application_id) WHERE revoked_at = 0;
CREATE INDEX tokens_revoked ON tokens (revoked_at) WHERE revoked_at > 0;

CREATE TABLE audit_events (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    at             INTEGER NOT NULL,
    kind           TEXT NOT NULL,
    application_id TEXT NOT NULL,
    account_id     INTEGER NOT NULL,
    request_id     TEXT NOT NULL,
    detail         TEXT NOT NULL
) STRICT;
