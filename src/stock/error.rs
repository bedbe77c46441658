//! Why stock refuses.

crate::refusals! {
    /// Why stock refuses.
    pub enum StockError: "stock" {
        /// Too few pieces of some SKUs are free; details name each with what is asked for and what is free.
        Insufficient(details) => CONFLICT "insufficient" "库存不足" "There is not enough stock.",
        /// Not a whole number of pieces within the range.
        QuantityOutOfRange(details) => UNPROCESSABLE_ENTITY "quantity_out_of_range" "数量超出范围" "A quantity is out of range.",
        /// No such SKU.
        SkuNotFound(details) => UNPROCESSABLE_ENTITY "sku_not_found" "商品规格不存在" "Some SKUs do not exist.",
        /// No such SKU.
        ItemNotFound => NOT_FOUND "item_not_found" "商品规格不存在" "There is no SKU with this id.",
        /// The threshold for low stock is negative or too high.
        ThresholdOutOfRange => UNPROCESSABLE_ENTITY "threshold_out_of_range" "库存预警值超出范围" "The threshold for low stock must lie between 0 and 1,000,000.",
        /// The same SKU twice in one receipt.
        DuplicateSku(details) => UNPROCESSABLE_ENTITY "duplicate_sku" "商品规格重复" "A SKU is named twice.",
        /// No line, or more than a receipt may have.
        LinesOutOfRange(details) => UNPROCESSABLE_ENTITY "lines_out_of_range" "入库单行数超出范围" "A receipt has 1 to 200 lines.",
        /// A reason is missing or too long.
        ReasonOutOfRange => UNPROCESSABLE_ENTITY "reason_out_of_range" "原因须为1至200字" "A reason of 1 to 200 characters is required.",
        /// The pieces are codes, which are loaded and withdrawn; details name the SKU.
        CountedByCodes(details) => UNPROCESSABLE_ENTITY "counted_by_codes" "该规格的库存由卡密数量决定，请导入或作废卡密" "The stock of this SKU is its codes; load or withdraw codes instead.",
        /// A correction would leave fewer pieces than orders were promised.
        BelowHeld(details) => CONFLICT "below_held" "修正后的数量低于已占用数量" "The correction would leave less than is held for orders.",
    }
}
