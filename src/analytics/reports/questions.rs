//! The list of analyses.

use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::analytics::engine::analysis::Analysis;
use crate::analytics::engine::{
    activity, attribution, counts, funnel, hourglass, pages, paths, retention, rfm, sessions, shares,
};

/// What can be asked over HTTP: an analysis whose definition, answer and figures can be written in the document.
pub(in crate::analytics) trait Question:
    Analysis<Answer: ToSchema + Send, Figure: ToSchema + Send> + DeserializeOwned + ToSchema + Send + 'static
{
}

impl<A> Question for A where
    A: Analysis<Answer: ToSchema + Send, Figure: ToSchema + Send> + DeserializeOwned + ToSchema + Send + 'static
{
}

/// How an analysis is called.
#[derive(Clone, Copy, Debug)]
pub(in crate::analytics) struct Called {
    /// In paths and names of files.
    pub(in crate::analytics) path: &'static str,
    /// The operation that asks.
    pub(in crate::analytics) ask: &'static str,
    /// The operation that names the persons behind a figure.
    pub(in crate::analytics) people: &'static str,
    /// In one line.
    pub(in crate::analytics) title: &'static str,
    /// Whether it asks what is known about shares, orders and people beside single events.
    pub(in crate::analytics) needs_known: bool,
    /// Whether it is about a time, its `range`.
    pub(in crate::analytics) ranged: bool,
    /// Whether it is asked as of a moment, its `as_of`.
    pub(in crate::analytics) at_moment: bool,
}

/// Somebody who is shown every analysis.
pub(in crate::analytics) trait Visitor {
    /// Is shown one.
    fn visit<A: Question>(&mut self, called: Called);
}

impl Called {
    const fn of(path: &'static str, [ask, people]: [&'static str; 2], title: &'static str) -> Self {
        Self { path, ask, people, title, needs_known: false, ranged: true, at_moment: false }
    }

    const fn with_known(self) -> Self {
        Self { needs_known: true, ..self }
    }

    const fn as_of_a_moment(self) -> Self {
        Self { at_moment: true, ..self }
    }

    const fn without_range(self) -> Self {
        Self { ranged: false, ..self }
    }
}

/// Shows every analysis.
pub(in crate::analytics) fn every(visitor: &mut impl Visitor) {
    of_events(visitor);
    of_shares_and_orders(visitor);
}

fn of_events(visitor: &mut impl Visitor) {
    visitor.visit::<counts::Counts>(Called::of(
        "events",
        ["ask_events", "list_event_people"],
        "How often something happened, to how many, and how much of it",
    ));
    visitor.visit::<funnel::Funnel>(Called::of(
        "funnels",
        ["ask_funnel", "list_funnel_people"],
        "How far people get on a way of several steps, and where they leave it",
    ));
    visitor.visit::<retention::Retention>(Called::of(
        "retention",
        ["ask_retention", "list_retention_people"],
        "Who comes back, period by period",
    ));
    visitor.visit::<activity::Lifecycle>(Called::of(
        "lifecycle",
        ["ask_lifecycle", "list_lifecycle_people"],
        "New, returning, resurrecting and dormant people",
    ));
    visitor.visit::<activity::Stickiness>(Called::of(
        "stickiness",
        ["ask_stickiness", "list_stickiness_people"],
        "On how many days people are active",
    ));
    visitor.visit::<activity::Churn>(
        Called::of(
            "churn",
            ["ask_churn", "list_churn_people"],
            "Who has been silent for longer than is usual for them",
        )
        .as_of_a_moment(),
    );
    visitor.visit::<paths::Paths>(Called::of(
        "paths",
        ["ask_paths", "list_path_people"],
        "Which ways people take from page to page",
    ));
    visitor.visit::<sessions::Sessions>(Called::of(
        "sessions",
        ["ask_sessions", "list_session_people"],
        "Visits: how many, how long, and where they end",
    ));
    visitor.visit::<pages::Pages>(Called::of(
        "pages",
        ["ask_pages", "list_page_people"],
        "Which pages are seen, for how long, and where people leave",
    ));
    visitor.visit::<pages::HeatMap>(Called::of(
        "heat-map",
        ["ask_heat_map", "list_heat_map_people"],
        "Where a page is touched",
    ));
    visitor.visit::<pages::HotWords>(Called::of(
        "words",
        ["ask_words", "list_word_people"],
        "What is searched for, and what is found",
    ));
}

fn of_shares_and_orders(visitor: &mut impl Visitor) {
    visitor.visit::<rfm::Rfm>(
        Called::of(
            "rfm",
            ["ask_rfm", "list_rfm_people"],
            "Customers by how recently, how often and for how much they bought",
        )
        .with_known()
        .without_range()
        .as_of_a_moment(),
    );
    visitor.visit::<attribution::Attribution>(
        Called::of(
            "channels",
            ["ask_channels", "list_channel_people"],
            "Which channels brought what, by each model of attribution",
        )
        .with_known(),
    );
    visitor.visit::<hourglass::Hourglass>(
        Called::of(
            "hourglass",
            ["ask_hourglass", "list_hourglass_people"],
            "Once round: who comes, becomes active, buys and shares, and whom they bring",
        )
        .with_known(),
    );
    visitor.visit::<shares::ShareTree>(
        Called::of(
            "share-tree",
            ["ask_share_tree", "list_share_tree_people"],
            "Who brought whom: depth, breadth and revenue of everybody's tree",
        )
        .with_known()
        .without_range()
        .as_of_a_moment(),
    );
    visitor.visit::<shares::KFactor>(
        Called::of(
            "k-factor",
            ["ask_k_factor", "list_k_factor_people"],
            "How many new people each member of a cohort brought",
        )
        .with_known(),
    );
    visitor.visit::<shares::SharePages>(
        Called::of(
            "share-pages",
            ["ask_share_pages", "list_share_page_people"],
            "Which pages are shared, and what comes of it",
        )
        .with_known(),
    );
}
