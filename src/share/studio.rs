//! Codes and posters: made once, kept as files, found again by what they show.
//!
//! Nothing here happens inside a transaction: WeChat and the store of files are asked between them. Drawing is done on
//! threads of its own, a few at a time, so that it delays nobody else.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Semaphore;

use super::error::ShareError;
use super::model::Share;
use super::poster::{self, Poster, PosterError};
use super::rules;
use super::service;
use super::subject::{SubjectCard, SubjectSources};
use crate::identity;
use crate::kernel::id::UserId;
use crate::platform::db::{Db, DbError, Tx};
use crate::platform::qr::Matrix;
use crate::platform::storage::{Storage, StorageError};
use crate::platform::wechat::{EnvVersion, UnlimitedCode, WechatClient, WechatError, WechatErrorKind};

/// Width and height of a poster, in pixels.
pub const POSTER_SIZE: (u32, u32) = (poster::WIDTH, poster::HEIGHT);
/// Width and height of a mini-program code, in pixels.
pub const CODE_SIZE: u32 = 430;
/// How wide a QR code may be, in pixels.
pub const QR_WIDTHS: std::ops::RangeInclusive<u32> = 200..=1_000;

/// Pictures drawn at once. Each takes a processor, and up to some hundred megabytes when a picture is huge.
const AT_ONCE: usize = 2;
/// Requests that may wait for their turn.
const WAITING: usize = 32;

/// Words of the shop that go on pictures.
#[derive(Clone, Debug)]
pub struct StudioSettings {
    /// The name of the shop.
    pub shop_name: String,
    /// Where its pages open outside WeChat, without a slash at the end.
    pub web_address: Option<String>,
    /// Which version of the mini-program codes open.
    pub env_version: EnvVersion,
}

crate::stored_enum! {
    /// Where the code on a poster leads.
    pub enum PosterCode {
        /// Into the mini-program: WeChat's own code.
        MiniProgram = "mini_program",
        /// To the shop's web pages: a QR code.
        Web = "web",
    }
}

/// A poster that is wished for.
#[derive(Clone, Copy, Debug)]
pub struct PosterWish {
    /// Where its code leads.
    pub code: PosterCode,
    /// Whether it says who shares.
    pub with_nickname: bool,
}

/// Draws what shares travel on. Cloning shares it.
#[derive(Clone)]
pub struct Studio(Arc<Inner>);

struct Inner {
    db: Db,
    storage: Storage,
    wechat: WechatClient,
    sources: SubjectSources,
    settings: StudioSettings,
    drawing: Arc<Semaphore>,
    waiting: Semaphore,
}

impl From<StorageError> for ShareError {
    fn from(error: StorageError) -> Self {
        tracing::warn!(%error, "a picture of a share could not be kept or fetched");
        Self::PicturesUnavailable
    }
}

impl From<PosterError> for ShareError {
    fn from(error: PosterError) -> Self {
        Self::Db(DbError::Defect(error.to_string()))
    }
}

impl Studio {
    /// A studio.
    pub fn new(
        db: Db,
        storage: Storage,
        wechat: WechatClient,
        sources: SubjectSources,
        settings: StudioSettings,
    ) -> Self {
        let (drawing, waiting) = (Arc::new(Semaphore::new(AT_ONCE)), Semaphore::new(WAITING));
        Self(Arc::new(Inner { db, storage, wechat, sources, settings, drawing, waiting }))
    }

    /// The mini-program code of a user's own share; answers the key of a PNG of [`CODE_SIZE`]. WeChat is asked once for
    /// each page and token.
    ///
    /// # Errors
    /// [`ShareError::TokenNotFound`], [`ShareError::SubjectNotFound`], [`ShareError::PageNotReleased`],
    /// [`ShareError::CodeUnavailable`], [`ShareError::PicturesUnavailable`], or the database's.
    pub async fn code(&self, sharer: UserId, token: &str) -> Result<String, ShareError> {
        let shown = self.shown(sharer, token).await?;
        self.code_of(&shown).await
    }

    /// A poster of a user's own share; answers the key of a PNG of [`POSTER_SIZE`].
    ///
    /// # Errors
    /// As [`Studio::code`], and [`ShareError::NoAddress`], [`ShareError::Busy`].
    pub async fn poster(&self, sharer: UserId, token: &str, wish: PosterWish) -> Result<String, ShareError> {
        let shown = self.shown(sharer, token).await?;
        let address = match wish.code {
            PosterCode::MiniProgram => None,
            PosterCode::Web => Some(self.address(&shown.share)?),
        };
        let nickname = wish.with_nickname.then_some(shown.nickname.as_str());
        let card = &shown.card;
        let decides = json!([
            "poster/1",
            card.title,
            card.price,
            card.market_price,
            card.picture,
            self.0.settings.shop_name,
            nickname,
            address,
            self.code_decides(&shown),
        ]);
        let key = Storage::made_key("posters", decides.to_string().as_bytes());
        if self.0.storage.has(&key).await? {
            return Ok(key);
        }
        let (code, hint) = match &address {
            Some(address) => {
                let matrix = Matrix::of(address).ok_or(ShareError::NoAddress)?;
                (poster::matrix_as_png(&matrix, CODE_SIZE)?, "长按识别二维码")
            }
            None => (self.fetched(&self.code_of(&shown).await?).await?.unwrap_or_default(), "长按识别小程序码"),
        };
        let picture = match Storage::key_of(&card.picture) {
            Some(picture) => self.fetched(picture).await?,
            None => None,
        };
        let poster = Poster {
            title: card.title.clone(),
            price: card.price,
            market_price: card.market_price,
            nickname: nickname.map(str::to_owned),
            shop_name: self.0.settings.shop_name.clone(),
            picture,
            hint,
            code,
        };
        let drawn = self.draw(move || poster::draw(&poster)).await?;
        self.0.storage.put_made(&key, drawn).await?;
        Ok(key)
    }

    /// The QR code of a user's own share, which leads to the shop's web pages.
    ///
    /// # Errors
    /// [`ShareError::TokenNotFound`], [`ShareError::NoAddress`], or the database's.
    pub async fn qr(&self, sharer: UserId, token: &str) -> Result<Matrix, ShareError> {
        let token = token.to_owned();
        let share = self.0.db.read("share.own", move |tx| service::own_share(tx, sharer, &token)).await?;
        Matrix::of(&self.address(&share)?).ok_or(ShareError::NoAddress)
    }

    /// A QR code as PNG of this width.
    ///
    /// # Errors
    /// [`ShareError::WidthInvalid`], [`ShareError::Busy`].
    pub async fn qr_png(&self, matrix: Matrix, width: u32) -> Result<Vec<u8>, ShareError> {
        if !QR_WIDTHS.contains(&width) {
            return Err(ShareError::WidthInvalid);
        }
        self.draw(move || poster::matrix_as_png(&matrix, width)).await
    }

    fn address(&self, share: &Share) -> Result<String, ShareError> {
        let address = self.0.settings.web_address.as_deref().ok_or(ShareError::NoAddress)?;
        Ok(format!("{address}/?{}={}", rules::TOKEN_PARAMETER, share.token))
    }

    async fn shown(&self, sharer: UserId, token: &str) -> Result<Shown, ShareError> {
        let (sources, token) = (self.0.sources.clone(), token.to_owned());
        let look = move |tx: &mut Tx<'_>| {
            let share = service::own_share(tx, sharer, &token)?;
            let card = sources.describe(tx, &share.subject())?.ok_or(ShareError::SubjectNotFound)?;
            let nickname = identity::nicknames(tx, &[sharer])?.remove(&sharer).unwrap_or_default();
            Ok::<_, ShareError>(Shown { share, card, nickname })
        };
        self.0.db.read("share.shown", look).await
    }

    /// What decides how a mini-program code looks.
    fn code_decides(&self, shown: &Shown) -> String {
        let version = self.0.settings.env_version;
        json!(["code/1", self.0.wechat.app_id(), version, rules::page_of(&shown.card.path), shown.share.token])
            .to_string()
    }

    async fn code_of(&self, shown: &Shown) -> Result<String, ShareError> {
        let key = Storage::made_key("codes", self.code_decides(shown).as_bytes());
        if self.0.storage.has(&key).await? {
            return Ok(key);
        }
        let env_version = self.0.settings.env_version;
        let wished = UnlimitedCode {
            scene: &shown.share.token,
            page: rules::page_of(&shown.card.path),
            // Only the released version can be asked whether it has a page.
            check_path: env_version == EnvVersion::Release,
            env_version,
            width: CODE_SIZE,
        };
        let answered = self.0.wechat.unlimited_code(&wished).await.map_err(|error| of_wechat(&error))?;
        let drawn = self.draw(move || poster::code_as_png(&answered)).await.map_err(|error| match error {
            ShareError::Busy => ShareError::Busy,
            _ => ShareError::CodeUnavailable,
        })?;
        self.0.storage.put_made(&key, drawn).await?;
        Ok(key)
    }

    async fn fetched(&self, key: &str) -> Result<Option<Vec<u8>>, ShareError> {
        Ok(self.0.storage.get(key).await?.map(|(bytes, _)| bytes))
    }

    /// Draws on a thread of its own, in turn. Whoever gives up waiting gives up the turn, but a picture that is begun is
    /// finished with its turn held.
    async fn draw(
        &self,
        work: impl FnOnce() -> Result<Vec<u8>, PosterError> + Send + 'static,
    ) -> Result<Vec<u8>, ShareError> {
        let _place = self.0.waiting.try_acquire().map_err(|_| ShareError::Busy)?;
        let turn = Arc::clone(&self.0.drawing).acquire_owned().await.map_err(|_| ShareError::Busy)?;
        let drawn = tokio::task::spawn_blocking(move || {
            let drawn = work();
            drop(turn);
            drawn
        });
        Ok(drawn.await.map_err(|error| DbError::Defect(error.to_string()))??)
    }
}

/// A share with all that a picture of it shows.
struct Shown {
    share: Share,
    card: SubjectCard,
    nickname: String,
}

/// WeChat's answer that the released version has no such page.
const NO_SUCH_PAGE: &str = "41030";

fn of_wechat(error: &WechatError) -> ShareError {
    match error.kind() {
        WechatErrorKind::Refused { code, .. } if code == NO_SUCH_PAGE => ShareError::PageNotReleased,
        WechatErrorKind::Refused { .. } | WechatErrorKind::Invalid { .. } => {
            tracing::error!(%error, "WeChat refused a code for a reason that no client can cause");
            ShareError::CodeUnavailable
        }
        _ => {
            tracing::warn!(%error, "WeChat gave no code");
            ShareError::CodeUnavailable
        }
    }
}
