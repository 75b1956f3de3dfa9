//! What the other side saw, judged.

use std::{collections::HashMap, ops::Range, time::Duration};

use testkit::history::{Asked, Call, Outcome};

use crate::BOUND;

pub(crate) struct Seen<'a> {
    /// The calls of the other side.
    pub(crate) there: &'a [Call],
    /// When this side's end of which session was acknowledged.
    pub(crate) ends: &'a HashMap<String, u64>,
    /// For how long the two sides were apart.
    pub(crate) apart: Range<u64>,
}

impl<'a> Seen<'a> {
    /// A use that began later than the bound after an end is refused, or UNAVAILABLE.
    pub(crate) fn outlives_no_end(&self) {
        let believed =
            || self.uses().filter(|call| call.outcome == Outcome::Done).map(|call| (call, session(call)));
        let after_end = |(call, session): (&Call, &str)| call.began.checked_sub(*self.ends.get(session)?);
        let latest = believed().filter_map(after_end).max();
        let of_cut = believed().map(|(call, _)| call.began).filter(|began| self.apart.contains(began)).max();
        let first_end = self.ends.values().min().expect("some were ended");
        let after_cut = |time: u64| Duration::from_nanos(time.saturating_sub(self.apart.start));
        eprintln!(
            "after the cut, the first end was acknowledged at {:?}, and a session believed in until {:?}; one that had \
             ended, until {:?} after its end",
            after_cut(*first_end),
            of_cut.map(after_cut),
            latest.map(Duration::from_nanos),
        );
        assert!(of_cut.is_some(), "whoever was cut off noticed at once: this shows nothing");
        assert!(latest <= Some(BOUND), "used {latest:?} ns after its end");
    }

    /// Once all was whole.
    pub(crate) fn has_ended_what_was_ended(&self) {
        for session in self.ends.keys() {
            assert!(matches!(self.last_word(session), Some(Outcome::Refused(_))), "{session} is good again");
        }
    }

    /// What only a master has that others have replaced is lost, and must not be promised.
    pub(crate) fn has_acknowledged_nothing_alone(&self) {
        let alone = |call: &&Call| self.apart.contains(&call.began) && self.apart.contains(&call.ended);
        let mut tried =
            self.there.iter().filter(|call| matches!(call.asked, Asked::Revoke(_))).filter(alone).peekable();
        assert!(tried.peek().is_some(), "nobody tried");
        for call in tried {
            assert!(matches!(call.outcome, Outcome::Unknown(_)), "nobody else has it: {call:?}");
        }
    }

    /// Whoever nobody signed out is signed in, and was never told otherwise.
    pub(crate) fn has_kept(&self, kept: &str) {
        for call in self.uses().filter(|call| session(call) == kept) {
            assert!(!matches!(call.outcome, Outcome::Refused(_)), "lost: {call:?}");
        }
        assert_eq!(self.last_word(kept), Some(&Outcome::Done));
    }

    /// The last answer that tells whether a session is good.
    fn last_word(&self, of: &str) -> Option<&'a Outcome> {
        let told =
            self.uses().filter(|call| session(call) == of && !matches!(call.outcome, Outcome::Unknown(_)));
        told.max_by_key(|call| call.began).map(|call| &call.outcome)
    }

    /// Whatever is not known is an outage.
    fn uses(&self) -> impl Iterator<Item = &'a Call> {
        self.there.iter().filter(|call| call.asked == Asked::Use).inspect(|call| {
            assert!(!matches!(&call.outcome, Outcome::Unknown(code) if code != "Unavailable"), "{call:?}");
        })
    }
}

fn session(call: &Call) -> &str {
    &call.shown.as_ref().expect("a use shows a token").session
}
