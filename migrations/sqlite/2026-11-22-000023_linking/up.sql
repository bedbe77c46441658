-- A user who became part of another, and one whose person asked to be forgotten.
ALTER TABLE users ADD COLUMN merged_into BIGINT REFERENCES users (id);
ALTER TABLE users ADD COLUMN erased_at BIGINT;
CREATE INDEX users_merged_into ON users (merged_into);

-- Two users who became one.
CREATE TABLE account_merges (
    id INTEGER PRIMARY KEY NOT NULL,
    kept_user_id BIGINT NOT NULL REFERENCES users (id),
    merged_user_id BIGINT NOT NULL REFERENCES users (id),
    cause TEXT NOT NULL CONSTRAINT account_merges_cause_known CHECK (cause IN ('proof', 'staff')),
    -- The proof that brought it to light, when one did.
    provider TEXT,
    app_id TEXT,
    -- Who decided it, and why, when staff did.
    staff_id BIGINT REFERENCES staff_accounts (id),
    reason TEXT,
    merged_at BIGINT NOT NULL,
    -- Until when it can be taken back.
    undoable_until BIGINT NOT NULL,
    -- When what a request under way wrote for the merged user meanwhile is brought along.
    follow_at BIGINT,
    undone_at BIGINT,
    undone_by BIGINT REFERENCES staff_accounts (id),
    undo_reason TEXT,
    -- Rows that had changed again, so that taking it back left them as they were.
    left_alone BIGINT,
    CONSTRAINT account_merges_of_two CHECK (kept_user_id <> merged_user_id),
    CONSTRAINT account_merges_by_staff CHECK (cause <> 'staff' OR (staff_id IS NOT NULL AND reason IS NOT NULL)),
    CONSTRAINT account_merges_undone_whole CHECK ((undone_at IS NULL) = (undone_by IS NULL)
        AND (undone_at IS NULL) = (undo_reason IS NULL) AND (undone_at IS NULL) = (left_alone IS NULL))
);
CREATE UNIQUE INDEX account_merges_once ON account_merges (merged_user_id) WHERE undone_at IS NULL;
CREATE INDEX account_merges_merged ON account_merges (merged_user_id);
CREATE INDEX account_merges_kept ON account_merges (kept_user_id);
CREATE INDEX account_merges_staff ON account_merges (staff_id);
CREATE INDEX account_merges_undone_by ON account_merges (undone_by);
CREATE INDEX account_merges_follow ON account_merges (follow_at) WHERE follow_at IS NOT NULL;

-- What each merge did to which row, in order.
CREATE TABLE account_merge_rows (
    merge_id BIGINT NOT NULL REFERENCES account_merges (id),
    number BIGINT NOT NULL,
    table_name TEXT NOT NULL,
    deed TEXT NOT NULL CONSTRAINT account_merge_rows_deed_known CHECK (deed IN ('changed', 'removed', 'added')),
    -- JSON objects of columns as texts: what names the row, and what it held before and after.
    row_key TEXT NOT NULL,
    before TEXT,
    after TEXT,
    PRIMARY KEY (merge_id, number),
    CONSTRAINT account_merge_rows_sides CHECK ((before IS NULL) = (deed = 'added') AND (after IS NULL) = (deed = 'removed'))
);

-- What a merge brought together that one person may have only once.
CREATE TABLE account_merge_flags (
    merge_id BIGINT NOT NULL REFERENCES account_merges (id),
    number BIGINT NOT NULL,
    code TEXT NOT NULL,
    table_name TEXT NOT NULL,
    row_key TEXT NOT NULL,
    found_at BIGINT NOT NULL,
    settled_at BIGINT,
    settled_by BIGINT REFERENCES staff_accounts (id),
    note TEXT,
    PRIMARY KEY (merge_id, number),
    CONSTRAINT account_merge_flags_settled_whole CHECK ((settled_at IS NULL) = (settled_by IS NULL)
        AND (settled_at IS NULL) = (note IS NULL))
);
CREATE INDEX account_merge_flags_settled_by ON account_merge_flags (settled_by);
CREATE INDEX account_merge_flags_open ON account_merge_flags (found_at) WHERE settled_at IS NULL;

-- Two users whom staff declared to be two persons.
CREATE TABLE accounts_apart (
    lower_user_id BIGINT NOT NULL REFERENCES users (id),
    higher_user_id BIGINT NOT NULL REFERENCES users (id),
    staff_id BIGINT NOT NULL REFERENCES staff_accounts (id),
    reason TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (lower_user_id, higher_user_id),
    CONSTRAINT accounts_apart_in_order CHECK (lower_user_id < higher_user_id)
);
CREATE INDEX accounts_apart_higher ON accounts_apart (higher_user_id);
CREATE INDEX accounts_apart_staff ON accounts_apart (staff_id);

-- What staff decided about two proofs that could not be brought together.
ALTER TABLE identity_conflicts ADD COLUMN decision TEXT
    CONSTRAINT identity_conflicts_decision_known CHECK (decision IN ('merged', 'kept_apart', 'handed_over'));
ALTER TABLE identity_conflicts ADD COLUMN decided_at BIGINT;
ALTER TABLE identity_conflicts ADD COLUMN decided_by BIGINT REFERENCES staff_accounts (id);
CREATE INDEX identity_conflicts_decided_by ON identity_conflicts (decided_by);

-- How many of a user's coupons of a template came with an account that was merged, beyond what one may have.
ALTER TABLE coupon_user_counts ADD COLUMN by_merge BIGINT NOT NULL DEFAULT 0
    CONSTRAINT coupon_user_counts_by_merge_counted CHECK (by_merge >= 0);

-- Sharers who were two: one may have shared on what the other shared.
CREATE TABLE share_merged_users (
    user_id INTEGER PRIMARY KEY NOT NULL REFERENCES users (id)
);
