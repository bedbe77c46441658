ALTER TABLE campaign_watches RENAME COLUMN checked_actions TO checked_id;
-- Everything is looked at once more.
UPDATE campaign_watches SET checked_id = 0;
