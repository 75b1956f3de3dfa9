//! Who goes first where there is too little CPU for all: the admin port, then calls, then whatever a service puts behind.

use crate::{limits::Cores, sizing::Plan};

/// The niceness of the threads that run calls. In a container with a fraction of a core the kernel halts all threads
/// together once the quota of a period is used up. Calls that want more than there is would use up the next one, too,
/// before the admin port's thread has its turn, and probes would wait for several periods.
#[cfg(target_os = "linux")]
const CALLS: i32 = 9;

/// Whether threads that run calls can use up the CPU that there is: there are more of them than cores. Elsewhere none is
/// put behind, for they would also stand behind whatever else the machine does.
pub(crate) fn matters(plan: &Plan) -> bool {
    u32::try_from(plan.worker_threads).is_ok_and(|threads| plan.limits.cpu.value < Cores::new(threads))
}

/// Puts the current thread behind the admin port's: for the threads that run calls.
pub(crate) fn behind_probes() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, CALLS) {
        tracing::warn!(%error, "the priority of a thread that runs calls could not be lowered");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::thread;

    use rustix::process::getpriority_process;

    use super::*;

    #[test]
    fn a_thread_goes_behind_the_others_by_itself() {
        let before = getpriority_process(None).unwrap();

        let lowered = thread::spawn(|| {
            behind_probes();
            getpriority_process(None).unwrap()
        });

        assert_eq!(lowered.join().unwrap(), CALLS);
        assert_eq!(getpriority_process(None).unwrap(), before);
    }
}
