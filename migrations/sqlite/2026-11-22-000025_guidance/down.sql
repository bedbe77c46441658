DROP TABLE guide_links;
