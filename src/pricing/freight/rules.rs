//! What a freight template costs and when it makes sense; decided without a database.

use std::collections::BTreeSet;

use serde_json::json;

use super::error::FreightError;
use super::model::{MAX_FEE, MAX_NAME, MAX_UNITS, Measure, NewTemplate, Tariff, Template};
use crate::kernel::money::Fen;
use crate::kernel::region::Province;

/// How much of everything the lines of one template are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Load {
    /// Pieces.
    pub pieces: i64,
    /// Grams.
    pub weight_grams: i64,
    /// Cubic centimetres.
    pub volume_cm3: i64,
}

impl Load {
    /// This load and `quantity` pieces more; `None` on overflow.
    pub fn plus(self, quantity: i64, weight_grams: i64, volume_cm3: i64) -> Option<Self> {
        Some(Self {
            pieces: self.pieces.checked_add(quantity)?,
            weight_grams: self.weight_grams.checked_add(weight_grams.checked_mul(quantity)?)?,
            volume_cm3: self.volume_cm3.checked_add(volume_cm3.checked_mul(quantity)?)?,
        })
    }

    const fn units(self, measure: Measure) -> i64 {
        match measure {
            Measure::Piece => self.pieces,
            Measure::Weight => self.weight_grams,
            Measure::Volume => self.volume_cm3,
        }
    }
}

/// Why a load has no freight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDelivered {
    /// Nothing of this template is delivered to that province.
    Undeliverable,
    /// The fee leaves the range of money.
    Overflow,
}

/// What it costs to send this load of one template to a province. `goods` is what is paid for the goods of the load,
/// after discounts.
///
/// # Errors
/// When nothing is delivered there.
pub fn freight(template: &Template, load: Load, goods: Fen, province: Province) -> Result<Fen, NotDelivered> {
    let named = template.tariffs.iter().find(|tariff| tariff.provinces.contains(&province));
    let elsewhere = || template.tariffs.iter().find(|tariff| tariff.provinces.is_empty());
    let tariff = named.or_else(elsewhere).filter(|tariff| tariff.deliverable).ok_or(NotDelivered::Undeliverable)?;
    if tariff.free_from.is_some_and(|from| goods >= from) {
        return Ok(Fen::ZERO);
    }
    let further = load.units(template.measure).saturating_sub(tariff.first_units).max(0);
    let steps =
        further.checked_add(tariff.next_units.saturating_sub(1)).and_then(|up| up.checked_div(tariff.next_units));
    let fee = steps.and_then(|steps| tariff.next_fee.times(steps)).and_then(|next| tariff.first_fee.plus(next));
    fee.ok_or(NotDelivered::Overflow)
}

/// Whether anything of this template is sent to a province.
pub fn delivers(template: &Template, province: Province) -> bool {
    freight(template, Load::default(), Fen::ZERO, province) != Err(NotDelivered::Undeliverable)
}

/// The template with its name trimmed, if it makes sense.
pub(super) fn checked(template: NewTemplate) -> Result<NewTemplate, FreightError> {
    let name = template.name.trim().to_owned();
    if !(1..=MAX_NAME).contains(&name.chars().count()) {
        return Err(FreightError::NameOutOfRange);
    }
    let elsewhere = template.tariffs.iter().filter(|tariff| tariff.provinces.is_empty()).count();
    if elsewhere != 1 || template.tariffs.len() > Province::all().count().saturating_add(1) {
        return Err(FreightError::TariffsIncomplete);
    }
    let mut seen = BTreeSet::new();
    for province in template.tariffs.iter().flat_map(|tariff| &tariff.provinces) {
        if !seen.insert(*province) {
            return Err(FreightError::ProvinceTwice(json!({ "province": province })));
        }
    }
    template.tariffs.iter().enumerate().try_for_each(|(position, tariff)| in_range(position, tariff))?;
    Ok(NewTemplate { name, ..template })
}

fn in_range(position: usize, tariff: &Tariff) -> Result<(), FreightError> {
    let fee = Fen::ZERO..=MAX_FEE;
    let wrong = if !(1..=MAX_UNITS).contains(&tariff.first_units) {
        "first_units"
    } else if !(1..=MAX_UNITS).contains(&tariff.next_units) {
        "next_units"
    } else if !fee.contains(&tariff.first_fee) {
        "first_fee_fen"
    } else if !fee.contains(&tariff.next_fee) {
        "next_fee_fen"
    } else if tariff.free_from.is_some_and(|from| !fee.contains(&from)) {
        "free_from_fen"
    } else {
        return Ok(());
    };
    Err(FreightError::TariffOutOfRange(json!({ "field": format!("tariffs[{position}].{wrong}") })))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::FreightTemplateId;
    use crate::kernel::time::Timestamp;

    fn province(code: &str) -> Province {
        Province::parse(code).unwrap()
    }

    fn tariff(provinces: &[&str]) -> Tariff {
        Tariff {
            provinces: provinces.iter().map(|code| province(code)).collect(),
            deliverable: true,
            first_units: 1_000,
            first_fee: Fen::new(800),
            next_units: 500,
            next_fee: Fen::new(150),
            free_from: Some(Fen::new(9_900)),
        }
    }

    fn template(measure: Measure, tariffs: Vec<Tariff>) -> Template {
        let at = Timestamp::from_millis(0);
        Template {
            id: FreightTemplateId::new(1),
            name: "普通".to_owned(),
            measure,
            version: 1,
            created_at: at,
            updated_at: at,
            tariffs,
        }
    }

    fn grams(weight_grams: i64) -> Load {
        Load { pieces: 1, weight_grams, volume_cm3: 0 }
    }

    #[test]
    fn a_started_step_counts_whole() {
        let template = template(Measure::Weight, vec![tariff(&[])]);
        let fee = |weight| freight(&template, grams(weight), Fen::ZERO, province("44"));
        assert_eq!(fee(0), Ok(Fen::new(800)));
        assert_eq!(fee(1_000), Ok(Fen::new(800)));
        assert_eq!(fee(1_001), Ok(Fen::new(950)));
        assert_eq!(fee(1_500), Ok(Fen::new(950)));
        assert_eq!(fee(1_501), Ok(Fen::new(1_100)));
    }

    #[test]
    fn freight_is_free_from_the_threshold_on_and_not_one_fen_below() {
        let template = template(Measure::Weight, vec![tariff(&[])]);
        let fee = |goods| freight(&template, grams(1), Fen::new(goods), province("44"));
        assert_eq!(fee(9_899), Ok(Fen::new(800)));
        assert_eq!(fee(9_900), Ok(Fen::ZERO));
    }

    #[test]
    fn a_named_province_has_its_own_tariff_and_may_be_left_out() {
        let far = Tariff { first_fee: Fen::new(2_500), free_from: None, ..tariff(&["65"]) };
        let never = Tariff { deliverable: false, ..tariff(&["71", "81"]) };
        let template = template(Measure::Piece, vec![far, never, tariff(&[])]);
        let fee = |code| freight(&template, grams(1), Fen::new(1_000_000), province(code));
        assert_eq!(fee("65"), Ok(Fen::new(2_500)));
        assert_eq!(fee("81"), Err(NotDelivered::Undeliverable));
        assert_eq!(fee("11"), Ok(Fen::ZERO));
    }

    #[test]
    fn a_template_needs_one_tariff_for_everywhere_else_and_no_province_twice() {
        let new = |tariffs| NewTemplate { name: " 普通 ".to_owned(), measure: Measure::Piece, tariffs };
        assert_eq!(checked(new(vec![tariff(&[])])).ok().map(|template| template.name), Some("普通".to_owned()));
        assert!(matches!(checked(new(vec![])), Err(FreightError::TariffsIncomplete)));
        assert!(matches!(checked(new(vec![tariff(&[]), tariff(&[])])), Err(FreightError::TariffsIncomplete)));
        let twice = vec![tariff(&[]), tariff(&["44"]), tariff(&["11", "44"])];
        assert!(matches!(checked(new(twice)), Err(FreightError::ProvinceTwice(_))));
        let zero = Tariff { next_units: 0, ..tariff(&[]) };
        assert!(matches!(checked(new(vec![zero])), Err(FreightError::TariffOutOfRange(_))));
        let negative = Tariff { first_fee: Fen::new(-1), ..tariff(&[]) };
        assert!(matches!(checked(new(vec![negative])), Err(FreightError::TariffOutOfRange(_))));
        let nameless = NewTemplate { name: "  ".to_owned(), ..new(vec![tariff(&[])]) };
        assert!(matches!(checked(nameless), Err(FreightError::NameOutOfRange)));
    }

    proptest! {
        #[test]
        fn more_units_never_cost_less(less in 0_i64..1_000_000_000, more in 0_i64..1_000_000_000) {
            let template = template(Measure::Weight, vec![tariff(&[])]);
            let fee = |weight| freight(&template, grams(weight), Fen::ZERO, province("44"));
            let (low, high) = (less.min(more), less.max(more));
            let (low, high) = (fee(low).unwrap(), fee(high).unwrap());
            prop_assert!(low <= high && low >= Fen::new(800));
        }
    }
}
