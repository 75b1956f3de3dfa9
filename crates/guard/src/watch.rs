//! Revocations as the sessions service tells them over `WatchRevocations`.

use std::{collections::VecDeque, time::Duration};

use async_trait::async_trait;
use common::grpc::{Channel, client::Endless};
use proto::sessions::v1::{
    Echo, Revocation as Told, WatchRevocationsRequest, WatchRevocationsResponse,
    sessions_service_client::SessionsServiceClient, watch_revocations_response,
};
use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval, timeout, timeout_at},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Streaming};
use uuid::Uuid;

use crate::{BootTime, Feed, Heard, LEASE, Listening, Lost, Revocation};

/// Time between two pings.
const PINGS: Duration = Duration::from_millis(200);
/// How long it may take until the first echo.
const BEGIN: Duration = Duration::from_secs(2);
/// After so long without an echo another replica is asked.
const SILENCE: Duration = Duration::from_secs(2);
/// Pings that may be on their way.
const OUTSTANDING: usize = 16;

/// The sessions service at the other end of a channel.
pub(crate) struct Watch(pub(crate) SessionsServiceClient<Channel>);

#[async_trait]
impl Feed for Watch {
    async fn listen(&self) -> Result<Box<dyn Listening>, Lost> {
        let (pings, sent) = mpsc::channel(OUTSTANDING);
        let mut ticks = interval(PINGS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut line = Line { pings, outstanding: VecDeque::new(), number: 0, ticks, heard: Instant::now() };
        line.ping()?;
        let mut request = Request::new(ReceiverStream::new(sent));
        request.extensions_mut().insert(Endless);
        let begin = async {
            let told = self.0.clone().watch_revocations(request).await?.into_inner();
            let mut watching = Watching { told, line };
            // The echo tells that this one is among the watchers. What was told before it ended before.
            while watching.next().await?.lease.is_none() {}
            Ok::<_, Lost>(watching)
        };
        Ok(Box::new(timeout(BEGIN, begin).await??))
    }
}

struct Watching {
    told: Streaming<WatchRevocationsResponse>,
    line: Line,
}

/// The way of the pings.
struct Line {
    pings: mpsc::Sender<WatchRevocationsRequest>,
    /// Pings without an echo, and when each was sent.
    outstanding: VecDeque<(i64, BootTime)>,
    number: i64,
    ticks: Interval,
    /// When the last echo came.
    heard: Instant,
}

#[async_trait]
impl Listening for Watching {
    async fn next(&mut self) -> Result<Heard, Lost> {
        loop {
            let until = self.line.heard + SILENCE;
            let message = tokio::select! {
                message = timeout_at(until, self.told.message()) => message??,
                _ = self.line.ticks.tick() => {
                    self.line.ping()?;
                    continue;
                }
            };
            let told = message.ok_or("the stream was ended")?.told;
            return match told.ok_or("told nothing that this version knows")? {
                watch_revocations_response::Told::Revocation(revocation) => {
                    Ok(Heard { revocations: vec![read(&revocation)?], lease: None })
                }
                watch_revocations_response::Told::Echo(echo) => {
                    Ok(Heard { revocations: Vec::new(), lease: Some(self.line.echoed(&echo)?) })
                }
            };
        }
    }
}

impl Line {
    /// Sends a ping, unless so many are on their way that one more says nothing new.
    fn ping(&mut self) -> Result<(), Lost> {
        if self.outstanding.len() < OUTSTANDING {
            self.number += 1;
            // Before it is sent: what is heard in answer cannot be older.
            self.outstanding.push_back((self.number, BootTime::now()));
            self.pings.try_send(WatchRevocationsRequest { ping: self.number })?;
        }
        Ok(())
    }

    /// Until when what was heard may be trusted: as long as the sender may, counted from when it was asked.
    fn echoed(&mut self, Echo { ping, lease }: &Echo) -> Result<BootTime, Lost> {
        self.heard = Instant::now();
        while let Some((number, sent)) = self.outstanding.pop_front() {
            if number == *ping {
                let left = lease.map(Duration::try_from).transpose()?.unwrap_or_default();
                return Ok(sent.plus(left.min(LEASE)));
            }
        }
        Err("an echo without a ping".into())
    }
}

fn read(Told { account_id, session_id, except_session_id }: &Told) -> Result<Revocation, Lost> {
    let account = account_id.parse()?;
    let optional = |id: &str| if id.is_empty() { Ok(None) } else { id.parse::<Uuid>().map(Some) };
    Ok(match optional(session_id)? {
        Some(session) => Revocation::Session { account, session },
        None => Revocation::Account { account, except: optional(except_session_id)? },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> (Line, mpsc::Receiver<WatchRevocationsRequest>) {
        let (pings, sent) = mpsc::channel(OUTSTANDING);
        let (ticks, heard) = (interval(PINGS), Instant::now());
        (Line { pings, outstanding: VecDeque::new(), number: 0, ticks, heard }, sent)
    }

    fn echo(ping: i64, millis: u64) -> Echo {
        Echo { ping, lease: Duration::from_millis(millis).try_into().ok() }
    }

    #[tokio::test]
    async fn a_lease_is_counted_from_the_ping_and_a_second_at_the_most() {
        let (mut line, _sent) = line();
        for (left, lease) in [(300, 300), (1000, 1000), (5000, 1000), (0, 0)] {
            line.ping().unwrap();
            let (number, sent) = line.outstanding[0];

            let end = line.echoed(&echo(number, left)).unwrap();

            assert_eq!(end, sent.plus(Duration::from_millis(lease)));
        }
    }

    #[tokio::test]
    async fn an_echo_answers_its_own_ping_and_those_before_it() {
        let (mut line, _sent) = line();
        for _ in 0..3 {
            line.ping().unwrap();
        }
        let (_, second) = line.outstanding[1];

        assert_eq!(line.echoed(&echo(2, 1000)).unwrap(), second.plus(LEASE));

        assert!(line.echoed(&echo(1, 1000)).is_err());
        assert_eq!(line.outstanding.len(), 0, "an echo without a ping ends the watch");
    }

    #[tokio::test]
    async fn pings_that_nobody_echoes_are_bounded() {
        let (mut line, _sent) = line();

        for _ in 0..OUTSTANDING * 2 {
            line.ping().unwrap();
        }

        assert_eq!(line.outstanding.len(), OUTSTANDING);
    }
}
