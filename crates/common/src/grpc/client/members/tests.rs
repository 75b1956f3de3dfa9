//! The choice, under made-up histories.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use proptest::prelude::*;

use super::*;

fn address(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

/// So many addresses, all connected.
fn connected(count: u16) -> (Members<()>, Vec<Id>) {
    let mut members = Members::default();
    let ids: Vec<Id> = (0..count).map(|port| members.add(address(port))).collect();
    for id in &ids {
        members.connected(*id, ());
    }
    (members, ids)
}

fn eject(members: &mut Members<()>, id: Id, now: Instant) {
    while !members.ended(id, Outcome::Bad, now, 0.0) {}
}

fn choose(members: &mut Members<()>) -> Option<Id> {
    members.choose(None, fastrand::usize).map(|chosen| chosen.id)
}

#[test]
fn an_address_takes_calls_once_it_is_connected_and_none_when_it_is_removed() {
    let mut members = Members::default();
    let id = members.add(address(1));

    let before = choose(&mut members);
    members.connected(id, ());
    let connected = choose(&mut members);
    members.remove(id);
    let removed = choose(&mut members);

    assert_eq!([before, connected, removed], [None, Some(id), None]);
}

#[test]
fn what_is_known_of_an_old_connection_does_not_harm_the_new_one() {
    let mut members = Members::default();
    let id = members.add(address(1));

    let old = members.connected(id, ());
    let new = members.connected(id, ());
    members.lost(id, old);
    let chosen = choose(&mut members);
    members.lost(id, new);
    let nobody = choose(&mut members);

    assert_eq!((chosen, nobody), (Some(id), None));
}

#[test]
fn of_two_the_less_busy_takes_the_call() {
    let (mut members, ids) = connected(2);

    let taken: Vec<Id> = (0..100).filter_map(|_| choose(&mut members)).collect();
    let first = taken.iter().filter(|id| **id == ids[0]).count();

    assert_eq!(first, 50);
}

#[test]
fn the_ejected_are_left_out_until_they_are_well() {
    let now = Instant::now();
    let (mut members, ids) = connected(3);
    let taken = |members: &mut Members<()>| {
        (0..100).filter_map(|_| choose(members)).filter(|id| *id == ids[0]).count()
    };

    eject(&mut members, ids[0], now);
    let during = taken(&mut members);
    members.asked(ids[0], false, now, 0.0);
    let ill = taken(&mut members);
    members.asked(ids[0], true, now, 0.0);
    let well = taken(&mut members);

    assert_eq!((during, ill), (0, 0));
    assert!(well > 0);
}

#[test]
fn when_all_are_ejected_all_are_tried() {
    let now = Instant::now();
    let (mut members, ids) = connected(3);

    for id in ids {
        eject(&mut members, id, now);
    }
    let tried: HashSet<Id> = (0..100).filter_map(|_| choose(&mut members)).collect();

    assert_eq!(tried.len(), 3);
}

#[test]
fn the_one_to_avoid_is_chosen_only_where_there_is_no_other() {
    let (mut members, ids) = connected(2);

    let elsewhere = members.choose(Some(ids[0]), |_| 0).map(|chosen| chosen.id);
    members.remove(ids[1]);
    let nowhere_else = members.choose(Some(ids[0]), |_| 0).map(|chosen| chosen.id);

    assert_eq!([elsewhere, nowhere_else], [Some(ids[1]), Some(ids[0])]);
    assert!(!members.has_other(ids[0]));
}

#[test]
fn addresses_are_counted_by_state() {
    let now = Instant::now();
    let (mut members, ids) = connected(2);
    members.add(address(9));

    eject(&mut members, ids[0], now);

    assert_eq!(members.count(), Addresses { connected: 1, ejected: 1, connecting: 1 });
}

/// One thing that may happen.
#[derive(Clone, Copy, Debug)]
enum Event {
    Add,
    Remove(usize),
    Connect(usize),
    Lose(usize),
    Call,
    End(usize, Outcome),
    Ask(usize, bool),
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let outcome = prop_oneof![Just(Outcome::Good), Just(Outcome::Bad), Just(Outcome::Neutral)];
    prop_oneof![
        1 => Just(Event::Add),
        1 => any::<usize>().prop_map(Event::Remove),
        3 => any::<usize>().prop_map(Event::Connect),
        1 => any::<usize>().prop_map(Event::Lose),
        8 => Just(Event::Call),
        8 => (any::<usize>(), outcome).prop_map(|(which, outcome)| Event::End(which, outcome)),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(which, well)| Event::Ask(which, well)),
        1 => (0..2000_u64).prop_map(Event::Wait),
    ]
}

proptest! {
    #[test]
    fn calls_go_to_connected_addresses_and_to_ejected_ones_only_for_want_of_others(
        events in prop::collection::vec(event(), 0..300),
    ) {
        let mut members = Members::<()>::default();
        let mut now = Instant::now();
        let mut ids = vec![];
        let mut connections: HashMap<Id, u64> = HashMap::new();
        let mut calls: Vec<Id> = vec![];

        for event in events {
            let pick = |which: usize| ids.get(which % ids.len().max(1)).copied();
            match event {
                Event::Add => ids.push(members.add(address(0))),
                Event::Remove(which) => if let Some(id) = pick(which) {
                    members.remove(id);
                    connections.remove(&id);
                    ids.retain(|other| *other != id);
                },
                Event::Connect(which) => if let Some(id) = pick(which) {
                    connections.insert(id, members.connected(id, ()));
                },
                Event::Lose(which) => if let Some((id, number)) = pick(which).and_then(|id| connections.remove_entry(&id)) {
                    members.lost(id, number);
                },
                Event::Call => {
                    let before = members.count();
                    let chosen = members.choose(None, fastrand::usize);
                    prop_assert_eq!(chosen.is_some(), !connections.is_empty());
                    if let Some(chosen) = chosen {
                        prop_assert_eq!(connections.get(&chosen.id), Some(&chosen.number));
                        let ejected = members.find(chosen.id).unwrap().ejection.is_ejected();
                        prop_assert!(!ejected || before.connected == 0);
                        calls.push(chosen.id);
                    }
                }
                Event::End(which, outcome) => if !calls.is_empty() {
                    let id = calls.swap_remove(which % calls.len());
                    members.ended(id, outcome, now, 0.5);
                },
                Event::Ask(which, well) => if let Some(id) = pick(which) {
                    members.asked(id, well, now, 0.5);
                },
                Event::Wait(milliseconds) => now += Duration::from_millis(milliseconds),
            }
            for member in &members.all {
                prop_assert_eq!(member.outstanding, calls.iter().filter(|id| **id == member.id).count());
            }
        }
    }
}
