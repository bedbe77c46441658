-- Events that were accepted and wait to be sealed; only ever added to and taken from.
CREATE TABLE analytics_inbox (
    seq INTEGER PRIMARY KEY NOT NULL,
    event_id TEXT NOT NULL,
    name TEXT NOT NULL,
    subject BIGINT NOT NULL,
    session TEXT,
    at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    flags BIGINT NOT NULL,
    properties TEXT NOT NULL
);

-- Ids of events that came in the last days, sealed or not, and what they said: the first of an id counts.
CREATE TABLE analytics_seen (
    event_id TEXT PRIMARY KEY NOT NULL,
    seq BIGINT NOT NULL,
    digest BIGINT NOT NULL,
    received_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX analytics_seen_received ON analytics_seen (received_at);

-- How many subjects and names there are, changed under guards.
CREATE TABLE analytics_counters (
    name TEXT PRIMARY KEY NOT NULL,
    value BIGINT NOT NULL CONSTRAINT analytics_counters_counted CHECK (value >= 0)
);

-- Whoever events are about, by number, and whose they are.
CREATE TABLE analytics_subjects (
    number INTEGER PRIMARY KEY NOT NULL CONSTRAINT analytics_subjects_numbered CHECK (number BETWEEN 1 AND 4294967295),
    kind TEXT NOT NULL CONSTRAINT analytics_subjects_kind_known CHECK (kind IN ('user', 'device', 'tracker', 'shop')),
    reference TEXT NOT NULL,
    user_id BIGINT REFERENCES users (id),
    joined_to BIGINT REFERENCES analytics_subjects (number),
    marks BIGINT NOT NULL,
    entrance TEXT,
    first_seen_at BIGINT NOT NULL,
    CONSTRAINT analytics_subjects_join_older CHECK (joined_to < number)
);
CREATE UNIQUE INDEX analytics_subjects_reference ON analytics_subjects (kind, reference);
CREATE INDEX analytics_subjects_user ON analytics_subjects (user_id);
CREATE INDEX analytics_subjects_joined ON analytics_subjects (joined_to);

-- Numbers whose person asked to be forgotten; what was sealed of them is passed over.
CREATE TABLE analytics_erased_subjects (
    number INTEGER PRIMARY KEY NOT NULL,
    erased_at BIGINT NOT NULL
);

-- Names of events.
CREATE TABLE analytics_event_names (
    id INTEGER PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    shown_as TEXT,
    blocked_at BIGINT,
    conflicts BIGINT NOT NULL CONSTRAINT analytics_event_names_conflicts_counted CHECK (conflicts >= 0),
    first_seen_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX analytics_event_names_name ON analytics_event_names (name);

-- How many events of a name came on a day of the shop's, and how many were dropped since it was blocked.
CREATE TABLE analytics_event_days (
    name_id BIGINT NOT NULL REFERENCES analytics_event_names (id),
    day BIGINT NOT NULL,
    events BIGINT NOT NULL CONSTRAINT analytics_event_days_events_counted CHECK (events >= 0),
    dropped BIGINT NOT NULL CONSTRAINT analytics_event_days_dropped_counted CHECK (dropped >= 0),
    PRIMARY KEY (name_id, day)
);

-- Names of properties.
CREATE TABLE analytics_property_names (
    id INTEGER PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT analytics_property_names_kind_known CHECK (kind IN ('text', 'number', 'flag', 'list')),
    description TEXT NOT NULL,
    shown_as TEXT,
    blocked_at BIGINT,
    mixed BIGINT NOT NULL CONSTRAINT analytics_property_names_mixed_counted CHECK (mixed >= 0),
    first_seen_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX analytics_property_names_name ON analytics_property_names (name);
