//! The house rules, read off the source: who may use whom, where tables are named, and what may not be written at all.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot read the source has nothing better to do than to stop"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// Every edge between rooms at the top of the tree that the architecture allows. One that is no longer used must go.
const MAY_USE: &[(&str, &[&str])] = &[
    ("platform", &["kernel"]),
    ("entrance", &["kernel", "platform", "staff"]),
    ("identity", &["kernel", "platform", "staff", "entrance"]),
    ("staff", &["kernel", "platform"]),
    ("catalog", &["kernel", "platform", "identity", "staff"]),
    ("stock", &["kernel", "platform", "staff", "catalog"]),
    ("pricing", &["kernel", "platform", "staff", "catalog"]),
    ("favourite", &["kernel", "platform", "identity", "staff", "catalog", "stock"]),
    ("cart", &["kernel", "platform", "identity", "catalog", "stock", "pricing"]),
    ("payment", &["kernel", "platform", "identity", "staff"]),
    ("pick_up", &["kernel", "platform", "staff"]),
    (
        "order",
        &["kernel", "platform", "identity", "staff", "catalog", "stock", "pricing", "payment", "cart", "pick_up"],
    ),
    ("digital", &["kernel", "platform", "staff", "catalog", "stock", "order"]),
    ("share", &["kernel", "platform", "identity", "staff", "catalog"]),
    ("service_account", &["kernel", "platform", "entrance", "identity", "staff", "share"]),
    ("guidance", &["kernel", "platform", "entrance", "identity", "share", "service_account"]),
    ("campaign", &["kernel", "platform", "identity", "staff", "share", "order"]),
    ("coupon", &["kernel", "platform", "identity", "staff", "catalog", "pricing", "order", "share", "campaign"]),
    ("flash_sale", &["kernel", "platform", "identity", "staff", "catalog", "pricing", "order", "share", "campaign"]),
    (
        "group_buy",
        &["kernel", "platform", "identity", "staff", "catalog", "pricing", "payment", "order", "share", "campaign"],
    ),
    (
        "bargain",
        &[
            "kernel", "platform", "identity", "staff", "catalog", "stock", "pricing", "order", "share", "campaign",
            "coupon",
        ],
    ),
    ("social_coupon", &["kernel", "platform", "identity", "staff", "order", "share", "campaign", "coupon"]),
    ("live", &["kernel", "platform", "entrance", "identity", "staff", "catalog", "pricing", "share", "coupon"]),
    ("analytics", &["kernel", "platform", "identity", "staff", "share", "campaign"]),
    ("wechat_simulator", &["kernel"]),
    (
        "app",
        &[
            "kernel",
            "platform",
            "entrance",
            "identity",
            "staff",
            "catalog",
            "stock",
            "favourite",
            "pricing",
            "cart",
            "payment",
            "pick_up",
            "order",
            "digital",
            "share",
            "service_account",
            "guidance",
            "campaign",
            "flash_sale",
            "crowd",
            "group_buy",
            "bargain",
            "social_coupon",
            "live",
            "coupon",
            "analytics",
            "wechat_simulator",
        ],
    ),
];

/// Who owns which tables; nobody else names them.
const TABLES: &[(&str, &[&str])] = &[
    ("platform/http", &["idempotency_keys"]),
    ("platform/events", &["outbox_events", "outbox_deliveries", "outbox_failures"]),
    ("platform/jobs", &["jobs", "leases"]),
    ("app/books", &["books_nights", "books_differences"]),
    ("entrance", &["entrances"]),
    (
        "identity",
        &[
            "users",
            "identities",
            "identity_conflicts",
            "account_merges",
            "account_merge_rows",
            "account_merge_flags",
            "accounts_apart",
            "wechat_session_keys",
            "devices",
            "login_sessions",
            "refresh_tokens",
            "addresses",
            "sms_codes",
            "oauth_states",
        ],
    ),
    (
        "staff",
        &[
            "staff_accounts",
            "staff_roles",
            "staff_role_permissions",
            "staff_account_roles",
            "staff_sessions",
            "staff_refresh_tokens",
            "audit_entries",
            "staff_approvals",
        ],
    ),
    (
        "catalog",
        &["categories", "products", "skus", "catalog_revisions", "catalog_changes", "search_words", "search_history"],
    ),
    (
        "flash_sale",
        &[
            "flash_sales",
            "flash_sale_slots",
            "flash_sale_items",
            "flash_sale_buyers",
            "flash_sale_takings",
            "flash_sale_reminders",
        ],
    ),
    (
        "bargain",
        &[
            "bargain_rules",
            "bargain_quotas",
            "bargain_prizes",
            "bargains",
            "bargain_pieces",
            "bargain_orders",
            "bargain_ranks",
            "bargain_awards",
        ],
    ),
    ("social_coupon", &["social_coupons", "packets", "packet_portions"]),
    (
        "live",
        &[
            "live_rooms",
            "live_room_changes",
            "live_official_rooms",
            "live_official_goods",
            "live_official_shelf",
            "live_shelf",
            "live_prices",
            "live_price_buyers",
            "live_price_takings",
            "live_drops",
            "live_drop_portions",
            "live_drop_claims",
            "live_reminders",
            "live_comments",
            "live_sanctions",
            "live_visits",
            "live_minutes",
            "live_replays",
            "live_marks",
            "live_order_lines",
            "live_publishings",
            "live_signals",
        ],
    ),
    ("stock", &["stock_items", "stock_movements", "stock_holds"]),
    ("pricing", &["freight_templates", "freight_tariffs"]),
    ("favourite", &["favourites", "footprints"]),
    ("cart", &["cart_lines"]),
    ("pick_up", &["stores", "store_staff"]),
    ("digital", &["digital_loads", "digital_codes", "access_grants", "access_deliveries"]),
    (
        "order",
        &[
            "orders",
            "order_lines",
            "order_adjustments",
            "order_history",
            "order_refunds",
            "ship_gates",
            "shipments",
            "shipment_lines",
            "tracking_events",
            "pick_ups",
        ],
    ),
    ("share", &["share_tokens", "share_origins", "share_opens", "share_merged_users"]),
    (
        "service_account",
        &["followings", "following_changes", "service_codes", "code_scans", "service_pushes", "service_replies"],
    ),
    ("guidance", &["guide_links"]),
    ("group_buy", &["group_buy_rules", "group_buy_skus", "buy_groups", "group_seats"]),
    (
        "campaign",
        &[
            "campaigns",
            "campaign_audience",
            "campaign_changes",
            "campaign_budgets",
            "campaign_days",
            "campaign_grants",
            "campaign_uses",
            "campaign_participants",
            "campaign_actions",
            "campaign_risk_rules",
            "campaign_watches",
            "campaign_risk_alerts",
            "campaign_orders",
            "campaign_outcomes",
        ],
    ),
    (
        "coupon",
        &[
            "coupon_templates",
            "coupon_allotments",
            "coupon_user_counts",
            "coupon_staff_days",
            "coupon_template_users",
            "coupons",
            "coupon_uses",
            "coupon_history",
            "coupon_code_batches",
            "coupon_codes",
            "coupon_code_tries",
            "coupon_grant_runs",
            "coupon_grant_targets",
        ],
    ),
    (
        "analytics",
        &[
            "analytics_inbox",
            "analytics_seen",
            "analytics_counters",
            "analytics_subjects",
            "analytics_erased_subjects",
            "analytics_event_names",
            "analytics_event_days",
            "analytics_property_names",
            "analytics_files",
            "analytics_saved_questions",
            "analytics_segments",
            "analytics_segment_people",
            "analytics_segment_uses",
            "analytics_streams",
        ],
    ),
    ("payment", &["payments", "payment_attempts", "payment_notices", "refunds", "payment_reviews", "ledger_entries"]),
];

struct Source {
    /// Path below `src`, such as `order/service/mod.rs`.
    path: String,
    text: String,
    tree: syn::File,
}

impl Source {
    fn room(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).expect("a source file can be read");
        let tree = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let path = file.strip_prefix(&root).expect("below src").to_string_lossy().into_owned();
        Source { path, text, tree }
    };
    files.into_iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Collects every path that a file names, also inside `use` trees and macro calls.
#[derive(Default)]
struct Paths {
    found: BTreeSet<Vec<String>>,
}

impl Paths {
    fn of(tree: &syn::File) -> BTreeSet<Vec<String>> {
        let mut paths = Self::default();
        paths.visit_file(tree);
        paths.found
    }

    fn use_tree(&mut self, prefix: &mut Vec<String>, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.use_tree(prefix, &path.tree);
                prefix.pop();
            }
            syn::UseTree::Name(name) => self.leaf(prefix, name.ident.to_string()),
            syn::UseTree::Rename(rename) => self.leaf(prefix, rename.ident.to_string()),
            syn::UseTree::Glob(_) => self.leaf(prefix, "*".to_owned()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.use_tree(prefix, item)),
        }
    }

    fn leaf(&mut self, prefix: &[String], name: String) {
        let mut path = prefix.to_vec();
        path.push(name);
        self.found.insert(path);
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.use_tree(&mut Vec::new(), &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.found.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let tokens: Vec<String> = call.tokens.to_string().split_whitespace().map(str::to_owned).collect();
        for (at, token) in tokens.iter().enumerate() {
            if token == "crate" || tokens.get(at + 1).is_some_and(|next| next == "::") {
                let mut path = vec![token.clone()];
                let mut rest = tokens[at + 1..].iter();
                while rest.next().is_some_and(|separator| separator == "::") {
                    path.extend(rest.next().cloned());
                }
                self.found.insert(path);
            }
        }
        visit::visit_macro(self, call);
    }
}

fn uses() -> BTreeMap<String, BTreeMap<String, String>> {
    let rooms: BTreeSet<String> = sources().iter().map(|source| source.room().to_owned()).collect();
    let mut edges: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for source in sources() {
        for path in Paths::of(&source.tree) {
            if let [head, room, ..] = path.as_slice()
                && head == "crate"
                && rooms.contains(room)
                && room != source.room()
            {
                edges
                    .entry(source.room().to_owned())
                    .or_default()
                    .entry(room.clone())
                    .or_insert_with(|| source.path.clone());
            }
        }
    }
    edges
}

#[test]
fn every_room_uses_only_the_rooms_it_may_and_every_permitted_edge_is_used() {
    let mut complaints = Vec::new();
    let edges = uses();
    let none = BTreeMap::new();
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    for (room, used) in &edges {
        if room == "lib.rs" || room == "main.rs" {
            continue;
        }
        let may: &[&str] = allowed.get(room.as_str()).copied().unwrap_or_default();
        for (target, file) in used {
            if !may.contains(&target.as_str()) {
                complaints.push(format!("{file} uses {target}, which {room} may not"));
            }
        }
    }
    for (room, may) in MAY_USE {
        let used = edges.get(*room).unwrap_or(&none);
        complaints.extend(
            may.iter()
                .filter(|target| !used.contains_key(**target))
                .map(|target| format!("{room} may use {target} and does not; take the edge off the list")),
        );
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn the_rooms_form_no_circle() {
    fn visit<'a>(room: &'a str, edges: &'a BTreeMap<String, BTreeMap<String, String>>, trail: &mut Vec<&'a str>) {
        assert!(!trail.contains(&room), "a circle: {} → {room}", trail.join(" → "));
        trail.push(room);
        for target in edges.get(room).into_iter().flat_map(BTreeMap::keys) {
            visit(target, edges, trail);
        }
        trail.pop();
    }
    let edges = uses();
    for room in edges.keys() {
        visit(room, &edges, &mut Vec::new());
    }
}

#[test]
fn a_table_is_named_only_by_its_owner() {
    let mut complaints = Vec::new();
    for source in sources().iter().filter(|source| !source.path.starts_with("platform/db/")) {
        for path in Paths::of(&source.tree) {
            let Some(at) = path.iter().position(|part| part == "schema") else { continue };
            let Some(table) = path.get(at + 1) else { continue };
            let is_ours = at.checked_sub(1).and_then(|before| path.get(before)).is_some_and(|part| part == "db");
            let owner = TABLES.iter().find(|(_, tables)| tables.contains(&table.as_str())).map(|(owner, _)| *owner);
            match owner {
                Some(owner) if source.path.starts_with(&format!("{owner}/")) => {}
                Some(owner) => complaints.push(format!("{} names {table}, which {owner} owns", source.path)),
                // OpenAPI and the search engine have schemas too.
                None if !is_ours => {}
                None if table == "*" => complaints.push(format!("{} imports all tables", source.path)),
                None => complaints.push(format!("{} names {table}, which nobody owns", source.path)),
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_table_has_an_owner() {
    let schema =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/platform/db/schema.rs")).expect("schema");
    let defined: BTreeSet<&str> = schema
        .lines()
        .filter_map(|line| line.strip_prefix("    ")?.split_once(" (").filter(|(_, rest)| rest.ends_with(") {")))
        .map(|(table, _)| table)
        .collect();
    let owned: BTreeSet<&str> = TABLES.iter().flat_map(|(_, tables)| tables.iter().copied()).collect();
    assert_eq!(defined, owned);
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<String> =
        sources().into_iter().filter(|source| !source.text.starts_with("//!")).map(|source| source.path).collect();
    assert!(silent.is_empty(), "without a `//!` at the top: {silent:?}");
}

#[test]
fn the_wall_clock_is_read_in_one_place() {
    let forbidden = ["SystemTime", "Utc::now", "Zoned::now", "Timestamp::now", "Local::now"];
    let readers: Vec<String> = sources()
        .into_iter()
        .filter(|source| source.path != "kernel/time.rs" && forbidden.iter().any(|name| source.text.contains(name)))
        .map(|source| source.path)
        .collect();
    assert!(readers.is_empty(), "these read the wall clock: {readers:?}");
}

#[test]
fn transactions_begin_in_one_place() {
    let forbidden = [".transaction(", ".begin_transaction(", "\"BEGIN", "build_transaction", "batch_execute("];
    // These send one harmless statement: the probe of readiness, and fixtures of tests.
    let excepted = |path: &str| {
        path == "app/operations.rs"
            || path == "catalog/goods.rs"
            || path == "campaign/stage.rs"
            || path.contains("/tests/")
    };
    let openers: Vec<String> = sources()
        .into_iter()
        .filter(|source| !source.path.starts_with("platform/db/") && !excepted(&source.path))
        .filter(|source| forbidden.iter().any(|name| source.text.contains(name)))
        .map(|source| source.path)
        .collect();
    assert!(openers.is_empty(), "these open transactions themselves: {openers:?}");
}

#[test]
fn money_knows_no_floats() {
    let money = ["kernel/money.rs", "pricing/", "payment/", "order/", "cart/", "stock/", "coupon/"];
    let floating: Vec<String> = sources()
        .into_iter()
        .filter(|source| money.iter().any(|part| source.path.starts_with(part)))
        .filter(|source| source.text.contains("f64") || source.text.contains("f32"))
        .map(|source| source.path)
        .collect();
    assert!(floating.is_empty(), "these use floats: {floating:?}");
}

#[test]
fn nothing_is_left_undone_or_skipped() {
    let marks =
        [concat!("to", "do!("), concat!("un", "implemented!("), "#[ignore", concat!("TO", "DO"), concat!("FIX", "ME")];
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files = Vec::new();
    collect(&tests, &mut files);
    let tests = files
        .iter()
        .filter(|file| !file.ends_with("tidy.rs"))
        .map(|file| (file.display().to_string(), fs::read_to_string(file).expect("a test can be read")));
    let all = sources().into_iter().map(|source| (source.path, source.text)).chain(tests);
    let marked: Vec<String> =
        all.filter(|(_, text)| marks.iter().any(|mark| text.contains(mark))).map(|(path, _)| path).collect();
    assert!(marked.is_empty(), "left undone: {marked:?}");
}

#[test]
fn files_and_functions_stay_short() {
    struct Functions<'a> {
        path: &'a str,
        long: Vec<String>,
    }
    impl<'ast> Visit<'ast> for Functions<'_> {
        fn visit_block(&mut self, block: &'ast syn::Block) {
            visit::visit_block(self, block);
        }

        fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
            self.measure(&function.sig, &function.block);
            visit::visit_item_fn(self, function);
        }

        fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
            self.measure(&function.sig, &function.block);
            visit::visit_impl_item_fn(self, function);
        }
    }
    impl Functions<'_> {
        fn measure(&mut self, signature: &syn::Signature, block: &syn::Block) {
            let (open, close) = (block.brace_token.span.open().start().line, block.brace_token.span.close().end().line);
            if close - open > 70 {
                self.long.push(format!("{}: {} has {} lines", self.path, signature.ident, close - open));
            }
        }
    }
    let mut complaints = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > 600 && source.path != "platform/db/schema.rs" {
            complaints.push(format!("{} has {lines} lines", source.path));
        }
        let mut functions = Functions { path: &source.path, long: Vec::new() };
        functions.visit_file(&source.tree);
        complaints.extend(functions.long);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
