//! Through what people come, and how good they are: the scenes are WeChat's, the shares of a thousand are made up.

use rand::RngExt as _;
use rand::rngs::StdRng;

/// A way into the shop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Channel {
    /// WeChat's number of the scene.
    pub(super) scene: &'static str,
    /// Whether those who come through it follow what somebody shared.
    pub(super) shared: bool,
    /// How many newcomers come through it, beside the others.
    weight: u32,
    /// How many while the campaign runs.
    campaign_weight: u32,
    /// Of a thousand thoughts of coming back, so many are followed.
    pub(super) returns: u32,
    /// Of a thousand who looked at a product, filled the cart, placed an order: how many went one step further.
    pub(super) steps: [u32; 3],
}

impl Channel {
    const fn of(scene: &'static str, weights: (u32, u32), returns: u32, steps: [u32; 3]) -> Self {
        Self { scene, shared: false, weight: weights.0, campaign_weight: weights.1, returns, steps }
    }

    const fn by_shares(self) -> Self {
        Self { shared: true, ..self }
    }
}

/// Cards from friends are best, an advertisement brings many who never buy.
pub(super) const CHANNELS: [Channel; 6] = [
    Channel::of("1007", (24, 90), 700, [320, 560, 820]).by_shares(),
    Channel::of("1008", (18, 80), 480, [230, 480, 780]).by_shares(),
    Channel::of("1011", (10, 8), 420, [260, 520, 800]),
    Channel::of("1035", (16, 12), 380, [180, 460, 760]),
    Channel::of("1037", (8, 6), 260, [140, 420, 700]),
    Channel::of("1067", (24, 20), 120, [80, 360, 640]),
];

/// The channel of a newcomer, by its place.
pub(super) fn drawn(dice: &mut StdRng, campaign: bool) -> u8 {
    let weight = |channel: &Channel| if campaign { channel.campaign_weight } else { channel.weight };
    let mut left = dice.random_range(0..CHANNELS.iter().map(weight).sum());
    let mut place = 0;
    for channel in &CHANNELS {
        if left < weight(channel) {
            break;
        }
        left -= weight(channel);
        place += 1;
    }
    place
}
