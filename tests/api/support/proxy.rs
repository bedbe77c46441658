//! A stretch of wire to the database that can be cut, or left standing without passing anything on.
//!
//! It lives on threads of its own, so that nothing a test does holds it up.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// What becomes of what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passage {
    /// It arrives.
    Open,
    /// Whoever is connected is cut off, and whoever connects is turned away.
    Cut,
    /// Nothing is refused and nothing arrives.
    Stalled,
    /// The test is over.
    Over,
}

struct Wire {
    target: SocketAddr,
    passage: Mutex<Passage>,
    changed: Condvar,
    streams: Mutex<Vec<TcpStream>>,
}

/// The wire; over with this value.
pub struct Proxy {
    wire: Arc<Wire>,
    address: SocketAddr,
}

impl Proxy {
    /// A wire to the server that this URL of PostgreSQL names.
    pub fn to(url: &str) -> Self {
        let target = parts(url).1.to_socket_addrs().expect("a server").next().expect("an address");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let wire =
            Wire { target, passage: Mutex::new(Passage::Open), changed: Condvar::new(), streams: Mutex::default() };
        let wire = Arc::new(wire);
        let serving = Arc::clone(&wire);
        thread::spawn(move || serving.accept(&listener));
        Self { wire, address }
    }

    /// The same URL by way of this wire.
    pub fn url(&self, url: &str) -> String {
        let (head, _, tail) = parts(url);
        format!("{head}{}{tail}", self.address)
    }

    /// Cuts the wire.
    pub fn is_cut(&self) {
        self.wire.turn(Passage::Cut);
    }

    /// Lets the wire stand without passing anything on.
    pub fn is_stalled(&self) {
        self.wire.turn(Passage::Stalled);
    }

    /// Mends the wire; what was held back arrives.
    pub fn is_mended(&self) {
        self.wire.turn(Passage::Open);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.wire.turn(Passage::Over);
        // Wakes whoever waits for the next connection.
        let _woken = TcpStream::connect(self.address);
    }
}

impl Wire {
    fn turn(&self, passage: Passage) {
        *self.passage.lock().expect("nobody panicked") = passage;
        self.changed.notify_all();
        if matches!(passage, Passage::Cut | Passage::Over) {
            for stream in self.streams.lock().expect("nobody panicked").drain(..) {
                let _closed = stream.shutdown(Shutdown::Both);
            }
        }
    }

    fn passage(&self) -> Passage {
        *self.passage.lock().expect("nobody panicked")
    }

    fn accept(self: Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            match self.passage() {
                Passage::Over => return,
                Passage::Cut => drop(stream),
                Passage::Open | Passage::Stalled => {
                    let Ok(stream) = stream else { continue };
                    let wire = Arc::clone(&self);
                    thread::spawn(move || wire.lead(stream));
                }
            }
        }
    }

    /// Leads a connection to the server, both ways.
    fn lead(self: Arc<Self>, near: TcpStream) {
        let Ok(far) = TcpStream::connect(self.target) else { return };
        let (Ok(near_too), Ok(far_too)) = (near.try_clone(), far.try_clone()) else { return };
        for stream in [&near, &far] {
            let _quick = stream.set_nodelay(true);
            self.streams.lock().expect("nobody panicked").extend(stream.try_clone());
        }
        if matches!(self.passage(), Passage::Cut | Passage::Over) {
            // Cut while this connection was being made.
            return;
        }
        let back = Arc::clone(&self);
        thread::spawn(move || back.pass(far_too, near_too));
        self.pass(near, far);
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut piece = [0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut piece) {
            let stalled = |passage: &mut Passage| *passage == Passage::Stalled;
            let passage = self.passage.lock().expect("nobody panicked");
            let passage = *self.changed.wait_while(passage, stalled).expect("nobody panicked");
            if passage != Passage::Open || to.write_all(&piece[..length]).is_err() {
                break;
            }
        }
        for stream in [&from, &to] {
            let _closed = stream.shutdown(Shutdown::Both);
        }
    }
}

/// A URL of PostgreSQL in three parts: what stands before the server, the server as `host:port`, and what follows it.
fn parts(url: &str) -> (&str, String, &str) {
    let from = url.rfind('@').map_or_else(|| url.find("://").map_or(0, |at| at + 3), |at| at + 1);
    let (head, rest) = url.split_at(from);
    let (server, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let port = if server.contains(':') { "" } else { ":5432" };
    (head, format!("{server}{port}"), tail)
}
