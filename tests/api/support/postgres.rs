//! A PostgreSQL for the tests, decided once per test process.
//!
//! * `TEST_POSTGRES_URL` names a server whose user may create databases: it is used.
//! * Otherwise the server's programs are looked for on this machine (`PATH`, then `/usr/lib/postgresql/*/bin`, newest
//!   first) and a private cluster is started in a temporary directory. It listens on the loopback and on a socket in
//!   that directory, and ends with the test process.
//! * Otherwise the tests that want PostgreSQL are skipped, with one line that says why; where `CI` is set they fail.
//!
//! The private cluster is started and kept by a small shell script that waits for its standard input to end. The other
//! end of that pipe belongs to the test process, so the kernel closes it however the process ends: normally, by a
//! panic, or killed. Then the script stops the server and removes the directory. A server's programs refuse to run as
//! root, so under root the script runs as `postgres` or `nobody`.
#![allow(clippy::expect_used, reason = "a test whose database does not answer has nothing better to do than to stop")]

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl};

/// Every database of the tests begins with this, followed by the run and a number.
const PREFIX: &str = "hourglass_test_";

/// How many databases of ended tests a private cluster lets lie before it drops them together: every `DROP DATABASE`
/// waits for a checkpoint, which is slow when it is full and instant when the one before it has just ended.
const DROPPED_TOGETHER: usize = 48;

/// How often another port is tried when somebody was faster to take the free one.
const ATTEMPTS: u32 = 3;

/// Starts the cluster, says `ready` or why not, kills the server and starts it again when told to, waits for the test
/// process to end, and clears everything away. Arguments: the programs' directory, the cluster's directory, the port.
/// `CLUSTER_PASSWORD` is in the environment, so that it is not in the list of processes. What a killed server leaves
/// behind may hold its successor up for a moment, so starting again is tried until it succeeds.
const KEEPER: &str = r#"
umask 077
programs=$1 directory=$2 port=$3
printf %s "$CLUSTER_PASSWORD" >"$directory/password"
create() {
    "$programs/initdb" -D "$directory/data" -U hourglass --pwfile="$directory/password" \
        --auth-local=trust --auth-host=scram-sha-256 -E UTF8 --locale=C --no-sync
}
start() {
    "$programs/pg_ctl" -D "$directory/data" -l "$directory/server.log" -w -t 60 -o "-p $port -h 127.0.0.1 \
        -k '$directory' -c fsync=on -c shared_buffers=32MB -c max_connections=200 -c max_wal_size=2GB" start
}
if (create && start) >"$directory/start.log" 2>&1 </dev/null; then echo ready
else tail -qn 2 "$directory/start.log" "$directory/server.log" 2>/dev/null | tr '\n' ' '; echo; fi
exec 2>/dev/null
while read -r order; do
    case $order in
    kill) kill -9 "$(head -n 1 "$directory/data/postmaster.pid")" && echo killed ;;
    start) until start >>"$directory/start.log" 2>&1 </dev/null; do sleep 0.1; done; echo ready ;;
    esac
done
"$programs/pg_ctl" -D "$directory/data" -m immediate -w stop >/dev/null
cd / && rm -rf "$directory"
"#;

/// The PostgreSQL of this test process; `None` means that the test is to return at once, which has been said aloud.
///
/// # Panics
/// Where `CI` is set and there is no PostgreSQL: a build server must not pass by skipping.
pub fn postgres() -> Option<&'static Postgres> {
    static POSTGRES: OnceLock<Result<Postgres, String>> = OnceLock::new();
    let decided = POSTGRES.get_or_init(|| {
        let found = Postgres::find();
        if let Err(why) = &found {
            // Written past the capture of the test harness, which hides what passing tests print.
            let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(std::io::stderr(), "PostgreSQL tests skipped: {why}");
        }
        found
    });
    assert!(decided.is_ok() || std::env::var_os("CI").is_none(), "CI is set, but there is no PostgreSQL");
    decided.as_ref().ok()
}

/// A running server that the tests may create databases on.
pub struct Postgres {
    /// A URL of the server; the database in it is only good for administration.
    url: String,
    /// What tells this test process from others on the same server.
    run: String,
    created: AtomicU32,
    /// Kept open to the end: while it lives, other test processes leave this one's databases alone.
    administration: Mutex<PgConnection>,
    templates: Mutex<HashMap<String, Arc<OnceLock<String>>>>,
    /// Databases of ended tests, waiting to be dropped together.
    ended: Mutex<Vec<String>>,
    /// Closed by the kernel when this process ends, which ends the private cluster too.
    keeper: Option<Cluster>,
}

/// A private cluster; ends with this value.
pub struct Cluster {
    url: String,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Cluster {
    /// One that a single test may mistreat; `None` when there are no programs to start it from, which was said aloud.
    ///
    /// # Panics
    /// Where `CI` is set and there are no programs.
    pub fn of_ones_own() -> Option<Self> {
        let started = find_programs().ok_or_else(|| "no PostgreSQL server is installed".to_owned());
        let started = started.and_then(|programs| start_repeatedly(&programs));
        if let Err(why) = &started {
            let _ = writeln!(std::io::stderr(), "a PostgreSQL test is skipped: {why}");
        }
        assert!(started.is_ok() || std::env::var_os("CI").is_none(), "CI is set, but there is no PostgreSQL");
        started.ok()
    }

    /// Where to connect to, as a user who may do anything.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends the server as a failure of power would: nothing is said, nothing is written any more.
    pub fn is_killed(&mut self) {
        assert_eq!(self.answer_to("kill"), "killed");
    }

    /// Starts the killed server and waits until it has recovered.
    pub fn starts_again(&mut self) {
        assert_eq!(self.answer_to("start"), "ready");
    }

    fn answer_to(&mut self, order: &str) -> String {
        writeln!(self.orders, "{order}").expect("the script listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the script answers");
        answer.trim().to_owned()
    }
}

/// A database of one test, given up with this value: a private cluster drops it together with others or vanishes with
/// it, any other server drops it at once.
pub struct TestDatabase {
    server: &'static Postgres,
    name: String,
    url: String,
}

impl TestDatabase {
    /// Where to connect to.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let enough = if self.server.keeper.is_some() { DROPPED_TOGETHER } else { 1 };
        let ended = {
            let mut ended = locked(&self.server.ended);
            ended.push(std::mem::take(&mut self.name));
            if ended.len() < enough { Vec::new() } else { std::mem::take(&mut *ended) }
        };
        for name in ended {
            // A pool that outlives its test must not keep the database; a failure here is none of the test.
            let _ = self.server.administer(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

impl Postgres {
    /// A fresh, empty database.
    pub fn create_database(&'static self) -> TestDatabase {
        self.copy_of("template1")
    }

    /// A fresh database that looks like `prepare` left its own: `prepare` runs once per test process and `template`, on
    /// a database whose URL it is given, and everybody gets a copy. It must close its connections before it returns.
    pub fn create_database_from(&'static self, template: &str, prepare: impl FnOnce(&str)) -> TestDatabase {
        let prepared = Arc::clone(locked(&self.templates).entry(template.to_owned()).or_default());
        let name = prepared.get_or_init(|| {
            let name = self.next_name();
            self.administer(&format!("CREATE DATABASE {name}")).expect("the template database is created");
            prepare(&with_database(&self.url, &name));
            name
        });
        self.copy_of(name)
    }

    fn copy_of(&'static self, template: &str) -> TestDatabase {
        let name = self.next_name();
        self.administer(&format!("CREATE DATABASE {name} TEMPLATE {template}")).expect("a database is created");
        TestDatabase { server: self, url: with_database(&self.url, &name), name }
    }

    fn next_name(&self) -> String {
        format!("{PREFIX}{}_{}", self.run, self.created.fetch_add(1, Ordering::Relaxed))
    }

    fn administer(&self, sql: &str) -> diesel::QueryResult<()> {
        locked(&self.administration).batch_execute(sql)
    }

    fn find() -> Result<Self, String> {
        if let Ok(url) = std::env::var("TEST_POSTGRES_URL") {
            let server = Self::connect(url, None).map_err(|why| format!("TEST_POSTGRES_URL: {why}"))?;
            server.drop_leftovers().map_err(|why| format!("TEST_POSTGRES_URL: {why}"))?;
            return Ok(server);
        }
        let programs = find_programs()
            .ok_or("TEST_POSTGRES_URL is not set, and no PostgreSQL server is installed (initdb, pg_ctl, postgres)")?;
        let cluster = start_repeatedly(&programs)?;
        Self::connect(cluster.url.clone(), Some(cluster))
    }

    fn connect(url: String, keeper: Option<Cluster>) -> Result<Self, String> {
        let run = format!("{:08x}", rand::random::<u32>());
        let mut administration = PgConnection::establish(&url).map_err(|why| why.to_string())?;
        let named = administration.batch_execute(&format!("SET application_name = '{PREFIX}{run}'"));
        named.map_err(|why| why.to_string())?;
        Ok(Self {
            url,
            run,
            created: AtomicU32::new(0),
            administration: Mutex::new(administration),
            templates: Mutex::default(),
            ended: Mutex::default(),
            keeper,
        })
    }

    /// Drops what killed test processes and the templates of ended ones left on a server that is not ours to remove:
    /// databases of runs that no longer hold their connection.
    fn drop_leftovers(&self) -> diesel::QueryResult<()> {
        #[derive(QueryableByName)]
        struct Leftover {
            #[diesel(sql_type = Text)]
            name: String,
        }
        let query = diesel::sql_query(format!(
            "SELECT datname::text AS name FROM pg_database WHERE datname ~ '^{PREFIX}[0-9a-f]{{8}}_[0-9]+$' AND NOT \
             EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = regexp_replace(datname, '_[0-9]+$', ''))"
        ));
        let leftovers: Vec<Leftover> = query.load(&mut *locked(&self.administration))?;
        // Another process that starts now may be dropping the same ones.
        leftovers.iter().try_for_each(|left| self.administer(&format!("DROP DATABASE IF EXISTS {}", left.name)))
    }
}

/// The directory of the server's programs.
fn find_programs() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    // A lone link to `postgres` points to where the other programs are.
    let on_path = on_path
        .into_iter()
        .flatten()
        .filter_map(|directory| Some(fs::canonicalize(directory.join("postgres")).ok()?.parent()?.to_path_buf()));
    let mut packaged: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    packaged.sort();
    let complete =
        |directory: &PathBuf| ["initdb", "pg_ctl", "postgres"].iter().all(|name| directory.join(name).is_file());
    on_path.chain(packaged.into_iter().rev().map(|(_, directory)| directory)).find(complete)
}

/// Starts a private cluster; says why not.
fn start_repeatedly(programs: &Path) -> Result<Cluster, String> {
    let mut outcome = Err(String::new());
    for _ in 0..ATTEMPTS {
        outcome = start_cluster(programs);
        if outcome.is_ok() {
            break;
        }
    }
    outcome.map_err(|why| format!("the server in {} does not start: {why}", programs.display()))
}

fn start_cluster(programs: &Path) -> Result<Cluster, String> {
    let directory = std::env::temp_dir().join(format!("hourglass-postgres-{:016x}", rand::random::<u64>()));
    fs::DirBuilder::new().mode(0o700).create(&directory).map_err(|why| format!("{}: {why}", directory.display()))?;
    let started = keep_cluster(programs, &directory);
    if started.is_err() {
        // The script does the same, unless it never ran.
        let _ = fs::remove_dir_all(&directory);
    }
    started
}

fn keep_cluster(programs: &Path, directory: &Path) -> Result<Cluster, String> {
    let text = |why: std::io::Error| why.to_string();
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_err(text)?.port();
    let password = format!("{:032x}", rand::random::<u128>());
    let mut command = Command::new("sh");
    command.args(["-c", KEEPER, "keeper"]).arg(programs).arg(directory).arg(port.to_string());
    command.env("CLUSTER_PASSWORD", &password).env("LC_ALL", "C").current_dir(directory);
    // In a group of its own, so that an interrupt from the keyboard reaches the tests and not the script.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    // Whoever made the directory is who we are.
    if fs::metadata(directory).map_err(text)?.uid() == 0 {
        let (user, group) = unprivileged().ok_or("running as root, and there is neither `postgres` nor `nobody`")?;
        chown(directory, Some(user), Some(group)).map_err(text)?;
        command.uid(user).gid(group);
    }
    let mut keeper = command.spawn().map_err(text)?;
    let orders = keeper.stdin.take().ok_or("the script has no input")?;
    let mut answers = BufReader::new(keeper.stdout.take().ok_or("the script has no output")?);
    let mut answer = String::new();
    answers.read_line(&mut answer).map_err(text)?;
    if answer.trim() != "ready" {
        drop(orders);
        // Without its input the script clears away and ends.
        let _ = keeper.wait();
        return Err(answer.trim().to_owned());
    }
    let url = format!("postgres://hourglass:{password}@127.0.0.1:{port}/postgres");
    Ok(Cluster { url, orders, answers })
}

/// The user and group that own nothing: `postgres` if the server's package made it, else `nobody`.
fn unprivileged() -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    ["postgres", "nobody"].iter().find_map(|wanted| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let ids = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
            (name == *wanted).then_some(ids)
        })
    })
}

/// The same URL with another database.
pub fn with_database(url: &str, name: &str) -> String {
    let (address, settings) = url.split_once('?').map_or((url, None), |(address, settings)| (address, Some(settings)));
    let server_from = address.find("://").map_or(0, |scheme| scheme + 3);
    let server_to = address.get(server_from..).and_then(|rest| rest.find('/')).map(|slash| server_from + slash);
    let server = server_to.and_then(|end| address.get(..end)).unwrap_or(address);
    let settings = settings.map(|settings| format!("?{settings}")).unwrap_or_default();
    format!("{server}/{name}{settings}")
}

/// The lock's content even after another test panicked with it: everything behind these locks stays whole.
fn locked<Content>(lock: &Mutex<Content>) -> MutexGuard<'_, Content> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
