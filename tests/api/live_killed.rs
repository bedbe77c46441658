//! Rooms whose servers are processes: killed during a show, two on one database, told to stop.

use std::process::Command;

use serde_json::json;

use crate::support::sockets::Socket;
use crate::support::town::{Town, free_port, until};

/// Comes in as a shopper; a server that is just starting is waited for.
async fn enters(base: &str, room: &str, token: &str, after: Option<i64>) -> Socket {
    let mut socket = Socket::open(base, room).await;
    let welcome = socket.joins(json!({"access_token": token, "after": after})).await;
    assert_eq!(welcome["gap"], false, "{welcome}");
    socket
}

async fn says(socket: &mut Socket, client_id: &str) -> i64 {
    socket.says(json!({"kind": "comment", "client_id": client_id, "words": "好看"})).await;
    socket.hears_one(&["accepted"]).await["sequence"].as_i64().unwrap()
}

async fn hears_until(socket: &mut Socket, last: i64) -> Vec<i64> {
    let mut heard = Vec::new();
    while heard.last() != Some(&last) {
        heard.push(socket.hears_one(&["comment"]).await["data"]["sequence"].as_i64().unwrap());
    }
    heard
}

/// What was accepted before a server was killed is heard from the next one, once.
async fn comes_back_live(town: &Town) {
    let server = town.serve("0", &town.base).await;
    let owner = town.owner().await;
    let room = town.room_on_air(&owner).await;
    let ((speaker, _), (listener, _)) = (town.shopper().await, town.shopper().await);
    let mut listening = enters(&town.base, &room, &listener, None).await;
    let mut speaking = enters(&town.base, &room, &speaker, None).await;
    for number in 1..=3 {
        assert_eq!(says(&mut speaking, &format!("c{number}")).await, number);
    }
    assert_eq!(hears_until(&mut listening, 3).await, [1, 2, 3]);
    let seen = listening.seen;
    for number in 4..=6 {
        assert_eq!(says(&mut speaking, &format!("c{number}")).await, number);
    }
    drop(server);
    assert_eq!(speaking.is_closed().await, 1006);
    let _server = town.serve("0", &town.base).await;
    let mut back = enters(&town.base, &room, &listener, Some(seen)).await;
    assert_eq!(back.hears_one(&["room"]).await["room"]["room"]["state"], "live");
    assert_eq!(hears_until(&mut back, 6).await, [4, 5, 6]);
    // Whoever comes in anew is shown the last minute.
    let (newcomer, _) = town.shopper().await;
    let mut fresh = enters(&town.base, &room, &newcomer, None).await;
    assert_eq!(hears_until(&mut fresh, 6).await, [1, 2, 3, 4, 5, 6]);
    let mut speaking = enters(&town.base, &room, &speaker, None).await;
    // The same words again, since their answer may have been lost.
    assert_eq!(says(&mut speaking, "c6").await, 6);
    assert_eq!(says(&mut speaking, "c7").await, 7);
    assert_eq!(hears_until(&mut back, 7).await, [7]);
}

#[actix_web::test]
async fn a_server_killed_during_a_show_comes_back_live_on_sqlite() {
    comes_back_live(&Town::on_sqlite().await).await;
}

#[actix_web::test]
async fn a_server_killed_during_a_show_comes_back_live_on_postgres() {
    if let Some(town) = Town::on_postgres().await {
        comes_back_live(&town).await;
    }
}

#[actix_web::test]
async fn viewers_of_two_servers_are_in_one_room() {
    let Some(town) = Town::on_postgres().await else { return };
    let other = format!("http://127.0.0.1:{}", free_port());
    let _here = town.serve("0", &town.base).await;
    let there = town.serve("1", &other).await;
    let owner = town.owner().await;
    let room = town.room_on_air(&owner).await;
    let (first, second) = (town.shopper().await.0, town.shopper().await.0);
    let mut one = enters(&town.base, &room, &first, None).await;
    let mut two = enters(&other, &room, &second, None).await;
    while two.hears_one(&["viewers"]).await["online"] != 2 {}
    for number in 1..=10 {
        let (speaker, client_id) = (if number % 2 == 0 { &mut one } else { &mut two }, format!("c{number}"));
        assert_eq!(says(speaker, &client_id).await, number);
    }
    let (mut listening, all) = (Vec::new(), (1..=10).collect::<Vec<i64>>());
    let mut third = enters(&other, &room, &town.shopper().await.0, Some(0)).await;
    listening.extend(hears_until(&mut third, 10).await);
    assert_eq!(listening, all);
    // Likes of both are summed up.
    one.says(json!({"kind": "like", "count": 3})).await;
    two.says(json!({"kind": "like", "count": 4})).await;
    while third.hears_one(&["likes"]).await["total"] != 7 {}
    // Whoever goes to the other server misses nothing and hears nothing twice.
    let seen = third.seen;
    drop(third);
    for number in 11..=14 {
        assert_eq!(says(&mut two, &format!("c{number}")).await, number);
    }
    let mut moved = enters(&town.base, &room, &second, Some(seen)).await;
    assert_eq!(hears_until(&mut moved, 14).await, [11, 12, 13, 14]);
    // A killed server's viewers are not counted for ever, and those of the other go on.
    drop(there);
    assert_eq!(two.is_closed().await, 1006);
    assert_eq!(says(&mut one, "c15").await, 15);
    assert_eq!(hears_until(&mut moved, 15).await, [15]);
}

#[actix_web::test]
async fn a_server_told_to_stop_says_so_and_does_not_wait_for_viewers() {
    let town = Town::on_sqlite().await;
    let mut server = town.serve("0", &town.base).await;
    let owner = town.owner().await;
    let room = town.room_on_air(&owner).await;
    let mut watching = enters(&town.base, &room, &town.shopper().await.0, None).await;
    let mut undecided = Socket::open(&town.base, &room).await;
    let told = Command::new("kill").args(["-TERM", &server.0.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!((watching.is_closed().await, undecided.is_closed().await), (1001, 1001));
    let ended = until("the server ends", async || server.0.try_wait().unwrap()).await;
    assert!(ended.success(), "it ends of itself, and well: {ended}");
}
