-- +goose Up

-- Who renews which credential, when one has to be renewed, and how often that has failed.
-- Apart from the credential: a claim must not copy the sealed tokens. Times are the
-- database's own clock, which all processes share.
CREATE TABLE refreshes (
    account_id  BIGINT PRIMARY KEY REFERENCES credentials (account_id) ON DELETE CASCADE,
    generation  BIGINT NOT NULL, -- of the credential that the rest is about
    holder      TEXT NOT NULL,    -- of the claim; empty once it has told its outcome
    held_until  BIGINT NOT NULL,
    doubt_until BIGINT NOT NULL, -- an earlier claim ended without an outcome: its answer may still come
    retry_at    BIGINT NOT NULL,
    failures    BIGINT NOT NULL, -- in a row
    failure     TEXT NOT NULL,    -- the last one's code
    due_at      BIGINT NOT NULL  -- 0: nothing happens to a grant that nobody uses
);
CREATE INDEX refreshes_due ON refreshes (due_at) WHERE due_at > 0;

-- Whatever was stored before is looked at once.
INSERT INTO refreshes (account_id, generation, holder, held_until, doubt_until, retry_at, failures, failure, due_at)
SELECT account_id, generation, '', 0, 0, 0, 0, '', 1 FROM credentials WHERE sealed IS NOT NULL;
