DROP INDEX bargains_expiring;
CREATE INDEX bargains_expiring ON bargains (expires_at) WHERE state = 'running' AND order_id IS NULL;

DROP INDEX orders_complete_due;
DROP INDEX orders_receive_due;
DROP INDEX orders_close_due;
CREATE INDEX orders_close_due ON orders (close_due_at) WHERE state = 'pending_payment';
CREATE INDEX orders_receive_due ON orders (receive_due_at) WHERE state = 'shipped';
CREATE INDEX orders_complete_due ON orders (complete_due_at) WHERE state = 'received';
