//! Delivery addresses: what is needed to deliver in China.

use serde_json::Value;

use super::profile::is_mobile;
use super::{bounded, flaw};
use crate::kernel::region::Province;

/// Most addresses of one user.
pub const MAX_ADDRESSES: i64 = 20;

/// An address as somebody typed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressDraft {
    /// Who receives: 1 to 32 characters.
    pub receiver_name: String,
    /// Their phone: a mobile number, or an area code and a number.
    pub receiver_phone: String,
    /// The province's two digits of GB/T 2260.
    pub province_code: String,
    /// The city: 1 to 32 characters.
    pub city: String,
    /// The district or county: 1 to 32 characters.
    pub district: String,
    /// Street, house, room: 1 to 120 characters.
    pub detail: String,
    /// Whether it is to be offered first.
    pub is_default: bool,
}

/// Checks an address; answers it trimmed, with the name of its province, which follows from the code.
///
/// # Errors
/// The details of the refusal: the first field that breaks a rule.
pub fn check_address(draft: &AddressDraft) -> Result<(AddressDraft, &'static str), Value> {
    let receiver_name = bounded("receiver_name", &draft.receiver_name, 32)?;
    let receiver_phone = draft.receiver_phone.trim().to_owned();
    if !is_phone(&receiver_phone) {
        return Err(flaw(
            "receiver_phone",
            "a mobile number of 11 digits, or area code and number such as 010-12345678",
        ));
    }
    let province = Province::parse(&draft.province_code);
    let province = province.ok_or_else(|| flaw("province_code", "two digits of GB/T 2260, such as 44"))?;
    let checked = AddressDraft {
        receiver_name,
        receiver_phone,
        province_code: draft.province_code.clone(),
        city: bounded("city", &draft.city, 32)?,
        district: bounded("district", &draft.district, 32)?,
        detail: bounded("detail", &draft.detail, 120)?,
        is_default: draft.is_default,
    };
    Ok((checked, province.name()))
}

/// Whether this is a phone number of mainland China: a mobile number, or an area code and a number.
pub fn is_phone(text: &str) -> bool {
    is_mobile(text) || is_landline(text)
}

/// Area code (three or four digits from 0) and seven or eight digits, with or without a hyphen.
fn is_landline(text: &str) -> bool {
    let digits: String = text.chars().filter(|character| *character != '-').collect();
    let hyphen_fits = match text.split_once('-') {
        None => true,
        Some((area, number)) => matches!(area.len(), 3 | 4) && matches!(number.len(), 7 | 8) && !number.contains('-'),
    };
    hyphen_fits
        && digits.starts_with('0')
        && (10..=12).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> AddressDraft {
        AddressDraft {
            receiver_name: " 张三 ".to_owned(),
            receiver_phone: "13800001234".to_owned(),
            province_code: "44".to_owned(),
            city: "深圳市".to_owned(),
            district: "南山区".to_owned(),
            detail: "科技园一路 1 号".to_owned(),
            is_default: false,
        }
    }

    #[test]
    fn a_good_address_is_trimmed_and_knows_its_province() {
        let (address, province) = check_address(&draft()).unwrap();
        assert_eq!(address.receiver_name, "张三");
        assert_eq!(province, "广东省");
    }

    #[test]
    fn phones_are_mobile_or_landline() {
        for good in ["13800001234", "010-12345678", "0755-1234567", "075512345678"] {
            assert!(check_address(&AddressDraft { receiver_phone: good.to_owned(), ..draft() }).is_ok(), "{good}");
        }
        for bad in
            ["", "12345678901", "1380000123", "010--12345678", "10-12345678", "0-12345678901", "abc", "010-12345-78"]
        {
            let refusal = check_address(&AddressDraft { receiver_phone: bad.to_owned(), ..draft() }).unwrap_err();
            assert_eq!(refusal["field"], "receiver_phone", "{bad}");
        }
    }

    #[test]
    fn an_unknown_province_is_refused() {
        for bad in ["", "4", "99", "440000", "ab"] {
            let refusal = check_address(&AddressDraft { province_code: bad.to_owned(), ..draft() }).unwrap_err();
            assert_eq!(refusal["field"], "province_code", "{bad}");
        }
    }

    #[test]
    fn every_text_is_bounded() {
        let long = "长".repeat(121);
        for (field, bad) in [
            ("receiver_name", AddressDraft { receiver_name: long.clone(), ..draft() }),
            ("city", AddressDraft { city: String::new(), ..draft() }),
            ("district", AddressDraft { district: long.clone(), ..draft() }),
            ("detail", AddressDraft { detail: long, ..draft() }),
        ] {
            assert_eq!(check_address(&bad).unwrap_err()["field"], field);
        }
    }
}
