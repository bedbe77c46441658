//! Colours: the names that options carry in the shop, and the tones that a drawing derives from one colour.

use tiny_skia::Color;

/// An opaque colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Colour {
    /// Red, 0–255.
    pub red: u8,
    /// Green, 0–255.
    pub green: u8,
    /// Blue, 0–255.
    pub blue: u8,
}

impl Colour {
    /// The colour of these parts.
    pub const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// The colour that shoppers know by this Chinese name; `None` for a name the palette does not hold.
    pub fn named(name: &str) -> Option<Self> {
        NAMED.iter().find(|(known, _)| *known == name).map(|(_, colour)| *colour)
    }

    /// This colour moved towards `other`; `share` 0 leaves it, 1 arrives.
    pub fn towards(self, other: Self, share: f32) -> Tint {
        Tint::from(self).towards(Tint::from(other), share)
    }

    /// How bright the eye finds it, from 0 (black) to 1 (white).
    pub fn brightness(self) -> f32 {
        Tint::from(self).brightness()
    }
}

/// A colour in the middle of a calculation, with how much of it covers what lies below.
#[derive(Clone, Copy, Debug)]
pub struct Tint {
    red: f32,
    green: f32,
    blue: f32,
    cover: f32,
}

impl From<Colour> for Tint {
    fn from(colour: Colour) -> Self {
        let part = |value: u8| f32::from(value) / 255.0;
        Self { red: part(colour.red), green: part(colour.green), blue: part(colour.blue), cover: 1.0 }
    }
}

impl Tint {
    /// This tint moved towards `other`; `share` 0 leaves it, 1 arrives. Its own cover stays.
    pub fn towards(self, other: Self, share: f32) -> Self {
        let blend = |from: f32, to: f32| from + (to - from) * share;
        Self {
            red: blend(self.red, other.red),
            green: blend(self.green, other.green),
            blue: blend(self.blue, other.blue),
            cover: self.cover,
        }
    }

    /// This tint with another cover, from 0 (nothing) to 1 (opaque).
    pub fn covering(self, cover: f32) -> Self {
        Self { cover, ..self }
    }

    /// The tint as the canvas takes it; values outside 0–1 are clamped.
    pub fn paint(self) -> Color {
        let limit = |value: f32| value.clamp(0.0, 1.0);
        Color::from_rgba(limit(self.red), limit(self.green), limit(self.blue), limit(self.cover))
            .unwrap_or(Color::BLACK)
    }

    /// The nearest colour of eight bits a part, without regard to the cover.
    pub fn colour(self) -> Colour {
        let eight_bits = self.paint().to_color_u8();
        Colour::rgb(eight_bits.red(), eight_bits.green(), eight_bits.blue())
    }

    fn brightness(self) -> f32 {
        self.red * 0.299 + self.green * 0.587 + self.blue * 0.114
    }
}

/// White, towards which light tones move.
pub const WHITE: Colour = Colour::rgb(255, 255, 255);
/// A warm near-black, towards which dark tones move; pure black looks like a hole in a soft picture.
pub const NIGHT: Colour = Colour::rgb(46, 38, 44);

/// The parts that a drawing is painted in, all derived from the product's own colour or fixed by material.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The product's colour.
    Base,
    /// A little lighter than the product.
    Light,
    /// Much lighter than the product.
    Pale,
    /// A little darker: folds, seams, sides.
    Shade,
    /// Much darker: openings, trims.
    Deep,
    /// A companion colour from the other side of the wheel, softened.
    Accent,
    /// Near black: electronics, rubber.
    Ink,
    /// Warm champagne metal.
    Metal,
    /// Warm white: labels, soles, porcelain.
    Cream,
    /// Leaf green.
    Leaf,
    /// Light wood.
    Wood,
    /// Baked crust.
    Crust,
    /// A translucent highlight.
    Glint,
    /// A translucent shadow on whatever lies below.
    Dim,
}

impl Tone {
    /// The tint of this tone for a product of colour `base`.
    pub fn of(self, base: Colour) -> Tint {
        let bright = base.brightness();
        // Dark goods need stronger light tones to show any drawing at all, and light goods gentler dark ones.
        let lift = if bright < 0.3 { 0.3 } else { 0.22 };
        let drop = if bright > 0.8 { 0.13 } else { 0.2 };
        match self {
            Self::Base => Tint::from(base),
            Self::Light => base.towards(WHITE, lift),
            Self::Pale => base.towards(WHITE, 0.62),
            Self::Shade if bright < 0.22 => base.towards(WHITE, 0.14),
            Self::Shade => base.towards(NIGHT, drop),
            Self::Deep if bright < 0.22 => base.towards(NIGHT, 0.6),
            Self::Deep => base.towards(NIGHT, drop * 2.1),
            Self::Accent => accent(base),
            Self::Ink => Tint::from(Colour::rgb(58, 56, 66)),
            Self::Metal => Tint::from(Colour::rgb(214, 184, 138)),
            Self::Cream => Tint::from(Colour::rgb(252, 247, 238)),
            Self::Leaf => Tint::from(Colour::rgb(112, 158, 94)),
            Self::Wood => Tint::from(Colour::rgb(206, 166, 120)),
            Self::Crust => Tint::from(Colour::rgb(205, 142, 78)),
            Self::Glint => Tint::from(WHITE).covering(0.34),
            Self::Dim => Tint::from(NIGHT).covering(0.12),
        }
    }
}

/// The colour across the wheel, pulled halfway to a warm sand so that it never shouts.
fn accent(base: Colour) -> Tint {
    let across = Colour::rgb(base.blue, base.red, base.green);
    across.towards(Colour::rgb(244, 214, 176), 0.5)
}

/// Every colour name that the demonstration shop's options use.
const NAMED: &[(&str, Colour)] = &[
    ("奶油白", Colour::rgb(247, 240, 226)),
    ("本白", Colour::rgb(246, 243, 237)),
    ("云白", Colour::rgb(242, 244, 246)),
    ("月光白", Colour::rgb(238, 236, 230)),
    ("燕麦色", Colour::rgb(224, 206, 178)),
    ("杏色", Colour::rgb(238, 208, 172)),
    ("米杏", Colour::rgb(234, 216, 190)),
    ("卡其", Colour::rgb(190, 162, 118)),
    ("驼色", Colour::rgb(188, 142, 94)),
    ("焦糖棕", Colour::rgb(164, 98, 54)),
    ("咖啡", Colour::rgb(112, 76, 56)),
    ("栗棕", Colour::rgb(126, 82, 60)),
    ("胡桃木", Colour::rgb(122, 88, 62)),
    ("原木", Colour::rgb(214, 176, 128)),
    ("鹅黄", Colour::rgb(248, 216, 118)),
    ("柠檬黄", Colour::rgb(250, 208, 74)),
    ("姜黄", Colour::rgb(218, 162, 58)),
    ("活力橙", Colour::rgb(244, 138, 62)),
    ("橘橙", Colour::rgb(244, 152, 58)),
    ("珊瑚橘", Colour::rgb(246, 130, 104)),
    ("蜜桃", Colour::rgb(250, 176, 154)),
    ("樱花粉", Colour::rgb(246, 190, 200)),
    ("裸粉", Colour::rgb(226, 170, 154)),
    ("豆沙", Colour::rgb(190, 108, 104)),
    ("豆沙粉", Colour::rgb(206, 134, 132)),
    ("玫瑰红", Colour::rgb(206, 70, 96)),
    ("正红", Colour::rgb(200, 46, 52)),
    ("番茄红", Colour::rgb(220, 74, 52)),
    ("草莓红", Colour::rgb(226, 62, 74)),
    ("砖红", Colour::rgb(170, 78, 58)),
    ("枣红", Colour::rgb(132, 44, 52)),
    ("酒红", Colour::rgb(118, 36, 54)),
    ("梅子紫", Colour::rgb(124, 74, 108)),
    ("香芋紫", Colour::rgb(184, 162, 206)),
    ("雾紫", Colour::rgb(160, 146, 184)),
    ("雾霾蓝", Colour::rgb(128, 152, 178)),
    ("天空蓝", Colour::rgb(138, 188, 228)),
    ("湖蓝", Colour::rgb(84, 160, 188)),
    ("海军蓝", Colour::rgb(46, 66, 104)),
    ("藏青", Colour::rgb(44, 54, 86)),
    ("牛仔蓝", Colour::rgb(86, 116, 158)),
    ("孔雀蓝", Colour::rgb(30, 112, 136)),
    ("薄荷绿", Colour::rgb(166, 214, 190)),
    ("豆绿", Colour::rgb(164, 188, 138)),
    ("抹茶绿", Colour::rgb(142, 172, 104)),
    ("青瓷", Colour::rgb(150, 190, 178)),
    ("橄榄绿", Colour::rgb(122, 128, 84)),
    ("军绿", Colour::rgb(96, 106, 78)),
    ("墨绿", Colour::rgb(40, 84, 70)),
    ("浅灰", Colour::rgb(202, 204, 208)),
    ("花灰", Colour::rgb(168, 170, 176)),
    ("银灰", Colour::rgb(190, 194, 202)),
    ("石墨灰", Colour::rgb(92, 96, 106)),
    ("深灰", Colour::rgb(82, 84, 92)),
    ("曜石黑", Colour::rgb(48, 48, 56)),
    ("黑色", Colour::rgb(52, 50, 56)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_colour_name_is_given_twice() {
        for (position, (name, _)) in NAMED.iter().enumerate() {
            assert!(NAMED.iter().skip(position + 1).all(|(other, _)| other != name), "{name} twice");
        }
    }

    #[test]
    fn moving_all_the_way_arrives() {
        let arrived = Colour::rgb(10, 20, 30).towards(WHITE, 1.0).paint();
        assert_eq!(arrived, Tint::from(WHITE).paint());
    }
}
