//! Reports: the questions that staff ask of events, and who the people behind an answer are.
//!
//! Every analysis of the engine is asked the same way, so none has handlers of its own: [`questions`] lists them, and
//! routes and document are made from that list. One endpoint answers, as JSON or as a table for spreadsheets; the other
//! names the persons behind a figure of that answer, and keeps them as a segment if it is told to.

mod answering;
mod desk;
mod document;
pub(super) mod known;
mod questions;

pub use answering::{AnswerFormat, report_routes};
pub(super) use answering::{AskQuery, FigurePeople, MOST_TOLD, PeopleQuery, rendered, told};
pub(super) use desk::View;
pub use desk::{ReportSettings, Reports};
pub use document::ReportApi;
pub(super) use questions::{Called, Question, Visitor, every};
