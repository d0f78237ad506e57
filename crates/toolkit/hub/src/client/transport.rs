//! One request and its answer: deadlines, size limits, and what an error answer means.

use super::refusal::refusal;
use crate::{HubError, RefName, RepoId, RepoPath, RepoType};
use bytes::Bytes;
use futures::StreamExt as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{
    Method, RequestBuilder, Response,
    header::{AUTHORIZATION, HeaderMap, HeaderValue, LINK, LOCATION},
    redirect::Policy,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use std::{
    fmt,
    sync::{
        Arc, Once,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use url::Url;

/// Most redirects followed in a row. The real hub needs one for a renamed repository and one to its storage.
const MAX_REDIRECTS: usize = 5;

/// Everything but the characters that an address may hold as they are.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The times that a client gives the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Longest time to get a connection.
    pub connect: Duration,
    /// Longest time of a call that moves no large content, from its start to the last byte of its answer.
    pub call: Duration,
    /// Longest silence while a large content moves. A transfer may take any time as long as it moves on.
    pub idle: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            call: Duration::from_secs(60),
            idle: Duration::from_secs(30),
        }
    }
}

/// Told of contents as they move, for a progress bar. Called from the transfer itself: return at once.
pub trait TransferProgress: fmt::Debug + Send + Sync {
    /// So many bytes of contents were handed to the connection.
    fn sent(&self, bytes: u64);

    /// So many bytes of contents arrived.
    fn received(&self, bytes: u64);
}

/// The connections, the address and the token.
#[derive(Clone)]
pub(super) struct Transport {
    http: reqwest::Client,
    endpoint: Url,
    authorization: Option<HeaderValue>,
    pub(super) deadlines: Deadlines,
    pub(super) progress: Option<Arc<dyn TransferProgress>>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("endpoint", &self.endpoint.as_str())
            .field("token", &self.authorization.as_ref().map(|_| "…"))
            .finish_non_exhaustive()
    }
}

/// What a request is about, to say so in an error.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) what: &'a str,
    pub(super) repo: Option<&'a RepoId>,
    pub(super) revision: Option<&'a RefName>,
    pub(super) path: Option<&'a RepoPath>,
}

impl<'a> Subject<'a> {
    pub(super) fn of(what: &'a str, repo: &'a RepoId) -> Self {
        Self {
            what,
            repo: Some(repo),
            revision: None,
            path: None,
        }
    }

    pub(super) fn at(self, revision: &'a RefName) -> Self {
        Self {
            revision: Some(revision),
            ..self
        }
    }
}

impl Transport {
    pub(super) fn new(
        endpoint: &str,
        token: Option<&SecretString>,
        deadlines: Deadlines,
    ) -> Result<Self, HubError> {
        let refused = || HubError::Endpoint {
            endpoint: endpoint.chars().take(200).collect(),
        };
        let mut url = Url::parse(endpoint.trim()).map_err(|_| refused())?;
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !plain {
            return Err(refused());
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let authorization = token
            .map(|token| {
                let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret().trim()))
                    .map_err(|_| HubError::Token)?;
                value.set_sensitive(true);
                Ok(value)
            })
            .transpose()?;
        choose_tls();
        let http = reqwest::Client::builder()
            .user_agent(concat!("assay/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(deadlines.connect)
            .read_timeout(deadlines.idle)
            // Redirects are followed here, so that a token never leaves the hub and headers on the way are seen.
            .redirect(Policy::none())
            // Contents are hashed and bounded as they arrive: nothing is unpacked on the way.
            .no_gzip()
            .build()
            .map_err(HubError::Setup)?;
        Ok(Self {
            http,
            endpoint: url,
            authorization,
            deadlines,
            progress: None,
        })
    }

    pub(super) fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// `{endpoint}/api/{kind}s/{repo}/{rest…}`, with the parts after the repository encoded.
    pub(super) fn api(&self, kind: RepoType, repo: &RepoId, rest: &[&str]) -> Url {
        self.address(&format!("api/{}/{repo}", kind.plural()), rest)
    }

    /// `{endpoint}/{kind}s/{repo}{suffix}/{rest…}`, the address of contents.
    pub(super) fn files(&self, kind: RepoType, repo: &RepoId, suffix: &str, rest: &[&str]) -> Url {
        self.address(&format!("{}{repo}{suffix}", kind.url_prefix()), rest)
    }

    pub(super) fn address(&self, start: &str, rest: &[&str]) -> Url {
        let mut path = format!("{}{start}", self.endpoint.path());
        for part in rest {
            path.push('/');
            path.extend(utf8_percent_encode(part, SEGMENT));
        }
        let mut url = self.endpoint.clone();
        url.set_path(&path);
        url
    }

    pub(super) fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.endpoint.origin()
    }

    /// A request with the token, if it goes to the hub itself.
    pub(super) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let authorization = self.authorization.clone().filter(|_| self.is_own(&url));
        let request = self.http.request(method, url);
        match authorization {
            Some(value) => request.header(AUTHORIZATION, value),
            None => request,
        }
    }

    /// A request without the token, for links that carry their own permission.
    pub(super) fn anonymous(&self, method: Method, url: Url) -> RequestBuilder {
        self.http.request(method, url)
    }

    /// Sends a request and reads its whole answer, a JSON value of at most `limit` bytes.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        subject: Subject<'_>,
        limit: usize,
    ) -> Result<(T, HeaderMap), HubError> {
        let (bytes, headers) = self.bytes(request, subject, limit).await?;
        Ok((read_json(&bytes, subject.what)?, headers))
    }

    /// Sends a request and reads its whole answer, within the deadline of a call.
    pub(super) async fn bytes(
        &self,
        request: RequestBuilder,
        subject: Subject<'_>,
        limit: usize,
    ) -> Result<(Bytes, HeaderMap), HubError> {
        self.within(subject.what, self.deadlines.call, async {
            let response = self.send(request, subject).await?;
            let headers = response.headers().clone();
            Ok((read_all(response, subject.what, limit).await?, headers))
        })
        .await
    }

    /// Sends a request; any answer but success is the error that it means.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        subject: Subject<'_>,
    ) -> Result<Response, HubError> {
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(subject.what, error))?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(refusal(response, subject).await)
        }
    }

    /// Asks for a JSON value of at most `limit` bytes, following redirects: a renamed repository is found.
    pub(super) async fn get_json<T: DeserializeOwned>(
        &self,
        url: Url,
        subject: Subject<'_>,
        limit: usize,
    ) -> Result<(T, HeaderMap), HubError> {
        let work = async {
            let (response, headers) = self.get(url, HeaderMap::new(), subject).await?;
            Ok((read_all(response, subject.what, limit).await?, headers))
        };
        let (bytes, headers) = self.within(subject.what, self.deadlines.call, work).await?;
        Ok((read_json(&bytes, subject.what)?, headers))
    }

    /// Sends a `GET` and follows redirects. Gives the answer and the headers of all answers on the way: what the hub
    /// itself said last counts, before what another host says.
    pub(super) async fn get(
        &self,
        url: Url,
        headers: HeaderMap,
        subject: Subject<'_>,
    ) -> Result<(Response, HeaderMap), HubError> {
        let mut url = url;
        let mut seen = HeaderMap::new();
        for _ in 0..=MAX_REDIRECTS {
            let request = self.request(Method::GET, url.clone()).headers(headers.clone());
            let response = request
                .send()
                .await
                .map_err(|error| self.unreachable(subject.what, error))?;
            for (name, value) in response.headers() {
                if self.is_own(&url) || !seen.contains_key(name) {
                    seen.insert(name.clone(), value.clone());
                }
            }
            if response.status().is_success() {
                return Ok((response, seen));
            }
            if !response.status().is_redirection() {
                return Err(refusal(response, subject).await);
            }
            let target = response
                .headers()
                .get(LOCATION)
                .and_then(|value| value.to_str().ok());
            let target = target.and_then(|target| url.join(target).ok());
            url = target
                .filter(|target| allowed(&url, target))
                .ok_or_else(|| malformed(subject.what, "a redirect leads nowhere".to_owned()))?;
        }
        Err(malformed(
            subject.what,
            format!("more than {MAX_REDIRECTS} redirects"),
        ))
    }

    /// Runs `work` for at most `limit`.
    pub(super) async fn within<T>(
        &self,
        what: &str,
        limit: Duration,
        work: impl Future<Output = Result<T, HubError>>,
    ) -> Result<T, HubError> {
        let out = || HubError::TimedOut {
            what: what.to_owned(),
            after: limit,
        };
        tokio::time::timeout(limit, work)
            .await
            .unwrap_or_else(|_| Err(out()))
    }

    /// Runs an upload for as long as it moves on: `moved` counts the bytes that the connection took.
    pub(super) async fn while_moving<T>(
        &self,
        what: &str,
        moved: &AtomicU64,
        work: impl Future<Output = Result<T, HubError>>,
    ) -> Result<T, HubError> {
        let mut work = std::pin::pin!(work);
        let mut before = moved.load(Ordering::Relaxed);
        loop {
            if let Ok(done) = tokio::time::timeout(self.deadlines.idle, work.as_mut()).await {
                return done;
            }
            let now = moved.load(Ordering::Relaxed);
            if now == before {
                return Err(HubError::TimedOut {
                    what: what.to_owned(),
                    after: self.deadlines.idle,
                });
            }
            before = now;
        }
    }

    pub(super) fn unreachable(&self, what: &str, error: reqwest::Error) -> HubError {
        // The address may hold a signature that works like a token.
        let error = error.without_url();
        if error.is_timeout() {
            let after = if error.is_connect() {
                self.deadlines.connect
            } else {
                self.deadlines.idle
            };
            HubError::TimedOut {
                what: what.to_owned(),
                after,
            }
        } else {
            HubError::Unreachable {
                what: what.to_owned(),
                source: error,
            }
        }
    }

    /// The address of the next page, if the hub has one. It must be the hub's own: the token goes there.
    pub(super) fn next_page(&self, headers: &HeaderMap) -> Option<Url> {
        let links = headers.get(LINK)?.to_str().ok()?;
        let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
        let url = next.split_once('<')?.1.split_once('>')?.0;
        Url::parse(url).ok().filter(|url| self.is_own(url))
    }
}

/// Where a redirect may lead: to HTTP(S), and never from a protected to an open connection.
pub(super) fn allowed(from: &Url, to: &Url) -> bool {
    match to.scheme() {
        "https" => true,
        "http" => from.scheme() == "http",
        _ => false,
    }
}

/// Reads an answer that must not be longer than `limit`.
pub(super) async fn read_all(response: Response, what: &str, limit: usize) -> Result<Bytes, HubError> {
    let too_large = |size| HubError::TooLarge {
        what: format!("{what}: the answer"),
        size,
        limit: limit as u64,
    };
    if response
        .content_length()
        .is_some_and(|length| length > limit as u64)
    {
        return Err(too_large(response.content_length()));
    }
    let mut bytes = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| HubError::Unreachable {
            what: what.to_owned(),
            source: error.without_url(),
        })?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(None));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

fn read_json<T: DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, HubError> {
    serde_json::from_slice(bytes).map_err(|error| malformed(what, format!("not the JSON expected: {error}")))
}

pub(super) fn malformed(what: &str, reason: String) -> HubError {
    HubError::Malformed {
        what: what.to_owned(),
        reason,
    }
}

/// Chooses the cryptography of TLS for the process, if nothing has chosen yet.
fn choose_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that the program chose another provider, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Counts the bytes of a stream as they are taken, and tells of them.
pub(super) fn counted<S, E>(
    stream: S,
    moved: Arc<AtomicU64>,
    progress: Option<Arc<dyn TransferProgress>>,
) -> impl futures::Stream<Item = Result<Bytes, E>> + Send
where
    S: futures::Stream<Item = Result<Bytes, E>> + Send,
{
    stream.inspect(move |chunk| {
        if let Ok(chunk) = chunk {
            moved.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            if let Some(progress) = &progress {
                progress.sent(chunk.len() as u64);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown() {
        let token = SecretString::from("hf_secret");
        let transport = Transport::new("https://hub.example", Some(&token), Deadlines::default()).unwrap();
        assert!(!format!("{transport:?}").contains("secret"));
        let request = transport.request(Method::GET, transport.address("api/x", &[]));
        assert!(!format!("{request:?}").contains("secret"));
    }

    #[test]
    fn the_token_goes_to_the_hub_alone() {
        let token = SecretString::from("hf_secret");
        let transport = Transport::new("https://hub.example", Some(&token), Deadlines::default()).unwrap();
        let sent = |url: &str| {
            let request = transport
                .request(Method::GET, Url::parse(url).unwrap())
                .build()
                .unwrap();
            request.headers().contains_key(AUTHORIZATION)
        };
        assert!(sent("https://hub.example/a"));
        for other in [
            "https://cdn.example/a",
            "http://hub.example/a",
            "https://hub.example:8443/a",
        ] {
            assert!(!sent(other), "{other}");
        }
    }

    #[test]
    fn odd_endpoints_are_refused() {
        for text in [
            "",
            "hub",
            "ftp://hub",
            "file:///etc/passwd",
            "https://user:pw@hub",
            "https://hub/?a=b",
        ] {
            assert!(
                Transport::new(text, None, Deadlines::default()).is_err(),
                "{text:?}"
            );
        }
        let below = Transport::new("http://127.0.0.1:80/hub", None, Deadlines::default()).unwrap();
        let url = below.api(
            RepoType::Dataset,
            &"a/b".parse().unwrap(),
            &["tree", "x/y", "ü #?"],
        );
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1/hub/api/datasets/a/b/tree/x%2Fy/%C3%BC%20%23%3F"
        );
    }
}
