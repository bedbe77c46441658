//! QR codes, as modules that are drawn by whoever needs them.

use image::{GrayImage, Luma};
use qrcode::{Color, EcLevel, QrCode};

/// White modules around a code, as the standard asks for.
const QUIET: u32 = 4;

/// The modules of a QR code.
#[derive(Clone, Debug)]
pub struct Matrix {
    side: u32,
    dark: Vec<bool>,
}

impl Matrix {
    /// The code of a text; `None` when it is too long. A quarter of it may be lost, since posters are photographed.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::Q).ok()?;
        let side = u32::try_from(code.width()).ok()?;
        let dark = code.into_colors().into_iter().map(|module| module == Color::Dark).collect();
        Some(Self { side, dark })
    }

    /// Where the dark modules are, counted from the corner of the white margin.
    fn places(&self) -> impl Iterator<Item = (u32, u32)> {
        let side = self.side.max(1);
        let numbered = (0_u32..).zip(&self.dark).filter(|(_, dark)| **dark);
        numbered.map(move |(place, _)| ((place % side).saturating_add(QUIET), (place / side).saturating_add(QUIET)))
    }

    /// Modules of a side, with the margin.
    fn whole(&self) -> u32 {
        self.side.saturating_add(2 * QUIET)
    }

    /// One pixel for each module, with the margin.
    pub(super) fn pixels(&self) -> Option<GrayImage> {
        let whole = self.whole();
        let mut picture = GrayImage::from_pixel(whole, whole, Luma([255]));
        for (x, y) in self.places() {
            *picture.get_pixel_mut_checked(x, y)? = Luma([0]);
        }
        Some(picture)
    }

    /// As SVG that grows to whatever room it gets.
    pub fn svg(&self) -> String {
        let whole = self.whole();
        let modules: String = self.places().map(|(x, y)| format!("M{x} {y}h1v1h-1z")).collect();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{whole}v{whole}h-{whole}z\"/><path d=\"{modules}\"/></svg>"
        )
    }
}
