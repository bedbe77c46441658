//! Provinces, as addresses and freight tariffs name them: the codes of GB/T 2260.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The provincial divisions with their two digits.
const PROVINCES: [(&str, &str); 34] = [
    ("11", "北京市"),
    ("12", "天津市"),
    ("13", "河北省"),
    ("14", "山西省"),
    ("15", "内蒙古自治区"),
    ("21", "辽宁省"),
    ("22", "吉林省"),
    ("23", "黑龙江省"),
    ("31", "上海市"),
    ("32", "江苏省"),
    ("33", "浙江省"),
    ("34", "安徽省"),
    ("35", "福建省"),
    ("36", "江西省"),
    ("37", "山东省"),
    ("41", "河南省"),
    ("42", "湖北省"),
    ("43", "湖南省"),
    ("44", "广东省"),
    ("45", "广西壮族自治区"),
    ("46", "海南省"),
    ("50", "重庆市"),
    ("51", "四川省"),
    ("52", "贵州省"),
    ("53", "云南省"),
    ("54", "西藏自治区"),
    ("61", "陕西省"),
    ("62", "甘肃省"),
    ("63", "青海省"),
    ("64", "宁夏回族自治区"),
    ("65", "新疆维吾尔自治区"),
    ("71", "台湾省"),
    ("81", "香港特别行政区"),
    ("82", "澳门特别行政区"),
];

/// One provincial division, such as `44` (广东省). A string of two digits on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Province(&'static str);

impl Province {
    /// Reads a code; `None` when no province has it.
    pub fn parse(code: &str) -> Option<Self> {
        PROVINCES.iter().find(|(known, _)| *known == code).map(|(known, _)| Self(known))
    }

    /// Its two digits.
    pub const fn code(self) -> &'static str {
        self.0
    }

    /// Its full name.
    pub fn name(self) -> &'static str {
        PROVINCES.iter().find(|(code, _)| *code == self.0).map_or("", |(_, name)| name)
    }

    /// Every province, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        PROVINCES.iter().map(|(code, _)| Self(code))
    }
}

impl std::fmt::Display for Province {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.0)
    }
}

impl Serialize for Province {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Province {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&code).ok_or_else(|| D::Error::custom("expected the two digits of a province, such as 44"))
    }
}

impl utoipa::PartialSchema for Province {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
        let object = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9]{2}$"))
            .description(Some("The two digits of a province in GB/T 2260."))
            .examples([serde_json::json!("44")])
            .build();
        utoipa::openapi::RefOr::T(Schema::Object(object))
    }
}

impl utoipa::ToSchema for Province {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_of_provinces_are_provinces() {
        assert_eq!(Province::parse("44").map(Province::name), Some("广东省"));
        for code in ["", "4", "00", "99", "440", "440000", "+4", "４４"] {
            assert_eq!(Province::parse(code), None, "{code:?}");
        }
        assert_eq!(Province::all().count(), 34);
    }
}
