//! Pure decisions about stores.

use serde_json::{Value, json};

use super::model::{Location, StoreDraft};

const MAX_LATITUDE: i64 = 90_000_000;
const MAX_LONGITUDE: i64 = 180_000_000;

/// Checks what staff wrote; answers it trimmed.
///
/// # Errors
/// The details of the refusal: the first field that breaks a rule.
pub(super) fn checked(draft: &StoreDraft) -> Result<StoreDraft, Value> {
    Ok(StoreDraft {
        name: bounded("name", &draft.name, 60)?,
        address: bounded("address", &draft.address, 200)?,
        phone: phone(&draft.phone)?,
        opening_hours: bounded("opening_hours", &draft.opening_hours, 100)?,
        location: draft.location.map(location).transpose()?,
    })
}

fn bounded(field: &str, text: &str, most: usize) -> Result<String, Value> {
    let text = text.trim();
    let fits = (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(json!({ "field": field, "min_length": 1, "max_length": most })) }
}

fn phone(text: &str) -> Result<String, Value> {
    let text = text.trim();
    let fits =
        (5..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || b"-+ ".contains(&byte));
    if fits {
        Ok(text.to_owned())
    } else {
        Err(json!({ "field": "phone", "rule": "5 to 20 digits, hyphens or spaces" }))
    }
}

fn location(place: Location) -> Result<Location, Value> {
    let fits = |degrees: i64, most: i64| (-most..=most).contains(&degrees);
    if fits(place.latitude, MAX_LATITUDE) && fits(place.longitude, MAX_LONGITUDE) {
        Ok(place)
    } else {
        Err(json!({ "field": "location", "rule": "millionths of a degree" }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> StoreDraft {
        StoreDraft {
            name: " 南山旗舰店 ".to_owned(),
            address: "深圳市南山区科技园一路 1 号".to_owned(),
            phone: "0755-12345678".to_owned(),
            opening_hours: "10:00–22:00".to_owned(),
            location: Some(Location { latitude: 22_540_000, longitude: 113_950_000 }),
        }
    }

    #[test]
    fn a_good_draft_is_trimmed() {
        assert_eq!(checked(&draft()).unwrap().name, "南山旗舰店");
    }

    #[test]
    fn every_field_is_bounded() {
        let far = Some(Location { latitude: 90_000_001, longitude: 0 });
        for (field, bad) in [
            ("name", StoreDraft { name: " ".to_owned(), ..draft() }),
            ("address", StoreDraft { address: "长".repeat(201), ..draft() }),
            ("phone", StoreDraft { phone: "打电话".to_owned(), ..draft() }),
            ("opening_hours", StoreDraft { opening_hours: "十\u{7}点".to_owned(), ..draft() }),
            ("location", StoreDraft { location: far, ..draft() }),
        ] {
            assert_eq!(checked(&bad).unwrap_err()["field"], field);
        }
    }
}
