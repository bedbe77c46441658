-- When an engine that reports now and then last said that a stream still comes.
ALTER TABLE live_publishings ADD COLUMN heard_at BIGINT;
CREATE INDEX live_publishings_heard ON live_publishings (heard_at) WHERE stopped_at IS NULL;
