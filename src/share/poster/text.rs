//! Writing: glyphs of the font that is built in, as outlines on the canvas.
//!
//! Characters that the font does not have, such as emoji in nicknames, are left out.

use tiny_skia::{FillRule, Paint, PathBuilder, Pixmap, Transform};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// Licence: `font/OFL.txt`.
static FONT: &[u8] = include_bytes!("font/HourglassSansSC-Regular.otf");

/// A font, ready to write with.
pub(super) struct Script<'a> {
    face: Face<'a>,
    /// Font units to the em.
    em: f32,
}

/// Where a line begins, on its baseline, and how large it is; in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) size: f32,
}

/// Collects the outline of a glyph.
struct Pen(PathBuilder);

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}

impl Script<'static> {
    /// The font that is built in.
    pub(super) fn of_the_house() -> Option<Self> {
        let face = Face::parse(FONT, 0).ok()?;
        let em = f32::from(face.units_per_em());
        Some(Self { face, em })
    }
}

impl Script<'_> {
    fn glyph(&self, character: char) -> Option<(GlyphId, f32)> {
        let glyph = self.face.glyph_index(character)?;
        let advance = self.face.glyph_hor_advance(glyph)?;
        Some((glyph, f32::from(advance) / self.em))
    }

    /// How wide a line of this is.
    pub(super) fn width(&self, line: &str, size: f32) -> f32 {
        line.chars().filter_map(|character| self.glyph(character)).map(|(_, advance)| advance * size).sum()
    }

    /// Writes a line.
    pub(super) fn write(&self, canvas: &mut Pixmap, line: &str, at: Place, paint: &Paint<'_>) {
        let (mut x, scale) = (at.x, at.size / self.em);
        for (glyph, advance) in line.chars().filter_map(|character| self.glyph(character)) {
            let mut pen = Pen(PathBuilder::new());
            if self.face.outline_glyph(glyph, &mut pen).is_some()
                && let Some(outline) = pen.0.finish()
            {
                // Fonts count upwards, canvases downwards.
                let place = Transform::from_row(scale, 0.0, 0.0, -scale, x, at.y);
                canvas.fill_path(&outline, paint, FillRule::Winding, place, None);
            }
            x += advance * at.size;
        }
    }

    /// The text in at most so many lines of this width; what does not fit ends in an ellipsis. Latin words are kept
    /// whole unless one is longer than a line.
    pub(super) fn lines(&self, text: &str, size: f32, width: f32, most: usize) -> Vec<String> {
        let readable = text.chars().map(|character| if character.is_whitespace() { ' ' } else { character });
        let readable: String = readable.filter(|character| self.face.glyph_index(*character).is_some()).collect();
        let mut rest = readable.trim();
        let mut lines = Vec::new();
        while !rest.is_empty() && lines.len() < most {
            let fitting = self.fitting(rest, size, width);
            if fitting == rest.len() {
                lines.push(rest.to_owned());
                return lines;
            }
            let last = lines.len().saturating_add(1) == most;
            let end = if last {
                self.fitting(rest, size, width - self.width("…", size))
            } else {
                whole_words(rest, fitting)
            };
            let (line, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            let line = line.trim_end();
            lines.push(if last { format!("{line}…") } else { line.to_owned() });
            rest = after.trim_start();
        }
        lines
    }

    /// How many bytes of the text fit one line; at least one character.
    fn fitting(&self, text: &str, size: f32, width: f32) -> usize {
        let mut used = 0.0;
        for (place, character) in text.char_indices() {
            used += self.glyph(character).map_or(0.0, |(_, advance)| advance * size);
            if used > width && place > 0 {
                return place;
            }
        }
        text.len()
    }
}

/// The end of the last whole word before `end`; `end` itself when a single word fills the line.
fn whole_words(text: &str, end: usize) -> usize {
    let in_word = |character: char| character.is_ascii_alphanumeric();
    let next_goes_on = text.get(end..).and_then(|rest| rest.chars().next()).is_some_and(in_word);
    let before = text.get(..end).unwrap_or(text);
    if !next_goes_on {
        return end;
    }
    let kept = before.trim_end_matches(in_word).len();
    if kept == 0 { end } else { kept }
}
