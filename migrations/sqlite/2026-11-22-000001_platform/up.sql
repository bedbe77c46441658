-- Answers kept for repeated requests: stored in the same transaction as their effect.
CREATE TABLE idempotency_keys (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    operation TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    status BIGINT NOT NULL,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (owner, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

-- Facts recorded by capabilities, delivered to each subscriber once.
CREATE TABLE outbox_events (
    id INTEGER PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    user_id BIGINT,
    payload TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    delivered_at BIGINT
);
CREATE INDEX outbox_events_pending ON outbox_events (id) WHERE delivered_at IS NULL;

CREATE TABLE outbox_deliveries (
    event_id BIGINT NOT NULL REFERENCES outbox_events (id),
    subscriber TEXT NOT NULL,
    delivered_at BIGINT NOT NULL,
    PRIMARY KEY (event_id, subscriber)
);

-- Calls to the outside, born in the transaction that caused them.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    dedup_key TEXT,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT jobs_state_known CHECK (state IN ('ready', 'running', 'done', 'dead')),
    attempts BIGINT NOT NULL CONSTRAINT jobs_attempts_counted CHECK (attempts >= 0),
    run_at BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    CONSTRAINT jobs_leased_while_running CHECK ((state = 'running') = (lease_until IS NOT NULL))
);
CREATE UNIQUE INDEX jobs_dedup_key ON jobs (dedup_key);
CREATE INDEX jobs_due ON jobs (run_at) WHERE state = 'ready';
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_state ON jobs (state, id);

-- Who may do a thing that only one process should do at a time.
CREATE TABLE leases (
    name TEXT PRIMARY KEY NOT NULL,
    holder TEXT NOT NULL,
    held_until BIGINT NOT NULL
);
