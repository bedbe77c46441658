-- Segments may be conditions that are asked anew.
ALTER TABLE analytics_segments DROP CONSTRAINT analytics_segments_kind_known;
ALTER TABLE analytics_segments ADD CONSTRAINT analytics_segments_kind_known CHECK (kind IN ('fixed', 'living'));

-- Which living segments ask for which others.
CREATE TABLE analytics_segment_uses (
    segment_id BIGINT NOT NULL REFERENCES analytics_segments (id),
    used_id BIGINT NOT NULL REFERENCES analytics_segments (id),
    PRIMARY KEY (segment_id, used_id),
    CONSTRAINT analytics_segment_uses_not_itself CHECK (used_id <> segment_id)
);
CREATE INDEX analytics_segment_uses_used ON analytics_segment_uses (used_id);
