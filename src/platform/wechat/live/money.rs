//! Prices as the library writes them: numbers of yuan with two decimals.

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::kernel::money::Fen;

/// An amount that is written as a number of yuan. Never through floating point: the digits are the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Yuan(pub(super) Fen);

impl Serialize for Yuan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let yuan = Decimal::new(self.0.get(), 2);
        RawValue::from_string(format!("{yuan:.2}")).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Yuan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        // Written as a number by most calls, as a text by some.
        let text = raw.get().trim_matches('"');
        fen_of(text).map(Self).ok_or_else(|| D::Error::custom("expected a number of yuan"))
    }
}

fn fen_of(text: &str) -> Option<Fen> {
    let yuan = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()?;
    let fen = yuan.checked_mul(Decimal::ONE_HUNDRED)?.normalize();
    if fen.scale() == 0 { i64::try_from(fen.mantissa()).ok().map(Fen::new) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_with_two_decimals_and_read_however_it_is_written() {
        for (fen, written) in [(1, "0.01"), (100, "1.00"), (1_990, "19.90"), (123_456_789, "1234567.89")] {
            assert_eq!(serde_json::to_string(&Yuan(Fen::new(fen))).unwrap(), written);
        }
        for (written, fen) in [("19.9", 1_990), ("19.90", 1_990), ("\"19.90\"", 1_990), ("20", 2_000), ("2e1", 2_000)] {
            assert_eq!(serde_json::from_str::<Yuan>(written).unwrap(), Yuan(Fen::new(fen)), "{written}");
        }
        for wrong in ["19.905", "\"a\"", "true", "null"] {
            assert!(serde_json::from_str::<Yuan>(wrong).is_err(), "{wrong}");
        }
    }
}
