//! Deliveries through a forward proxy.

use std::sync::Arc;

use domain::address::EgressPolicy;
use domain::outcome::{Failure, FailureReason};
use engine::sender::{ForwardProxy, Options, Sender};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::receiver::{Receiver, read_request};
use crate::tls::{acceptor, receiver};
use crate::{AMPLE, answer, failure, request};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// `ali:open sesame`, as it is sent.
const CREDENTIALS: &str = "Basic YWxpOm9wZW4gc2VzYW1l";

/// A proxy that tunnels to wherever it is asked to and passes on nothing else.
struct Proxy {
    address: std::net::SocketAddr,
    /// Heads of what it was asked for.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Tunnels, and answers what is no CONNECT with `plain`.
    async fn start(plain: &'static str) -> Self {
        Self::with(plain, true).await
    }

    async fn with(plain: &'static str, tunnels: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let heads = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let heads = Arc::clone(&heads);
                tokio::spawn(async move {
                    while let Some(head) = read_request(&mut stream).await {
                        heads.lock().push(head.clone());
                        let connect = head.strip_prefix("CONNECT ").filter(|_| tunnels);
                        let Some(target) = connect.and_then(|rest| rest.split(' ').next()) else {
                            stream.write_all(plain.as_bytes()).await.expect("the sender reads");
                            continue;
                        };
                        let mut onward = TcpStream::connect(target).await.expect("a receiver");
                        let made = b"HTTP/1.1 200 Connection established\r\n\r\n";
                        stream.write_all(made).await.expect("the sender reads");
                        let _ = copy_bidirectional(&mut stream, &mut onward).await;
                        return;
                    }
                });
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }

    fn url(&self) -> String {
        format!("http://ali:open%20sesame@{}", self.address)
    }
}

/// A sender through the proxy at this address.
fn through(proxy: &str, policy: EgressPolicy, options: Options) -> Sender {
    let proxy = Some(ForwardProxy::parse(proxy).expect("an address"));
    let options = Options { proxy, ..options };
    Sender::with_options(policy, "Posthaste/test".to_owned(), options).expect("plain settings")
}

fn open() -> EgressPolicy {
    EgressPolicy::default().for_development()
}

fn of_proxy(failure: &Failure) -> &str {
    assert!(failure.error.contains("egress proxy"), "{}", failure.error);
    assert!(!failure.error.contains("sesame") && !failure.error.contains("s3cret"));
    &failure.error
}

#[tokio::test]
async fn https_goes_through_a_tunnel_by_name_and_only_the_proxy_sees_its_credentials() {
    let (root, acceptor) = acceptor(&["localhost"], &[b"http/1.1"]);
    let receiver = receiver(acceptor).await;
    let proxy = Proxy::start("").await;
    let options = Options { extra_roots: vec![root], ..Options::default() };
    let sender = through(&proxy.url(), open(), options);
    for _ in 0..2 {
        let outcome = sender.send(request(&receiver.url_by_name("https"), AMPLE)).await;
        assert_eq!(answer(&outcome).body, b"ok");
        // It is the proxy that knows.
        assert_eq!(outcome.remote_ip, None);
    }
    let [asked] = proxy.asked().try_into().expect("one tunnel for both");
    let target = receiver.url_by_name("https").replace("https://", "");
    let target = target.split('/').next().expect("a host");
    assert!(asked.starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")), "{asked}");
    assert!(asked.contains(CREDENTIALS) && !asked.contains("s3cret"), "{asked}");
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_receiver_behind_the_proxy_still_has_to_be_who_it_says() {
    let (_, acceptor) = acceptor(&["localhost"], &[b"http/1.1"]);
    let receiver = receiver(acceptor).await;
    let proxy = Proxy::start("").await;
    let sender = through(&proxy.url(), open(), Options::default());
    let outcome = sender.send(request(&receiver.url_by_name("https"), AMPLE)).await;
    let failure = failure(&outcome, FailureReason::Tls);
    assert!(failure.error.contains("certificate"), "{}", failure.error);
    assert_eq!(proxy.asked().len(), 1);
}

#[tokio::test]
async fn http_is_asked_of_the_proxy() {
    let proxy = Proxy::start(OK).await;
    let sender = through(&proxy.url(), open(), Options::default());
    let outcome = sender.send(request("http://localhost:8080/hook", AMPLE)).await;
    assert_eq!(answer(&outcome).body, b"ok");
    let [asked] = proxy.asked().try_into().expect("one request");
    assert!(asked.starts_with("POST http://localhost:8080/hook HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains(CREDENTIALS), "{asked}");
}

#[tokio::test]
async fn the_proxy_is_asked_for_nothing_that_may_not_be_dialled() {
    let proxy = Proxy::start(OK).await;
    let policy = EgressPolicy { https_required: false, ..EgressPolicy::default() };
    // The proxy's own address is an inner one: the operator chose it.
    let sender = through(&proxy.url(), policy, Options::default());
    for url in [
        "https://localhost:8443/",
        "http://localhost:8080/",
        "https://127.0.0.1/",
        "http://10.0.0.1/",
        "https://example.com:25/",
        // Nor is it a way to the proxy itself.
        &format!("http://{}/", proxy.address),
        &format!("https://localhost:{}/", proxy.address.port()),
    ] {
        let outcome = sender.send(request(url, AMPLE)).await;
        failure(&outcome, FailureReason::BlockedAddress);
        assert_eq!(outcome.remote_ip, None);
    }
    let outcome = sender.send(request("https://no-such-receiver.invalid/", AMPLE)).await;
    failure(&outcome, FailureReason::Dns);
    assert!(outcome.timing.dns.is_some());
    assert_eq!(proxy.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn what_the_proxy_refuses_is_a_connect_failure_that_names_the_proxy() {
    const WANTS: &str = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    const REFUSES: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
    for (answer, url, says) in [
        (WANTS, "https://localhost:8443/?s3cret", "407"),
        (WANTS, "http://localhost:8080/?s3cret", "407"),
        (REFUSES, "https://localhost:8443/?s3cret", "did not connect to the receiver"),
        ("SSH-2.0\r\n\r\n", "https://localhost:8443/?s3cret", "did not connect to the receiver"),
    ] {
        let proxy = Proxy::with(answer, false).await;
        let sender = through(&proxy.url(), open(), Options::default());
        let outcome = sender.send(request(url, AMPLE)).await;
        let error = of_proxy(failure(&outcome, FailureReason::Connect));
        assert!(error.contains(says), "{url}: {error}");
        assert_eq!(outcome.remote_ip, None);
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_a_connect_failure_that_names_the_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let nobody = format!("http://ali:sesame@{}", listener.local_addr().expect("bound"));
    drop(listener);
    let closing = Receiver::handling(|mut stream| async move {
        let mut first = [0; 1];
        stream.read_exact(&mut first).await.expect("a request");
    })
    .await;
    let closing = closing.url().replace("/hook?token=s3cret", "");
    for (proxy, says) in [
        (nobody.as_str(), "refused"),
        ("http://ali:sesame@no-such-proxy.invalid:3128", "could not be resolved"),
        (closing.as_str(), "egress proxy"),
    ] {
        let sender = through(proxy, open(), Options::default());
        let outcome = sender.send(request("https://localhost:8443/?s3cret", AMPLE)).await;
        let error = of_proxy(failure(&outcome, FailureReason::Connect));
        assert!(error.contains(says), "{error}");
    }
}
