//! Files: pictures users and staff upload, kept in a local folder or in an S3-compatible bucket.
//!
//! Nothing of an upload is kept but its pixels: the bytes are recognised by their beginning, decoded under limits and
//! encoded anew ([`inspect_picture`]), so that no script, no second file format and no place or owner from its
//! metadata survives. Names are random and never come from the client. What is served is one of two picture types,
//! whatever was sent.

mod archive;
mod ending;
mod picture;
mod settings;
mod store;

pub use archive::Archive;
pub use picture::{Picture, PictureKind, PictureRefusal, inspect_picture};
pub use settings::{StorageSettings, StorageSetupError};
pub use store::{Storage, StorageError, StoredFile};
