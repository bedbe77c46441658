//! Reading settings: the file first, then the environment, which wins; nothing unknown is passed over.

use std::collections::HashMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use secrecy::SecretString;

use super::catalogue::{ALL, OWNER_PASSWORD, Setting};

/// The file read when `--config` names none.
const USUAL_FILE: &str = "hourglass.toml";
/// What every variable of ours begins with.
const PREFIX: &str = "HOURGLASS_";

/// Why the service does not start: one line that names the setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// Settings as text, before they are given their types.
pub struct Values {
    given: HashMap<&'static str, String>,
}

impl Values {
    /// Reads `file` (or `hourglass.toml`, if it is there) and then the variables in `environment`.
    ///
    /// # Errors
    /// When the file cannot be read, or either holds something unknown.
    pub fn read(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut values = Self { given: HashMap::new() };
        match file {
            Some(path) => values.read_file(path)?,
            None if Path::new(USUAL_FILE).exists() => values.read_file(Path::new(USUAL_FILE))?,
            None => {}
        }
        values.read_environment(environment)?;
        Ok(values)
    }

    fn read_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError(format!("{name}: the configuration file cannot be read: {error}")))?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            ConfigError(format!("{name}: expected TOML: {}", error.message().replace('\n', " ")))
        })?;
        self.take_table(&name, "", table)
    }

    fn take_table(&mut self, file: &impl Display, above: &str, table: toml::Table) -> Result<(), ConfigError> {
        for (key, value) in table {
            let path = if above.is_empty() { key } else { format!("{above}.{key}") };
            if let toml::Value::Table(inner) = value {
                self.take_table(file, &path, inner)?;
                continue;
            }
            let setting = ALL
                .iter()
                .find(|setting| setting.path == path)
                .ok_or_else(|| ConfigError(format!("{file}: {path} is no setting; `hourglass config` lists them")))?;
            let text =
                text_of(value).ok_or_else(|| ConfigError(format!("{file}: {path}: expected {}", setting.expects)))?;
            self.given.insert(setting.path, text);
        }
        Ok(())
    }

    fn read_environment(&mut self, environment: impl IntoIterator<Item = (String, String)>) -> Result<(), ConfigError> {
        for (name, value) in environment {
            if !name.starts_with(PREFIX) || name == OWNER_PASSWORD {
                continue;
            }
            let setting = ALL
                .iter()
                .find(|setting| setting.variable == name)
                .ok_or_else(|| ConfigError(format!("{name} is no setting; `hourglass config` lists them")))?;
            self.given.insert(setting.path, value);
        }
        Ok(())
    }

    /// Sets what neither file nor environment said; for the demonstration, which makes its own secrets.
    pub fn suggest(&mut self, setting: &Setting, value: impl Into<String>) {
        if self.text(setting).is_none() {
            self.given.insert(setting.path, value.into());
        }
    }

    /// Sets a value whatever was said; for what the program itself has decided.
    pub fn decide(&mut self, setting: &Setting, value: impl Into<String>) {
        self.given.insert(setting.path, value.into());
    }

    /// The text of a setting, or its default. Empty text counts as unset.
    pub fn text(&self, setting: &Setting) -> Option<&str> {
        self.given.get(setting.path).map(String::as_str).or(setting.default).filter(|text| !text.trim().is_empty())
    }

    /// A setting that may be absent.
    ///
    /// # Errors
    /// When it does not parse.
    pub fn maybe<T: FromStr>(&self, setting: &Setting) -> Result<Option<T>, ConfigError> {
        self.text(setting).map(|text| text.trim().parse().map_err(|_| malformed(setting))).transpose()
    }

    /// A setting that must be there.
    ///
    /// # Errors
    /// When it is absent or does not parse.
    pub fn required<T: FromStr>(&self, setting: &Setting) -> Result<T, ConfigError> {
        self.maybe(setting)?.ok_or_else(|| missing(setting))
    }

    /// A number within bounds.
    ///
    /// # Errors
    /// When it is absent, no number, or outside.
    pub fn number<T: FromStr + PartialOrd>(&self, setting: &Setting, from: T, to: T) -> Result<T, ConfigError> {
        let number = self.required::<T>(setting)?;
        if number < from || number > to { Err(malformed(setting)) } else { Ok(number) }
    }

    /// A secret that may be absent.
    pub fn secret(&self, setting: &Setting) -> Option<SecretString> {
        self.text(setting).map(SecretString::from)
    }

    /// The address of a service, without a slash at its end.
    ///
    /// # Errors
    /// When it is no such address.
    pub fn address(&self, setting: &Setting) -> Result<Option<String>, ConfigError> {
        let Some(text) = self.text(setting) else { return Ok(None) };
        let url = reqwest::Url::parse(text).map_err(|_| malformed(setting))?;
        let fits = matches!(url.scheme(), "http" | "https") && url.has_host() && !text.ends_with('/');
        if fits && url.query().is_none() && url.fragment().is_none() {
            Ok(Some(text.to_owned()))
        } else {
            Err(malformed(setting))
        }
    }

    /// A text given directly or by the name of a file that holds it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn text_or_file(&self, direct: &Setting, file: &Setting) -> Result<Option<String>, ConfigError> {
        match (self.text(direct), self.text(file)) {
            // A variable cannot always hold line breaks; an escaped one is meant as one.
            (Some(text), _) => Ok(Some(text.replace("\\n", "\n"))),
            (None, Some(path)) => {
                let read = std::fs::read_to_string(PathBuf::from(path));
                read.map(Some).map_err(|error| complaint(file, &format!("{path} cannot be read: {error}")))
            }
            (None, None) => Ok(None),
        }
    }
}

/// Scalars as text; a list of texts as one separated by commas.
fn text_of(value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(items) => {
            let texts: Option<Vec<String>> = items.into_iter().map(text_of).collect();
            texts.map(|texts| texts.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

/// The complaint that a setting is absent.
pub(super) fn missing(setting: &Setting) -> ConfigError {
    complaint(setting, "is not set")
}

/// The complaint that a setting is not what it must be.
pub(super) fn malformed(setting: &Setting) -> ConfigError {
    complaint(setting, "cannot be used")
}

/// A complaint that names the setting under both of its names and says what is expected; never its value.
pub(super) fn complaint(setting: &Setting, what: &str) -> ConfigError {
    ConfigError(format!("{} ({}) {what}: expected {}", setting.variable, setting.path, setting.expects))
}
