//! QR codes, as modules that are drawn by whoever needs them.

use std::io::Cursor;

use image::imageops::{self, FilterType};
use image::{GrayImage, ImageFormat, Luma};
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
    pub fn pixels(&self) -> Option<GrayImage> {
        let whole = self.whole();
        let mut picture = GrayImage::from_pixel(whole, whole, Luma([255]));
        for (x, y) in self.places() {
            *picture.get_pixel_mut_checked(x, y)? = Luma([0]);
        }
        Some(picture)
    }

    /// As PNG, exactly this wide; `None` when the code does not fit so few pixels. Every module gets the same whole number
    /// of pixels; what is left over becomes margin.
    pub fn png(&self, width: u32) -> Option<Vec<u8>> {
        let small = self.pixels()?;
        let times = width.checked_div(small.width()).filter(|times| *times > 0)?;
        let side = small.width().saturating_mul(times);
        let large = imageops::resize(&small, side, side, FilterType::Nearest);
        let mut whole = GrayImage::from_pixel(width, width, Luma([255]));
        let margin = i64::from(width.saturating_sub(side) / 2);
        imageops::replace(&mut whole, &large, margin, margin);
        let mut file = Cursor::new(Vec::new());
        whole.write_to(&mut file, ImageFormat::Png).ok()?;
        Some(file.into_inner())
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
