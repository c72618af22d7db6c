//! Tells whether the compiler can have eight numbers in a register: from 1.89 on, for x86-64.

use std::env::var;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(lanes_in_registers)");
    let is_x86_64 = var("CARGO_CFG_TARGET_ARCH").is_ok_and(|it| it == "x86_64");
    if is_x86_64 && minor_version().is_some_and(|minor| minor >= 89) {
        println!("cargo::rustc-cfg=lanes_in_registers");
    }
}

/// The second number in `rustc 1.89.0 (…)`.
fn minor_version() -> Option<u32> {
    let output = Command::new(var("RUSTC").ok()?).arg("--version").output().ok()?;
    String::from_utf8(output.stdout).ok()?.split('.').nth(1)?.parse().ok()
}
