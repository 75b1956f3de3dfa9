//! What calling other processes, and being called by them, takes: where they are, a key to sign with, and theirs.

use super::{FrameConfig, Problems, Settings, Watcher};
use crate::{
    credentials::{PublicKeys, SigningKey},
    process::{PEERS, SIGNING_KEY},
};

/// Reports what keeps a service from calling its peers and from knowing them, as far as can be known without calling
/// them.
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
    if let Some(directory) = &frame.server.credentials.peers
        && let Err(error) = PublicKeys::follow(PEERS, directory, Vec::new(), &once)
    {
        problems.add(PEERS, error.to_string());
    }
}
