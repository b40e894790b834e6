-- +goose Up

-- Where the person has been sent to sign in, of a provider that has many places: its
-- sign-in server and its API. Nothing of it is secret, and the callback takes no other.
ALTER TABLE attempts ADD COLUMN place_accounts TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN place_api TEXT NOT NULL DEFAULT '';
