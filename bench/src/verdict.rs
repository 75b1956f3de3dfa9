//! What was aimed at, and whether it was reached.

use std::process::ExitCode;

/// The aims so far.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    reached: u32,
    missed: Vec<String>,
}

impl Verdicts {
    /// Judges one number; `aim` tells which, what was found and what was wanted.
    pub(crate) fn judge(&mut self, reached: bool, aim: String) {
        if reached {
            println!("  reached: {aim}");
            self.reached += 1;
        } else {
            println!("  MISSED:  {aim}");
            self.missed.push(aim);
        }
    }

    /// Says it all again in short.
    pub(crate) fn conclude(self) -> ExitCode {
        println!("\n{} aims reached, {} missed", self.reached, self.missed.len());
        for aim in &self.missed {
            println!("  missed: {aim}");
        }
        if self.missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
