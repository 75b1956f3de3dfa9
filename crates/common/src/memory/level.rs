//! How short memory is, from the working set and the two limits.

use serde::Serialize;

use crate::policy::Cost;

/// How short memory is: which calls are shed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Under the soft limit: none.
    #[default]
    Calm,
    /// Above it: those of high cost.
    ShedsHigh,
    /// Half way from the soft limit to the hard one: ordinary ones too.
    ShedsOrdinary,
    /// Three quarters of the way: all but the free.
    ShedsLow,
}

impl Level {
    const RISING: [Self; 3] = [Self::ShedsHigh, Self::ShedsOrdinary, Self::ShedsLow];

    /// Whether a call of this cost is let in.
    #[must_use]
    pub fn admits(self, cost: Cost) -> bool {
        let shed_from = match cost {
            Cost::Free => return true,
            Cost::Low => Self::ShedsLow,
            Cost::Ordinary => Self::ShedsOrdinary,
            Cost::High => Self::ShedsHigh,
        };
        self < shed_from
    }

    /// The level that follows this one. It rises at once, and falls when the working set is clearly (a quarter of the
    /// way between the limits, a 32nd of the soft limit at most) under what made it rise: shedding must not flap with
    /// every call.
    #[must_use]
    pub(super) fn next(self, working_set: u64, soft: u64, hard: u64) -> Self {
        let way = hard.saturating_sub(soft);
        let margin = (way / 4).min(soft / 32);
        let reached = |level: &Self| {
            let threshold = level.threshold(soft, way);
            let threshold = if *level <= self { threshold.saturating_sub(margin) } else { threshold };
            working_set > threshold
        };
        Self::RISING.into_iter().rev().find(reached).unwrap_or(Self::Calm)
    }

    fn threshold(self, soft: u64, way: u64) -> u64 {
        match self {
            Self::Calm => 0,
            Self::ShedsHigh => soft,
            Self::ShedsOrdinary => soft + way / 2,
            Self::ShedsLow => soft + way / 4 * 3,
        }
    }

    pub(super) fn from_u8(level: u8) -> Self {
        Self::RISING.into_iter().find(|known| *known as u8 == level).unwrap_or(Self::Calm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOFT: u64 = 900;
    const HARD: u64 = 1000;

    fn from_calm(working_set: u64) -> Level {
        Level::Calm.next(working_set, SOFT, HARD)
    }

    #[test]
    fn the_dearest_calls_go_first_and_free_ones_never() {
        let let_in =
            |level: Level| [Cost::Free, Cost::Low, Cost::Ordinary, Cost::High].map(|cost| level.admits(cost));

        assert_eq!(let_in(Level::Calm), [true, true, true, true]);
        assert_eq!(let_in(Level::ShedsHigh), [true, true, true, false]);
        assert_eq!(let_in(Level::ShedsOrdinary), [true, true, false, false]);
        assert_eq!(let_in(Level::ShedsLow), [true, false, false, false]);
    }

    #[test]
    fn the_level_rises_with_the_working_set() {
        for (working_set, level) in [
            (0, Level::Calm),
            (900, Level::Calm),
            (901, Level::ShedsHigh),
            (950, Level::ShedsHigh),
            (951, Level::ShedsOrdinary),
            (976, Level::ShedsLow),
            (u64::MAX, Level::ShedsLow),
        ] {
            assert_eq!(from_calm(working_set), level, "{working_set}");
        }
    }

    #[test]
    fn it_falls_only_when_clearly_below() {
        assert_eq!(Level::ShedsHigh.next(890, SOFT, HARD), Level::ShedsHigh);
        assert_eq!(Level::ShedsHigh.next(875, SOFT, HARD), Level::Calm);
        assert_eq!(Level::ShedsLow.next(960, SOFT, HARD), Level::ShedsLow);
        assert_eq!(Level::ShedsLow.next(940, SOFT, HARD), Level::ShedsOrdinary);
        assert_eq!(Level::ShedsLow.next(0, SOFT, HARD), Level::Calm);
    }

    #[test]
    fn without_room_between_the_limits_everything_goes_at_once() {
        assert_eq!(Level::Calm.next(1000, 1000, 1000), Level::Calm);
        assert_eq!(Level::Calm.next(1001, 1000, 1000), Level::ShedsLow);
        assert_eq!(Level::ShedsLow.next(1000, 1000, 1000), Level::Calm);
    }

    #[test]
    fn every_level_survives_its_number() {
        for level in [Level::Calm, Level::ShedsHigh, Level::ShedsOrdinary, Level::ShedsLow] {
            assert_eq!(Level::from_u8(level as u8), level);
        }
    }
}
