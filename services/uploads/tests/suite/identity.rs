//! That an object store is asked as whoever the platform says.

use std::{net::Ipv4Addr, path::PathBuf, sync::Arc, time::Duration};

use rcgen::{CertificateParams, KeyPair};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tempfile::TempDir;
use testkit::S3;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::mpsc,
};
use tokio_rustls::TlsAcceptor;
use uploads::{
    blobs::s3::{Config, Credentials},
    upload::Key,
};

use crate::bytes::{open, write};

#[tokio::test(flavor = "multi_thread")]
async fn the_platform_gives_a_container_credentials_for_its_token() {
    let server = testkit::s3().await;
    let given = format!(
        r#"{{"AccessKeyId": "{}", "SecretAccessKey": "{}", "Token": "of-a-session", "Expiration": "2100-01-01T00:00:00Z"}}"#,
        S3::KEY_ID,
        S3::SECRET
    );
    let mut platform = Platform::giving(given, None).await;
    let blobs = open(&Config {
        credentials: Credentials::Container,
        credentials_url: Some(format!("http://127.0.0.1:{}/v1/credentials", platform.port)),
        ..platform.config(&server)
    });

    let key = Key::new();
    write(&blobs, &key, b"bytes").await;
    let address = blobs.sign_get(&key, "attachment", Duration::from_secs(60)).await.unwrap().url;
    let got = testkit::http().get(&address).send().await.unwrap();

    let asked = platform.asked.recv().await.unwrap().to_lowercase();
    assert!(asked.contains("authorization: proof-of-the-platform"), "{asked}");
    assert!(address.contains("X-Amz-Security-Token=of-a-session"), "{address}");
    assert_eq!(got.bytes().await.unwrap(), "bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_taken_with_the_token_of_the_platform() {
    let server = testkit::s3().await;
    let given = format!(
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
         <SessionToken>of-a-session</SessionToken><SecretAccessKey>{}</SecretAccessKey>
         <AccessKeyId>{}</AccessKeyId><Expiration>2100-01-01T00:00:00Z</Expiration>
         </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
        S3::SECRET,
        S3::KEY_ID
    );
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let mut platform = Platform::giving(given, Some(Arc::new(tls).into())).await;
    let ca = platform.folder.path().join("ca.pem");
    std::fs::write(&ca, certificate.pem()).unwrap();
    let blobs = open(&Config {
        credentials: Credentials::Role,
        role_arn: "arn:aws:iam::123456789012:role/uploads".to_owned(),
        credentials_url: Some(format!("https://localhost:{}", platform.port)),
        ca: Some(ca),
        ..platform.config(&server)
    });

    write(&blobs, &Key::new(), b"bytes").await;

    let asked = platform.asked.recv().await.unwrap();
    assert!(asked.contains("WebIdentityToken=proof-of-the-platform"), "{asked}");
    assert!(asked.contains("123456789012%3Arole%2Fuploads"), "{asked}");
    assert_eq!(server.objects().await, 1);
}

/// Who gives credentials to its own, until it is dropped.
struct Platform {
    port: u16,
    /// The heads of the requests.
    asked: mpsc::Receiver<String>,
    folder: TempDir,
    serving: tokio::task::AbortHandle,
}

impl Platform {
    async fn giving(answer: String, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, asked) = mpsc::channel(8);
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let head = match &tls {
                    None => serve(socket, &answer).await,
                    Some(tls) => serve(tls.accept(socket).await.unwrap(), &answer).await,
                };
                let _ = tell.send(head).await;
            }
        });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "proof-of-the-platform").unwrap();
        Self { port, asked, folder, serving: serving.abort_handle() }
    }

    /// A bucket, and the token of this platform.
    fn config(&self, server: &S3) -> Config {
        let token_file: PathBuf = self.folder.path().join("token");
        Config {
            endpoint: server.url.clone(),
            bucket: S3::BUCKET.to_owned(),
            token_file: Some(token_file),
            ..Config::default()
        }
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Answers one request, and tells its head.
async fn serve(socket: impl AsyncRead + AsyncWrite + Unpin, answer: &str) -> String {
    let mut socket = BufReader::new(socket);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(socket.read_line(&mut head).await.unwrap(), 0, "{head}");
    }
    let length = answer.len();
    let answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{answer}");
    socket.write_all(answer.as_bytes()).await.unwrap();
    socket.shutdown().await.unwrap();
    head
}
