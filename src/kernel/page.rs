//! Pages: a keyset cursor, opaque to the client.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// Items of a page when the client names no number.
pub const DEFAULT_LIMIT: i64 = 20;
/// Most items of a page.
pub const MAX_LIMIT: i64 = 100;

/// One page of a list: `{items, next_cursor}`; `next_cursor` is null on the last page.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page; null when there is none.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Cuts a page from rows of which one more than `limit` was asked for, so that it is known whether more follow.
    /// `key` names the keyset of the last item kept.
    pub fn cut(mut rows: Vec<T>, limit: i64, key: impl Fn(&T) -> Cursor) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = if more { rows.last().map(|last| key(last).encode()) } else { None };
        Self { items: rows, next_cursor }
    }

    /// The same page with every item turned into its view.
    pub fn map<U>(self, view: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(view).collect(), next_cursor: self.next_cursor }
    }
}

/// A position in a list: the sort key and the id of the last item seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The value sorted by.
    pub key: i64,
    /// The id that breaks ties.
    pub id: i64,
}

impl Cursor {
    /// The opaque text of this position.
    pub fn encode(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}.{}", self.key, self.id))
    }

    /// Reads a position; `None` when the text was not made by [`Cursor::encode`].
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (key, id) = text.split_once('.')?;
        Some(Self { key: key.parse().ok()?, id: id.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text_and_nonsense_is_no_cursor() {
        let cursor = Cursor { key: -7, id: 9 };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        assert_eq!(Cursor::decode("%%%"), None);
    }

    #[test]
    fn a_page_knows_whether_more_follow() {
        let page = Page::cut(vec![1, 2, 3], 2, |id| Cursor { key: 0, id: *id });
        assert_eq!(page.items, vec![1, 2]);
        assert!(page.next_cursor.is_some());
        assert!(Page::cut(vec![1, 2], 2, |id| Cursor { key: 0, id: *id }).next_cursor.is_none());
    }
}
