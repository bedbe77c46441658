//! Arguments of the merchant host's calls: read one by one, the first wrong one refuses the call and is named.

use serde_json::Value;

use super::PayRefusal;
use crate::wechat_simulator::state::World;

/// What a text must look like.
#[derive(Clone, Copy)]
pub(super) struct Text {
    /// Fewest characters.
    least: usize,
    /// Most characters.
    most: usize,
    /// Which characters.
    allows: fn(char) -> bool,
}

impl Text {
    /// Any characters, 1 up to `most`.
    pub(super) const fn up_to(most: usize) -> Self {
        Self { least: 1, most, allows: |_| true }
    }

    /// A merchant's number of an order.
    pub(super) const OUT_TRADE_NO: Self =
        Self { least: 6, most: 32, allows: |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '|' | '*') };

    /// A merchant's number of a refund.
    pub(super) const OUT_REFUND_NO: Self =
        Self { least: 1, most: 64, allows: |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '|' | '*' | '@') };

    fn accepts(self, text: &str) -> bool {
        (self.least..=self.most).contains(&text.chars().count()) && text.chars().all(self.allows)
    }
}

/// A JSON body.
pub(super) struct Arguments(Value);

impl Arguments {
    /// Parses the body; it must be an object.
    pub(super) fn parse(body: &[u8]) -> Result<Self, PayRefusal> {
        match serde_json::from_slice(body) {
            Ok(value @ Value::Object(_)) => Ok(Self(value)),
            _ => Err(PayRefusal::argument("body", "", None, "the body is not a JSON object")),
        }
    }

    /// The whole body.
    pub(super) fn into_value(self) -> Value {
        self.0
    }

    /// The value at a JSON pointer, `null` counting as absent.
    pub(super) fn at(&self, pointer: &str) -> Option<&Value> {
        self.0.pointer(pointer).filter(|value| !value.is_null())
    }

    /// Refuses the call because of one argument.
    pub(super) fn wrong(&self, pointer: &str, issue: &str) -> PayRefusal {
        PayRefusal::argument("body", pointer, self.at(pointer), issue)
    }

    /// A text that may be absent.
    pub(super) fn text(&self, pointer: &str, form: Text) -> Result<Option<&str>, PayRefusal> {
        match self.at(pointer) {
            None => Ok(None),
            Some(Value::String(text)) if form.accepts(text) => Ok(Some(text)),
            Some(Value::String(_)) => {
                Err(self.wrong(pointer, "the text is too short, too long or has characters that are not allowed"))
            }
            Some(_) => Err(self.wrong(pointer, "the value must be a string")),
        }
    }

    /// A text that must be there.
    pub(super) fn required_text(&self, pointer: &str, form: Text) -> Result<&str, PayRefusal> {
        self.text(pointer, form)?.ok_or_else(|| self.wrong(pointer, "the value is required"))
    }

    /// A whole number of at least `least` that must be there.
    pub(super) fn required_integer(&self, pointer: &str, least: i64) -> Result<i64, PayRefusal> {
        let value = self.at(pointer).ok_or_else(|| self.wrong(pointer, "the value is required"))?;
        let number = value.as_i64().ok_or_else(|| self.wrong(pointer, "the value must be an integer"))?;
        if number < least {
            return Err(self.wrong(pointer, "the value is too small"));
        }
        Ok(number)
    }

    /// A truth value that may be absent.
    pub(super) fn check_flag(&self, pointer: &str) -> Result<(), PayRefusal> {
        match self.at(pointer) {
            None | Some(Value::Bool(_)) => Ok(()),
            Some(_) => Err(self.wrong(pointer, "the value must be true or false")),
        }
    }

    /// The only currency.
    pub(super) fn check_currency(&self, required: bool) -> Result<(), PayRefusal> {
        match self.at("/amount/currency") {
            None if required => Err(self.wrong("/amount/currency", "the value is required")),
            None => Ok(()),
            Some(Value::String(currency)) if currency == "CNY" => Ok(()),
            Some(_) => Err(self.wrong("/amount/currency", "Currency code is invalid")),
        }
    }

    /// The merchant of the body must be the one that signed.
    pub(super) fn check_merchant(&self, world: &World) -> Result<(), PayRefusal> {
        let mchid = self.required_text("/mchid", Text::up_to(32))?;
        check_merchant(world, mchid)
    }

    /// An address notices can go to.
    pub(super) fn notify_url(&self) -> Result<Option<&str>, PayRefusal> {
        let Some(url) = self.text("/notify_url", Text::up_to(255))? else { return Ok(None) };
        let speaks_http = url.starts_with("https://") || url.starts_with("http://");
        if !speaks_http || url.contains(['?', '#', ' ']) {
            return Err(self.wrong("/notify_url", "the address must be http(s) and carry no query"));
        }
        Ok(Some(url))
    }
}

/// A merchant named in a body or query must be the one that signed.
pub(super) fn check_merchant(world: &World, mchid: &str) -> Result<(), PayRefusal> {
    if mchid == world.mch_id { Ok(()) } else { Err(PayRefusal::new(400, "MCH_NOT_EXISTS", "商户号不存在")) }
}
