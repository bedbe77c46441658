-- The table that events are sent to. A batch that is sent again is known by its token; should an event ever come twice
-- all the same, the rows are one after merging, and `FINAL` shows them as one before.
CREATE TABLE IF NOT EXISTS hourglass_events
(
    event_id UUID,
    seq Int64,
    name LowCardinality(String),
    at DateTime64(3, 'UTC'),
    received DateTime64(3, 'UTC'),
    -- Whoever it is about, and their user if they ever logged in, as who is who stood when the event was sent.
    person UInt32,
    user_id Nullable(Int64),
    session Nullable(String),
    -- Made by the shop itself, in the transaction of what happened.
    trusted Bool,
    -- Machines, staff, test accounts, locked-out users, seats that the shop filled.
    left_out Bool,
    -- JSON; money is whole fen.
    properties String
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (name, at, event_id)
SETTINGS non_replicated_deduplication_window = 1000;
