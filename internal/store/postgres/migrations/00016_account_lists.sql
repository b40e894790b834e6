-- +goose Up

-- Lists of accounts by each filter, in their order; and who is meant by an address.
CREATE INDEX accounts_service ON accounts (application_id, service_type, created_at, id);
CREATE INDEX accounts_client_org ON accounts (application_id, client_org_id, created_at, id) WHERE client_org_id <> '';
CREATE INDEX accounts_org ON accounts (application_id, org_id, created_at, id) WHERE org_id <> '';
CREATE INDEX accounts_email ON accounts (application_id, service_type, lower(email));
