-- What a bargain campaign promises. Fixed once the campaign is scheduled.
CREATE TABLE bargain_rules (
    campaign_id BIGINT PRIMARY KEY NOT NULL REFERENCES campaigns (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    -- Where bargaining starts; absent for what the SKU costs when a bargain is opened.
    start_fen BIGINT,
    floor_fen BIGINT NOT NULL CONSTRAINT bargain_rules_floor_counted CHECK (floor_fen >= 0),
    cuts_min BIGINT NOT NULL,
    cuts_max BIGINT NOT NULL,
    lifetime_ms BIGINT NOT NULL CONSTRAINT bargain_rules_lifetime_counted CHECK (lifetime_ms > 0),
    helpers TEXT NOT NULL CONSTRAINT bargain_rules_helpers_known CHECK (helpers IN ('anyone', 'newcomers_cut_more')),
    helps_per_day BIGINT CONSTRAINT bargain_rules_helps_per_day_counted CHECK (helps_per_day > 0),
    helps_per_campaign BIGINT CONSTRAINT bargain_rules_helps_counted CHECK (helps_per_campaign > 0),
    bargains_per_user BIGINT CONSTRAINT bargain_rules_bargains_counted CHECK (bargains_per_user > 0),
    buy_when TEXT NOT NULL CONSTRAINT bargain_rules_buy_when_known CHECK (buy_when IN ('any_price', 'at_floor')),
    owner_cuts_first BOOLEAN NOT NULL,
    reward_template_id BIGINT REFERENCES coupon_templates (id),
    -- When the campaign ended, and when its ranking was settled.
    ended_at BIGINT,
    ranked_at BIGINT,
    CONSTRAINT bargain_rules_start_above_floor CHECK (start_fen IS NULL OR start_fen > floor_fen),
    CONSTRAINT bargain_rules_cuts_in_order CHECK (cuts_min >= 1 AND cuts_max >= cuts_min)
);
CREATE INDEX bargain_rules_sku ON bargain_rules (sku_id);
CREATE INDEX bargain_rules_reward ON bargain_rules (reward_template_id);
CREATE INDEX bargain_rules_to_rank ON bargain_rules (ended_at) WHERE ended_at IS NOT NULL AND ranked_at IS NULL;

-- How many orders may be placed and are. Apart from the rules, because this row is contended.
CREATE TABLE bargain_quotas (
    campaign_id BIGINT PRIMARY KEY NOT NULL REFERENCES bargain_rules (campaign_id),
    quota BIGINT NOT NULL,
    sold BIGINT NOT NULL,
    CONSTRAINT bargain_quotas_never_passed CHECK (sold >= 0 AND sold <= quota)
);

-- What the owners with most helpers win, from one place of the ranking to another.
CREATE TABLE bargain_prizes (
    campaign_id BIGINT NOT NULL REFERENCES bargain_rules (campaign_id),
    from_rank BIGINT NOT NULL,
    to_rank BIGINT NOT NULL,
    template_id BIGINT NOT NULL REFERENCES coupon_templates (id),
    PRIMARY KEY (campaign_id, from_rank),
    CONSTRAINT bargain_prizes_in_order CHECK (from_rank >= 1 AND to_rank >= from_rank)
);
CREATE INDEX bargain_prizes_template ON bargain_prizes (template_id);

CREATE TABLE bargains (
    id BIGINT PRIMARY KEY NOT NULL,
    campaign_id BIGINT NOT NULL REFERENCES bargain_rules (campaign_id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    state TEXT NOT NULL CONSTRAINT bargains_state_known CHECK (state IN ('running', 'bought', 'expired')),
    start_fen BIGINT NOT NULL,
    floor_fen BIGINT NOT NULL CONSTRAINT bargains_floor_counted CHECK (floor_fen >= 0),
    -- What the number of pieces and the pieces were drawn from.
    seed BIGINT NOT NULL,
    pieces BIGINT NOT NULL CONSTRAINT bargains_pieces_counted CHECK (pieces >= 1),
    taken BIGINT NOT NULL,
    -- Pieces taken by others than the owner.
    helpers BIGINT NOT NULL,
    cut_fen BIGINT NOT NULL,
    -- The device it was opened on.
    device_id BIGINT,
    opened_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    floor_at BIGINT,
    -- The order that holds it, or bought it.
    order_id BIGINT REFERENCES orders (id),
    ended_at BIGINT,
    CONSTRAINT bargains_price_within CHECK (cut_fen >= 0 AND cut_fen <= start_fen - floor_fen),
    CONSTRAINT bargains_taken_within CHECK (taken >= 0 AND taken <= pieces AND helpers >= 0 AND helpers <= taken),
    CONSTRAINT bargains_bought_by_order CHECK (state <> 'bought' OR order_id IS NOT NULL),
    CONSTRAINT bargains_expired_without_order CHECK (state <> 'expired' OR order_id IS NULL),
    CONSTRAINT bargains_ended_when_over CHECK ((state = 'running') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX bargains_one_running ON bargains (campaign_id, user_id) WHERE state = 'running';
CREATE UNIQUE INDEX bargains_order ON bargains (order_id);
CREATE INDEX bargains_campaign ON bargains (campaign_id, id);
CREATE INDEX bargains_user ON bargains (user_id, id);
CREATE INDEX bargains_sku ON bargains (sku_id);
CREATE INDEX bargains_expiring ON bargains (expires_at) WHERE state = 'running' AND order_id IS NULL;

-- The difference of a bargain in its pieces, drawn when it was opened; each goes to one helper.
CREATE TABLE bargain_pieces (
    bargain_id BIGINT NOT NULL REFERENCES bargains (id),
    number BIGINT NOT NULL,
    amount_fen BIGINT NOT NULL CONSTRAINT bargain_pieces_cut_something CHECK (amount_fen >= 1),
    helper_id BIGINT REFERENCES users (id),
    taken_at BIGINT,
    by_owner BOOLEAN NOT NULL,
    newcomer BOOLEAN NOT NULL,
    -- Whether it counts in the ranking.
    counted BOOLEAN NOT NULL,
    -- What became of the helper's reward, or why there is none.
    reward TEXT CONSTRAINT bargain_pieces_reward_known
        CHECK (reward IN ('none', 'granted', 'refused', 'helping_loop', 'same_device', 'inviter')),
    PRIMARY KEY (bargain_id, number),
    CONSTRAINT bargain_pieces_taken_whole CHECK ((helper_id IS NULL) = (taken_at IS NULL)
        AND (helper_id IS NULL) = (reward IS NULL))
);
CREATE UNIQUE INDEX bargain_pieces_helper ON bargain_pieces (bargain_id, helper_id);
CREATE INDEX bargain_pieces_of_helper ON bargain_pieces (helper_id, taken_at);
CREATE INDEX bargain_pieces_unused ON bargain_pieces (bargain_id, number) WHERE helper_id IS NULL;
CREATE INDEX bargain_pieces_largest ON bargain_pieces (bargain_id, amount_fen, number) WHERE helper_id IS NULL;

-- Orders that redeemed a bargain, each at the price it had then.
CREATE TABLE bargain_orders (
    order_id BIGINT PRIMARY KEY NOT NULL REFERENCES orders (id),
    bargain_id BIGINT NOT NULL REFERENCES bargains (id),
    campaign_id BIGINT NOT NULL REFERENCES bargain_rules (campaign_id),
    price_fen BIGINT NOT NULL CONSTRAINT bargain_orders_price_counted CHECK (price_fen >= 0),
    -- What the bargain took off the base price.
    given_fen BIGINT NOT NULL CONSTRAINT bargain_orders_given_counted CHECK (given_fen >= 0),
    state TEXT NOT NULL CONSTRAINT bargain_orders_state_known
        CHECK (state IN ('held', 'bought', 'put_back', 'refunded')),
    placed_at BIGINT NOT NULL,
    settled_at BIGINT
);
CREATE INDEX bargain_orders_bargain ON bargain_orders (bargain_id);
CREATE INDEX bargain_orders_campaign ON bargain_orders (campaign_id, state);
-- A bargain is held by one order at a time, and bought once.
CREATE UNIQUE INDEX bargain_orders_one_live ON bargain_orders (bargain_id) WHERE state <> 'put_back';

-- How many helpers count for each owner.
CREATE TABLE bargain_ranks (
    campaign_id BIGINT NOT NULL REFERENCES bargain_rules (campaign_id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    helpers BIGINT NOT NULL CONSTRAINT bargain_ranks_counted CHECK (helpers > 0),
    -- A number ordered by time: who got to this many helpers first has the smaller one.
    reached BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, user_id)
);
CREATE INDEX bargain_ranks_order ON bargain_ranks (campaign_id, helpers, reached);
CREATE INDEX bargain_ranks_user ON bargain_ranks (user_id);

-- Who won which prize when the campaign ended, and whether they have it.
CREATE TABLE bargain_awards (
    id BIGINT PRIMARY KEY NOT NULL,
    campaign_id BIGINT NOT NULL REFERENCES bargain_rules (campaign_id),
    place BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    helpers BIGINT NOT NULL,
    template_id BIGINT NOT NULL REFERENCES coupon_templates (id),
    state TEXT NOT NULL CONSTRAINT bargain_awards_state_known CHECK (state IN ('due', 'paid', 'failed')),
    coupon_id BIGINT REFERENCES coupons (id),
    attempts BIGINT NOT NULL,
    next_try_at BIGINT NOT NULL,
    -- Why the last try failed.
    trouble TEXT,
    settled_at BIGINT,
    CONSTRAINT bargain_awards_paid_with_coupon CHECK ((state = 'paid') = (coupon_id IS NOT NULL))
);
CREATE UNIQUE INDEX bargain_awards_place ON bargain_awards (campaign_id, place);
CREATE UNIQUE INDEX bargain_awards_once ON bargain_awards (campaign_id, user_id);
CREATE INDEX bargain_awards_user ON bargain_awards (user_id);
CREATE INDEX bargain_awards_template ON bargain_awards (template_id);
CREATE INDEX bargain_awards_coupon ON bargain_awards (coupon_id);
CREATE INDEX bargain_awards_due ON bargain_awards (next_try_at) WHERE state = 'due';
