DROP TABLE analytics_segment_uses;
DELETE FROM analytics_segments WHERE kind = 'living';
CREATE TABLE analytics_segments_anew (
    id INTEGER PRIMARY KEY NOT NULL,
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
INSERT INTO analytics_segments_anew
SELECT id, name, kind, definition, as_of, people, counted_at, created_by, created_at, updated_at FROM analytics_segments;
CREATE TABLE analytics_segment_people_anew (
    segment_id BIGINT NOT NULL REFERENCES analytics_segments_anew (id),
    subject BIGINT NOT NULL,
    PRIMARY KEY (segment_id, subject)
) WITHOUT ROWID;
INSERT INTO analytics_segment_people_anew SELECT segment_id, subject FROM analytics_segment_people;
DROP TABLE analytics_segment_people;
DROP TABLE analytics_segments;
ALTER TABLE analytics_segments_anew RENAME TO analytics_segments;
ALTER TABLE analytics_segment_people_anew RENAME TO analytics_segment_people;
CREATE UNIQUE INDEX analytics_segments_name ON analytics_segments (name);
CREATE INDEX analytics_segments_created_by ON analytics_segments (created_by);
