DROP TABLE share_opens;
DROP TABLE share_origins;
DROP TABLE share_tokens;
