//! How much memory an idle process holds, and how long one takes from its first instruction until it is ready.

use std::time::Duration;

use testkit::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::{
    house::{BINARIES, House},
    process::{busy, memory, mib},
    rounds::{median, percentile},
    table::Table,
    verdict::Verdicts,
};

/// What is idle: an allocator that gives pages back after a second has done so.
const IDLE: Duration = Duration::from_secs(8);
/// Resident, all pages counted, those of the binary too. The aim of what runs in a container.
const MEMORY: u64 = 16 * 1024 * 1024;
const STARTS: usize = 11;
const READY_WITHIN: Duration = Duration::from_millis(150);
/// How often a process is asked whether it is ready: what a start may seem longer than it was.
const BETWEEN: Duration = Duration::from_millis(1);

/// Measures, prints, judges.
pub(crate) async fn ask(verdicts: &mut Verdicts) {
    let house = House::build().await;
    let first: Vec<Server> = BINARIES.map(|binary| house.first(binary)).into();
    for server in &first {
        server.ready().await;
    }
    idle(&first, verdicts).await;
    // The two services are each other's peers and stay; the all-in-one has its database for itself.
    let peers: Vec<Server> = first.into_iter().take(2).collect();
    starts(&house, verdicts).await;
    drop(peers);
}

async fn idle(servers: &[Server], verdicts: &mut Verdicts) {
    sleep(IDLE).await;
    let mut table = Table::new(
        format!("memory of a process that was ready and idle for {} s", IDLE.as_secs()),
        &["", "resident", "of it its own", "threads"],
    );
    let found: Vec<_> = servers.iter().map(|server| memory(server.binary.id())).collect();
    for (binary, memory) in BINARIES.iter().zip(&found) {
        let cells = [mib(memory.resident), mib(memory.anonymous), memory.threads.to_string()];
        table.line([(*binary).to_owned()].into_iter().chain(cells));
    }
    table.print();
    // The whole suite in one process is a laptop's: it is shown, beside the others.
    for (binary, memory) in BINARIES.iter().zip(&found).filter(|(binary, _)| **binary != "fairlead") {
        let aim = format!("{binary}: {} resident when idle, under {}", mib(memory.resident), mib(MEMORY));
        verdicts.judge(memory.resident < MEMORY, aim);
    }
}

async fn starts(house: &House, verdicts: &mut Verdicts) {
    let mut taken: Vec<Vec<Start>> = vec![Vec::new(); BINARIES.len()];
    for _ in 0..STARTS {
        for (binary, taken) in BINARIES.iter().zip(&mut taken) {
            taken.push(start(house, binary).await);
        }
    }
    let mut table = Table::new(
        format!("from exec to /ready, dependencies up; {STARTS} alternating starts of each"),
        &["", "median", "quickest", "slowest", "CPU"],
    );
    let ready = |taken: &[Start], percent| percentile(taken.iter().map(|start| start.ready), percent);
    let millis = |number: f64| format!("{number:.0} ms");
    for (binary, taken) in BINARIES.iter().zip(&taken) {
        let times = [50, 0, 100].map(|percent| millis(ready(taken, percent)));
        let cpu = millis(median(taken.iter().map(|start| start.cpu)));
        table.line([(*binary).to_owned()].into_iter().chain(times).chain([cpu]));
    }
    table.print();
    for (binary, taken) in BINARIES.iter().zip(&taken) {
        let (median, within) = (ready(taken, 50), READY_WITHIN.as_millis());
        let aim = format!("{binary}: ready {median:.0} ms after exec, under {within} ms");
        verdicts.judge(median < READY_WITHIN.as_secs_f64() * 1e3, aim);
    }
}

/// One start, in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Start {
    ready: f64,
    /// The processor time of the process until then, of all threads: what does not depend on who else is at work.
    cpu: f64,
}

async fn start(house: &House, binary: &'static str) -> Start {
    let began = Instant::now();
    let server = house.another(binary);
    // Not `Server::ready`: that asks every 10 ms, of a client that has to be made first.
    while !is_ready(&server).await {
        assert!(began.elapsed() < Duration::from_secs(30), "{}", server.binary.so_far());
        sleep(BETWEEN).await;
    }
    let ready = began.elapsed().as_secs_f64() * 1e3;
    Start { ready, cpu: busy(server.binary.id()).as_secs_f64() * 1e3 }
}

async fn is_ready(server: &Server) -> bool {
    let asked = async {
        let mut socket = TcpStream::connect(server.admin).await.ok()?;
        socket
            .write_all(b"GET /ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await
            .ok()?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.ok()?;
        answer.starts_with("HTTP/1.1 200 ").then_some(())
    };
    asked.await.is_some()
}
