//! Putting files away and getting them back.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload};

use crate::platform::storage::picture::{Picture, PictureKind, PictureRefusal, inspect_picture};
use crate::platform::storage::settings::{StorageSettings, StorageSetupError};

/// Where files are served.
const SERVED: &str = "/files/";
/// Longer than any key that is made here.
const MAX_KEY_BYTES: usize = 128;

/// The store of files. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Storage(Arc<dyn ObjectStore>);

/// A file that was put away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Its name in the store; random.
    pub key: String,
    /// Its media type.
    pub content_type: &'static str,
    /// Its length in bytes.
    pub size: usize,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Why a file was not put away or not fetched.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The upload is not acceptable.
    #[error(transparent)]
    Refused(#[from] PictureRefusal),
    /// The store does not work at the moment. The text is for the log only.
    #[error("storage does not answer: {0}")]
    Unavailable(String),
}

impl Storage {
    /// Opens the store the settings name.
    pub fn open(settings: &StorageSettings) -> Result<Self, StorageSetupError> {
        settings.open().map(Self)
    }

    /// Inspects an upload on a thread of its own and puts the picture away.
    pub async fn put_picture(&self, bytes: Vec<u8>, max_bytes: usize) -> Result<StoredFile, StorageError> {
        if bytes.len() > max_bytes {
            return Err(PictureRefusal::TooLong.into());
        }
        // A decoder that gives up by a panic has met a picture that is none.
        let inspected = tokio::task::spawn_blocking(move || inspect_picture(&bytes)).await;
        self.store_picture(inspected.unwrap_or(Err(PictureRefusal::Undecodable))?).await
    }

    /// Puts an inspected picture away under a random name.
    pub async fn store_picture(&self, picture: Picture) -> Result<StoredFile, StorageError> {
        let key = fresh_key(picture.kind)?;
        let stored = StoredFile {
            key,
            content_type: picture.kind.content_type(),
            size: picture.bytes.len(),
            sha256: picture.sha256,
            width: picture.width,
            height: picture.height,
        };
        let location = Path::from(stored.key.as_str());
        self.0.put(&location, PutPayload::from(picture.bytes)).await.map_err(unavailable)?;
        Ok(stored)
    }

    /// Whether there is a file under this key.
    pub async fn has(&self, key: &str) -> Result<bool, StorageError> {
        if content_type_of(key).is_none() {
            return Ok(false);
        }
        match self.0.head(&Path::from(key)).await {
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            outcome => outcome.map(|_| true).map_err(unavailable),
        }
    }

    /// The key of a picture that the service itself makes: of which kind it is, and the hash of all that decides what it
    /// shows, so that the same is made once. `kind` is one word of small letters.
    pub fn made_key(kind: &'static str, decides: &[u8]) -> String {
        let hash = hex::encode(digest(&SHA256, decides));
        let folder = hash.get(..2).unwrap_or_default();
        format!("made/{kind}/{folder}/{hash}.png")
    }

    /// Puts a PNG that the service made away under a key of [`Storage::made_key`]; the same again replaces it by itself.
    pub async fn put_made(&self, key: &str, png: Vec<u8>) -> Result<(), StorageError> {
        self.0.put(&Path::from(key), PutPayload::from(png)).await.map_err(unavailable)?;
        Ok(())
    }

    /// The bytes and the media type of a file; `None` when there is none, also when `key` was not made here.
    pub async fn get(&self, key: &str) -> Result<Option<(Vec<u8>, &'static str)>, StorageError> {
        let Some(content_type) = content_type_of(key) else {
            return Ok(None);
        };
        let found = match self.0.get(&Path::from(key)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            outcome => outcome.map_err(unavailable)?,
        };
        let bytes = found.bytes().await.map_err(unavailable)?;
        Ok(Some((bytes.into(), content_type)))
    }

    /// Where a file is served.
    pub fn url_path(key: &str) -> String {
        format!("{SERVED}{key}")
    }

    /// The key of what is served at this path; `None` when it is served elsewhere.
    pub fn key_of(path: &str) -> Option<&str> {
        path.strip_prefix(SERVED)
    }
}

/// The media type `key` promises; `None` when it is not `[a-z0-9/]+` and `.png` or `.jpg`, or has an empty part.
fn content_type_of(key: &str) -> Option<&'static str> {
    let (name, kind) = match key.rsplit_once('.')? {
        (name, "png") => (name, PictureKind::Png),
        (name, "jpg") => (name, PictureKind::Jpeg),
        _ => return None,
    };
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let parts = name.split('/').all(|part| !part.is_empty() && part.bytes().all(allowed));
    (parts && key.len() <= MAX_KEY_BYTES).then(|| kind.content_type())
}

/// 128 random bits, spread over 256 folders so that none grows too long to list.
fn fresh_key(kind: PictureKind) -> Result<String, StorageError> {
    let (mut folder, mut name) = ([0_u8; 1], [0_u8; 16]);
    let filled = aws_lc_rs::rand::fill(&mut folder).and_then(|()| aws_lc_rs::rand::fill(&mut name));
    filled.map_err(|_| StorageError::Unavailable("no randomness".to_owned()))?;
    Ok(format!("pictures/{}/{}.{}", hex::encode(folder), hex::encode(name), kind.extension()))
}

fn unavailable(error: object_store::Error) -> StorageError {
    StorageError::Unavailable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::storage::picture::tests::png;

    /// A store in a folder that is removed with it.
    struct Folder(std::path::PathBuf, Storage);

    impl Folder {
        fn new() -> Self {
            let mut name = [0_u8; 8];
            aws_lc_rs::rand::fill(&mut name).unwrap();
            let dir = std::env::temp_dir().join(format!("hourglass-storage-{}", hex::encode(name)));
            let storage = Storage::open(&StorageSettings::Local { dir: dir.clone() }).unwrap();
            Self(dir, storage)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[actix_web::test]
    async fn a_picture_is_put_away_under_a_random_name_and_found_again() {
        let folder = Folder::new();
        let first = folder.1.put_picture(png(3, 2), 10_000).await.unwrap();
        let second = folder.1.put_picture(png(3, 2), 10_000).await.unwrap();
        assert_ne!(first.key, second.key);
        assert_eq!(first.sha256, second.sha256);
        assert_eq!((first.content_type, first.width, first.height), ("image/png", 3, 2));
        let (bytes, content_type) = folder.1.get(&first.key).await.unwrap().unwrap();
        assert_eq!((bytes.len(), content_type), (first.size, "image/png"));
        assert_eq!(Storage::url_path(&first.key), format!("/files/{}", first.key));
        let absent = first.key.replace("pictures", "nothing");
        assert_eq!(folder.1.get(&absent).await.unwrap(), None);
    }

    #[actix_web::test]
    async fn an_upload_above_the_bound_or_without_a_picture_leaves_nothing_behind() {
        let folder = Folder::new();
        let upload = png(3, 2);
        let bound = upload.len() - 1;
        let refused = folder.1.put_picture(upload, bound).await.unwrap_err();
        assert!(matches!(refused, StorageError::Refused(PictureRefusal::TooLong)));
        let refused = folder.1.put_picture(b"<html>".to_vec(), 100).await.unwrap_err();
        assert!(matches!(refused, StorageError::Refused(PictureRefusal::UnknownKind)));
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0);
    }

    #[actix_web::test]
    async fn what_the_service_makes_is_found_by_what_it_shows() {
        let folder = Folder::new();
        let key = Storage::made_key("posters", b"one");
        assert_ne!(key, Storage::made_key("posters", b"two"));
        assert!(!folder.1.has(&key).await.unwrap());
        folder.1.put_made(&key, png(3, 2)).await.unwrap();
        folder.1.put_made(&key, png(3, 2)).await.unwrap();
        assert!(folder.1.has(&key).await.unwrap());
        assert_eq!(folder.1.get(&key).await.unwrap().unwrap().1, "image/png");
        assert!(!folder.1.has("../secret.txt").await.unwrap());
        assert_eq!(Storage::key_of(&Storage::url_path(&key)), Some(key.as_str()));
        assert_eq!(Storage::key_of("https://elsewhere.example/a.png"), None);
    }

    #[actix_web::test]
    async fn a_key_that_was_not_made_here_finds_nothing() {
        let folder = Folder::new();
        std::fs::write(folder.0.join("secret.txt"), "secret").unwrap();
        let long = format!("{}.png", "a".repeat(200));
        for key in [
            "../secret.txt",
            "secret.txt",
            "../a.png",
            "a/../b.png",
            "/etc/passwd",
            "/a.png",
            "a//b.png",
            "a.png/",
            "A.png",
            "a.PNG",
            "a%2e.png",
            "a.b.png",
            ".png",
            "a.svg",
            "a.html",
            "",
            "a\\b.png",
            "a.png\0",
            &long,
        ] {
            assert_eq!(folder.1.get(key).await.unwrap(), None, "{key:?}");
            assert_eq!(content_type_of(key), None, "{key:?}");
        }
    }

    fn s3(endpoint: &str, bucket: &str) -> StorageSettings {
        StorageSettings::S3 {
            endpoint: endpoint.to_owned(),
            bucket: bucket.to_owned(),
            region: "ap-guangzhou".to_owned(),
            access_key: "id".to_owned(),
            secret_key: "secret".into(),
        }
    }

    #[actix_web::test]
    async fn a_bucket_keeps_pictures_under_its_own_path_by_signed_requests() {
        use actix_web::web::{self, Bytes};
        use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
        type Kept = Arc<std::sync::Mutex<std::collections::HashMap<String, Bytes>>>;
        async fn serve(request: HttpRequest, body: Bytes, kept: web::Data<Kept>) -> HttpResponse {
            let signature = request.headers().get("authorization").unwrap().to_str().unwrap();
            assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=id/"));
            let mut kept = kept.lock().unwrap();
            if request.method() == "PUT" {
                kept.insert(request.path().to_owned(), body);
                return HttpResponse::Ok().insert_header(("ETag", "\"1\"")).finish();
            }
            let modified = ("Last-Modified", "Mon, 01 Jan 2024 04:00:00 GMT");
            match kept.get(request.path()) {
                Some(found) => {
                    HttpResponse::Ok().insert_header(("ETag", "\"1\"")).insert_header(modified).body(found.clone())
                }
                None => HttpResponse::NotFound().finish(),
            }
        }
        let kept = Kept::default();
        let shared = web::Data::new(Arc::clone(&kept));
        let server = HttpServer::new(move || App::new().app_data(shared.clone()).default_service(web::to(serve)))
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .unwrap();
        let storage = Storage::open(&s3(&format!("http://{}", server.addrs()[0]), "shop")).unwrap();
        actix_web::rt::spawn(server.run());

        let stored = storage.put_picture(png(3, 2), 10_000).await.unwrap();
        assert!(kept.lock().unwrap().contains_key(&format!("/shop/{}", stored.key)));
        let (bytes, content_type) = storage.get(&stored.key).await.unwrap().unwrap();
        assert_eq!((bytes.len(), content_type), (stored.size, "image/png"));
        assert_eq!(storage.get("pictures/00/00.png").await.unwrap(), None);
    }

    #[test]
    fn a_store_that_cannot_work_names_the_setting() {
        assert_eq!(Storage::open(&s3("cos", "b")).unwrap_err().setting, "storage.endpoint");
        assert_eq!(Storage::open(&s3("https://cos.example", "")).unwrap_err().setting, "storage.bucket");
        assert!(Storage::open(&s3("https://cos.example", "b")).is_ok());
        let dir = std::path::PathBuf::from("/dev/null/files");
        assert_eq!(Storage::open(&StorageSettings::Local { dir }).unwrap_err().setting, "storage.dir");
    }
}
