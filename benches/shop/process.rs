//! The processes under measurement: the service, the WeChat simulator, and a bare handler to compare with.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::load::{Connection, request};

/// The secret that tokens are signed with during the benchmark.
const SECRET: &str = "a secret for the benchmark and nothing else";

/// A child process; killed when dropped.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start to its first answer.
    pub first_answer: Duration,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

impl Process {
    fn spawn(mut command: Command, address: SocketAddr, probe: &str) -> Self {
        let started = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("the process starts");
        let mut process = Self { child, address, first_answer: Duration::ZERO };
        while started.elapsed() < Duration::from_secs(60) {
            if std::net::TcpStream::connect(address).is_ok() && process.ask("GET", probe, "", None).0 == 200 {
                process.first_answer = started.elapsed();
                return process;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("{probe} did not answer within a minute");
    }

    /// One request on a connection of its own.
    pub fn ask(&self, method: &str, path: &str, headers: &str, body: Option<&Value>) -> (u16, Value) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let answer = Connection::open(self.address).await.send(&request(method, path, headers, body)).await;
            (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
        })
    }

    /// The body that a path answers with.
    pub fn get(&self, path: &str, headers: &str) -> Vec<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let answer = Connection::open(self.address).await.send(&request("GET", path, headers, None)).await;
            assert_eq!(answer.status, 200);
            answer.body
        })
    }

    /// Processor time spent so far.
    pub fn processor_time(&self) -> Duration {
        processor_time(&self.child.id().to_string())
    }

    /// Resident memory in MiB.
    pub fn memory_mib(&self) -> f64 {
        self.status_mib("VmRSS:")
    }

    /// The most resident memory since [`Self::forget_peak`], in MiB.
    pub fn peak_mib(&self) -> f64 {
        self.status_mib("VmHWM:")
    }

    /// Begins to look for the peak anew.
    pub fn forget_peak(&self) {
        // Linux's word for it; where it is refused the peak since the start is shown, which is never less.
        let _refused = std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5");
    }

    fn status_mib(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1024.0
    }
}

/// Processor time that a process has spent so far; `self` is this one.
pub fn processor_time(process: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name stands in brackets and may hold spaces. User and system time are the 14th and 15th fields, in ticks,
    // of which Linux shows a hundred a second on every architecture.
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or_default();
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

/// The WeChat simulator.
pub fn simulator(folder: &Path) -> Process {
    let address = free_address();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hourglass"));
    command
        .args(["simulate", "wechat"])
        .env("HOURGLASS_MODE", "development")
        .env("HOURGLASS_DATA_DIR", folder)
        .env("HOURGLASS_LOG", "error")
        .env("HOURGLASS_SIMULATOR_LISTEN", address.to_string());
    Process::spawn(command, address, "/_sim/credentials")
}

/// The service on this database, with limits out of the way.
pub fn service(folder: &Path, database_url: &str, simulator: &Process) -> Process {
    let address = free_address();
    let keys = simulator.ask("GET", "/_sim/credentials", "", None).1;
    let key = |name: &str| keys[name].as_str().unwrap_or_default().to_owned();
    let wechat = format!("http://{}", simulator.address);
    let mut command = Command::new(env!("CARGO_BIN_EXE_hourglass"));
    command
        .arg("serve")
        .env("HOURGLASS_MODE", "development")
        .env("HOURGLASS_LOG", "error")
        .env("HOURGLASS_DATA_DIR", folder)
        .env("HOURGLASS_DATABASE_URL", database_url)
        .env("HOURGLASS_LISTEN", address.to_string())
        .env("HOURGLASS_BUDGET_APPROVAL_ABOVE_FEN", "100000000000")
        .env("HOURGLASS_TOKEN_SECRET", SECRET)
        .env("HOURGLASS_WECHAT_API_URL", &wechat)
        .env("HOURGLASS_WECHAT_PAY_URL", &wechat)
        .env("HOURGLASS_WECHAT_APP_ID", key("app_id"))
        .env("HOURGLASS_WECHAT_APP_SECRET", key("app_secret"))
        .env("HOURGLASS_WECHAT_MCH_ID", key("mch_id"))
        .env("HOURGLASS_WECHAT_MCH_SERIAL", key("merchant_serial"))
        .env("HOURGLASS_WECHAT_MCH_KEY", key("merchant_private_key_pem"))
        .env("HOURGLASS_WECHAT_API_V3_KEY", key("api_v3_key"))
        .env("HOURGLASS_WECHAT_PAY_PUBLIC_KEY_ID", key("platform_public_key_id"))
        .env("HOURGLASS_WECHAT_PAY_PUBLIC_KEY", key("platform_public_key_pem"));
    for limit in ["LOGIN", "WRITE", "READ", "EVENTS"] {
        command.env(format!("HOURGLASS_LIMIT_{limit}"), "1000000000");
    }
    Process::spawn(command, address, "/api/v1/products?limit=1")
}

/// A bare actix-web handler that answers with the bytes of a file, as many workers as the service has.
pub fn bare(file: &Path) -> Process {
    let address = free_address();
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg("--bare").arg(file).arg(address.to_string());
    Process::spawn(command, address, "/")
}

/// What [`bare`] runs.
pub fn serve_bare(file: &str, address: &str) {
    use actix_web::{App, HttpResponse, HttpServer, web};
    let bytes = web::Bytes::from(std::fs::read(file).expect("the bytes to answer with"));
    let site = move || {
        let bytes = bytes.clone();
        App::new().route(
            "/",
            web::get().to(move || {
                let bytes = bytes.clone();
                async move { HttpResponse::Ok().content_type("application/json").body(bytes) }
            }),
        )
    };
    let served = actix_web::rt::System::new().block_on(async { HttpServer::new(site).bind(address)?.run().await });
    served.expect("the bare handler serves");
}
