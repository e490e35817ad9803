//! Opening the demo's pages in the browser of whoever started it.
//!
//! A browser that does not open is no failure: the addresses are printed too. A link into the
//! portal is not used up by being opened; its page shows a button.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

/// The program that opens an address here; `None` where nobody would see it.
pub(super) fn opener(is_terminal: bool, env: &[(String, String)]) -> Option<&'static str> {
    let is_set = |wanted: &str| env.iter().any(|(name, value)| name == wanted && !value.is_empty());
    if !is_terminal {
        return None;
    }
    if cfg!(target_os = "macos") {
        // Who came over the network sees no window.
        return (!is_set("SSH_CONNECTION")).then_some("open");
    }
    (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")).then_some("xdg-open")
}

/// Opens addresses, in order, and waits for nobody.
pub(super) fn open(program: &str, urls: &[&str]) {
    for url in urls {
        let mut command = Command::new(program);
        // In a group of its own: Ctrl-C stops the demo and leaves the browser alone.
        command.arg(url).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Ok(mut child) = command.spawn() {
            std::thread::spawn(move || child.wait());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(not(target_os = "macos"))]
    fn a_window_opens_only_where_somebody_sees_it() {
        let env = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(opener(true, &env(&[("DISPLAY", ":0")])), Some("xdg-open"));
        assert_eq!(opener(true, &env(&[("WAYLAND_DISPLAY", "wayland-0")])), Some("xdg-open"));
        assert_eq!(opener(false, &env(&[("DISPLAY", ":0")])), None);
        assert_eq!(opener(true, &env(&[("DISPLAY", "")])), None);
        assert_eq!(opener(true, &[]), None);
    }

    #[test]
    fn each_address_is_opened_and_a_program_that_is_missing_is_no_failure() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (pipe, program) = (folder.path().join("opened"), folder.path().join("opener"));
        // A pipe: reading it waits until the program has written.
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // Written by another process: one that is forked here meanwhile would hold the file open
        // for writing, and it could not be run.
        let script = format!("#!/bin/sh\necho \"$1\" > '{}'\n", pipe.display());
        let mut write = Command::new("sh");
        write.args(["-c", "printf '%s' \"$1\" > \"$2\"", "sh", &script]).arg(&program);
        assert!(write.status().unwrap().success());
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        for url in ["http://127.0.0.1:1/a?b", "http://127.0.0.1:1/$(c)"] {
            open(program.to_str().unwrap(), &[url]);
            assert_eq!(std::fs::read_to_string(&pipe).unwrap(), format!("{url}\n"));
        }
        open("/nonexistent/opener", &["http://127.0.0.1:1"]);
    }
}
