-- What a member of staff gave away today without a second one, so that ten small gifts are measured like one large.
CREATE TABLE coupon_staff_days (
    staff_id BIGINT PRIMARY KEY NOT NULL REFERENCES staff_accounts (id),
    -- The day of the shop that is counted.
    day BIGINT NOT NULL,
    coupons BIGINT NOT NULL CONSTRAINT coupon_staff_days_coupons_counted CHECK (coupons > 0),
    worth_fen BIGINT NOT NULL CONSTRAINT coupon_staff_days_worth_counted CHECK (worth_fen >= 0)
);
