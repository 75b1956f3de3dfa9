//! Why a process cannot be sized.

use std::fmt;

use super::{amount::Amount, costs::BASELINE, plan::Share};
use crate::{
    config::Size,
    limits::{Limits, Reading, SoftMemory},
};

/// A plan that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not even the least of everything fits.
    #[error("{0}")]
    Memory(Shortage),
    /// Two demands have one name.
    #[error("two demands are named {0}")]
    Twice(&'static str),
}

/// The arithmetic of a plan that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    memory: Reading<u64>,
    soft: u64,
    setting: SoftMemory,
    /// What is needed: so many of what, at how many bytes each.
    needs: Vec<(&'static str, u64, u64)>,
}

impl Refused {
    pub(super) fn memory(limits: &Limits, soft: u64, setting: SoftMemory, shares: &[Share]) -> Self {
        let least = shares.iter().map(|share| (share.name, share.vessel.floor, share.vessel.bytes_each));
        let needs = [("baseline", 1, BASELINE)].into_iter().chain(least).filter(|need| need.1 > 0).collect();
        Self::Memory(Shortage { memory: limits.memory.clone(), soft, setting, needs })
    }
}

impl Shortage {
    /// The soft limit that would do, in bytes.
    #[must_use]
    pub fn needed(&self) -> u64 {
        self.needs
            .iter()
            .fold(0, |sum: u64, (_, count, each)| sum.saturating_add(count.saturating_mul(*each)))
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reading { value: memory, source } = &self.memory;
        let (soft, needed) = (Amount(self.soft), self.needed());
        writeln!(f, "the least that the process can work with does not fit into its memory")?;
        writeln!(f, "  memory {} ({source}), of which {} is {soft}", Amount(*memory), self.setting)?;
        for (name, count, each) in &self.needs {
            let times = if *count == 1 { String::new() } else { format!(" = {count} x {}", Amount(*each)) };
            writeln!(f, "  {name:<28} {:>10}{times}", Amount(count.saturating_mul(*each)))?;
        }
        writeln!(f, "  {:<28} {:>10}", "sum", Amount(needed))?;
        match self.setting {
            SoftMemory::Percent(percent) => {
                let enough = whole_mib(needed.saturating_mul(100).div_ceil(u64::from(percent)));
                write!(f, "give the container at least {enough}, or lower what is set under limits")
            }
            SoftMemory::Amount(_) => {
                write!(
                    f,
                    "raise limits.soft_memory and the container's memory to at least {}",
                    whole_mib(needed)
                )
            }
        }
    }
}

/// Rounded up: what is told has to be enough.
fn whole_mib(bytes: u64) -> Size {
    Size::from_mib(bytes.div_ceil(1024 * 1024))
}
