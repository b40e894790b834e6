-- +goose Up

-- What the application knows of a person's server, to fill the sign-in form in with.
ALTER TABLE attempts ADD COLUMN server_url TEXT NOT NULL DEFAULT '';
