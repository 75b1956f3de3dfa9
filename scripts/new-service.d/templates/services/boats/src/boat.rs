//! What a boat is.

mod etag;
mod id;
mod time;
mod title;

pub use etag::Etag;
pub use id::{AccountId, BoatId, RequestId};
pub use time::Time;
pub use title::Title;

/// A boat that is somebody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boat {
    /// Which one.
    pub id: BoatId,
    /// Whose.
    pub account_id: AccountId,
    /// What its owner calls it.
    pub title: Title,
    /// Which version of it this is.
    pub etag: Etag,
    /// When it was created.
    pub create_time: Time,
    /// When it last changed.
    pub update_time: Time,
}

/// A boat that does not exist yet.
#[derive(Clone, Debug)]
pub struct NewBoat {
    /// Its id to be.
    pub id: BoatId,
    /// Whose.
    pub account_id: AccountId,
    /// What its owner calls it.
    pub title: Title,
    /// The request that creates it, where it has an id.
    pub request_id: Option<RequestId>,
}

/// What shall be changed; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// What its owner calls it from now on.
    pub title: Option<Title>,
}

impl Boat {
    /// The boat after a change, or `None` when that changes nothing. Its time never goes back, whatever the clock does.
    #[must_use]
    pub fn changed(&self, change: Change, now: Time) -> Option<Self> {
        let Change { title } = change;
        let title = title.filter(|title| *title != self.title)?;
        let update_time = now.max(self.update_time.next());
        Some(Self { title, etag: self.etag.next(), update_time, ..self.clone() })
    }
}
