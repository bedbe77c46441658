-- The client applications under the enterprise. Secrets are sealed for their row; that of the configuration's own
-- mini-program stays in the configuration.
CREATE TABLE entrances (
    id BIGINT PRIMARY KEY NOT NULL,
    platform TEXT NOT NULL CONSTRAINT entrances_platform_known CHECK (platform IN ('wechat_mini', 'wechat_service',
        'wechat_app', 'wechat_web', 'alipay_mini', 'douyin_mini', 'baidu_mini', 'qq_mini')),
    app_id TEXT NOT NULL,
    name TEXT NOT NULL,
    open_platform TEXT NOT NULL,
    original_id TEXT,
    origin TEXT NOT NULL CONSTRAINT entrances_origin_known CHECK (origin IN ('configuration', 'staff')),
    state TEXT NOT NULL CONSTRAINT entrances_state_known CHECK (state IN ('enabled', 'disabled')),
    sealed_secret TEXT,
    secret_set_at BIGINT,
    sealed_message_token TEXT,
    message_token_set_at BIGINT,
    sealed_message_aes_key TEXT,
    message_aes_key_set_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT entrances_secrets_dated CHECK ((sealed_secret IS NULL) = (secret_set_at IS NULL)
        AND (sealed_message_token IS NULL) = (message_token_set_at IS NULL)
        AND (sealed_message_aes_key IS NULL) = (message_aes_key_set_at IS NULL)),
    CONSTRAINT entrances_configured_keeps_no_secret CHECK (origin <> 'configuration' OR sealed_secret IS NULL),
    CONSTRAINT entrances_enabled_has_secret CHECK (state = 'disabled' OR origin = 'configuration'
        OR sealed_secret IS NOT NULL)
);
CREATE UNIQUE INDEX entrances_app ON entrances (platform, app_id);
CREATE UNIQUE INDEX entrances_original ON entrances (original_id);
