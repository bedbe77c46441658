//! Alibaba Cloud's `SendSms`: the signature is checked over the request as it came, and every message goes into a book.

use std::collections::{BTreeMap, HashSet};

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::{digest, hmac};
use serde::Serialize;
use serde_json::{Value, json};

use crate::kernel::time::{MINUTE_MS, Timestamp};
use crate::wechat_simulator::state::{World, locked};

/// A request may be this old.
const OLDEST_MS: i64 = 15 * MINUTE_MS;
/// Messages that are remembered.
const KEPT: usize = 20_000;

/// A message that was sent.
#[derive(Clone, Debug, Serialize)]
pub(in crate::wechat_simulator) struct SentSms {
    /// To whom, as the shop wrote it.
    pub(in crate::wechat_simulator) number: String,
    /// The name it begins with.
    pub(in crate::wechat_simulator) sign_name: String,
    /// Its template.
    pub(in crate::wechat_simulator) template_code: String,
    /// The template's parameters.
    pub(in crate::wechat_simulator) params: Value,
    /// When.
    pub(in crate::wechat_simulator) at: Timestamp,
}

/// What the provider remembers.
#[derive(Default)]
pub(in crate::wechat_simulator) struct Sms {
    /// All messages, oldest first.
    pub(in crate::wechat_simulator) book: Vec<SentSms>,
    nonces: HashSet<String>,
}

/// Status, code and words of a refusal.
type Refusal = (u16, &'static str, &'static str);

/// `POST /`, action `SendSms`.
pub(super) async fn send_sms(world: Data<World>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let id = format!("{}-SIM", world.dice.hex(24).to_uppercase());
    match accept(&world, &request, &body) {
        Ok(()) => HttpResponse::Ok().json(json!({
            "Code": "OK", "Message": "OK", "RequestId": id, "BizId": world.dice.digits(20),
        })),
        Err((status, code, message)) => HttpResponse::build(StatusCode::from_u16(status).unwrap_or_default())
            .json(json!({ "Code": code, "Message": message, "RequestId": id })),
    }
}

fn accept(world: &World, request: &HttpRequest, body: &[u8]) -> Result<(), Refusal> {
    check_signature(world, request, body)?;
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header("x-acs-action") != "SendSms" || header("x-acs-version") != "2017-05-25" {
        return Err((404, "InvalidAction.NotFound", "Specified api is not found"));
    }
    let now = world.now();
    let date = Timestamp::parse_rfc3339(header("x-acs-date")).ok_or((400, "InvalidTimeStamp.Format", "bad date"))?;
    if now.millis_since(date).abs() > OLDEST_MS {
        return Err((400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired"));
    }
    if !locked(&world.sms).nonces.insert(header("x-acs-signature-nonce").to_owned()) {
        return Err((400, "SignatureNonceUsed", "Specified signature nonce was used already"));
    }
    let sent = message(world, request, now)?;
    if let Some(code) = &locked(&world.knobs).settings().sms.refuse {
        // Business refusals come with status 200 and one of a few codes.
        let known =
            ["isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "isv.AMOUNT_NOT_ENOUGH", "isp.SYSTEM_ERROR"];
        let code = known.into_iter().find(|known| known == code).unwrap_or("isp.SYSTEM_ERROR");
        return Err((200, code, "refused on demand"));
    }
    let mut sms = locked(&world.sms);
    if sms.book.len() >= KEPT {
        sms.book.remove(0);
    }
    sms.book.push(sent);
    Ok(())
}

fn message(world: &World, request: &HttpRequest, now: Timestamp) -> Result<SentSms, Refusal> {
    let query = format!("http://query/?{}", request.query_string());
    let query = reqwest::Url::parse(&query).map_err(|_| (400, "InvalidParameter", "bad query"))?;
    let query: BTreeMap<String, String> = query.query_pairs().into_owned().collect();
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let number = text("PhoneNumbers");
    let at_home = number.len() == 11 && number.starts_with('1');
    let fits = number.bytes().all(|byte| byte.is_ascii_digit()) && (at_home || (7..=15).contains(&number.len()));
    if !fits {
        return Err((200, "isv.MOBILE_NUMBER_ILLEGAL", "号码格式错误"));
    }
    let account = &world.keys.credentials.sms;
    if text("SignName") != account.sign_name {
        return Err((200, "isv.SMS_SIGNATURE_ILLEGAL", "短信签名不合法"));
    }
    if text("TemplateCode") != account.code_template {
        return Err((200, "isv.SMS_TEMPLATE_ILLEGAL", "短信模板不合法"));
    }
    let params: Value = serde_json::from_str(text("TemplateParam")).unwrap_or_default();
    if params.get("code").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err((200, "isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺少参数"));
    }
    let (number, sign_name) = (number.to_owned(), account.sign_name.clone());
    Ok(SentSms { number, sign_name, template_code: account.code_template.clone(), params, at: now })
}

fn check_signature(world: &World, request: &HttpRequest, body: &[u8]) -> Result<(), Refusal> {
    const WRONG: Refusal = (400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation");
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let authorization = header("authorization").and_then(|text| text.strip_prefix("ACS3-HMAC-SHA256 "));
    let authorization = authorization.ok_or((400, "MissingAuthorization", "no signature"))?;
    let parts: BTreeMap<&str, &str> = authorization.split(',').filter_map(|part| part.split_once('=')).collect();
    let part = |name: &str| parts.get(name).copied().unwrap_or_default();
    let account = &world.keys.credentials.sms;
    if part("Credential") != account.access_key_id {
        return Err((404, "InvalidAccessKeyId.NotFound", "Specified access key is not found"));
    }
    let names: Vec<&str> = part("SignedHeaders").split(';').collect();
    let needed =
        ["host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"];
    let hash = hex::encode(digest::digest(&digest::SHA256, body));
    let sorted = names.windows(2).all(|pair| pair.first() < pair.last());
    if !sorted || !needed.iter().all(|name| names.contains(name)) || header("x-acs-content-sha256") != Some(&hash) {
        return Err(WRONG);
    }
    let mut canonical = format!("{}\n{}\n{}\n", request.method(), request.path(), sorted_query(request.query_string()));
    for name in &names {
        canonical.push_str(&format!("{name}:{}\n", header(name).unwrap_or_default().trim()));
    }
    canonical.push_str(&format!("\n{}\n{hash}", part("SignedHeaders")));
    let text = format!("ACS3-HMAC-SHA256\n{}", hex::encode(digest::digest(&digest::SHA256, canonical.as_bytes())));
    let key = hmac::Key::new(hmac::HMAC_SHA256, account.access_key_secret.as_bytes());
    let signature = hex::decode(part("Signature")).map_err(|_| WRONG)?;
    hmac::verify(&key, text.as_bytes(), &signature).map_err(|_| WRONG)
}

/// The pairs of a query in the order of their names, encoded as they came.
fn sorted_query(query: &str) -> String {
    let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.sort_unstable();
    pairs.join("&")
}
