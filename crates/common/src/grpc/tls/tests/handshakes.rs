//! Who gets in, and who does not.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{pki::Ca, *};
use crate::config::Mount;

#[tokio::test]
async fn without_certificates_calls_are_plaintext() {
    let running = serve(Server::default()).await;

    let plain = channel(&caller(), &running, "http", Client::default()).unwrap();

    assert!(is_served(plain).await);
}

#[tokio::test]
async fn with_a_certificate_calls_are_encrypted_and_plaintext_is_refused() {
    let ca = Ca::new();
    let volume = ca.volume("localhost");
    let running = serve(server(&volume, false)).await;

    let encrypted = channel(&caller(), &running, "https", trusting(volume.path("ca.crt"))).unwrap();
    let plain = channel(&caller(), &running, "http", Client::default()).unwrap();

    assert!(is_served(encrypted).await);
    assert!(is_refused(plain).await);
}

#[tokio::test]
async fn a_server_of_another_ca_or_another_name_is_not_called() {
    let (ca, stranger) = (Ca::new(), Ca::new().volume("localhost"));
    let (named, misnamed) = (ca.volume("localhost"), ca.volume("accounts"));
    let (right, wrong) = (serve(server(&named, false)).await, serve(server(&misnamed, false)).await);
    let trust = || trusting(named.path("ca.crt"));

    assert!(is_served(channel(&caller(), &right, "https", trust()).unwrap()).await);
    assert!(is_refused(channel(&caller(), &wrong, "https", trust()).unwrap()).await);
    let other_ca = trusting(stranger.path("ca.crt"));
    assert!(is_refused(channel(&caller(), &right, "https", other_ca).unwrap()).await);
}

#[tokio::test]
async fn where_a_client_ca_is_given_clients_must_show_a_certificate_of_it() {
    let ca = Ca::new();
    let (volume, client) = (ca.volume("localhost"), ca.volume("frame"));
    let stranger = Ca::new().volume("frame");
    let running = serve(server(&volume, true)).await;
    let foreign = Client { ca: Some(volume.path("ca.crt")), ..showing(&stranger) };

    assert!(is_served(channel(&caller(), &running, "https", showing(&client)).unwrap()).await);
    let nothing_shown = trusting(volume.path("ca.crt"));
    assert!(is_refused(channel(&caller(), &running, "https", nothing_shown).unwrap()).await);
    assert!(is_refused(channel(&caller(), &running, "https", foreign).unwrap()).await);
}

#[tokio::test]
async fn the_certificate_names_the_host_whatever_address_is_dialled() {
    let ca = Ca::new();
    let volume = ca.volume("sessions.fairlead");
    let running = serve(server(&volume, false)).await;
    let watcher = Watcher::default();
    let trust = trusting(volume.path("ca.crt"));
    let reach = async |url: &'static str| {
        let connector = speak(url, &trust, &watcher, &mut Problems::default()).unwrap();
        connector.secure(TcpStream::connect(running.address()).await.unwrap()).await
    };

    assert!(reach("https://sessions.fairlead:50051").await.is_ok());
    assert!(reach("https://accounts.fairlead:50051").await.is_err());
}

#[tokio::test]
async fn a_client_that_does_not_ask_for_http_2_is_refused() {
    let ca = Ca::new();
    let volume = ca.volume("localhost");
    let running = serve(server(&volume, false)).await;

    let (right, wrong) = (greeted(&running, &volume, &[b"h2"]).await, greeted(&running, &volume, &[]).await);

    assert!(right && !wrong);
    assert!(!greeted(&running, &volume, &[b"http/1.1"]).await);
}

/// Whether the server sends its settings to a client that offers these protocols.
async fn greeted(running: &Running, volume: &Volume, protocols: &[&[u8]]) -> bool {
    let mut roots = RootCertStore::empty();
    let content = Mount::Files(vec![volume.path("ca.crt")]).read().unwrap();
    super::super::pem::trust(&mut roots, &content, &volume.path("ca.crt")).unwrap();
    let mut config = ClientConfig::builder_with_provider(super::super::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let socket = TcpStream::connect(running.address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let Ok(mut stream) = TlsConnector::from(Arc::new(config)).connect(name, socket).await else {
        return false;
    };
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    matches!(stream.read(&mut [0; 9]).await, Ok(1..))
}

#[tokio::test]
async fn whoever_stays_silent_is_sent_away_and_holds_up_nobody() {
    let ca = Ca::new();
    let volume = ca.volume("localhost");
    let patient = serve(server(&volume, false)).await;
    let brisk = serve_within(server(&volume, false), Duration::from_millis(50)).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(patient.address()).await.unwrap());
    }
    let mut sent_away = TcpStream::connect(brisk.address()).await.unwrap();

    let encrypted = channel(&caller(), &patient, "https", trusting(volume.path("ca.crt"))).unwrap();
    assert!(is_served(encrypted).await, "beside {} that shake no hands", silent.len());

    assert_eq!(sent_away.read(&mut [0; 1]).await.unwrap(), 0);
}
