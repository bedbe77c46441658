DROP INDEX analytics_subjects_revision;
ALTER TABLE analytics_subjects DROP COLUMN revision;
