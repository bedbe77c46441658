//! A stand-in for ClickHouse's HTTP interface: it writes down what it is told, and fails when it is asked to.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::Value;

/// One insert as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Insert {
    /// The query of its address.
    pub query: HashMap<String, String>,
    /// Its headers, by names in small letters.
    pub headers: HashMap<String, String>,
    /// Its rows.
    pub rows: Vec<Value>,
}

/// What it was told, and how often it is still to fail.
#[derive(Default)]
struct Told {
    inserts: Vec<Insert>,
    failures: usize,
}

/// The stand-in.
#[derive(Clone)]
pub struct Warehouse(Arc<Mutex<Told>>);

static OPEN: LazyLock<Mutex<HashMap<String, Warehouse>>> = LazyLock::new(Mutex::default);

impl Warehouse {
    /// Opens one that stays as long as the tests; answers its address.
    pub fn open() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let warehouse = Self(Arc::default());
        OPEN.lock().expect("the list").insert(url.clone(), warehouse.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                warehouse.answer(&stream.expect("a connection"));
            }
        });
        url
    }

    /// The one at an address.
    pub fn at(url: &str) -> Self {
        OPEN.lock().expect("the list").get(url).expect("a warehouse").clone()
    }

    /// Lets the next inserts fail.
    pub fn fails(&self, times: usize) {
        self.0.lock().expect("what was told").failures = times;
    }

    /// Everything it was told, what failed too.
    pub fn inserts(&self) -> Vec<Insert> {
        self.0.lock().expect("what was told").inserts.clone()
    }

    fn answer(&self, mut stream: &TcpStream) {
        let insert = read(stream);
        let mut told = self.0.lock().expect("what was told");
        told.inserts.push(insert);
        let status = if told.failures > 0 { "500 Internal Server Error" } else { "200 OK" };
        told.failures = told.failures.saturating_sub(1);
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).expect("an answer");
    }
}

fn read(stream: &TcpStream) -> Insert {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    };
    let first = line();
    let target = first.split(' ').nth(1).expect("a target");
    let url = reqwest::Url::parse(&format!("http://warehouse{target}")).expect("an address");
    let headers: HashMap<String, String> = std::iter::repeat_with(line)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())))
        .collect();
    let mut body = vec![0; headers["content-length"].parse().expect("a length")];
    reader.read_exact(&mut body).expect("a body");
    let body = String::from_utf8(body).expect("a text");
    Insert {
        query: url.query_pairs().into_owned().collect(),
        headers,
        rows: body.lines().map(|line| serde_json::from_str(line).expect("a row")).collect(),
    }
}
