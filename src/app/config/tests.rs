//! Claims about configuration.

use std::path::{Path, PathBuf};

use super::catalogue::ALL;
use super::*;

const SECRET: &str = "kZ3vQ9xT7mB1nR5wL8cY2hJ6dF4gS0aP";
const KEY: &str = "00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0";

fn read(pairs: &[(&str, &str)]) -> Result<Config, String> {
    let folder = ("HOURGLASS_DATABASE_URL", "sqlite:///nowhere/hourglass.db");
    let pairs = pairs.iter().chain([&folder]).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let values = Values::read(Some(Path::new("/dev/null")), pairs).map_err(|error| error.to_string())?;
    Config::of(&values).map_err(|error| error.to_string())
}

fn development(more: &[(&str, &str)]) -> Result<Config, String> {
    read(&[&[("HOURGLASS_MODE", "development")], more].concat())
}

fn file(text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("hourglass-config-{:032x}.toml", rand::random::<u128>()));
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn development_starts_with_nothing_set() {
    let config = development(&[]).unwrap();
    assert_eq!(config.server.listen.port(), 8080);
    assert!(config.wechat.pay.is_none());
}

#[test]
fn production_names_the_first_thing_that_is_missing() {
    let production = [
        ("HOURGLASS_TOKEN_SECRET", SECRET),
        ("HOURGLASS_SEAL_KEY", KEY),
        ("HOURGLASS_WECHAT_APP_SECRET", "s"),
        ("HOURGLASS_WECHAT_APP_ID", "wx1"),
        ("HOURGLASS_WECHAT_API_V3_KEY", "01234567890123456789012345678901"),
        ("HOURGLASS_WECHAT_MCH_ID", "1900000109"),
        ("HOURGLASS_WECHAT_MCH_SERIAL", "AB12"),
        ("HOURGLASS_WECHAT_MCH_KEY", "pem"),
        ("HOURGLASS_PUBLIC_URL", "https://shop.example"),
    ];
    for known in 0..production.len() {
        let message = read(&production[..known]).unwrap_err();
        let (name, _) = production[known];
        let wanted = if name == "HOURGLASS_WECHAT_MCH_KEY" { "HOURGLASS_WECHAT_MCH_KEY_FILE" } else { name };
        assert!(message.starts_with(wanted), "{wanted}: {message}");
        assert!(message.contains("expected") && !message.contains('\n'), "{message}");
    }
    assert!(read(&production).is_ok());
}

#[test]
fn weak_secrets_are_refused_in_production_and_short_ones_everywhere() {
    let with = |secret: &str| {
        let values = [("HOURGLASS_TOKEN_SECRET".to_owned(), secret.to_owned())];
        let values = Values::read(Some(Path::new("/dev/null")), values).unwrap();
        token_secret(&values, Mode::Production).map(|_| ()).map_err(|error| error.to_string())
    };
    for weak in [
        "tiny!",
        DEVELOPMENT_TOKEN_SECRET,
        "secretsecretsecretsecretsecretsecret",
        "changeme-changeme-changeme-changeme-changeme",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "",
    ] {
        let message = with(weak).unwrap_err();
        assert!(message.starts_with("HOURGLASS_TOKEN_SECRET"), "{weak}: {message}");
        assert!(weak.is_empty() || !message.contains(weak), "a secret is never repeated");
    }
    assert!(with(SECRET).is_ok());
    assert!(development(&[("HOURGLASS_TOKEN_SECRET", "short")]).is_err());
}

#[test]
fn a_malformed_value_is_named_and_not_repeated() {
    for (name, value) in [
        ("HOURGLASS_LISTEN", "somewhere"),
        ("HOURGLASS_NODE", "256"),
        ("HOURGLASS_NODE", "-1"),
        ("HOURGLASS_WORKERS", "many"),
        ("HOURGLASS_TRUSTED_PROXIES", "10.0.0.1, proxy"),
        ("HOURGLASS_PUBLIC_URL", "https://shop.example/"),
        ("HOURGLASS_WECHAT_API_URL", "ftp://x"),
        ("HOURGLASS_LIMIT_READ", "0"),
        ("HOURGLASS_WORKER", "yes"),
        ("HOURGLASS_SEAL_KEY", "abc"),
        ("HOURGLASS_WECHAT_MCH_ID", "1900000109"),
        ("HOURGLASS_MODE", "prod"),
        ("HOURGLASS_BOOKS_HOUR", "24"),
    ] {
        let message = development(&[(name, value)]).unwrap_err();
        let about_pay = name == "HOURGLASS_WECHAT_MCH_ID" && message.starts_with("HOURGLASS_WECHAT_API_V3_KEY");
        assert!(message.starts_with(name) || about_pay, "{name}: {message}");
    }
}

#[test]
fn the_console_of_text_messages_is_for_development() {
    let of = |provider: Option<&str>, mode| {
        let values = provider.map(|provider| ("HOURGLASS_SMS_PROVIDER".to_owned(), provider.to_owned()));
        let values = Values::read(Some(Path::new("/dev/null")), values).unwrap();
        sms(&values, mode).map_err(|error| error.to_string())
    };
    assert!(matches!(of(None, Mode::Development), Ok(SmsSettings::Console)));
    assert!(matches!(of(None, Mode::Production), Ok(SmsSettings::Off)));
    assert!(of(Some("console"), Mode::Production).unwrap_err().starts_with("HOURGLASS_SMS_PROVIDER"));
    assert!(of(Some("pigeon"), Mode::Development).unwrap_err().starts_with("HOURGLASS_SMS_PROVIDER"));
    assert!(of(Some("aliyun"), Mode::Production).unwrap_err().starts_with("HOURGLASS_SMS_ACCESS_KEY_ID"));
}

#[test]
fn an_unknown_variable_stops_the_start() {
    let message = development(&[("HOURGLASS_LISTN", "127.0.0.1:1")]).unwrap_err();
    assert!(message.starts_with("HOURGLASS_LISTN is no setting"), "{message}");
}

#[test]
fn the_file_is_read_and_the_environment_wins() {
    let path = file(
        "mode = \"development\"\nnode = 7\n[server]\nlisten = \"127.0.0.1:1\"\ntrusted_proxies = [\"10.0.0.1\", \"::1\"]\n[worker]\nenabled = false\n",
    );
    let environment =
        [("HOURGLASS_NODE", "9"), ("PATH", "/bin"), ("HOURGLASS_DATABASE_URL", "sqlite:///nowhere/hourglass.db")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::of(&Values::read(Some(&path), environment).unwrap()).unwrap();
    assert_eq!((config.node, config.server.listen.port(), config.worker.enabled), (9, 1, false));
    assert_eq!(config.server.trusted_proxies.len(), 2);
}

#[test]
fn an_unknown_or_misshapen_line_of_the_file_is_named() {
    for (text, words) in [
        ("[server]\nlistn = \"x\"\n", "server.listn is no setting"),
        ("node = 1.5\n", "node: expected a number from 0 to 255"),
        ("node =", "expected TOML"),
    ] {
        let error = Values::read(Some(&file(text)), []).err().unwrap().to_string();
        assert!(error.contains(words) && !error.contains('\n'), "{error}");
    }
    let error = Values::read(Some(Path::new("/nowhere/hourglass.toml")), []).err().unwrap().to_string();
    assert!(error.contains("cannot be read"), "{error}");
}

#[test]
fn no_two_settings_share_a_name() {
    let mut names: Vec<&str> = ALL.iter().flat_map(|setting| [setting.path, setting.variable]).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn streams_are_off_until_a_host_is_named_and_then_need_their_keys() {
    assert!(development(&[]).unwrap().streams.engine.is_none());
    let host = ("HOURGLASS_LIVE_PUSH_HOST", "push.example:1936");
    let push = ("HOURGLASS_LIVE_PUSH_KEY", "push-key-of-tests");
    let play = ("HOURGLASS_LIVE_PLAY_KEY", "play-key-of-tests");
    assert!(development(&[host]).unwrap_err().starts_with("HOURGLASS_LIVE_PUSH_KEY"));
    assert!(development(&[host, push]).unwrap_err().starts_with("HOURGLASS_LIVE_PLAY_KEY"));
    let engine = development(&[host, push, play]).unwrap().streams.engine.unwrap();
    assert_eq!((engine.play_host.as_str(), engine.play_url.as_str()), ("push.example:1936", "http://push.example"));
    for (name, wrong) in [
        ("HOURGLASS_LIVE_PUSH_HOST", "rtmp://push.example"),
        ("HOURGLASS_LIVE_PUSH_HOST", "push.example:x"),
        ("HOURGLASS_LIVE_PLAY_HOST", "a/b"),
        ("HOURGLASS_LIVE_PLAY_URL", "https://play.example/"),
        ("HOURGLASS_LIVE_APP", "live/x"),
        ("HOURGLASS_LIVE_URL_HASH", "sha1"),
        ("HOURGLASS_LIVE_PLAY_KEY", "short"),
        ("HOURGLASS_LIVE_PLAY_FORMATS", "rtmp,avi"),
        ("HOURGLASS_LIVE_HOOK_SECRET", "short"),
        ("HOURGLASS_LIVE_HOOK_ADDRESSES", "localhost"),
        ("HOURGLASS_LIVE_PUSH_MINUTES", "0"),
    ] {
        let others = [host, push, play].into_iter().filter(|(known, _)| *known != name);
        let settings: Vec<(&str, &str)> = others.chain([(name, wrong)]).collect();
        let message = development(&settings).unwrap_err();
        assert!(message.starts_with(name), "{name}={wrong}: {message}");
        assert!(!message.contains("short"), "a secret is never repeated");
    }
}
