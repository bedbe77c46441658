-- A page handed on: by whom, what, how, and through which token they had come themselves.
CREATE TABLE share_tokens (
    id INTEGER PRIMARY KEY NOT NULL,
    token TEXT NOT NULL CONSTRAINT share_tokens_fits_a_scene CHECK (LENGTH(token) BETWEEN 1 AND 32),
    sharer_id BIGINT NOT NULL REFERENCES users (id),
    subject_kind TEXT NOT NULL CONSTRAINT share_tokens_kind_known
        CHECK (subject_kind IN ('page', 'product', 'group', 'bargain', 'packet', 'campaign', 'room', 'article')),
    subject_ref TEXT NOT NULL,
    channel TEXT NOT NULL CONSTRAINT share_tokens_channel_known
        CHECK (channel IN ('friend', 'group_chat', 'timeline', 'poster', 'qr', 'app_link')),
    campaign_id BIGINT,
    parent_id BIGINT REFERENCES share_tokens (id),
    depth BIGINT NOT NULL CONSTRAINT share_tokens_depth_counted CHECK (depth >= 0),
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX share_tokens_token ON share_tokens (token);
CREATE INDEX share_tokens_sharer ON share_tokens (sharer_id, subject_kind, subject_ref);
CREATE INDEX share_tokens_subject ON share_tokens (subject_kind, subject_ref, id);
CREATE INDEX share_tokens_channel ON share_tokens (channel, id);
CREATE INDEX share_tokens_campaign ON share_tokens (campaign_id, id) WHERE campaign_id IS NOT NULL;
CREATE INDEX share_tokens_parent ON share_tokens (parent_id);
CREATE INDEX share_tokens_mine ON share_tokens (sharer_id, id);
CREATE INDEX share_tokens_created ON share_tokens (created_at);

-- How each user came: through somebody's token, or by themselves (depth 0). Written once, at the first share or the first
-- open, and never changed, so that an inviter's row is always older than those of whom they brought.
CREATE TABLE share_origins (
    user_id INTEGER PRIMARY KEY NOT NULL REFERENCES users (id),
    inviter_id BIGINT REFERENCES share_origins (user_id),
    token_id BIGINT REFERENCES share_tokens (id),
    channel TEXT,
    campaign_id BIGINT,
    depth BIGINT NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT share_origins_not_themselves CHECK (inviter_id <> user_id),
    CONSTRAINT share_origins_depth_of_acquired CHECK (depth >= 0 AND (token_id IS NULL) = (depth = 0))
);
CREATE INDEX share_origins_inviter ON share_origins (inviter_id, user_id);
CREATE INDEX share_origins_token ON share_origins (token_id);
CREATE INDEX share_origins_campaign ON share_origins (campaign_id, at) WHERE campaign_id IS NOT NULL;

-- Somebody came through a token: one row for each visitor and token, however often they came.
CREATE TABLE share_opens (
    id INTEGER PRIMARY KEY NOT NULL,
    token_id BIGINT NOT NULL REFERENCES share_tokens (id),
    user_id BIGINT REFERENCES users (id),
    device_id BIGINT REFERENCES devices (id),
    edge TEXT NOT NULL,
    opens BIGINT NOT NULL CONSTRAINT share_opens_counted CHECK (opens > 0),
    scene BIGINT,
    group_id TEXT,
    first_opened_at BIGINT NOT NULL,
    last_opened_at BIGINT NOT NULL,
    CONSTRAINT share_opens_one_visitor CHECK ((user_id IS NULL) <> (device_id IS NULL)),
    CONSTRAINT share_opens_edge_known CHECK (edge IN ('acquisition', 'spread', 'anonymous')),
    CONSTRAINT share_opens_edge_of_visitor CHECK ((user_id IS NULL) = (edge = 'anonymous'))
);
CREATE UNIQUE INDEX share_opens_user_token ON share_opens (user_id, token_id);
CREATE UNIQUE INDEX share_opens_device_token ON share_opens (device_id, token_id);
CREATE UNIQUE INDEX share_opens_one_acquisition ON share_opens (user_id) WHERE edge = 'acquisition';
CREATE INDEX share_opens_token ON share_opens (token_id, last_opened_at);
CREATE INDEX share_opens_latest ON share_opens (user_id, last_opened_at);
CREATE INDEX share_opens_group ON share_opens (group_id) WHERE group_id IS NOT NULL;
