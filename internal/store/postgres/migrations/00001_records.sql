-- +goose Up

-- Times are unix milliseconds, 0 for none. Lists of scopes are space-separated.
-- Columns that lists are ordered by compare byte by byte, as SQLite's do. A B-tree takes
-- values of up to 2.6 KB: what people or providers name is found by hash indexes.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE applications (
    id         TEXT COLLATE "C" PRIMARY KEY,
    client_id  TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    settings   TEXT NOT NULL, -- JSON
    data_key   BYTEA,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE return_urls (
    application_id TEXT COLLATE "C" NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    position       BIGINT NOT NULL,
    url            TEXT NOT NULL,
    origin         TEXT, -- of http and https URLs only
    PRIMARY KEY (application_id, position)
);
CREATE UNIQUE INDEX return_urls_url ON return_urls (application_id, hashtextextended(url, 0));
CREATE INDEX return_urls_origin ON return_urls USING hash (origin) WHERE origin IS NOT NULL;

CREATE TABLE allowed_origins (
    origin         TEXT NOT NULL,
    application_id TEXT COLLATE "C" NOT NULL REFERENCES applications (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX allowed_origins_application ON allowed_origins (application_id, hashtextextended(origin, 0));
CREATE INDEX allowed_origins_origin ON allowed_origins USING hash (origin);

CREATE TABLE application_secrets (
    id             TEXT COLLATE "C" PRIMARY KEY,
    application_id TEXT COLLATE "C" NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    hash           BYTEA NOT NULL,
    sealed         BYTEA,
    created_at     BIGINT NOT NULL
);
CREATE INDEX application_secrets_application ON application_secrets (application_id, created_at);

CREATE TABLE registrations (
    id              TEXT COLLATE "C" PRIMARY KEY,
    application_id  TEXT COLLATE "C" NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    service_type    TEXT COLLATE "C" NOT NULL,
    client_id       TEXT NOT NULL,
    scopes          TEXT NOT NULL,
    native_scopes   TEXT NOT NULL,
    tenant          TEXT NOT NULL,
    cloud           TEXT NOT NULL,
    endpoints       TEXT NOT NULL, -- JSON
    callback_url    TEXT NOT NULL,
    unbound_browser BOOLEAN NOT NULL,
    is_current      BOOLEAN NOT NULL,
    data_key        BYTEA,
    sealed          BYTEA,
    revision        BIGINT NOT NULL, -- grows with each change
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    UNIQUE (application_id, service_type, client_id)
);
CREATE UNIQUE INDEX registrations_current ON registrations (application_id, service_type) WHERE is_current;

CREATE TABLE attempts (
    id              TEXT COLLATE "C" PRIMARY KEY,
    state_hash      BYTEA NOT NULL UNIQUE,
    application_id  TEXT COLLATE "C" NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    registration_id TEXT COLLATE "C" NOT NULL REFERENCES registrations (id) ON DELETE CASCADE,
    service_type    TEXT COLLATE "C" NOT NULL,
    browser_hash    BYTEA,
    unbound         BOOLEAN NOT NULL,
    verifier        BYTEA,
    result          BYTEA,
    return_url      TEXT NOT NULL,
    state           TEXT NOT NULL,
    token_mode      BOOLEAN NOT NULL,
    scopes          TEXT NOT NULL,
    native_scopes   TEXT NOT NULL,
    account_id      BIGINT NOT NULL,
    client_org_id   TEXT NOT NULL,
    login_hint      TEXT NOT NULL,
    prompt          TEXT NOT NULL,
    auth_email      TEXT NOT NULL,
    challenge       TEXT NOT NULL,
    ensure_scopes   BOOLEAN NOT NULL,
    fresh           BOOLEAN NOT NULL,
    consent_forced  BOOLEAN NOT NULL,
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    consumed_at     BIGINT NOT NULL
);
CREATE INDEX attempts_expires ON attempts (expires_at);

CREATE TABLE accounts (
    id               BIGINT PRIMARY KEY,
    application_id   TEXT COLLATE "C" NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    registration_id  TEXT COLLATE "C" NOT NULL REFERENCES registrations (id),
    service_type     TEXT COLLATE "C" NOT NULL,
    kind             TEXT NOT NULL,
    client_org_id    TEXT NOT NULL,
    identity_key     TEXT NOT NULL UNIQUE, -- one canonical account an identity; others have a key of their own
    subject          TEXT NOT NULL,
    org_id           TEXT NOT NULL,
    email            TEXT NOT NULL,
    email_verified   BOOLEAN NOT NULL,
    name             TEXT NOT NULL,
    login_string     TEXT NOT NULL,
    scopes           TEXT NOT NULL,
    native_scopes    TEXT NOT NULL,
    token_status     TEXT NOT NULL,
    token_error      TEXT NOT NULL,
    token_issued_at  BIGINT NOT NULL,
    auth_obtained_at BIGINT NOT NULL,
    auth_expires_at  BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL
);
CREATE INDEX accounts_subject ON accounts USING hash (subject);
CREATE INDEX accounts_registration ON accounts (registration_id);
CREATE INDEX accounts_created ON accounts (application_id, created_at, id);

CREATE TABLE credentials (
    account_id BIGINT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    record_id  TEXT COLLATE "C" NOT NULL UNIQUE,
    data_key   BYTEA,
    sealed     BYTEA, -- NULL once wiped
    generation BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE codes (
    hash           BYTEA PRIMARY KEY,
    application_id TEXT COLLATE "C" NOT NULL,
    account_id     BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    attempt_id     TEXT NOT NULL,
    ceiling        TEXT NOT NULL,
    challenge      TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    used_at        BIGINT NOT NULL,
    token_id       TEXT NOT NULL
);
CREATE INDEX codes_account ON codes (account_id);
CREATE INDEX codes_expires ON codes (expires_at);

-- No foreign keys: revoked tokens outlive their account, so that their bearer
-- is told "revoked" rather than "unknown".
CREATE TABLE tokens (
    id             TEXT COLLATE "C" PRIMARY KEY,
    hash           BYTEA NOT NULL UNIQUE,
    application_id TEXT COLLATE "C" NOT NULL,
    account_id     BIGINT NOT NULL,
    ceiling        TEXT NOT NULL,
    limited        BOOLEAN NOT NULL,
    created_at     BIGINT NOT NULL,
    revoked_at     BIGINT NOT NULL
);
CREATE INDEX tokens_account ON tokens (account_id);
CREATE INDEX tokens_live ON tokens (application_id) WHERE revoked_at = 0;
CREATE INDEX tokens_revoked ON tokens (revoked_at) WHERE revoked_at > 0;

CREATE TABLE audit_events (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at             BIGINT NOT NULL,
    kind           TEXT NOT NULL,
    application_id TEXT COLLATE "C" NOT NULL,
    account_id     BIGINT NOT NULL,
    request_id     TEXT NOT NULL,
    detail         TEXT NOT NULL
);
