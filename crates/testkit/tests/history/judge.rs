//! Whether a history of calls is one that sessions may have.
//!
//! Judged is by when a call was made: one that was made before an end may be answered long after it.

mod tests;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Range,
};

use testkit::history::{Asked, At, Call, Outcome, Shown};

const SECOND: u64 = 1_000_000_000;
/// How long a refresh token is exchanged for the same successor.
const GRACE: u64 = 10 * SECOND;
/// What an outage, a call that took too long, and too many calls are answered with.
const OUTAGES: [&str; 4] = ["Unavailable", "DeadlineExceeded", "ResourceExhausted", "Cancelled"];

/// What only a failover excuses.
const LOST: &str = "a session was lost that nobody ended";
const STALE: &str = "used later than its exchange allows";
/// What nothing excuses.
const LATE: &str = "used later than its end allows";
const NEITHER: &str = "neither an answer nor an outage";

/// How long after its acknowledged end a session may be used there.
fn bound(at: At) -> u64 {
    match at {
        At::Sessions(_) => SECOND,
        At::Guard => 2 * SECOND,
    }
}

/// What a history may have that one Redis does not allow.
#[derive(Debug, Default)]
pub(crate) struct Leave {
    /// How much longer an ended session may be used, in nanoseconds.
    pub(crate) longer: u64,
    /// When masters were replaced.
    pub(crate) storms: Vec<Storm>,
}

/// A failover.
#[derive(Clone, Debug)]
pub(crate) struct Storm {
    /// When a master may have gone that had not told its replicas everything: who signed in or renewed then, or just
    /// before, may be where they were.
    pub(crate) time: Range<u64>,
    /// From when on it was back, and may have been believed until most had heard that it was replaced: what it
    /// acknowledged then is lost.
    pub(crate) back: u64,
}

impl Leave {
    /// What a failover allows: a master that was replaced may be believed until that is noticed.
    pub(crate) const FAILOVER: Self = Self { longer: 2 * SECOND, storms: Vec::new() };

    /// Whether a fault is of what such a master alone may have known of: a session, or its end.
    fn excuses(&self, fault: &str, call: &Call, written: &[Range<u64>], ended: Option<u64>) -> bool {
        let astray = |ended| self.storms.iter().any(|storm| (storm.back..storm.time.end).contains(&ended));
        if fault != NEITHER && ended.is_some_and(astray) {
            return true;
        }
        // That a successor was used may not be known there for as long as it matters.
        let after = if [LOST, STALE].contains(&fault) { 0 } else { GRACE };
        let during = |time: &Range<u64>| {
            let mut storms = self.storms.iter().map(|storm| &storm.time);
            storms.any(|storm| time.start < storm.end && storm.start < time.end + after)
        };
        !matches!(fault, LATE | NEITHER) && call.shown.is_some() && written.iter().any(during)
    }
}

/// Tells everything in a history that must not be; of a good one nothing.
pub(crate) fn judge(history: &[Call], leave: &Leave) -> Vec<String> {
    let known = Known::of(history);
    let wrong = history.iter().filter_map(|call| Some((known.fault(call, leave.longer)?, call)));
    let (excused, wrong): (Vec<_>, Vec<_>) = wrong.partition(|(fault, call)| {
        let subject = call.shown.as_ref().map(|shown| subject(call, shown));
        let written = subject.map(|session| written(history, session)).unwrap_or_default();
        let ended = subject.and_then(|session| known.ends.get(session)).map(|end| end.certain);
        leave.excuses(fault, call, &written, ended)
    });
    if !excused.is_empty() {
        eprintln!("{} answers that only a failover explains", excused.len());
    }
    for (_, call) in &wrong {
        let of_account = history.iter().filter(|other| other.account == call.account);
        of_account.for_each(|call| eprintln!("{call:?}"));
    }
    wrong.into_iter().map(|(fault, call)| format!("{fault}: {call:?}")).collect()
}

/// The session that a fault of a call is of: the one that was not found, or the caller's.
fn subject<'a>(call: &'a Call, shown: &'a Shown) -> &'a str {
    match (&call.asked, &call.outcome) {
        (Asked::Revoke(session) | Asked::RevokeAll(Some(session)), Outcome::NotFound) => session,
        _ => &shown.session,
    }
}

/// When a session was begun and renewed.
fn written(history: &[Call], session: &str) -> Vec<Range<u64>> {
    let granted = |call: &&Call| matches!(&call.outcome, Outcome::Granted(pair) if pair.session == session);
    history.iter().filter(granted).map(|call| call.began..call.ended).collect()
}

/// How many calls were made of a session that had ended, at a place that could still have believed in it.
pub(crate) fn temptations(history: &[Call]) -> usize {
    let known = Known::of(history);
    let tempted = |call: &&Call| {
        let shown = call.shown.as_ref().filter(|_| call.asked == Asked::Use);
        let ended = shown.and_then(|shown| known.ended(shown));
        ended.is_some_and(|ended| (ended..ended + 2 * SECOND).contains(&call.began))
    };
    history.iter().filter(tempted).count()
}

/// When something was done that can be done but once.
#[derive(Clone, Copy, Debug)]
struct Deed {
    /// The first time that it may have been done.
    maybe: u64,
    /// From when on it is certain to have been done; never, where nobody knows.
    certain: u64,
}

impl Deed {
    fn and(known: Option<Self>, other: Self) -> Self {
        known.map_or(other, |known| Self {
            maybe: known.maybe.min(other.maybe),
            certain: known.certain.min(other.certain),
        })
    }
}

/// What a history tells of sessions and pairs of tokens.
#[derive(Default)]
struct Known<'a> {
    /// When each session may have been ended.
    ends: HashMap<&'a str, Deed>,
    /// When each pair may have been exchanged.
    exchanges: HashMap<&'a Shown, Deed>,
    /// What for.
    successors: HashMap<&'a Shown, &'a Shown>,
    /// When a pair was shown first, and when it was first known to be good.
    uses: HashMap<&'a Shown, Deed>,
    /// Sessions that somebody was given.
    given: HashSet<&'a str>,
}

impl<'a> Known<'a> {
    fn of(history: &'a [Call]) -> Self {
        let mut known = Self::default();
        let mut sessions: BTreeMap<&str, Vec<(&Shown, &Call)>> = BTreeMap::new();
        for call in history {
            if let (Asked::SignIn, Outcome::Granted(pair)) = (&call.asked, &call.outcome) {
                known.given.insert(&pair.session);
                sessions.entry(&call.account).or_default().push((pair, call));
            }
        }
        for call in history {
            known.learn(call, sessions.get(&*call.account).map_or(&[], Vec::as_slice));
        }
        for call in history {
            known.suspect(call);
        }
        known
    }

    fn learn(&mut self, call: &'a Call, sessions: &[(&'a Shown, &'a Call)]) {
        let deed = |done| Deed { maybe: call.began, certain: if done { call.ended } else { u64::MAX } };
        let refused = matches!(call.outcome, Outcome::Refused(_));
        let done = matches!(call.outcome, Outcome::Done | Outcome::NotFound | Outcome::Granted(_));
        match (&call.asked, &call.outcome) {
            // It has ended, but this is not what ended it.
            (Asked::Revoke(session) | Asked::RevokeAll(Some(session)), Outcome::NotFound) => {
                add(&mut self.ends, session, Deed { maybe: u64::MAX, certain: call.ended });
            }
            (Asked::Revoke(session), _) if !refused => add(&mut self.ends, session.as_str(), deed(done)),
            (Asked::RevokeAll(except), _) if !refused => {
                for (pair, born) in sessions.iter().filter(|(pair, _)| Some(&pair.session) != except.as_ref())
                {
                    // What began meanwhile may have been spared. What began later was, if this was over by then.
                    let covered = done && born.ended < call.began;
                    if covered || !done || born.began < call.ended {
                        add(&mut self.ends, pair.session.as_str(), deed(covered));
                    }
                }
            }
            (Asked::Refresh, Outcome::Refused(reason)) if reason == "REFRESH_REUSED" => {
                let shown = call.shown.as_ref().expect("a refresh shows a token");
                add(&mut self.ends, shown.session.as_str(), deed(true));
            }
            (Asked::Refresh, outcome) if !refused => {
                let shown = call.shown.as_ref().expect("a refresh shows a token");
                add(&mut self.exchanges, shown, deed(done));
                if let Outcome::Granted(next) = outcome {
                    self.successors.entry(shown).or_insert(next);
                }
            }
            _ => {}
        }
        if let Some(shown) = &call.shown {
            // The refresh token alone does not end the grace of its predecessor: only its exchange does.
            add(&mut self.uses, shown, deed(done));
        }
    }

    /// An exchange whose answer was lost may have been taken for a theft, where it may have come too late.
    fn suspect(&mut self, call: &'a Call) {
        let (Asked::Refresh, Outcome::Unknown(_), Some(shown)) = (&call.asked, &call.outcome, &call.shown)
        else {
            return;
        };
        // What nobody waits for any more may yet be done.
        let over = call.ended + SECOND;
        let too_late = self.exchanges.get(shown).is_some_and(|exchange| exchange.maybe + GRACE < over);
        let successor = self.successors.get(shown).and_then(|next| self.uses.get(next));
        if too_late || successor.is_some_and(|used| used.maybe < over) {
            add(&mut self.ends, &shown.session, Deed { maybe: call.began, certain: u64::MAX });
        }
    }

    /// From when on the session or the pair is certain to be no good any more.
    fn ended(&self, shown: &Shown) -> Option<u64> {
        let of_session = self.ends.get(&*shown.session).map(|end| end.certain);
        let of_pair = self.exchanges.get(shown).map(|exchange| exchange.certain);
        of_session.into_iter().chain(of_pair).min().filter(|certain| *certain != u64::MAX)
    }

    fn fault(&self, call: &Call, longer: u64) -> Option<&'static str> {
        if let Outcome::Unknown(code) = &call.outcome {
            return (!OUTAGES.contains(&&**code)).then_some(NEITHER);
        }
        let shown = call.shown.as_ref()?;
        let good = !matches!(call.outcome, Outcome::Refused(_));
        match (&call.asked, good) {
            (Asked::Refresh, true) => self.exchanged(call, shown),
            (Asked::Refresh, false) => self.not_exchanged(call, shown),
            (_, true) => {
                let late = |deed: Option<&Deed>| {
                    deed.is_some_and(|deed| call.began > deed.certain.saturating_add(bound(call.at) + longer))
                };
                if late(self.ends.get(&*shown.session)) {
                    Some(LATE)
                } else if late(self.exchanges.get(shown)) {
                    Some(STALE)
                } else {
                    self.missing(call)
                }
            }
            (_, false) => {
                let of_session = self.ends.get(&*shown.session);
                let lost = !happened(of_session, call) && !happened(self.exchanges.get(shown), call);
                lost.then_some(LOST)
            }
        }
    }

    /// Of a session that was not found, although nobody ended it.
    fn missing(&self, call: &Call) -> Option<&'static str> {
        let (Asked::Revoke(session) | Asked::RevokeAll(Some(session)), Outcome::NotFound) =
            (&call.asked, &call.outcome)
        else {
            return None;
        };
        let ended = happened(self.ends.get(&**session), call);
        (self.given.contains(&**session) && !ended).then_some(LOST)
    }

    /// Of an exchange that was granted: the store decides it, so an end counts from its acknowledgement on.
    fn exchanged(&self, call: &Call, shown: &Shown) -> Option<&'static str> {
        let Outcome::Granted(next) = &call.outcome else {
            return Some("an exchange without tokens");
        };
        let first = self.successors.get(shown)?;
        let before = |deed: Option<&Deed>| deed.is_some_and(|deed| deed.certain < call.began);
        if *first != next {
            Some("two successors of one pair")
        } else if before(self.ends.get(&*shown.session)) {
            Some("renewed after its end")
        } else if before(self.uses.get(next)) {
            Some("exchanged again after its successor was used")
        } else {
            None
        }
    }

    fn not_exchanged(&self, call: &Call, shown: &Shown) -> Option<&'static str> {
        let ended = self.ends.get(&*shown.session).filter(|end| end.maybe < call.began);
        let exchange = self.exchanges.get(shown);
        if ended.is_some() {
            return None;
        }
        let Outcome::Refused(reason) = &call.outcome else { return None };
        if reason == "REFRESH_REUSED" {
            let too_late = exchange.is_some_and(|exchange| exchange.maybe + GRACE < call.ended);
            let successor = self.successors.get(shown).and_then(|next| self.uses.get(next));
            return (!too_late && !happened(successor, call))
                .then_some("a lost answer was taken for a theft");
        }
        (!happened(self.ends.get(&*shown.session), call)).then_some(LOST)
    }
}

fn add<K: std::hash::Hash + Eq>(deeds: &mut HashMap<K, Deed>, of: K, deed: Deed) {
    let known = deeds.get(&of).copied();
    deeds.insert(of, Deed::and(known, deed));
}

/// Whether something may have happened before a call was answered.
fn happened(deed: Option<&Deed>, call: &Call) -> bool {
    deed.is_some_and(|deed| deed.maybe < call.ended)
}
