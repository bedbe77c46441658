//! Why the cart refuses.

use crate::pricing::PricingError;

crate::refusals! {
    /// Why the cart refuses.
    pub enum CartError: "cart" {
        /// The cart has no such line.
        LineNotFound => NOT_FOUND "line_not_found" "购物车里没有这件商品" "The cart has no such line.",
        /// No such SKU.
        SkuNotFound => UNPROCESSABLE_ENTITY "sku_not_found" "商品规格不存在" "There is no such SKU.",
        /// The SKU cannot be bought now; details say why.
        NotSellable(details) => UNPROCESSABLE_ENTITY "not_sellable" "商品已失效" "This item cannot be bought at present.",
        /// Fewer than one piece, or more than a line may have with what is in the cart.
        QuantityOutOfRange(details) => UNPROCESSABLE_ENTITY "quantity_out_of_range" "购买数量须为1至999件" "A quantity must lie between 1 and 999.",
        /// The cart has as many lines as it may have.
        Full(details) => UNPROCESSABLE_ENTITY "full" "购物车已满" "The cart is full.",
        /// A change that changes nothing.
        NothingToChange => UNPROCESSABLE_ENTITY "nothing_to_change" "没有需要修改的内容" "Name a quantity or a selection.",
        /// More SKUs than a cart may have, or none.
        TooManySkus(details) => UNPROCESSABLE_ENTITY "skus_out_of_range" "商品数量超出范围" "Name 1 to 120 SKUs.",
    }
    passing { Pricing(PricingError) }
}
