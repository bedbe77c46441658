DROP TABLE packet_portions;
DROP TABLE packets;
DROP TABLE social_coupons;
