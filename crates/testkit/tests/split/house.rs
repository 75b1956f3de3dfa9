//! Two replicas of sessions over one store, one of them on the other machine.

use testkit::{Binary, Machine, Server, ServiceKeys};

/// Where the replica on the other machine is, for whoever is there too.
pub(crate) const THERE: &str = "127.0.0.1:50051";

pub(crate) struct House {
    pub(crate) here: Server,
    _there: Binary,
    _passwords: Server,
    _keys: ServiceKeys,
}

impl House {
    /// Both are ready. Only the replica here can ask for passwords.
    pub(crate) async fn split(machine: &Machine, redis: &str) -> Self {
        let keys = ServiceKeys::make(&["accounts", "sessions"]);
        let (peers, [of_accounts, of_sessions]) =
            (keys.peers(), ["accounts", "sessions"].map(|name| keys.private(name)));
        let known = ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", peers.to_str().unwrap());
        let proof = "FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE";
        let passwords = Server::start("test-passwords", &[known, (proof, of_accounts.to_str().unwrap())]);
        let accounts = format!("http://{}", passwords.grpc);
        let settings = [
            known,
            (proof, of_sessions.to_str().unwrap()),
            ("FAIRLEAD__LIFECYCLE__LAME_DUCK", "0s"),
            ("FAIRLEAD__SESSIONS__REDIS__URL", redis),
            ("FAIRLEAD__SESSIONS__ACCOUNTS__URL", &accounts),
            // Nobody guesses here.
            ("FAIRLEAD__SESSIONS__THROTTLE__ADDRESS_PER_MINUTE", "60000"),
        ];
        let here = Server::start("sessions", &settings);
        let listening = [("FAIRLEAD__SERVER__LISTEN", THERE), ("FAIRLEAD__ADMIN__LISTEN", "127.0.0.1:9090")];
        let there = Binary::start_at(machine, "sessions", &[], &[&settings[..], &listening].concat());
        there.line(|line| line["state"] == "Serving").await;
        here.ready().await;
        passwords.ready().await;
        Self { here, _there: there, _passwords: passwords, _keys: keys }
    }
}
