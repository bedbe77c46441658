DROP TABLE footprints;
DROP TABLE favourites;
