//! How many people sign in a second, beside bare hashing, and how long validations take meanwhile.

mod people;
mod raw;

use std::time::Duration;

use testkit::Server;

use self::{
    people::{People, sign_in},
    raw::Memory,
};
use super::{VALIDATE, client, until_near, validation};
use crate::{
    cores::Cores,
    h2load::{Call, framed},
    house::House,
    rounds::{median, percentile},
    table::Table,
    verdict::Verdicts,
};

/// How much of the rate of bare hashes sign-ins must reach.
const AIM: f64 = 0.95;
/// How many times as long as in an idle process 99 of 100 validations may take.
const SLOWER: f64 = 5.0;
const ROUNDS: usize = 5;
const TIME: Duration = Duration::from_secs(4);
/// Validations a second, whether or not earlier ones were answered.
const RATE: u32 = 500;

pub(super) async fn ask(verdicts: &mut Verdicts) {
    // Hashes have a core for themselves, as many of them as the plan of accounts lets run on it.
    let cores = Cores::split();
    let house = House::build().await;
    // One address has nobody's patience, and one account no thousand sessions.
    let rules = [
        ("FAIRLEAD__SESSIONS__THROTTLE__ADDRESS_PER_MINUTE", "60000"),
        ("FAIRLEAD__SESSIONS__LIFETIMES__PER_ACCOUNT", "1000"),
    ];
    let accounts = cores.start(|| house.first("accounts"));
    let sessions = house.first_with("sessions", &rules);
    for server in [&accounts, &sessions] {
        server.ready().await;
    }
    let people = People::sign_up(&accounts).await;
    let permits = permits(&accounts).await;
    let token = sign_in(sessions.channel(), 0).await;
    let request = validation(&token);
    until_near(&sessions, async || client(&sessions).validate_session(request.clone()).await.map(drop)).await;
    let answer = client(&sessions).validate_session(request.clone()).await.expect("the session is good");
    let length = framed(answer.get_ref()).len() as u64;
    let validate = Call::answered(VALIDATE, &request, length..=length);

    // What is compared with each other is measured one right after the other: the machine is not as fast in every round.
    let [mut idle, mut busy, mut alone, mut beside, mut raw, mut same] = [const { Vec::new() }; 6];
    for _ in 0..ROUNDS {
        let p99 = async || percentile(validate.at_rate(sessions.grpc, RATE, TIME).await, 99);
        idle.push(p99().await);
        same.push(raw::rate(&cores, permits, Memory::Same, TIME).await);
        raw.push(raw::rate(&cores, permits, Memory::New, TIME).await);
        alone.push(people.rate(&sessions, permits, TIME).await);
        let (rate, slow) = tokio::join!(people.rate(&sessions, permits, TIME), p99());
        beside.push(rate);
        busy.push(slow);
    }

    let mut table = Table::new(
        format!(
            "sign-ins with {permits} hashes at once; {ROUNDS} alternating rounds of {} s, medians; ratios are of each round",
            TIME.as_secs()
        ),
        &["", "a second", "of bare hashes", "99 % of validations within"],
    );
    let share = |rates: &[f64], of: &[f64]| median(rates.iter().zip(of).map(|(rate, of)| rate / of));
    let (ratio, of_same) = (share(&alone, &raw), share(&alone, &same));
    let rate = |name: &str, rates: &[f64]| {
        let rate = median(rates.iter().copied());
        [name.to_owned(), format!("{rate:.1}"), format!("{:.3}", share(rates, &raw))]
    };
    let [idle, busy] = [idle, busy].map(median);
    let slow = |micros: f64| [format!("{micros:.0} µs")];
    table.line(["nobody signs in", "", ""].map(str::to_owned).into_iter().chain(slow(idle)));
    table.line(rate("bare hashes", &raw));
    table.line(rate("bare hashes in the same memory", &same));
    table.line(rate("sign-ins", &alone));
    table.line(
        rate(&format!("sign-ins beside {RATE} validations a second"), &beside).into_iter().chain(slow(busy)),
    );
    table.print();
    let aim = format!(
        "sign-ins: {ratio:.3} of the rate of bare hashes, at least {AIM}; {of_same:.3} of those in the same memory"
    );
    verdicts.judge(ratio >= AIM, aim);
    let slower = busy / idle;
    let aim = format!(
        "validations: 99 % within {slower:.1} times the idle time while people sign in, at most {SLOWER}"
    );
    verdicts.judge(slower <= SLOWER, aim);
}

/// How many hashes at once the plan of accounts allows.
async fn permits(accounts: &Server) -> usize {
    let state = [("state", "permitted")];
    let permits = accounts.metrics().await.sum("fairlead_accounts_password_hashes", &state);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
    let permits = permits.expect("accounts tells of its permits") as usize;
    permits
}
