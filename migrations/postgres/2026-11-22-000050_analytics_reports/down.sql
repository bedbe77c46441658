DROP TABLE analytics_segment_people;
DROP TABLE analytics_segments;
DROP TABLE analytics_files;
