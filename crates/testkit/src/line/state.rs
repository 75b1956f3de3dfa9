//! What is wrong with a line.

use std::time::Duration;

/// On which connections something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// On all.
    Everybody,
    /// On those on which Redis is asked for what is new in a stream.
    Followers,
    /// On the others.
    Others,
}

/// Answers that wait.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held(u64);

#[derive(Default)]
pub(super) struct State {
    /// Nothing passes. What is connected stays so and is dead; what connects now is accepted, and silent.
    pub(super) cut: bool,
    /// How late answers are, at the most.
    pub(super) late: Duration,
    /// Whether each connection has a lateness of its own, up to that, and soon another.
    pub(super) uneven: bool,
    /// Where answers wait.
    held: Option<Of>,
    /// How many answers wait that came since this was last asked.
    pub(super) waiting: usize,
    /// Answers are of the time in which they came. A time ends when somebody asks what waits.
    time: u64,
    /// Times whose answers pass.
    passed: u64,
    /// How often Redis was asked for what is new.
    pub(super) asked: u64,
}

impl State {
    pub(super) fn hold(&mut self, of: Of) {
        (self.held, self.waiting) = (Some(of), 0);
        self.passed = self.time;
        self.time += 1;
    }

    /// An answer has come; tells of which time it is.
    pub(super) fn comes(&mut self, follows: bool) -> u64 {
        self.waiting += usize::from(self.holds(follows));
        self.time
    }

    pub(super) fn mark(&mut self) -> Held {
        let held = Held(self.time);
        (self.time, self.waiting) = (self.time + 1, 0);
        held
    }

    pub(super) fn pass(&mut self, Held(time): Held) {
        self.passed = self.passed.max(time);
    }

    /// Whether an answer of that time does not wait any more.
    pub(super) fn passes(&self, time: u64, follows: bool) -> bool {
        !self.holds(follows) || time <= self.passed
    }

    pub(super) fn heal(&mut self) {
        let Self { time, passed, asked, .. } = *self;
        *self = Self { time, passed, asked, ..Self::default() };
    }

    fn holds(&self, follows: bool) -> bool {
        match self.held {
            None => false,
            Some(Of::Everybody) => true,
            Some(Of::Followers) => follows,
            Some(Of::Others) => !follows,
        }
    }
}
