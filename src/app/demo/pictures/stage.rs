//! Where a product is shown: the wall, a backdrop on it, the floor or the rail, and shadows.

use tiny_skia::{
    FillRule, GradientStop, LineCap, Paint, PathBuilder, Pixmap, Point, RadialGradient, Rect, Shader, SpreadMode,
    Stroke, Transform,
};

use super::marks;
use super::palette::{Colour, NIGHT, Tint, Tone, WHITE};
use super::{PictureSpec, View, fill};

/// The walls to choose from, each a soft colour that goes with most goods.
const WALLS: [Colour; 7] = [
    Colour::rgb(244, 226, 206),
    Colour::rgb(246, 214, 208),
    Colour::rgb(212, 228, 208),
    Colour::rgb(206, 224, 240),
    Colour::rgb(224, 214, 240),
    Colour::rgb(238, 228, 198),
    Colour::rgb(220, 226, 232),
];

/// What stands behind the product.
#[derive(Clone, Copy)]
enum Backdrop {
    Sun,
    Arch,
    Panel,
    Hills,
}

/// Everything around the product.
pub(super) struct Stage {
    wall: Tint,
    backdrop: Backdrop,
    hanging: bool,
    plinth: bool,
}

impl Stage {
    /// The stage that the product's code chooses; each view of a gallery gets another backdrop.
    pub(super) fn of(spec: &PictureSpec, hanging: bool) -> Self {
        let seed = seed(&spec.code);
        let turn: usize = match spec.view {
            View::Whole => 0,
            View::Near => 1,
            View::Together => 2,
        };
        let pick = |shift: u32, count: usize| usize::try_from(seed >> shift).unwrap_or(0) % count;
        let wall = WALLS.get(pick(8, WALLS.len())).copied().unwrap_or(WHITE);
        // White goods vanish before a pale wall, so theirs is deeper.
        let light = spec.colour.brightness() > 0.78;
        let wall = if light { wall.towards(NIGHT, 0.16) } else { wall.towards(WHITE, 0.12) };
        let backdrop = match (pick(24, 4) + turn) % 4 {
            0 => Backdrop::Sun,
            1 => Backdrop::Arch,
            2 => Backdrop::Panel,
            _ => Backdrop::Hills,
        };
        Self { wall, backdrop, hanging, plinth: spec.view == View::Whole && pick(40, 3) == 0 }
    }

    /// Paints it over the whole canvas.
    pub(super) fn paint(&self, canvas: &mut Pixmap) {
        let white = Tint::from(WHITE);
        let night = Tint::from(NIGHT);
        self.band(canvas, 0.0, 600.0, self.wall.towards(white, 0.45), self.wall);
        self.backdrop(canvas);
        if self.hanging {
            rail(canvas);
            return;
        }
        self.band(canvas, 448.0, 152.0, self.wall.towards(night, 0.1), self.wall.towards(white, 0.2));
        if self.plinth {
            let side = self.wall.towards(white, 0.35);
            let under = Rect::from_xywh(62.0, 500.0, 476.0, 100.0).map(PathBuilder::from_rect);
            if let (Some(body), Some(top)) = (under, marks::oval(300.0, 500.0, 238.0, 40.0)) {
                fill(canvas, &body, side, side.towards(night, 0.12), Transform::identity());
                fill(
                    canvas,
                    &top,
                    self.wall.towards(white, 0.75),
                    self.wall.towards(white, 0.5),
                    Transform::identity(),
                );
            }
        }
    }

    /// A horizontal band, evenly shaded from top to bottom.
    fn band(&self, canvas: &mut Pixmap, top: f32, height: f32, from: Tint, to: Tint) {
        let Some(area) = Rect::from_xywh(0.0, top, 600.0, height) else { return };
        let stops = vec![GradientStop::new(0.0, from.paint()), GradientStop::new(1.0, to.paint())];
        let start = Point::from_xy(0.0, top);
        let end = Point::from_xy(0.0, top + height);
        let shader = tiny_skia::LinearGradient::new(start, end, stops, SpreadMode::Pad, Transform::identity());
        let paint = Paint { shader: shader.unwrap_or(Shader::SolidColor(from.paint())), ..Paint::default() };
        canvas.fill_rect(area, &paint, Transform::identity(), None);
    }

    fn backdrop(&self, canvas: &mut Pixmap) {
        let pale = self.wall.towards(Tint::from(WHITE), 0.62);
        let soft = self.wall.towards(Tint::from(WHITE), 0.4);
        let level = Transform::identity();
        let path = match self.backdrop {
            Backdrop::Sun => marks::oval(300.0, 300.0, 232.0, 232.0),
            Backdrop::Arch => Rect::from_xywh(92.0, 66.0, 416.0, 700.0).and_then(|area| marks::slab(area, 208.0)),
            Backdrop::Panel => Rect::from_xywh(70.0, 100.0, 460.0, 400.0).and_then(|area| marks::slab(area, 36.0)),
            Backdrop::Hills => {
                if let Some(far) = marks::oval(140.0, 560.0, 330.0, 250.0) {
                    fill(canvas, &far, soft, pale, level);
                }
                marks::oval(480.0, 600.0, 320.0, 230.0)
            }
        };
        if let Some(path) = path {
            fill(canvas, &path, pale, soft, level);
        }
    }
}

/// The rail that hangers hang from.
fn rail(canvas: &mut Pixmap) {
    let Some(bar) = Rect::from_xywh(-20.0, 62.0, 640.0, 13.0).and_then(|area| marks::slab(area, 6.0)) else { return };
    let metal = Tone::Metal.of(WHITE);
    fill(canvas, &bar, metal.towards(Tint::from(WHITE), 0.2), metal, Transform::identity());
}

/// A hanger, its hook around the rail.
pub(super) fn hanger(canvas: &mut Pixmap, transform: Transform) {
    let mut pen = PathBuilder::new();
    pen.move_to(281.0, 78.0);
    pen.cubic_to(276.0, 50.0, 316.0, 46.0, 318.0, 70.0);
    pen.cubic_to(319.0, 88.0, 300.0, 88.0, 300.0, 110.0);
    pen.line_to(300.0, 122.0);
    pen.cubic_to(280.0, 134.0, 256.0, 142.0, 236.0, 156.0);
    pen.move_to(300.0, 122.0);
    pen.cubic_to(320.0, 134.0, 344.0, 142.0, 364.0, 156.0);
    let Some(path) = pen.finish() else { return };
    let stroke = Stroke { width: 8.0, line_cap: LineCap::Round, ..Stroke::default() };
    let shader = Shader::SolidColor(Tone::Wood.of(WHITE).towards(Tint::from(NIGHT), 0.1).paint());
    canvas.stroke_path(&path, &Paint { shader, ..Paint::default() }, &stroke, transform, None);
}

/// The soft shadow on the ground under a product that touches it from left to right.
pub(super) fn ground_shadow(canvas: &mut Pixmap, (left, right): (f32, f32), transform: Transform) {
    let middle = f32::midpoint(left, right) + 8.0;
    let across = (right - left) / 2.0 + 34.0;
    let down = 26.0;
    let Some(path) = marks::oval(middle, 498.0, across, down) else { return };
    let dark = Tint::from(NIGHT);
    let stops = vec![
        GradientStop::new(0.0, dark.covering(0.34).paint()),
        GradientStop::new(0.6, dark.covering(0.2).paint()),
        GradientStop::new(1.0, dark.covering(0.0).paint()),
    ];
    // The gradient is a circle of radius one, stretched to the ellipse.
    let stretch = Transform::from_translate(middle, 498.0).pre_scale(across, down);
    let centre = Point::from_xy(0.0, 0.0);
    let Some(shader) = RadialGradient::new(centre, 0.0, centre, 1.0, stops, SpreadMode::Pad, stretch) else { return };
    canvas.fill_path(&path, &Paint { shader, ..Paint::default() }, FillRule::Winding, transform, None);
}

/// A number that belongs to this code for ever (FNV-1a); the standard library's hashes may change between releases.
fn seed(code: &str) -> u64 {
    code.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
