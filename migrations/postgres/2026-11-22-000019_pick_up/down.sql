DROP TABLE pick_ups;
DROP TABLE store_staff;
DROP TABLE stores;
