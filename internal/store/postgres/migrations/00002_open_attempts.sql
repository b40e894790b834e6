-- +goose Up

-- How many attempts of an application are open is asked at each authorize.
CREATE INDEX attempts_open ON attempts (application_id, expires_at) WHERE consumed_at = 0;
