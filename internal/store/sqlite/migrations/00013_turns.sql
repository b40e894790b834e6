-- +goose Up

-- Work in the background that one process does at a time, over all of them.
CREATE TABLE turns (
    name       TEXT PRIMARY KEY,
    holder     TEXT NOT NULL, -- empty for nobody
    held_until INTEGER NOT NULL
) STRICT;

-- What is due is found by registration, so that each gets its share. A row that an older
-- version writes has none until it is renewed.
ALTER TABLE refreshes ADD COLUMN registration_id TEXT NOT NULL DEFAULT '';
UPDATE refreshes SET registration_id = (SELECT a.registration_id FROM accounts a WHERE a.id = refreshes.account_id);
DROP INDEX refreshes_due;
CREATE INDEX refreshes_due ON refreshes (registration_id, due_at) WHERE due_at > 0;
