//! The masters of a Cluster, and which of them has a slot.

mod map;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use futures_util::{StreamExt, stream::FuturesUnordered};
use redis::{ConnectionInfo, Value};

use self::map::Map;
use super::{
    address::{elsewhere, place},
    failed::Failed,
    lookout::{Look, Lookout},
    node::Node,
    slot::Slot,
    ways::Master,
};

/// How many nodes are asked at a time where the others are.
const AT_ONCE: usize = 3;

/// A Cluster as one of its nodes described it last.
pub(super) struct Cluster {
    lookout: Lookout<View>,
    nodes: Arc<Nodes>,
}

/// The masters, and who has what.
struct View {
    /// In order.
    ranges: Vec<(Slot, Slot, usize)>,
    masters: Vec<Master>,
    /// Why the Cluster does not say of itself that it is all right.
    trouble: Option<String>,
}

impl View {
    fn master(&self, slot: Slot) -> Option<&Master> {
        let at = self.ranges.partition_point(|(_, last, _)| last.0 < slot.0);
        let range = self.ranges.get(at).filter(|(first, _, _)| first.0 <= slot.0);
        range.map(|(_, _, master)| &self.masters[*master])
    }
}

impl Cluster {
    /// A Cluster that at least one of these nodes knows. Needs a runtime.
    pub(super) fn open(seeds: Vec<ConnectionInfo>, size: u64) -> Self {
        let nodes = Arc::new(Nodes { seeds, size, open: Mutex::default() });
        let lookout = Lookout::begin(Asking { nodes: Arc::clone(&nodes), turn: 0, well: false });
        Self { lookout, nodes }
    }

    /// The master that has this slot.
    pub(super) async fn master(&self, slot: Slot) -> Result<Master, Failed> {
        let view = self.lookout.view().await?;
        let missing = || Failed::NoMaster(format!("no master has slot {}", slot.0));
        view.master(slot).cloned().ok_or_else(missing)
    }

    /// The node at `host:port`, where the node that was asked redirects to. What is not known yet has a replica, too.
    pub(super) fn redirected(&self, address: &str, asked: &Node) -> Result<Master, Failed> {
        let unknown = || Failed::NoMaster(format!("redirected to {address}"));
        let (host, port) = address.rsplit_once(':').ok_or_else(unknown)?;
        let host = map::host(Some(host), &asked.host());
        let node = self.nodes.at(&host, port.parse().map_err(|_| unknown())?).map_err(Failed::NoMaster)?;
        let view = self.lookout.last();
        let known =
            view.and_then(|view| view.masters.iter().find(|it| Arc::ptr_eq(&it.node, &node)).cloned());
        Ok(known.unwrap_or(Master { node, acknowledgements: 1 }))
    }

    /// Whether it is still this node that has the slot.
    pub(super) fn has(&self, slot: Slot, node: &Arc<Node>) -> bool {
        let view = self.lookout.last();
        view.is_some_and(|view| view.master(slot).is_some_and(|master| Arc::ptr_eq(&master.node, node)))
    }

    /// All masters, where the Cluster is there and says that it is all right.
    pub(super) async fn masters(&self) -> Result<Vec<Arc<Node>>, String> {
        let view = self.lookout.view().await.map_err(|failed| failed.told())?;
        match self.lookout.trouble().or_else(|| view.trouble.clone()) {
            Some(trouble) => Err(trouble),
            None => Ok(view.masters.iter().map(|master| Arc::clone(&master.node)).collect()),
        }
    }

    /// All nodes that there are connections to.
    pub(super) fn nodes(&self) -> Vec<Arc<Node>> {
        self.nodes.open().values().cloned().collect()
    }

    /// Something was not where it was seen.
    pub(super) fn look_again(&self) {
        self.lookout.look_again();
    }
}

/// The nodes that there are connections to.
struct Nodes {
    seeds: Vec<ConnectionInfo>,
    size: u64,
    open: Mutex<HashMap<(String, u16), Arc<Node>>>,
}

impl Nodes {
    /// The node at this address.
    fn at(&self, host: &str, port: u16) -> Result<Arc<Node>, String> {
        let mut open = self.open();
        if let Some(node) = open.get(&(host.to_owned(), port)) {
            return Ok(Arc::clone(node));
        }
        // All together have as many connections as the plan grants, as soon as most nodes are known.
        let size = (self.size / (open.len() as u64 + 1).max(3)).max(2);
        let node = Arc::new(Node::open(elsewhere(&self.seeds[0], host, port), size)?);
        open.insert((host.to_owned(), port), Arc::clone(&node));
        Ok(node)
    }

    /// The nodes that are known, and those that were configured where that is not enough.
    fn candidates(&self, enough: bool) -> Vec<(String, Arc<Node>)> {
        let mut all: Vec<(String, u16)> = self.open().keys().cloned().collect();
        if !enough || all.is_empty() {
            all.extend(self.seeds.iter().map(place).filter_map(|(host, port)| Some((host, port?))));
        }
        let node = |(host, port): (String, u16)| Some((host.clone(), self.at(&host, port).ok()?));
        all.into_iter().filter_map(node).collect()
    }

    /// Lets go of all others; what is on them arrives.
    fn keep(&self, masters: &[Master]) {
        self.open().retain(|_, node| masters.iter().any(|master| Arc::ptr_eq(&master.node, node)));
    }

    fn open(&self) -> MutexGuard<'_, HashMap<(String, u16), Arc<Node>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the nodes again and again.
struct Asking {
    nodes: Arc<Nodes>,
    /// Whose turn it is to be asked first.
    turn: usize,
    /// Whether all was well when they were asked last.
    well: bool,
}

#[async_trait]
impl Look for Asking {
    type View = View;

    async fn look(&mut self) -> Result<View, String> {
        let mut candidates = self.nodes.candidates(std::mem::take(&mut self.well));
        self.turn = self.turn.wrapping_add(1);
        let first = self.turn % candidates.len().max(1);
        candidates.rotate_left(first);
        let (mut second_best, mut silence) = (None, "no node is known".to_owned());
        'all: for some in candidates.chunks(AT_ONCE) {
            let mut answers: FuturesUnordered<_> =
                some.iter().map(|(host, node)| async move { (host, node, ask(node).await) }).collect();
            while let Some((host, node, answer)) = answers.next().await {
                match answer.and_then(|(info, slots, nodes)| Map::read(host, &info, &slots, &nodes)) {
                    // A node that is cut off says so; another may know better.
                    Ok(map) if map.trouble.is_none() => {
                        second_best = Some(map);
                        break 'all;
                    }
                    Ok(map) => second_best = second_best.or(Some(map)),
                    Err(error) => silence = format!("{}: {error}", node.name()),
                }
            }
        }
        let Map { masters, ranges, trouble } = second_best.ok_or(silence)?;
        let masters = masters.into_iter().map(|((host, port), replicas)| {
            Ok(Master { node: self.nodes.at(&host, port)?, acknowledgements: replicas.div_ceil(2) })
        });
        let masters = masters.collect::<Result<Vec<_>, String>>()?;
        self.nodes.keep(&masters);
        self.well = trouble.is_none();
        Ok(View { ranges, masters, trouble })
    }
}

async fn ask(node: &Node) -> Result<(String, Value, String), String> {
    let mut all = redis::pipe();
    for what in ["INFO", "SLOTS", "NODES"] {
        all.cmd("CLUSTER").arg(what);
    }
    node.ask_all(&all).await.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use redis::IntoConnectionInfo;

    use super::*;

    #[tokio::test]
    async fn a_redirection_to_a_port_leads_to_the_host_that_was_asked() {
        let seeds = vec!["redis://10.0.0.1:7000".into_connection_info().unwrap()];
        let cluster = Cluster::open(seeds, 8);
        let asked = cluster.nodes.at("10.0.0.2", 7000).unwrap();

        let place = |address| cluster.redirected(address, &asked).unwrap().node.name();

        assert_eq!(place(":7001"), "10.0.0.2:7001");
        assert_eq!(place("?:7001"), "10.0.0.2:7001");
        assert_eq!(place("10.0.0.3:7001"), "10.0.0.3:7001");
    }
}
