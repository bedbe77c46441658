//! What the crowd has passed on: shares that later shoppers open.

use std::sync::{Mutex, PoisonError};

use rand::RngExt as _;
use rand::rngs::StdRng;

/// Most shares that are remembered; older ones have sunk in the chats.
const REMEMBERED: usize = 2_000;

/// What a share leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lure {
    /// A product's page.
    Product(String),
    /// A group that lacks members.
    Group(String),
    /// A bargain that wants help.
    Bargain(String),
    /// A packet with portions left.
    Packet(String),
}

/// Something passed on.
#[derive(Clone, Debug)]
pub(super) struct Post {
    /// What travels with the page.
    pub(super) token: String,
    /// What it leads to.
    pub(super) lure: Lure,
}

/// All chats of the crowd in one.
#[derive(Debug, Default)]
pub(super) struct Board(Mutex<Vec<Post>>);

impl Board {
    /// Passes something on.
    pub(super) fn post(&self, post: Post) {
        let mut posts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if posts.len() >= REMEMBERED {
            posts.drain(..REMEMBERED / 2);
        }
        posts.push(post);
    }

    /// Something somebody passed on: newer ones are likelier to be seen.
    pub(super) fn glance(&self, dice: &mut StdRng) -> Option<Post> {
        let posts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = posts.len().checked_sub(1)?;
        let place = dice.random_range(0..=last).max(dice.random_range(0..=last));
        posts.get(place).cloned()
    }

    /// Takes something off that leads nowhere any more.
    pub(super) fn forget(&self, lure: &Lure) {
        let mut posts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        posts.retain(|post| post.lure != *lure);
    }
}
