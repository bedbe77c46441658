CREATE TABLE stock_items (
    sku_id BIGINT PRIMARY KEY NOT NULL REFERENCES skus (id),
    on_hand BIGINT NOT NULL,
    held BIGINT NOT NULL,
    sold BIGINT NOT NULL,
    received BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    low_at BIGINT NOT NULL CONSTRAINT stock_items_low_at_counted CHECK (low_at >= 0),
    CONSTRAINT stock_items_never_oversold CHECK (held >= 0 AND on_hand >= held),
    CONSTRAINT stock_items_balanced CHECK (received - removed = on_hand + sold AND sold >= 0)
);

-- Movements and holds name the SKU and not its stock item, so that writing them never touches the contended row.
CREATE TABLE stock_movements (
    id BIGINT PRIMARY KEY NOT NULL,
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    kind TEXT NOT NULL CONSTRAINT stock_movements_kind_known
        CHECK (kind IN ('purchase', 'hold', 'release', 'sale', 'return', 'correction')),
    on_hand_change BIGINT NOT NULL,
    held_change BIGINT NOT NULL,
    order_id BIGINT,
    reason TEXT NOT NULL,
    staff_id BIGINT,
    at BIGINT NOT NULL
);
CREATE INDEX stock_movements_sku ON stock_movements (sku_id, id);
CREATE INDEX stock_movements_order ON stock_movements (order_id);

CREATE TABLE stock_holds (
    order_id BIGINT NOT NULL,
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    quantity BIGINT NOT NULL CONSTRAINT stock_holds_of_something CHECK (quantity > 0),
    state TEXT NOT NULL CONSTRAINT stock_holds_state_known CHECK (state IN ('live', 'released', 'sold', 'returned')),
    PRIMARY KEY (order_id, sku_id)
);
CREATE INDEX stock_holds_sku ON stock_holds (sku_id);
