DROP INDEX orders_user_paid;
