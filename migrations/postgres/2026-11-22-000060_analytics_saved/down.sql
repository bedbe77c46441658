DROP TABLE analytics_saved_questions;
