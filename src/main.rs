//! Hourglass.
fn main() {}
