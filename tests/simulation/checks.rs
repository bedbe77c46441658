//! Model against tables: every line of complaint is something that must not be.

use std::collections::BTreeMap;

use hourglass::kernel::time::DAY_MS;

use super::model::{Claim, Model, Order, Run, State};
use super::snapshot::{OrderRow, Snapshot};
use super::stage::{CUTS, PACKET, Stage};

/// What an order stands for in the tables before and after a step.
pub struct Look<'a> {
    pub stage: &'a Stage,
    pub before: &'a Snapshot,
    pub after: &'a Snapshot,
    pub now: i64,
}

impl Look<'_> {
    /// Follows what time and background work have done since the step before; answers what must not be.
    pub fn follow(&self, model: &mut Model) -> Vec<String> {
        let mut wrong = Vec::new();
        self.campaigns(model, &mut wrong);
        self.orders(model, &mut wrong);
        self.money(model, &mut wrong);
        self.stock(model, &mut wrong);
        self.coupons(model, &mut wrong);
        self.bargains(model, &mut wrong);
        self.groups(model, &mut wrong);
        self.flash(model, &mut wrong);
        self.packets(model, &mut wrong);
        // A job gives up when WeChat refuses for long; staff bring it back at the end.
        let excused = |name: &str| model.troubled && name == "jobs";
        let found = self.after.differences.iter().filter(|(name, _)| !excused(name));
        wrong.extend(found.map(|(name, line)| format!("the books, {name}: {line}")));
        wrong
    }

    fn campaigns(&self, model: &mut Model, wrong: &mut Vec<String>) {
        for row in &self.after.campaigns {
            let Some(run) = model.campaigns.get_mut(&row.id) else { continue };
            let found = match row.state.as_str() {
                "draft" => Run::Draft,
                "scheduled" => Run::Scheduled,
                "running" => Run::Running,
                "paused" => Run::Paused,
                _ => Run::Ended,
            };
            let by_itself =
                (*run == Run::Scheduled && found == Run::Running) || (found == Run::Ended && self.now >= row.ends_at);
            if found != *run && !by_itself {
                wrong.push(format!("campaign {} is {found:?}, not {run:?}", row.id));
            }
            *run = found;
        }
    }

    fn orders(&self, model: &mut Model, wrong: &mut Vec<String>) {
        if self.after.orders.len() != model.orders.len() {
            wrong.push(format!("there are {} orders, not {}", self.after.orders.len(), model.orders.len()));
        }
        for row in &self.after.orders {
            let Some(order) = model.orders.get(&row.id) else {
                wrong.push(format!("nobody placed order {}", row.id));
                continue;
            };
            let found = State::of(&row.state);
            if let Some(why) = self.hindrance(row, order, found) {
                wrong.push(format!("order {} is {found:?} after {:?}: {why}", row.id, order.state));
            }
            if row.total_fen != order.total {
                wrong.push(format!("order {} costs {}, not {}", row.id, row.total_fen, order.total));
            }
            if found == State::Refunded && row.refunded_fen != order.total {
                wrong.push(format!("of order {} {} of {} came back", row.id, row.refunded_fen, order.total));
            }
            let arrived = found >= State::Received && order.received_at == 0;
            let order = model.orders.get_mut(&row.id).expect("it was there");
            order.state = found;
            if arrived {
                order.received_at = self.now;
            }
            if let (Claim::Bargain(id), true) = (order.claim, found.is_sold()) {
                model.bargains.get_mut(&id).expect("a bargain").bought = true;
            }
        }
    }

    /// Why an order must not have come to this state.
    fn hindrance(&self, row: &OrderRow, order: &Order, found: State) -> Option<&'static str> {
        use State::{Closed, Completed, Paid, Pending, Received, Refunded, Shipped};
        if found == order.state {
            return None;
        }
        if matches!(order.state, Closed | Refunded | Completed) || found == Pending {
            return Some("that was the end");
        }
        let paid = order.taken.values().any(|amount| *amount == order.total);
        let long_ago = |since: i64, days: i64| since > 0 && self.now >= since + days * DAY_MS;
        match found {
            Closed if order.state != Pending => Some("it was paid"),
            Closed if !order.close_agreed && self.now < order.deadline => Some("there was time to pay"),
            Paid | Shipped | Received | Completed | Refunded if !paid => Some("nobody paid"),
            Shipped | Received | Completed if !order.ship_agreed => Some("nothing was sent"),
            Received | Completed if !order.receipt_agreed && !long_ago(order.shipped_at, 10) => {
                Some("it is on its way")
            }
            Completed if !long_ago(order.received_at.max(order.shipped_at), 7) => Some("it may still come back"),
            Refunded if order.ship_agreed => Some("it was sent"),
            Refunded if !order.refund_agreed && !self.may_expire(row.id, order) => Some("nobody asked for the money"),
            _ => None,
        }
    }

    /// Whether an order was for a group that did not form.
    fn may_expire(&self, id: i64, order: &Order) -> bool {
        let grouped = matches!(order.claim, Claim::Opens(_) | Claim::Joins(..));
        grouped && !self.after.seats.iter().any(|seat| seat.order_id == Some(id) && seat.state == "kept")
    }

    fn money(&self, model: &Model, wrong: &mut Vec<String>) {
        let mut kept: BTreeMap<i64, i64> = BTreeMap::new();
        for attempt in &self.after.attempts {
            let number = &attempt.out_trade_no;
            let Some(order) = model.orders.get(&attempt.order_id) else { continue };
            let taken = order.taken.get(number).copied().unwrap_or(0);
            if attempt.paid_fen != 0 && attempt.paid_fen != taken {
                wrong.push(format!("{number} brought {}, WeChat took {taken}", attempt.paid_fen));
            }
            if attempt.refunded_fen > attempt.paid_fen {
                wrong.push(format!("{number} gave {} of {} back", attempt.refunded_fen, attempt.paid_fen));
            }
            if attempt.kept {
                *kept.entry(attempt.order_id).or_default() += 1;
            }
        }
        for (id, order) in &model.orders {
            let was_paid = order.state.is_sold() || order.state == State::Refunded;
            let payments = kept.get(id).copied().unwrap_or(0);
            if payments != i64::from(was_paid) {
                wrong.push(format!("order {id} is {:?} and has {payments} payments", order.state));
            }
        }
    }

    fn stock(&self, model: &Model, wrong: &mut Vec<String>) {
        for row in &self.after.stock {
            let received = model.received[&row.sku_id];
            let sold = model.count(|order| order.sku == row.sku_id && order.state.is_sold());
            let held = model.count(|order| order.sku == row.sku_id && order.state == State::Pending);
            if (row.on_hand, row.held) != (received - sold, held) {
                let found = (row.on_hand, row.held);
                wrong.push(format!(
                    "SKU {}: {found:?} on hand and held, not {:?}",
                    row.sku_id,
                    (received - sold, held)
                ));
            }
        }
    }

    fn coupons(&self, model: &mut Model, wrong: &mut Vec<String>) {
        if self.after.coupons.len() != model.coupons.len() {
            wrong.push(format!("there are {} coupons, not {}", self.after.coupons.len(), model.coupons.len()));
        }
        for row in &self.after.coupons {
            let Some(coupon) = model.coupons.get_mut(&row.id) else {
                wrong.push(format!("nobody was given coupon {}", row.id));
                continue;
            };
            coupon.until = row.valid_until;
            let (owner, portion) = (coupon.owner, coupon.portion);
            if model.users[owner] != row.user_id {
                wrong.push(format!("coupon {} belongs to another user", row.id));
            }
            if portion && row.amount_fen != Some(coupon.amount) {
                wrong.push(format!("coupon {} is worth {:?}, not {}", row.id, row.amount_fen, coupon.amount));
            }
            let claim = if portion { Claim::Portion(row.id) } else { Claim::Coupon(row.id) };
            let holders = model.orders.values().filter(|order| order.claim == claim && order.state.is_live());
            let holders: Vec<State> = holders.map(|order| order.state).collect();
            let fits = match (holders.as_slice(), row.state.as_str()) {
                ([State::Pending], state) => state == "reserved",
                ([_], state) => state == "used",
                ([], "held") => true,
                ([], "expired") => self.now >= row.valid_until,
                ([], "revoked") => portion,
                _ => false,
            };
            if !fits {
                wrong.push(format!("coupon {} is {} with orders {holders:?}", row.id, row.state));
            }
        }
    }

    fn bargains(&self, model: &Model, wrong: &mut Vec<String>) {
        for row in &self.after.bargains {
            let Some(bargain) = model.bargains.get(&row.id) else {
                wrong.push(format!("nobody opened bargain {}", row.id));
                continue;
            };
            let cut: i64 = bargain.cuts.values().sum();
            let cuts = i64::try_from(bargain.cuts.len()).expect("few");
            if (row.cut_fen, row.taken) != (cut, cuts) || cuts > CUTS {
                let found = (row.cut_fen, row.taken);
                wrong.push(format!("bargain {} was cut by {found:?}, not {:?}", row.id, (cut, cuts)));
            }
            let holds =
                |(_, order): &(&i64, &Order)| order.claim == Claim::Bargain(row.id) && order.state == State::Pending;
            let holder = model.orders.iter().find(holds).map(|(id, _)| *id);
            let fits = match row.state.as_str() {
                "bought" => bargain.bought,
                "running" => !bargain.bought && row.order_id == holder,
                _ => {
                    !bargain.bought
                        && holder.is_none()
                        && self.now >= row.expires_at.min(self.end_of(self.stage.bargain, model))
                }
            };
            if !fits {
                wrong.push(format!(
                    "bargain {} is {} and held by {:?}, not {holder:?}",
                    row.id, row.state, row.order_id
                ));
            }
        }
        let given = |order: &Order| matches!(order.claim, Claim::Bargain(_)) && order.state.is_live();
        let given: i64 =
            model.orders.values().filter(|order| given(order)).map(|order| 9_900 + 100 - order.total).sum();
        self.budget(self.stage.bargain, given, wrong);
    }

    /// When a campaign ended, or the end of time.
    fn end_of(&self, campaign: i64, model: &Model) -> i64 {
        if model.campaigns[&campaign] == Run::Ended { self.now } else { i64::MAX }
    }

    fn budget(&self, campaign: i64, given: i64, wrong: &mut Vec<String>) {
        let spent = self.after.budgets.iter().find(|row| row.campaign_id == campaign).map_or(0, |row| row.spent_fen);
        if spent != given {
            wrong.push(format!("campaign {campaign} spent {spent}, not {given}"));
        }
    }

    fn groups(&self, model: &Model, wrong: &mut Vec<String>) {
        for group in &self.after.groups {
            let seats = self.after.seats.iter().filter(|seat| seat.group_id == group.id);
            let count = |states: &[&str]| {
                let found = seats.clone().filter(|seat| states.contains(&seat.state.as_str())).count();
                i64::try_from(found).expect("few")
            };
            let sitting: Vec<&Order> = model.seats(self.after, group.id).collect();
            let live = i64::try_from(sitting.len()).expect("few");
            let paid = sitting.iter().filter(|order| order.state.is_sold()).count();
            let paid = i64::try_from(paid).expect("few");
            let fits = match group.state.as_str() {
                "open" => group.free + live == group.seats && group.paid == paid,
                "formed" => count(&["kept"]) >= 2 && count(&["held", "paid"]) == 0 && group.step.is_some(),
                _ => {
                    let ended = model.ended_groups.contains(&group.id) || self.now >= group.deadline;
                    let over = ended || self.end_of(group.campaign_id, model) <= self.now || live == 0;
                    over && count(&["held", "paid", "kept"]) == 0
                }
            };
            if !fits {
                wrong.push(format!("group {group:?} with {live} people in it: {:?}", seats.collect::<Vec<_>>()));
                continue;
            }
            let mut people: Vec<usize> = sitting.iter().map(|order| order.buyer).collect();
            people.sort_unstable();
            people.dedup();
            if people.len() != sitting.len() && group.state == "open" {
                wrong.push(format!("somebody sits twice in group {}", group.id));
            }
        }
        for seat in &self.after.seats {
            let order = seat.order_id.and_then(|id| model.orders.get(&id));
            if order.map(|order| model.users[order.buyer]) != seat.user_id {
                wrong.push(format!("somebody else sits there: {seat:?}"));
            }
        }
        for gate in self.after.gates.iter().filter(|gate| gate.opened_at.is_some()) {
            let formed =
                |seat: &&super::snapshot::SeatRow| seat.order_id == Some(gate.order_id) && seat.state == "kept";
            let was = self.before.orders.iter().find(|row| row.id == gate.order_id).map(|row| State::of(&row.state));
            let new = !self.before.gates.iter().any(|old| old.order_id == gate.order_id && old.opened_at.is_some());
            if !self.after.seats.iter().any(|seat| formed(&seat)) {
                wrong.push(format!("order {} may leave without a group", gate.order_id));
            }
            if new && matches!(was, Some(State::Refunded | State::Closed)) {
                wrong.push(format!("order {} may leave after its end", gate.order_id));
            }
        }
    }

    fn flash(&self, model: &Model, wrong: &mut Vec<String>) {
        let taken = model.count(|order| order.claim == Claim::Flash && order.state.is_live());
        for row in &self.after.flash {
            if row.taken != taken || taken > row.quota {
                wrong.push(format!("of the flash sale {} of {} pieces are gone, not {taken}", row.taken, row.quota));
            }
        }
        self.budget(self.stage.flash, taken * 4_000, wrong);
    }

    fn packets(&self, model: &Model, wrong: &mut Vec<String>) {
        let mut orders = std::collections::BTreeSet::new();
        for packet in &self.after.packets {
            if !orders.insert(packet.order_id) {
                wrong.push(format!("order {} made two packets", packet.order_id));
            }
            let portions: Vec<_> =
                self.after.portions.iter().filter(|portion| portion.packet_id == packet.id).collect();
            let whole: i64 = portions.iter().map(|portion| portion.amount_fen).sum();
            if (whole, packet.face_fen, portions.len()) != (PACKET.1, PACKET.1, usize::try_from(PACKET.0).expect("few"))
            {
                wrong.push(format!("packet {} is worth {whole} in {} portions", packet.id, portions.len()));
            }
            let claimed = portions
                .iter()
                .filter_map(|portion| portion.claimed_by.map(|user| (model.shopper(user), portion.amount_fen)));
            let mut claimed: Vec<(usize, i64)> = claimed.collect();
            claimed.sort_unstable();
            let known = model.portions.iter().filter(|((of, _), _)| *of == packet.id);
            let known: Vec<(usize, i64)> = known.map(|((_, who), amount)| (*who, *amount)).collect();
            if claimed != known {
                wrong.push(format!("packet {} was claimed by {claimed:?}, not {known:?}", packet.id));
            }
            let friends = known.iter().filter(|(who, _)| model.users[*who] != packet.user_id).count();
            if packet.claimed != i64::try_from(friends).expect("few") {
                wrong.push(format!("packet {} counts {} friends, not {friends}", packet.id, packet.claimed));
            }
            let order = &model.orders[&packet.order_id];
            let ended = order.state == State::Refunded || order.refund_agreed;
            if order.taken.is_empty() || (packet.state == "void" && !ended) {
                wrong.push(format!("packet {} is {} and its order {:?}", packet.id, packet.state, order.state));
            }
        }
    }
}
