//! A plan as people and programs read it.

use std::{borrow::Cow, fmt};

use serde::{Serialize, Serializer};

use super::{
    amount::Amount,
    costs::BASELINE,
    plan::{MESSAGE_BYTES, Plan},
};
use crate::limits::{Cores, Reading, SoftMemory};

/// One number of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Number {
    /// Its name.
    pub name: Cow<'static, str>,
    /// The number, in its unit.
    pub value: u64,
    /// What the number counts.
    pub unit: Unit,
    /// Bytes that it takes of the soft limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<u64>,
    /// Where it was found, or what it was computed from.
    pub source: String,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Thousandths of a core.
    Millicores,
    /// Bytes.
    Bytes,
    /// Pieces.
    Count,
}

impl Number {
    fn new(name: &'static str, value: u64, unit: Unit, source: impl Into<String>) -> Self {
        Self { name: name.into(), value, unit, holds: None, source: source.into() }
    }

    /// The number with its unit.
    fn text(&self) -> String {
        match self.unit {
            Unit::Millicores => Cores::from_millis(u32::try_from(self.value).unwrap_or(u32::MAX)).to_string(),
            Unit::Bytes => Amount(self.value).to_string(),
            Unit::Count if self.value == u64::MAX => "unlimited".to_owned(),
            Unit::Count => self.value.to_string(),
        }
    }
}

impl Plan {
    /// Every number, with its source or formula. What they hold adds up to the soft limit.
    #[must_use]
    pub fn numbers(&self) -> Vec<Number> {
        let limits = &self.limits;
        let cores = |name, cpu: &Reading<Cores>| {
            Number::new(name, u64::from(cpu.value.millis()), Unit::Millicores, &cpu.source)
        };
        let soft = match self.soft_setting {
            SoftMemory::Percent(percent) => format!("{percent}% of memory"),
            SoftMemory::Amount(_) => "limits.soft_memory, or memory where that is less".to_owned(),
        };
        let mut numbers = vec![
            cores("cpu", &limits.cpu),
            cores("steady_cpu", &limits.steady_cpu),
            Number::new("open_files", limits.open_files.value, Unit::Count, &limits.open_files.source),
            Number::new("memory", limits.memory.value, Unit::Bytes, &limits.memory.source),
            Number::new("soft_memory", self.soft_memory, Unit::Bytes, soft),
            Number {
                holds: Some(BASELINE),
                ..Number::new(
                    "baseline",
                    BASELINE,
                    Unit::Bytes,
                    "code, runtime, telemetry, admin port; an estimate",
                )
            },
            Number::new(
                "spread",
                self.spread,
                Unit::Bytes,
                "soft_memory - baseline - the least of what follows",
            ),
            Number::new(
                "part",
                self.part,
                Unit::Bytes,
                "each one's of spread, where it is not full with less",
            ),
        ];
        let mut held = BASELINE;
        for share in &self.shares {
            let unit = if share.name == MESSAGE_BYTES { Unit::Bytes } else { Unit::Count };
            let number = Number::new(share.name, share.count, unit, share.formula());
            numbers.push(Number { holds: Some(share.holds()), ..number });
            held += share.holds();
        }
        let unused = self.soft_memory.saturating_sub(held);
        let number =
            Number::new("unused", unused, Unit::Bytes, "soft_memory - everything above at its worst");
        numbers.push(Number { holds: Some(unused), ..number });
        numbers
    }

    /// Every number in one line, for the log: `cpu=2 memory=512.0 MiB …`.
    #[must_use]
    pub fn summary(&self) -> String {
        let texts: Vec<String> =
            self.numbers().iter().map(|number| format!("{}={}", number.name, number.text())).collect();
        texts.join(", ")
    }

    /// What is different in `next`: `memory: 256.0 MiB -> 512.0 MiB`.
    #[must_use]
    pub fn changes(&self, next: &Self) -> Vec<String> {
        let (old, new) = (self.numbers(), next.numbers());
        old.iter()
            .zip(&new)
            .filter(|(old, new)| old.value != new.value)
            .map(|(old, new)| format!("{}: {} -> {}", old.name, old.text(), new.text()))
            .collect()
    }
}

/// The table that the command `sizing` prints.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = ["NUMBER", "VALUE", "HOLDS", "FROM"].map(str::to_owned);
        let rows = self.numbers().into_iter().map(|number| {
            let holds = number.holds.map(|bytes| Amount(bytes).to_string()).unwrap_or_default();
            [number.name.to_string(), number.text(), holds, number.source]
        });
        let rows: Vec<[String; 4]> = [heading].into_iter().chain(rows).collect();
        let [name, value, holds] =
            [0, 1, 2].map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0));
        for [a, b, c, from] in &rows {
            writeln!(f, "{a:<name$}  {b:>value$}  {c:>holds$}  {from}")?;
        }
        Ok(())
    }
}

impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.numbers())
    }
}
