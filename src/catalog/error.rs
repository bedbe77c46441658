//! What the catalogue refuses.

crate::refusals! {
    /// Why the catalogue refuses.
    pub enum CatalogError: "catalog" {
        /// There is no such product, or shoppers may not see it.
        ProductNotFound => NOT_FOUND "product_not_found" "商品不存在或已下架" "There is no such product on sale.",
        /// There is no such category.
        CategoryNotFound => NOT_FOUND "category_not_found" "分类不存在" "There is no such category.",
        /// A field of a draft does not fit; the details name it and why.
        InvalidDraft(details) => UNPROCESSABLE_ENTITY "invalid_draft" "商品或分类内容有误" "A field of the product or category does not fit.",
        /// The category named does not exist.
        UnknownCategory => UNPROCESSABLE_ENTITY "unknown_category" "所选分类不存在" "The category named does not exist.",
        /// A category would hang below itself.
        CategoryCircle => UNPROCESSABLE_ENTITY "category_circle" "分类不能成为自己的下级" "A category cannot hang below itself.",
        /// A category still has products or categories.
        CategoryInUse => CONFLICT "category_in_use" "分类下仍有商品或子分类" "The category still has products or categories below it.",
        /// The SKU code belongs to another product.
        CodeTaken => CONFLICT "code_taken" "SKU 编码已被使用" "A SKU code is in use already.",
        /// What its buyers get was settled when the product was made.
        KindSettled => UNPROCESSABLE_ENTITY "kind_settled" "商品类型创建后不可更改" "What a product's buyers get is settled when it is made.",
        /// Somebody else edited the product meanwhile.
        Outdated => CONFLICT "outdated" "商品已被他人修改，请刷新后重试" "Somebody else edited this product; load it again.",
        /// The product lacks what it needs to be sold.
        NotReady(details) => UNPROCESSABLE_ENTITY "not_ready" "商品信息不完整，不能上架" "The product lacks something it needs before it can be sold.",
        /// The move is not one from its present state.
        IllegalMove => CONFLICT "illegal_move" "当前状态不允许该操作" "The product's state does not allow this.",
        /// A search or list parameter does not fit; the details name it.
        InvalidSearch(details) => UNPROCESSABLE_ENTITY "invalid_search" "搜索条件有误" "A search parameter does not fit.",
        /// The search index is still being built after a start.
        SearchStarting => SERVICE_UNAVAILABLE "search_starting" "搜索正在准备中，请稍后重试" "Search is still starting; try again in a moment.",
        /// The picture was refused; the details say why.
        PictureRefused(details) => UNPROCESSABLE_ENTITY "picture_refused" "图片不符合要求" "The picture was refused.",
        /// The picture store cannot be reached.
        PictureStoreUnavailable => SERVICE_UNAVAILABLE "picture_store_unavailable" "图片存储暂不可用" "The picture store cannot be reached.",
    }
}
