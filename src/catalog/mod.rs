//! The catalogue: what is shown and sold, and how it is found.

pub mod search;
