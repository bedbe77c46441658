DROP TABLE leases;
DROP TABLE jobs;
DROP TABLE outbox_deliveries;
DROP TABLE outbox_events;
DROP TABLE idempotency_keys;
