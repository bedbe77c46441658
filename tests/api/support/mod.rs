//! A shop to test with, and verbs named for what people do in it.

pub mod approvals;
pub mod buyer;
pub mod campaigning;
pub mod collecting;
pub mod coupons;
pub mod crowd;
pub mod document;
pub mod entering;
pub mod goods;
pub mod groups;
pub mod official;
pub mod persons;
pub mod postgres;
pub mod proxy;
pub mod sharing;
pub mod shop;
pub mod sockets;
pub mod telling;
pub mod town;
pub mod virtual_goods;
pub mod warehouse;
pub mod watching;

pub use shop::Shop;

/// Turns each function into a module with the same claim on the embedded database and on PostgreSQL. The books are
/// checked at the end. `with [("NAME", "value")]` before a function gives its shop settings of its own.
#[macro_export]
macro_rules! on_both_databases {
    (@sqlite) => { Shop::on_sqlite() };
    (@sqlite $($setting:expr),+) => { Shop::on_sqlite_with(&[$($setting),+]) };
    (@postgres) => { Shop::on_postgres() };
    (@postgres $($setting:expr),+) => { Shop::on_postgres_with(&[$($setting),+]) };
    ($($(#[$meta:meta])* $(with [$($setting:expr),+ $(,)?])? async fn $name:ident($shop:ident: &Shop) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "each claim uses some of what its file imports")]
            use super::*;

            async fn claim($shop: &Shop) $body

            #[actix_web::test]
            async fn on_sqlite() {
                let shop = $crate::on_both_databases!(@sqlite $($($setting),+)?).await;
                claim(&shop).await;
                shop.the_books_balance().await;
            }

            #[actix_web::test]
            async fn on_postgres() {
                if let Some(shop) = $crate::on_both_databases!(@postgres $($($setting),+)?).await {
                    claim(&shop).await;
                    shop.the_books_balance().await;
                }
            }
        }
    )+};
}
