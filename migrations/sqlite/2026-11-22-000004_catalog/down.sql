DROP TABLE search_history;
DROP TABLE search_words;
DROP TABLE catalog_changes;
DROP TABLE catalog_revisions;
DROP TABLE skus;
DROP TABLE products;
DROP TABLE categories;
