-- Deliveries of events that failed: tried again with growing pauses, and in the end given up for staff to see.
CREATE TABLE outbox_failures (
    id INTEGER PRIMARY KEY NOT NULL,
    event_id BIGINT NOT NULL REFERENCES outbox_events (id),
    subscriber TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT outbox_failures_state_known CHECK (state IN ('waiting', 'dead')),
    attempts BIGINT NOT NULL CONSTRAINT outbox_failures_attempts_counted CHECK (attempts >= 0),
    try_at BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    died_at BIGINT,
    CONSTRAINT outbox_failures_died_when_dead CHECK ((state = 'dead') = (died_at IS NOT NULL))
);
CREATE UNIQUE INDEX outbox_failures_once ON outbox_failures (event_id, subscriber);
CREATE INDEX outbox_failures_state ON outbox_failures (state, id);

-- The nightly look at the books: how far it came and what it found.
CREATE TABLE books_nights (
    id INTEGER PRIMARY KEY NOT NULL,
    -- The day it began on, in the shop's zone, in days since 1970-01-01.
    day BIGINT NOT NULL,
    stage TEXT NOT NULL CONSTRAINT books_nights_stage_known CHECK (stage IN ('own', 'attempts', 'refunds', 'finished')),
    -- The last row that was compared in this stage.
    position BIGINT NOT NULL,
    covers_from BIGINT NOT NULL,
    covers_until BIGINT NOT NULL,
    compared BIGINT NOT NULL,
    differences BIGINT NOT NULL CONSTRAINT books_nights_differences_counted CHECK (differences >= 0),
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    CONSTRAINT books_nights_finished_at_the_end CHECK ((stage = 'finished') = (finished_at IS NOT NULL))
);
CREATE UNIQUE INDEX books_nights_day ON books_nights (day);

CREATE TABLE books_differences (
    id INTEGER PRIMARY KEY NOT NULL,
    night_id BIGINT NOT NULL REFERENCES books_nights (id),
    check_name TEXT NOT NULL,
    difference TEXT NOT NULL
);
CREATE INDEX books_differences_night ON books_differences (night_id, id);

CREATE INDEX refunds_settled ON refunds (settled_at) WHERE settled_at IS NOT NULL;
