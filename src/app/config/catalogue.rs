//! Every setting there is, in one table: where it stands in the file, which variable overrides it, what it takes.

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its place in the file, such as `server.listen`; a dotted path.
    pub path: &'static str,
    /// The environment variable that wins over the file.
    pub variable: &'static str,
    /// What it is when neither names it; `None` leaves it unset.
    pub default: Option<&'static str>,
    /// What it takes, as it is put in a complaint.
    pub expects: &'static str,
    /// What it is for.
    pub meaning: &'static str,
}

macro_rules! settings {
    ($($name:ident = $path:literal $variable:literal $default:expr, $expects:literal, $meaning:literal;)+) => {
        $(
            #[doc = $meaning]
            pub const $name: &Setting =
                &Setting { path: $path, variable: $variable, default: $default, expects: $expects, meaning: $meaning };
        )+

        /// All of them, in the order in which they are documented.
        pub const ALL: &[&Setting] = &[$($name),+];
    };
}

settings! {
    MODE = "mode" "HOURGLASS_MODE" Some("production"), "production or development",
        "Development starts without secrets and prints readable logs; production refuses to.";
    DATA_DIR = "data_dir" "HOURGLASS_DATA_DIR" Some("./data"), "a folder",
        "Where the embedded database and local files are kept.";
    NODE = "node" "HOURGLASS_NODE" Some("0"), "a number from 0 to 255",
        "Tells processes on one database apart in ids; two processes need different ones.";
    LOG = "log" "HOURGLASS_LOG" Some("info"), "a filter such as info or hourglass=debug,info",
        "Which log lines are written.";
    ZONE = "zone" "HOURGLASS_ZONE" Some("Asia/Shanghai"), "a time zone such as Asia/Shanghai",
        "The shop's time zone: when its days begin, for daily limits and reports.";
    LISTEN = "server.listen" "HOURGLASS_LISTEN" Some("127.0.0.1:8080"), "host:port",
        "Where the service listens; port 0 takes a free one.";
    PUBLIC_URL = "server.public_url" "HOURGLASS_PUBLIC_URL" None, "an http or https address without a slash at the end",
        "Where WeChat reaches this service, for its notices.";
    WORKERS = "server.workers" "HOURGLASS_WORKERS" Some("0"), "a number from 0 to 1024",
        "Threads that serve requests; 0 takes one for each processor.";
    TRUSTED_PROXIES = "server.trusted_proxies" "HOURGLASS_TRUSTED_PROXIES" Some(""), "IP addresses separated by commas",
        "Proxies whose X-Forwarded-For and X-Request-Id are believed.";
    MAX_BODY_BYTES = "server.max_body_bytes" "HOURGLASS_MAX_BODY_BYTES" Some("262144"), "a number from 1024 to 67108864",
        "Longest JSON body taken.";
    KEEP_ALIVE_SECONDS = "server.keep_alive_seconds" "HOURGLASS_KEEP_ALIVE_SECONDS" Some("15"), "a number from 1 to 3600",
        "How long an idle connection is kept.";
    REQUEST_SECONDS = "server.request_seconds" "HOURGLASS_REQUEST_SECONDS" Some("10"), "a number from 1 to 300",
        "How long a client may take to send the head of a request.";
    SHUTDOWN_SECONDS = "server.shutdown_seconds" "HOURGLASS_SHUTDOWN_SECONDS" Some("20"), "a number from 0 to 3600",
        "How long requests in flight may take to finish when the service is told to stop.";
    METRICS_TOKEN = "server.metrics_token" "HOURGLASS_METRICS_TOKEN" None, "a text of at least 16 bytes",
        "Bearer token that /metrics asks for; without one it answers this machine only.";
    DATABASE_URL = "database.url" "HOURGLASS_DATABASE_URL" None, "sqlite://FILE or postgres://…",
        "Which database; hourglass.db in the data folder when absent.";
    DATABASE_POOL = "database.pool_size" "HOURGLASS_DATABASE_POOL_SIZE" Some("8"), "a number from 1 to 1000",
        "Connections for reading, and on PostgreSQL as many for writing.";
    DATABASE_WAIT_MS = "database.wait_ms" "HOURGLASS_DATABASE_WAIT_MS" Some("3000"), "a number from 1 to 60000",
        "How long a request waits for a connection before it is answered with 503.";
    DATABASE_STATEMENT_MS = "database.statement_timeout_ms" "HOURGLASS_DATABASE_STATEMENT_TIMEOUT_MS" Some("5000"),
        "a number from 1 to 600000", "How long PostgreSQL may work on one statement.";
    DATABASE_SURVEY_MS = "database.survey_timeout_ms" "HOURGLASS_DATABASE_SURVEY_TIMEOUT_MS" Some("300000"),
        "a number from 1 to 3600000", "The same for the books, which look at everything.";
    DATABASE_MAX_WAITING = "database.max_waiting" "HOURGLASS_DATABASE_MAX_WAITING" Some("4096"), "a number from 1 to 1000000",
        "How many requests may wait for a connection or the writer at once.";
    DATABASE_MIGRATE = "database.migrate" "HOURGLASS_DATABASE_MIGRATE" Some("true"), "true or false",
        "Whether a start applies missing migrations by itself.";
    TOKEN_SECRET = "secrets.token" "HOURGLASS_TOKEN_SECRET" None, "a secret of at least 32 bytes that nobody else uses",
        "Signs access tokens.";
    SEAL_KEY = "secrets.seal_key" "HOURGLASS_SEAL_KEY" None, "32 random bytes as 64 hexadecimal digits",
        "Seals phone numbers and session keys at rest, and makes the key under which a phone number is found again; without it what it sealed cannot be read and nobody is recognised by phone.";
    WECHAT_API_URL = "wechat.api_url" "HOURGLASS_WECHAT_API_URL" Some("https://api.weixin.qq.com"),
        "an http or https address without a slash at the end", "Where api.weixin.qq.com is; the simulator's address in development.";
    WECHAT_APP_ID = "wechat.app_id" "HOURGLASS_WECHAT_APP_ID" None, "the app id of the mini-program", "The mini-program.";
    WECHAT_APP_SECRET = "wechat.app_secret" "HOURGLASS_WECHAT_APP_SECRET" None, "the app secret of the mini-program",
        "The mini-program's secret.";
    WECHAT_MOBILE_APP_ID = "wechat.mobile_app_id" "HOURGLASS_WECHAT_MOBILE_APP_ID" None, "the app id of the mobile application",
        "The merchant's app on phones, registered with the Open Platform; without it nobody pays inside an app.";
    WECHAT_TIMEOUT_MS = "wechat.timeout_ms" "HOURGLASS_WECHAT_TIMEOUT_MS" Some("8000"), "a number from 100 to 60000",
        "Longest a call to WeChat may take.";
    WECHAT_OPEN_URL = "wechat.open_url" "HOURGLASS_WECHAT_OPEN_URL" Some("https://open.weixin.qq.com"),
        "an http or https address without a slash at the end", "Where WeChat's own pages are, on which people agree to log in.";
    OAUTH_REDIRECT_HOSTS = "oauth.redirect_hosts" "HOURGLASS_OAUTH_REDIRECT_HOSTS" Some(""), "hosts separated by commas, with a port where it is unusual",
        "Where WeChat may send people back to after they agreed; nowhere else.";
    SIGN_IN_ALIPAY_URL = "sign_in.alipay_url" "HOURGLASS_SIGN_IN_ALIPAY_URL" Some("https://openapi.alipay.com/gateway.do"),
        "an http or https address without a slash at the end", "Where log-ins from Alipay mini-programs are asked about, with the path.";
    SIGN_IN_DOUYIN_URL = "sign_in.douyin_url" "HOURGLASS_SIGN_IN_DOUYIN_URL" Some("https://developer.toutiao.com/api/apps/v2/jscode2session"),
        "an http or https address without a slash at the end", "Where log-ins from Douyin mini-programs are asked about, with the path.";
    SIGN_IN_BAIDU_URL = "sign_in.baidu_url" "HOURGLASS_SIGN_IN_BAIDU_URL" Some("https://spapi.baidu.com/oauth/jscode2sessionkey"),
        "an http or https address without a slash at the end", "Where log-ins from Baidu mini-programs are asked about, with the path.";
    SIGN_IN_QQ_URL = "sign_in.qq_url" "HOURGLASS_SIGN_IN_QQ_URL" Some("https://api.q.qq.com/sns/jscode2session"),
        "an http or https address without a slash at the end", "Where log-ins from QQ mini-programs are asked about, with the path.";
    SIGN_IN_TIMEOUT_MS = "sign_in.timeout_ms" "HOURGLASS_SIGN_IN_TIMEOUT_MS" Some("8000"), "a number from 100 to 60000",
        "Longest a log-in at another platform may take.";
    SMS_PROVIDER = "sms.provider" "HOURGLASS_SMS_PROVIDER" None, "off, console (in development only) or aliyun",
        "How text messages are sent; console in development and off in production when absent.";
    SMS_URL = "sms.url" "HOURGLASS_SMS_URL" Some("https://dysmsapi.aliyuncs.com"),
        "an http or https address without a slash at the end", "Where Alibaba Cloud sends text messages.";
    SMS_KEY_ID = "sms.access_key_id" "HOURGLASS_SMS_ACCESS_KEY_ID" None, "the id of an access key", "Who sends text messages.";
    SMS_KEY_SECRET = "sms.access_key_secret" "HOURGLASS_SMS_ACCESS_KEY_SECRET" None, "the secret of an access key",
        "Signs the calls that send text messages.";
    SMS_SIGN_NAME = "sms.sign_name" "HOURGLASS_SMS_SIGN_NAME" None, "an approved name", "The name that text messages begin with.";
    SMS_CODE_TEMPLATE = "sms.code_template" "HOURGLASS_SMS_CODE_TEMPLATE" None, "the code of an approved template",
        "The template of codes that prove a phone number; its variable is code.";
    SMS_TIMEOUT_MS = "sms.timeout_ms" "HOURGLASS_SMS_TIMEOUT_MS" Some("8000"), "a number from 100 to 60000",
        "Longest the sending of a text message may take.";
    PAY_URL = "pay.url" "HOURGLASS_WECHAT_PAY_URL" Some("https://api.mch.weixin.qq.com"),
        "an http or https address without a slash at the end", "Where api.mch.weixin.qq.com is; the simulator's address in development.";
    PAY_MCH_ID = "pay.mch_id" "HOURGLASS_WECHAT_MCH_ID" None, "the merchant number: digits", "The merchant.";
    PAY_SERIAL = "pay.merchant_serial" "HOURGLASS_WECHAT_MCH_SERIAL" None, "the serial number of the merchant certificate in hexadecimal",
        "Names the merchant's key.";
    PAY_KEY = "pay.merchant_key" "HOURGLASS_WECHAT_MCH_KEY" None, "an RSA private key as PEM", "The merchant's private key itself.";
    PAY_KEY_FILE = "pay.merchant_key_file" "HOURGLASS_WECHAT_MCH_KEY_FILE" None, "a file with an RSA private key as PEM",
        "The merchant's private key in a file.";
    PAY_API_KEY = "pay.api_v3_key" "HOURGLASS_WECHAT_API_V3_KEY" None, "32 bytes", "The APIv3 key, with which WeChat seals notices.";
    PAY_PUBLIC_KEY_ID = "pay.public_key_id" "HOURGLASS_WECHAT_PAY_PUBLIC_KEY_ID" None, "PUB_KEY_ID_ and digits",
        "Names the WeChat Pay public key; leave it out with platform certificates.";
    PAY_PUBLIC_KEY = "pay.public_key" "HOURGLASS_WECHAT_PAY_PUBLIC_KEY" None, "a public key as PEM", "The WeChat Pay public key itself.";
    PAY_PUBLIC_KEY_FILE = "pay.public_key_file" "HOURGLASS_WECHAT_PAY_PUBLIC_KEY_FILE" None, "a file with a public key as PEM",
        "The WeChat Pay public key in a file.";
    PAY_CERTIFICATE_FILE = "pay.certificate_file" "HOURGLASS_WECHAT_PAY_CERTIFICATE_FILE" None, "a file with a certificate as PEM",
        "A platform certificate to begin with; later ones are downloaded.";
    STORAGE_DIR = "storage.dir" "HOURGLASS_STORAGE_DIR" None, "a folder", "Where files are kept; files in the data folder when absent.";
    STORAGE_ENDPOINT = "storage.endpoint" "HOURGLASS_STORAGE_ENDPOINT" None, "an http or https address",
        "An S3-compatible service that keeps files instead of a folder.";
    STORAGE_BUCKET = "storage.bucket" "HOURGLASS_STORAGE_BUCKET" None, "the name of a bucket", "The bucket.";
    STORAGE_REGION = "storage.region" "HOURGLASS_STORAGE_REGION" None, "the name of a region", "The region of the bucket.";
    STORAGE_ACCESS_KEY = "storage.access_key" "HOURGLASS_STORAGE_ACCESS_KEY" None, "the id of an access key", "Who opens the bucket.";
    STORAGE_SECRET_KEY = "storage.secret_key" "HOURGLASS_STORAGE_SECRET_KEY" None, "the secret of an access key", "Opens the bucket.";
    LIMIT_LOGIN = "limits.login_per_minute" "HOURGLASS_LIMIT_LOGIN" Some("30"), "a number from 1 to 1000000000",
        "Log-ins and new devices a minute, for each asker.";
    LIMIT_WRITE = "limits.write_per_minute" "HOURGLASS_LIMIT_WRITE" Some("120"), "a number from 1 to 1000000000",
        "Changes a minute, for each user, device or member of staff.";
    LIMIT_READ = "limits.read_per_minute" "HOURGLASS_LIMIT_READ" Some("1200"), "a number from 1 to 1000000000",
        "Looks a minute, for each user, device or member of staff.";
    LIMIT_EVENTS = "limits.events_per_minute" "HOURGLASS_LIMIT_EVENTS" Some("240"), "a number from 1 to 1000000000",
        "Batches of events a minute, for each user or device.";
    LIMIT_ADDRESS_FACTOR = "limits.address_factor" "HOURGLASS_LIMIT_ADDRESS_FACTOR" Some("20"), "a number from 1 to 1000000",
        "How many times more a network address may do, since many people share one.";
    ORDER_PAY_MINUTES = "orders.pay_within_minutes" "HOURGLASS_ORDER_PAY_WITHIN_MINUTES" Some("30"), "a number from 1 to 1440",
        "How long an order may stay unpaid.";
    ORDER_CAMPAIGN_PAY_MINUTES = "orders.campaign_pay_within_minutes" "HOURGLASS_ORDER_CAMPAIGN_PAY_WITHIN_MINUTES" Some("15"), "a number from 1 to 1440",
        "How long an order with a campaign price may stay unpaid.";
    ORDER_RECEIVE_DAYS = "orders.receive_after_days" "HOURGLASS_ORDER_RECEIVE_AFTER_DAYS" Some("10"), "a number from 1 to 365",
        "How long after shipping an order counts as received by itself.";
    ORDER_COMPLETE_DAYS = "orders.complete_after_days" "HOURGLASS_ORDER_COMPLETE_AFTER_DAYS" Some("7"), "a number from 1 to 365",
        "How long after receipt after-sale is possible.";
    PAYMENT_APPROVAL_FEN = "payments.refund_approval_above_fen" "HOURGLASS_REFUND_APPROVAL_ABOVE_FEN" Some("50000"),
        "a number from 0 to 1000000000", "Refunds above this amount need a second member of staff.";
    SHARE_SHOP_NAME = "share.shop_name" "HOURGLASS_SHARE_SHOP_NAME" Some("微信小店"), "1 to 30 characters",
        "What cards of pages say, and posters beside the code.";
    SHARE_PRODUCT_PAGE = "share.product_page" "HOURGLASS_SHARE_PRODUCT_PAGE" Some("pages/product/index"),
        "a page of the mini-program without a slash in front", "The page that shows a product; it gets id and share.";
    SHARE_HOME_PAGE = "share.home_page" "HOURGLASS_SHARE_HOME_PAGE" Some("pages/index/index"),
        "a page of the mini-program without a slash in front", "The page that opens when a link says no other.";
    CAMPAIGN_APPROVAL_FEN = "campaigns.budget_approval_above_fen" "HOURGLASS_BUDGET_APPROVAL_ABOVE_FEN" Some("1000000"),
        "a number from 0 to 100000000000", "Campaign budgets above this amount need a second member of staff.";
    BOOKS_HOUR = "books.hour" "HOURGLASS_BOOKS_HOUR" Some("4"), "a number from 0 to 23",
        "The hour of the shop's day at which the books are looked at by themselves.";
    SHARE_WEB_URL = "share.web_url" "HOURGLASS_SHARE_WEB_URL" None, "an http or https address without a slash at the end",
        "Where the shop's pages open outside WeChat, for QR codes; server.public_url when absent.";
    SHARE_CODE_VERSION = "share.code_version" "HOURGLASS_SHARE_CODE_VERSION" Some("release"), "release, trial or develop",
        "Which version of the mini-program codes open.";
    CAMPAIGN_ACTION_DAYS = "campaigns.keep_actions_days" "HOURGLASS_CAMPAIGN_KEEP_ACTIONS_DAYS" Some("30"), "a number from 2 to 3650",
        "How long single deeds in campaigns are kept for the rules that watch, which look back a day at most.";
    COUPON_APPROVAL_FEN = "coupons.approval_above_fen" "HOURGLASS_COUPON_APPROVAL_ABOVE_FEN" Some("1000000"),
        "a number from 0 to 100000000000", "Gifts and codes need a second member of staff when their coupons, or all that one gave away alone that day, are worth more than this.";
    COUPON_APPROVAL_COUNT = "coupons.approval_above_count" "HOURGLASS_COUPON_APPROVAL_ABOVE_COUNT" Some("1000"),
        "a number from 0 to 1000000", "Gifts and codes need a second member of staff when they, or all that one gave away alone that day, are more coupons than this.";
    CAMPAIGN_PAGE = "campaigns.page" "HOURGLASS_CAMPAIGN_PAGE" Some("pages/campaign/index"),
        "a page of the mini-program without a slash in front", "The page that shows a campaign; it gets id and share.";
    LIVE_PAGE = "live.page" "HOURGLASS_LIVE_PAGE" Some("pages/live/index"),
        "a page of the mini-program without a slash in front", "The page that shows a live room; it gets id and share.";
    LIVE_REMINDER_TEMPLATE = "live.reminder_template" "HOURGLASS_LIVE_REMINDER_TEMPLATE" None, "a template id of WeChat's",
        "The subscribe message that tells of the start of a live room, with the keywords thing1 (the room), time2 (since when) and thing3 (who presents); without one nobody is told.";
    PAGES_FRESH_MS = "server.pages_fresh_ms" "HOURGLASS_PAGES_FRESH_MS" Some("250"), "a number from 0 to 5000",
        "For how long a page counts as fresh that everybody sees alike before log-in, such as the wall of groups; while it is made anew it may become four times as old. 0 keeps none.";
    ANALYTICS_PROJECT_KEY = "analytics.project_key" "HOURGLASS_ANALYTICS_PROJECT_KEY" None, "16 to 128 characters",
        "What trackers of other makers report under, in every client that carries one; without it none is let in.";
    ANALYTICS_WAITING_EVENTS = "analytics.waiting_events" "HOURGLASS_ANALYTICS_WAITING_EVENTS" Some("20000"), "a number from 100 to 1000000",
        "How many events may wait to be written before more are answered with 503.";
    ANALYTICS_WAITING_KIB = "analytics.waiting_kib" "HOURGLASS_ANALYTICS_WAITING_KIB" Some("32768"), "a number from 1024 to 1048576",
        "How many kibibytes of trackers' bodies may be in hand before more are answered with 503.";
    ANALYTICS_SEAL_EVENTS = "analytics.seal_events" "HOURGLASS_ANALYTICS_SEAL_EVENTS" Some("20000"), "a number from 1 to 1000000",
        "So many accepted events are moved out of the database into a file of columns.";
    ANALYTICS_SEAL_MINUTES = "analytics.seal_minutes" "HOURGLASS_ANALYTICS_SEAL_MINUTES" Some("10"), "a number from 1 to 1440",
        "The minutes after which they are moved however few they are.";
    ANALYTICS_QUESTIONS = "analytics.questions" "HOURGLASS_ANALYTICS_QUESTIONS" Some("1"), "a number from 1 to 64",
        "How many questions about figures are answered at once; others wait.";
    ANALYTICS_THREADS = "analytics.threads" "HOURGLASS_ANALYTICS_THREADS" Some("2"), "a number from 1 to 64",
        "How many threads one question may use.";
    ANALYTICS_WRITERS = "analytics.writers" "HOURGLASS_ANALYTICS_WRITERS" Some("4"), "a number from 1 to 64",
        "How many batches of events are written at once, so that the shop's own transactions wait behind no more.";
    ANALYTICS_CLICKHOUSE_URL = "analytics.clickhouse_url" "HOURGLASS_ANALYTICS_CLICKHOUSE_URL" None, "an http or https address without a slash at the end",
        "The HTTP interface of a ClickHouse that sealed events are sent to; without it none is sent.";
    ANALYTICS_CLICKHOUSE_USER = "analytics.clickhouse_user" "HOURGLASS_ANALYTICS_CLICKHOUSE_USER" None, "1 to 128 characters",
        "Who writes there.";
    ANALYTICS_CLICKHOUSE_PASSWORD = "analytics.clickhouse_password" "HOURGLASS_ANALYTICS_CLICKHOUSE_PASSWORD" None, "a password",
        "Their password.";
    ANALYTICS_CLICKHOUSE_TABLE = "analytics.clickhouse_table" "HOURGLASS_ANALYTICS_CLICKHOUSE_TABLE" Some("hourglass_events"), "a table, or database.table",
        "The table, made by `src/analytics/export/clickhouse/events.sql`.";
    LIVE_PUSH_HOST = "live.push_host" "HOURGLASS_LIVE_PUSH_HOST" None, "a host, with a port where it is unusual",
        "Where anchors publish to by RTMP: the push domain of Tencent Cloud CSS, or an engine of one's own; without it rooms have no stream.";
    LIVE_PLAY_HOST = "live.play_host" "HOURGLASS_LIVE_PLAY_HOST" None, "a host, with a port where it is unusual",
        "Where RTMP and WebRTC are played from; the host that is published to when absent.";
    LIVE_PLAY_URL = "live.play_url" "HOURGLASS_LIVE_PLAY_URL" None, "an http or https address without a slash at the end",
        "Where FLV and HLS are played from; the host of RTMP over http when absent.";
    LIVE_APP = "live.app" "HOURGLASS_LIVE_APP" Some("live"), "letters and digits", "The application of the engine.";
    LIVE_URL_HASH = "live.url_hash" "HOURGLASS_LIVE_URL_HASH" Some("md5"), "md5 or sha256",
        "The digest by which stream addresses are signed, as the domain was set.";
    LIVE_PUSH_KEY = "live.push_key" "HOURGLASS_LIVE_PUSH_KEY" None, "a secret of 16 to 128 characters", "Signs addresses to publish to.";
    LIVE_PUSH_KEY_BACKUP = "live.push_key_backup" "HOURGLASS_LIVE_PUSH_KEY_BACKUP" None, "a secret of 16 to 128 characters",
        "Is believed beside it, while the key is being changed.";
    LIVE_PLAY_KEY = "live.play_key" "HOURGLASS_LIVE_PLAY_KEY" None, "a secret of 16 to 128 characters", "Signs addresses to play.";
    LIVE_PLAY_KEY_BACKUP = "live.play_key_backup" "HOURGLASS_LIVE_PLAY_KEY_BACKUP" None, "a secret of 16 to 128 characters",
        "Is believed beside it, while the key is being changed.";
    LIVE_PUSH_MINUTES = "live.push_minutes" "HOURGLASS_LIVE_PUSH_MINUTES" Some("720"), "a number from 1 to 10080",
        "How long an address to publish to is good for.";
    LIVE_PLAY_MINUTES = "live.play_minutes" "HOURGLASS_LIVE_PLAY_MINUTES" Some("60"), "a number from 1 to 1440",
        "How long an address to play is good for; whoever is playing by then plays on.";
    LIVE_PLAY_VALIDITY_SECONDS = "live.play_validity_seconds" "HOURGLASS_LIVE_PLAY_VALIDITY_SECONDS" Some("0"), "a number from 0 to 86400",
        "How long after its written end an address to play is still taken.";
    LIVE_PLAY_FORMATS = "live.play_formats" "HOURGLASS_LIVE_PLAY_FORMATS" Some("rtmp,flv,hls,webrtc"), "rtmp, flv, hls and webrtc, separated by commas",
        "In which forms the engine can be played.";
    LIVE_HOOK_SECRET = "live.hook_secret" "HOURGLASS_LIVE_HOOK_SECRET" None, "a secret of 16 to 128 characters",
        "What engines must show as the argument secret of the hooks they call; with neither this nor their addresses set none is let in.";
    LIVE_HOOK_ADDRESSES = "live.hook_addresses" "HOURGLASS_LIVE_HOOK_ADDRESSES" Some(""), "IP addresses separated by commas",
        "From where engines may call the hooks; anywhere when empty.";
    LIVE_CALLBACK_KEY = "live.callback_key" "HOURGLASS_LIVE_CALLBACK_KEY" None, "a secret of 8 to 128 characters",
        "Signs the callbacks of Tencent Cloud CSS; without it none is believed.";
    LIVE_RECORD_URL = "live.record_url" "HOURGLASS_LIVE_RECORD_URL" None, "an http or https address without a slash at the end",
        "Where the engine's recordings are fetched from: the names of their files are added to it; without it only recordings that come with an address of their own become replays.";
    LIVE_EARLY_MINUTES = "live.early_minutes" "HOURGLASS_LIVE_EARLY_MINUTES" Some("60"), "a number from 0 to 1440",
        "How long before its time a planned room may be opened by publishing.";
    LIVE_PAUSE_SECONDS = "live.pause_after_seconds" "HOURGLASS_LIVE_PAUSE_AFTER_SECONDS" Some("30"), "a number from 0 to 3600",
        "How long a room that is live may be without a stream before it is paused.";
    WORKER = "worker.enabled" "HOURGLASS_WORKER" Some("true"), "true or false",
        "Whether `serve` does background work too, or leaves it to `work`.";
    WORKER_PAUSE_MS = "worker.pause_ms" "HOURGLASS_WORKER_PAUSE_MS" Some("500"), "a number from 10 to 60000",
        "How long background work rests when nothing is due.";
    SIMULATOR_LISTEN = "demo.simulator_listen" "HOURGLASS_SIMULATOR_LISTEN" Some("127.0.0.1:0"), "host:port",
        "Where the WeChat simulator listens in `demo` and `simulate wechat`; port 0 takes a free one.";
}

/// Takes the password of `staff create-owner`; a variable of its own, because it is never a setting.
pub const OWNER_PASSWORD: &str = "HOURGLASS_OWNER_PASSWORD";
