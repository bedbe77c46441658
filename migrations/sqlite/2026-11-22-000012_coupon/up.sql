-- What a coupon of a kind is worth, where, for whom and how it is had.
CREATE TABLE coupon_templates (
    id INTEGER PRIMARY KEY NOT NULL,
    -- The campaign whose budget pays for its coupons; absent when they belong to no campaign.
    campaign_id BIGINT REFERENCES campaigns (id),
    family TEXT NOT NULL CONSTRAINT coupon_templates_family_known CHECK (family IN ('shop', 'social')),
    way TEXT NOT NULL CONSTRAINT coupon_templates_way_known
        CHECK (way IN ('claim', 'shared_code', 'one_time_code', 'grant', 'registration', 'packet')),
    state TEXT NOT NULL CONSTRAINT coupon_templates_state_known CHECK (state IN ('draft', 'active', 'paused', 'ended')),
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    benefit TEXT NOT NULL,
    -- What it takes off at the most: always for an amount, unless each coupon has its own; for freight, absent for all of it.
    amount_fen BIGINT CONSTRAINT coupon_templates_amount_counted CHECK (amount_fen IS NULL OR amount_fen > 0),
    off_permille BIGINT,
    cap_fen BIGINT,
    threshold_fen BIGINT NOT NULL CONSTRAINT coupon_templates_threshold_counted CHECK (threshold_fen >= 0),
    scope TEXT NOT NULL CONSTRAINT coupon_templates_scope_known CHECK (scope IN ('all', 'categories', 'products')),
    -- Lists of ids as JSON: always read and written whole.
    category_ids TEXT NOT NULL,
    product_ids TEXT NOT NULL,
    excluded_product_ids TEXT NOT NULL,
    stackable BOOLEAN NOT NULL,
    valid_from BIGINT,
    valid_until BIGINT,
    valid_days BIGINT CONSTRAINT coupon_templates_days_counted CHECK (valid_days IS NULL OR valid_days > 0),
    claims_from BIGINT,
    claims_until BIGINT,
    audience TEXT NOT NULL CONSTRAINT coupon_templates_audience_known
        CHECK (audience IN ('everyone', 'newcomers', 'list')),
    per_user_limit BIGINT NOT NULL CONSTRAINT coupon_templates_per_user_counted CHECK (per_user_limit > 0),
    per_user_daily_limit BIGINT CONSTRAINT coupon_templates_per_user_daily_counted
        CHECK (per_user_daily_limit IS NULL OR per_user_daily_limit > 0),
    shared_code TEXT,
    created_by BIGINT REFERENCES staff_accounts (id),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT coupon_templates_benefit_whole CHECK (
        (benefit = 'amount_off' AND off_permille IS NULL AND cap_fen IS NULL)
        OR (benefit = 'percent_off' AND off_permille BETWEEN 1 AND 999 AND cap_fen > 0 AND amount_fen IS NULL)
        OR (benefit = 'shipping' AND off_permille IS NULL AND cap_fen IS NULL)
    ),
    CONSTRAINT coupon_templates_ends CHECK (valid_until IS NOT NULL OR valid_days IS NOT NULL OR way = 'packet')
);
CREATE INDEX coupon_templates_campaign ON coupon_templates (campaign_id);
CREATE INDEX coupon_templates_state ON coupon_templates (state, way, id);
CREATE INDEX coupon_templates_created_by ON coupon_templates (created_by);
CREATE UNIQUE INDEX coupon_templates_shared_code ON coupon_templates (shared_code) WHERE state <> 'ended';

-- How many of a template's coupons there may be and are. Apart from the template, because this row is contended.
CREATE TABLE coupon_allotments (
    template_id INTEGER PRIMARY KEY NOT NULL REFERENCES coupon_templates (id),
    total_limit BIGINT,
    daily_limit BIGINT,
    issued BIGINT NOT NULL,
    -- The day of the shop that issued_today counts.
    day BIGINT NOT NULL,
    issued_today BIGINT NOT NULL,
    CONSTRAINT coupon_allotments_within_total
        CHECK (issued >= 0 AND (total_limit IS NULL OR issued <= total_limit)),
    CONSTRAINT coupon_allotments_within_day
        CHECK (issued_today >= 0 AND (daily_limit IS NULL OR issued_today <= daily_limit))
);

-- How many of a template's coupons a user ever had.
CREATE TABLE coupon_user_counts (
    template_id BIGINT NOT NULL REFERENCES coupon_templates (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    issued BIGINT NOT NULL CONSTRAINT coupon_user_counts_counted CHECK (issued > 0),
    day BIGINT NOT NULL,
    issued_today BIGINT NOT NULL,
    PRIMARY KEY (template_id, user_id)
);
CREATE INDEX coupon_user_counts_user ON coupon_user_counts (user_id);

-- Whom a template with a list is for.
CREATE TABLE coupon_template_users (
    template_id BIGINT NOT NULL REFERENCES coupon_templates (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    PRIMARY KEY (template_id, user_id)
);
CREATE INDEX coupon_template_users_user ON coupon_template_users (user_id);

CREATE TABLE coupons (
    id INTEGER PRIMARY KEY NOT NULL,
    template_id BIGINT NOT NULL REFERENCES coupon_templates (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    state TEXT NOT NULL CONSTRAINT coupons_state_known
        CHECK (state IN ('held', 'reserved', 'used', 'expired', 'revoked')),
    -- Its own worth, where the template leaves it open: a portion of a packet.
    amount_fen BIGINT CONSTRAINT coupons_amount_counted CHECK (amount_fen IS NULL OR amount_fen > 0),
    source TEXT NOT NULL CONSTRAINT coupons_source_known
        CHECK (source IN ('claim', 'shared_code', 'one_time_code', 'staff', 'registration', 'packet', 'reward')),
    source_ref TEXT NOT NULL,
    valid_from BIGINT NOT NULL,
    valid_until BIGINT NOT NULL,
    -- The order that has it, reserved or used.
    order_id BIGINT REFERENCES orders (id),
    created_at BIGINT NOT NULL,
    -- When it came into its present state.
    state_since BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT coupons_window CHECK (valid_from < valid_until),
    CONSTRAINT coupons_bound_to_order CHECK (
        (state IN ('reserved', 'used') AND order_id IS NOT NULL)
        OR (state IN ('held', 'expired', 'revoked') AND order_id IS NULL)
    )
);
CREATE INDEX coupons_user ON coupons (user_id, state, valid_until);
CREATE INDEX coupons_template ON coupons (template_id, id);
CREATE INDEX coupons_order ON coupons (order_id);
CREATE INDEX coupons_due ON coupons (valid_until) WHERE state = 'held';
CREATE UNIQUE INDEX coupons_granted_once ON coupons (template_id, user_id, source, source_ref);

-- Which orders had a coupon and what it took off. A coupon has one use at a time, and an order one coupon of a family.
CREATE TABLE coupon_uses (
    coupon_id BIGINT NOT NULL REFERENCES coupons (id),
    order_id BIGINT NOT NULL REFERENCES orders (id),
    template_id BIGINT NOT NULL REFERENCES coupon_templates (id),
    family TEXT NOT NULL CONSTRAINT coupon_uses_family_known CHECK (family IN ('shop', 'social')),
    state TEXT NOT NULL CONSTRAINT coupon_uses_state_known CHECK (state IN ('reserved', 'used', 'returned')),
    amount_fen BIGINT NOT NULL CONSTRAINT coupon_uses_took_something CHECK (amount_fen > 0),
    -- What was to be paid for the order when it was placed.
    order_total_fen BIGINT NOT NULL CONSTRAINT coupon_uses_total_counted CHECK (order_total_fen >= 0),
    reserved_at BIGINT NOT NULL,
    used_at BIGINT,
    returned_at BIGINT,
    PRIMARY KEY (coupon_id, order_id)
);
CREATE UNIQUE INDEX coupon_uses_one ON coupon_uses (coupon_id) WHERE state <> 'returned';
CREATE UNIQUE INDEX coupon_uses_one_of_family ON coupon_uses (order_id, family) WHERE state <> 'returned';
CREATE INDEX coupon_uses_order ON coupon_uses (order_id);
CREATE INDEX coupon_uses_template ON coupon_uses (template_id, state);

-- What became of a coupon after it was issued.
CREATE TABLE coupon_history (
    id INTEGER PRIMARY KEY NOT NULL,
    coupon_id BIGINT NOT NULL REFERENCES coupons (id),
    -- The version of the coupon this row made; puts the rows of one coupon in their true order.
    version BIGINT NOT NULL,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    actor_kind TEXT NOT NULL CONSTRAINT coupon_history_actor_known CHECK (actor_kind IN ('shopper', 'staff', 'system')),
    actor_id BIGINT,
    reason TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE UNIQUE INDEX coupon_history_version ON coupon_history (coupon_id, version);

-- Codes that are each good for one coupon, once. Kept as hashes: whoever reads the database has no codes.
CREATE TABLE coupon_code_batches (
    id INTEGER PRIMARY KEY NOT NULL,
    template_id BIGINT NOT NULL REFERENCES coupon_templates (id),
    size BIGINT NOT NULL CONSTRAINT coupon_code_batches_size_counted CHECK (size > 0),
    note TEXT NOT NULL,
    created_by BIGINT NOT NULL REFERENCES staff_accounts (id),
    created_at BIGINT NOT NULL,
    -- Since when its codes are good; null while a second member of staff has to agree.
    agreed_at BIGINT,
    voided_at BIGINT
);
CREATE INDEX coupon_code_batches_template ON coupon_code_batches (template_id, id);
CREATE INDEX coupon_code_batches_created_by ON coupon_code_batches (created_by);

CREATE TABLE coupon_codes (
    code_hash TEXT PRIMARY KEY NOT NULL,
    batch_id BIGINT NOT NULL REFERENCES coupon_code_batches (id),
    redeemed_by BIGINT REFERENCES users (id),
    redeemed_at BIGINT,
    CONSTRAINT coupon_codes_redeemed_whole CHECK (
        (redeemed_by IS NULL AND redeemed_at IS NULL) OR (redeemed_by IS NOT NULL AND redeemed_at IS NOT NULL)
    )
);
CREATE INDEX coupon_codes_batch ON coupon_codes (batch_id, redeemed_at);
CREATE INDEX coupon_codes_redeemed_by ON coupon_codes (redeemed_by);

-- How many wrong codes somebody, or some address, tried since a moment.
CREATE TABLE coupon_code_tries (
    subject TEXT PRIMARY KEY NOT NULL,
    since BIGINT NOT NULL,
    tries BIGINT NOT NULL
);
CREATE INDEX coupon_code_tries_since ON coupon_code_tries (since);

-- Coupons that staff give to many users at once.
CREATE TABLE coupon_grant_runs (
    id INTEGER PRIMARY KEY NOT NULL,
    template_id BIGINT NOT NULL REFERENCES coupon_templates (id),
    staff_id BIGINT NOT NULL REFERENCES staff_accounts (id),
    -- Under which the request may be repeated.
    request_key TEXT NOT NULL,
    reason TEXT NOT NULL,
    targets BIGINT NOT NULL CONSTRAINT coupon_grant_runs_targets_counted CHECK (targets > 0),
    created_at BIGINT NOT NULL,
    -- When it began; null while a second member of staff has to agree.
    agreed_at BIGINT,
    finished_at BIGINT
);
CREATE INDEX coupon_grant_runs_template ON coupon_grant_runs (template_id, id);
CREATE UNIQUE INDEX coupon_grant_runs_once ON coupon_grant_runs (staff_id, request_key);

CREATE TABLE coupon_grant_targets (
    run_id BIGINT NOT NULL REFERENCES coupon_grant_runs (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    state TEXT NOT NULL CONSTRAINT coupon_grant_targets_state_known CHECK (state IN ('waiting', 'granted', 'refused')),
    -- Why not, as a stable code.
    refusal TEXT,
    PRIMARY KEY (run_id, user_id)
);
CREATE INDEX coupon_grant_targets_state ON coupon_grant_targets (run_id, state);
CREATE INDEX coupon_grant_targets_user ON coupon_grant_targets (user_id);
