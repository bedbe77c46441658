//! Permissions: what a member of staff may do. Every back-office endpoint names one, as a type.
//!
//! A permission is a word `area.action`, stored with roles and carried by the access token. The words are fixed in code,
//! because code checks them; roles, which are sets of words, are data.

use crate::platform::http::Permission;

/// A permission as data: for the role editor, the access matrix and the OpenAPI document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionInfo {
    /// The stored word, such as `order.refund`.
    pub name: &'static str,
    /// What it allows, in Chinese.
    pub title_zh: &'static str,
    /// What it allows, in English.
    pub title_en: &'static str,
}

macro_rules! permissions {
    ($($marker:ident $name:literal $zh:literal $en:literal),+ $(,)?) => {
        $(
            #[doc = concat!("`", $name, "`: ", $en, ".")]
            #[derive(Debug, Clone, Copy)]
            pub struct $marker;

            impl Permission for $marker {
                const NAME: &'static str = $name;
            }
        )+

        /// Every permission, in the order in which the role editor shows them.
        pub const ALL: &[PermissionInfo] = &[
            $(PermissionInfo { name: $name, title_zh: $zh, title_en: $en }),+
        ];
    };
}

permissions! {
    CatalogRead "catalog.read" "查看商品与分类" "See products and categories",
    CatalogWrite "catalog.write" "编辑商品与分类" "Edit products and categories",
    StockRead "stock.read" "查看库存" "See stock",
    StockWrite "stock.write" "入库与调整库存" "Receive and correct stock",
    FreightRead "freight.read" "查看运费模板" "See freight templates",
    FreightWrite "freight.write" "编辑运费模板" "Edit freight templates",
    OrderRead "order.read" "查看订单" "See orders",
    OrderWrite "order.write" "备注与关闭订单" "Annotate and close orders",
    OrderShip "order.ship" "发货" "Ship orders",
    OrderHandOut "order.handout" "门店核销" "Hand out orders at a store",
    OrderReprice "order.reprice" "订单改价" "Change the price of an unpaid order",
    OrderRefund "order.refund" "订单退款" "Refund orders",
    OrderRefundApprove "order.refund.approve" "审批大额退款" "Approve refunds above the limit",
    StoreRead "store.read" "查看门店" "See stores",
    StoreWrite "store.write" "管理门店" "Manage stores and who belongs to them",
    DigitalRead "digital.read" "查看虚拟商品" "See virtual goods, and the ends of codes",
    DigitalWrite "digital.write" "管理虚拟商品" "Load and withdraw codes, write what is granted",
    CampaignRead "campaign.read" "查看营销活动" "See campaigns and their reports",
    CampaignWrite "campaign.write" "编辑营销活动" "Plan campaigns and edit their rules",
    CampaignRun "campaign.run" "发布、暂停与结束营销活动" "Schedule, pause, resume and end campaigns",
    CampaignBudgetApprove "campaign.budget.approve" "审批大额活动预算" "Approve campaign budgets above the limit",
    LiveRead "live.read" "查看直播间" "See live rooms and their reports",
    LiveWrite "live.write" "编辑直播间、货架与直播价" "Plan live rooms, fill their shelves and price what they sell",
    LiveRun "live.run" "开播、暂停、结束与发放福利" "Start, pause and end shows, and let coupons rain",
    LiveModerate "live.moderate" "直播间管理" "Hide comments, mute and ban viewers",
    PaymentRead "payment.read" "查看支付" "See payments",
    PaymentReview "payment.review" "处理支付差异" "Settle payment differences",
    CouponRead "coupon.read" "查看优惠券" "See coupons",
    CouponWrite "coupon.write" "编辑优惠券" "Write coupons and let them be had",
    CouponGrant "coupon.grant" "发放与作废优惠券" "Give coupons and codes and take them back",
    CouponGrantApprove "coupon.grant.approve" "审批大额发券" "Approve gifts and codes of coupons above the limits",
    AnalyticsRead "analytics.read" "查看数据分析" "See figures, events and their names",
    AnalyticsPeople "analytics.people" "查看数据背后的用户与分群" "See who is behind figures, and keep them as segments",
    AnalyticsWrite "analytics.write" "管理事件与属性" "Describe, rename and block names of events, and say whom figures leave out",
    BooksRead "books.read" "查看账目" "See the books",
    ShareRead "share.read" "查看分享" "See shares and who brought whom",
    ServiceAccountRead "service_account.read" "查看公众号粉丝、消息与自动回复" "See followers, their messages and the answers to them",
    ServiceAccountWrite "service_account.write" "管理公众号二维码与自动回复" "Make codes of service accounts and write answers",
    UserRead "user.read" "查看用户" "See users",
    UserBlock "user.block" "冻结与解冻用户" "Block and unblock users",
    UserReveal "user.reveal" "查看用户完整手机号" "See a user's whole phone number",
    EntranceRead "entrance.read" "查看入口" "See entrances",
    EntranceWrite "entrance.write" "管理入口与密钥" "Manage entrances and their secrets",
    UserMerge "user.merge" "合并用户与处理账号冲突" "Merge users, take merges back, decide conflicts",
    UserPrivacy "user.privacy" "导出与注销用户资料" "Export and erase what is kept about a user",
    StaffRead "staff.read" "查看员工与角色" "See staff and roles",
    StaffWrite "staff.write" "管理员工与角色" "Manage staff and roles",
    ApprovalRead "approval.read" "查看审批" "See approvals",
    ApprovalDecide "approval.decide" "处理审批" "Decide approvals",
    AuditRead "audit.read" "查看操作日志" "See the audit log",
    JobRead "job.read" "查看后台任务" "See background jobs",
    JobRetry "job.retry" "重试后台任务" "Retry background jobs",
}

/// The permission of that name, when there is one.
pub fn find(name: &str) -> Option<&'static PermissionInfo> {
    ALL.iter().find(|permission| permission.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_permission_has_its_own_name_of_an_area_and_an_action() {
        let names: BTreeSet<_> = ALL.iter().map(|permission| permission.name).collect();
        assert_eq!(names.len(), ALL.len());
        for name in names {
            assert!(name.split('.').count() >= 2, "{name}");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || b"._".contains(&byte)), "{name}");
        }
    }

    #[test]
    fn a_name_finds_its_permission_and_only_a_known_one_does() {
        assert_eq!(find(OrderRefund::NAME).map(|permission| permission.title_en), Some("Refund orders"));
        assert_eq!(find("order.everything"), None);
    }
}
