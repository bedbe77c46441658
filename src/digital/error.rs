//! Why virtual goods refuse.

use crate::order::OrderError;
use crate::stock::StockError;

crate::refusals! {
    /// Why virtual goods refuse.
    pub enum DigitalError: "digital" {
        /// No such SKU, or it is not of the kind that is meant.
        SkuNotFound => NOT_FOUND "sku_not_found" "虚拟商品规格不存在" "There is no virtual SKU of this kind with this id.",
        /// No such code.
        CodeNotFound => NOT_FOUND "code_not_found" "卡密不存在" "There is no such code.",
        /// Nobody has written what is granted.
        GrantNotFound => NOT_FOUND "grant_not_found" "尚未设置发放内容" "Nobody has written yet what buyers of this SKU get.",
        /// The code was delivered or withdrawn before.
        CodeNotFree => CONFLICT "code_not_free" "该卡密已发放或已作废" "This code was delivered or withdrawn before.",
        /// Somebody else loaded some of these codes at the same moment.
        LoadedMeanwhile => CONFLICT "loaded_meanwhile" "卡密库已变化，请重新校验" "The pool changed meanwhile; check the codes again.",
        /// Some rows cannot be loaded; details list them.
        BadRows(details) => UNPROCESSABLE_ENTITY "bad_rows" "部分卡密有误，未导入任何内容" "Some rows are wrong; nothing was loaded.",
        /// No code, or more than one load may have.
        RowsOutOfRange => UNPROCESSABLE_ENTITY "rows_out_of_range" "一次可导入1至5000个卡密" "A load has 1 to 5000 codes.",
        /// A field is empty, too long, or has characters it must not have; details name it.
        InvalidField(details) => UNPROCESSABLE_ENTITY "invalid_field" "填写内容不符合要求" "A field is empty, too long, or has characters it must not have.",
    }
    passing { Order(OrderError), Stock(StockError) }
}
