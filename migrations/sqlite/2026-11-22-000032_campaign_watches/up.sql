-- How many actions there were from checked_at on when they were looked at. An id tells less: ids grow in the order in
-- which actions begin, not in the order in which they are committed, and one that is late would lie below it.
ALTER TABLE campaign_watches RENAME COLUMN checked_id TO checked_actions;
-- Everything is looked at once more.
UPDATE campaign_watches SET checked_actions = 0;
