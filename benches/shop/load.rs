//! The load generator: HTTP/1.1 over kept-alive loopback connections, as little work per request as can be, since it
//! shares two cores with the server it measures.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One connection.
pub struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    used: Instant,
    buffer: Vec<u8>,
}

/// A connection that was silent for so long is opened anew, before the server closes it.
const SILENT: Duration = Duration::from_secs(2);

/// One answer.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; stops the benchmark when the answer is not the expected one.
    pub fn json(&self, expected: u16) -> serde_json::Value {
        assert_eq!(self.status, expected, "{}", String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server accepts");
        stream.set_nodelay(true).expect("nodelay");
        Self { address, stream, used: Instant::now(), buffer: Vec::with_capacity(64 * 1024) }
    }

    /// Sends a request and waits for its answer.
    pub async fn send(&mut self, request: &[u8]) -> Answer {
        if self.used.elapsed() > SILENT {
            *self = Self::open(self.address).await;
        }
        self.stream.write_all(request).await.expect("the server reads");
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await.expect("the server answers");
            assert!(read > 0, "the server closed the connection");
            if let Some(answer) = self.complete() {
                self.used = Instant::now();
                return answer;
            }
        }
    }

    fn complete(&self) -> Option<Answer> {
        let end = self.buffer.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&self.buffer[..end]).expect("an ASCII head");
        let status = head.get(9..12).and_then(|status| status.parse().ok()).expect("a status");
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().expect("a length"))
        });
        let body = &self.buffer[end + 4..];
        let length = length.unwrap_or_default();
        (body.len() >= length).then(|| Answer { status, body: body[..length].to_vec() })
    }
}

/// A request as bytes; headers are given ready-made, each with its line end.
pub fn request(method: &str, path: &str, headers: &str, body: Option<&serde_json::Value>) -> Vec<u8> {
    let body = body.map(serde_json::Value::to_string);
    let content = body.as_ref().map_or_else(String::new, |body| {
        format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len())
    });
    let empty = if body.is_none() && method != "GET" { "content-length: 0\r\n" } else { "" };
    format!("{method} {path} HTTP/1.1\r\nhost: shop\r\n{headers}{content}{empty}\r\n{}", body.unwrap_or_default())
        .into_bytes()
}

/// What a run showed.
pub struct Report {
    /// Things done a second.
    pub rate: f64,
    /// Half were faster.
    pub p50: Duration,
    /// Ninety-nine of a hundred were faster.
    pub p99: Duration,
    /// The average.
    pub mean: Duration,
    /// Things done.
    pub count: usize,
}

impl Report {
    /// What so many times within so long come to.
    pub fn of(mut times: Vec<Duration>, within: Duration) -> Self {
        times.sort_unstable();
        let at = |share: f64| times.get(((times.len() as f64) * share) as usize).copied().unwrap_or_default();
        let mean = times.iter().sum::<Duration>() / u32::try_from(times.len()).unwrap_or_default().max(1);
        let rate = times.len() as f64 / within.as_secs_f64();
        Self { rate, p50: at(0.5), p99: at(0.99), mean, count: times.len() }
    }
}

/// Does `step` over and over in as many places as `width` for `duration`, after a tenth of it to warm up, and reports.
/// Each place gets what `open` makes of its number; `step` gets that, and how many steps were done there before.
pub fn drive<S, O, F>(width: usize, duration: Duration, open: O, step: F) -> Report
where
    O: AsyncFn(usize) -> S,
    F: AsyncFn(&mut S, usize),
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = tokio::task::LocalSet::new();
    let times = Rc::new(RefCell::new(Vec::with_capacity(1 << 20)));
    let warm = duration / 10;
    local.block_on(&runtime, async {
        let begin = Instant::now();
        let one = async |number: usize| {
            let mut place = open(number).await;
            let mut count = 0;
            while begin.elapsed() < warm + duration {
                let started = Instant::now();
                step(&mut place, count).await;
                count += 1;
                if started.duration_since(begin) >= warm {
                    times.borrow_mut().push(started.elapsed());
                }
            }
        };
        futures_util::future::join_all((0..width).map(one)).await;
    });
    Report::of(times.take(), duration)
}

/// Does `count` numbered things in as many places as `width`, or as many of them as `limit` leaves time for, and reports
/// all but those of the first tenth. Each place gets what `open` makes of its number; `step` gets that and the thing's number.
pub fn work_off<S, O, F>(width: usize, count: usize, limit: Duration, open: O, step: F) -> Report
where
    O: AsyncFn(usize) -> S,
    F: AsyncFn(&mut S, usize),
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (next, warm) = (Cell::new(0), (count / 10, limit / 10));
    let times = RefCell::new(Vec::with_capacity(count));
    let warmed = Cell::new(None);
    let within = runtime.block_on(async {
        let begin = Instant::now();
        let one = async |place: usize| {
            let mut state = open(place).await;
            while next.get() < count && begin.elapsed() < limit {
                let number = next.replace(next.get() + 1);
                let started = Instant::now();
                if warmed.get().is_none() && (number >= warm.0 || started.duration_since(begin) >= warm.1) {
                    warmed.set(Some(started));
                }
                step(&mut state, number).await;
                if warmed.get().is_some_and(|warmed| started >= warmed) {
                    times.borrow_mut().push(started.elapsed());
                }
            }
        };
        futures_util::future::join_all((0..width).map(one)).await;
        warmed.get().map_or(Duration::ZERO, |warmed: Instant| warmed.elapsed())
    });
    Report::of(times.into_inner(), within)
}
