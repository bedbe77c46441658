DROP INDEX live_publishings_heard;
ALTER TABLE live_publishings DROP COLUMN heard_at;
