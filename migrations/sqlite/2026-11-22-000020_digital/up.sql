-- What staff loaded into the pools of codes.
CREATE TABLE digital_loads (
    id INTEGER PRIMARY KEY NOT NULL,
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    codes BIGINT NOT NULL CONSTRAINT digital_loads_of_something CHECK (codes > 0),
    reason TEXT NOT NULL,
    staff_id BIGINT REFERENCES staff_accounts (id),
    loaded_at BIGINT NOT NULL
);
CREATE INDEX digital_loads_sku ON digital_loads (sku_id);
CREATE INDEX digital_loads_staff ON digital_loads (staff_id);

CREATE TABLE digital_codes (
    id INTEGER PRIMARY KEY NOT NULL,
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    load_id BIGINT NOT NULL REFERENCES digital_loads (id),
    fingerprint TEXT NOT NULL,
    sealed TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT digital_codes_state_known CHECK (state IN ('free', 'delivered', 'withdrawn')),
    order_id BIGINT REFERENCES orders (id),
    line_id BIGINT REFERENCES order_lines (id),
    unit BIGINT,
    delivered_at BIGINT,
    CONSTRAINT digital_codes_delivered_to_somebody CHECK ((state = 'delivered') = (line_id IS NOT NULL)
        AND (line_id IS NULL) = (order_id IS NULL) AND (line_id IS NULL) = (unit IS NULL)
        AND (line_id IS NULL) = (delivered_at IS NULL))
);
CREATE UNIQUE INDEX digital_codes_fingerprint ON digital_codes (fingerprint) WHERE state <> 'withdrawn';
CREATE UNIQUE INDEX digital_codes_unit ON digital_codes (line_id, unit);
CREATE INDEX digital_codes_pool ON digital_codes (sku_id, state, id);
CREATE INDEX digital_codes_order ON digital_codes (order_id);
CREATE INDEX digital_codes_load ON digital_codes (load_id);

-- What buyers of a SKU get, the same for all.
CREATE TABLE access_grants (
    sku_id INTEGER PRIMARY KEY NOT NULL REFERENCES skus (id),
    name TEXT NOT NULL,
    instructions TEXT NOT NULL,
    link TEXT,
    updated_at BIGINT NOT NULL
);

-- What the buyer of a line got, as it was then.
CREATE TABLE access_deliveries (
    line_id INTEGER PRIMARY KEY NOT NULL REFERENCES order_lines (id),
    order_id BIGINT NOT NULL REFERENCES orders (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    name TEXT NOT NULL,
    instructions TEXT NOT NULL,
    link TEXT,
    delivered_at BIGINT NOT NULL
);
CREATE INDEX access_deliveries_order ON access_deliveries (order_id);
CREATE INDEX access_deliveries_sku ON access_deliveries (sku_id);
