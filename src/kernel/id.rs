//! Typed ids: 63 bits, ordered by time, strings on the wire.
//!
//! Layout, high to low: 42 bits of milliseconds since 2024-01-01, 8 bits of node, 13 bits of sequence. JavaScript
//! cannot hold 63 bits in a number, therefore JSON carries ids as strings of digits.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::kernel::time::{Clock, Timestamp};

const EPOCH_MS: i64 = 1_704_067_200_000;
const NODE_BITS: u32 = 8;
const SEQUENCE_BITS: u32 = 13;

/// Makes ids that never repeat within one node and rise with time.
#[derive(Debug)]
pub struct IdMaker {
    clock: Clock,
    node: i64,
    /// Milliseconds and sequence of the last id, without the node.
    last: AtomicI64,
}

impl IdMaker {
    /// An id maker for `node` (0–255); two processes on one database need different nodes.
    pub fn new(clock: Clock, node: u8) -> Self {
        Self { clock, node: i64::from(node), last: AtomicI64::new(0) }
    }

    /// The next id. When more than 8,192 are asked for within a millisecond, or the clock went back, it runs ahead
    /// of the clock instead of waiting, so it never repeats and never blocks.
    pub fn next(&self) -> i64 {
        let floor = self.clock.now().millis().saturating_sub(EPOCH_MS).max(0) << SEQUENCE_BITS;
        let step = |last: i64| Some(floor.max(last.saturating_add(1)));
        let previous = self.last.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step).unwrap_or_default();
        let tick = floor.max(previous.saturating_add(1));
        let millis = tick >> SEQUENCE_BITS;
        let sequence = tick & ((1 << SEQUENCE_BITS) - 1);
        (millis << (NODE_BITS + SEQUENCE_BITS)) | (self.node << SEQUENCE_BITS) | sequence
    }
}

/// The moment an id was made at, to the millisecond.
pub const fn made_at(id: i64) -> Timestamp {
    Timestamp::from_millis((id >> (NODE_BITS + SEQUENCE_BITS)) + EPOCH_MS)
}

/// Declares typed ids: `typed_id! { /// One order. OrderId }`. Each is a string of digits in JSON and in paths, a
/// `BigInt` in the database, and cannot be taken for another kind of id.
#[macro_export]
macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::diesel::AsExpression, ::diesel::FromSqlRow)]
        #[diesel(sql_type = ::diesel::sql_types::BigInt)]
        pub struct $name(i64);

        $crate::stored_as_bigint!($name);

        impl $name {
            /// Wraps a stored id.
            pub const fn new(value: i64) -> Self {
                Self(value)
            }

            /// The stored number.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, out: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, out)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::kernel::id::NotAnId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::kernel::id::parse(text).map(Self)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = ::std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(::serde::de::Error::custom)
            }
        }

        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::schema::Schema> {
                $crate::kernel::id::schema()
            }
        }

        impl ::utoipa::ToSchema for $name {}
    )+};
}

typed_id! {
    /// One person, however many entrances they use.
    UserId,
    /// One installation of a front end, known before anybody logs in.
    DeviceId,
    /// One log-in: a family of refresh tokens.
    SessionId,
    /// One member of the shop's staff.
    StaffId,
    /// One order. Stock, payment and offers name it, though they know nothing else of orders.
    OrderId,
    /// A campaign.
    CampaignId,
}

/// Lets a newtype over `i64` be stored in a `BigInt` column of either database.
#[macro_export]
macro_rules! stored_as_bigint {
    ($name:ident) => {
        impl<DB> ::diesel::serialize::ToSql<::diesel::sql_types::BigInt, DB> for $name
        where
            DB: ::diesel::backend::Backend,
            i64: ::diesel::serialize::ToSql<::diesel::sql_types::BigInt, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut ::diesel::serialize::Output<'b, '_, DB>) -> ::diesel::serialize::Result {
                ::diesel::serialize::ToSql::<::diesel::sql_types::BigInt, DB>::to_sql(&self.0, out)
            }
        }

        impl<DB> ::diesel::deserialize::FromSql<::diesel::sql_types::BigInt, DB> for $name
        where
            DB: ::diesel::backend::Backend,
            i64: ::diesel::deserialize::FromSql<::diesel::sql_types::BigInt, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> ::diesel::deserialize::Result<Self> {
                i64::from_sql(bytes).map(Self)
            }
        }
    };
}

/// A text that is no id: not 1–19 digits, or above 63 bits.
#[derive(Debug, thiserror::Error)]
#[error("expected an id: a string of 1 to 19 digits")]
pub struct NotAnId;

/// Reads an id from its text.
pub fn parse(text: &str) -> Result<i64, NotAnId> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().map_err(|_| NotAnId) } else { Err(NotAnId) }
}

/// Writes an id that has no type of its own the way all are written, as text.
///
/// # Errors
/// The serializer's.
pub fn as_text<S: serde::Serializer>(id: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

/// The lowest id that could have been made at `moment` or later.
pub const fn first_at(moment: Timestamp) -> i64 {
    let since = moment.millis().saturating_sub(EPOCH_MS);
    if since > 0 { since << (NODE_BITS + SEQUENCE_BITS) } else { 0 }
}

/// How an id is written in the OpenAPI document.
pub fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
    let object = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[0-9]{1,19}$"))
        .examples([serde_json::json!("184467440737095516")])
        .build();
    utoipa::openapi::RefOr::T(Schema::Object(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_and_never_repeat_even_when_the_clock_stands_or_goes_back() {
        let clock = Clock::manual(Timestamp::from_millis(EPOCH_MS + 1_000));
        let maker = IdMaker::new(clock.clone(), 3);
        let mut last = 0;
        for round in 0..20_000 {
            if round == 10_000 {
                clock.advance(-500);
            }
            let id = maker.next();
            assert!(id > last);
            last = id;
        }
    }

    #[test]
    fn an_id_remembers_when_it_was_made() {
        let clock = Clock::manual(Timestamp::from_millis(EPOCH_MS + 86_400_000));
        let id = IdMaker::new(clock.clone(), 200).next();
        assert_eq!(made_at(id), clock.now());
        assert!(first_at(clock.now()) <= id && id < first_at(clock.now().plus_millis(1)));
    }

    #[test]
    fn only_digits_are_an_id() {
        for text in ["", "-1", "+1", "1e3", "9999999999999999999", " 1"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert_eq!(parse("42").ok(), Some(42));
    }
}
