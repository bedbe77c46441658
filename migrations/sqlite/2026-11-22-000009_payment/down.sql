DROP TABLE ledger_entries;
DROP TABLE payment_reviews;
DROP TABLE refunds;
DROP TABLE payment_notices;
DROP TABLE payment_attempts;
DROP TABLE payments;
