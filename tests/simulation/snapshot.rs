//! What the tables say at one moment, read past the product's own code.

use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl as _};
use hourglass::app::books;
use hourglass::platform::db::{DbError, DbResult, Tx};

use crate::support::Shop;

/// Declares a row and the query that reads all of its kind, column by column.
macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident from $sql:literal { $($field:ident: $stored:ty => $held:ty),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, QueryableByName)]
        pub struct $name {
            $(#[diesel(sql_type = $stored)] pub $field: $held,)+
        }

        impl $name {
            fn all(tx: &mut Tx<'_>) -> DbResult<Vec<Self>> {
                Ok(diesel::sql_query($sql).load(tx.conn()?)?)
            }
        }
    )+};
}

rows! {
    /// An order.
    OrderRow from "SELECT id, state, total_fen, refunded_fen, refunding_fen FROM orders ORDER BY id" {
        id: BigInt => i64, state: Text => String, total_fen: BigInt => i64, refunded_fen: BigInt => i64,
        refunding_fen: BigInt => i64
    }
    /// How many pieces there are.
    StockRow from "SELECT sku_id, on_hand, held FROM stock_items" {
        sku_id: BigInt => i64, on_hand: BigInt => i64, held: BigInt => i64
    }
    /// A coupon, of the shop's own or out of a packet.
    CouponRow from "SELECT id, user_id, state, valid_until, amount_fen FROM coupons ORDER BY id" {
        id: BigInt => i64, user_id: BigInt => i64, state: Text => String,
        valid_until: BigInt => i64, amount_fen: Nullable<BigInt> => Option<i64>
    }
    /// A bargain.
    BargainRow from "SELECT id, user_id, state, start_fen, cut_fen, taken, order_id, expires_at FROM bargains ORDER BY id" {
        id: BigInt => i64, user_id: BigInt => i64, state: Text => String, start_fen: BigInt => i64, cut_fen: BigInt => i64,
        taken: BigInt => i64, order_id: Nullable<BigInt> => Option<i64>, expires_at: BigInt => i64
    }
    /// A group.
    GroupRow from "SELECT id, campaign_id, leader_id, state, seats, free, paid, step, deadline, visible_at FROM buy_groups ORDER BY id" {
        id: BigInt => i64, campaign_id: BigInt => i64, leader_id: BigInt => i64, state: Text => String, seats: BigInt => i64,
        free: BigInt => i64, paid: BigInt => i64, step: Nullable<BigInt> => Option<i64>, deadline: BigInt => i64,
        visible_at: Nullable<BigInt> => Option<i64>
    }
    /// A seat in a group.
    SeatRow from "SELECT group_id, user_id, order_id, state FROM group_seats ORDER BY id" {
        group_id: BigInt => i64, user_id: Nullable<BigInt> => Option<i64>,
        order_id: Nullable<BigInt> => Option<i64>, state: Text => String
    }
    /// What a flash sale has of a SKU.
    FlashRow from "SELECT quota, taken FROM flash_sale_items" {
        quota: BigInt => i64, taken: BigInt => i64
    }
    /// A packet.
    PacketRow from "SELECT id, code, order_id, user_id, parent_id, state, portions, claimed, face_fen, expires_at FROM packets ORDER BY id" {
        id: BigInt => i64, code: Text => String, order_id: BigInt => i64, user_id: BigInt => i64,
        parent_id: Nullable<BigInt> => Option<i64>, state: Text => String, portions: BigInt => i64, claimed: BigInt => i64,
        face_fen: BigInt => i64, expires_at: BigInt => i64
    }
    /// A portion of a packet.
    PortionRow from "SELECT packet_id, amount_fen, claimed_by FROM packet_portions ORDER BY packet_id, no" {
        packet_id: BigInt => i64, amount_fen: BigInt => i64, claimed_by: Nullable<BigInt> => Option<i64>
    }
    /// A number under which somebody may pay.
    AttemptRow from "SELECT p.subject_id AS order_id, a.out_trade_no, a.kept, a.paid_fen, a.refunded_fen FROM payment_attempts a JOIN payments p ON p.id = a.payment_id ORDER BY a.id" {
        order_id: BigInt => i64, out_trade_no: Text => String, kept: Bool => bool, paid_fen: BigInt => i64,
        refunded_fen: BigInt => i64
    }
    /// What a campaign has given away.
    BudgetRow from "SELECT campaign_id, spent_fen FROM campaign_budgets" {
        campaign_id: BigInt => i64, spent_fen: BigInt => i64
    }
    /// A campaign.
    CampaignRow from "SELECT id, state, ends_at FROM campaigns" {
        id: BigInt => i64, state: Text => String, ends_at: BigInt => i64
    }
    /// What holds an order back.
    GateRow from "SELECT order_id, opened_at FROM ship_gates" {
        order_id: BigInt => i64, opened_at: Nullable<BigInt> => Option<i64>
    }
}

/// Everything at one moment.
#[derive(Debug)]
pub struct Snapshot {
    pub orders: Vec<OrderRow>,
    pub stock: Vec<StockRow>,
    pub coupons: Vec<CouponRow>,
    pub bargains: Vec<BargainRow>,
    pub groups: Vec<GroupRow>,
    pub seats: Vec<SeatRow>,
    pub flash: Vec<FlashRow>,
    pub packets: Vec<PacketRow>,
    pub portions: Vec<PortionRow>,
    pub attempts: Vec<AttemptRow>,
    pub budgets: Vec<BudgetRow>,
    pub campaigns: Vec<CampaignRow>,
    pub gates: Vec<GateRow>,
    /// What the shop's own checks found, each with the check's name.
    pub differences: Vec<(&'static str, String)>,
}

impl Snapshot {
    /// Reads all of it in one view of the database.
    pub async fn of(shop: &Shop) -> Self {
        let reading = |tx: &mut Tx<'_>| {
            let checks = books::look(tx)?;
            let found = |check: books::CheckView| check.differences.into_iter().map(move |line| (check.name, line));
            Ok::<_, DbError>(Self {
                orders: OrderRow::all(tx)?,
                stock: StockRow::all(tx)?,
                coupons: CouponRow::all(tx)?,
                bargains: BargainRow::all(tx)?,
                groups: GroupRow::all(tx)?,
                seats: SeatRow::all(tx)?,
                flash: FlashRow::all(tx)?,
                packets: PacketRow::all(tx)?,
                portions: PortionRow::all(tx)?,
                attempts: AttemptRow::all(tx)?,
                budgets: BudgetRow::all(tx)?,
                campaigns: CampaignRow::all(tx)?,
                gates: GateRow::all(tx)?,
                differences: checks.into_iter().flat_map(found).collect(),
            })
        };
        shop.app.db().read("simulation.snapshot", reading).await.expect("the tables can be read")
    }

    /// The group that an order has a live seat in.
    pub fn group_of(&self, order: i64) -> Option<i64> {
        let live = |seat: &&SeatRow| seat.order_id == Some(order) && seat.state != "released";
        self.seats.iter().find(live).map(|seat| seat.group_id)
    }

    /// A group.
    pub fn group(&self, id: i64) -> Option<&GroupRow> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// Whether nothing holds an order back any more.
    pub fn is_free_to_leave(&self, order: i64) -> bool {
        self.gates.iter().filter(|gate| gate.order_id == order).all(|gate| gate.opened_at.is_some())
    }
}
