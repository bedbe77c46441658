//! What shoppers see: their wallet, and what is on offer.

use std::collections::{BTreeSet, HashMap};

use crate::campaign::{self, CampaignError, Viewer};
use crate::catalog::{self, CategoryId, ProductId};
use crate::coupon::error::CouponError;
use crate::coupon::model::{
    Allotment, CouponAudience, CouponId, CouponTemplate, CouponTemplateId, CouponUse, CouponWithTemplate, SOON_MS,
    UserCount,
};
use crate::coupon::rules::{self, Claimer, Terms};
use crate::coupon::store::{self, Shelf, ShelfCounts};
use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::order;
use crate::platform::db::{DbResult, Tx};

/// Most templates on offer that are looked at.
const MAX_OFFERED: i64 = 100;

/// One page of a wallet, and the moment it was looked at.
pub(in crate::coupon) fn page_of_user(
    tx: &mut Tx<'_>,
    user: UserId,
    shelf: Shelf,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<(Page<CouponWithTemplate>, Timestamp)> {
    let rows = store::on_shelf(tx, user, shelf, after, limit.saturating_add(1))?;
    let rows = rows.into_iter().map(|(coupon, template)| CouponWithTemplate { coupon, template }).collect();
    let key = |held: &CouponWithTemplate| match shelf {
        Shelf::Held => held.coupon.valid_until.millis(),
        Shelf::Used | Shelf::Over => 0,
    };
    let page = Page::cut(rows, limit, |held: &CouponWithTemplate| Cursor { key: key(held), id: held.coupon.id.get() });
    Ok((page, tx.now()))
}

/// How many coupons each part of a wallet has.
pub(in crate::coupon) fn summary(tx: &mut Tx<'_>, user: UserId) -> DbResult<ShelfCounts> {
    let soon = tx.now().plus_millis(SOON_MS);
    store::shelf_counts(tx, user, soon)
}

/// One coupon out of a user's own wallet.
#[derive(Clone, Debug)]
pub(in crate::coupon) struct Pocket {
    /// The coupon.
    pub(in crate::coupon) held: CouponWithTemplate,
    /// The orders it was in, latest first.
    pub(in crate::coupon) uses: Vec<CouponUse>,
    /// When it was looked at.
    pub(in crate::coupon) at: Timestamp,
}

/// One coupon of a user's own.
///
/// # Errors
/// [`CouponError::NotFound`] also for somebody else's.
pub(in crate::coupon) fn file_of_user(tx: &mut Tx<'_>, user: UserId, id: CouponId) -> Result<Pocket, CouponError> {
    let found = store::find_with_template(tx, id)?.filter(|(coupon, _)| coupon.user_id == user);
    let (coupon, template) = found.ok_or(CouponError::NotFound)?;
    let uses = store::uses_of_coupon(tx, id)?;
    Ok(Pocket { held: CouponWithTemplate { coupon, template }, uses, at: tx.now() })
}

/// Whom offers are shown to, and on which product's page.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::coupon) struct OfferedTo {
    /// Who looks; absent before log-in.
    pub(in crate::coupon) user: Option<UserId>,
    /// Only coupons that are for this product.
    pub(in crate::coupon) product: Option<ProductId>,
    /// Only coupons of this campaign.
    pub(in crate::coupon) campaign: Option<CampaignId>,
}

/// A template on offer and whether this viewer may take one.
#[derive(Debug)]
pub(in crate::coupon) struct Offered {
    /// The template.
    pub(in crate::coupon) template: CouponTemplate,
    /// How many there are.
    pub(in crate::coupon) allotment: Allotment,
    /// How many of them the viewer ever had.
    pub(in crate::coupon) had: i64,
    /// Why they may not take one now.
    pub(in crate::coupon) refusal: Option<CouponError>,
}

/// What shoppers may take themselves, now or soon, newest first, with why this viewer may not.
pub(in crate::coupon) fn claimable(tx: &mut Tx<'_>, viewer: OfferedTo) -> DbResult<(Vec<Offered>, Timestamp)> {
    let mut offered = store::offered(tx, MAX_OFFERED)?;
    if let Some(campaign) = viewer.campaign {
        offered.retain(|(template, _)| template.campaign_id == Some(campaign));
    }
    if let Some(product) = viewer.product {
        let path = path_of(tx, product)?;
        offered.retain(|(template, _)| rules::fits_product(&Terms::of(template, None).goods, product, &path));
    }
    let person = Person::of(tx, viewer.user, &offered)?;
    let mut seen = Vec::with_capacity(offered.len());
    for (template, allotment) in offered {
        let refusal = match person.campaign_refusal(tx, &template)? {
            // What is kept from this viewer they do not see at all.
            Some(CampaignError::NotFound | CampaignError::NotForYou) => continue,
            Some(refusal) => Some(refusal.into()),
            None => person.refusal(&template, &allotment, tx),
        };
        let had = person.counts.get(&template.id).map_or(0, |count| count.issued);
        seen.push(Offered { template, allotment, had, refusal });
    }
    Ok((seen, tx.now()))
}

fn path_of(tx: &mut Tx<'_>, product: ProductId) -> DbResult<Vec<CategoryId>> {
    let Some(category) = catalog::product_categories(tx, &[product])?.remove(&product) else {
        return Ok(Vec::new());
    };
    Ok(catalog::category_paths(tx, &[category])?.remove(&category).unwrap_or_default())
}

/// A viewer, as far as these offers care.
struct Person {
    user: Option<UserId>,
    newcomer: bool,
    listed: BTreeSet<CouponTemplateId>,
    counts: HashMap<CouponTemplateId, UserCount>,
}

impl Person {
    fn of(tx: &mut Tx<'_>, user: Option<UserId>, offered: &[(CouponTemplate, Allotment)]) -> DbResult<Self> {
        let stranger = Self { user: None, newcomer: true, listed: BTreeSet::new(), counts: HashMap::new() };
        let Some(id) = user else { return Ok(stranger) };
        let ids: Vec<CouponTemplateId> = offered.iter().map(|(template, _)| template.id).collect();
        let asks = |wanted: fn(&CouponTemplate) -> bool| offered.iter().any(|(template, _)| wanted(template));
        let asks_newcomer =
            asks(|template| template.audience == CouponAudience::Newcomers || template.campaign_id.is_some());
        let newcomer = asks_newcomer && order::is_newcomer(tx, id)?;
        let listed = match asks(|template| template.audience == CouponAudience::List) {
            true => store::listed_for(tx, id, &ids)?.into_iter().collect(),
            false => BTreeSet::new(),
        };
        let counts = if ids.is_empty() { Vec::new() } else { store::user_counts(tx, id, &ids)? };
        let counts = counts.into_iter().map(|count| (count.template_id, count)).collect();
        Ok(Self { user, newcomer, listed, counts })
    }

    /// Why the campaign of a template keeps this viewer out.
    fn campaign_refusal(&self, tx: &mut Tx<'_>, template: &CouponTemplate) -> DbResult<Option<CampaignError>> {
        let Some(id) = template.campaign_id else { return Ok(None) };
        let viewer = Viewer { user: self.user, newcomer: self.newcomer };
        let facts = match campaign::facts(tx, id) {
            Ok(facts) => facts,
            Err(CampaignError::Db(error)) => return Err(error),
            Err(refusal) => return Ok(Some(refusal)),
        };
        campaign::hindrance(tx, &facts, &viewer)
    }

    /// The same questions that a claim is asked. Before log-in only those that concern everybody.
    fn refusal(&self, template: &CouponTemplate, allotment: &Allotment, tx: &Tx<'_>) -> Option<CouponError> {
        let (now, day) = (tx.now(), tx.today());
        let asked = || {
            rules::on_offer(template, now)?;
            rules::window(template, None, now)?;
            if self.user.is_some() {
                let claimer = Claimer { newcomer: self.newcomer, listed: self.listed.contains(&template.id) };
                rules::may_have(template.audience, claimer)?;
                rules::within_own_limits(template, self.counts.get(&template.id), day)?;
            }
            rules::some_left(allotment, day)
        };
        asked().err()
    }
}
