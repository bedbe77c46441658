-- Lines of a shopper's cart, or of an anonymous device's: exactly one of the two owns a line.
CREATE TABLE cart_lines (
    id INTEGER PRIMARY KEY NOT NULL,
    user_id BIGINT REFERENCES users (id),
    device_id BIGINT REFERENCES devices (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    quantity BIGINT NOT NULL CONSTRAINT cart_lines_quantity_fits CHECK (quantity BETWEEN 1 AND 999),
    selected BOOLEAN NOT NULL,
    added_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT cart_lines_one_owner CHECK ((user_id IS NULL) <> (device_id IS NULL))
);
CREATE UNIQUE INDEX cart_lines_user_sku ON cart_lines (user_id, sku_id);
CREATE UNIQUE INDEX cart_lines_device_sku ON cart_lines (device_id, sku_id);
CREATE INDEX cart_lines_sku ON cart_lines (sku_id);
