-- Every change of a subject takes the next number of the counter of subjects, so that what changed since can be asked.
ALTER TABLE analytics_subjects ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
UPDATE analytics_subjects SET revision = number;
CREATE INDEX analytics_subjects_revision ON analytics_subjects (revision);
