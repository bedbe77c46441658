DROP TABLE coupon_staff_days;
