//! Files that the service writes for itself and reads by parts, such as sealed events.
//!
//! With a local store they lie in its folder. With a bucket they lie there, and in a folder of this machine from which
//! they are read: an absent one is fetched, so that any process reads what any other wrote. A file never changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload};

use super::settings::{StorageSettings, StorageSetupError};
use super::store::StorageError;

/// The store of such files. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Archive {
    folder: PathBuf,
    bucket: Option<Arc<dyn ObjectStore>>,
}

impl Archive {
    /// The archive inside the store that the settings name; `folder` holds what was fetched from a bucket.
    ///
    /// # Errors
    /// The setting that is wrong.
    pub fn open(settings: &StorageSettings, folder: PathBuf) -> Result<Self, StorageSetupError> {
        Ok(match settings {
            StorageSettings::Local { dir } => Self { folder: dir.clone(), bucket: None },
            StorageSettings::S3 { .. } => Self { folder, bucket: Some(settings.open()?) },
        })
    }

    /// Where the file of a key lies on this machine, or would; its folder is made. Keys are made by the service itself.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn place(&self, key: &str) -> Result<PathBuf, StorageError> {
        let place = self.folder.join(key);
        if let Some(parent) = place.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        Ok(place)
    }

    /// Keeps a file that was written at its place: from now on every process finds it.
    ///
    /// # Errors
    /// When the file is absent or the bucket does not answer.
    pub async fn keep(&self, key: &str) -> Result<(), StorageError> {
        let Some(bucket) = &self.bucket else { return Ok(()) };
        let place = self.place(key)?;
        let bytes = aside(move || std::fs::read(place)).await?;
        bucket.put(&Key::from(key), PutPayload::from(bytes)).await.map_err(failed)?;
        Ok(())
    }

    /// Where a file that was kept can be read; it is fetched when it is not here yet.
    ///
    /// # Errors
    /// When there is none, or the bucket does not answer.
    pub async fn fetch(&self, key: &str) -> Result<PathBuf, StorageError> {
        let place = self.place(key)?;
        if place.exists() {
            return Ok(place);
        }
        let Some(bucket) = &self.bucket else { return Err(failed(format!("{key} is not there"))) };
        let bytes = bucket.get(&Key::from(key)).await.map_err(failed)?.bytes().await.map_err(failed)?;
        // Under another name until it is whole, so that nobody reads a half.
        let (part, whole) = (place.with_extension(format!("{:016x}", rand::random::<u64>())), place.clone());
        aside(move || std::fs::write(&part, bytes).and_then(|()| std::fs::rename(part, whole))).await?;
        Ok(place)
    }

    /// Removes a file everywhere; one that is gone already is no error.
    ///
    /// # Errors
    /// When the bucket or the disk does not let it go.
    pub async fn remove(&self, key: &str) -> Result<(), StorageError> {
        if let Some(bucket) = &self.bucket {
            match bucket.delete(&Key::from(key)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        match std::fs::remove_file(Path::new(&self.folder).join(key)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(()),
        }
    }
}

/// Lets a thread of its own wait for the disk.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, StorageError> {
    tokio::task::spawn_blocking(work).await.map_err(failed)?.map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> StorageError {
    StorageError::Unavailable(error.to_string())
}
