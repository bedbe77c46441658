//! Pages that are kept for a moment: a page that a thousand people open at once is made once, and not a thousand times.
//!
//! Only what everybody sees alike belongs here, as it is before log-in. Nobody takes a page out when something changes;
//! it is simply never old: a fraction of a second, which whoever opens a page could not tell from a slow network, and
//! which holds for any number of processes. Whoever must see at once what they have just done is logged in, and gets a
//! page of their own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{HttpResponse, web};
use serde::Serialize;

use super::error::ApiResult;
use crate::kernel::time::Timestamp;
use crate::platform::db::DbError;

/// Most pages that are kept; beyond that all are made anew.
const MOST: usize = 4_096;

/// Pages kept for a moment. Cloning shares them.
#[derive(Clone, Debug)]
pub struct KeptPages {
    fresh_ms: i64,
    pages: Arc<Mutex<HashMap<String, Kept>>>,
}

#[derive(Debug)]
struct Kept {
    body: web::Bytes,
    until: Timestamp,
}

impl KeptPages {
    /// Keeps pages for so many milliseconds; 0 keeps none.
    pub fn new(fresh_ms: i64) -> Self {
        Self { fresh_ms, pages: Arc::default() }
    }

    /// The page under this name, if there is a fresh one. The first who finds that it is old is to make it anew; those
    /// who come meanwhile still get the old one, so that they do not all begin to make it.
    pub fn find(&self, name: &str, now: Timestamp) -> Option<HttpResponse> {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = pages.get_mut(name)?;
        if now < kept.until {
            return Some(answer(kept.body.clone()));
        }
        kept.until = now.plus_millis(self.fresh_ms);
        None
    }

    /// Answers with a page and keeps it under this name.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which is a defect.
    pub fn keep<T: Serialize>(&self, name: String, page: &T, now: Timestamp) -> ApiResult<HttpResponse> {
        let body = written(page)?;
        if self.fresh_ms > 0 {
            let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
            if pages.len() >= MOST {
                pages.clear();
            }
            pages.insert(name, Kept { body: body.clone(), until: now.plus_millis(self.fresh_ms) });
        }
        Ok(answer(body))
    }
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
        assert!(!is_found(&pages, "other", 0));
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
        assert!(pages.pages.lock().unwrap().len() <= MOST);
    }
}
