CREATE TABLE users (
    id INTEGER PRIMARY KEY NOT NULL,
    state TEXT NOT NULL CONSTRAINT users_state_known CHECK (state IN ('active', 'blocked')),
    nickname TEXT NOT NULL,
    avatar TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- One proof of a user. For phones the subject is a keyed hash, and the number itself is sealed.
CREATE TABLE identities (
    id INTEGER PRIMARY KEY NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    provider TEXT NOT NULL,
    app_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    sealed TEXT,
    masked TEXT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX identities_subject ON identities (provider, app_id, subject);
CREATE INDEX identities_user ON identities (user_id);
-- A user holds one value of each single-valued key.
CREATE UNIQUE INDEX identities_one_per_app ON identities (user_id, provider, app_id) WHERE provider <> 'device';

CREATE TABLE identity_conflicts (
    id INTEGER PRIMARY KEY NOT NULL,
    kept_user_id BIGINT NOT NULL REFERENCES users (id),
    other_user_id BIGINT REFERENCES users (id),
    provider TEXT NOT NULL,
    app_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX identity_conflicts_kept ON identity_conflicts (kept_user_id);
CREATE INDEX identity_conflicts_other ON identity_conflicts (other_user_id);
CREATE UNIQUE INDEX identity_conflicts_once ON identity_conflicts (kept_user_id, provider, app_id, subject);

-- WeChat's session key of a login, sealed at rest.
CREATE TABLE wechat_session_keys (
    identity_id INTEGER PRIMARY KEY NOT NULL REFERENCES identities (id),
    sealed_key TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE devices (
    id INTEGER PRIMARY KEY NOT NULL,
    first_user_id BIGINT REFERENCES users (id),
    created_at BIGINT NOT NULL,
    claimed_at BIGINT
);
CREATE INDEX devices_first_user ON devices (first_user_id);

-- A family of refresh tokens: one log-in.
CREATE TABLE login_sessions (
    id INTEGER PRIMARY KEY NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    device_id BIGINT REFERENCES devices (id),
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    revoke_reason TEXT
);
CREATE INDEX login_sessions_user ON login_sessions (user_id);
CREATE INDEX login_sessions_device ON login_sessions (device_id);
CREATE INDEX login_sessions_revoked ON login_sessions (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE refresh_tokens (
    token_hash TEXT PRIMARY KEY NOT NULL,
    session_id BIGINT NOT NULL REFERENCES login_sessions (id),
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    rotated_at BIGINT
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires_at);

CREATE TABLE addresses (
    id INTEGER PRIMARY KEY NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    receiver_name TEXT NOT NULL,
    receiver_phone TEXT NOT NULL,
    province_code TEXT NOT NULL,
    province TEXT NOT NULL,
    city TEXT NOT NULL,
    district TEXT NOT NULL,
    detail TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    removed_at BIGINT
);
CREATE INDEX addresses_user ON addresses (user_id);
CREATE UNIQUE INDEX addresses_one_default ON addresses (user_id) WHERE is_default AND removed_at IS NULL;
