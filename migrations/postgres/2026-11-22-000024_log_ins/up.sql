-- The newest code sent to a number, and how many were sent that day. The number is a keyed hash; its text and the
-- code's are sealed, the latter only until it was sent.
CREATE TABLE sms_codes (
    phone_hash TEXT PRIMARY KEY NOT NULL,
    code_id BIGINT NOT NULL,
    code_hash TEXT NOT NULL,
    sealed_phone TEXT NOT NULL,
    sealed_code TEXT,
    tries BIGINT NOT NULL CONSTRAINT sms_codes_tries_bounded CHECK (tries BETWEEN 0 AND 5),
    day BIGINT NOT NULL,
    day_sends BIGINT NOT NULL CONSTRAINT sms_codes_sends_bounded CHECK (day_sends BETWEEN 1 AND 10),
    requested_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE UNIQUE INDEX sms_codes_code ON sms_codes (code_id);
CREATE INDEX sms_codes_requested ON sms_codes (requested_at);

-- What a browser takes along to WeChat and must bring back, once.
CREATE TABLE oauth_states (
    id BIGINT PRIMARY KEY NOT NULL,
    state_hash TEXT NOT NULL,
    entrance_id BIGINT NOT NULL REFERENCES entrances (id),
    bound_to TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE UNIQUE INDEX oauth_states_hash ON oauth_states (state_hash);
CREATE INDEX oauth_states_entrance ON oauth_states (entrance_id);
CREATE INDEX oauth_states_expires ON oauth_states (expires_at);
