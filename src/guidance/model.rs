//! The words of guidance.

use diesel::prelude::*;
use serde::Serialize;

use crate::entrance::EntranceId;
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::guide_links;

crate::typed_id! {
    /// A link that opens a mini-program from outside.
    GuideLinkId,
}

crate::stored_enum! {
    /// How a link is written.
    pub enum LinkForm {
        /// A web address: for text messages, e-mail and web pages.
        UrlLink = "url_link",
        /// An address of WeChat's own scheme: for native apps.
        Scheme = "scheme",
    }
}

crate::stored_enum! {
    /// What a person may still do.
    pub enum Step {
        /// Be known across all entrances of one Open Platform account.
        Unionid = "unionid",
        /// Give a phone number.
        Phone = "phone",
        /// Follow a service account.
        Follow = "follow",
        /// Come in through the mini-program.
        MiniProgram = "mini_program",
        /// Come in through the native app.
        App = "app",
    }
}

crate::stored_enum! {
    /// What it brings them.
    pub enum Benefit {
        /// One account, whichever entrance they use: the same orders, coupons and groups everywhere.
        OneAccount = "one_account",
        /// They find their account again without WeChat.
        Recovery = "recovery",
        /// They hear of their orders and groups by messages of the service account.
        OrderMessages = "order_messages",
        /// They hear of them by text message.
        TextMessages = "text_messages",
        /// They pay and share without leaving WeChat.
        SharingInWechat = "sharing_in_wechat",
        /// The shop is on their home screen.
        HomeScreen = "home_screen",
    }
}

/// A way to take a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Way {
    /// A request to this service.
    #[schema(title = "WayRequest")]
    Request {
        /// In capitals.
        #[schema(example = "POST")]
        method: &'static str,
        /// Its path.
        #[schema(example = "/api/v1/me/phone/wechat")]
        path: &'static str,
    },
    /// The mini-program's own component that shows a service account (`official-account`), or its profile.
    #[schema(title = "WayOfficialAccount")]
    OfficialAccount {
        /// The service account's app id.
        #[schema(example = "wx5f3c9a1b7d2e4068")]
        app_id: String,
        /// Its original id; null when the shop did not write it down.
        #[schema(example = "gh_5f3c9a1b7d2e")]
        original_id: Option<String>,
    },
    /// The mini-program's button that opens the app (`open-type="launchApp"`).
    #[schema(title = "WayLaunchApp")]
    LaunchApp {
        /// The app's id at the Open Platform.
        #[schema(example = "wxfedcba9876543210")]
        app_id: String,
        /// What the button hands to the app (`app-parameter`): the page and the token as a query.
        #[schema(example = "page=pages%2Fproduct%2Findex%3Fid%3D1&share=3uGk0PqXw7Yb1RzD")]
        app_parameter: String,
    },
    /// The app's or a page's call that opens the mini-program.
    #[schema(title = "WayMiniProgram")]
    MiniProgram {
        /// The mini-program's app id.
        #[schema(example = "wx0123456789abcdef")]
        app_id: String,
        /// Its original id, which the app's SDK asks for; null when the shop did not write it down.
        #[schema(example = "gh_0123456789ab")]
        original_id: Option<String>,
        /// The page with its query.
        #[schema(example = "pages/product/index?id=1&share=3uGk0PqXw7Yb1RzD")]
        path: String,
    },
}

/// One step with what it brings and the ways to take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Guided {
    pub(super) step: Step,
    pub(super) entrance: Option<(EntranceId, String)>,
    pub(super) done: bool,
    pub(super) brings: &'static [Benefit],
    pub(super) ways: Vec<Way>,
}

/// A link that opens a mini-program from outside.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = guide_links, treat_none_as_default_value = false)]
pub(super) struct GuideLink {
    pub(super) id: GuideLinkId,
    pub(super) entrance_id: EntranceId,
    pub(super) form: LinkForm,
    pub(super) page: String,
    pub(super) query: String,
    pub(super) link: String,
    pub(super) expires_at: Timestamp,
    pub(super) made_at: Timestamp,
}
