//! The little XML of pushes: elements without attributes, texts plain or as CDATA.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// How deep a reply may nest; its deepest is a card within the articles.
const DEEPEST: usize = 5;

/// Fields as XML below `<xml>`: texts as CDATA, numbers plain, lists as repeated elements.
pub(super) fn write(fields: &[(String, Value)]) -> String {
    let mut text = "<xml>".to_owned();
    for (name, value) in fields {
        element(&mut text, name, value);
    }
    text.push_str("</xml>");
    text
}

fn element(text: &mut String, name: &str, value: &Value) {
    let content = match value {
        Value::Array(items) => return items.iter().for_each(|item| element(text, name, item)),
        Value::Object(fields) => {
            let mut inner = String::new();
            fields.iter().for_each(|(name, value)| element(&mut inner, name, value));
            inner
        }
        // The one sequence that would end the section early is cut in two.
        Value::String(plain) => format!("<![CDATA[{}]]>", plain.replace("]]>", "]]]]><![CDATA[>")),
        other => other.to_string(),
    };
    // Writing to a string cannot fail.
    let _written = write!(text, "<{name}>{content}</{name}>");
}

/// Reads what stands below `<xml>`: texts as texts, elements with elements inside as objects, repeated ones as lists.
/// `None` for anything that is not of this form.
pub(super) fn read(text: &str) -> Option<Map<String, Value>> {
    let mut reader = Reader(text.trim());
    if let Some(rest) = reader.0.strip_prefix("<?xml") {
        reader.0 = rest.split_once("?>")?.1.trim_start();
    }
    let (name, value) = reader.element(0)?;
    match value {
        Value::Object(fields) if name == "xml" && reader.0.is_empty() => Some(fields),
        _ => None,
    }
}

struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn element(&mut self, depth: usize) -> Option<(&'a str, Value)> {
        let (name, rest) = self.0.strip_prefix('<')?.split_once('>')?;
        let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !named || depth > DEEPEST {
            return None;
        }
        self.0 = rest;
        let mut fields = Map::new();
        let mut plain = String::new();
        loop {
            if let Some(rest) = self.0.strip_prefix("</") {
                self.0 = rest.strip_prefix(name)?.strip_prefix('>')?;
                break;
            } else if let Some(rest) = self.0.strip_prefix("<![CDATA[") {
                let (content, rest) = rest.split_once("]]>")?;
                plain.push_str(content);
                self.0 = rest;
            } else if self.0.starts_with('<') {
                let (name, value) = self.element(depth.checked_add(1)?)?;
                put(&mut fields, name, value);
            } else {
                let end = self.0.find('<')?;
                let (content, rest) = self.0.split_at(end);
                plain.push_str(&unescaped(content)?);
                self.0 = rest;
            }
        }
        let value = if fields.is_empty() {
            Value::String(plain)
        } else if plain.trim().is_empty() {
            Value::Object(fields)
        } else {
            return None;
        };
        Some((name, value))
    }
}

fn put(fields: &mut Map<String, Value>, name: &str, value: Value) {
    match fields.get_mut(name) {
        None => {
            fields.insert(name.to_owned(), value);
        }
        Some(Value::Array(items)) => items.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

fn unescaped(text: &str) -> Option<String> {
    let mut pieces = text.split('&');
    let mut plain = pieces.next()?.to_owned();
    for piece in pieces {
        let (entity, rest) = piece.split_once(';')?;
        plain.push(match entity {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            _ => return None,
        });
        plain.push_str(rest);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_back() {
        let fields = [
            ("Content".to_owned(), json!("a]]>b <茶> & c")),
            ("CreateTime".to_owned(), json!(1_714_112_445)),
            ("Articles".to_owned(), json!({ "item": [{ "Title": "1" }, { "Title": "2" }] })),
        ];
        let read = read(&write(&fields)).unwrap();
        assert_eq!(read["Content"], "a]]>b <茶> & c");
        assert_eq!(read["CreateTime"], "1714112445");
        assert_eq!(read["Articles"]["item"][1]["Title"], "2");
    }

    #[test]
    fn plain_texts_spaces_and_a_declaration_are_understood() {
        let read = read("<?xml version=\"1.0\"?>\n<xml>\n <A>x &lt; y &amp; z</A>\n <B></B>\n</xml>\n").unwrap();
        assert_eq!((read["A"].as_str(), read["B"].as_str()), (Some("x < y & z"), Some("")));
    }

    #[test]
    fn anything_else_is_refused() {
        let deep = format!("<xml>{}{}</xml>", "<a>".repeat(9), "</a>".repeat(9));
        for text in [
            "",
            "success",
            "<xml>",
            "<xml></xml>",
            "<a><b>1</b></a>",
            "<xml><A>1</B></xml>",
            "<xml><A b=\"1\">1</A></xml>",
            "<xml><A>&#65;</A></xml>",
            "<xml><A>1</A></xml><xml/>",
            "<xml>text<A>1</A></xml>",
            &deep,
        ] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
