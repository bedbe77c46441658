-- What a flash sale is besides a campaign.
CREATE TABLE flash_sales (
    campaign_id BIGINT PRIMARY KEY NOT NULL REFERENCES campaigns (id),
    coupons_allowed BOOLEAN NOT NULL
);

-- One stretch of time in which its prices hold.
CREATE TABLE flash_sale_slots (
    id BIGINT PRIMARY KEY NOT NULL,
    campaign_id BIGINT NOT NULL REFERENCES flash_sales (campaign_id),
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    CONSTRAINT flash_sale_slots_last CHECK (ends_at > starts_at)
);
CREATE UNIQUE INDEX flash_sale_slots_start ON flash_sale_slots (campaign_id, starts_at);

-- What is sold in a slot: a quota of its own, besides the stock of the shop.
CREATE TABLE flash_sale_items (
    id BIGINT PRIMARY KEY NOT NULL,
    slot_id BIGINT NOT NULL REFERENCES flash_sale_slots (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    position BIGINT NOT NULL,
    price_fen BIGINT NOT NULL CONSTRAINT flash_sale_items_price_counted CHECK (price_fen > 0),
    quota BIGINT NOT NULL CONSTRAINT flash_sale_items_quota_counted CHECK (quota > 0),
    taken BIGINT NOT NULL,
    per_user_limit BIGINT NOT NULL CONSTRAINT flash_sale_items_limit_counted CHECK (per_user_limit BETWEEN 1 AND 999),
    CONSTRAINT flash_sale_items_never_oversold CHECK (taken >= 0 AND taken <= quota)
);
CREATE UNIQUE INDEX flash_sale_items_sku ON flash_sale_items (slot_id, sku_id);
CREATE INDEX flash_sale_items_of_sku ON flash_sale_items (sku_id);

-- How many pieces each buyer has of an item, the limit beside it so that the guard is a constraint too.
CREATE TABLE flash_sale_buyers (
    item_id BIGINT NOT NULL REFERENCES flash_sale_items (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    quantity BIGINT NOT NULL,
    per_user_limit BIGINT NOT NULL,
    PRIMARY KEY (item_id, user_id),
    CONSTRAINT flash_sale_buyers_within_limit CHECK (quantity >= 0 AND quantity <= per_user_limit)
);
CREATE INDEX flash_sale_buyers_user ON flash_sale_buyers (user_id);

-- What an order took of an item.
CREATE TABLE flash_sale_takings (
    order_id BIGINT NOT NULL REFERENCES orders (id),
    item_id BIGINT NOT NULL REFERENCES flash_sale_items (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    quantity BIGINT NOT NULL CONSTRAINT flash_sale_takings_counted CHECK (quantity > 0),
    discount_fen BIGINT NOT NULL CONSTRAINT flash_sale_takings_discount_counted CHECK (discount_fen >= 0),
    state TEXT NOT NULL CONSTRAINT flash_sale_takings_state_known CHECK (state IN ('held', 'sold', 'given_back')),
    at BIGINT NOT NULL,
    PRIMARY KEY (order_id, item_id)
);
CREATE INDEX flash_sale_takings_item ON flash_sale_takings (item_id, order_id);
CREATE INDEX flash_sale_takings_user ON flash_sale_takings (user_id);

-- Who wants to be told before a slot starts.
CREATE TABLE flash_sale_reminders (
    id BIGINT PRIMARY KEY NOT NULL,
    slot_id BIGINT NOT NULL REFERENCES flash_sale_slots (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    remind_at BIGINT NOT NULL,
    told_at BIGINT
);
CREATE UNIQUE INDEX flash_sale_reminders_once ON flash_sale_reminders (slot_id, user_id);
CREATE INDEX flash_sale_reminders_user ON flash_sale_reminders (user_id);
CREATE INDEX flash_sale_reminders_due ON flash_sale_reminders (remind_at) WHERE told_at IS NULL;
