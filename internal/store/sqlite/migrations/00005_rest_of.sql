-- +goose Up

-- The attempt whose rest this one asks for: once this one ends, the other's question does
-- too. Empty for none.
ALTER TABLE attempts ADD COLUMN rest_of TEXT NOT NULL DEFAULT '';
