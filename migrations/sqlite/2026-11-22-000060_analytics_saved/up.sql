-- Questions that staff keep, and what was answered last.
CREATE TABLE analytics_saved_questions (
    id INTEGER PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    analysis TEXT NOT NULL,
    definition TEXT NOT NULL,
    show_all BOOLEAN NOT NULL,
    last_days BIGINT CONSTRAINT analytics_saved_questions_days_bounded CHECK (last_days BETWEEN 1 AND 366),
    every_minutes BIGINT CONSTRAINT analytics_saved_questions_pace_bounded CHECK (every_minutes BETWEEN 5 AND 1440),
    revision BIGINT NOT NULL,
    due_at BIGINT,
    computed_at BIGINT,
    asked TEXT,
    answer TEXT,
    spreadsheet TEXT,
    failed_at BIGINT,
    last_error TEXT,
    created_by BIGINT NOT NULL REFERENCES staff_accounts (id),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT analytics_saved_questions_due_with_pace CHECK ((every_minutes IS NULL) = (due_at IS NULL)),
    CONSTRAINT analytics_saved_questions_asked_with_time CHECK ((computed_at IS NULL) = (asked IS NULL)),
    CONSTRAINT analytics_saved_questions_answered_with_time CHECK ((computed_at IS NULL) = (answer IS NULL)),
    CONSTRAINT analytics_saved_questions_table_with_time CHECK ((computed_at IS NULL) = (spreadsheet IS NULL)),
    CONSTRAINT analytics_saved_questions_failed_with_time CHECK ((failed_at IS NULL) = (last_error IS NULL))
);
CREATE UNIQUE INDEX analytics_saved_questions_name ON analytics_saved_questions (name);
CREATE INDEX analytics_saved_questions_created_by ON analytics_saved_questions (created_by);
CREATE INDEX analytics_saved_questions_due ON analytics_saved_questions (due_at) WHERE due_at IS NOT NULL;
