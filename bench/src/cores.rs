//! One core for the server, one for everything else.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Two cores, kept apart until this is dropped.
#[derive(Debug)]
pub(crate) struct Cores {
    server: CpuSet,
    load: CpuSet,
    before: CpuSet,
}

impl Cores {
    /// Puts this process, and what it starts, on one core, and keeps another for servers.
    ///
    /// # Panics
    /// When it may run on one core only: there is nothing to be measured then.
    pub(crate) fn split() -> Self {
        let before = sched_getaffinity(None).expect("a thread may ask where it may run");
        let mut cores = (0..CpuSet::MAX_CPU).filter(|&core| before.is_set(core));
        let (Some(server), Some(load)) = (cores.next(), cores.next()) else {
            panic!("two cores are needed: one for the server, one for the load");
        };
        let cores = Self { server: only(server), load: only(load), before };
        run_on(&cores.load);
        cores
    }

    /// Starts something that will run on the server's core: a process begins where the thread that starts it may run.
    pub(crate) fn start<T>(&self, server: impl FnOnce() -> T) -> T {
        run_on(&self.server);
        let started = server();
        run_on(&self.load);
        started
    }
}

impl Drop for Cores {
    fn drop(&mut self) {
        run_on(&self.before);
    }
}

fn only(core: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(core);
    set
}

fn run_on(cores: &CpuSet) {
    sched_setaffinity(None, cores).expect("a thread may choose among its cores");
}
