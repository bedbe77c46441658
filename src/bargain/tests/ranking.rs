//! Who has most helpers, and what that wins.

use super::stage::*;
use crate::bargain::model::*;
use crate::kernel::id::UserId;
use crate::kernel::time::{HOUR_MS, MINUTE_MS};

impl Stage {
    async fn owner_with(&self, helpers: usize) -> UserId {
        let owner = self.newcomer().await;
        let bargain = self.opens(owner).await.unwrap();
        for helper in self.people(helpers).await {
            self.helps(helper, &bargain).await.unwrap();
        }
        owner
    }
}

#[tokio::test]
async fn of_owners_with_as_many_helpers_the_first_to_get_there_stands_first() {
    let stage = Stage::with(rules()).await;
    let (early, late) = (stage.newcomer().await, stage.newcomer().await);
    let (first, second) = (stage.opens(early).await.unwrap(), stage.opens(late).await.unwrap());
    let friends = stage.people(3).await;
    // The clock stands still: what counts is who was first, not how fine the clock is.
    stage.helps(friends[0], &second).await.unwrap();
    stage.helps(friends[0], &first).await.unwrap();
    assert_eq!(stage.top().await, [(late, 1), (early, 1)]);
    stage.helps(friends[1], &first).await.unwrap();
    stage.helps(friends[1], &second).await.unwrap();
    assert_eq!(stage.top().await, [(early, 2), (late, 2)]);
    stage.books_balance().await;
}

#[tokio::test]
async fn prizes_are_settled_once_a_minute_after_the_end_and_paid_once() {
    let stage = Stage::with(rules()).await;
    let (gold, silver) = (stage.coupon(10).await, stage.coupon(10).await);
    let prizes = vec![
        Prize { from_rank: 1, to_rank: 1, template_id: gold },
        Prize { from_rank: 2, to_rank: 3, template_id: silver },
    ];
    stage.promise(Rules { prizes, ..rules() }).await;
    let mut owners = Vec::new();
    for helpers in [2, 5, 3, 1] {
        owners.push(stage.owner_with(helpers).await);
    }
    stage.ends().await;
    stage.later(MINUTE_MS).await;
    assert!(stage.awards().await.is_empty(), "not before a minute is over");
    stage.later(1).await;
    let awards = stage.awards().await;
    let won: Vec<_> = awards.iter().map(|award| (award.place, award.user_id, award.template_id, award.state)).collect();
    let paid = AwardState::Paid;
    assert_eq!(won, [(1, owners[1], gold, paid), (2, owners[2], silver, paid), (3, owners[0], silver, paid)]);
    for _ in 0..3 {
        stage.later(HOUR_MS).await;
    }
    assert_eq!(stage.awards().await, awards);
    assert_eq!((stage.events("bargain.prize_paid").await, stage.events("coupon.issued").await), (3, 3));
    stage.books_balance().await;
}

#[tokio::test]
async fn a_prize_that_cannot_be_given_is_tried_again_and_then_left_to_staff() {
    let stage = Stage::with(rules()).await;
    let template = stage.coupon(1).await;
    stage.promise(Rules { prizes: vec![Prize { from_rank: 1, to_rank: 2, template_id: template }], ..rules() }).await;
    for helpers in [2, 1] {
        stage.owner_with(helpers).await;
    }
    stage.ends().await;
    for _ in 0..12 {
        stage.later(HOUR_MS).await;
    }
    let states: Vec<_> = stage.awards().await.iter().map(|award| (award.state, award.trouble.clone())).collect();
    let trouble = Some("coupon.sold_out".to_owned());
    assert_eq!(states, [(AwardState::Paid, None), (AwardState::Failed, trouble)]);

    stage.run("UPDATE coupon_allotments SET total_limit = 5".to_owned()).await;
    let campaign = stage.campaign;
    let again = stage.db.write("retry", move |tx| crate::bargain::store::ranking::retry(tx, campaign)).await.unwrap();
    assert_eq!(again, 1);
    stage.later(0).await;
    assert!(stage.awards().await.iter().all(|award| award.state == AwardState::Paid));
    stage.books_balance().await;
}
