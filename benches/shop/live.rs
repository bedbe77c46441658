//! One live room with thousands of viewers, each on a WebSocket of its own, while people comment and like.
//!
//! Every comment carries the moment at which it was sent, and every viewer looks for it in whatever arrives; the delay is
//! from just before the comment is written to its socket until a viewer has read it. All viewers are one thread of this
//! program, so that the client takes as little as can be of the cores it shares with the server; what it takes of them is
//! in the figures. Viewers are as many files as the server and this program each may open: `ulimit -n` of twice their
//! number is enough.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::campaigns::Desk;
use super::fixture::Fixture;
use super::load::{Connection, Report, request, work_off};
use super::process::Process;
use super::{Run, ms};

/// Viewers of the full load.
const VIEWERS: usize = 5_000;
/// Comments and likes a second of the full load.
const COMMENTS: usize = 50;
const LIKES: usize = 500;
/// Sockets that comment and that like: none says more than ten frames a second, which would be a flood.
const SPEAKERS: usize = 50;
const LIKERS: usize = 100;
/// Sockets opened at once.
const JOINING: usize = 64;
/// Delays are counted in classes of a tenth of a millisecond, up to ten seconds.
const CLASSES: usize = 100_000;
/// Looks at a product's page a second, on so many connections, evenly paced.
const LOOKS: usize = 200;
const LOOKERS: usize = 8;

/// A load.
#[derive(Clone, Copy)]
struct Load {
    viewers: usize,
    comments: usize,
    likes: usize,
}

/// What all viewers have heard.
struct Heard {
    /// Which show it was, by its number of viewers; whoever comes in is shown comments of the one before.
    show: usize,
    begun: Instant,
    delays: RefCell<Vec<u32>>,
    comments: Cell<usize>,
    twice: Cell<usize>,
    frames: Cell<usize>,
    bytes: Cell<usize>,
}

/// What came of it.
struct Outcome {
    sent: usize,
    heard: Rc<Heard>,
    report: Option<Report>,
}

/// Measures the full load, and what half of it does to a product's page.
pub fn measure(run: &Run, service: &Process, simulator: &Process, fixture: &Fixture) {
    let room = Desk::open(service).puts_on_air(service);
    let tokens = Tokens::of(service, simulator);
    let path = format!("/api/v1/products/{}", fixture.products[77]);
    let idle = looks(service.address, &path, run.each);
    let full = Load { viewers: VIEWERS, comments: COMMENTS, likes: LIKES };
    tell(service, full, &show(run, service, &room, &tokens, full, None));
    // Those who have gone are written down before the next come.
    std::thread::sleep(Duration::from_secs(3));
    let half = Load { viewers: VIEWERS / 2, comments: COMMENTS / 2, likes: LIKES / 2 };
    let outcome = show(run, service, &room, &tokens, half, Some(&path));
    tell(service, half, &outcome);
    if let Some(busy) = &outcome.report {
        println!(
            "product detail, {LOOKS} a second: p50 {:.2} ms, p99 {:.2} ms with nobody watching; p50 {:.2} ms, p99 {:.2} ms beside {} \
             viewers; ratio of p99 {:.2}",
            ms(idle.p50),
            ms(idle.p99),
            ms(busy.p50),
            ms(busy.p99),
            half.viewers,
            busy.p99.as_secs_f64() / idle.p99.as_secs_f64()
        );
    }
}

fn tell(service: &Process, load: Load, outcome: &Outcome) {
    let heard = &outcome.heard;
    let (delays, wanted) = (heard.delays.borrow(), outcome.sent * load.viewers);
    let at = |share: f64| {
        let (place, mut before) = ((heard.comments.get() as f64 * share) as usize, 0);
        let class = delays.iter().position(|count| {
            before += *count as usize;
            before > place
        });
        class.unwrap_or(CLASSES) as f64 / 10.0
    };
    println!(
        "live room, {} viewers, {} comments and {} likes a second: delay p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms; {} comments sent, \
         {} heard, lost {}, heard twice {}; {:.0} frames and {:.1} MiB in all; server {:.0} MiB at most",
        load.viewers,
        load.comments,
        load.likes,
        at(0.5),
        at(0.99),
        at(1.0 - 1e-9),
        outcome.sent,
        heard.comments.get(),
        wanted.saturating_sub(heard.comments.get()),
        heard.twice.get(),
        heard.frames.get(),
        heard.bytes.get() as f64 / 1_048_576.0,
        service.peak_mib()
    );
}

/// Who may watch and who may speak.
struct Tokens {
    devices: Vec<String>,
    people: Vec<String>,
}

impl Tokens {
    fn of(service: &Process, simulator: &Process) -> Self {
        let devices = RefCell::new(Vec::with_capacity(VIEWERS));
        let open = async |_| Connection::open(service.address).await;
        work_off(32, VIEWERS, Duration::from_secs(120), open, async |connection: &mut Connection, _| {
            let device = request("POST", "/api/v1/devices", "", Some(&json!({})));
            let device = connection.send(&device).await.json(201);
            devices.borrow_mut().push(device["device_token"].as_str().expect("a token").to_owned());
        });
        let person = |_| {
            let (_, login) = simulator.ask("POST", "/_sim/login", "", Some(&json!({})));
            let code = json!({"js_code": login["js_code"]});
            let (status, session) = service.ask("POST", "/api/v1/sessions/wechat-mini", "", Some(&code));
            assert_eq!(status, 201, "{session}");
            session["access_token"].as_str().expect("a token").to_owned()
        };
        Self { devices: devices.into_inner(), people: (0..SPEAKERS).map(person).collect() }
    }

    /// What the viewer of this number joins with: the first are people, who may speak.
    fn join(&self, number: usize) -> Value {
        match self.people.get(number) {
            Some(token) => json!({"kind": "join", "access_token": token}),
            None => json!({"kind": "join", "device_token": self.devices[number]}),
        }
    }
}

/// Lets everybody in, lets the load run, and waits until everything was heard or ten seconds have gone by.
fn show(run: &Run, service: &Process, room: &str, tokens: &Tokens, load: Load, page: Option<&str>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let before = service.memory_mib();
    let heard = Rc::new(Heard {
        show: load.viewers,
        begun: Instant::now(),
        delays: RefCell::new(vec![0; CLASSES]),
        comments: Cell::new(0),
        twice: Cell::new(0),
        frames: Cell::new(0),
        bytes: Cell::new(0),
    });
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let joining =
            futures_util::stream::iter(0..load.viewers).map(|number| join(service.address, room, tokens.join(number)));
        let mut writers = Vec::new();
        let mut sockets = joining.buffered(JOINING);
        let sent_at_most = load.comments * (run.each.as_secs() as usize + 2);
        while let Some((reader, writer)) = sockets.next().await {
            tokio::task::spawn_local(listen(reader, Rc::clone(&heard), sent_at_most));
            writers.push(writer);
        }
        drop(sockets);
        tokio::time::sleep(Duration::from_secs(2)).await;
        let each = (service.memory_mib() - before) * 1024.0 / load.viewers as f64;
        println!("{} viewers have come: {:.1} KiB of the server's memory each", load.viewers, each);
        service.forget_peak();
        let looking = page.map(|page| {
            let (address, page, each) = (service.address, page.to_owned(), run.each);
            std::thread::spawn(move || looks(address, &page, each))
        });
        let spent = service.processor_time();
        let sent = speak(&mut writers, &heard, load, run.each).await;
        let patience = Instant::now();
        while heard.comments.get() < sent * load.viewers && patience.elapsed() < Duration::from_secs(10) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let spent = (service.processor_time() - spent).as_secs_f64() / run.each.as_secs_f64();
        let under_load = (service.peak_mib() - before) * 1024.0 / load.viewers as f64;
        println!("under the load: {under_load:.1} KiB a viewer at most; the server keeps {spent:.2} cores busy");
        let report = looking.map(|looking| looking.join().expect("looks"));
        Outcome { sent, heard: Rc::clone(&heard), report }
    })
}

/// Opens a socket and joins.
async fn join(address: SocketAddr, room: &str, join: Value) -> (OwnedReadHalf, OwnedWriteHalf) {
    let mut stream = TcpStream::connect(address).await.expect("the server accepts");
    stream.set_nodelay(true).expect("nodelay");
    let head = format!(
        "GET /api/v1/live-rooms/{room}/stream HTTP/1.1\r\nhost: shop\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let mut answer = Vec::with_capacity(1024);
    while !answer.ends_with(b"\r\n\r\n") {
        assert!(stream.read_buf(&mut answer).await.expect("the server answers") > 0, "no answer");
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    stream.write_all(&frame(&join.to_string())).await.expect("the server reads");
    // The welcome begins to arrive: this viewer is in.
    stream.readable().await.expect("the server answers");
    stream.into_split()
}

/// A text frame as clients send it; masked with zeros, so that it reads as it is.
fn frame(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x81];
    match u16::try_from(text.len()).expect("a short frame") {
        length @ 0..126 => bytes.push(0x80 | length as u8),
        length => {
            bytes.push(0x80 | 126);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(text.as_bytes());
    bytes
}

/// Comments and likes, evenly paced, for so long; answers how many comments were sent.
async fn speak(writers: &mut [OwnedWriteHalf], heard: &Heard, load: Load, each: Duration) -> usize {
    let comments = load.comments * each.as_secs() as usize;
    let likes = load.likes / load.comments;
    let begun = Instant::now();
    for number in 0..comments {
        let due = begun + Duration::from_secs(1) / load.comments as u32 * number as u32;
        tokio::time::sleep_until(due.into()).await;
        let sent = heard.begun.elapsed().as_micros();
        let comment = json!({"kind": "comment", "client_id": format!("c{number}-{sent}"), "words": format!("#{}:{number}:{sent}#", heard.show)});
        writers[number % SPEAKERS].write_all(&frame(&comment.to_string())).await.expect("the server reads");
        for like in 0..likes {
            let liker = SPEAKERS + (number * likes + like) % LIKERS;
            writers[liker].write_all(&frame(r#"{"kind":"like","count":1}"#)).await.expect("the server reads");
        }
    }
    comments
}

/// Reads whatever comes and looks for comments in it.
async fn listen(reader: OwnedReadHalf, heard: Rc<Heard>, most: usize) {
    let mut known = vec![0_u64; most / 64 + 1];
    let mut rest: Vec<u8> = Vec::new();
    thread_local! {
        static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 256 * 1024]);
    }
    while reader.readable().await.is_ok() {
        let goes_on = BUFFER.with_borrow_mut(|buffer| match reader.try_read(buffer) {
            Ok(0) => false,
            Ok(read) => {
                if rest.is_empty() {
                    let used = heard.frames_of(&buffer[..read], &mut known);
                    rest.extend_from_slice(&buffer[used..read]);
                } else {
                    rest.extend_from_slice(&buffer[..read]);
                    let used = heard.frames_of(&rest, &mut known);
                    rest.drain(..used);
                }
                true
            }
            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
        });
        if !goes_on {
            return;
        }
    }
}

impl Heard {
    /// Takes whole frames; answers how many bytes they were.
    fn frames_of(&self, bytes: &[u8], known: &mut [u64]) -> usize {
        let mut used = 0;
        while let Some((head, length)) = extent(&bytes[used..]) {
            let Some(text) = bytes.get(used + head..used + head + length) else { break };
            self.comments_of(text, known);
            self.frames.set(self.frames.get() + 1);
            used += head + length;
        }
        self.bytes.set(self.bytes.get() + used);
        used
    }

    fn comments_of(&self, text: &[u8], known: &mut [u64]) {
        let mut pieces = text.split(|byte| *byte == b'#').skip(1).step_by(2);
        for piece in &mut pieces {
            let piece = std::str::from_utf8(piece).expect("digits");
            let Some((show, rest)) = piece.split_once(':') else { continue };
            let Some((number, sent)) = rest.split_once(':').filter(|_| show.parse() == Ok(self.show)) else { continue };
            let (number, sent): (usize, u128) = (number.parse().expect("a number"), sent.parse().expect("a moment"));
            let (word, bit) = (number / 64, 1 << (number % 64));
            if known[word] & bit != 0 {
                self.twice.set(self.twice.get() + 1);
                continue;
            }
            known[word] |= bit;
            let class = (self.begun.elapsed().as_micros().saturating_sub(sent) / 100) as usize;
            self.delays.borrow_mut()[class.min(CLASSES - 1)] += 1;
            self.comments.set(self.comments.get() + 1);
        }
    }
}

/// How long a frame's head and its text are; `None` when not even the head is there.
fn extent(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes.get(1)? & 0x7f {
        126 => Some((4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])))),
        127 => Some((10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize)),
        short => Some((2, usize::from(short))),
    }
}

/// Looks at a page at an even pace.
fn looks(address: SocketAddr, path: &str, each: Duration) -> Report {
    let wanted = request("GET", path, "", None);
    let count = LOOKS * each.as_secs() as usize;
    let begun = Cell::new(None::<Instant>);
    let times = RefCell::new(Vec::with_capacity(count));
    let open = async |_| Connection::open(address).await;
    work_off(LOOKERS, count, each * 2, open, async |connection: &mut Connection, number| {
        let begun = begun.get().unwrap_or_else(|| {
            let now = Instant::now();
            begun.set(Some(now));
            now
        });
        tokio::time::sleep_until((begun + Duration::from_secs(1) / LOOKS as u32 * number as u32).into()).await;
        let asked = Instant::now();
        assert_eq!(connection.send(&wanted).await.status, 200);
        times.borrow_mut().push(asked.elapsed());
    });
    Report::of(times.into_inner(), each)
}
