//! Phone numbers.

use actix_web::web::{Bytes, Data};
use serde_json::{Value, json};

use super::{OpenAnswer, OpenRefusal, Parameters, admit, answer, read_body};
use crate::wechat_simulator::apps::AppKind;
use crate::wechat_simulator::people::CodeTrouble;
use crate::wechat_simulator::state::{World, locked};

/// `POST /wxa/business/getuserphonenumber`.
pub(super) async fn get_phone_number(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let code = text("code").ok_or_else(|| OpenRefusal::new(47001, "data format error"))?;
    let phone = locked(&world.people).redeem_phone_code(&app.app_id, code, text("openid"), world.now());
    let phone = phone.map_err(|trouble| match trouble {
        CodeTrouble::OtherUser => OpenRefusal::new(40003, "invalid openid"),
        CodeTrouble::OtherApp => OpenRefusal::new(40013, "invalid appid"),
        CodeTrouble::Invalid | CodeTrouble::Used => OpenRefusal::new(40029, "invalid code,"),
    })?;
    Ok(answer(&json!({
        "errcode": 0,
        "errmsg": "ok",
        "phone_info": {
            "phoneNumber": phone,
            "purePhoneNumber": phone,
            "countryCode": "86",
            "watermark": { "timestamp": world.now().seconds(), "appid": app.app_id },
        },
    })))
}
