CREATE TABLE campaigns (
    id BIGINT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL CONSTRAINT campaigns_kind_known
        CHECK (kind IN ('group_buy', 'bargain', 'social_coupon', 'flash_sale', 'coupon_drop', 'live')),
    state TEXT NOT NULL CONSTRAINT campaigns_state_known
        CHECK (state IN ('draft', 'scheduled', 'running', 'paused', 'ended', 'reviewed')),
    name TEXT NOT NULL,
    occasion_kind TEXT NOT NULL CONSTRAINT campaigns_occasion_known
        CHECK (occasion_kind IN ('season', 'product', 'hot_topic', 'own_event')),
    occasion TEXT NOT NULL,
    audience TEXT NOT NULL CONSTRAINT campaigns_audience_known
        CHECK (audience IN ('everyone', 'newcomers', 'customers', 'list')),
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    intro TEXT NOT NULL,
    card_title TEXT NOT NULL,
    card_picture TEXT NOT NULL,
    card_path TEXT NOT NULL,
    expected_cost_fen BIGINT NOT NULL CONSTRAINT campaigns_cost_counted CHECK (expected_cost_fen >= 0),
    expected_new_users BIGINT NOT NULL CONSTRAINT campaigns_new_users_counted CHECK (expected_new_users >= 0),
    expected_revenue_fen BIGINT NOT NULL CONSTRAINT campaigns_revenue_counted CHECK (expected_revenue_fen >= 0),
    margin_permille BIGINT CONSTRAINT campaigns_margin_fits CHECK (margin_permille BETWEEN 0 AND 1000),
    holdout_permille BIGINT NOT NULL CONSTRAINT campaigns_holdout_fits CHECK (holdout_permille BETWEEN 0 AND 500),
    -- Up to which budget a second person agreed.
    approved_budget_fen BIGINT NOT NULL,
    conclusions TEXT,
    created_by BIGINT NOT NULL REFERENCES staff_accounts (id),
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    reviewed_at BIGINT,
    version BIGINT NOT NULL,
    CONSTRAINT campaigns_window_forward CHECK (ends_at > starts_at)
);
CREATE INDEX campaigns_kind ON campaigns (kind, state, id);
CREATE INDEX campaigns_state ON campaigns (state, id);
CREATE INDEX campaigns_window ON campaigns (starts_at, ends_at);
CREATE INDEX campaigns_staff ON campaigns (created_by);
CREATE INDEX campaigns_holdout ON campaigns (started_at) WHERE holdout_permille > 0;

-- Users that staff named, for campaigns whose audience is a list.
CREATE TABLE campaign_audience (
    campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    added_at BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, user_id)
);
CREATE INDEX campaign_audience_user ON campaign_audience (user_id);

CREATE TABLE campaign_changes (
    id BIGINT PRIMARY KEY NOT NULL,
    campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
    -- The version of the campaign this row made; puts the rows of one campaign in their true order.
    version BIGINT NOT NULL,
    action TEXT NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    -- Who of the staff; absent when the clock or a rule did it.
    staff_id BIGINT REFERENCES staff_accounts (id),
    reason TEXT NOT NULL,
    before TEXT,
    after TEXT,
    at BIGINT NOT NULL
);
CREATE UNIQUE INDEX campaign_changes_version ON campaign_changes (campaign_id, version);
CREATE INDEX campaign_changes_staff ON campaign_changes (staff_id);

-- What is contended stands apart from the plan, in narrow rows: every grant changes them.
CREATE TABLE campaign_budgets (
    campaign_id BIGINT PRIMARY KEY NOT NULL REFERENCES campaigns (id),
    budget_fen BIGINT NOT NULL,
    daily_cap_fen BIGINT CONSTRAINT campaign_budgets_cap_counted CHECK (daily_cap_fen >= 0),
    spent_fen BIGINT NOT NULL,
    -- Until when it may be spent; absent while the campaign does not run.
    open_until BIGINT,
    -- When a grant first left too little for another one like it; absent again once the budget is raised.
    exhausted_at BIGINT,
    CONSTRAINT campaign_budgets_never_passed CHECK (spent_fen >= 0 AND spent_fen <= budget_fen)
);

CREATE TABLE campaign_days (
    campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
    -- Days since 1970-01-01 in the shop's zone.
    day BIGINT NOT NULL,
    cap_fen BIGINT,
    spent_fen BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, day),
    CONSTRAINT campaign_days_never_passed CHECK (spent_fen >= 0 AND (cap_fen IS NULL OR spent_fen <= cap_fen))
);

-- What was given away, once for each reference, and what of it came back.
CREATE TABLE campaign_grants (
    campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
    reference TEXT NOT NULL,
    amount_fen BIGINT NOT NULL,
    returned_fen BIGINT NOT NULL,
    day BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, reference),
    CONSTRAINT campaign_grants_returned_within CHECK (amount_fen >= 0 AND returned_fen >= 0 AND returned_fen <= amount_fen)
);
CREATE INDEX campaign_grants_time ON campaign_grants (campaign_id, at);

-- How often a user did something that is limited; day 0 counts for the whole campaign.
CREATE TABLE campaign_uses (
    campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    what TEXT NOT NULL,
    day BIGINT NOT NULL,
    used BIGINT NOT NULL,
    most BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, user_id, what, day),
    CONSTRAINT campaign_uses_within_limit CHECK (used >= 0 AND used <= most)
);
CREATE INDEX campaign_uses_user ON campaign_uses (user_id);

CREATE TABLE campaign_participants (
    campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    what TEXT NOT NULL,
    newcomer BOOLEAN NOT NULL,
    day BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, user_id)
);
CREATE INDEX campaign_participants_user ON campaign_participants (user_id);

-- What was done in a campaign, for the rules that watch it. Devices, networks and inviters are facts of the moment.
CREATE TABLE campaign_actions (
    id BIGINT PRIMARY KEY NOT NULL,
    campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
    user_id BIGINT NOT NULL,
    what TEXT NOT NULL,
    newcomer BOOLEAN NOT NULL,
    -- Whether the account was less than a day old.
    fresh BOOLEAN NOT NULL,
    device_id BIGINT,
    network TEXT,
    inviter_id BIGINT,
    amount_fen BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX campaign_actions_time ON campaign_actions (campaign_id, at);

CREATE TABLE campaign_risk_rules (
    campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
    rule TEXT NOT NULL CONSTRAINT campaign_risk_rules_rule_known CHECK (rule IN ('actions_per_minute', 'device_share',
        'network_share', 'inviter_share', 'fresh_share', 'spend_rate')),
    threshold BIGINT NOT NULL CONSTRAINT campaign_risk_rules_threshold_counted CHECK (threshold > 0),
    window_seconds BIGINT NOT NULL CONSTRAINT campaign_risk_rules_window_fits CHECK (window_seconds BETWEEN 60 AND 86400),
    -- Fewer actions than this in the window say nothing.
    least BIGINT NOT NULL CONSTRAINT campaign_risk_rules_least_counted CHECK (least > 0),
    effect TEXT NOT NULL CONSTRAINT campaign_risk_rules_effect_known CHECK (effect IN ('warn', 'pause')),
    PRIMARY KEY (campaign_id, rule)
);

-- Where watching stands; apart from the campaign, since it changes every second while a campaign is busy.
CREATE TABLE campaign_watches (
    campaign_id BIGINT PRIMARY KEY NOT NULL REFERENCES campaigns (id),
    -- What happened before this moment does not count: the start, or the last time staff resumed it.
    since BIGINT NOT NULL,
    -- Nor do actions up to this one, which tells apart what happened in one millisecond.
    since_id BIGINT NOT NULL,
    -- Everything up to this moment and action was looked at.
    checked_at BIGINT NOT NULL,
    checked_id BIGINT NOT NULL
);

CREATE TABLE campaign_risk_alerts (
    id BIGINT PRIMARY KEY NOT NULL,
    campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
    rule TEXT NOT NULL,
    effect TEXT NOT NULL CONSTRAINT campaign_risk_alerts_effect_known CHECK (effect IN ('warn', 'pause')),
    -- The figure that passed the threshold, and of whom: a device, a network, an inviter.
    figure BIGINT NOT NULL,
    threshold BIGINT NOT NULL,
    culprit TEXT,
    at BIGINT NOT NULL
);
CREATE INDEX campaign_risk_alerts_campaign ON campaign_risk_alerts (campaign_id, id);

-- Orders that carry a campaign.
CREATE TABLE campaign_orders (
    order_id BIGINT NOT NULL REFERENCES orders (id),
    campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    newcomer BOOLEAN NOT NULL,
    channel TEXT,
    inviter_id BIGINT,
    cost_fen BIGINT NOT NULL CONSTRAINT campaign_orders_cost_counted CHECK (cost_fen >= 0),
    total_fen BIGINT NOT NULL,
    refunded_fen BIGINT NOT NULL,
    day BIGINT NOT NULL,
    placed_at BIGINT NOT NULL,
    paid_at BIGINT,
    closed_at BIGINT,
    -- When all of it was refunded.
    refunded_at BIGINT,
    -- Up to which version of the order this row follows it.
    order_version BIGINT NOT NULL,
    PRIMARY KEY (order_id, campaign_id),
    CONSTRAINT campaign_orders_refunded_within CHECK (refunded_fen >= 0 AND refunded_fen <= total_fen)
);
CREATE INDEX campaign_orders_campaign ON campaign_orders (campaign_id, day);
CREATE INDEX campaign_orders_user ON campaign_orders (user_id);

-- Paid orders of anybody while a campaign with a hold-out ran, whether they carry it or not: what the hold-out and the
-- others are compared by.
CREATE TABLE campaign_outcomes (
    order_id BIGINT NOT NULL REFERENCES orders (id),
    campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    held_out BOOLEAN NOT NULL,
    total_fen BIGINT NOT NULL,
    refunded_fen BIGINT NOT NULL,
    PRIMARY KEY (order_id, campaign_id),
    CONSTRAINT campaign_outcomes_refunded_within CHECK (refunded_fen >= 0 AND refunded_fen <= total_fen)
);
CREATE INDEX campaign_outcomes_campaign ON campaign_outcomes (campaign_id, held_out);
CREATE INDEX campaign_outcomes_user ON campaign_outcomes (user_id);
