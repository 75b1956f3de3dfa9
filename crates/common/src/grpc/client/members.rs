//! The addresses of a peer: which are connected, how busy each is, and which one takes the next call.

#[cfg(test)]
mod tests;

use std::{net::SocketAddr, ops::Range};

use tokio::time::Instant;

use super::ejection::Ejection;

/// One address from when it was added to when it is removed. One that comes back is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Id(u64);

/// How a call ended, as far as it speaks for or against its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was answered.
    Good,
    /// It was answered with UNAVAILABLE, or not in time.
    Bad,
    /// It says nothing: the caller gave up, or the connection was lost, which is noticed otherwise.
    Neutral,
}

/// The addresses of a peer, with their connections.
#[derive(Debug)]
pub(super) struct Members<C> {
    all: Vec<Member<C>>,
    ids: u64,
    connections: u64,
}

#[derive(Debug)]
struct Member<C> {
    id: Id,
    address: SocketAddr,
    connection: Option<Connected<C>>,
    outstanding: usize,
    ejection: Ejection,
}

#[derive(Debug)]
struct Connected<C> {
    number: u64,
    connection: C,
}

/// Who takes a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen<C> {
    pub(super) id: Id,
    pub(super) address: SocketAddr,
    /// Which of the address's connections it is.
    pub(super) number: u64,
    pub(super) connection: C,
}

/// How many addresses are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Take calls.
    pub connected: usize,
    /// Are connected, and take no calls because they answered badly.
    pub ejected: usize,
    /// Are being connected.
    pub connecting: usize,
}

impl<C> Default for Members<C> {
    fn default() -> Self {
        Self { all: Vec::new(), ids: 0, connections: 0 }
    }
}

impl<C: Clone> Members<C> {
    /// Adds an address, which takes calls once it is connected.
    pub(super) fn add(&mut self, address: SocketAddr) -> Id {
        self.ids += 1;
        let id = Id(self.ids);
        let ejection = Ejection::default();
        self.all.push(Member { id, address, connection: None, outstanding: 0, ejection });
        id
    }

    /// Removes an address, which takes no more calls; those in flight have their connection.
    pub(super) fn remove(&mut self, id: Id) {
        self.all.retain(|member| member.id != id);
    }

    /// An address has a new connection.
    pub(super) fn connected(&mut self, id: Id, connection: C) -> u64 {
        self.connections += 1;
        let number = self.connections;
        if let Some(member) = self.find(id) {
            member.connection = Some(Connected { number, connection });
        }
        number
    }

    /// A connection takes no more calls. A newer one of the same address stays.
    pub(super) fn lost(&mut self, id: Id, number: u64) {
        if let Some(member) = self.find(id) {
            member.connection.take_if(|connected| connected.number == number);
        }
    }

    /// Chooses who takes a call and counts it as outstanding: the less busy of two at random (power of two choices).
    /// Ejected addresses are left out, unless there are no others; so is the one to `avoid`.
    pub(super) fn choose(
        &mut self,
        avoid: Option<Id>,
        random: impl FnMut(Range<usize>) -> usize,
    ) -> Option<Chosen<C>> {
        let ejected = |member: &Member<C>| member.ejection.is_ejected();
        let avoided = |member: &Member<C>| avoid == Some(member.id);
        let connected = self.indices(|member| !ejected(member) && !avoided(member));
        let connected = connected.or_else(|| self.indices(|member| !ejected(member)));
        let connected = connected.or_else(|| self.indices(|member| !avoided(member)));
        let connected = connected.or_else(|| self.indices(|_| true))?;

        let (one, other) = two(connected.len(), random);
        let (one, other) = (connected[one], connected[other]);
        let busier = self.all[one].outstanding > self.all[other].outstanding;
        let member = &mut self.all[if busier { other } else { one }];
        let Connected { number, connection } = member.connection.as_ref()?;
        member.outstanding += 1;
        Some(Chosen {
            id: member.id,
            address: member.address,
            number: *number,
            connection: connection.clone(),
        })
    }

    /// A call has ended. Whether its address is ejected because of that.
    pub(super) fn ended(&mut self, id: Id, outcome: Outcome, now: Instant, random: f64) -> bool {
        let Some(member) = self.find(id) else {
            return false;
        };
        member.outstanding = member.outstanding.saturating_sub(1);
        match outcome {
            Outcome::Good => member.ejection.succeeded(),
            Outcome::Bad => return member.ejection.failed(now, random),
            Outcome::Neutral => {}
        }
        false
    }

    /// When an ejected address is to be asked whether it is well; none where it is not ejected.
    pub(super) fn term_ends(&self, id: Id) -> Option<Instant> {
        self.all.iter().find(|member| member.id == id)?.ejection.term_ends()
    }

    /// An ejected address was asked whether it is well.
    pub(super) fn asked(&mut self, id: Id, well: bool, now: Instant, random: f64) {
        if let Some(member) = self.find(id) {
            member.ejection.asked(well, now, random);
        }
    }

    /// Whether another address than this one could be asked.
    pub(super) fn has_other(&self, id: Id) -> bool {
        self.indices(|member| member.id != id && !member.ejection.is_ejected()).is_some()
    }

    /// How many addresses are in which state.
    pub(super) fn count(&self) -> Addresses {
        let connected = self.all.iter().filter(|member| member.connection.is_some()).count();
        let ejected = self.indices(|member| member.ejection.is_ejected()).map_or(0, |indices| indices.len());
        Addresses { connected: connected - ejected, ejected, connecting: self.all.len() - connected }
    }

    /// The addresses, in the order in which they were added.
    #[cfg(test)]
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.all.iter().map(|member| member.address).collect()
    }

    /// Calls that are outstanding at any address.
    #[cfg(test)]
    pub(super) fn outstanding(&self) -> usize {
        self.all.iter().map(|member| member.outstanding).sum()
    }

    /// The connected members of a kind, unless there are none.
    fn indices(&self, kind: impl Fn(&Member<C>) -> bool) -> Option<Vec<usize>> {
        let members = self.all.iter().enumerate();
        let connected = members.filter(|(_, member)| member.connection.is_some() && kind(member));
        let indices: Vec<usize> = connected.map(|(index, _)| index).collect();
        (!indices.is_empty()).then_some(indices)
    }

    fn find(&mut self, id: Id) -> Option<&mut Member<C>> {
        self.all.iter_mut().find(|member| member.id == id)
    }
}

/// Two different ones of so many, where there are two.
fn two(count: usize, mut random: impl FnMut(Range<usize>) -> usize) -> (usize, usize) {
    if count < 2 {
        return (0, 0);
    }
    let one = random(0..count);
    let other = random(0..count - 1);
    (one, if other < one { other } else { other + 1 })
}
