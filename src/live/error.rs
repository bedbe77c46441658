//! Why live rooms refuse.

use crate::catalog::CatalogError;
use crate::coupon::CouponError;
use crate::pricing::PricingError;

crate::refusals! {
    /// Why live rooms refuse.
    pub enum LiveError: "live" {
        /// There is no such room, or it is not shown.
        NotFound => NOT_FOUND "not_found" "直播间不存在" "There is no such live room.",
        /// The room's state forbids it; details carry the state.
        WrongState(details) => CONFLICT "wrong_state" "直播间当前状态不允许该操作" "The room's state does not allow this.",
        /// It was changed since it was read.
        Changed(details) => CONFLICT "changed" "直播间已被修改，请刷新后重试" "The room was changed meanwhile; read it again.",
        /// The show is not on the air.
        NotOnAir(details) => CONFLICT "not_on_air" "直播尚未开始或已结束" "The show is not on the air.",
        /// It has begun already.
        AlreadyStarted => CONFLICT "already_started" "直播已经开始" "The show has already started.",
        /// A field breaks its rule; details name it.
        InvalidField(details) => UNPROCESSABLE_ENTITY "invalid_field" "填写内容不符合要求" "A field breaks its rule.",
        /// There is no such stay, or it is over.
        VisitNotFound => NOT_FOUND "visit_not_found" "观看记录不存在或已结束" "There is no such stay in this room, or it is over.",
        /// The viewer may not enter.
        Banned(details) => FORBIDDEN "banned" "您已被移出直播间" "You may not enter this room.",
        /// The viewer may not comment.
        Muted(details) => FORBIDDEN "muted" "您已被禁言" "You may not comment in this room.",
        /// Nobody may comment.
        CommentsClosed => CONFLICT "comments_closed" "直播间已关闭评论" "Comments are closed in this room.",
        /// The viewer commented a moment ago.
        TooSoon(details) => TOO_MANY_REQUESTS "too_soon" "发言太快，请稍后再试" "You have just commented; wait a little.",
        /// A comment contains a word on the list.
        WordBlocked => UNPROCESSABLE_ENTITY "word_blocked" "评论包含不允许的词语" "The comment contains a word that is not allowed.",
        /// There is no such comment.
        CommentNotFound => NOT_FOUND "comment_not_found" "评论不存在" "There is no such comment.",
        /// There is no such sanction, or it is over.
        SanctionNotFound => NOT_FOUND "sanction_not_found" "处罚记录不存在或已结束" "There is no such sanction, or it no longer holds.",
        /// There is no such user.
        UserNotFound => NOT_FOUND "user_not_found" "用户不存在" "There is no such user.",
        /// The product is not on the room's shelf.
        NotOnShelf(details) => UNPROCESSABLE_ENTITY "not_on_shelf" "商品不在直播间货架上" "The product is not on the room's shelf.",
        /// The product cannot be shown.
        ProductNotOnSale(details) => UNPROCESSABLE_ENTITY "product_not_on_sale" "商品不存在或未上架" "The product does not exist or is not on sale.",
        /// The shelf is full.
        ShelfFull => UNPROCESSABLE_ENTITY "shelf_full" "直播间货架已满" "The shelf of a room holds at most 200 products.",
        /// The order does not name each product of the shelf once.
        OrderIncomplete => UNPROCESSABLE_ENTITY "order_incomplete" "排序须包含货架上的全部商品" "The order must name every product of the shelf once.",
        /// There is no such price.
        PriceNotFound => NOT_FOUND "price_not_found" "直播价不存在" "There is no such live price.",
        /// The SKU has a live price in this room.
        PriceTaken => CONFLICT "price_taken" "该规格在本直播间已有直播价" "The SKU has a live price in this room already.",
        /// The price is not below the usual one.
        PriceNotLower(details) => UNPROCESSABLE_ENTITY "price_not_lower" "直播价须低于日常价" "A live price must be below the usual price.",
        /// Too few pieces are left at this price.
        SoldOut(details) => CONFLICT "sold_out" "直播价商品已抢完" "Too few pieces are left at the live price.",
        /// This buyer would have more than one buyer may have.
        LimitReached(details) => CONFLICT "limit_reached" "已达到限购数量" "You may not have so many pieces at the live price.",
        /// There is no such drop.
        DropNotFound => NOT_FOUND "drop_not_found" "福利不存在" "There is no such drop.",
        /// The drop is not open.
        DropNotOpen(details) => CONFLICT "drop_not_open" "福利尚未开始或已结束" "The drop is not open.",
        /// Everything was caught.
        DropExhausted => CONFLICT "drop_exhausted" "福利已被抢完" "Everything of this drop was caught.",
        /// The template cannot be given away.
        TemplateUnfit(details) => UNPROCESSABLE_ENTITY "template_unfit" "优惠券模板不存在或不可发放" "The coupon template does not exist or cannot be given away so.",
        /// There is no such recording.
        ReplayNotFound => NOT_FOUND "replay_not_found" "回放不存在" "There is no such recording.",
        /// The room has no recording to show.
        NoReplay => CONFLICT "no_replay" "暂无可用回放" "The room has no recording to show.",
        /// The stream may not be published or played.
        StreamRefused(details) => FORBIDDEN "stream_refused" "推拉流地址无效" "The stream may not be published or played with this address.",
        /// What an engine said cannot be read.
        HookUnreadable => BAD_REQUEST "hook_unreadable" "无法解析回调内容" "What the engine said cannot be read.",
        /// Whoever called is no engine of the shop's.
        HookNotBelieved => UNAUTHORIZED "hook_not_believed" "回调来源未通过验证" "The caller is not proven to be the shop's media engine.",
        /// No engine is set up.
        StreamOff => CONFLICT "stream_off" "未配置直播推流服务" "No media engine is set up.",
        /// The picture of the room is WeChat's.
        StreamElsewhere => CONFLICT "stream_elsewhere" "该直播间的画面由微信直播提供" "WeChat shows the picture of this room.",
        /// WeChat refused or could not be reached; details carry its code.
        WechatRefused(details) => BAD_GATEWAY "wechat_refused" "微信直播接口返回错误" "WeChat's live service refused.",
        /// A socket is wanted, and the request does not ask for one.
        SocketNeeded => UPGRADE_REQUIRED "socket_needed" "请使用 WebSocket 连接" "This address answers WebSockets only.",
        /// WeChat's rules forbid it; details carry WeChat's code and the reason in one word.
        WechatRule(details) => UNPROCESSABLE_ENTITY "wechat_rule" "微信直播规则不允许该操作" "WeChat's rules for live rooms do not allow this.",
        /// The product is not in WeChat's library.
        GoodsNotFound => NOT_FOUND "goods_not_found" "商品未提交到微信直播商品库" "The product is not in WeChat's library of live goods.",
        /// The room is no mirror of WeChat's.
        NotMirrored => CONFLICT "not_mirrored" "该直播间不是微信官方直播间" "The room does not mirror one of WeChat's.",
    }
    passing { Catalog(CatalogError), Coupon(CouponError), Pricing(PricingError) }
}
