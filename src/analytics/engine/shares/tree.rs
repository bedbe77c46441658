//! Key sharers, the rate at which sharing brings new users, and what pages bring when they are shared.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::{Forest, Share};
use crate::analytics::engine::analysis::{Analysis, Table, Tabular, cell};
use crate::analytics::engine::audience::first_seen;
use crate::analytics::engine::calendar::{Period, Range, read_moment, write_moment};
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::figures::{count, median, ratio, real_signed};
use crate::analytics::engine::flaw::{Flaw, Result, expect};
use crate::analytics::engine::people::{Person, PersonSet};
use crate::kernel::id::UserId;

const DAY_MS: i64 = 86_400_000;

/// Who brought whom, up to a moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = tree::ShareTree)]
#[serde(deny_unknown_fields)]
pub struct ShareTree {
    /// The moment.
    #[serde(serialize_with = "write_moment", deserialize_with = "read_moment")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T00:00:00Z")]
    pub as_of: i64,
    /// Only shares of this product, article or campaign; all without.
    #[serde(default)]
    pub topic: Option<String>,
    /// How many sharers are shown.
    pub top: usize,
}

/// One sharer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = tree::Sharer)]
pub struct Sharer {
    /// The user; null for somebody who never logged in, for staff who may not see who is behind figures, and in saved answers.
    pub user_id: Option<UserId>,
    /// Who, as the engine counts people.
    #[serde(skip)]
    pub person: Person,
    /// How often they shared.
    pub shares: u64,
    /// How often others came by their shares.
    pub opens: u64,
    /// Over how many people they came themselves.
    pub depth: u64,
    /// Whom they brought themselves.
    pub direct: u64,
    /// Everybody below them.
    pub descendants: u64,
    /// The same, generation by generation.
    pub breadth: Vec<u64>,
    /// What those below them paid, less refunds, in fen.
    pub revenue_fen: i64,
}

/// What the tree answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = tree::ShareTreeAnswer)]
pub struct ShareTreeAnswer {
    /// How many people shared.
    pub sharers: u64,
    /// How many people came first by a share.
    pub acquired: u64,
    /// Different pairs of sharer and viewer without an acquisition.
    pub spread: u64,
    /// People by depth; the first came by themselves and shared or brought somebody.
    pub by_depth: Vec<u64>,
    /// The sharers, those whose descendants paid most first.
    pub top: Vec<Sharer>,
}

/// The person that a user is.
fn known(data: &Dataset, user: UserId) -> Result<Person, Flaw> {
    data.users.person(user).ok_or_else(|| Flaw::new("figure", "no_such_figure"))
}

/// Which people of the answer are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = tree::ShareFigure)]
#[serde(rename_all = "snake_case")]
pub enum ShareFigure {
    /// Everybody who shared.
    Sharers,
    /// Everybody who came first by a share.
    Acquired,
    /// Whom somebody brought themselves.
    Direct(UserId),
    /// Everybody below somebody.
    Descendants(UserId),
}

impl Tabular for ShareTreeAnswer {
    fn table(&self) -> Table {
        let mut table = Table::new(&["user_id", "shares", "opens", "depth", "direct", "descendants", "revenue_fen"]);
        for sharer in &self.top {
            let counts = [sharer.shares, sharer.opens, sharer.depth, sharer.direct, sharer.descendants];
            let who = std::iter::once(cell(sharer.user_id));
            table.row(who.chain(counts.map(|count| count.to_string())).chain([sharer.revenue_fen.to_string()]));
        }
        table
    }
}

impl ShareTree {
    fn forest<'a>(&self, data: &'a Dataset) -> Forest<'a> {
        let forest = Forest::of(data, self.as_of);
        match &self.topic {
            Some(topic) => forest.about(topic),
            None => forest,
        }
    }

    fn shares<'a>(&'a self, data: &'a Dataset) -> impl Iterator<Item = &'a Share> {
        let meant =
            |share: &&Share| share.at < self.as_of && self.topic.as_ref().is_none_or(|topic| share.topic == *topic);
        data.shares.shares.iter().filter(meant).filter(|share| data.counts(data.people.of(share.sharer)))
    }
}

impl Analysis for ShareTree {
    type Answer = ShareTreeAnswer;
    type Figure = ShareFigure;

    fn validate(&self) -> Result<(), Flaw> {
        expect((1..=10_000).contains(&self.top), "top", "out_of_range")
    }

    fn answer(&self, data: &Dataset) -> Result<ShareTreeAnswer> {
        self.validate()?;
        let forest = self.forest(data);
        let mut revenue: FxHashMap<Person, i64> = FxHashMap::default();
        for order in data.shares.orders.iter().filter(|order| order.at < self.as_of) {
            *revenue.entry(data.people.of(order.buyer)).or_default() += order.net_fen;
        }
        let mut shared: BTreeMap<Person, u64> = BTreeMap::new();
        for share in self.shares(data) {
            *shared.entry(data.people.of(share.sharer)).or_default() += 1;
        }
        let mut opened: FxHashMap<Person, u64> = FxHashMap::default();
        forest.edges.iter().for_each(|edge| crate::analytics::engine::figures::add(&mut opened, edge.sharer, 1));
        let pairs = |acquired: bool| {
            let edges = forest.edges.iter().filter(|edge| edge.acquired == acquired);
            edges.map(|edge| (edge.sharer, edge.viewer)).collect::<BTreeSet<_>>()
        };
        let mut top: Vec<Sharer> = shared
            .iter()
            .map(|(person, shares)| {
                let generations = forest.generations(*person);
                let below = generations.iter().flatten();
                Sharer {
                    user_id: data.users.of(*person),
                    person: *person,
                    shares: *shares,
                    opens: opened.get(person).copied().unwrap_or(0),
                    depth: forest.depth(*person),
                    direct: generations.first().map_or(0, |direct| count(direct.len())),
                    descendants: count(generations.iter().flatten().count()),
                    breadth: generations.iter().map(|generation| count(generation.len())).collect(),
                    revenue_fen: below.filter_map(|person| revenue.get(person)).sum(),
                }
            })
            .collect();
        top.sort_by_key(|sharer| {
            std::cmp::Reverse((sharer.revenue_fen, sharer.descendants, std::cmp::Reverse(sharer.person)))
        });
        top.truncate(self.top);
        let mut by_depth = Vec::new();
        let acquired: PersonSet = forest.edges.iter().filter(|edge| edge.acquired).map(|edge| edge.viewer).collect();
        for person in acquired.or(&shared.keys().copied().collect()).iter() {
            let depth = usize::try_from(forest.depth(person)).unwrap_or(usize::MAX);
            by_depth.resize(by_depth.len().max(depth + 1), 0);
            by_depth.iter_mut().skip(depth).take(1).for_each(|count| *count += 1);
        }
        let spread = count(pairs(false).difference(&pairs(true)).count());
        Ok(ShareTreeAnswer { sharers: count(shared.len()), acquired: acquired.len(), spread, by_depth, top })
    }

    fn people(&self, data: &Dataset, figure: &ShareFigure) -> Result<PersonSet> {
        self.validate()?;
        let forest = self.forest(data);
        Ok(match figure {
            ShareFigure::Sharers => self.shares(data).map(|share| data.people.of(share.sharer)).collect(),
            ShareFigure::Acquired => forest.edges.iter().filter(|edge| edge.acquired).map(|edge| edge.viewer).collect(),
            ShareFigure::Direct(user) => forest.direct(known(data, *user)?).collect(),
            ShareFigure::Descendants(user) => forest.generations(known(data, *user)?).into_iter().flatten().collect(),
        })
    }
}

/// How many new users the members of a cohort bring: K.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = tree::KFactor)]
#[serde(deny_unknown_fields)]
pub struct KFactor {
    /// The cohort is everybody who was first seen in this time.
    pub range: Range,
    /// How many days (of 24 hours) each member has, from being first seen.
    pub days: i64,
}

/// What K answers. K = shares per member × new users per share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = tree::KAnswer)]
pub struct KAnswer {
    /// How many members.
    pub cohort: u64,
    /// New users per member; none while some member's days have not passed, or without members.
    pub k: Option<f64>,
    /// Shares per member (i).
    pub shares_per_member: Option<f64>,
    /// New users per share (c).
    pub new_per_share: Option<f64>,
    /// Members who shared, of all.
    pub sharer_rate: Option<f64>,
    /// Opens per share.
    pub opens_per_share: Option<f64>,
    /// New users per open.
    pub new_per_open: Option<f64>,
    /// Orders that carry a share, per open.
    pub orders_per_open: Option<f64>,
    /// New users per member who shared.
    pub new_per_sharer: Option<f64>,
    /// Median time from a share to its first open, in milliseconds.
    pub median_ms_to_open: Option<f64>,
    /// Whether some member's days have not passed.
    pub incomplete: bool,
}

/// Which people of the answer are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = tree::KFigure)]
#[serde(rename_all = "snake_case")]
pub enum KFigure {
    /// The cohort.
    Cohort,
    /// Its members who shared.
    Sharers,
    /// Those whom they brought.
    New,
}

impl Tabular for KAnswer {
    fn table(&self) -> Table {
        let mut table = Table::new(&["cohort", "k", "shares_per_member", "new_per_share"]);
        let figures = [cell(self.k), cell(self.shares_per_member), cell(self.new_per_share)];
        table.row(std::iter::once(self.cohort.to_string()).chain(figures));
        table
    }
}

/// What a cohort's members shared in their days, and what came of it.
#[derive(Default)]
struct Yield {
    cohort: BTreeMap<Person, i64>,
    shares: u64,
    sharers: PersonSet,
    opens: u64,
    new: PersonSet,
    orders: u64,
    waits: Vec<f64>,
}

impl KFactor {
    fn harvest(&self, data: &Dataset) -> Result<Yield> {
        let seen = first_seen(data, self.range.to)?;
        let mut found =
            Yield { cohort: seen.into_iter().filter(|(_, at)| self.range.contains(*at)).collect(), ..Yield::default() };
        let days = self.days * DAY_MS;
        let in_days = |person: Person, at: i64| {
            found.cohort.get(&person).is_some_and(|start| (*start..start + days).contains(&at))
        };
        let mine: FxHashMap<&str, &Share> = data
            .shares
            .shares
            .iter()
            .filter(|share| in_days(data.people.of(share.sharer), share.at))
            .map(|share| (share.token.as_str(), share))
            .collect();
        let forest = Forest::of(data, data.now);
        let mut first: FxHashMap<&str, i64> = FxHashMap::default();
        for edge in forest.edges.iter().filter(|edge| mine.contains_key(edge.share.token.as_str())) {
            if in_days(edge.sharer, edge.at) {
                found.opens += 1;
                first.entry(&edge.share.token).or_insert(edge.at - edge.share.at);
                if edge.acquired {
                    found.new.insert(edge.viewer);
                }
            }
        }
        let carried = |order: &&super::Order| {
            let share = order.token.as_deref().and_then(|token| mine.get(token));
            share.is_some_and(|share| in_days(data.people.of(share.sharer), order.at))
        };
        found.orders = count(data.shares.orders.iter().filter(carried).count());
        found.shares = count(mine.len());
        found.sharers = mine.values().map(|share| data.people.of(share.sharer)).collect();
        found.waits = first.into_values().map(real_signed).collect();
        found.waits.sort_unstable_by(f64::total_cmp);
        Ok(found)
    }
}

impl Analysis for KFactor {
    type Answer = KAnswer;
    type Figure = KFigure;

    fn validate(&self) -> Result<(), Flaw> {
        self.range.check(Period::Day)?;
        expect((1..=366).contains(&self.days), "days", "out_of_range")
    }

    fn answer(&self, data: &Dataset) -> Result<KAnswer> {
        self.validate()?;
        let found = self.harvest(data)?;
        let cohort = count(found.cohort.len());
        let last = found.cohort.values().max().copied().unwrap_or(self.range.from);
        let incomplete = self.range.to > data.now || last + self.days * DAY_MS > data.now;
        let known = |figure: Option<f64>| figure.filter(|_| !incomplete);
        Ok(KAnswer {
            cohort,
            k: known(ratio(found.new.len(), cohort)),
            shares_per_member: known(ratio(found.shares, cohort)),
            new_per_share: known(ratio(found.new.len(), found.shares)),
            sharer_rate: known(ratio(found.sharers.len(), cohort)),
            opens_per_share: known(ratio(found.opens, found.shares)),
            new_per_open: known(ratio(found.new.len(), found.opens)),
            orders_per_open: known(ratio(found.orders, found.opens)),
            new_per_sharer: known(ratio(found.new.len(), found.sharers.len())),
            median_ms_to_open: known(median(&found.waits)),
            incomplete,
        })
    }

    fn people(&self, data: &Dataset, figure: &KFigure) -> Result<PersonSet> {
        self.validate()?;
        let found = self.harvest(data)?;
        Ok(match figure {
            KFigure::Cohort => found.cohort.into_keys().collect(),
            KFigure::Sharers => found.sharers,
            KFigure::New => found.new,
        })
    }
}

/// What sharing brings, page by page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = tree::SharePages)]
#[serde(deny_unknown_fields)]
pub struct SharePages {
    /// The time of shares, opens and orders that count.
    pub range: Range,
}

/// One page about one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = tree::SharePage)]
pub struct SharePage {
    /// The path.
    pub page: String,
    /// What it is about.
    pub topic: String,
    /// How often it was shared.
    pub shares: u64,
    /// By how many people.
    pub sharers: u64,
    /// How often others came by it.
    pub opens: u64,
    /// How many new users came by it.
    pub new_users: u64,
    /// Paid orders that carry one of its shares.
    pub orders: u64,
    /// What they brought, less refunds, in fen.
    pub revenue_fen: i64,
}

/// What the page table answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = tree::SharePagesAnswer)]
pub struct SharePagesAnswer {
    /// The pages, those with most opens first.
    pub pages: Vec<SharePage>,
}

/// The new users who came by a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = tree::SharePageFigure)]
#[serde(deny_unknown_fields)]
pub struct SharePageFigure {
    /// The path.
    pub page: String,
    /// What it is about.
    pub topic: String,
}

impl Tabular for SharePagesAnswer {
    fn table(&self) -> Table {
        let headers = ["page", "topic", "shares", "sharers", "opens", "new_users", "orders", "revenue_fen"];
        let mut table = Table::new(&headers);
        for page in &self.pages {
            let counts = [page.shares, page.sharers, page.opens, page.new_users, page.orders];
            let names = [page.page.clone(), page.topic.clone()];
            table.row(
                names.into_iter().chain(counts.map(|count| count.to_string())).chain([page.revenue_fen.to_string()]),
            );
        }
        table
    }
}

impl Analysis for SharePages {
    type Answer = SharePagesAnswer;
    type Figure = SharePageFigure;

    fn validate(&self) -> Result<(), Flaw> {
        self.range.check(Period::Day)
    }

    fn answer(&self, data: &Dataset) -> Result<SharePagesAnswer> {
        self.validate()?;
        let mut pages: BTreeMap<(&str, &str), (SharePage, PersonSet)> = BTreeMap::new();
        let mut by_token: FxHashMap<&str, &Share> = FxHashMap::default();
        for share in &data.shares.shares {
            by_token.insert(&share.token, share);
            if self.range.contains(share.at) {
                let (page, sharers) = pages.entry((&share.page, &share.topic)).or_default();
                page.shares += 1;
                sharers.insert(data.people.of(share.sharer));
            }
        }
        let forest = Forest::of(data, self.range.to);
        for edge in forest.edges.iter().filter(|edge| edge.at >= self.range.from) {
            let (page, _) = pages.entry((&edge.share.page, &edge.share.topic)).or_default();
            page.opens += 1;
            page.new_users += u64::from(edge.acquired);
        }
        for order in data.shares.orders.iter().filter(|order| self.range.contains(order.at)) {
            if let Some(share) = order.token.as_deref().and_then(|token| by_token.get(token)) {
                let (page, _) = pages.entry((&share.page, &share.topic)).or_default();
                page.orders += 1;
                page.revenue_fen += order.net_fen;
            }
        }
        let told = pages.into_iter().map(|((page, topic), (figures, sharers))| SharePage {
            page: page.to_owned(),
            topic: topic.to_owned(),
            sharers: sharers.len(),
            ..figures
        });
        let mut pages: Vec<SharePage> = told.collect();
        pages.sort_by_key(|page| std::cmp::Reverse((page.opens, page.shares)));
        Ok(SharePagesAnswer { pages })
    }

    fn people(&self, data: &Dataset, figure: &SharePageFigure) -> Result<PersonSet> {
        self.validate()?;
        let forest = Forest::of(data, self.range.to);
        let meant = |edge: &&super::Edge<'_>| {
            edge.acquired
                && edge.at >= self.range.from
                && edge.share.page == figure.page
                && edge.share.topic == figure.topic
        };
        Ok(forest.edges.iter().filter(meant).map(|edge| edge.viewer).collect())
    }
}
