//! Knobs and the clock.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use serde::Deserialize;
use serde_json::json;

use super::{ControlAnswer, ControlRefusal, read};
use crate::kernel::time::SECOND_MS;
use crate::wechat_simulator::delivery;
use crate::wechat_simulator::knobs::{KnobSettings, Knobs};
use crate::wechat_simulator::push;
use crate::wechat_simulator::state::{World, locked};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Advance {
    millis: i64,
    seconds: i64,
}

fn shown(knobs: &Knobs) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "knobs": knobs.settings(), "fired": knobs.fired() }))
}

/// `GET /_sim/knobs`: the settings, and how often each rule fired.
pub(super) async fn show_knobs(world: Data<World>) -> HttpResponse {
    shown(&locked(&world.knobs))
}

/// `PUT /_sim/knobs`: replaces all settings; `{}` is no trouble at all.
pub(super) async fn set_knobs(world: Data<World>, body: Bytes) -> ControlAnswer {
    let settings: KnobSettings = read(&body)?;
    let mut knobs = locked(&world.knobs);
    knobs.set(settings);
    Ok(shown(&knobs))
}

/// `POST /_sim/clock/advance`: moves a manual clock, and begins the deliveries that are due then.
pub(super) async fn advance_clock(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: Advance = read(&body)?;
    if !world.clock.is_manual() {
        return Err(ControlRefusal::new(StatusCode::CONFLICT, "WALL_CLOCK", "the machine's clock cannot be moved"));
    }
    world.clock.advance(ask.seconds.saturating_mul(SECOND_MS).saturating_add(ask.millis));
    delivery::deliver_due(&world);
    push::deliver_due(&world);
    Ok(HttpResponse::Ok().json(json!({ "now": world.now() })))
}
