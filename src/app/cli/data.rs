//! Commands about what is stored.

use std::io::BufRead as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use secrecy::SecretString;
use serde_json::json;

use super::Failure;
use crate::analytics::history::{self, HistoryPlan};
use crate::analytics::{Sealer, SealingSettings};
use crate::app::config::catalogue::OWNER_PASSWORD;
use crate::app::config::{self, Values};
use crate::app::printing;
use crate::app::wiring::StartError;
use crate::kernel::time::Clock;
use crate::platform::db::copy::{CopiedTable, copy_shop};
use crate::platform::db::faults::Faults;
use crate::platform::db::{Db, DbSettings, migrate_down, migrate_up};
use crate::platform::storage::Archive;
use crate::staff::{self, NewOwner};

/// What `migrate` is told.
#[derive(Debug, Args)]
pub(super) struct MigrateArguments {
    /// Take every table down, with all that is in it.
    #[arg(long, conflicts_with_all = ["from", "to"])]
    down: bool,
    /// Move a whole shop from this database; it must be closed meanwhile.
    #[arg(long, value_name = "URL", requires = "to")]
    from: Option<String>,
    /// Into this one, which must be empty.
    #[arg(long, value_name = "URL", requires = "from")]
    to: Option<String>,
}

/// How much happens in a made-up history.
#[derive(Debug, Args)]
pub(super) struct HistoryArguments {
    /// People who come, each at least once.
    #[arg(long, default_value_t = 20_000)]
    people: u32,
    /// Events, about.
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Days; the last of them is yesterday.
    #[arg(long, default_value_t = 30)]
    days: u16,
    /// What everything is drawn from; made up when absent.
    #[arg(long)]
    seed: Option<u64>,
}

/// What can be done about staff.
#[derive(Debug, Subcommand)]
pub(super) enum StaffCommand {
    /// Open an account that may do everything. The password is read from HOURGLASS_OWNER_PASSWORD or from the first
    /// line of standard input; never from the command line, which everybody on the machine can read.
    CreateOwner {
        /// 3 to 32 of a-z 0-9 . _ -
        #[arg(long)]
        username: String,
        /// What colleagues see; the username when absent.
        #[arg(long)]
        display_name: Option<String>,
    },
}

/// Migrates up or down, or moves a shop.
pub(super) fn migrate(values: &Values, arguments: &MigrateArguments) -> Result<(), Failure> {
    if let (Some(from), Some(to)) = (&arguments.from, &arguments.to) {
        return move_shop(&named("--from", from)?, &named("--to", to)?);
    }
    let settings = config::database(values)?;
    if arguments.down {
        let reverted = migrate_down(&settings)?;
        printing::line(&format!("{reverted} migrations taken back"));
    } else {
        let applied = migrate_up(&settings)?;
        printing::line(&format!("{applied} migrations applied"));
    }
    Ok(())
}

fn named(argument: &str, url: &str) -> Result<DbSettings, Failure> {
    DbSettings::for_url(url).map_err(|expected| Failure::Usage(format!("{argument}: {expected}")))
}

fn move_shop(from: &DbSettings, to: &DbSettings) -> Result<(), Failure> {
    migrate_up(to)?;
    let copied = copy_shop(from, to)?;
    let row = |table: &CopiedTable| vec![table.name.clone(), table.rows.to_string(), table.checksum.clone()];
    let heading = ["table", "rows", "checksum, the same on both sides"].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(copied.iter().map(row)).collect();
    printing::table(&rows);
    let rows = copied.iter().fold(0_u64, |sum, table| sum.saturating_add(table.rows));
    printing::line(&format!("{rows} rows of {} tables moved and proven equal", copied.len()));
    Ok(())
}

/// Tells a made-up history into the shop, and says in one line of JSON what is true of it.
pub(super) async fn tell_history(values: &Values, arguments: &HistoryArguments) -> Result<(), Failure> {
    let &HistoryArguments { people, events, days, seed } = arguments;
    let seed = seed.unwrap_or_else(rand::random);
    let settings = config::database(values)?;
    migrate_up(&settings)?;
    let db = Db::open(settings, Clock::wall(), values.required(config::catalogue::NODE)?, Faults::none())?;
    let folder: PathBuf = values.required(config::catalogue::DATA_DIR)?;
    let archive = Archive::open(&config::storage(values)?, folder.join("archive")).map_err(StartError::from)?;
    // Made-up events never wait, so that it does not matter when waiting ones are sealed.
    let sealer = Sealer::new(db.clone(), archive, SealingSettings { events: i64::MAX, wait_ms: i64::MAX });
    let truth = history::tell(&db, &sealer, HistoryPlan { people, events, days, seed }).await?;
    printing::line(&json!({ "seed": seed, "truth": truth }).to_string());
    Ok(())
}

/// Does what was asked about staff.
pub(super) async fn staff(values: &Values, command: StaffCommand) -> Result<(), Failure> {
    let StaffCommand::CreateOwner { username, display_name } = command;
    let settings = config::database(values)?;
    let password = staff::hash_password(&password()?, &username)?;
    migrate_up(&settings)?;
    let db = Db::open(settings, Clock::wall(), values.required(config::catalogue::NODE)?, Faults::none())?;
    let owner = NewOwner { display_name: display_name.unwrap_or_else(|| username.clone()), username, password };
    let created = db.write("staff.create_owner", move |tx| staff::create_owner(tx, &owner)).await?;
    printing::line(&format!("owner created: {created}"));
    Ok(())
}

fn password() -> Result<SecretString, Failure> {
    if let Ok(password) = std::env::var(OWNER_PASSWORD) {
        return Ok(password.into());
    }
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Failure::Io(format!("standard input cannot be read: {error}")))?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Failure::Usage(format!("no password: expected one in {OWNER_PASSWORD} or on standard input")));
    }
    Ok(password.into())
}
