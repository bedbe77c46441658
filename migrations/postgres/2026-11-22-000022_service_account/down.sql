DROP TABLE service_replies;
DROP TABLE service_pushes;
DROP TABLE code_scans;
DROP TABLE following_changes;
DROP TABLE followings;
DROP TABLE service_codes;
