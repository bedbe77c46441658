//! What shoppers see of live rooms, over REST and while they watch.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::Comment;
use crate::identity::Face;
use crate::kernel::time::Timestamp;

/// What a viewer said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommentView {
    /// Its number in the room: 1, 2, 3 …; what has a number that was shown is shown again in vain.
    #[schema(example = 42)]
    pub sequence: i64,
    /// The name the client of whoever said it gave it, by which they know their own.
    #[schema(example = "c-7f3a")]
    pub client_id: String,
    /// Who said it: the first character of their name.
    #[schema(example = "小**")]
    pub name: String,
    /// Their picture.
    #[schema(example = "/files/3f2a.png")]
    pub avatar: Option<String>,
    /// What.
    #[schema(example = "这条裙子有黑色吗？")]
    pub words: String,
    /// When.
    pub at: Timestamp,
}

impl CommentView {
    /// What viewers see of a comment by somebody with this face.
    pub(super) fn of(comment: &Comment, face: Option<&Face>) -> Self {
        Self {
            sequence: comment.sequence,
            client_id: comment.client_id.clone(),
            name: face.map_or_else(|| "**".to_owned(), |face| face.masked_name.clone()),
            avatar: face.and_then(|face| face.avatar.clone()),
            words: comment.words.clone(),
            at: comment.at,
        }
    }
}
