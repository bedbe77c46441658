DROP TABLE flash_sale_reminders;
DROP TABLE flash_sale_takings;
DROP TABLE flash_sale_buyers;
DROP TABLE flash_sale_items;
DROP TABLE flash_sale_slots;
DROP TABLE flash_sales;
