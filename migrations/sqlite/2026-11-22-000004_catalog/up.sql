CREATE TABLE categories (
    id INTEGER PRIMARY KEY NOT NULL,
    parent_id BIGINT REFERENCES categories (id),
    name TEXT NOT NULL,
    icon TEXT,
    position BIGINT NOT NULL,
    shown BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT categories_not_own_parent CHECK (parent_id IS NULL OR parent_id <> id)
);
CREATE INDEX categories_parent ON categories (parent_id, position);

CREATE TABLE products (
    id INTEGER PRIMARY KEY NOT NULL,
    category_id BIGINT NOT NULL REFERENCES categories (id),
    kind TEXT NOT NULL CONSTRAINT products_kind_known CHECK (kind IN ('physical', 'virtual_code', 'virtual_access')),
    freight_template_id BIGINT NOT NULL,
    title TEXT NOT NULL,
    subtitle TEXT NOT NULL,
    brand TEXT NOT NULL,
    tags TEXT NOT NULL,
    cover TEXT NOT NULL,
    gallery TEXT NOT NULL,
    video TEXT,
    description TEXT NOT NULL,
    options TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT products_state_known CHECK (state IN ('draft', 'on_sale', 'off_sale')),
    on_sale_at BIGINT,
    off_sale_at BIGINT,
    sold BIGINT NOT NULL CONSTRAINT products_sold_counted CHECK (sold >= 0),
    listed_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX products_category ON products (category_id, id);
CREATE INDEX products_freight_template ON products (freight_template_id);
CREATE INDEX products_state ON products (state, id);
CREATE INDEX products_on_sale_due ON products (on_sale_at) WHERE on_sale_at IS NOT NULL;
CREATE INDEX products_off_sale_due ON products (off_sale_at) WHERE off_sale_at IS NOT NULL;

CREATE TABLE skus (
    id INTEGER PRIMARY KEY NOT NULL,
    product_id BIGINT NOT NULL REFERENCES products (id),
    code TEXT NOT NULL,
    option_values TEXT NOT NULL,
    price_fen BIGINT NOT NULL CONSTRAINT skus_price_fits CHECK (price_fen BETWEEN 0 AND 100000000000),
    market_price_fen BIGINT CONSTRAINT skus_market_price_fits CHECK (market_price_fen BETWEEN 0 AND 100000000000),
    cost_fen BIGINT CONSTRAINT skus_cost_fits CHECK (cost_fen BETWEEN 0 AND 100000000000),
    weight_grams BIGINT NOT NULL CONSTRAINT skus_weight_fits CHECK (weight_grams BETWEEN 0 AND 1000000000),
    volume_cm3 BIGINT NOT NULL CONSTRAINT skus_volume_fits CHECK (volume_cm3 BETWEEN 0 AND 1000000000),
    barcode TEXT,
    picture TEXT,
    position BIGINT NOT NULL,
    sellable BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX skus_code ON skus (code);
CREATE UNIQUE INDEX skus_option_values ON skus (product_id, option_values);

-- Rises with every change of what shoppers see, so that each process knows when to renew its snapshot.
CREATE TABLE catalog_revisions (
    id INTEGER PRIMARY KEY NOT NULL CONSTRAINT catalog_revisions_single CHECK (id = 1),
    revision BIGINT NOT NULL
);
INSERT INTO catalog_revisions (id, revision) VALUES (1, 0);
CREATE TABLE catalog_changes (
    revision INTEGER PRIMARY KEY NOT NULL,
    product_id BIGINT,
    at BIGINT NOT NULL
);

CREATE TABLE search_words (
    word TEXT PRIMARY KEY NOT NULL,
    searches BIGINT NOT NULL,
    empty_searches BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
CREATE INDEX search_words_hot ON search_words (searches);
CREATE TABLE search_history (
    user_id BIGINT NOT NULL REFERENCES users (id),
    word TEXT NOT NULL,
    searched_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, word)
);
