DROP TABLE bargain_awards;
DROP TABLE bargain_ranks;
DROP TABLE bargain_orders;
DROP TABLE bargain_pieces;
DROP TABLE bargains;
DROP TABLE bargain_prizes;
DROP TABLE bargain_quotas;
DROP TABLE bargain_rules;
