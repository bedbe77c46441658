-- The state stands in front although it is the same in every row: only so does the planner, which knows no figures, think
-- these better than the index of all orders in a state, of which there are very many once they are shipped or received.
DROP INDEX orders_close_due;
DROP INDEX orders_receive_due;
DROP INDEX orders_complete_due;
CREATE INDEX orders_close_due ON orders (state, close_due_at) WHERE state = 'pending_payment';
CREATE INDEX orders_receive_due ON orders (state, receive_due_at) WHERE state = 'shipped';
CREATE INDEX orders_complete_due ON orders (state, complete_due_at) WHERE state = 'received';

-- Likewise against the index of bargains by their order, which most never have.
DROP INDEX bargains_expiring;
CREATE INDEX bargains_expiring ON bargains (order_id, expires_at) WHERE state = 'running' AND order_id IS NULL;
