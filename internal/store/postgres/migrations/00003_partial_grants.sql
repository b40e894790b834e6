-- +goose Up

-- What happens with a partial grant is an answer of three, no longer yes or no.
ALTER TABLE attempts ADD COLUMN partial_grant TEXT NOT NULL DEFAULT 'ask';
UPDATE attempts SET partial_grant = 'refuse' WHERE ensure_scopes; -- the sign-ins under way insist on it
ALTER TABLE attempts DROP COLUMN ensure_scopes;
ALTER TABLE attempts ADD COLUMN ensure_access BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE attempts ADD COLUMN rest_asked BOOLEAN NOT NULL DEFAULT FALSE;

-- A sign-in that waits for the person's choice, and the key to the page that asks.
ALTER TABLE attempts ADD COLUMN held BYTEA;
ALTER TABLE attempts ADD COLUMN choice_hash BYTEA;
CREATE UNIQUE INDEX attempts_choice ON attempts (choice_hash) WHERE choice_hash IS NOT NULL;
CREATE INDEX attempts_held ON attempts (expires_at) WHERE held IS NOT NULL;
