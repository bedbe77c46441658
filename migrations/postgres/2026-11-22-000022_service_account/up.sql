-- Codes of a service account that carry a scene: what somebody who scans one is led to, or through whose share they came.
CREATE TABLE service_codes (
    id BIGINT PRIMARY KEY NOT NULL,
    entrance_id BIGINT NOT NULL REFERENCES entrances (id),
    scene TEXT NOT NULL CONSTRAINT service_codes_scene_fits CHECK (LENGTH(scene) BETWEEN 1 AND 64),
    name TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT service_codes_kind_known CHECK (kind IN ('temporary', 'permanent')),
    share_token TEXT,
    subject_kind TEXT,
    subject_ref TEXT,
    user_id BIGINT REFERENCES users (id),
    ticket TEXT,
    url TEXT,
    expires_at BIGINT,
    created_at BIGINT NOT NULL,
    made_at BIGINT,
    CONSTRAINT service_codes_subject_whole CHECK ((subject_kind IS NULL) = (subject_ref IS NULL)),
    CONSTRAINT service_codes_made_whole CHECK ((ticket IS NULL) = (url IS NULL) AND (ticket IS NULL) = (made_at IS NULL)),
    CONSTRAINT service_codes_end_of_temporary CHECK ((expires_at IS NOT NULL) = (kind = 'temporary' AND ticket IS NOT NULL)),
    CONSTRAINT service_codes_share_is_somebodys CHECK ((share_token IS NULL) = (user_id IS NULL))
);
CREATE UNIQUE INDEX service_codes_scene ON service_codes (entrance_id, scene);
CREATE INDEX service_codes_listed ON service_codes (entrance_id, id);
CREATE INDEX service_codes_user ON service_codes (user_id, id);

-- Who follows which service account, as of the last word of WeChat's.
CREATE TABLE followings (
    id BIGINT PRIMARY KEY NOT NULL,
    entrance_id BIGINT NOT NULL REFERENCES entrances (id),
    openid TEXT NOT NULL,
    unionid TEXT,
    user_id BIGINT REFERENCES users (id),
    state TEXT NOT NULL CONSTRAINT followings_state_known CHECK (state IN ('following', 'left')),
    followed_at BIGINT,
    unfollowed_at BIGINT,
    scene TEXT,
    code_id BIGINT REFERENCES service_codes (id),
    told_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT followings_dated CHECK ((state = 'left') = (unfollowed_at IS NOT NULL)
        AND (state = 'left' OR followed_at IS NOT NULL))
);
CREATE UNIQUE INDEX followings_person ON followings (entrance_id, openid);
CREATE INDEX followings_listed ON followings (entrance_id, state, id);
CREATE INDEX followings_user ON followings (user_id);
CREATE INDEX followings_unionid ON followings (unionid);
CREATE INDEX followings_code ON followings (code_id);

-- Every time somebody began or ceased to follow.
CREATE TABLE following_changes (
    id BIGINT PRIMARY KEY NOT NULL,
    following_id BIGINT NOT NULL REFERENCES followings (id),
    change TEXT NOT NULL CONSTRAINT following_changes_known CHECK (change IN ('followed', 'unfollowed')),
    code_id BIGINT REFERENCES service_codes (id),
    at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL
);
CREATE INDEX following_changes_following ON following_changes (following_id, id);
CREATE INDEX following_changes_code ON following_changes (code_id);

-- Every scan of a code that WeChat told of.
CREATE TABLE code_scans (
    id BIGINT PRIMARY KEY NOT NULL,
    code_id BIGINT NOT NULL REFERENCES service_codes (id),
    following_id BIGINT NOT NULL REFERENCES followings (id),
    followed BOOLEAN NOT NULL,
    outcome TEXT NOT NULL CONSTRAINT code_scans_outcome_known CHECK (outcome IN ('waiting', 'opened', 'no_share')),
    at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL
);
CREATE INDEX code_scans_code ON code_scans (code_id, id);
CREATE INDEX code_scans_following ON code_scans (following_id, outcome, id);

-- What WeChat told the shop of by itself, once each, and what it was answered.
CREATE TABLE service_pushes (
    id BIGINT PRIMARY KEY NOT NULL,
    entrance_id BIGINT NOT NULL REFERENCES entrances (id),
    dedup_key TEXT NOT NULL,
    nonce_key TEXT NOT NULL,
    openid TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT service_pushes_kind_known CHECK (kind IN ('subscribe', 'unsubscribe', 'scan', 'click',
        'view', 'text', 'template_sent', 'other')),
    words TEXT NOT NULL,
    reply TEXT,
    sent_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX service_pushes_once ON service_pushes (entrance_id, dedup_key);
CREATE UNIQUE INDEX service_pushes_nonce ON service_pushes (entrance_id, nonce_key);
CREATE INDEX service_pushes_person ON service_pushes (entrance_id, openid, id);
CREATE INDEX service_pushes_received ON service_pushes (received_at);

-- What a service account answers by itself. Only the welcome and the default are for no words in particular.
CREATE TABLE service_replies (
    id BIGINT PRIMARY KEY NOT NULL,
    entrance_id BIGINT NOT NULL REFERENCES entrances (id),
    occasion TEXT NOT NULL CONSTRAINT service_replies_occasion_known CHECK (occasion IN ('keyword', 'menu', 'welcome',
        'default')),
    matching TEXT CONSTRAINT service_replies_matching_known CHECK (matching IN ('exact', 'contains')),
    words TEXT,
    content TEXT NOT NULL,
    position BIGINT NOT NULL,
    enabled BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT service_replies_matching_of_keyword CHECK ((matching IS NOT NULL) = (occasion = 'keyword')),
    CONSTRAINT service_replies_words_of_occasion CHECK ((words IS NOT NULL) = (occasion IN ('keyword', 'menu')))
);
CREATE UNIQUE INDEX service_replies_one_each ON service_replies (entrance_id, occasion)
    WHERE words IS NULL;
CREATE UNIQUE INDEX service_replies_words ON service_replies (entrance_id, occasion, words);
CREATE INDEX service_replies_order ON service_replies (entrance_id, position, id);
