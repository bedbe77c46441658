//! Examples made from schemas, so that every request and every answer has one without anybody writing it twice.

use serde_json::{Map, Value, json};

/// Schemas may refer to each other in circles (a category has children); an example goes only this deep.
const DEEPEST: usize = 12;

/// An example of `schema`, whose references lead into `components`.
pub(super) fn example_of(schema: &Value, components: &Map<String, Value>) -> Value {
    example(schema, components, 0)
}

fn example(schema: &Value, components: &Map<String, Value>, depth: usize) -> Value {
    if let Some(given) = given(schema) {
        return given;
    }
    if depth > DEEPEST {
        return Value::Null;
    }
    let deeper = |schema: &Value| example(schema, components, depth + 1);
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.rsplit('/').next()) {
        return components.get(name).map_or(Value::Null, deeper);
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        return merged(parts.iter().map(deeper));
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(parts) = schema.get(choice).and_then(Value::as_array) {
            let first = parts.iter().find(|part| kind_of(part) != Some("null"));
            return first.map_or(Value::Null, deeper);
        }
    }
    match kind_of(schema) {
        Some("object") => object(schema, components, depth),
        Some("array") => array(schema, components, depth),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("string") => text(schema),
        _ => Value::Null,
    }
}

/// What the schema itself says.
fn given(schema: &Value) -> Option<Value> {
    let first_of = |name: &str| schema.get(name).and_then(Value::as_array).and_then(|all| all.first()).cloned();
    let said = schema.get("example").or_else(|| schema.get("const")).or_else(|| schema.get("default")).cloned();
    first_of("examples").or(said).or_else(|| first_of("enum"))
}

/// The type; of several, the first that is not null.
fn kind_of(schema: &Value) -> Option<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => Some(kind),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        _ if schema.get("properties").is_some() => Some("object"),
        _ => None,
    }
}

fn object(schema: &Value, components: &Map<String, Value>, depth: usize) -> Value {
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let fields = properties.map(|(name, field)| (name.clone(), example(field, components, depth + 1)));
    Value::Object(fields.collect())
}

fn array(schema: &Value, components: &Map<String, Value>, depth: usize) -> Value {
    // In a circle the list of the innermost level is empty.
    if depth + 2 > DEEPEST {
        return json!([]);
    }
    schema.get("items").map_or(json!([]), |items| json!([example(items, components, depth + 1)]))
}

fn text(schema: &Value) -> Value {
    match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => json!("2026-01-31T08:00:00.000Z"),
        Some("date") => json!("2026-01-31"),
        Some("uri") => json!("https://shop.example/"),
        Some("binary") => json!("(bytes)"),
        _ => {
            let shortest = schema.get("minLength").and_then(Value::as_u64).unwrap_or_default();
            let needed = usize::try_from(shortest).unwrap_or_default();
            json!("文字".chars().cycle().take(needed.max(2)).collect::<String>())
        }
    }
}

fn merged(parts: impl Iterator<Item = Value>) -> Value {
    let mut whole = Map::new();
    let mut other = Value::Null;
    for part in parts {
        match part {
            Value::Object(fields) => whole.extend(fields),
            part => other = part,
        }
    }
    if whole.is_empty() { other } else { Value::Object(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_follows_references_and_prefers_what_the_schema_says() {
        let components = json!({
            "Fen": {"type": "integer", "examples": [1999]},
            "Line": {"type": "object", "properties": {
                "price_fen": {"$ref": "#/components/schemas/Fen"},
                "note": {"type": ["string", "null"], "minLength": 3},
                "kind": {"oneOf": [{"type": "null"}, {"type": "string", "enum": ["gift", "plain"]}]},
            }},
        });
        let schema = json!({"type": "array", "items": {"$ref": "#/components/schemas/Line"}});
        let made = example_of(&schema, components.as_object().unwrap());
        assert_eq!(made, json!([{"price_fen": 1999, "note": "文字文", "kind": "gift"}]));
    }

    #[test]
    fn a_schema_that_holds_itself_ends() {
        let components = json!({"Node": {"type": "object", "properties": {
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
        }}});
        let made = example_of(&json!({"$ref": "#/components/schemas/Node"}), components.as_object().unwrap());
        assert!(made.to_string().len() < 500);
    }
}
