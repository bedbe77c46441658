//! The benchmark of the shop: `cargo bench --bench shop`. Words after `--` shorten it: `quick` takes three seconds a
//! figure instead of ten; `pages`, `search`, `orders`, `purchases`, `campaigns`, `campaign-pages`, `quote`, `logins`, `events`, `live` name parts, `sqlite` and
//! `postgres` databases.
//!
//! Everything runs in one go on the machine at hand, load generator included, and every figure stands beside a
//! reference measured in the same run, because machines differ. PostgreSQL is a private cluster started from installed
//! server programs, or the server that `TEST_POSTGRES_URL` names; without either it is left out with one line.

#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::indexing_slicing, clippy::as_conversions, clippy::float_arithmetic)]

mod bare;
mod campaigns;
mod events;
mod fixture;
mod live;
mod load;
mod log_ins;
mod orders;
mod pages;
mod pgbench;
#[path = "../../tests/api/support/postgres.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod postgres;
mod process;
mod purchase;
mod search;

use std::path::{Path, PathBuf};
use std::time::Duration;

use campaigns::Stage;
use fixture::Fixture;
use process::Process;

/// Products of the shop that everything is measured in.
const PRODUCTS: usize = 10_000;

/// What can be asked for by name.
const PARTS: [&str; 10] =
    ["pages", "search", "orders", "purchases", "campaigns", "campaign-pages", "quote", "logins", "events", "live"];

/// What is wanted, and where files may lie meanwhile.
struct Run {
    folder: PathBuf,
    each: Duration,
    words: Vec<String>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, file, address] = arguments.as_slice()
        && flag == "--bare"
    {
        return process::serve_bare(file, address);
    }
    let quick = arguments.iter().any(|argument| argument == "quick");
    let words = arguments.into_iter().filter(|argument| !argument.starts_with("--") && argument != "quick").collect();
    let folder = Folder::new();
    let run = Run { folder: folder.0.clone(), each: Duration::from_secs(if quick { 3 } else { 10 }), words };
    if run.wants("sqlite", &["sqlite", "postgres"]) {
        println!("# The embedded database, {PRODUCTS} products");
        run.shop(&format!("sqlite://{}/shop.db", folder.0.display()), "embedded");
        if run.wants_part("search") {
            run.search_growth();
        }
    }
    if run.wants("postgres", &["sqlite", "postgres"])
        && let Some(server) = postgres::postgres()
    {
        println!("\n# PostgreSQL, {PRODUCTS} products");
        let database = server.create_database();
        run.shop(database.url(), "postgres");
    }
}

/// A place for files; gone with this value, also when a measurement panics.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("hourglass-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

impl Run {
    /// Whether `word` is wanted: named, or nothing of its kind is.
    fn wants(&self, word: &str, kind: &[&str]) -> bool {
        let named = |word: &str| self.words.iter().any(|wanted| wanted == word);
        named(word) || !kind.iter().copied().any(named)
    }

    fn wants_part(&self, part: &str) -> bool {
        self.wants(part, &PARTS)
    }

    fn shop(&self, url: &str, name: &str) {
        let folder = self.folder.join(name);
        let fixture = filled(url, PRODUCTS);
        campaigns::open_owner(url);
        let simulator = process::simulator(&folder);
        let service = process::service(&folder, url, &simulator);
        println!("first answer after the start: {:.2} s", service.first_answer.as_secs_f64());
        search::wait_for_index(&service);
        // What the building needed is given back within a second, and is not the load's.
        std::thread::sleep(Duration::from_secs(2));
        println!("memory at rest: {:.0} MiB", service.memory_mib());
        service.forget_peak();
        let embedded = url.starts_with("sqlite");
        if embedded && self.wants_part("pages") {
            pages::product_and_list(self, &service, &fixture);
        }
        if embedded && self.wants_part("search") {
            search::measure(self, &service);
        }
        if self.wants_part("purchases") {
            purchase::measure(self, &service, &simulator, &fixture);
        }
        if self.wants_part("orders") {
            orders::measure(self, url, &service, &simulator, &fixture);
        }
        if self.wants_part("logins") {
            log_ins::measure(self, &service, &simulator);
        }
        if self.wants_part("events") {
            events::measure(self, &service);
        }
        if self.wants_part("live") {
            live::measure(self, &service, &simulator, &fixture);
        }
        self.campaigns(url, &service, &simulator, &fixture);
        println!(
            "memory under the load: {:.0} MiB at most, {:.0} MiB after it",
            service.peak_mib(),
            service.memory_mib()
        );
    }

    fn campaigns(&self, url: &str, service: &Process, simulator: &Process, fixture: &Fixture) {
        let named = ["campaign-pages", "quote", "campaigns"].map(|part| self.wants_part(part));
        if !named.contains(&true) {
            return;
        }
        let stage = Stage::set(self, service, simulator, fixture);
        let [pages, quote, campaigns] = named;
        if pages && url.starts_with("sqlite") {
            stage.pages();
        }
        if quote {
            stage.quote();
        }
        if campaigns {
            stage.measure(url);
        }
    }

    /// How the cost of a search grows with the catalogue: the same searches in shops of two sizes, turn and turn about.
    fn search_growth(&self) {
        let shops = [PRODUCTS / 4, PRODUCTS].map(|products| {
            let folder = self.folder.join(format!("search-{products}"));
            std::fs::create_dir_all(&folder).expect("a folder");
            let url = format!("sqlite://{}/shop.db", folder.display());
            filled(&url, products);
            let simulator = process::simulator(&folder);
            let service = process::service(&folder, &url, &simulator);
            search::wait_for_index(&service);
            (products, service)
        });
        search::compare(self, &shops);
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// A database with so many products.
fn filled(url: &str, products: usize) -> Fixture {
    if let Some(parent) = url.strip_prefix("sqlite://").and_then(|file| Path::new(file).parent()) {
        std::fs::create_dir_all(parent).expect("a folder");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(fixture::fill(&fixture::settings(url), products))
}

/// Milliseconds.
fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
