//! How operations are done over the ways to Redis, each within a bound.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use common::telemetry::{
    database::Database,
    metrics::{self, Meter},
};
use guard::Revocation;
use redis::{FromRedisValue, aio::MultiplexedConnection};
use tokio::time::timeout;

use super::{
    ending,
    failed::Failed,
    feed,
    node::Node,
    script::Run,
    slot::Slot,
    untold::{self, Later, Teller},
    ways::Ways,
};
use crate::error::Error;

/// How long an operation may take, all that it waits for together: an outage is told within a second.
const OPERATION: Duration = Duration::from_millis(900);

/// How long the ending of sessions may take, and then the telling: whoever waited for it may be gone by then.
const STEP: Duration = Duration::from_millis(850);

/// The ways to Redis that are in use. Cheap to clone.
#[derive(Clone)]
pub(super) struct Connections {
    ways: Arc<RwLock<Arc<Ways>>>,
    /// What is told of the scripts that are run.
    database: Database,
    /// Who takes ends that could not be told.
    later: Later,
}

impl Connections {
    /// Connections, and who tells later of the ends that cannot be told over them at once.
    pub(super) fn over(ways: Arc<Ways>, database: Database) -> (Self, Teller) {
        database.moved(ways.place());
        let (later, teller) = untold::channel();
        (Self { ways: Arc::new(RwLock::new(ways)), database, later }, teller)
    }

    /// Counts what is asked of Redis from now on.
    pub(super) fn observe(&self, meter: &Meter) {
        self.database.observe(meter);
    }

    /// Goes other ways from now on; what is on the old ones arrives.
    pub(super) fn replace(&self, ways: Arc<Ways>) {
        self.database.moved(ways.place());
        *self.ways.write().unwrap_or_else(PoisonError::into_inner) = ways;
    }

    /// Runs a script that only reads, on the connection that all reads share.
    pub(super) async fn read<T: FromRedisValue>(&self, script: &Run<'_>) -> Result<T, Error> {
        let ways = self.current();
        let done = self.bounded(script, async {
            let mut route = ways.route(script);
            loop {
                match route.next().await?.read(script).await {
                    Ok(answer) => return Ok(answer),
                    Err(failed) => route.after(failed).await?,
                }
            }
        });
        Ok(done.await?)
    }

    /// Runs a script on a connection of its own.
    pub(super) async fn write<T: FromRedisValue>(&self, script: &Run<'_>) -> Result<T, Error> {
        let ways = self.current();
        let done = self.bounded(script, async { Ok(ways.route(script).write().await?.0) });
        Ok(done.await?)
    }

    /// Runs a script that ends sessions on a connection of its own, then tells of the ends that follow from its answer,
    /// or from there being none, and waits until replicas have both. All is done also for a caller who hangs up in
    /// between. What may have ended and is not told by then is told later.
    pub(super) async fn end<T: FromRedisValue + Send + 'static>(
        &self,
        script: Run<'static>,
        ended: impl FnOnce(Option<&T>) -> Vec<Revocation> + Send + 'static,
    ) -> Result<T, Error> {
        let (ways, script) = (self.current(), Arc::new(script));
        let (run, later) = (Arc::clone(&script), self.later.clone());
        let all = tokio::spawn(async move {
            let (answer, lines) = match step(ending::end(&ways, &run)).await {
                Ok(done) => done,
                Err(failed) => {
                    if failed.leaves_it_open() {
                        later.tell(ended(None));
                    }
                    return Err(failed);
                }
            };
            let ended = ended(Some(&answer));
            if ended.is_empty() {
                return Ok(answer);
            }
            let told = step(lines.tell(&ways, &feed::tell(&ended))).await;
            if told.as_ref().is_err_and(|failed| !failed.is_unreplicated()) {
                later.tell(ended);
            }
            told.map(|()| answer)
        });
        Ok(self.bounded(&script, async { all.await? }).await?)
    }

    /// Tells of ends, on a connection that is made for it: those of the pool may be as dead as the one that it could not
    /// be told on. Nobody waits for replicas to have it, for whoever listens to one that is promoted begins anew.
    pub(super) async fn tell(&self, ended: &[Revocation]) -> Result<(), Failed> {
        let tell = feed::tell(ended);
        let telling = async {
            let (mut connection, _) = self.dial(tell.slot()).await?;
            // A master that has the feed no more says who has.
            tell.on(&mut connection).await.inspect_err(|_| self.look_again())
        };
        self.bounded(&tell, telling).await
    }

    /// A connection that blocks, to the master that has this slot.
    pub(super) async fn dial(&self, slot: Slot) -> Result<(MultiplexedConnection, Arc<Node>), Failed> {
        let node = self.current().master(slot).await?.node;
        Ok((node.dial().await?, node))
    }

    /// Whether it is still this node that has the slot.
    pub(super) fn goes(&self, slot: Slot, node: &Arc<Node>) -> bool {
        self.current().has(slot, node)
    }

    /// Something was not where it was seen.
    pub(super) fn look_again(&self) {
        self.current().look_again();
    }

    async fn bounded<T>(
        &self,
        run: &Run<'_>,
        operation: impl Future<Output = Result<T, Failed>>,
    ) -> Result<T, Failed> {
        let mut asked = self.database.asked(run.asked());
        let late = |_| Err(Failed::Late(OPERATION));
        let result = timeout(OPERATION, operation).await.unwrap_or_else(late);
        match &result {
            Ok(_) => asked.done(),
            Err(failed) => asked.fail(failed.kind(), failed.code()),
        }
        result
    }

    /// The connections of all pools now.
    pub(super) fn pooled(&self) -> metrics::Pool {
        self.current().pooled()
    }

    /// Closes the pools.
    pub(super) fn close(&self) {
        self.current().close();
    }

    /// The ways that are gone now.
    pub(super) fn current(&self) -> Arc<Ways> {
        Arc::clone(&self.ways.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One of the two steps of an end.
async fn step<T>(work: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    timeout(STEP, work).await.unwrap_or(Err(Failed::Late(STEP)))
}
