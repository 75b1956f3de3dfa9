//! What a node of a Cluster says of the whole.

use std::collections::HashMap;

use redis::Value;

use super::Slot;

/// The masters and their slots.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Map {
    /// Where each master is, and how many replicas it has that are not given up.
    pub(super) masters: Vec<((String, u16), usize)>,
    /// From one slot to another, both included, and which of the masters has them; in order.
    pub(super) ranges: Vec<(Slot, Slot, usize)>,
    /// Why the Cluster does not say of itself that it is all right.
    pub(super) trouble: Option<String>,
}

/// A node in `CLUSTER SLOTS`: its host, unless that is the one that was asked; its port and its id.
type Node = (Option<String>, u16, String);

impl Map {
    /// Reads the answers of a node to `CLUSTER INFO`, `CLUSTER SLOTS` and `CLUSTER NODES`. `asked` is where it is.
    pub(super) fn read(asked: &str, info: &str, slots: &Value, nodes: &str) -> Result<Self, String> {
        let unreadable =
            |error: redis::ParsingError| format!("its map of the cluster cannot be read: {error}");
        let replicas = replicas(nodes);
        let mut this = Self { masters: Vec::new(), ranges: Vec::new(), trouble: trouble(info) };
        let ranges: Vec<Vec<Value>> = redis::from_redis_value(slots.clone()).map_err(unreadable)?;
        for range in ranges {
            let [first, last, master, ..] = &range[..] else {
                return Err("its map of the cluster lacks a master".to_owned());
            };
            let number = |value: &Value| redis::from_redis_value(value.clone()).map(Slot);
            let (host, port, id) = node(master).map_err(unreadable)?;
            let place = (self::host(host.as_deref(), asked), port);
            let known = this.masters.iter().position(|(master, _)| *master == place);
            let master = known.unwrap_or_else(|| {
                this.masters.push((place, replicas.get(&*id).copied().unwrap_or_default()));
                this.masters.len() - 1
            });
            this.ranges.push((number(first).map_err(unreadable)?, number(last).map_err(unreadable)?, master));
        }
        this.ranges.sort_unstable_by_key(|(first, _, _)| first.0);
        Ok(this)
    }
}

/// The host that a node names. One that does not know an address says nothing, or a question mark: it is the one that was
/// asked.
pub(super) fn host(named: Option<&str>, asked: &str) -> String {
    named.filter(|host| !matches!(*host, "" | "?")).unwrap_or(asked).to_owned()
}

/// The host, the port and the id are followed by more since Redis 7.
fn node(value: &Value) -> Result<Node, redis::ParsingError> {
    let parts: Vec<Value> = redis::from_redis_value(value.clone())?;
    redis::from_redis_value(Value::Array(parts.into_iter().take(3).collect()))
}

/// How many replicas each master has, by its id. Those that most masters hold for failed are not among them; `CLUSTER
/// SLOTS` leaves out those, too, to which nothing was replicated yet.
fn replicas(nodes: &str) -> HashMap<&str, usize> {
    let mut replicas = HashMap::new();
    for line in nodes.lines() {
        let mut words = line.split(' ').skip(2);
        let (Some(flags), Some(master)) = (words.next(), words.next()) else { continue };
        let mut flags = flags.split(',');
        if flags.clone().any(|flag| flag == "slave") && !flags.any(|flag| matches!(flag, "fail" | "noaddr")) {
            *replicas.entry(master).or_default() += 1;
        }
    }
    replicas
}

/// Why a node does not say that the Cluster is all right.
fn trouble(info: &str) -> Option<String> {
    let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    match field("cluster_state") {
        Some("ok") => None,
        state => Some(format!(
            "cluster_state is {}; {} of 16384 slots have a master that is there",
            state.unwrap_or("not told"),
            field("cluster_slots_ok").unwrap_or("no one knows how many")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn range(first: i64, last: i64, host: Value, port: i64, id: &str) -> Value {
        let more = Value::Array(vec![text("hostname"), text("redis")]);
        let master = Value::Array(vec![host, Value::Int(port), text(id), more]);
        Value::Array(vec![Value::Int(first), Value::Int(last), master])
    }

    #[test]
    fn masters_have_ranges_and_replicas_that_are_not_given_up() {
        let slots = Value::Array(vec![
            range(7, 16383, text("a"), 1, "aa"),
            range(0, 5, text("a"), 1, "aa"),
            range(6, 6, Value::Nil, 2, "bb"),
        ]);
        let nodes = "aa a:1@2 myself,master - 0 0 1 connected 0-5 7-16383\n\
                     bb :2@3 master - 0 0 2 connected 6\n\
                     cc c:1@2 slave aa 0 0 1 connected\n\
                     dd d:1@2 slave,fail? aa 0 0 1 disconnected\n\
                     ee e:1@2 slave,fail aa 0 0 1 disconnected\n";

        let map = Map::read("asked", "cluster_state:ok\r\n", &slots, nodes).unwrap();

        assert_eq!(map.masters, [(("a".to_owned(), 1), 2), (("asked".to_owned(), 2), 0)]);
        let ranges = [(Slot(0), Slot(5), 0), (Slot(6), Slot(6), 1), (Slot(7), Slot(16383), 0)];
        assert_eq!(map.ranges, ranges);
        assert_eq!(map.trouble, None);
    }

    #[test]
    fn a_cluster_that_is_not_all_right_says_why() {
        let info = "cluster_state:fail\r\ncluster_slots_assigned:16384\r\ncluster_slots_ok:10923\r\n";

        let told = Map::read("asked", info, &Value::Array(Vec::new()), "").unwrap().trouble.unwrap();

        assert_eq!(told, "cluster_state is fail; 10923 of 16384 slots have a master that is there");
    }
}
