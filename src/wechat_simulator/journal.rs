//! The journal: what must survive a restart, one JSON document a line, the last word on each thing counts.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::SimulatorError;
use super::ledger::Trade;
use super::outbox::Notice;
use super::people::User;
use super::state::locked;

const FILE: &str = "wechat_simulator.journal.jsonl";

/// A line that was read back.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fact {
    /// A user as of then.
    User(User),
    /// An order with its payment, refunds and shipping as of then.
    Trade(Box<Trade>),
    /// A merchant's number closed before it was ever ordered.
    Burned(String),
    /// A notice and what became of it.
    Notice(Box<Notice>),
}

/// A line to be written.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FactRef<'a> {
    /// A user as of now.
    User(&'a User),
    /// An order as of now.
    Trade(&'a Trade),
    /// A merchant's number closed before it was ever ordered.
    Burned(&'a str),
    /// A notice as of now.
    Notice(&'a Notice),
}

/// The open file, or nothing when the simulator forgets.
#[derive(Default)]
pub(super) struct Journal(Mutex<Option<File>>);

impl Journal {
    /// Reads all facts in order. A last line without its line feed was cut by a crash and is left out.
    pub(super) fn read(dir: &Path) -> Result<Vec<Fact>, SimulatorError> {
        let path = dir.join(FILE);
        if !path.exists() {
            return Ok(Vec::new());
        }
        let mut reader = BufReader::new(File::open(&path)?);
        let mut facts = Vec::new();
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 {
            if line.ends_with('\n') {
                let fact = serde_json::from_str(&line)
                    .map_err(|source| SimulatorError::Stored { path: path.clone(), source })?;
                facts.push(fact);
            }
            line.clear();
        }
        Ok(facts)
    }

    /// Rewrites the file to the given facts and opens it for appending.
    pub(super) fn start<'a>(&self, dir: &Path, facts: impl Iterator<Item = FactRef<'a>>) -> Result<(), SimulatorError> {
        std::fs::create_dir_all(dir)?;
        let path = dir.join(FILE);
        let fresh: PathBuf = dir.join(format!("{FILE}.new"));
        let mut writer = BufWriter::new(File::create(&fresh)?);
        for fact in facts {
            serde_json::to_writer(&mut writer, &fact).map_err(std::io::Error::from)?;
            writer.write_all(b"\n")?;
        }
        writer.flush()?;
        writer.get_ref().sync_all()?;
        std::fs::rename(&fresh, &path)?;
        *locked(&self.0) = Some(OpenOptions::new().append(true).open(&path)?);
        Ok(())
    }

    /// Appends a fact. Called while the owner's lock is held, so that lines keep the order of changes.
    pub(super) fn record(&self, fact: &FactRef<'_>) {
        let mut file = locked(&self.0);
        let Some(file) = file.as_mut() else { return };
        let written = serde_json::to_vec(fact).map_err(std::io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            file.write_all(&line)
        });
        if let Err(error) = written {
            tracing::error!(%error, "the WeChat simulator's journal cannot be written; a restart will forget");
        }
    }
}
