//! Why favourites and footprints refuse.

crate::refusals! {
    /// Why favourites and footprints refuse.
    pub enum FavouriteError: "favourite" {
        /// The product is not among the viewer's favourites.
        NotFound => NOT_FOUND "not_found" "未收藏该商品" "This product is not among your favourites.",
        /// There is no such product on sale.
        ProductNotFound => UNPROCESSABLE_ENTITY "product_not_found" "商品不存在或已下架" "There is no such product on sale.",
        /// A user has as many favourites as anybody may.
        TooMany => UNPROCESSABLE_ENTITY "too_many" "收藏数量已达上限" "You have as many favourites as a list may hold.",
        /// No footprint, or more than one request may bring.
        FootprintsOutOfRange => UNPROCESSABLE_ENTITY "footprints_out_of_range" "一次可上报1至100条足迹" "A request brings 1 to 100 footprints.",
    }
}
