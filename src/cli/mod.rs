//! The command line. One file per command; adding one is `src/cli/<name>.rs` with its arguments and
//! a `run`, a variant of [`Command`] and an arm in [`run`].
//!
//! Exit codes: 0 done, 1 failed, 2 wrong arguments or settings. Answers go to `out` (standard
//! output), everything else to `err`. Only `main` calls this module.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::config::Settings;
use crate::limits;

pub mod check_config;
pub mod demo;
pub mod keys;
pub mod migrate;
pub mod openapi;
pub mod sandbox;
pub mod serve;

/// Wrong arguments or settings.
pub const EXIT_USAGE: u8 = 2;

/// Keeps the user accounts of an application in step with its customers' HR systems.
#[derive(Debug, Parser)]
#[command(name = "rollcall", version, arg_required_else_help = true)]
pub struct Cli {
    /// Settings file; without it rollcall.toml is read if there is one
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check the settings and show what is in force, without secrets
    CheckConfig(check_config::CheckConfig),
    /// Run the gateway
    Serve(serve::Serve),
    /// Bring the database up to this version
    Migrate(migrate::Migrate),
    /// Make, list and revoke keys to the API
    Keys(keys::Keys),
    /// Print the description of the API (OpenAPI 3.1)
    Openapi(openapi::PrintOpenapi),
    /// Run HR systems to play with
    Sandbox(sandbox::SandboxCommand),
    /// See it work: the gateway and a sandbox HR system together
    Demo(demo::Demo),
}

/// What every command gets.
pub struct Context<'a> {
    /// `--config`
    pub config_file: Option<PathBuf>,
    /// The environment (`config::environment`).
    pub env: &'a [(String, String)],
    /// Where answers go.
    pub out: &'a mut dyn Write,
    /// Where errors and remarks go.
    pub err: &'a mut dyn Write,
}

impl Context<'_> {
    /// The settings of this call. What is wrong with them is said, and the error is the exit code.
    pub fn settings(&mut self) -> Result<Settings, u8> {
        Settings::load(self.config_file.as_deref(), self.env).map_err(|error| {
            self.fail(&error);
            EXIT_USAGE
        })
    }

    /// Says why the command failed; the exit code.
    pub fn fail(&mut self, error: &dyn Display) -> u8 {
        self.say(&format!("error: {error}"));
        1
    }

    /// Writes a line of the answer.
    pub fn answer(&mut self, text: &str) {
        let _ = writeln!(self.out, "{text}");
    }

    /// Writes a line for whoever started the command. A closed terminal is no reason to fail.
    pub fn say(&mut self, text: &str) {
        let _ = writeln!(self.err, "{text}");
    }
}

/// Runs an asynchronous command to its end.
pub(crate) fn in_runtime<F: Future>(work: F) -> F::Output {
    #[expect(
        clippy::expect_used,
        reason = "without threads nothing can run, and nothing has begun"
    )]
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the operating system gives threads");
    let outcome = runtime.block_on(work);
    // A database that says nothing must not keep the process alive.
    runtime.shutdown_timeout(Duration::from_millis(limits::STOP_REST_MS_MAX));
    outcome
}

/// Runs the command that the arguments (with the program's name first) ask for; the exit code.
pub fn run(
    args: impl IntoIterator<Item = OsString>,
    env: &[(String, String)],
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let text = error.render();
            let _ = if error.use_stderr() { write!(err, "{text}") } else { write!(out, "{text}") };
            return if error.use_stderr() { EXIT_USAGE } else { 0 };
        }
    };
    let mut context = Context { config_file: cli.config, env, out, err };
    match cli.command {
        Command::CheckConfig(command) => command.run(&mut context),
        Command::Serve(command) => command.run(&mut context),
        Command::Migrate(command) => command.run(&mut context),
        Command::Keys(command) => command.run(&mut context),
        Command::Openapi(command) => command.run(&mut context),
        Command::Sandbox(command) => command.run(&mut context),
        Command::Demo(command) => command.run(&mut context),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollcall(args: &[&str], env: &[(&str, &str)]) -> (u8, String, String) {
        let args = std::iter::once("rollcall").chain(args.iter().copied()).map(OsString::from);
        let env: Vec<(String, String)> =
            env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = run(args, &env, &mut out, &mut err);
        (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn the_declarations_of_the_commands_agree_with_each_other() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn help_is_an_answer_and_a_typo_is_an_error() {
        let (code, out, err) = rollcall(&["--help"], &[]);
        assert!(code == 0 && out.contains("check-config") && err.is_empty(), "{out}{err}");
        let (code, out, err) = rollcall(&["chek-config"], &[]);
        assert!(code == EXIT_USAGE && out.is_empty() && err.contains("check-config"), "{out}{err}");
    }

    #[test]
    fn o_05_check_config_shows_the_settings_without_secrets() {
        let env = [
            ("DATABASE_URL", "postgres://u:hunter2@db.example/rollcall"),
            ("ROLLCALL__SECRETS__MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
            ("ROLLCALL__LOG__LEVEL", "debug"),
        ];
        let (code, out, err) = rollcall(&["check-config", "--config", "/dev/null"], &env);
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        assert!(out.starts_with("configuration is fine\n"), "{out}");
        assert!(out.lines().any(|line| line.starts_with("log.level") && line.ends_with("debug")));
        assert!(!out.contains("hunter2") && !out.contains("AAEC"), "{out}");
    }

    #[test]
    fn o_05_check_config_names_the_bad_key_and_fails() {
        let env = [("ROLLCALL__SYNC__POLL_SECONDS", "5")];
        let (code, out, err) = rollcall(&["check-config", "--config", "/dev/null"], &env);
        assert_eq!((code, out.as_str()), (EXIT_USAGE, ""));
        assert!(err.contains("sync.poll_seconds") && err.contains("604800"), "{err}");
        let (code, _, err) = rollcall(&["check-config", "--config", "/does/not/exist"], &[]);
        assert!(code == EXIT_USAGE && err.contains("/does/not/exist"), "{err}");
    }
}
