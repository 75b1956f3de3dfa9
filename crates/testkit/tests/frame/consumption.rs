//! What a process takes of the machine, as the kernel counts it.

use std::{fs, time::Duration};

use testkit::Server;
use tokio::time::{Instant, sleep};

/// The unit of CPU time in `/proc`: `USER_HZ`, which is 100 on every architecture that we run on.
const TICK: Duration = Duration::from_millis(10);

/// The share of one core that it keeps busy over this span.
pub(crate) async fn cpu_share(server: &Server, over: Duration) -> f64 {
    let (began, before) = (Instant::now(), cpu_time(server));
    sleep(over).await;
    (cpu_time(server).as_secs_f64() - before.as_secs_f64()) / began.elapsed().as_secs_f64()
}

/// The CPU time that it has used, in user and kernel mode (proc(5), `utime` and `stime`).
fn cpu_time(server: &Server) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.binary.id())).unwrap();
    let (_, after_the_name) = stat.rsplit_once(')').unwrap();
    let ticks = after_the_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap());
    TICK * ticks.sum::<u32>()
}

/// The memory that it holds, in bytes.
pub(crate) fn resident(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.binary.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
