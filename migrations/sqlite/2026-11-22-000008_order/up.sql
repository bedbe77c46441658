CREATE TABLE orders (
    id INTEGER PRIMARY KEY NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    state TEXT NOT NULL CONSTRAINT orders_state_known
        CHECK (state IN ('pending_payment', 'paid', 'shipped', 'received', 'completed', 'closed', 'refunded')),
    delivery TEXT NOT NULL CONSTRAINT orders_delivery_known CHECK (delivery IN ('parcel', 'pick_up', 'virtual')),
    goods_fen BIGINT NOT NULL CONSTRAINT orders_goods_counted CHECK (goods_fen >= 0),
    discount_fen BIGINT NOT NULL CONSTRAINT orders_discount_counted CHECK (discount_fen >= 0 AND discount_fen <= goods_fen),
    freight_fen BIGINT NOT NULL CONSTRAINT orders_freight_counted CHECK (freight_fen >= 0),
    total_fen BIGINT NOT NULL,
    refunded_fen BIGINT NOT NULL,
    -- Asked back from the provider and not yet settled.
    refunding_fen BIGINT NOT NULL,
    -- What of that is only a difference of price, which holds nothing up.
    refunding_difference_fen BIGINT NOT NULL,
    receiver_name TEXT NOT NULL,
    receiver_phone TEXT NOT NULL,
    province_code TEXT NOT NULL,
    receiver_address TEXT NOT NULL,
    remark TEXT NOT NULL,
    staff_note TEXT NOT NULL,
    pay_deadline BIGINT NOT NULL,
    -- When closing is tried next: the deadline, or later while the provider is being asked.
    close_due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    paid_at BIGINT,
    shipped_at BIGINT,
    receive_due_at BIGINT,
    received_at BIGINT,
    complete_due_at BIGINT,
    completed_at BIGINT,
    closed_at BIGINT,
    close_reason TEXT,
    hidden_at BIGINT,
    version BIGINT NOT NULL,
    CONSTRAINT orders_total_adds_up CHECK (total_fen = goods_fen - discount_fen + freight_fen AND total_fen >= 0),
    CONSTRAINT orders_refunded_within_paid CHECK (refunded_fen >= 0 AND refunding_fen >= 0
        AND refunded_fen + refunding_fen <= total_fen),
    CONSTRAINT orders_difference_within_refunding CHECK (refunding_difference_fen >= 0
        AND refunding_difference_fen <= refunding_fen)
);
CREATE INDEX orders_user ON orders (user_id, id);
CREATE INDEX orders_state ON orders (state, id);
CREATE INDEX orders_phone ON orders (receiver_phone, id);
CREATE INDEX orders_receiver ON orders (receiver_name, id);
CREATE INDEX orders_close_due ON orders (close_due_at) WHERE state = 'pending_payment';
CREATE INDEX orders_receive_due ON orders (receive_due_at) WHERE state = 'shipped';
CREATE INDEX orders_complete_due ON orders (complete_due_at) WHERE state = 'received';

CREATE TABLE order_lines (
    id INTEGER PRIMARY KEY NOT NULL,
    order_id BIGINT NOT NULL REFERENCES orders (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    kind TEXT NOT NULL CONSTRAINT order_lines_kind_known
        CHECK (kind IN ('physical', 'virtual_code', 'virtual_access')),
    title TEXT NOT NULL,
    option_text TEXT NOT NULL,
    picture TEXT NOT NULL,
    unit_price_fen BIGINT NOT NULL CONSTRAINT order_lines_price_counted CHECK (unit_price_fen >= 0),
    quantity BIGINT NOT NULL CONSTRAINT order_lines_quantity_fits CHECK (quantity BETWEEN 1 AND 999),
    goods_fen BIGINT NOT NULL,
    discount_fen BIGINT NOT NULL,
    freight_fen BIGINT NOT NULL,
    payable_fen BIGINT NOT NULL,
    shipped_quantity BIGINT NOT NULL,
    refunded_quantity BIGINT NOT NULL,
    refunded_fen BIGINT NOT NULL,
    CONSTRAINT order_lines_adds_up CHECK (payable_fen = goods_fen - discount_fen + freight_fen AND payable_fen >= 0),
    CONSTRAINT order_lines_shipped_within CHECK (shipped_quantity >= 0 AND shipped_quantity <= quantity),
    CONSTRAINT order_lines_refunded_within CHECK (refunded_quantity >= 0 AND refunded_quantity <= quantity
        AND refunded_fen >= 0 AND refunded_fen <= payable_fen)
);
CREATE INDEX order_lines_order ON order_lines (order_id);
CREATE INDEX order_lines_product ON order_lines (product_id);
CREATE INDEX order_lines_sku ON order_lines (sku_id);

-- What changed a price, from which source; a line's or the whole order's.
CREATE TABLE order_adjustments (
    id INTEGER PRIMARY KEY NOT NULL,
    order_id BIGINT NOT NULL REFERENCES orders (id),
    line_id BIGINT REFERENCES order_lines (id),
    source TEXT NOT NULL,
    source_ref TEXT NOT NULL,
    title TEXT NOT NULL,
    on_freight BOOLEAN NOT NULL,
    amount_fen BIGINT NOT NULL
);
CREATE INDEX order_adjustments_order ON order_adjustments (order_id);
CREATE INDEX order_adjustments_line ON order_adjustments (line_id);

CREATE TABLE order_history (
    id INTEGER PRIMARY KEY NOT NULL,
    order_id BIGINT NOT NULL REFERENCES orders (id),
    -- The version of the order this row made; puts the rows of one order in their true order.
    version BIGINT NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    actor_kind TEXT NOT NULL CONSTRAINT order_history_actor_known CHECK (actor_kind IN ('shopper', 'staff', 'system')),
    actor_id BIGINT,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE UNIQUE INDEX order_history_version ON order_history (order_id, version);

-- What was asked back of an order, and when it reached the payer. The id is the refund's at payment.
CREATE TABLE order_refunds (
    id INTEGER PRIMARY KEY NOT NULL,
    order_id BIGINT NOT NULL REFERENCES orders (id),
    kind TEXT NOT NULL CONSTRAINT order_refunds_kind_known CHECK (kind IN ('whole', 'difference')),
    amount_fen BIGINT NOT NULL CONSTRAINT order_refunds_of_something CHECK (amount_fen > 0),
    reason TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    arrived_at BIGINT
);
CREATE INDEX order_refunds_order ON order_refunds (order_id);

-- Holds a paid order back from shipping until its campaign opens it.
CREATE TABLE ship_gates (
    order_id BIGINT NOT NULL REFERENCES orders (id),
    source TEXT NOT NULL,
    source_ref TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    opened_at BIGINT,
    PRIMARY KEY (order_id, source)
);

CREATE TABLE shipments (
    id INTEGER PRIMARY KEY NOT NULL,
    order_id BIGINT NOT NULL REFERENCES orders (id),
    kind TEXT NOT NULL CONSTRAINT shipments_kind_known CHECK (kind IN ('parcel', 'pick_up', 'virtual')),
    carrier_code TEXT NOT NULL,
    tracking_no TEXT NOT NULL,
    shipped_by BIGINT REFERENCES staff_accounts (id),
    shipped_at BIGINT NOT NULL,
    -- When the payment provider was told of it.
    uploaded_at BIGINT,
    -- Only parcels are carried by somebody.
    CONSTRAINT shipments_carried CHECK ((kind = 'parcel') = (carrier_code <> '' AND tracking_no <> ''))
);
CREATE INDEX shipments_order ON shipments (order_id);
CREATE INDEX shipments_shipped_by ON shipments (shipped_by);
CREATE UNIQUE INDEX shipments_parcel ON shipments (order_id, kind, carrier_code, tracking_no);

CREATE TABLE shipment_lines (
    shipment_id BIGINT NOT NULL REFERENCES shipments (id),
    line_id BIGINT NOT NULL REFERENCES order_lines (id),
    quantity BIGINT NOT NULL CONSTRAINT shipment_lines_of_something CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, line_id)
);
CREATE INDEX shipment_lines_line ON shipment_lines (line_id);

CREATE TABLE tracking_events (
    id INTEGER PRIMARY KEY NOT NULL,
    shipment_id BIGINT NOT NULL REFERENCES shipments (id),
    happened_at BIGINT NOT NULL,
    place TEXT NOT NULL,
    description TEXT NOT NULL
);
CREATE UNIQUE INDEX tracking_events_once ON tracking_events (shipment_id, happened_at, description);
