//! What rains during shows.

use actix_web::{post, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::desk;
use super::rooms::StaffLiveDropView;
use crate::coupon::CouponTemplateId;
use crate::kernel::money::Fen;
use crate::live::error::LiveError;
use crate::live::model::{DropId, DropKind, RoomId};
use crate::live::rules;
use crate::live::service::dropping::{self, DropContent, NewDrop};
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Created, Json, Path, Staff};
use crate::staff::permission::LiveRun;

/// Something that is to rain.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanLiveDrop {
    /// What rains.
    pub kind: DropKind,
    /// What it is called, 1–30 characters.
    #[schema(example = "整点红包雨", min_length = 1, max_length = 30)]
    pub title: String,
    /// How many can be caught: up to 100,000 coupons, or up to 1,000 portions.
    #[schema(example = 100, minimum = 1, maximum = 100_000)]
    pub quantity: i64,
    /// How long it rains, in seconds.
    #[schema(example = 60, minimum = 5, maximum = 86_400)]
    pub open_seconds: i64,
    /// The template of the coupons, had by grants or claims; null for a packet.
    #[serde(default)]
    pub template_id: Option<CouponTemplateId>,
    /// What all portions of a packet are worth together, at most 1,000,000; null for coupons.
    #[serde(default)]
    #[schema(example = json!(null), minimum = 1, maximum = 1_000_000)]
    pub face_fen: Option<Fen>,
    /// What the goods must cost at least for a portion to be used; 0 for any.
    #[serde(default)]
    #[schema(example = 0, minimum = 0)]
    pub threshold_fen: Fen,
    /// How many days a portion is good for; null for coupons.
    #[serde(default)]
    #[schema(example = json!(null), minimum = 1, maximum = 365)]
    pub valid_days: Option<i64>,
}

impl PlanLiveDrop {
    fn content(&self) -> Result<DropContent, LiveError> {
        match (self.kind, self.template_id, self.face_fen) {
            (DropKind::Coupon, Some(template), None) if self.valid_days.is_none() => Ok(DropContent::Coupons(template)),
            (DropKind::Coupon, None, _) => Err(rules::invalid("template_id")),
            (DropKind::Coupon, Some(_), None) => Err(rules::invalid("valid_days")),
            (DropKind::Packet, None, Some(face)) => {
                let valid_days = self.valid_days.ok_or_else(|| rules::invalid("valid_days"))?;
                Ok(DropContent::Packet { face, threshold: self.threshold_fen, valid_days })
            }
            (DropKind::Packet, Some(_), _) => Err(rules::invalid("template_id")),
            (DropKind::Coupon, Some(_), Some(_)) | (DropKind::Packet, None, None) => Err(rules::invalid("face_fen")),
        }
    }
}

/// Prepares what is to rain
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.run"))),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = PlanLiveDrop,
    responses((status = 201, description = "The drop.", body = StaffLiveDropView))
)]
#[post("/live-rooms/{id}/drops")]
pub async fn plan_live_drop(
    db: web::Data<Db>,
    staff: Staff<LiveRun>,
    id: Path<RoomId>,
    body: Json<PlanLiveDrop>,
) -> ApiResult<Created<StaffLiveDropView>> {
    let (id, body, desk) = (id.0, body.0, desk(staff));
    let plan = move |tx: &mut Tx<'_>| {
        let content = body.content()?;
        let (quantity, open_seconds) = (body.quantity, body.open_seconds);
        let new = NewDrop { title: body.title.clone(), content, quantity, open_seconds };
        dropping::plan(tx, id, &new, &desk)
    };
    Ok(Created(StaffLiveDropView::from(db.write("plan_live_drop", plan).await?)))
}

/// Lets it rain
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.run"))),
    params(
        ("id" = RoomId, Path, description = "The room."),
        ("drop_id" = DropId, Path, description = "The drop.")
    ),
    responses((status = 200, description = "The drop.", body = StaffLiveDropView))
)]
#[post("/live-rooms/{id}/drops/{drop_id}/open")]
pub async fn open_live_drop(
    db: web::Data<Db>,
    staff: Staff<LiveRun>,
    path: Path<(RoomId, DropId)>,
) -> ApiResult<Json<StaffLiveDropView>> {
    let ((room, drop), desk) = (path.0, desk(staff));
    let opened = db.write("open_live_drop", move |tx| dropping::open(tx, room, drop, &desk)).await?;
    Ok(Json(StaffLiveDropView::from(opened)))
}

/// Ends a drop before its time
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.run"))),
    params(
        ("id" = RoomId, Path, description = "The room."),
        ("drop_id" = DropId, Path, description = "The drop.")
    ),
    responses((status = 200, description = "The drop.", body = StaffLiveDropView))
)]
#[post("/live-rooms/{id}/drops/{drop_id}/close")]
pub async fn close_live_drop(
    db: web::Data<Db>,
    staff: Staff<LiveRun>,
    path: Path<(RoomId, DropId)>,
) -> ApiResult<Json<StaffLiveDropView>> {
    let ((room, drop), desk) = (path.0, desk(staff));
    let closed = db.write("close_live_drop", move |tx| dropping::close(tx, room, drop, &desk)).await?;
    Ok(Json(StaffLiveDropView::from(closed)))
}
