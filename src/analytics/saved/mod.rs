//! Saved questions: definitions that staff keep under a name, with what was answered last.
//!
//! A definition is checked by its analysis when it is kept. It may be about a time that moves: with `last_days` its
//! `range` is set anew each time it is asked, and an `as_of` that it leaves out is the moment of asking. What was asked
//! in the end is kept beside the answer. With `every_minutes` it is asked anew in the background: whoever takes its turn
//! moves the moment at which it is due, so that of many processes one asks, and another takes over from one that died.
//!
//! An answer belongs to the definition that was asked: one that comes after the definition was changed is dropped, and
//! so is one that is older than what is kept.
//!
//! Owns `analytics_saved_questions`.

mod api;
mod asking;
mod jobs;
mod kept;
mod store;
mod views;

pub use api::{SavedApi, saved_routes};
pub use jobs::KeepAnswersFresh;

crate::typed_id! {
    /// A saved question.
    SavedQuestionId,
}
