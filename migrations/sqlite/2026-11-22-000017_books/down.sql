DROP INDEX refunds_settled;
DROP TABLE books_differences;
DROP TABLE books_nights;
DROP TABLE outbox_failures;
