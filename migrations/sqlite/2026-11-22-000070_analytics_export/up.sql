-- How far events have been sent to where they are streamed: every event up to a number, and the number up to which a batch
-- is on its way, so that a batch that is tried again is the same batch.
CREATE TABLE analytics_streams (
    name TEXT PRIMARY KEY NOT NULL,
    position BIGINT NOT NULL,
    pending BIGINT CONSTRAINT analytics_streams_pending_ahead CHECK (pending > position),
    sent BIGINT NOT NULL CONSTRAINT analytics_streams_sent_counted CHECK (sent >= 0),
    updated_at BIGINT NOT NULL
);
