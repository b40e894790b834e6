-- +goose Up

-- A sign-in that was begun in the words of RFC 6749 is answered in them. Its issuer is
-- this server, as the answer must name it (RFC 9207); empty for one that was begun by the
-- contract's authorize.
ALTER TABLE attempts ADD COLUMN issuer TEXT NOT NULL DEFAULT '';

-- What the client must repeat to redeem such a code (RFC 6749 §4.1.3). Empty for one of
-- the contract, which is redeemed there alone.
ALTER TABLE codes ADD COLUMN redirect_uri TEXT NOT NULL DEFAULT '';
