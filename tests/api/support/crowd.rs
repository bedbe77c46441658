//! Many people at once, and chance that can be repeated.

use std::io::Write as _;

use futures_util::StreamExt as _;
use futures_util::stream;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// Lets everybody go at once, this many at most at any moment; the answers come in the order of the people.
pub async fn at_once<Deed: Future>(most: usize, deeds: impl IntoIterator<Item = Deed>) -> Vec<Deed::Output> {
    let numbered = deeds.into_iter().enumerate().map(|(place, deed)| async move { (place, deed.await) });
    let mut done: Vec<(usize, Deed::Output)> = stream::iter(numbered).buffer_unordered(most).collect().await;
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, answer)| answer).collect()
}

/// A number that a variable of the environment may name, such as how often something is tried.
pub fn number_from(variable: &str) -> Option<usize> {
    let said = std::env::var(variable).ok()?;
    Some(said.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// Chance with a seed that is said aloud; `HOURGLASS_SEED` names the seed of a run to be repeated.
pub fn dice(test: &str) -> StdRng {
    let wanted = std::env::var("HOURGLASS_SEED").ok().map(|seed| seed.parse().expect("HOURGLASS_SEED is a number"));
    let seed: u64 = wanted.unwrap_or_else(rand::random);
    // Written past the capture of the test harness, so that the seed of a run is never lost.
    let _ = writeln!(std::io::stderr(), "{test}: HOURGLASS_SEED={seed}");
    StdRng::seed_from_u64(seed)
}
