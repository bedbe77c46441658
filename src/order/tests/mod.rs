//! Claims about orders, over a real database: the embedded one, or PostgreSQL when `HOURGLASS_TEST_POSTGRES` names a
//! server.

mod differences;
mod placing;
mod racing;
mod selling;
mod shop;
