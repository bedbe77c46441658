DROP TABLE group_seats;
DROP TABLE buy_groups;
DROP TABLE group_buy_skus;
DROP TABLE group_buy_rules;
