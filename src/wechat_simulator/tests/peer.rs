//! An independent WeChat Pay client against the simulator: neither side was written with the other in mind.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::wechat_simulator::{SimulatorSettings, start};

fn peer() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/wechatpay-axios-plugin")
}

/// Whether node and the peer's packages are there; in CI they must be.
fn ready() -> bool {
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = node.is_ok_and(|status| status.success());
    let installed = peer().join("node_modules/wechatpay-axios-plugin").is_dir() || found && install();
    let strict = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!strict || found && installed, "CI must check against the independent client, but node or npm is missing");
    found && installed
}

/// One try without retries, so that a machine without a registry does not wait for minutes.
fn install() -> bool {
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0", "--fetch-timeout=20000"])
        .current_dir(peer())
        .stdout(Stdio::null())
        .status();
    npm.is_ok_and(|status| status.success())
}

#[actix_web::test]
async fn an_independent_client_agrees_with_the_simulator() {
    let ready = actix_web::web::block(ready).await.unwrap();
    if !ready {
        use std::io::Write as _;
        let told = writeln!(std::io::stderr(), "SKIPPED: the independent client needs node and npm");
        assert!(told.is_ok());
        return;
    }
    // The peer reads the machine's clock, so the simulator must too.
    let simulator = start(SimulatorSettings::default()).await.unwrap();
    let url = simulator.base_url();
    let output = actix_web::web::block(move || {
        Command::new("node").arg("check.mjs").current_dir(peer()).env("SIMULATOR_URL", url).output().unwrap()
    })
    .await
    .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.lines().filter(|line| line.starts_with("ok ")).count() >= 10, "{printed}");
    simulator.stop().await;
}
