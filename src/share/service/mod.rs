//! Use cases of sharing. Each takes the transaction it runs in.

mod arrive;
mod books;
mod issue;
mod known;
mod recognise;

pub use arrive::{Arrived, Comer, Counted, Opening, open};
pub use books::differences;
pub use issue::{NewShare, issue};
pub use known::{acquired_through, acquisition_of, has_shared, is_ancestor, last_touch};
pub use recognise::recognise;
