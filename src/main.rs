//! The `rollcall` command.

use std::process::ExitCode;

use rollcall::{cli, config};

fn main() -> ExitCode {
    let environment = config::environment();
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    ExitCode::from(cli::run(std::env::args_os(), &environment, &mut out, &mut err))
}
