//! What survives a restart.

use serde_json::json;

use super::merchant::Stage;
use crate::wechat_simulator::SimulatorSettings;

#[actix_web::test]
async fn money_users_keys_and_unsent_notices_survive_a_restart() {
    let dir = std::env::temp_dir().join(format!("hourglass-simulator-{}", rand::random::<u64>()));
    let settings = || SimulatorSettings { data_dir: Some(dir.clone()), ..SimulatorSettings::default() };
    let first = Stage::open_with(settings()).await;
    let openid = first.user().await;
    first.shop.answers(500);
    first.paid("order-0001", 100).await;
    first.refund("order-0001", "refund-1", 40, 100).await;
    let open = first.prepay(first.order("order-0002", 5, &openid)).await;
    first.flush().await;
    let book = first.book().await;
    let credentials = first.credentials.clone();
    first.close().await;

    let second = Stage::open_with(settings()).await;
    assert_eq!(second.credentials.merchant_private_key_pem, credentials.merchant_private_key_pem);
    assert_eq!(second.book().await, book);
    second.told("POST", "/login", json!({ "openid": openid })).await;
    second.told("POST", "/pay", json!({ "prepay_id": open, "notify": false })).await;
    assert_eq!(second.query("order-0001").await.json()["trade_state"], "REFUND");
    let pending = second.told("GET", "/notices", json!({})).await;
    assert_eq!(pending["notices"][0]["state"], "pending");
    second.close().await;

    let journal = dir.join("wechat_simulator.journal.jsonl");
    let mut torn = std::fs::read_to_string(&journal).unwrap();
    torn.push_str("{\"trade\":{\"out_tr");
    std::fs::write(&journal, torn).unwrap();
    let third = Stage::open_with(settings()).await;
    assert_eq!(third.book().await["totals"]["paid_fen"], 105);
    third.close().await;
    std::fs::remove_dir_all(dir).unwrap();
}
