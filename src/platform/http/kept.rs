//! Pages that are kept for a moment: a page that a thousand people open at once is made once, and not a thousand times.
//!
//! Only what everybody sees alike belongs here, as it is before log-in, and of a list only its beginning, which everybody
//! opens. Nobody takes a page out when something changes; it is simply never old: a fraction of a second, which whoever
//! opens a page could not tell from a slow network, and which holds for any number of processes. Whoever must see at once
//! what they have just done is logged in, and gets a page of their own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{HttpResponse, web};
use serde::Serialize;

use super::error::ApiResult;
use crate::kernel::time::Timestamp;
use crate::platform::db::DbError;

/// Most pages that are kept; beyond that all are made anew.
const MOST: usize = 4_096;
/// Most bytes that are kept; beyond that all are made anew.
const MOST_BYTES: usize = 16 * 1_024 * 1_024;
/// How many times as old as a fresh page one may become while it is made anew. Nobody gets one that is older, however
/// long that takes and whatever comes of it.
const STALE_FACTOR: i64 = 4;

/// Pages kept for a moment. Cloning shares them.
#[derive(Clone, Debug)]
pub struct KeptPages {
    fresh_ms: i64,
    shelf: Arc<Mutex<Shelf>>,
}

#[derive(Debug, Default)]
struct Shelf {
    pages: HashMap<String, Kept>,
    /// What the names and bodies come to.
    bytes: usize,
    /// When those that are too old were last thrown away.
    tidied: Option<Timestamp>,
}

#[derive(Debug)]
struct Kept {
    body: web::Bytes,
    /// What it shows is as it was at this moment.
    made: Timestamp,
    /// From when on the next who asks is to make it anew.
    renew_at: Timestamp,
}

impl KeptPages {
    /// Keeps pages for so many milliseconds; 0 keeps none.
    pub fn new(fresh_ms: i64) -> Self {
        Self { fresh_ms, shelf: Arc::default() }
    }

    /// The page under this name, if there is one that is not too old. The first who finds that it is not fresh any more
    /// is to make it anew; those who come meanwhile still get it, so that they do not all begin to make it.
    pub fn find(&self, name: &str, now: Timestamp) -> Option<HttpResponse> {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = shelf.pages.get_mut(name).filter(|kept| self.may_show(kept.made, now))?;
        if now < kept.renew_at {
            return Some(answer(kept.body.clone()));
        }
        kept.renew_at = now.plus_millis(self.fresh_ms);
        None
    }

    /// Answers with a page that shows what was so at a moment, and keeps it under this name.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which is a defect.
    pub fn keep<T: Serialize>(&self, name: String, page: &T, made: Timestamp) -> ApiResult<HttpResponse> {
        let body = written(page)?;
        if self.fresh_ms > 0 {
            let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            if shelf.tidied.is_none_or(|tidied| !self.may_show(tidied, made)) {
                shelf.pages.retain(|_, kept| self.may_show(kept.made, made));
                shelf.bytes = shelf.pages.iter().map(|(name, kept)| weight(name, &kept.body)).sum();
                shelf.tidied = Some(made);
            }
            shelf.put(name, Kept { body: body.clone(), made, renew_at: made.plus_millis(self.fresh_ms) });
        }
        Ok(answer(body))
    }

    /// Whether what was so at a moment may still be shown; what the clock says lies before us may not.
    fn may_show(&self, made: Timestamp, now: Timestamp) -> bool {
        (0..self.fresh_ms.saturating_mul(STALE_FACTOR)).contains(&now.millis_since(made))
    }
}

impl Shelf {
    fn put(&mut self, name: String, page: Kept) {
        let added = weight(&name, &page.body);
        if let Some(had) = self.pages.remove(&name) {
            self.bytes = self.bytes.saturating_sub(weight(&name, &had.body));
        }
        if self.pages.len() >= MOST || self.bytes.saturating_add(added) > MOST_BYTES {
            (self.pages, self.bytes) = (HashMap::new(), 0);
        }
        self.bytes = self.bytes.saturating_add(added);
        self.pages.insert(name, page);
    }
}

fn weight(name: &str, body: &web::Bytes) -> usize {
    name.len().saturating_add(body.len())
}

/// Answers with a page that is not kept.
///
/// # Errors
/// When it cannot be written as JSON, which is a defect.
pub fn own_page<T: Serialize>(page: &T) -> ApiResult<HttpResponse> {
    Ok(answer(written(page)?))
}

fn written<T: Serialize>(page: &T) -> Result<web::Bytes, DbError> {
    let body = serde_json::to_vec(page).map_err(|error| DbError::Defect(error.to_string()))?;
    Ok(body.into())
}

fn answer(body: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: Timestamp = Timestamp::from_millis(1_000);

    fn is_found(pages: &KeptPages, name: &str, after_ms: i64) -> bool {
        pages.find(name, BEGIN.plus_millis(after_ms)).is_some()
    }

    #[test]
    fn a_page_is_made_anew_once_its_time_is_over_and_by_one_alone() {
        let pages = KeptPages::new(250);
        assert!(!is_found(&pages, "wall", 0));
        pages.keep("wall".to_owned(), &"one", BEGIN).unwrap();
        assert!(is_found(&pages, "wall", 249));
        assert!(!is_found(&pages, "wall", 250), "whoever comes first makes it anew");
        assert!(is_found(&pages, "wall", 251), "the others do not wait for them");
        assert!(!is_found(&pages, "wall", 500), "if they failed, the next one tries");
        assert!(is_found(&pages, "wall", 501));
        assert!(!is_found(&pages, "other", 0));
    }

    #[test]
    fn nobody_gets_an_old_page_whatever_becomes_of_those_who_make_it_anew() {
        let pages = KeptPages::new(250);
        pages.keep("wall".to_owned(), &"one", BEGIN).unwrap();
        for after_ms in [250, 500, 750] {
            assert!(!is_found(&pages, "wall", after_ms), "who makes it anew fails");
        }
        assert!(is_found(&pages, "wall", 999));
        assert!(!is_found(&pages, "wall", 1_000) && !is_found(&pages, "wall", 1_001));
        pages.keep("wall".to_owned(), &"two", BEGIN).unwrap();
        assert!(
            !is_found(&pages, "wall", 3_600_000) && !is_found(&pages, "wall", 3_600_001),
            "nobody came for an hour"
        );
        assert!(!is_found(&pages, "wall", -1), "the clock was set back");
    }

    #[test]
    fn nothing_is_kept_for_no_time_and_never_more_than_fits() {
        let none = KeptPages::new(0);
        none.keep("wall".to_owned(), &"one", BEGIN).unwrap();
        assert!(!is_found(&none, "wall", 0));
        let pages = KeptPages::new(250);
        for number in 0..=MOST {
            pages.keep(number.to_string(), &number, BEGIN).unwrap();
        }
        let held = |pages: &KeptPages| {
            let shelf = pages.shelf.lock().unwrap();
            let bytes: usize = shelf.pages.iter().map(|(name, kept)| weight(name, &kept.body)).sum();
            assert_eq!(bytes, shelf.bytes);
            (shelf.pages.len(), bytes)
        };
        assert_eq!(held(&pages).0, 1);
        let long = "长".repeat(MOST_BYTES / 100);
        for number in 0..100 {
            pages.keep(number.to_string(), &long, BEGIN).unwrap();
            assert!(held(&pages).1 <= MOST_BYTES);
        }
        pages.keep("wall".to_owned(), &"one", BEGIN.plus_millis(1_000)).unwrap();
        assert_eq!(held(&pages).0, 1, "what is too old is thrown away");
    }
}
