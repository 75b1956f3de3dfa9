//! How sessions are ended so that it can be told: over lines to both masters that are there before.

use std::sync::Arc;

use redis::FromRedisValue;

use super::{failed::Failed, feed, route::Line, script::Run, ways::Ways};

/// What an end was brought about on, and is told on.
pub(super) struct Lines {
    /// To the master where it happened.
    home: Line,
    /// To the feed's, where that is another.
    feed: Option<Line>,
}

/// Runs a script that ends sessions, where that can be told.
pub(super) async fn end<T: FromRedisValue>(ways: &Ways, script: &Run<'_>) -> Result<(T, Lines), Failed> {
    let (here, there) = (ways.master(script.slot()).await?, ways.master(feed::slot()).await?);
    let elsewhere = !Arc::ptr_eq(&here.node, &there.node);
    // Nothing is ended that could not be told: the line to the feed comes first, and is kept until it is needed.
    let feed = if elsewhere { Some(Line::to(&there).await?) } else { None };
    let (answer, home) = ways.route(script).write().await?;
    Ok((answer, Lines { home, feed }))
}

impl Lines {
    /// Tells of ends, on the line that leads there; and waits until replicas have heard of all that was done on both.
    pub(super) async fn tell(mut self, ways: &Ways, script: &Run<'_>) -> Result<(), Failed> {
        let mut route = ways.route(script);
        loop {
            let stop = route.next().await?;
            let told = if stop.is_at_the_end_of(&self.home) {
                self.feed = None;
                script.on::<()>(&mut self.home.connection).await
            } else if let Some(line) = self.feed.as_mut().filter(|line| stop.is_at_the_end_of(line)) {
                script.on(&mut line.connection).await
            } else {
                stop.write(script).await.map(|((), line)| self.feed = Some(line))
            };
            match told {
                Ok(()) => return self.replicated().await,
                Err(failed) => route.after(failed).await?,
            }
        }
    }

    async fn replicated(self) -> Result<(), Failed> {
        let Self { mut home, feed } = self;
        match feed {
            Some(mut feed) => tokio::try_join!(home.replicated(), feed.replicated()).map(drop),
            None => home.replicated().await,
        }
    }
}
