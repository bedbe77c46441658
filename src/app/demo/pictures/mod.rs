//! Product pictures drawn by the project itself, so that the demonstration shop needs no stock photographs.
//!
//! A picture is a stage (a wall, a backdrop, a floor or a rail) and a product painted on it from a silhouette, in
//! the colour of the SKU. Everything random about it is drawn from the product's code, so the same description
//! always gives the same bytes.
#![allow(clippy::float_arithmetic, reason = "drawing is geometry, no money here")]

mod marks;
mod palette;
mod silhouettes;
mod stage;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use tiny_skia::{
    FillRule, GradientStop, LineCap, LineJoin, LinearGradient, Paint, Path, Pixmap, Point, Shader, SpreadMode, Stroke,
    Transform,
};

pub use palette::Colour;
pub use silhouettes::Family;

use marks::{Mark, Shape};
use palette::{NIGHT, Tint, WHITE};
use silhouettes::Stance;
use stage::Stage;

/// The width and height of a product picture, in pixels.
pub const PICTURE_SIZE: u32 = 600;
/// The width and height of a category icon, in pixels.
pub const ICON_SIZE: u32 = 200;

/// Why a picture was not drawn.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// A silhouette is written outside the notation of its marks.
    #[error("the silhouette of {0:?} is not a drawing")]
    Silhouette(Family),
    /// The canvas could not be made.
    #[error("no canvas of {0} pixels")]
    Canvas(u32),
    /// The picture could not be written as PNG.
    #[error("the picture cannot be written: {0}")]
    Encode(#[from] image::ImageError),
}

/// Which of a product's pictures this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum View {
    /// The whole product: the cover, and the picture of a SKU.
    Whole,
    /// A part of it from near.
    Near,
    /// Two of them, one behind the other.
    Together,
}

impl View {
    /// The views of a gallery, in order.
    pub const ALL: [Self; 3] = [Self::Whole, Self::Near, Self::Together];
}

/// What decides a picture; equal descriptions give equal bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PictureSpec {
    /// The product's code: chooses the stage.
    pub code: String,
    /// What is drawn.
    pub family: Family,
    /// Its colour.
    pub colour: Colour,
    /// Which of the product's pictures.
    pub view: View,
}

/// Draws a product picture of [`PICTURE_SIZE`] as PNG.
///
/// # Errors
/// [`PictureError`] when a silhouette is malformed or the encoder fails; neither depends on the description.
pub fn product_picture(spec: &PictureSpec) -> Result<Vec<u8>, PictureError> {
    let mut canvas = Pixmap::new(PICTURE_SIZE, PICTURE_SIZE).ok_or(PictureError::Canvas(PICTURE_SIZE))?;
    let shapes = shapes_of(spec.family)?;
    let hanging = spec.family.stance() == Stance::Hanging;
    Stage::of(spec, hanging).paint(&mut canvas);
    match spec.view {
        View::Whole => place(&mut canvas, &shapes, spec.colour, hanging, Transform::identity()),
        View::Near => place(&mut canvas, &shapes, spec.colour, hanging, around(300.0, 330.0, 1.62)),
        View::Together => {
            let sibling = spec.colour.towards(WHITE, 0.3).colour();
            let behind = if hanging { lower(0.78, -112.0, 84.0) } else { lower(0.72, -118.0, 498.0) };
            let before = if hanging { lower(0.88, 74.0, 84.0) } else { lower(0.86, 66.0, 505.0) };
            place(&mut canvas, &shapes, sibling, hanging, behind);
            place(&mut canvas, &shapes, spec.colour, hanging, before);
        }
    }
    encode(&canvas)
}

/// Draws the icon of a category, of [`ICON_SIZE`], as PNG: the family on a pale disc.
///
/// # Errors
/// As [`product_picture`].
pub fn category_icon(family: Family, colour: Colour) -> Result<Vec<u8>, PictureError> {
    let mut canvas = Pixmap::new(ICON_SIZE, ICON_SIZE).ok_or(PictureError::Canvas(ICON_SIZE))?;
    let sheet = Transform::from_scale(1.0 / 3.0, 1.0 / 3.0);
    canvas.fill(Tint::from(WHITE).paint());
    if let Some(disc) = marks::oval(300.0, 300.0, 300.0, 300.0) {
        let ground = if colour.brightness() > 0.78 { colour.towards(NIGHT, 0.14) } else { colour.towards(WHITE, 0.72) };
        fill(&mut canvas, &disc, ground, ground.towards(Tint::from(WHITE), 0.5), sheet);
    }
    let shapes = shapes_of(family)?;
    let fitted = sheet.pre_concat(within_disc(&shapes));
    for shape in &shapes {
        paint_shape(&mut canvas, shape, colour, fitted);
    }
    encode(&canvas)
}

/// The shapes of a family's silhouette.
fn shapes_of(family: Family) -> Result<Vec<Shape>, PictureError> {
    let lists: Option<Vec<Vec<Shape>>> = family.marks().iter().map(|mark: &Mark| mark.shapes()).collect();
    Ok(lists.ok_or(PictureError::Silhouette(family))?.into_iter().flatten().collect())
}

/// Moves and scales the product to the middle of the disc, whatever its size on the sheet.
fn within_disc(shapes: &[Shape]) -> Transform {
    let bounds = shapes.iter().map(|shape| shape.path.bounds());
    let (left, top, right, bottom) = bounds.fold((600.0_f32, 600.0_f32, 0.0_f32, 0.0_f32), |(l, t, r, b), next| {
        (l.min(next.left()), t.min(next.top()), r.max(next.right()), b.max(next.bottom()))
    });
    let scale = (392.0 / (right - left)).min(392.0 / (bottom - top)).min(1.1);
    let middle = (f32::midpoint(left, right), f32::midpoint(top, bottom));
    Transform::from_translate(300.0, 300.0).pre_scale(scale, scale).pre_translate(-middle.0, -middle.1)
}

/// Scales around a point of the sheet.
fn around(x: f32, y: f32, scale: f32) -> Transform {
    Transform::from_translate(x, y).pre_scale(scale, scale).pre_translate(-x, -y)
}

/// Scales around a point on the vertical middle line, then moves sideways: `level` stays where it is, so that a
/// smaller product still stands on the ground, or still hangs from the rail.
fn lower(scale: f32, sideways: f32, level: f32) -> Transform {
    Transform::from_translate(sideways, 0.0).pre_concat(around(300.0, level, scale))
}

/// Paints one product with its shadow, and its hanger if it hangs.
fn place(canvas: &mut Pixmap, shapes: &[Shape], colour: Colour, hanging: bool, transform: Transform) {
    if hanging {
        stage::hanger(canvas, transform);
        // A garment throws a soft shadow on the wall behind it: three thin layers pass for a blur.
        for (step, cover) in [(10.0, 0.05), (15.0, 0.045), (21.0, 0.035)] {
            let shifted = transform.pre_translate(step * 0.7, step);
            if let Some(outline) = shapes.first() {
                fill(
                    canvas,
                    &outline.path,
                    Tint::from(NIGHT).covering(cover),
                    Tint::from(NIGHT).covering(cover),
                    shifted,
                );
            }
        }
    } else {
        stage::ground_shadow(canvas, reach(shapes), transform);
    }
    for shape in shapes {
        paint_shape(canvas, shape, colour, transform);
    }
}

/// How far left and right the product touches the ground.
fn reach(shapes: &[Shape]) -> (f32, f32) {
    let grounded = shapes.iter().map(|shape| shape.path.bounds()).filter(|bounds| bounds.bottom() > 470.0);
    grounded.fold((300.0, 300.0), |(left, right), bounds| (left.min(bounds.left()), right.max(bounds.right())))
}

fn paint_shape(canvas: &mut Pixmap, shape: &Shape, colour: Colour, transform: Transform) {
    let tint = shape.tone.of(colour);
    match shape.width {
        Some(width) => {
            let stroke = Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() };
            let paint = Paint { shader: Shader::SolidColor(tint.paint()), ..Paint::default() };
            canvas.stroke_path(&shape.path, &paint, &stroke, transform, None);
        }
        None => {
            fill(
                canvas,
                &shape.path,
                tint.towards(Tint::from(WHITE), 0.1),
                tint.towards(Tint::from(NIGHT), 0.07),
                transform,
            );
        }
    }
}

/// Fills a path with a soft gradient from top to bottom. Rows of one colour also keep the file small, which a slanting
/// gradient would not.
fn fill(canvas: &mut Pixmap, path: &Path, from: Tint, to: Tint, transform: Transform) {
    let bounds = path.bounds();
    let stops = vec![GradientStop::new(0.0, from.paint()), GradientStop::new(1.0, to.paint())];
    let start = Point::from_xy(bounds.left(), bounds.top());
    let end = Point::from_xy(bounds.left(), bounds.bottom());
    let gradient = LinearGradient::new(start, end, stops, SpreadMode::Pad, Transform::identity());
    let shader = gradient.unwrap_or(Shader::SolidColor(from.paint()));
    let paint = Paint { shader, anti_alias: true, ..Paint::default() };
    canvas.fill_path(path, &paint, FillRule::Winding, transform, None);
}

/// Writes the canvas as an opaque PNG. Nothing is transparent, and nobody sees the lowest bit of a soft gradient; leaving
/// both out keeps every picture below 40 KB.
fn encode(canvas: &Pixmap) -> Result<Vec<u8>, PictureError> {
    let parts = canvas.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]);
    let opaque: Vec<u8> = parts.map(|part| part | 1).collect();
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Paeth);
    encoder.write_image(&opaque, canvas.width(), canvas.height(), ExtendedColorType::Rgb8)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(family: Family, view: View) -> PictureSpec {
        PictureSpec { code: "demo".to_owned(), family, colour: Colour::rgb(190, 108, 104), view }
    }

    #[test]
    fn the_most_detailed_drawings_stay_small_in_every_view() {
        for family in [Family::Racket, Family::Bear, Family::Bowl] {
            for view in View::ALL {
                let bytes = product_picture(&spec(family, view)).unwrap();
                assert!(bytes.len() <= 40 * 1024, "{family:?} {view:?} takes {} bytes", bytes.len());
            }
        }
    }

    #[test]
    fn every_silhouette_is_a_drawing_on_the_sheet() {
        for &family in Family::ALL {
            for shape in shapes_of(family).unwrap() {
                let bounds = shape.path.bounds();
                let inside = bounds.left() >= 40.0 && bounds.right() <= 560.0 && bounds.top() >= 60.0;
                assert!(inside && bounds.bottom() <= 512.0, "{family:?} leaves the sheet: {bounds:?}");
            }
        }
    }

    #[test]
    fn every_icon_is_a_png_of_the_right_size() {
        for &family in Family::ALL {
            let icon = image::load_from_memory(&category_icon(family, Colour::rgb(128, 152, 178)).unwrap()).unwrap();
            assert_eq!((icon.width(), icon.height()), (ICON_SIZE, ICON_SIZE));
        }
    }

    #[test]
    fn equal_descriptions_give_equal_bytes_and_another_colour_gives_others() {
        let first = spec(Family::Dress, View::Whole);
        let again = product_picture(&first.clone()).unwrap();
        assert_eq!(product_picture(&first).unwrap(), again);
        let blue = PictureSpec { colour: Colour::rgb(40, 60, 160), ..first };
        assert_ne!(product_picture(&blue).unwrap(), again);
    }
}
