-- What a social coupon is besides a campaign.
CREATE TABLE social_coupons (
    campaign_id INTEGER PRIMARY KEY NOT NULL REFERENCES campaigns (id),
    -- What portions become once claimed; written when the campaign first runs.
    template_id BIGINT REFERENCES coupon_templates (id),
    qualifying_fen BIGINT NOT NULL CONSTRAINT social_coupons_qualifying_counted CHECK (qualifying_fen >= 0),
    face_fen BIGINT NOT NULL,
    portions BIGINT NOT NULL CONSTRAINT social_coupons_portions_fit CHECK (portions BETWEEN 2 AND 100),
    minimum_fen BIGINT NOT NULL CONSTRAINT social_coupons_minimum_counted CHECK (minimum_fen > 0),
    shape TEXT NOT NULL CONSTRAINT social_coupons_shape_known CHECK (shape IN ('equal', 'random')),
    newcomers_larger BOOLEAN NOT NULL,
    open_hours BIGINT NOT NULL CONSTRAINT social_coupons_open_fits CHECK (open_hours BETWEEN 24 AND 72),
    use_threshold_fen BIGINT NOT NULL CONSTRAINT social_coupons_threshold_counted CHECK (use_threshold_fen >= 0),
    use_within_hours BIGINT NOT NULL CONSTRAINT social_coupons_use_fits CHECK (use_within_hours BETWEEN 24 AND 72),
    stackable BOOLEAN NOT NULL,
    revoke_on_refund BOOLEAN NOT NULL,
    packets_per_user BIGINT NOT NULL CONSTRAINT social_coupons_packets_counted CHECK (packets_per_user >= 1),
    claims_per_day BIGINT NOT NULL CONSTRAINT social_coupons_claims_counted CHECK (claims_per_day >= 1),
    CONSTRAINT social_coupons_face_covers CHECK (face_fen >= portions * minimum_fen)
);
CREATE INDEX social_coupons_template ON social_coupons (template_id);

-- What a payer may share after paying. The count of claimed portions is that of friends'.
CREATE TABLE packets (
    id INTEGER PRIMARY KEY NOT NULL,
    code TEXT NOT NULL,
    campaign_id BIGINT NOT NULL REFERENCES social_coupons (campaign_id),
    order_id BIGINT NOT NULL REFERENCES orders (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    parent_id BIGINT REFERENCES packets (id),
    generation BIGINT NOT NULL CONSTRAINT packets_generation_counted CHECK (generation >= 1),
    state TEXT NOT NULL CONSTRAINT packets_state_known CHECK (state IN ('open', 'exhausted', 'expired', 'void')),
    face_fen BIGINT NOT NULL,
    portions BIGINT NOT NULL,
    claimed BIGINT NOT NULL,
    own_claimed BOOLEAN NOT NULL,
    claimed_fen BIGINT NOT NULL,
    returned_fen BIGINT NOT NULL,
    seed BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    settled_at BIGINT,
    CONSTRAINT packets_never_overfilled CHECK (claimed >= 0 AND claimed <= portions - 1),
    CONSTRAINT packets_within_face CHECK (claimed_fen >= 0 AND returned_fen >= 0 AND claimed_fen + returned_fen <= face_fen),
    CONSTRAINT packets_tree_grows CHECK ((parent_id IS NULL) = (generation = 1))
);
CREATE UNIQUE INDEX packets_code ON packets (code);
CREATE UNIQUE INDEX packets_order ON packets (order_id);
CREATE INDEX packets_campaign ON packets (campaign_id, id);
CREATE INDEX packets_user ON packets (user_id, id);
CREATE INDEX packets_parent ON packets (parent_id);
CREATE INDEX packets_due ON packets (expires_at) WHERE state = 'open';

-- Its pieces. Portion 0 is the payer's own; a friend has one at most.
CREATE TABLE packet_portions (
    packet_id BIGINT NOT NULL REFERENCES packets (id),
    no BIGINT NOT NULL CONSTRAINT packet_portions_no_counted CHECK (no >= 0),
    amount_fen BIGINT NOT NULL CONSTRAINT packet_portions_amount_counted CHECK (amount_fen > 0),
    claimed_by BIGINT REFERENCES users (id),
    claimed_at BIGINT,
    coupon_id BIGINT REFERENCES coupons (id),
    -- Whether whoever claimed it had never paid for anything.
    newcomer BOOLEAN,
    -- Whether whoever claimed it came to the shop through this campaign.
    acquired BOOLEAN,
    -- What they bought first afterwards.
    order_id BIGINT REFERENCES orders (id),
    order_fen BIGINT,
    PRIMARY KEY (packet_id, no),
    CONSTRAINT packet_portions_claimed_whole CHECK ((claimed_by IS NULL) = (claimed_at IS NULL)
        AND (claimed_by IS NULL) = (newcomer IS NULL) AND (claimed_by IS NULL) = (acquired IS NULL)),
    CONSTRAINT packet_portions_order_whole CHECK ((order_id IS NULL) = (order_fen IS NULL))
);
CREATE UNIQUE INDEX packet_portions_friend ON packet_portions (packet_id, claimed_by);
CREATE INDEX packet_portions_claimed_by ON packet_portions (claimed_by, claimed_at);
CREATE INDEX packet_portions_coupon ON packet_portions (coupon_id);
CREATE INDEX packet_portions_order ON packet_portions (order_id);
