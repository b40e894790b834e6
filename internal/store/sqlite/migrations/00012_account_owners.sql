-- +goose Up

-- Whose an account is besides the application's: the service account that it was made
-- under (0 for none), and the user whom it belongs to, with the user's word for it.
ALTER TABLE accounts ADD COLUMN parent_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN user_id TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN user_role TEXT NOT NULL DEFAULT ''; -- primary, secondary or empty
CREATE INDEX accounts_parent ON accounts (parent_id) WHERE parent_id > 0;
CREATE INDEX accounts_user ON accounts (application_id, user_id, created_at, id) WHERE user_id <> '';
