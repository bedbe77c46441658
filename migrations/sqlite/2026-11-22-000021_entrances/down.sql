DROP TABLE entrances;
