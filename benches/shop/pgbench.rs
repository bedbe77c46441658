//! PostgreSQL's own benchmark on the same server in the same run: what its hardware and its settings allow.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use diesel::prelude::*;

use super::postgres::with_database;

/// The database that pgbench fills.
const DATABASE: &str = "hourglass_pgbench";
/// Ten times as many tellers and branches as the smallest size; `-N` touches neither.
const SCALE: &str = "10";

/// Transactions of `pgbench -N` a second with so many clients; nothing when the database is not PostgreSQL or there is
/// no pgbench, which is said.
pub fn rate(database_url: &str, clients: usize, each: Duration) -> Option<f64> {
    if !database_url.starts_with("postgres") {
        return None;
    }
    let Some(program) = program() else {
        println!("pgbench is not installed; there is nothing to compare with");
        return None;
    };
    let url = with_database(database_url, DATABASE);
    let mut conn = PgConnection::establish(database_url).expect("the database answers");
    for sql in [format!("DROP DATABASE IF EXISTS {DATABASE}"), format!("CREATE DATABASE {DATABASE}")] {
        diesel::sql_query(sql).execute(&mut conn).expect("a database for pgbench");
    }
    run(&program, &["-i", "-q", "-s", SCALE, &url]);
    let (clients, seconds) = (clients.to_string(), each.as_secs().to_string());
    let told = run(&program, &["-N", "-c", &clients, "-j", "2", "-T", &seconds, "-M", "prepared", &url]);
    diesel::sql_query(format!("DROP DATABASE {DATABASE}")).execute(&mut conn).expect("pgbench has ended");
    let rate = told.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok());
    let rate = rate.unwrap_or_else(|| panic!("pgbench said: {told}"));
    println!("pgbench -N, {clients} clients: {rate:.0}/s");
    Some(rate)
}

fn run(program: &PathBuf, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().expect("pgbench starts");
    if !output.status.success() {
        let _told = std::io::stderr().write_all(&output.stderr);
        panic!("pgbench failed");
    }
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// pgbench from the `PATH`, or the newest beside the server's programs.
fn program() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let packaged = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut packaged: Vec<PathBuf> = packaged.map(|entry| entry.path().join("bin")).collect();
    packaged.sort();
    let folders = on_path.into_iter().flatten().chain(packaged.into_iter().rev());
    folders.map(|folder| folder.join("pgbench")).find(|program| program.is_file())
}
