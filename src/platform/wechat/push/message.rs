//! Reading a message: XML or JSON, within bounds.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use serde_json::{Map, Value};

use super::PushRefusal;

/// Longest message that is read; WeChat's are a few kilobytes.
pub(super) const MAX_BYTES: usize = 64 * 1_024;
/// How deep a message may go; WeChat's go three levels deep.
const MAX_DEPTH: usize = 8;
/// How many elements a message may have.
const MAX_ELEMENTS: usize = 500;
/// The element around every XML message.
const ROOT: &str = "xml";

/// How a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushFormat {
    /// The only one service accounts know.
    Xml,
    /// Mini-programs may choose it.
    Json,
}

/// What WeChat says: fields by their names, some of which hold fields themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct PushMessage(Map<String, Value>);

impl PushMessage {
    /// Reads a message and says how it was written.
    ///
    /// # Errors
    /// [`PushRefusal::Malformed`].
    pub fn read(body: &[u8]) -> Result<(Self, PushFormat), PushRefusal> {
        if body.len() > MAX_BYTES {
            return Err(PushRefusal::Malformed);
        }
        let text = std::str::from_utf8(body).map_err(|_| PushRefusal::Malformed)?.trim();
        if text.starts_with('{') {
            let fields = serde_json::from_str(text).map_err(|_| PushRefusal::Malformed)?;
            return Ok((Self(fields), PushFormat::Json));
        }
        read_xml(text).map(|fields| (Self(fields), PushFormat::Xml)).ok_or(PushRefusal::Malformed)
    }

    /// A field as text, whether it was written as a text or as a number; nothing when it is absent, or holds fields
    /// itself.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

/// An element that has begun.
#[derive(Default)]
struct Open {
    name: String,
    fields: Map<String, Value>,
    text: String,
}

impl Open {
    fn of(start: &BytesStart<'_>) -> Option<Self> {
        let name = std::str::from_utf8(start.name().as_ref()).ok()?.to_owned();
        Some(Self { name, ..Self::default() })
    }

    fn into_value(self) -> Value {
        if self.fields.is_empty() { Value::String(self.text) } else { Value::Object(self.fields) }
    }

    /// Takes an element in. One name that comes again makes a list, as several answers to one panel do.
    fn take(&mut self, name: String, value: Value) {
        match self.fields.get_mut(&name) {
            Some(Value::Array(several)) => several.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
            None => {
                self.fields.insert(name, value);
            }
        }
    }
}

/// The fields of the root; `None` when it is no message of WeChat's: another root, a document type, an entity of its
/// own, processing instructions, too deep or too much.
fn read_xml(text: &str) -> Option<Map<String, Value>> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Open> = Vec::new();
    let mut whole = None;
    let mut elements = 0_usize;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                elements = elements.saturating_add(1);
                if whole.is_some() || open.len() >= MAX_DEPTH || elements > MAX_ELEMENTS {
                    return None;
                }
                open.push(Open::of(&start)?);
            }
            Event::Empty(start) => {
                elements = elements.saturating_add(1);
                let empty = Open::of(&start).filter(|_| elements <= MAX_ELEMENTS)?;
                open.last_mut()?.take(empty.name.clone(), empty.into_value());
            }
            Event::End(_) => {
                let ended = open.pop()?;
                match open.last_mut() {
                    Some(parent) => parent.take(ended.name.clone(), ended.into_value()),
                    None if ended.name == ROOT => whole = Some(ended.fields),
                    None => return None,
                }
            }
            Event::Text(text) => add(&mut open, &text.xml10_content().ok()?)?,
            Event::CData(text) => add(&mut open, &text.xml10_content().ok()?)?,
            Event::GeneralRef(reference) => add(&mut open, &resolved(&reference)?)?,
            Event::Decl(_) | Event::Comment(_) => {}
            Event::DocType(_) | Event::PI(_) => return None,
            Event::Eof => return whole,
        }
    }
}

/// Adds text to the element that is open; outside the root only blanks may be.
fn add(open: &mut [Open], text: &str) -> Option<()> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return None,
    }
    Some(())
}

/// A character by its number, or one of the five that XML itself names.
fn resolved(reference: &BytesRef<'_>) -> Option<String> {
    if let Some(character) = reference.resolve_char_ref().ok()? {
        return Some(character.to_string());
    }
    resolve_xml_entity(&reference.decode().ok()?).map(str::to_owned)
}
