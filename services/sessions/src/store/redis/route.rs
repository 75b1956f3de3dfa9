//! The way of one run of a script to the master that has its keys.

use std::{sync::Arc, time::Duration};

use deadpool_redis::Connection;
use redis::{FromRedisValue, RedisError};
use tokio::time::sleep;

use super::{
    failed::{Failed, Turn},
    node::Node,
    script::Run,
    ways::{Master, Ways},
};

/// How long replicas may take to acknowledge what was written.
const REPLICATION: Duration = Duration::from_millis(300);
/// How long to wait for a slot that is on the way.
const MOVING: Duration = Duration::from_millis(20);
/// How often one is sent elsewhere in a row before it is worth a pause.
const HOPS: u32 = 3;

/// The way of one run to where its keys are: ask for the next stop, try it there, and tell what went wrong, until
/// nothing does. Whoever goes it bounds how long that takes.
pub(super) struct Route<'a> {
    ways: &'a Ways,
    run: &'a Run<'a>,
    /// Who was asked last.
    asked: Option<Arc<Node>>,
    next: Option<Stop>,
    hops: u32,
}

impl<'a> Route<'a> {
    pub(super) fn new(ways: &'a Ways, run: &'a Run<'a>) -> Self {
        Self { ways, run, asked: None, next: None, hops: 0 }
    }

    /// Where to try next.
    pub(super) async fn next(&mut self) -> Result<Stop, Failed> {
        let stop = match self.next.take() {
            Some(stop) => stop,
            None => Stop { master: self.ways.master(self.run.slot()).await?, ahead: false },
        };
        self.asked = Some(Arc::clone(&stop.master.node));
        Ok(stop)
    }

    /// It was not there.
    ///
    /// # Errors
    /// The failure itself, where it is worth no other try.
    pub(super) async fn after(&mut self, failed: Failed) -> Result<(), Failed> {
        let turn = failed.turn(self.run);
        self.ways.look_again();
        let redirected = |address: &str, ahead| match (self.ways, &self.asked) {
            (Ways::Cluster(cluster), Some(asked)) => {
                Ok(Some(Stop { master: cluster.redirected(address, asked)?, ahead }))
            }
            _ => Err(Failed::NoMaster("it is one of a cluster".to_owned())),
        };
        self.next = match turn {
            Turn::Elsewhere(address) => redirected(&address, false)?,
            Turn::Ahead(address) => redirected(&address, true)?,
            Turn::Wait => None,
            Turn::Fail => return Err(failed),
        };
        self.hops += 1;
        if self.next.is_none() || self.hops > HOPS {
            sleep(MOVING).await;
        }
        Ok(())
    }

    /// Goes all the way, and runs it there on a connection of its own; tells which.
    pub(super) async fn write<T: FromRedisValue>(mut self) -> Result<(T, Line), Failed> {
        loop {
            match self.next().await?.write(self.run).await {
                Ok(done) => return Ok(done),
                Err(failed) => self.after(failed).await?,
            }
        }
    }
}

/// A master, and whether the slot is only on its way to it.
pub(super) struct Stop {
    master: Master,
    ahead: bool,
}

impl Stop {
    /// Reads on the connection that all share.
    pub(super) async fn read<T: FromRedisValue>(&self, run: &Run<'_>) -> Result<T, Failed> {
        // Boxed, for it is rare and large.
        if self.ahead { Ok(Box::pin(self.write(run)).await?.0) } else { self.master.node.read(run).await }
    }

    /// Runs on a connection of one's own, and tells which.
    pub(super) async fn write<T: FromRedisValue>(&self, run: &Run<'_>) -> Result<(T, Line), Failed> {
        let mut line = Line::to(&self.master).await?;
        let answer = if self.ahead {
            Box::pin(run.ahead(&mut line.connection)).await?
        } else {
            run.on(&mut line.connection).await?
        };
        Ok((answer, line))
    }

    /// Whether the line leads here.
    pub(super) fn is_at_the_end_of(&self, line: &Line) -> bool {
        !self.ahead && Arc::ptr_eq(&self.master.node, &line.master.node)
    }
}

/// A connection of one's own to a master.
pub(super) struct Line {
    pub(super) connection: Connection,
    master: Master,
}

impl Line {
    /// A line that has shown that it is alive.
    pub(super) async fn to(master: &Master) -> Result<Self, Failed> {
        Ok(Self { connection: master.node.connect().await?, master: master.clone() })
    }

    /// Waits until enough replicas have all that was asked on this line, and everything that was written there before.
    pub(super) async fn replicated(&mut self) -> Result<(), Failed> {
        let needed = self.master.acknowledgements;
        if needed == 0 {
            return Ok(());
        }
        let mut wait = redis::cmd("WAIT");
        wait.arg(needed).arg(u64::try_from(REPLICATION.as_millis()).unwrap_or(u64::MAX));
        let answer: Result<usize, RedisError> = wait.query_async(&mut self.connection).await;
        let acknowledged = answer?;
        if acknowledged < needed { Err(Failed::Unreplicated { acknowledged, needed }) } else { Ok(()) }
    }
}
