//! The language that silhouettes are written in: a list of marks, each a tone and a shape, painted in order.
//!
//! A shape is text in the notation of SVG paths with absolute `M`, `L`, `C`, `Q` and `Z`, every letter and number
//! separated by blanks, on a sheet of 600 × 600 whose ground lies at 500. So a silhouette is data that anybody who
//! knows SVG can read and change.

use tiny_skia::{Path, PathBuilder, Rect, Transform};

use super::palette::Tone;

/// One thing painted.
#[derive(Clone, Copy, Debug)]
pub enum Mark {
    /// A filled path.
    Fill(Tone, &'static str),
    /// A filled path and its mirror image across the middle of the sheet.
    Twins(Tone, &'static str),
    /// A line of that width.
    Line(Tone, f32, &'static str),
    /// A line of that width and its mirror image across the middle of the sheet.
    TwinLines(Tone, f32, &'static str),
    /// A filled ellipse: centre x and y, radius x and y.
    Oval(Tone, f32, f32, f32, f32),
    /// A filled rectangle with round corners: left, top, width, height, corner radius.
    Slab(Tone, f32, f32, f32, f32, f32),
}

/// A mark made ready for painting.
pub(super) struct Shape {
    pub tone: Tone,
    pub path: Path,
    /// The width when the path is a line; `None` when it is filled.
    pub width: Option<f32>,
}

impl Mark {
    /// The shapes that this mark stands for; `None` when its text is not in the notation.
    pub(super) fn shapes(self) -> Option<Vec<Shape>> {
        let one = |tone, path, width| vec![Shape { tone, path, width }];
        Some(match self {
            Self::Fill(tone, text) => one(tone, path(text)?, None),
            Self::Line(tone, width, text) => one(tone, path(text)?, Some(width)),
            Self::Twins(tone, text) => twins(tone, path(text)?, None)?,
            Self::TwinLines(tone, width, text) => twins(tone, path(text)?, Some(width))?,
            Self::Oval(tone, x, y, across, down) => one(tone, oval(x, y, across, down)?, None),
            Self::Slab(tone, left, top, width, height, corner) => {
                one(tone, slab(Rect::from_xywh(left, top, width, height)?, corner)?, None)
            }
        })
    }
}

fn twins(tone: Tone, path: Path, width: Option<f32>) -> Option<Vec<Shape>> {
    let mirrored = path.clone().transform(Transform::from_row(-1.0, 0.0, 0.0, 1.0, 600.0, 0.0))?;
    Some(vec![Shape { tone, path, width }, Shape { tone, path: mirrored, width }])
}

/// An ellipse around a centre.
pub(super) fn oval(x: f32, y: f32, across: f32, down: f32) -> Option<Path> {
    PathBuilder::from_oval(Rect::from_xywh(x - across, y - down, across * 2.0, down * 2.0)?)
}

/// A rectangle with round corners; a radius too large for the rectangle is reduced to half its smaller side.
pub(super) fn slab(area: Rect, corner: f32) -> Option<Path> {
    let corner = corner.min(area.width() / 2.0).min(area.height() / 2.0);
    // Where the control points of a cubic must lie to pass for a quarter of a circle.
    let pull = corner * 0.447_715_3;
    let (left, top, right, bottom) = (area.left(), area.top(), area.right(), area.bottom());
    let mut pen = PathBuilder::new();
    pen.move_to(left + corner, top);
    pen.line_to(right - corner, top);
    pen.cubic_to(right - pull, top, right, top + pull, right, top + corner);
    pen.line_to(right, bottom - corner);
    pen.cubic_to(right, bottom - pull, right - pull, bottom, right - corner, bottom);
    pen.line_to(left + corner, bottom);
    pen.cubic_to(left + pull, bottom, left, bottom - pull, left, bottom - corner);
    pen.line_to(left, top + corner);
    pen.cubic_to(left, top + pull, left + pull, top, left + corner, top);
    pen.close();
    pen.finish()
}

/// Reads a path in the notation of this module; `None` for anything else.
fn path(text: &str) -> Option<Path> {
    let mut words = text.split_whitespace();
    let mut pen = PathBuilder::new();
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|word| word.parse::<f32>().ok());
        match word {
            "M" => pen.move_to(number()?, number()?),
            "L" => pen.line_to(number()?, number()?),
            "Q" => pen.quad_to(number()?, number()?, number()?, number()?),
            "C" => pen.cubic_to(number()?, number()?, number()?, number()?, number()?, number()?),
            "Z" => pen.close(),
            _ => return None,
        }
    }
    pen.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_outside_the_notation_is_refused() {
        assert!(path("M 1 2 L 3 4 Z").is_some());
        assert!(path("M 1 2 L 3").is_none(), "a number is missing");
        assert!(path("M 1 2 l 3 4").is_none(), "relative commands are not in the notation");
        assert!(path("").is_none());
    }

    #[test]
    fn a_twin_is_mirrored_across_the_middle() {
        let shapes = Mark::Twins(Tone::Base, "M 100 10 L 200 10 L 200 20 Z").shapes().unwrap();
        assert_eq!(shapes.len(), 2);
        let bounds = shapes[1].path.bounds();
        assert_eq!((bounds.left(), bounds.right()), (400.0, 500.0));
    }
}
