//! What calling other processes takes: where they are, and a key to sign with.

use super::{FrameConfig, Problems, Settings, Watcher};
use crate::{credentials::SigningKey, process::SIGNING_KEY};

/// Reports what keeps a service from calling its peers, as far as can be known without calling them.
pub(super) fn check<C: Settings>(frame: &FrameConfig, service: &C, problems: &mut Problems) {
    let peers = service.peers();
    // Nobody follows the files that are read here: this is a look at what there is now.
    let once = Watcher::default();
    for (path, peer) in &peers {
        peer.way(path, &once, problems);
    }
    if !peers.is_empty()
        && let Err(error) = SigningKey::from_pem(frame.server.credentials.private_key.expose())
    {
        problems.add(SIGNING_KEY, error.to_string());
    }
}
