//! The hold-out: which users never see a campaign, so that its effect can be measured and not guessed.

use aws_lc_rs::digest::{SHA256, digest};

use crate::kernel::id::{CampaignId, UserId};

/// Whether a campaign is held back from a user. The answer never changes: it is worked out from the two ids alone.
///
/// `SHA-256("hourglass/hold-out/1/{campaign}/{user}")` with both ids in decimal; its first eight bytes, read as a big-endian
/// number, modulo 1000, give the user's place; places below `permille` are held out. So a raised share keeps everybody in
/// who was, a user's place in one campaign says nothing of their place in another, and anybody can check it.
pub fn is_held_out(campaign: CampaignId, user: UserId, permille: i64) -> bool {
    permille > 0 && place(campaign, user) < permille
}

fn place(campaign: CampaignId, user: UserId) -> i64 {
    let hash = digest(&SHA256, format!("hourglass/hold-out/1/{campaign}/{user}").as_bytes());
    let head = hash.as_ref().first_chunk::<8>().copied().unwrap_or_default();
    i64::try_from(u64::from_be_bytes(head) % 1_000).unwrap_or(0)
}
