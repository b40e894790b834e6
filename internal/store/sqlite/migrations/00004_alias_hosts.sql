-- +goose Up

-- Which hosts the flow answers at besides the public URL's. Read at each request that
-- comes for another host.
CREATE TABLE alias_hosts (
    host           TEXT NOT NULL, -- as browsers send it: lower case, without the default port
    application_id TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    origin         TEXT NOT NULL,
    PRIMARY KEY (host, application_id)
) STRICT;

-- The exchange must name the redirect URI of the authorization request (RFC 6749 §4.1.3),
-- whatever has been set in between. Empty: an attempt from before this column.
ALTER TABLE attempts ADD COLUMN redirect_uri TEXT NOT NULL DEFAULT '';
