-- +goose Up

-- What many accounts have in common is kept once, and named by a number: ids of applications
-- and registrations, service types, lists of scopes. Nothing is ever taken out, so that a
-- number means the same for good.
CREATE TABLE interned (
    number INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    text   TEXT NOT NULL,
    EXCLUDE USING hash (text WITH =) -- unique, whatever its length
);
INSERT INTO interned (text)
SELECT id FROM applications UNION SELECT id FROM registrations UNION SELECT application_id FROM tokens
UNION SELECT service_type FROM accounts UNION SELECT scopes FROM accounts UNION SELECT native_scopes FROM accounts
UNION SELECT ceiling FROM tokens;

ALTER TABLE applications ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
UPDATE applications SET number = (SELECT i.number FROM interned i WHERE i.text = id);
CREATE UNIQUE INDEX applications_number ON applications (number);
ALTER TABLE registrations ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
UPDATE registrations SET number = (SELECT i.number FROM interned i WHERE i.text = id);
CREATE UNIQUE INDEX registrations_number ON registrations (number);

-- Wide columns stand first, and leave no room between them.
CREATE TABLE accounts_made (
    id               BIGINT PRIMARY KEY NOT NULL,
    parent_id        BIGINT, -- NULL for none
    token_issued_at  BIGINT NOT NULL,
    auth_obtained_at BIGINT NOT NULL,
    auth_expires_at  BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    application      INTEGER NOT NULL REFERENCES applications (number) ON DELETE CASCADE,
    registration     INTEGER NOT NULL REFERENCES registrations (number),
    service          INTEGER NOT NULL, -- interned, as are the scopes
    scopes           INTEGER NOT NULL,
    native_scopes    INTEGER NOT NULL,
    email_verified   BOOLEAN NOT NULL,
    kind             TEXT NOT NULL,
    client_org_id    TEXT NOT NULL,
    identity_key     BYTEA NOT NULL, -- one canonical account an identity; others have a key of their own
    subject          TEXT NOT NULL,
    org_id           TEXT NOT NULL,
    email            TEXT NOT NULL,
    name             TEXT NOT NULL,
    login_string     TEXT, -- NULL where it is the address
    token_status     TEXT NOT NULL,
    token_error      TEXT NOT NULL,
    user_id          TEXT NOT NULL DEFAULT '',
    user_role        TEXT NOT NULL DEFAULT ''
);
INSERT INTO accounts_made
SELECT a.id, NULLIF(a.parent_id, 0), a.token_issued_at, a.auth_obtained_at, a.auth_expires_at, a.created_at, a.updated_at,
    (SELECT i.number FROM interned i WHERE i.text = a.application_id), (SELECT i.number FROM interned i WHERE i.text = a.registration_id),
    (SELECT i.number FROM interned i WHERE i.text = a.service_type), (SELECT i.number FROM interned i WHERE i.text = a.scopes),
    (SELECT i.number FROM interned i WHERE i.text = a.native_scopes), a.email_verified, a.kind, a.client_org_id,
    CASE WHEN length(a.identity_key) = 64 AND a.identity_key !~ '[^0-9a-f]' THEN decode(substr(a.identity_key, 1, 32), 'hex') ELSE convert_to(a.identity_key, 'UTF8') END,
    a.subject, a.org_id, a.email, a.name, NULLIF(a.login_string, a.email), a.token_status, a.token_error, a.user_id, a.user_role
FROM accounts a ORDER BY a.created_at, a.id;

-- A record's id is 16 bytes where it is 32 hexadecimal digits; else its text, with a prefix
-- that makes it longer than that.
CREATE TABLE credentials_made (
    account_id BIGINT PRIMARY KEY NOT NULL REFERENCES accounts_made (id) ON DELETE CASCADE,
    generation BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    record_id  BYTEA NOT NULL UNIQUE,
    data_key   BYTEA,
    sealed     BYTEA -- NULL once wiped
);
INSERT INTO credentials_made
SELECT c.account_id, c.generation, c.updated_at,
    CASE WHEN length(c.record_id) = 32 AND c.record_id !~ '[^0-9a-f]' THEN decode(c.record_id, 'hex') ELSE convert_to('not hexadecimal: ' || c.record_id, 'UTF8') END,
    c.data_key, c.sealed
FROM credentials c JOIN accounts a ON a.id = c.account_id ORDER BY a.created_at, a.id;

CREATE TABLE refreshes_made (
    account_id   BIGINT PRIMARY KEY NOT NULL REFERENCES credentials_made (account_id) ON DELETE CASCADE,
    generation   BIGINT NOT NULL,
    held_until   BIGINT NOT NULL,
    doubt_until  BIGINT NOT NULL,
    retry_at     BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    failures     INTEGER NOT NULL,
    registration INTEGER NOT NULL,
    holder       TEXT NOT NULL,
    failure      TEXT NOT NULL
);
INSERT INTO refreshes_made
SELECT f.account_id, f.generation, f.held_until, f.doubt_until, f.retry_at, f.due_at, f.failures, a.registration, f.holder, f.failure
FROM refreshes f JOIN accounts_made a ON a.id = f.account_id;

CREATE TABLE codes_made (
    hash           BYTEA PRIMARY KEY,
    application_id TEXT NOT NULL,
    account_id     BIGINT NOT NULL REFERENCES accounts_made (id) ON DELETE CASCADE,
    attempt_id     TEXT NOT NULL,
    ceiling        TEXT NOT NULL,
    challenge      TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    used_at        BIGINT NOT NULL,
    token_id       TEXT NOT NULL,
    redirect_uri   TEXT NOT NULL DEFAULT '',
    user_id        TEXT NOT NULL DEFAULT '',
    session_hash   BYTEA
);
INSERT INTO codes_made SELECT hash, application_id, account_id, attempt_id, ceiling, challenge, created_at, expires_at, used_at, token_id,
    redirect_uri, user_id, session_hash FROM codes;

CREATE TABLE tokens_made (
    hash        BYTEA NOT NULL,
    account_id  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    revoked_at  BIGINT, -- NULL while it lives
    application INTEGER NOT NULL, -- interned, as is the ceiling
    ceiling     INTEGER NOT NULL,
    limited     BOOLEAN NOT NULL,
    id          BYTEA NOT NULL -- as a credential's record_id
);
INSERT INTO tokens_made
SELECT t.hash, t.account_id, t.created_at, NULLIF(t.revoked_at, 0), (SELECT i.number FROM interned i WHERE i.text = t.application_id),
    (SELECT i.number FROM interned i WHERE i.text = t.ceiling), t.limited,
    CASE WHEN length(t.id) = 32 AND t.id !~ '[^0-9a-f]' THEN decode(t.id, 'hex') ELSE convert_to('not hexadecimal: ' || t.id, 'UTF8') END
FROM tokens t ORDER BY t.created_at;

-- Whatever refers to a table goes before it, or would be deleted with it.
DROP TABLE codes;
DROP TABLE refreshes;
DROP TABLE credentials;
DROP TABLE accounts;
DROP TABLE tokens;
ALTER TABLE accounts_made RENAME TO accounts;
ALTER TABLE credentials_made RENAME TO credentials;
ALTER TABLE refreshes_made RENAME TO refreshes;
ALTER TABLE codes_made RENAME TO codes;
ALTER TABLE tokens_made RENAME TO tokens;

ALTER INDEX accounts_made_pkey RENAME TO accounts_pkey;
ALTER INDEX credentials_made_pkey RENAME TO credentials_pkey;
ALTER INDEX credentials_made_record_id_key RENAME TO credentials_record;
ALTER INDEX refreshes_made_pkey RENAME TO refreshes_pkey;
ALTER INDEX codes_made_pkey RENAME TO codes_pkey;

CREATE UNIQUE INDEX accounts_key ON accounts (identity_key);
-- Unique by hash indexes, which are half as large as trees. Changes that come for the same value
-- at once may wait for each other there; but these values are random, and each comes once.
ALTER TABLE tokens ADD CONSTRAINT tokens_hash EXCLUDE USING hash (hash WITH =);
ALTER TABLE tokens ADD CONSTRAINT tokens_id EXCLUDE USING hash (id WITH =);
CREATE INDEX accounts_subject ON accounts USING hash (subject);
CREATE INDEX accounts_registration ON accounts (registration);
CREATE UNIQUE INDEX accounts_primary ON accounts (application, service, md5(subject), md5(client_org_id)) WHERE user_role = 'primary';
CREATE INDEX accounts_parent ON accounts (parent_id) WHERE parent_id > 0;
CREATE INDEX accounts_user ON accounts (application, user_id, created_at, id) WHERE user_id <> '';
CREATE INDEX accounts_created ON accounts (application, created_at, id);
CREATE INDEX accounts_service ON accounts (application, service, created_at, id);
-- A tree of PostgreSQL takes values of up to 2.6 KB, so that long ones are left out.
CREATE INDEX accounts_client_org ON accounts (application, client_org_id, created_at, id) WHERE client_org_id <> '' AND length(client_org_id) <= 500;
CREATE INDEX accounts_org ON accounts (application, org_id, created_at, id) WHERE org_id <> '' AND length(org_id) <= 500;
CREATE INDEX accounts_email ON accounts USING hash (lower(email));
CREATE INDEX refreshes_due ON refreshes (registration, due_at) WHERE due_at > 0;
CREATE INDEX codes_account ON codes (account_id);
CREATE INDEX codes_expires ON codes (expires_at);
CREATE INDEX tokens_account ON tokens (account_id);
CREATE INDEX tokens_live ON tokens (application) WHERE revoked_at IS NULL;
CREATE INDEX tokens_revoked ON tokens (revoked_at) WHERE revoked_at IS NOT NULL;
