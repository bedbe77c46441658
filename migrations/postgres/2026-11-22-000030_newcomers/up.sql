-- Whether somebody ever paid is asked wherever newcomers are treated differently, also of those with a thousand unpaid orders.
CREATE INDEX orders_user_paid ON orders (user_id) WHERE paid_at IS NOT NULL;
