DROP TABLE oauth_states;
DROP TABLE sms_codes;
