//! Keeps the working set under the soft limit.

/// STUB
#[derive(Debug, Default)]
pub struct Guard;

impl Guard {
    #[must_use]
    pub fn fixed() -> Self {
        Self
    }
    #[must_use]
    pub fn admits(&self, _: crate::policy::Cost) -> bool {
        true
    }
    pub async fn run(&self, stop: tokio_util::sync::CancellationToken) {
        stop.cancelled().await;
    }
}
