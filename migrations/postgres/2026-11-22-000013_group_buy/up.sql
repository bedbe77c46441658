-- What a group-buy campaign promises: one product, its ladder of sizes, who may lead and join. Sizes and prices are JSON
-- lists of equal length, the smallest group first.
CREATE TABLE group_buy_rules (
    campaign_id BIGINT PRIMARY KEY NOT NULL REFERENCES campaigns (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    sizes TEXT NOT NULL,
    lifetime_minutes BIGINT NOT NULL CONSTRAINT group_buy_rules_lifetime_fits CHECK (lifetime_minutes BETWEEN 15 AND 4320),
    per_user BIGINT NOT NULL CONSTRAINT group_buy_rules_per_user_fits CHECK (per_user BETWEEN 1 AND 1000),
    per_order BIGINT NOT NULL CONSTRAINT group_buy_rules_per_order_fits CHECK (per_order BETWEEN 1 AND 999),
    leads_at_once BIGINT NOT NULL CONSTRAINT group_buy_rules_leads_fit CHECK (leads_at_once BETWEEN 1 AND 100),
    joiners TEXT NOT NULL CONSTRAINT group_buy_rules_joiners_known CHECK (joiners IN ('anyone', 'newcomers')),
    fill_percent BIGINT CONSTRAINT group_buy_rules_fill_fits CHECK (fill_percent BETWEEN 1 AND 100),
    visibility TEXT NOT NULL CONSTRAINT group_buy_rules_visibility_known CHECK (visibility IN ('public', 'invitation')),
    coupons_allowed BOOLEAN NOT NULL,
    late_payer TEXT NOT NULL
        CONSTRAINT group_buy_rules_late_payer_known CHECK (late_payer IN ('new_group', 'other_group', 'refund')),
    -- When staff or the clock ended the campaign; its open groups end with it.
    ended_at BIGINT
);
CREATE INDEX group_buy_rules_product ON group_buy_rules (product_id);

CREATE TABLE group_buy_skus (
    campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
    sku_id BIGINT NOT NULL REFERENCES skus (id),
    prices TEXT NOT NULL,
    -- What the leader pays; absent for the price of a member, 0 for nothing.
    leader_price_fen BIGINT CONSTRAINT group_buy_skus_leader_price_counted CHECK (leader_price_fen >= 0),
    quota BIGINT,
    taken BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, sku_id),
    CONSTRAINT group_buy_skus_within_quota CHECK (taken >= 0 AND (quota IS NULL OR taken <= quota))
);
CREATE INDEX group_buy_skus_sku ON group_buy_skus (sku_id);

CREATE TABLE buy_groups (
    id BIGINT PRIMARY KEY NOT NULL,
    campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
    product_id BIGINT NOT NULL REFERENCES products (id),
    leader_id BIGINT NOT NULL REFERENCES users (id),
    -- Which of the groups its leader leads at once; absent for one that was handed over or opened by the shop.
    lead_no BIGINT,
    state TEXT NOT NULL CONSTRAINT buy_groups_state_known CHECK (state IN ('open', 'formed', 'expired')),
    seats BIGINT NOT NULL CONSTRAINT buy_groups_seats_fit CHECK (seats BETWEEN 2 AND 100),
    -- Seats that nobody holds, has paid or keeps.
    free BIGINT NOT NULL,
    -- Seats whose money came and stayed.
    paid BIGINT NOT NULL,
    -- Seats that the shop filled when the group was complete enough.
    filled BIGINT NOT NULL,
    -- The place in the ladder that was reached.
    step BIGINT,
    -- Whether the wall shows it: open, public, its leader has paid.
    listed BOOLEAN NOT NULL,
    deadline BIGINT NOT NULL,
    -- When its end is looked at next: the deadline, or later while money may be under way.
    settle_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When its leader paid.
    visible_at BIGINT,
    ended_at BIGINT,
    end_reason TEXT,
    version BIGINT NOT NULL,
    CONSTRAINT buy_groups_never_overfilled CHECK (free >= 0 AND paid >= 0 AND filled >= 0 AND free + paid + filled <= seats),
    CONSTRAINT buy_groups_ended_together CHECK ((state = 'open') = (ended_at IS NULL) AND (state = 'formed') = (step IS NOT NULL))
);
CREATE UNIQUE INDEX buy_groups_leading ON buy_groups (campaign_id, leader_id, lead_no) WHERE state = 'open';
CREATE INDEX buy_groups_leader ON buy_groups (leader_id, id);
CREATE INDEX buy_groups_campaign ON buy_groups (campaign_id, id);
CREATE INDEX buy_groups_product ON buy_groups (product_id, free, id) WHERE listed;
CREATE INDEX buy_groups_of_product ON buy_groups (product_id);
CREATE INDEX buy_groups_wall ON buy_groups (free, id) WHERE listed;
CREATE INDEX buy_groups_due ON buy_groups (settle_at) WHERE state = 'open';

-- A seat somebody takes with an order. A number is taken once, and so is a user, by constraint: no parallelism overfills
-- a group. A seat that the shop filled has no user, no order and no money.
CREATE TABLE group_seats (
    id BIGINT PRIMARY KEY NOT NULL,
    group_id BIGINT NOT NULL REFERENCES buy_groups (id),
    campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
    seat_no BIGINT NOT NULL,
    -- How many seats the group has.
    of_seats BIGINT NOT NULL,
    user_id BIGINT REFERENCES users (id),
    order_id BIGINT REFERENCES orders (id),
    sku_id BIGINT REFERENCES skus (id),
    quantity BIGINT NOT NULL,
    -- What one piece costs its buyer by the campaign, and the least it may come to on the ladder.
    price_fen BIGINT NOT NULL,
    least_price_fen BIGINT NOT NULL,
    newcomer BOOLEAN NOT NULL,
    state TEXT NOT NULL CONSTRAINT group_seats_state_known CHECK (state IN ('held', 'paid', 'kept', 'refund_due', 'released')),
    held_at BIGINT NOT NULL,
    paid_at BIGINT,
    kept_at BIGINT,
    refund_due_at BIGINT,
    released_at BIGINT,
    -- Why it was given up.
    reason TEXT,
    -- When the gate of its order is to be opened or its money asked back; absent when there is nothing to do.
    settle_at BIGINT,
    tries BIGINT NOT NULL,
    -- What kept its money from being asked back last.
    failure TEXT,
    -- When budget, quota and the user's turn went back, once.
    given_back_at BIGINT,
    -- The seat in another group that its order moved to.
    moved_to BIGINT,
    CONSTRAINT group_seats_number_fits CHECK (seat_no >= 1 AND seat_no <= of_seats),
    CONSTRAINT group_seats_nobody_pays_nothing CHECK ((user_id IS NULL) = (order_id IS NULL) AND (user_id IS NULL) = (sku_id IS NULL)
        AND (user_id IS NULL) = (quantity = 0) AND quantity >= 0),
    CONSTRAINT group_seats_stamps_follow_state CHECK (
        (state = 'held' AND paid_at IS NULL AND kept_at IS NULL AND refund_due_at IS NULL AND released_at IS NULL)
        OR (state = 'paid' AND paid_at IS NOT NULL AND kept_at IS NULL AND refund_due_at IS NULL AND released_at IS NULL)
        OR (state = 'kept' AND (paid_at IS NOT NULL OR user_id IS NULL) AND kept_at IS NOT NULL AND refund_due_at IS NULL
            AND released_at IS NULL)
        OR (state = 'refund_due' AND paid_at IS NOT NULL AND kept_at IS NULL AND refund_due_at IS NOT NULL AND released_at IS NULL)
        OR (state = 'released' AND kept_at IS NULL AND (paid_at IS NULL) = (refund_due_at IS NULL) AND released_at IS NOT NULL)
    )
);
CREATE UNIQUE INDEX group_seats_number ON group_seats (group_id, seat_no) WHERE state <> 'refund_due' AND state <> 'released';
CREATE UNIQUE INDEX group_seats_user_once ON group_seats (group_id, user_id) WHERE state <> 'refund_due' AND state <> 'released';
CREATE UNIQUE INDEX group_seats_order_once ON group_seats (order_id) WHERE state <> 'released';
CREATE INDEX group_seats_order ON group_seats (order_id, id);
CREATE INDEX group_seats_group ON group_seats (group_id, id);
CREATE INDEX group_seats_campaign ON group_seats (campaign_id, id);
CREATE INDEX group_seats_user ON group_seats (user_id, id);
CREATE INDEX group_seats_sku ON group_seats (sku_id);
CREATE INDEX group_seats_moved_to ON group_seats (moved_to);
CREATE INDEX group_seats_settle ON group_seats (settle_at) WHERE settle_at IS NOT NULL;
