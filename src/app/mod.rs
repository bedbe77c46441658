//! The composition root: puts the capabilities together; nobody uses it.

pub mod demo;
