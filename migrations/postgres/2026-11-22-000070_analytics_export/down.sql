DROP TABLE analytics_streams;
