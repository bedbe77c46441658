//! The error answers of every operation, drawn from the catalogues of refusals.

use serde_json::{Map, Value, json};

use crate::platform::http::{Refusal, RequestError};

/// The schema of every error body.
pub(super) fn error_body_schema() -> Value {
    json!({
        "type": "object",
        "description": "Why a request was refused.",
        "required": ["code", "message", "details"],
        "properties": {
            "code": {"type": "string", "description": "Stable and meant for programs.", "examples": ["cart.line_not_found"]},
            "message": {
                "type": "object",
                "description": "Meant for people.",
                "required": ["zh", "en"],
                "properties": {
                    "zh": {"type": "string", "description": "In Chinese.", "examples": ["购物车里没有这件商品"]},
                    "en": {"type": "string", "description": "In English.", "examples": ["The cart has no such line."]},
                },
            },
            "details": {"description": "More about it, in a shape that depends on the code; null when there is nothing to add."},
        },
    })
}

/// What an operation is like, as far as its refusals go.
pub(super) struct Traits {
    pub(super) takes_body: bool,
    pub(super) takes_query: bool,
    pub(super) takes_path: bool,
    pub(super) takes_key: bool,
    pub(super) changes: bool,
    pub(super) asks_who: bool,
    pub(super) asks_permission: bool,
    pub(super) limited: bool,
    pub(super) tag: String,
}

/// The refusals of `tag`'s own catalogue and of requests in general that an operation like this may answer.
pub(super) fn responses(traits: &Traits, catalogue: &[&'static Refusal]) -> Map<String, Value> {
    let mut statuses: Vec<(u16, bool)> = vec![
        (400, traits.takes_body || traits.takes_key),
        (401, traits.asks_who),
        (403, traits.asks_permission),
        (404, traits.takes_path),
        (409, traits.changes),
        (413, traits.takes_body),
        (415, traits.takes_body),
        (422, traits.takes_body || traits.takes_query || traits.changes),
        (429, traits.limited),
        (503, true),
    ];
    let area = format!("{}.", traits.tag);
    for refusal in catalogue.iter().filter(|refusal| refusal.code.starts_with(&area)) {
        // A capability's own 400s and 401s (a wrong code, a wrong password) come from what it is sent; what is missing may
        // be named in a body or a query as well as in a path, or be something of the asker's own.
        let missing = refusal.status.as_u16() == 404 && traits.takes_query;
        statuses.push((refusal.status.as_u16(), traits.changes || missing));
    }
    let wanted = |status: u16| statuses.iter().any(|(known, applies)| *known == status && *applies);
    let mut responses = Map::new();
    let mut done: Vec<u16> = statuses.iter().map(|(status, _)| *status).filter(|status| wanted(*status)).collect();
    done.sort_unstable();
    done.dedup();
    for status in done {
        if let Some(response) = response(status, &area, traits, catalogue) {
            responses.insert(status.to_string(), response);
        }
    }
    responses
}

fn response(status: u16, area: &str, traits: &Traits, catalogue: &[&'static Refusal]) -> Option<Value> {
    let of_status = |refusal: &&&'static Refusal| refusal.status.as_u16() == status;
    let own: Vec<&&'static Refusal> =
        catalogue.iter().filter(of_status).filter(|refusal| refusal.code.starts_with(area)).collect();
    let general: Vec<&&'static Refusal> =
        catalogue.iter().filter(of_status).filter(|refusal| is_general(refusal, traits)).collect();
    let any = catalogue.iter().find(of_status);
    let example = general.first().or(own.first()).copied().or(any)?;
    let codes: Vec<String> = own.iter().chain(&general).map(|refusal| format!("`{}`", refusal.code)).collect();
    let description = if codes.is_empty() {
        "Refused by a rule of what this stands on; see `api-spec/errors.json`.".to_owned()
    } else {
        format!("Refused, for example: {}.", codes.join(", "))
    };
    let mut response = json!({
        "description": description,
        "content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/ErrorBody"},
            "example": {"code": example.code, "message": {"zh": example.zh, "en": example.en}, "details": null},
        }},
    });
    if status == 429 || status == 503 {
        let header = json!({"Retry-After": {
            "description": "Seconds to wait before trying again.", "schema": {"type": "integer", "examples": [1]},
        }});
        response.as_object_mut()?.insert("headers".to_owned(), header);
    }
    Some(response)
}

fn is_general(refusal: &Refusal, traits: &Traits) -> bool {
    let code = refusal.code;
    let general = code.starts_with("request.") || code.starts_with("service.");
    let about_key = code == RequestError::IDEMPOTENCY_KEY.code || code == RequestError::IDEMPOTENCY_REUSED.code;
    let about_body = [RequestError::MALFORMED_JSON, RequestError::INCOMPLETE, RequestError::INVALID];
    let about_query = code == RequestError::INVALID_QUERY.code;
    general
        && (!about_key || traits.takes_key)
        && (!about_query || traits.takes_query)
        && (traits.takes_body || !about_body.iter().any(|refusal| refusal.code == code))
        && (traits.changes || code != RequestError::OUTCOME_UNKNOWN.code)
}
