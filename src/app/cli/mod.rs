//! The command line.

mod data;
mod running;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::config::{ConfigError, Values};
use super::demo::command::{self, DemoFailure};
use super::openapi::OpenApiError;
use super::printing;
use super::wiring::StartError;
use super::{config, openapi, telemetry};
use crate::analytics::history::HistoryError;
use crate::crowd::CrowdError;
use crate::platform::db::DbError;
use crate::platform::db::copy::CopyError;
use crate::staff::StaffError;

/// A social-commerce backend for WeChat mini-programs, in one binary.
#[derive(Debug, Parser)]
#[command(name = "hourglass", version, about, propagate_version = true)]
pub struct Cli {
    /// The configuration file; ./hourglass.toml is read when it is there and none is named.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve requests, and do background work unless told otherwise.
    Serve,
    /// Do background work only.
    Work,
    /// Bring the database up to date, take it down, or move a shop to another database.
    Migrate(data::MigrateArguments),
    /// Write api-spec/openapi.json and api-spec/errors.json, or check that they are up to date.
    Openapi {
        /// Change nothing; fail when a file is out of date.
        #[arg(long)]
        check: bool,
        /// Where the files are.
        #[arg(long, value_name = "FOLDER", default_value = openapi::FOLDER)]
        folder: PathBuf,
    },
    /// Open a demonstration shop beside a simulated WeChat, with goods, pictures and an owner's account.
    Demo {
        /// Print one line of JSON once it answers, and nothing else.
        #[arg(long)]
        json: bool,
    },
    /// Run what the shop talks to in development.
    #[command(subcommand)]
    Simulate(Simulated),
    /// List every setting with its variable, its default and what it takes.
    Config,
    /// Staff accounts.
    #[command(subcommand)]
    Staff(data::StaffCommand),
}

#[derive(Debug, Subcommand)]
enum Simulated {
    /// The development WeChat alone; prints the settings of a shop that uses it.
    Wechat,
    /// A crowd of shoppers who come through each other's shares, help, join, claim, browse, buy and share on.
    Shoppers(running::CrowdArguments),
    /// Weeks of visits and purchases that never were, sealed into a shop that is not running; prints what is true of them.
    History(data::HistoryArguments),
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Something that was told wrongly on the command line.
    #[error("{0}")]
    Usage(String),
    /// The service could not be built.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Moving a shop.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The document.
    #[error(transparent)]
    OpenApi(#[from] OpenApiError),
    /// Staff.
    #[error("the account was not created: {0}")]
    Staff(#[from] StaffError),
    /// The demonstration.
    #[error(transparent)]
    Demo(#[from] DemoFailure),
    /// The crowd of shoppers.
    #[error("the crowd went home: {0}")]
    Crowd(#[from] CrowdError),
    /// A made-up history.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The address or the machine.
    #[error("{0}")]
    Io(String),
}

impl Failure {
    /// 2 when what the program was told is at fault, 1 for everything else.
    fn exit_code(&self) -> ExitCode {
        let told_wrongly = matches!(
            self,
            Self::Config(_)
                | Self::Usage(_)
                | Self::Start(_)
                | Self::History(HistoryError::Plan | HistoryError::ToldBefore)
                | Self::Demo(DemoFailure::Config(_) | DemoFailure::Start(_))
        );
        ExitCode::from(if told_wrongly { 2 } else { 1 })
    }
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // One line, whatever the cause holds.
            printing::complain(&failure.to_string().replace('\n', " "));
            failure.exit_code()
        }
    }
}

fn execute(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Openapi { check: true, folder } => return Ok(openapi::check(&folder)?),
        Command::Openapi { check: false, folder } => return Ok(openapi::write(&folder)?),
        Command::Config => {
            list_settings();
            return Ok(());
        }
        _ => {}
    }
    let mut values = Values::read(cli.config.as_deref(), std::env::vars_os().filter_map(as_text))?;
    if matches!(cli.command, Command::Demo { .. } | Command::Simulate(_)) {
        // Neither is ever a shop of its own, whatever the machine is set up for.
        values.decide(config::catalogue::MODE, "development");
    }
    telemetry::start_log(&config::log(&values)?);
    let system = actix_web::rt::System::new();
    match cli.command {
        Command::Serve => system.block_on(running::serve(values)),
        Command::Work => system.block_on(running::work(&values)),
        Command::Migrate(arguments) => data::migrate(&values, &arguments),
        Command::Staff(command) => system.block_on(data::staff(&values, command)),
        Command::Demo { json } => Ok(system.block_on(command::run(values, json))?),
        Command::Simulate(Simulated::Wechat) => Ok(system.block_on(command::simulate_wechat(&values))?),
        Command::Simulate(Simulated::Shoppers(arguments)) => system.block_on(running::crowd(arguments)),
        Command::Simulate(Simulated::History(arguments)) => system.block_on(data::tell_history(&values, &arguments)),
        Command::Openapi { .. } | Command::Config => Ok(()),
    }
}

/// A variable that is no text is none of ours, unless its name says so.
fn as_text((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<(String, String)> {
    let name = name.into_string().ok()?;
    Some((name, value.to_string_lossy().into_owned()))
}

fn list_settings() {
    let heading = ["variable", "in the file", "default", "takes", "what it is for"].map(str::to_owned).to_vec();
    let row = |setting: &&config::catalogue::Setting| {
        let default = setting.default.unwrap_or_default();
        [setting.variable, setting.path, default, setting.expects, setting.meaning].map(str::to_owned).to_vec()
    };
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(config::catalogue::ALL.iter().map(row)).collect();
    printing::table(&rows);
}
