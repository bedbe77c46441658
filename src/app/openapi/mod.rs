//! The OpenAPI document: what the capabilities declare, brought together and completed.
//!
//! Capabilities declare what is particular to an operation. What is the same for all — error answers, examples,
//! security schemes, the paths' prefixes — is added here, from the same tables the service answers with, so that the
//! document cannot say something else than the service does.

mod examples;
mod refusals;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi as Document;

use self::refusals::Traits;
use super::routes;
use crate::platform::http::{Refusal, RequestError};

/// Where the generated files are kept in the repository.
pub const FOLDER: &str = "api-spec";

/// The header of requests that may be repeated.
const KEY_HEADER: &str = "Idempotency-Key";

/// The parameter that goes on with a list.
const CURSOR: &str = "cursor";

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// A document that cannot be right.
#[derive(Debug, thiserror::Error)]
pub enum OpenApiError {
    /// Two operations have one id.
    #[error("two operations are called {0}")]
    SameOperation(String),
    /// An operation has no id, or a document no JSON.
    #[error("the OpenAPI document is malformed: {0}")]
    Malformed(String),
    /// Two refusals with one code differ.
    #[error("two refusals are called {0}")]
    SameCode(&'static str),
    /// A file could not be read or written.
    #[error("{0} cannot be used: {1}")]
    File(String, std::io::Error),
    /// A file does not hold what the code says.
    #[error("{0} is out of date; run `hourglass openapi`")]
    OutOfDate(String),
}

/// The whole document.
///
/// # Errors
/// When two operations share an id.
pub fn document() -> Result<Value, OpenApiError> {
    complete(&routes::declared(), &routes::refusals())
}

/// Completes what was declared, drawing error answers from `catalogue`.
fn complete(declared: &Document, catalogue: &[&'static Refusal]) -> Result<Value, OpenApiError> {
    let malformed = |error: serde_json::Error| OpenApiError::Malformed(error.to_string());
    let mut document = serde_json::to_value(declared).map_err(malformed)?;
    let components = document.pointer("/components/schemas").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut seen = BTreeMap::new();
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, item) in paths {
            for (method, operation) in operations(item) {
                let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
                if id.is_empty() {
                    return Err(OpenApiError::Malformed(format!("{method} {path} has no operation id")));
                }
                if seen.insert(id.clone(), ()).is_some() {
                    return Err(OpenApiError::SameOperation(id));
                }
                complete_operation(path, &method, operation, &components, catalogue);
            }
        }
    }
    complete_components(&mut document, components);
    Ok(document)
}

fn operations(item: &mut Value) -> impl Iterator<Item = (String, &mut Map<String, Value>)> {
    let methods = item.as_object_mut().into_iter().flatten().filter(|(name, _)| METHODS.contains(&name.as_str()));
    methods.filter_map(|(name, operation)| operation.as_object_mut().map(|operation| (name.clone(), operation)))
}

fn complete_operation(
    path: &str,
    method: &str,
    operation: &mut Map<String, Value>,
    components: &Map<String, Value>,
    catalogue: &[&'static Refusal],
) {
    let traits = traits_of(path, method, operation);
    add_examples(operation.get_mut("requestBody"), components);
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        if text(parameter, "name").eq_ignore_ascii_case(KEY_HEADER) {
            *parameter = key_parameter();
        }
        if text(parameter, "name") == CURSOR {
            name_cursor(parameter);
            continue;
        }
        add_example(parameter, components);
    }
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    let Some(responses) = responses.as_object_mut() else { return };
    for (_, response) in responses.iter_mut() {
        add_examples(Some(response), components);
    }
    for (status, response) in refusals::responses(&traits, catalogue) {
        responses.entry(status).or_insert(response);
    }
}

/// What a cursor looks like. It has no example: one is good only for the list that it came from.
fn name_cursor(parameter: &mut Value) {
    if let Some(parameter) = parameter.as_object_mut() {
        parameter.insert("schema".to_owned(), json!({"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}));
    }
}

/// The key under which a request may be repeated, as its extractor takes it.
fn key_parameter() -> Value {
    json!({
        "name": KEY_HEADER, "in": "header", "required": true,
        "description": "New for each deed and the same for each try of it: a repeated request is answered as before.",
        "schema": {"type": "string", "minLength": 8, "maxLength": 64, "pattern": "^[!-~]+$"},
        "example": "3f1c9a7e-6b0d-4c52-9d7e-2a8f5b1e4c60",
    })
}

fn traits_of(path: &str, method: &str, operation: &Map<String, Value>) -> Traits {
    let parameters: Vec<&Value> = operation.get("parameters").and_then(Value::as_array).into_iter().flatten().collect();
    let place = |place: &str| parameters.iter().any(|parameter| text(parameter, "in") == place);
    let named = |name: &str| parameters.iter().any(|parameter| text(parameter, "name").eq_ignore_ascii_case(name));
    let security = operation.get("security").and_then(Value::as_array).into_iter().flatten();
    let schemes: Vec<&str> = security.filter_map(Value::as_object).flatten().map(|(name, _)| name.as_str()).collect();
    let tags = operation.get("tags").and_then(Value::as_array).and_then(|tags| tags.first());
    Traits {
        takes_body: operation.contains_key("requestBody"),
        takes_query: place("query"),
        takes_path: place("path"),
        takes_key: named(KEY_HEADER),
        changes: method != "get",
        asks_who: !schemes.is_empty(),
        asks_permission: schemes.contains(&"staff"),
        limited: ["/api/", "/admin/", "/hooks/sensors/", "/hooks/posthog/"].iter().any(|area| path.starts_with(area)),
        tag: tags.and_then(Value::as_str).unwrap_or_default().to_owned(),
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Gives every medium of a body or an answer an example, unless it has one.
fn add_examples(holder: Option<&mut Value>, components: &Map<String, Value>) {
    let media = holder.and_then(|holder| holder.get_mut("content")).and_then(Value::as_object_mut);
    for (_, medium) in media.into_iter().flatten() {
        add_example(medium, components);
    }
}

fn add_example(holder: &mut Value, components: &Map<String, Value>) {
    if holder.get("example").is_some() || holder.get("examples").is_some() {
        return;
    }
    let Some(schema) = holder.get("schema") else { return };
    let example = examples::example_of(schema, components);
    if let Some(holder) = holder.as_object_mut() {
        holder.insert("example".to_owned(), example);
    }
}

fn complete_components(document: &mut Value, mut schemas: Map<String, Value>) {
    schemas.insert("ErrorBody".to_owned(), refusals::error_body_schema());
    let bearer = |what: &str| json!({"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": what});
    let components = json!({
        "schemas": schemas,
        "securitySchemes": {
            "shopper": bearer("A shopper's access token, from `POST /api/v1/sessions/…`; lives 15 minutes."),
            "staff": bearer("A staff member's access token, from `POST /admin/v1/sessions`; lives 15 minutes."),
            "device": {
                "type": "apiKey", "in": "header", "name": "X-Device-Token",
                "description": "An installation's token, from `POST /api/v1/devices`: who is not logged in has a cart by it.",
            },
        },
    });
    if let Some(document) = document.as_object_mut() {
        document.insert("components".to_owned(), components);
    }
}

/// Every refusal by its code.
///
/// # Errors
/// When two that differ share a code.
pub fn errors() -> Result<Value, OpenApiError> {
    let mut codes: BTreeMap<&'static str, &'static Refusal> = BTreeMap::new();
    for refusal in routes::refusals() {
        if codes.insert(refusal.code, refusal).is_some_and(|other| other != refusal) {
            return Err(OpenApiError::SameCode(refusal.code));
        }
    }
    let entry = |refusal: &Refusal| json!({"status": refusal.status.as_u16(), "zh": refusal.zh, "en": refusal.en});
    let entries = codes.into_iter().map(|(code, refusal)| (code.to_owned(), entry(refusal)));
    Ok(Value::Object(entries.collect()))
}

/// The refusals any request may meet.
pub(super) fn general_refusals() -> impl Iterator<Item = &'static Refusal> {
    RequestError::CATALOGUE.iter().copied()
}

/// Writes both files into `folder`.
///
/// # Errors
/// When the document is wrong or a file cannot be written.
pub fn write(folder: &Path) -> Result<(), OpenApiError> {
    std::fs::create_dir_all(folder).map_err(|error| OpenApiError::File(folder.display().to_string(), error))?;
    for (name, text) in files()? {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| OpenApiError::File(path.display().to_string(), error))?;
    }
    Ok(())
}

/// Checks that both files in `folder` hold what the code says.
///
/// # Errors
/// When one does not.
pub fn check(folder: &Path) -> Result<(), OpenApiError> {
    for (name, text) in files()? {
        let path = folder.join(name);
        let name = path.display().to_string();
        let found = std::fs::read_to_string(&path).map_err(|error| OpenApiError::File(name.clone(), error))?;
        if found != text {
            return Err(OpenApiError::OutOfDate(name));
        }
    }
    Ok(())
}

fn files() -> Result<[(&'static str, String); 2], OpenApiError> {
    let pretty = |value: &Value| {
        let text = serde_json::to_string_pretty(value).map_err(|error| OpenApiError::Malformed(error.to_string()))?;
        Ok::<_, OpenApiError>(text + "\n")
    };
    Ok([("openapi.json", pretty(&document()?)?), ("errors.json", pretty(&errors()?)?)])
}

#[cfg(test)]
mod tests;
