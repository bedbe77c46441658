//! What the demonstration made up at its first start and needs again at the next: secrets and the owner's password.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use aws_lc_rs::rand::fill;
use serde::{Deserialize, Serialize};

/// The owner's name at the log-in of the back office.
pub(super) const OWNER: &str = "owner";

/// Kept in a file that nobody else may read.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Keepsake {
    /// The owner's password.
    pub(super) owner_password: String,
    /// Signs tokens.
    pub(super) token_secret: String,
    /// Seals what is stored.
    pub(super) seal_key: String,
}

impl Keepsake {
    /// Reads the file, or makes everything up and writes it.
    pub(super) fn of(dir: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let path = dir.join("demo.json");
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::made_up(&path),
            Err(error) => Err(error),
        }
    }

    fn made_up(path: &Path) -> io::Result<Self> {
        let made = Self {
            owner_password: random_hex::<12>()?,
            token_secret: random_hex::<32>()?,
            seal_key: random_hex::<32>()?,
        };
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&serde_json::to_vec_pretty(&made)?)?;
        file.sync_all()?;
        Ok(made)
    }
}

fn random_hex<const N: usize>() -> io::Result<String> {
    let mut bytes = [0_u8; N];
    fill(&mut bytes).map_err(|_| io::Error::other("no randomness"))?;
    Ok(hex::encode(bytes))
}
