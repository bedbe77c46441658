//! A viewer's end of a room's WebSocket, in as few lines as will do: the framework's own codec over a plain connection.

use std::collections::VecDeque;
use std::time::Duration;

use actix_codec::{Decoder as _, Encoder as _};
use actix_http::ws::{Codec, Frame, Message};
use actix_web::web::{Bytes, BytesMut};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// How long anything expected may take on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);

/// One end of a socket.
pub struct Socket {
    stream: TcpStream,
    codec: Codec,
    read: BytesMut,
    messages: VecDeque<Value>,
    /// The highest number of a message so far.
    pub seen: i64,
}

/// What is heard.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A message of the room.
    Message(Value),
    /// The socket was closed with this code; 1006 when it just broke.
    Closed(u16),
}

impl Socket {
    /// Opens a socket to a room; `base` is where the server answers.
    pub async fn open(base: &str, room: &str) -> Self {
        let host = base.trim_start_matches("http://");
        let stream = TcpStream::connect(host).await.expect("the server accepts");
        stream.set_nodelay(true).expect("nodelay");
        Self::over(stream, host, room).await
    }

    /// The same over a connection that holds next to nothing of what is not read.
    pub async fn open_narrow(base: &str, room: &str) -> Self {
        let host = base.trim_start_matches("http://");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(2_048).expect("a small buffer");
        let stream = socket.connect(host.parse().expect("an address")).await.expect("the server accepts");
        Self::over(stream, host, room).await
    }

    async fn over(mut stream: TcpStream, host: &str, room: &str) -> Self {
        let request = format!(
            "GET /api/v1/live-rooms/{room}/stream HTTP/1.1\r\nhost: {host}\r\nconnection: Upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        let mut read = BytesMut::with_capacity(16 * 1024);
        let head = loop {
            assert!(stream.read_buf(&mut read).await.expect("the server answers") > 0, "no answer");
            if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
                break read.split_to(end + 4);
            }
        };
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        let codec = Codec::new().max_size(16 << 20).client_mode();
        Self { stream, codec, read, messages: VecDeque::new(), seen: 0 }
    }

    /// Sends a frame of ours.
    pub async fn says(&mut self, frame: Value) {
        self.sends(Message::Text(frame.to_string().into())).await;
    }

    /// Sends whatever WebSocket knows. That the server has closed already is no failure of whoever sends.
    pub async fn sends(&mut self, message: Message) {
        let mut bytes = BytesMut::new();
        self.codec.encode(message, &mut bytes).expect("a frame");
        let _closed = self.stream.write_all(&bytes).await;
    }

    /// Sends bytes that need not be a frame.
    pub async fn sends_raw(&mut self, bytes: &[u8]) {
        let _closed = self.stream.write_all(bytes).await;
    }

    /// The next thing heard.
    pub async fn hears(&mut self) -> Heard {
        tokio::time::timeout(LONGEST, self.next()).await.expect("something is heard")
    }

    async fn next(&mut self) -> Heard {
        loop {
            if let Some(message) = self.messages.pop_front() {
                self.seen = self.seen.max(message["seq"].as_i64().unwrap_or_default());
                return Heard::Message(message);
            }
            match self.codec.decode(&mut self.read).expect("a frame") {
                Some(Frame::Text(text)) => self.take(&text),
                Some(Frame::Close(reason)) => return Heard::Closed(reason.map_or(1005, |reason| reason.code.into())),
                Some(Frame::Ping(bytes)) => self.sends(Message::Pong(bytes)).await,
                Some(_) => {}
                None => {
                    let read = self.stream.read_buf(&mut self.read).await;
                    if !matches!(read, Ok(read) if read > 0) {
                        return Heard::Closed(1006);
                    }
                }
            }
        }
    }

    fn take(&mut self, text: &Bytes) {
        let frame: Value = serde_json::from_slice(text).expect("JSON");
        let messages = frame["messages"].as_array().expect("messages");
        self.messages.extend(messages.iter().cloned());
    }

    /// The next message of one of these kinds; others are passed over.
    pub async fn hears_one(&mut self, kinds: &[&str]) -> Value {
        loop {
            match self.hears().await {
                Heard::Message(message) if kinds.iter().any(|kind| message["kind"] == *kind) => return message,
                Heard::Message(_) => {}
                Heard::Closed(code) => panic!("closed with {code} while waiting for {kinds:?}"),
            }
        }
    }

    /// The code with which the socket is closed; messages before that are passed over.
    pub async fn is_closed(&mut self) -> u16 {
        loop {
            if let Heard::Closed(code) = self.hears().await {
                return code;
            }
        }
    }

    /// Joins, with whatever the frame needs beside its kind; answers the welcome.
    pub async fn joins(&mut self, mut with: Value) -> Value {
        with["kind"] = json!("join");
        self.says(with).await;
        self.hears_one(&["welcome"]).await
    }
}
