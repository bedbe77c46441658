-- Products a user likes.
CREATE TABLE favourites (
    user_id BIGINT NOT NULL REFERENCES users (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, product_id)
);
CREATE INDEX favourites_latest ON favourites (user_id, created_at);
CREATE INDEX favourites_product ON favourites (product_id);

-- The last products somebody looked at.
CREATE TABLE footprints (
    id INTEGER PRIMARY KEY NOT NULL,
    user_id BIGINT REFERENCES users (id),
    device_id BIGINT REFERENCES devices (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    seen_at BIGINT NOT NULL,
    CONSTRAINT footprints_one_walker CHECK ((user_id IS NULL) <> (device_id IS NULL))
);
CREATE UNIQUE INDEX footprints_user_product ON footprints (user_id, product_id);
CREATE UNIQUE INDEX footprints_device_product ON footprints (device_id, product_id);
CREATE INDEX footprints_product ON footprints (product_id);
