DROP TABLE freight_tariffs;
DROP TABLE freight_templates;
