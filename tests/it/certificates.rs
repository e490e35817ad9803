//! A TLS certificate that is not accepted is said to be the reason (S-40).

use std::net::TcpListener;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rollcall::notify::smtp::{Mailer, SendErrorKind};
use rollcall::secret::Secret;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::json;

use crate::support::{Options, TestApp, behaviours_of_place};
use crate::systems::System;
use crate::testdb::TestPlace;

behaviours_of_place!(s_40_an_untrusted_certificate_is_named_as_the_reason);

/// A certificate for `localhost` that nobody issued, and its key.
const CERTIFICATE: &str = "MIIBlDCCATugAwIBAgIUGmG6rJI+v5UD0WcpcJ5BTDFgN+wwCgYIKoZIzj0EAwIwFDESM\
    BAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzAwMzE1OVoYDzIxMjYxMDMwMDAzMTU5WjAUMRIwEAYDVQQDDAlsb2NhbG\
    hvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQSl+2TH/dU0u2pIoFlTyXlyF+t713XDMicSiJCPDNh252Hw4B/0ZI\
    JejNHC2S3dPvnoClPyTcOYHm3TS16p9GCo2kwZzAdBgNVHQ4EFgQUkgUHD8k/AblOFUJNmqEmmzrnsmMwHwYDVR0jBBgw\
    FoAUkgUHD8k/AblOFUJNmqEmmzrnsmMwDwYDVR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIz\
    j0EAwIDRwAwRAIgdEwWYeGBSG1QFah/SxxIJZVmU9LvBfahhxVvCmtIHOMCIHr8vHSWgl6vBEa3rCrtjZnz7hq+Z22AwH\
    NVTO1xW4Jt";
const PRIVATE_KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg98i2vUuwBd4euD0b84TQL\
    lqbrN8TDABgqxX3uaPF1DmhRANCAAQSl+2TH/dU0u2pIoFlTyXlyF+t713XDMicSiJCPDNh252Hw4B/0ZIJejNHC2S3dP\
    vnoClPyTcOYHm3TS16p9GC";

/// Greets whoever comes with that certificate; the port.
fn untrusted_server() -> u16 {
    let (certificate, key) = (STANDARD.decode(CERTIFICATE), STANDARD.decode(PRIVATE_KEY));
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(certificate.unwrap())],
            PrivatePkcs8KeyDer::from(key.unwrap()).into(),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let config = Arc::clone(&config);
            std::thread::spawn(move || {
                let (mut stream, mut tls) =
                    (stream, rustls::ServerConnection::new(config).unwrap());
                let mut received = Vec::new();
                let mut stream = rustls::Stream::new(&mut tls, &mut stream);
                let _ = std::io::Read::read_to_end(&mut stream, &mut received);
                assert!(received.is_empty(), "nothing is sent to whom nobody vouches for");
            });
        }
    });
    port
}

async fn s_40_an_untrusted_certificate_is_named_as_the_reason(place: TestPlace) {
    let base = format!("https://localhost:{}", untrusted_server());
    let env = vec![
        ("ROLLCALL__PROVIDERS__PEOPLE_HR__BASE_URL", base.clone()),
        ("ROLLCALL__PROVIDERS__BREATHE_HR__BASE_URL", format!("{base}/v1")),
        ("ROLLCALL__PROVIDERS__HRWORKS__BASE_URL", format!("{base}/v2")),
    ];
    let app = TestApp::start_with(place, Options { env, ..Options::default() }).await;
    for system in System::ALL {
        let organization = app.organization(system.provider(), &[]).await;
        let connected = app.directory_of(&organization, system).await;
        let path = format!("/directories/{}/credentials", connected.directory);
        let reply = app.put(&path, system.unknown_key()).await;
        assert!(reply.text.contains("TLS certificate"), "{system:?} {}", reply.text);
        assert!(reply.text.contains("is not accepted (it"), "{system:?} {}", reply.text);
        assert!(!reply.text.contains("did not answer properly"), "{system:?} {}", reply.text);
        assert!(reply.text.contains("provider_down"), "{system:?} {}", reply.text);
        let path = format!("/directories/{}/check", connected.directory);
        let check = app.post(&path, json!({})).await;
        assert!(!check.text.contains("localhost"), "{}", check.text);
    }
    let url = Secret::new(base.replace("https", "smtps"));
    let mailer = Mailer::from_url(&url, "Rollcall <rollcall@gateway.example>").unwrap();
    let error = mailer.check().await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Temporary);
    assert!(error.reason.contains("certificate is not accepted (it"), "{error}");
}
