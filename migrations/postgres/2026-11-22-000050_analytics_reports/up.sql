-- Files of sealed events.
CREATE TABLE analytics_files (
    id BIGINT PRIMARY KEY NOT NULL,
    day BIGINT NOT NULL,
    key TEXT NOT NULL,
    events BIGINT NOT NULL CONSTRAINT analytics_files_not_empty CHECK (events > 0),
    bytes BIGINT NOT NULL CONSTRAINT analytics_files_bytes_counted CHECK (bytes > 0),
    sha256 TEXT NOT NULL,
    sealed_at BIGINT NOT NULL,
    replaced_at BIGINT
);
CREATE UNIQUE INDEX analytics_files_key ON analytics_files (key);
CREATE INDEX analytics_files_live ON analytics_files (day, id) WHERE replaced_at IS NULL;
CREATE INDEX analytics_files_replaced ON analytics_files (replaced_at) WHERE replaced_at IS NOT NULL;

-- Segments of people: those whom a question named once.
CREATE TABLE analytics_segments (
    id BIGINT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT analytics_segments_kind_known CHECK (kind IN ('fixed')),
    definition TEXT NOT NULL,
    as_of BIGINT,
    people BIGINT NOT NULL CONSTRAINT analytics_segments_people_counted CHECK (people >= 0),
    counted_at BIGINT NOT NULL,
    created_by BIGINT NOT NULL REFERENCES staff_accounts (id),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX analytics_segments_name ON analytics_segments (name);
CREATE INDEX analytics_segments_created_by ON analytics_segments (created_by);

-- Whom a fixed segment names, by the number of a subject.
CREATE TABLE analytics_segment_people (
    segment_id BIGINT NOT NULL REFERENCES analytics_segments (id),
    subject BIGINT NOT NULL,
    PRIMARY KEY (segment_id, subject)
);
