DROP TABLE access_deliveries;
DROP TABLE access_grants;
DROP TABLE digital_codes;
DROP TABLE digital_loads;
