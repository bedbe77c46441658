-- What is to be paid for one thing (an order), whatever the number of attempts.
CREATE TABLE payments (
    id INTEGER PRIMARY KEY NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    description TEXT NOT NULL,
    amount_fen BIGINT NOT NULL CONSTRAINT payments_amount_counted CHECK (amount_fen >= 0),
    state TEXT NOT NULL CONSTRAINT payments_state_known CHECK (state IN ('open', 'paid', 'closed')),
    expires_at BIGINT NOT NULL,
    paid_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX payments_subject ON payments (subject_kind, subject_id);
CREATE INDEX payments_user ON payments (user_id);

-- One try at paying it: one merchant order number at the provider.
CREATE TABLE payment_attempts (
    id INTEGER PRIMARY KEY NOT NULL,
    payment_id BIGINT NOT NULL REFERENCES payments (id),
    provider TEXT NOT NULL,
    trade_type TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    app_id TEXT NOT NULL,
    mch_id TEXT NOT NULL,
    payer TEXT,
    client_address TEXT,
    amount_fen BIGINT NOT NULL CONSTRAINT payment_attempts_amount_counted CHECK (amount_fen > 0),
    state TEXT NOT NULL CONSTRAINT payment_attempts_state_known CHECK (state IN ('created', 'prepaid', 'succeeded', 'closed')),
    prepay TEXT,
    prepay_expires_at BIGINT,
    kept BOOLEAN NOT NULL,
    transaction_id TEXT,
    paid_fen BIGINT NOT NULL,
    refunded_fen BIGINT NOT NULL,
    refunds BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    succeeded_at BIGINT,
    asked_at BIGINT,
    next_query_at BIGINT,
    queries BIGINT NOT NULL,
    CONSTRAINT payment_attempts_refunded_within CHECK (refunded_fen >= 0 AND refunded_fen <= paid_fen),
    CONSTRAINT payment_attempts_refunds_counted CHECK (refunds BETWEEN 0 AND 50),
    CONSTRAINT payment_attempts_kept_succeeded CHECK (NOT kept OR state = 'succeeded')
);
CREATE UNIQUE INDEX payment_attempts_out_trade_no ON payment_attempts (out_trade_no);
CREATE UNIQUE INDEX payment_attempts_transaction ON payment_attempts (transaction_id);
CREATE UNIQUE INDEX payment_attempts_one_kept ON payment_attempts (payment_id) WHERE kept;
CREATE INDEX payment_attempts_payment ON payment_attempts (payment_id);
CREATE INDEX payment_attempts_query_due ON payment_attempts (next_query_at) WHERE next_query_at IS NOT NULL;

-- Raw notices, as they came, once each.
CREATE TABLE payment_notices (
    id INTEGER PRIMARY KEY NOT NULL,
    provider TEXT NOT NULL,
    notice_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    headers TEXT NOT NULL,
    body TEXT NOT NULL,
    plaintext TEXT NOT NULL,
    outcome TEXT,
    received_at BIGINT NOT NULL,
    applied_at BIGINT
);
CREATE UNIQUE INDEX payment_notices_once ON payment_notices (provider, notice_id);
CREATE INDEX payment_notices_unapplied ON payment_notices (id) WHERE applied_at IS NULL;

CREATE TABLE refunds (
    id INTEGER PRIMARY KEY NOT NULL,
    payment_id BIGINT NOT NULL REFERENCES payments (id),
    attempt_id BIGINT NOT NULL REFERENCES payment_attempts (id),
    out_refund_no TEXT NOT NULL,
    amount_fen BIGINT NOT NULL CONSTRAINT refunds_of_something CHECK (amount_fen > 0),
    cause TEXT NOT NULL CONSTRAINT refunds_cause_known CHECK (cause IN ('order', 'late', 'duplicate', 'mismatch')),
    reason TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT refunds_state_known
        CHECK (state IN ('pending', 'processing', 'succeeded', 'abnormal', 'closed')),
    rounds BIGINT NOT NULL,
    provider_refund_id TEXT,
    failure TEXT,
    staff_id BIGINT REFERENCES staff_accounts (id),
    created_at BIGINT NOT NULL,
    settled_at BIGINT,
    next_query_at BIGINT,
    queries BIGINT NOT NULL
);
CREATE UNIQUE INDEX refunds_out_refund_no ON refunds (out_refund_no);
CREATE INDEX refunds_payment ON refunds (payment_id);
CREATE INDEX refunds_attempt ON refunds (attempt_id);
CREATE INDEX refunds_staff ON refunds (staff_id);
CREATE INDEX refunds_state ON refunds (state, id);
CREATE INDEX refunds_query_due ON refunds (next_query_at) WHERE next_query_at IS NOT NULL;

-- Money that fits no rule waits here for a person.
CREATE TABLE payment_reviews (
    id INTEGER PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    details TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT payment_reviews_state_known CHECK (state IN ('open', 'resolved')),
    created_at BIGINT NOT NULL,
    resolved_at BIGINT,
    resolved_by BIGINT REFERENCES staff_accounts (id),
    resolution TEXT
);
CREATE UNIQUE INDEX payment_reviews_once ON payment_reviews (kind, reference);
CREATE INDEX payment_reviews_state ON payment_reviews (state, id);
CREATE INDEX payment_reviews_resolved_by ON payment_reviews (resolved_by);

-- Double entry, append only: the lines of one posting sum to zero.
CREATE TABLE ledger_entries (
    id INTEGER PRIMARY KEY NOT NULL,
    posting_id BIGINT NOT NULL,
    account TEXT NOT NULL CONSTRAINT ledger_entries_account_known
        CHECK (account IN ('provider', 'orders', 'unexpected')),
    kind TEXT NOT NULL,
    subject_id BIGINT,
    reference TEXT NOT NULL,
    reason TEXT NOT NULL,
    amount_fen BIGINT NOT NULL CONSTRAINT ledger_entries_of_something CHECK (amount_fen <> 0),
    at BIGINT NOT NULL
);
CREATE UNIQUE INDEX ledger_entries_once ON ledger_entries (kind, reference, account);
CREATE INDEX ledger_entries_posting ON ledger_entries (posting_id);
CREATE INDEX ledger_entries_subject ON ledger_entries (subject_id, account);
