//! What is wrong with the sections, and how it is said.

use super::{pki::Ca, *};

fn problems_of_server(tls: &Server) -> String {
    let mut problems = Problems::default();
    tls.validate(&mut problems);
    problems.to_string()
}

fn problems_of_client(url: &str, tls: &Client) -> String {
    let mut problems = Problems::default();
    speak(url, tls, &Watcher::default(), &mut problems);
    problems.to_string()
}

#[test]
fn a_server_needs_both_certificate_and_key_and_they_must_fit() {
    let ca = Ca::new();
    let (volume, other) = (ca.volume("localhost"), ca.volume("localhost"));
    let whole = server(&volume, true);

    let no_key = problems_of_server(&Server { private_key: None, ..whole.clone() });
    let no_certificate = problems_of_server(&Server { certificate: None, ..whole.clone() });
    let only_ca = problems_of_server(&Server { certificate: None, private_key: None, ..whole.clone() });
    let misfit = problems_of_server(&Server { private_key: Some(other.path("tls.key")), ..whole.clone() });
    let absent = problems_of_server(&Server { client_ca: Some("/absent/ca.crt".into()), ..whole.clone() });

    assert_eq!(problems_of_server(&whole), "");
    assert_eq!(problems_of_server(&Server::default()), "");
    assert!(no_key.starts_with("FAIRLEAD__SERVER__TLS__PRIVATE_KEY  must be set"), "{no_key}");
    assert!(
        no_certificate.starts_with("FAIRLEAD__SERVER__TLS__CERTIFICATE  must be set"),
        "{no_certificate}"
    );
    assert_eq!(only_ca.lines().count(), 2, "{only_ca}");
    assert!(misfit.contains("KeyMismatch"), "{misfit}");
    assert!(absent.contains("/absent/ca.crt: No such file"), "{absent}");
}

#[test]
fn a_certificate_that_is_not_valid_now_is_refused_with_its_date() {
    let ca = Ca::new();
    let day = time::Duration::DAY;
    let mut volume = ca.volume("localhost");

    ca.swap(&mut volume, &ca.issue_for("localhost", -2 * day, -day));
    let expired = [
        problems_of_server(&server(&volume, true)),
        problems_of_client("https://sessions:50051", &showing(&volume)),
    ];
    ca.swap(&mut volume, &ca.issue_for("localhost", day, 2 * day));
    let early = [
        problems_of_server(&server(&volume, true)),
        problems_of_client("https://sessions:50051", &showing(&volume)),
    ];

    let file = volume.path("tls.crt").display().to_string();
    for (told, wrong) in
        expired.iter().zip(["expired at 20"; 2]).chain(early.iter().zip(["not valid before 20"; 2]))
    {
        assert!(told.contains(&file) && told.contains(wrong), "no {wrong:?} in {told}");
    }
}

#[test]
fn a_client_needs_to_know_whom_to_trust() {
    let ca = Ca::new();
    let volume = ca.volume("frame");
    let whole = showing(&volume);

    let trusts_nobody = problems_of_client("https://sessions:50051", &Client::default());
    let no_key = problems_of_client("https://sessions:50051", &Client { private_key: None, ..whole.clone() });
    let plaintext = problems_of_client("http://sessions:50051", &whole);
    let public = Client { public_roots: true, ..Client::default() };

    assert_eq!(problems_of_client("https://sessions:50051", &whole), "");
    assert_eq!(problems_of_client("https://sessions:50051", &public), "");
    assert_eq!(problems_of_client("https://[::1]:50051", &whole), "");
    assert_eq!(problems_of_client("http://sessions:50051", &Client::default()), "");
    assert!(
        trusts_nobody.starts_with("FAIRLEAD__ACCOUNTS__SESSIONS__TLS__CA  must be set"),
        "{trusts_nobody}"
    );
    assert!(no_key.starts_with("FAIRLEAD__ACCOUNTS__SESSIONS__TLS__PRIVATE_KEY  must be set"), "{no_key}");
    assert!(plaintext.contains("nothing is encrypted"), "{plaintext}");
}

#[test]
fn what_is_wrong_with_a_key_never_quotes_it() {
    let ca = Ca::new();
    let mut volume = ca.volume("localhost");
    volume.swap(&[
        ("tls.crt", &*ca.issue("localhost").certificate),
        ("tls.key", "hunter2"),
        ("ca.crt", &*ca.pem()),
    ]);

    let told = problems_of_server(&server(&volume, false));

    assert!(told.contains("expected a private key in PEM") && !told.contains("hunter2"), "{told}");
}
