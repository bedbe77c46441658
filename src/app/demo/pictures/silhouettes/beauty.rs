//! Cosmetics and care.

use super::super::marks::Mark::{self, Fill, Line, Oval, Slab};
use super::super::palette::Tone::{Base, Cream, Deep, Dim, Glint, Ink, Leaf, Light, Metal, Pale, Shade};

/// A lipstick with its cap beside it.
pub(super) const LIPSTICK: &[Mark] = &[
    Fill(Base, "M 226 310 L 226 196 C 226 150 286 116 318 130 L 318 310 Z"),
    Fill(Light, "M 226 196 C 226 150 286 116 318 130 C 318 168 262 214 226 214 Z"),
    Fill(Glint, "M 240 226 L 254 218 L 254 310 L 240 310 Z"),
    Slab(Metal, 214.0, 300.0, 116.0, 74.0, 6.0),
    Slab(Glint, 228.0, 300.0, 18.0, 74.0, 0.0),
    Slab(Ink, 202.0, 366.0, 140.0, 134.0, 8.0),
    Slab(Glint, 218.0, 372.0, 14.0, 122.0, 5.0),
    Slab(Metal, 202.0, 366.0, 140.0, 12.0, 3.0),
    Slab(Ink, 372.0, 340.0, 106.0, 160.0, 12.0),
    Slab(Glint, 386.0, 352.0, 12.0, 140.0, 5.0),
    Slab(Metal, 372.0, 482.0, 106.0, 18.0, 3.0),
];

/// A pump bottle.
pub(super) const PUMP: &[Mark] = &[
    Slab(Base, 206.0, 224.0, 188.0, 276.0, 34.0),
    Slab(Glint, 222.0, 244.0, 20.0, 236.0, 10.0),
    Slab(Dim, 362.0, 240.0, 26.0, 246.0, 12.0),
    Slab(Cream, 256.0, 190.0, 88.0, 40.0, 8.0),
    Slab(Cream, 288.0, 146.0, 24.0, 50.0, 4.0),
    Fill(Cream, "M 208 126 C 250 114 330 114 350 126 L 350 154 L 262 154 C 244 150 226 152 210 160 Z"),
    Slab(Dim, 256.0, 218.0, 88.0, 12.0, 4.0),
    Slab(Cream, 240.0, 300.0, 120.0, 136.0, 10.0),
    Line(Deep, 6.0, "M 266 332 L 334 332"),
    Line(Shade, 4.0, "M 276 352 L 324 352"),
    Fill(Leaf, "M 300 416 C 276 404 276 380 300 368 C 324 380 324 404 300 416 Z"),
];

/// A dropper bottle.
pub(super) const SERUM: &[Mark] = &[
    Slab(Base, 216.0, 270.0, 168.0, 230.0, 30.0),
    Slab(Light, 228.0, 330.0, 144.0, 158.0, 20.0),
    Slab(Glint, 232.0, 288.0, 16.0, 196.0, 8.0),
    Slab(Metal, 256.0, 214.0, 88.0, 62.0, 8.0),
    Line(
        Cream,
        3.0,
        "M 270 218 L 270 270 M 286 218 L 286 270 M 302 218 L 302 270 M 318 218 L 318 270 M 332 218 L 332 270",
    ),
    Fill(Ink, "M 274 216 L 274 158 C 274 120 326 120 326 158 L 326 216 Z"),
    Slab(Glint, 282.0, 140.0, 10.0, 66.0, 5.0),
    Slab(Cream, 252.0, 352.0, 96.0, 98.0, 6.0),
    Line(Deep, 6.0, "M 272 380 L 328 380"),
    Line(Shade, 4.0, "M 280 400 L 320 400 M 286 418 L 314 418"),
];

/// A jar of cream.
pub(super) const JAR: &[Mark] = &[
    Slab(Base, 156.0, 336.0, 288.0, 164.0, 44.0),
    Slab(Glint, 176.0, 366.0, 20.0, 104.0, 10.0),
    Slab(Dim, 396.0, 352.0, 34.0, 132.0, 16.0),
    Slab(Metal, 148.0, 270.0, 304.0, 78.0, 14.0),
    Slab(Glint, 166.0, 276.0, 26.0, 66.0, 6.0),
    Slab(Dim, 148.0, 334.0, 304.0, 14.0, 6.0),
    Slab(Cream, 226.0, 380.0, 148.0, 76.0, 8.0),
    Line(Deep, 6.0, "M 254 406 L 346 406"),
    Line(Shade, 4.0, "M 268 428 L 332 428"),
];

/// A tube standing on its cap.
pub(super) const TUBE: &[Mark] = &[
    Fill(Base, "M 204 124 L 396 124 L 366 430 L 234 430 Z"),
    Fill(Shade, "M 200 112 L 400 112 L 397 146 L 203 146 Z"),
    Line(
        Base,
        3.0,
        "M 216 116 L 216 142 M 240 116 L 240 142 M 264 116 L 264 142 M 288 116 L 288 142 M 312 116 L 312 142 M 336 116 L 336 142 M 360 116 L 360 142 M 384 116 L 384 142",
    ),
    Fill(Glint, "M 226 156 L 248 156 L 262 424 L 248 424 Z"),
    Fill(Dim, "M 366 156 L 392 156 L 364 430 L 346 430 Z"),
    Slab(Cream, 238.0, 426.0, 124.0, 74.0, 12.0),
    Slab(Dim, 238.0, 426.0, 124.0, 12.0, 4.0),
    Oval(Pale, 300.0, 262.0, 46.0, 46.0),
    Fill(Leaf, "M 300 296 C 268 280 268 244 300 228 C 332 244 332 280 300 296 Z"),
    Line(Cream, 3.0, "M 300 292 L 300 240"),
    Line(Cream, 6.0, "M 264 340 L 336 340"),
    Line(Cream, 4.0, "M 276 362 L 324 362"),
];

/// A scent bottle.
pub(super) const PERFUME: &[Mark] = &[
    Slab(Pale, 186.0, 256.0, 228.0, 244.0, 30.0),
    Slab(Base, 204.0, 322.0, 192.0, 162.0, 20.0),
    Slab(Glint, 204.0, 274.0, 22.0, 208.0, 10.0),
    Slab(Metal, 268.0, 224.0, 64.0, 36.0, 4.0),
    Slab(Ink, 250.0, 128.0, 100.0, 100.0, 16.0),
    Slab(Glint, 264.0, 140.0, 14.0, 78.0, 7.0),
    Slab(Cream, 250.0, 360.0, 100.0, 74.0, 6.0),
    Line(Deep, 5.0, "M 272 386 L 328 386"),
    Line(Shade, 3.0, "M 282 406 L 318 406"),
];
