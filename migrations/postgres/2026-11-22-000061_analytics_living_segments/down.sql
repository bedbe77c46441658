DROP TABLE analytics_segment_uses;
DELETE FROM analytics_segments WHERE kind = 'living';
ALTER TABLE analytics_segments DROP CONSTRAINT analytics_segments_kind_known;
ALTER TABLE analytics_segments ADD CONSTRAINT analytics_segments_kind_known CHECK (kind IN ('fixed'));
