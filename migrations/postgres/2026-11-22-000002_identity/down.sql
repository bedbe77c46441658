DROP TABLE addresses;
DROP TABLE refresh_tokens;
DROP TABLE login_sessions;
DROP TABLE devices;
DROP TABLE wechat_session_keys;
DROP TABLE identity_conflicts;
DROP TABLE identities;
DROP TABLE users;
