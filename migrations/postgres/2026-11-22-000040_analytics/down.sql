DROP TABLE analytics_property_names;
DROP TABLE analytics_event_days;
DROP TABLE analytics_event_names;
DROP TABLE analytics_erased_subjects;
DROP TABLE analytics_subjects;
DROP TABLE analytics_counters;
DROP TABLE analytics_seen;
DROP TABLE analytics_inbox;
