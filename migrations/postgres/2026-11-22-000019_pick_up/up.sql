-- Where buyers collect what they bought.
CREATE TABLE stores (
    id BIGINT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    phone TEXT NOT NULL,
    opening_hours TEXT NOT NULL,
    -- Millionths of a degree.
    latitude BIGINT CONSTRAINT stores_latitude_fits CHECK (latitude BETWEEN -90000000 AND 90000000),
    longitude BIGINT CONSTRAINT stores_longitude_fits CHECK (longitude BETWEEN -180000000 AND 180000000),
    state TEXT NOT NULL CONSTRAINT stores_state_known CHECK (state IN ('open', 'closed')),
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT stores_located_or_not CHECK ((latitude IS NULL) = (longitude IS NULL))
);
CREATE INDEX stores_state ON stores (state, id);

-- Whoever belongs to a store hands out there and nowhere else.
CREATE TABLE store_staff (
    store_id BIGINT NOT NULL REFERENCES stores (id),
    staff_id BIGINT NOT NULL REFERENCES staff_accounts (id),
    PRIMARY KEY (store_id, staff_id)
);
CREATE INDEX store_staff_staff ON store_staff (staff_id);

-- Orders that are collected at a store, each with the code that is shown there once.
CREATE TABLE pick_ups (
    order_id BIGINT PRIMARY KEY NOT NULL REFERENCES orders (id),
    store_id BIGINT NOT NULL REFERENCES stores (id),
    code TEXT,
    issued_at BIGINT,
    verified_at BIGINT,
    verified_by BIGINT REFERENCES staff_accounts (id),
    CONSTRAINT pick_ups_issued_with_code CHECK ((code IS NULL) = (issued_at IS NULL)),
    CONSTRAINT pick_ups_verified_by_code CHECK (verified_at IS NULL OR code IS NOT NULL),
    CONSTRAINT pick_ups_verified_by_somebody CHECK ((verified_at IS NULL) = (verified_by IS NULL))
);
CREATE UNIQUE INDEX pick_ups_code ON pick_ups (code);
CREATE INDEX pick_ups_store ON pick_ups (store_id, order_id);
CREATE INDEX pick_ups_verified_by ON pick_ups (verified_by);
