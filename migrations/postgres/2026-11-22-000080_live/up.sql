-- Live rooms: what is shown, when, and where it stands.
CREATE TABLE live_rooms (
    id BIGINT PRIMARY KEY NOT NULL,
    title TEXT NOT NULL,
    cover TEXT NOT NULL,
    anchor_name TEXT NOT NULL,
    anchor_picture TEXT NOT NULL,
    anchor_introduction TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    source TEXT NOT NULL CONSTRAINT live_rooms_source_known CHECK (source IN ('own', 'wechat')),
    state TEXT NOT NULL
        CONSTRAINT live_rooms_state_known CHECK (state IN ('planned', 'live', 'paused', 'ended', 'replay', 'cancelled')),
    stream_name TEXT NOT NULL,
    publish_secret TEXT NOT NULL,
    slow_mode_seconds BIGINT NOT NULL CONSTRAINT live_rooms_slow_mode_counted CHECK (slow_mode_seconds BETWEEN 0 AND 600),
    comments_open BOOLEAN NOT NULL,
    blocked_words TEXT NOT NULL,
    likes BIGINT NOT NULL CONSTRAINT live_rooms_likes_counted CHECK (likes >= 0),
    peak_viewers BIGINT NOT NULL CONSTRAINT live_rooms_peak_counted CHECK (peak_viewers >= 0),
    comment_sequence BIGINT NOT NULL CONSTRAINT live_rooms_comments_counted CHECK (comment_sequence >= 0),
    signal_sequence BIGINT NOT NULL CONSTRAINT live_rooms_signals_counted CHECK (signal_sequence >= 0),
    pinned_sequence BIGINT,
    explaining_id BIGINT REFERENCES products (id),
    explaining_since BIGINT,
    silent_since BIGINT,
    went_live_at BIGINT,
    ended_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT live_rooms_schedule CHECK (ends_at > starts_at),
    CONSTRAINT live_rooms_live_since CHECK (state NOT IN ('live', 'paused') OR went_live_at IS NOT NULL),
    CONSTRAINT live_rooms_over_since CHECK (state NOT IN ('ended', 'replay', 'cancelled') OR ended_at IS NOT NULL),
    CONSTRAINT live_rooms_explaining_since CHECK ((explaining_id IS NULL) = (explaining_since IS NULL))
);
CREATE UNIQUE INDEX live_rooms_stream ON live_rooms (stream_name);
CREATE INDEX live_rooms_schedule_order ON live_rooms (state, starts_at, id);
CREATE INDEX live_rooms_silent ON live_rooms (silent_since) WHERE silent_since IS NOT NULL;
CREATE INDEX live_rooms_explaining ON live_rooms (explaining_id);

-- Every move of a room from one state to another.
CREATE TABLE live_room_changes (
    id BIGINT PRIMARY KEY NOT NULL,
    room_id BIGINT NOT NULL REFERENCES live_rooms (id),
    from_state TEXT,
    to_state TEXT NOT NULL,
    actor TEXT NOT NULL
        CONSTRAINT live_room_changes_actor_known CHECK (actor IN ('staff', 'engine', 'system', 'wechat')),
    staff_id BIGINT REFERENCES staff_accounts (id),
    reason TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX live_room_changes_room ON live_room_changes (room_id, id);
CREATE INDEX live_room_changes_staff ON live_room_changes (staff_id);

-- WeChat's own live room that a room mirrors.
CREATE TABLE live_official_rooms (
    room_id BIGINT PRIMARY KEY NOT NULL REFERENCES live_rooms (id),
    entrance_id BIGINT NOT NULL REFERENCES entrances (id),
    room_number BIGINT,
    status BIGINT,
    anchor_wechat TEXT NOT NULL,
    cover_media TEXT,
    share_media TEXT,
    feeds_media TEXT,
    qr_code_url TEXT,
    push_address TEXT,
    share_code_url TEXT,
    page_path TEXT,
    failure TEXT,
    mirrored_at BIGINT,
    mirror_due_at BIGINT
);
CREATE UNIQUE INDEX live_official_rooms_number ON live_official_rooms (entrance_id, room_number);
CREATE INDEX live_official_rooms_due ON live_official_rooms (mirror_due_at) WHERE mirror_due_at IS NOT NULL;

-- Products as WeChat's library of live goods knows them.
CREATE TABLE live_official_goods (
    id BIGINT PRIMARY KEY NOT NULL,
    entrance_id BIGINT NOT NULL REFERENCES entrances (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    goods_id BIGINT,
    audit_id BIGINT,
    audit_status BIGINT NOT NULL CONSTRAINT live_official_goods_audit_known CHECK (audit_status BETWEEN 0 AND 3),
    name TEXT NOT NULL,
    price_fen BIGINT NOT NULL CONSTRAINT live_official_goods_price_counted CHECK (price_fen >= 0),
    price_kind BIGINT NOT NULL CONSTRAINT live_official_goods_price_kind_known CHECK (price_kind BETWEEN 1 AND 3),
    second_price_fen BIGINT,
    url TEXT NOT NULL,
    failure TEXT,
    submitted_at BIGINT NOT NULL,
    checked_at BIGINT
);
CREATE UNIQUE INDEX live_official_goods_once ON live_official_goods (entrance_id, product_id);
CREATE UNIQUE INDEX live_official_goods_number ON live_official_goods (entrance_id, goods_id);
CREATE INDEX live_official_goods_product ON live_official_goods (product_id);

-- Which of them WeChat shows in which of its rooms.
CREATE TABLE live_official_shelf (
    room_id BIGINT NOT NULL REFERENCES live_official_rooms (room_id),
    goods_row_id BIGINT NOT NULL REFERENCES live_official_goods (id),
    on_sale BOOLEAN NOT NULL,
    position BIGINT NOT NULL,
    mirrored_at BIGINT NOT NULL,
    PRIMARY KEY (room_id, goods_row_id)
);
CREATE INDEX live_official_shelf_goods ON live_official_shelf (goods_row_id);

-- Products of a room in their order; whatever was shown once stays known.
CREATE TABLE live_shelf (
    room_id BIGINT NOT NULL REFERENCES live_rooms (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    position BIGINT NOT NULL,
    clicks BIGINT NOT NULL CONSTRAINT live_shelf_clicks_counted CHECK (clicks >= 0),
    explained_at BIGINT,
    added_at BIGINT NOT NULL,
    removed_at BIGINT,
    PRIMARY KEY (room_id, product_id)
);
CREATE INDEX live_shelf_product ON live_shelf (product_id);

-- Prices that hold only in a room while it is live, each with a quota of its own.
CREATE TABLE live_prices (
    id BIGINT PRIMARY KEY NOT NULL,
    room_id BIGINT NOT NULL REFERENCES live_rooms (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    price_fen BIGINT NOT NULL CONSTRAINT live_prices_price_counted CHECK (price_fen > 0),
    quota BIGINT NOT NULL CONSTRAINT live_prices_quota_counted CHECK (quota > 0),
    taken BIGINT NOT NULL,
    per_user_limit BIGINT NOT NULL CONSTRAINT live_prices_limit_counted CHECK (per_user_limit BETWEEN 1 AND 999),
    coupons_allowed BOOLEAN NOT NULL,
    starts_at BIGINT,
    ends_at BIGINT,
    created_at BIGINT NOT NULL,
    withdrawn_at BIGINT,
    CONSTRAINT live_prices_never_oversold CHECK (taken >= 0 AND taken <= quota),
    CONSTRAINT live_prices_window CHECK (starts_at IS NULL OR ends_at IS NULL OR ends_at > starts_at)
);
CREATE UNIQUE INDEX live_prices_once ON live_prices (room_id, sku_id) WHERE withdrawn_at IS NULL;
CREATE INDEX live_prices_room ON live_prices (room_id, id);
CREATE INDEX live_prices_sku ON live_prices (sku_id);

-- How many pieces each buyer has at a live price, the limit beside it so that the guard is a constraint too.
CREATE TABLE live_price_buyers (
    price_id BIGINT NOT NULL REFERENCES live_prices (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    quantity BIGINT NOT NULL,
    per_user_limit BIGINT NOT NULL,
    PRIMARY KEY (price_id, user_id),
    CONSTRAINT live_price_buyers_within_limit CHECK (quantity >= 0 AND quantity <= per_user_limit)
);
CREATE INDEX live_price_buyers_user ON live_price_buyers (user_id);

-- What an order took at a live price.
CREATE TABLE live_price_takings (
    order_id BIGINT NOT NULL REFERENCES orders (id),
    price_id BIGINT NOT NULL REFERENCES live_prices (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    quantity BIGINT NOT NULL CONSTRAINT live_price_takings_counted CHECK (quantity > 0),
    discount_fen BIGINT NOT NULL CONSTRAINT live_price_takings_discount_counted CHECK (discount_fen >= 0),
    state TEXT NOT NULL CONSTRAINT live_price_takings_state_known CHECK (state IN ('held', 'sold', 'given_back')),
    at BIGINT NOT NULL,
    PRIMARY KEY (order_id, price_id)
);
CREATE INDEX live_price_takings_price ON live_price_takings (price_id, order_id);
CREATE INDEX live_price_takings_user ON live_price_takings (user_id);

-- Coupons and packets that rain during a show.
CREATE TABLE live_drops (
    id BIGINT PRIMARY KEY NOT NULL,
    room_id BIGINT NOT NULL REFERENCES live_rooms (id),
    kind TEXT NOT NULL CONSTRAINT live_drops_kind_known CHECK (kind IN ('coupon', 'packet')),
    title TEXT NOT NULL,
    template_id BIGINT NOT NULL REFERENCES coupon_templates (id),
    quantity BIGINT NOT NULL CONSTRAINT live_drops_quantity_counted CHECK (quantity > 0),
    claimed BIGINT NOT NULL,
    face_fen BIGINT,
    seed BIGINT,
    state TEXT NOT NULL CONSTRAINT live_drops_state_known CHECK (state IN ('planned', 'open', 'closed')),
    open_seconds BIGINT NOT NULL CONSTRAINT live_drops_time_counted CHECK (open_seconds BETWEEN 5 AND 86400),
    created_at BIGINT NOT NULL,
    opened_at BIGINT,
    closes_at BIGINT,
    closed_at BIGINT,
    CONSTRAINT live_drops_never_overdrawn CHECK (claimed >= 0 AND claimed <= quantity),
    CONSTRAINT live_drops_face CHECK ((kind = 'packet') = (face_fen IS NOT NULL)),
    CONSTRAINT live_drops_opened CHECK (state <> 'open' OR (opened_at IS NOT NULL AND closes_at IS NOT NULL))
);
CREATE INDEX live_drops_room ON live_drops (room_id, id);
CREATE INDEX live_drops_template ON live_drops (template_id);
CREATE INDEX live_drops_closing ON live_drops (closes_at) WHERE state = 'open';

-- The portions of a packet, drawn when it is planned, handed out in this order.
CREATE TABLE live_drop_portions (
    drop_id BIGINT NOT NULL REFERENCES live_drops (id),
    no BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL CONSTRAINT live_drop_portions_counted CHECK (amount_fen > 0),
    PRIMARY KEY (drop_id, no)
);

-- Who caught what.
CREATE TABLE live_drop_claims (
    drop_id BIGINT NOT NULL REFERENCES live_drops (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    no BIGINT NOT NULL,
    amount_fen BIGINT,
    coupon_id BIGINT NOT NULL REFERENCES coupons (id),
    at BIGINT NOT NULL,
    PRIMARY KEY (drop_id, user_id)
);
CREATE UNIQUE INDEX live_drop_claims_no ON live_drop_claims (drop_id, no);
CREATE INDEX live_drop_claims_user ON live_drop_claims (user_id);
CREATE INDEX live_drop_claims_coupon ON live_drop_claims (coupon_id);

-- Who wants to be told when a room starts, and what became of telling them.
CREATE TABLE live_reminders (
    id BIGINT PRIMARY KEY NOT NULL,
    room_id BIGINT NOT NULL REFERENCES live_rooms (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    asked_at BIGINT NOT NULL,
    state TEXT NOT NULL
        CONSTRAINT live_reminders_state_known CHECK (state IN ('waiting', 'due', 'sent', 'refused')),
    due_at BIGINT,
    sent_at BIGINT,
    refusal TEXT
);
CREATE UNIQUE INDEX live_reminders_once ON live_reminders (room_id, user_id);
CREATE INDEX live_reminders_user ON live_reminders (user_id);
CREATE INDEX live_reminders_room ON live_reminders (room_id, state, id);

-- What viewers said, numbered within each room.
CREATE TABLE live_comments (
    id BIGINT PRIMARY KEY NOT NULL,
    room_id BIGINT NOT NULL REFERENCES live_rooms (id),
    sequence BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    words TEXT NOT NULL,
    client_id TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT live_comments_state_known CHECK (state IN ('shown', 'hidden')),
    at BIGINT NOT NULL,
    hidden_by BIGINT REFERENCES staff_accounts (id),
    hidden_at BIGINT
);
CREATE UNIQUE INDEX live_comments_order ON live_comments (room_id, sequence);
CREATE UNIQUE INDEX live_comments_once ON live_comments (room_id, user_id, client_id);
CREATE INDEX live_comments_user ON live_comments (user_id, room_id, at);
CREATE INDEX live_comments_hidden_by ON live_comments (hidden_by);

-- Whom staff muted or banned, in one room or everywhere.
CREATE TABLE live_sanctions (
    id BIGINT PRIMARY KEY NOT NULL,
    room_id BIGINT REFERENCES live_rooms (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL CONSTRAINT live_sanctions_kind_known CHECK (kind IN ('mute', 'ban')),
    reason TEXT NOT NULL,
    created_by BIGINT NOT NULL REFERENCES staff_accounts (id),
    created_at BIGINT NOT NULL,
    ends_at BIGINT,
    lifted_by BIGINT REFERENCES staff_accounts (id),
    lifted_at BIGINT
);
CREATE INDEX live_sanctions_room ON live_sanctions (room_id, id);
CREATE INDEX live_sanctions_user ON live_sanctions (user_id, lifted_at);
CREATE INDEX live_sanctions_staff ON live_sanctions (created_by);
CREATE INDEX live_sanctions_lifter ON live_sanctions (lifted_by);

-- Who watched, one row for each stay.
CREATE TABLE live_visits (
    id BIGINT PRIMARY KEY NOT NULL,
    room_id BIGINT NOT NULL REFERENCES live_rooms (id),
    visitor TEXT NOT NULL,
    user_id BIGINT REFERENCES users (id),
    device_id BIGINT REFERENCES devices (id),
    process TEXT NOT NULL,
    share_token TEXT,
    joined_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    left_at BIGINT,
    watched_ms BIGINT NOT NULL CONSTRAINT live_visits_watched_counted CHECK (watched_ms >= 0)
);
CREATE INDEX live_visits_room ON live_visits (room_id, visitor);
CREATE INDEX live_visits_present ON live_visits (room_id, last_seen_at) WHERE left_at IS NULL;
CREATE INDEX live_visits_process ON live_visits (process) WHERE left_at IS NULL;
CREATE INDEX live_visits_user ON live_visits (user_id);
CREATE INDEX live_visits_device ON live_visits (device_id);

-- A room minute by minute.
CREATE TABLE live_minutes (
    room_id BIGINT NOT NULL REFERENCES live_rooms (id),
    minute BIGINT NOT NULL,
    joined BIGINT NOT NULL CONSTRAINT live_minutes_joined_counted CHECK (joined >= 0),
    peak BIGINT NOT NULL CONSTRAINT live_minutes_peak_counted CHECK (peak >= 0),
    comments BIGINT NOT NULL CONSTRAINT live_minutes_comments_counted CHECK (comments >= 0),
    likes BIGINT NOT NULL CONSTRAINT live_minutes_likes_counted CHECK (likes >= 0),
    shares BIGINT NOT NULL CONSTRAINT live_minutes_shares_counted CHECK (shares >= 0),
    clicks BIGINT NOT NULL CONSTRAINT live_minutes_clicks_counted CHECK (clicks >= 0),
    orders BIGINT NOT NULL CONSTRAINT live_minutes_orders_counted CHECK (orders >= 0),
    revenue_fen BIGINT NOT NULL CONSTRAINT live_minutes_revenue_counted CHECK (revenue_fen >= 0),
    PRIMARY KEY (room_id, minute)
);

-- Recordings of a show.
CREATE TABLE live_replays (
    id BIGINT PRIMARY KEY NOT NULL,
    room_id BIGINT NOT NULL REFERENCES live_rooms (id),
    media_url TEXT NOT NULL,
    source TEXT NOT NULL CONSTRAINT live_replays_source_known CHECK (source IN ('staff', 'engine', 'wechat')),
    began_at BIGINT NOT NULL,
    duration_ms BIGINT,
    expires_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX live_replays_once ON live_replays (room_id, media_url);

-- When which product was explained.
CREATE TABLE live_marks (
    id BIGINT PRIMARY KEY NOT NULL,
    room_id BIGINT NOT NULL REFERENCES live_rooms (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    at BIGINT NOT NULL,
    offset_ms BIGINT NOT NULL CONSTRAINT live_marks_offset_counted CHECK (offset_ms >= 0)
);
CREATE INDEX live_marks_room ON live_marks (room_id, at, id);
CREATE INDEX live_marks_product ON live_marks (product_id);

-- Which line of which order came from which room; an order has one line for each SKU.
CREATE TABLE live_order_lines (
    order_id BIGINT NOT NULL REFERENCES orders (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    room_id BIGINT NOT NULL REFERENCES live_rooms (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    quantity BIGINT NOT NULL CONSTRAINT live_order_lines_counted CHECK (quantity > 0),
    revenue_fen BIGINT NOT NULL CONSTRAINT live_order_lines_revenue_counted CHECK (revenue_fen >= 0),
    state TEXT NOT NULL
        CONSTRAINT live_order_lines_state_known CHECK (state IN ('placed', 'paid', 'closed', 'refunded')),
    placed_at BIGINT NOT NULL,
    paid_at BIGINT,
    PRIMARY KEY (order_id, sku_id)
);
CREATE INDEX live_order_lines_room ON live_order_lines (room_id, order_id);
CREATE INDEX live_order_lines_user ON live_order_lines (user_id);
CREATE INDEX live_order_lines_sku ON live_order_lines (sku_id);
CREATE INDEX live_order_lines_product ON live_order_lines (product_id);

-- When which engine took in a room's stream.
CREATE TABLE live_publishings (
    id BIGINT PRIMARY KEY NOT NULL,
    room_id BIGINT NOT NULL REFERENCES live_rooms (id),
    engine TEXT NOT NULL,
    client_id TEXT NOT NULL,
    address TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    stopped_at BIGINT
);
CREATE UNIQUE INDEX live_publishings_one ON live_publishings (room_id) WHERE stopped_at IS NULL;
CREATE INDEX live_publishings_room ON live_publishings (room_id, id);

-- What viewers are to see next, numbered within each room, kept for a few minutes.
CREATE TABLE live_signals (
    room_id BIGINT NOT NULL REFERENCES live_rooms (id),
    sequence BIGINT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (room_id, sequence)
);
CREATE INDEX live_signals_age ON live_signals (at);
