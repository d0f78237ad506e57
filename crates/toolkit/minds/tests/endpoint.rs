//! The mind behind an endpoint, against servers that speak OpenAI's stream, or break it.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use assay_minds::{AnswerWithLogProbs, Endpoint, LogProbWishes, Mind, MindError, Turn, Wishes, whole_answer};
use assay_peers::Python;
use futures::StreamExt;
use serde_json::Value;
use std::{future::pending, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

const KEY: &str = "sk-a-secret-of-the-operator";
/// An answer whose length nobody knows: it ends with its connection.
const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

/// What a server does with a connection once it has read the request.
#[derive(Clone, Copy)]
enum Manner {
    /// Says this in writes of so many bytes, and closes.
    Says(&'static str, usize),
    /// Says this without an end.
    Repeats(&'static str),
    /// Says this and no more, and does not close.
    Stalls(&'static str),
}

struct Server {
    address: SocketAddr,
    /// The requests, head and body.
    requests: mpsc::UnboundedReceiver<(String, Value)>,
}

impl Server {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let seen = seen.clone();
                tokio::spawn(async move {
                    let _ = seen.send(read(&mut stream).await);
                    let _ = stream.write_all(STREAM.as_bytes()).await;
                    match manner {
                        Manner::Says(text, bytes) => {
                            for part in text.as_bytes().chunks(bytes) {
                                // Who has heard the end may leave before the last byte.
                                if stream.write_all(part).await.is_err() {
                                    return;
                                }
                                tokio::task::yield_now().await;
                            }
                        }
                        Manner::Repeats(text) => {
                            let flood = text.repeat(1_024);
                            while stream.write_all(flood.as_bytes()).await.is_ok() {}
                        }
                        Manner::Stalls(text) => {
                            stream.write_all(text.as_bytes()).await.unwrap();
                            pending::<()>().await;
                        }
                    }
                });
            }
        });
        Self { address, requests }
    }

    fn endpoint(&self, time: Duration) -> Endpoint {
        let base = format!("http://{}/v1/", self.address);
        Endpoint::new(&base, "small", Some(KEY.to_owned().into()), time).unwrap()
    }
}

async fn read(stream: &mut TcpStream) -> (String, Value) {
    let mut bytes = Vec::new();
    loop {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "no whole request");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str(body)
        {
            return (head.to_lowercase(), body);
        }
    }
}

/// Long enough for everything here.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pieces before the failure, and the failure.
async fn broken(endpoint: &Endpoint) -> (Vec<String>, String) {
    let mut pieces = endpoint.answer(&[Turn::user("a confidential question")], Wishes::default());
    let mut heard = Vec::new();
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(piece) => heard.push(piece),
            Err(error @ MindError::Endpoint { .. }) => return (heard, error.to_string()),
            Err(error) => panic!("{error}"),
        }
    }
    panic!("{heard:?} is taken for a whole answer");
}

#[tokio::test]
async fn an_answer_comes_in_its_pieces_however_the_network_cuts_them() {
    const SAID: &str = ": a comment\n\ndata: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n\
        data: {\"choices\":[{\"delta\":{\"content\":\"Gr\u{fc}\u{df}e \"}}]}\r\n\r\n\
        data: {\"choices\":[{\"delta\":{\"content\":\"\u{1f30d}!\"}}]}\n\ndata: [DONE]\n\n";
    for bytes in [1, 7, SAID.len()] {
        let mut server = Server::start(Manner::Says(SAID, bytes)).await;
        let endpoint = server.endpoint(PATIENCE).at_temperature(0.5);
        let wishes = Wishes {
            max_tokens: Some(9),
            temperature: Some(1.0),
            seed: Some(7),
        };
        let pieces: Vec<_> = endpoint.answer(&[Turn::user("Hi")], wishes).collect().await;
        let pieces: Vec<_> = pieces.into_iter().map(Result::unwrap).collect();
        assert_eq!(pieces, ["Gr\u{fc}\u{df}e ", "\u{1f30d}!"]);
        let (head, body) = server.requests.recv().await.unwrap();
        assert!(head.starts_with("post /v1/chat/completions "), "{head}");
        assert!(head.contains(&format!("authorization: bearer {KEY}")), "{head}");
        assert_eq!(
            body,
            serde_json::json!({
                "model": "small",
                "messages": [{"role": "user", "content": "Hi"}],
                "stream": true,
                "max_tokens": 9,
                "temperature": 0.5,
                "seed": 7,
            })
        );
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_never_a_whole_one() {
    const HALF: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Half\"}}]}\n\n";
    let server = Server::start(Manner::Says(HALF, 5)).await;
    let (heard, error) = broken(&server.endpoint(PATIENCE)).await;
    assert_eq!(heard, ["Half"]);
    assert!(error.contains("broke off"), "{error}");

    let server = Server::start(Manner::Says(
        "data: {\"error\":{\"message\":\"overloaded\"}}\n\n",
        64,
    ))
    .await;
    let (_, error) = broken(&server.endpoint(PATIENCE)).await;
    assert!(error.contains("in the middle"), "{error}");

    let server = Server::start(Manner::Says("data: <html>\n\n", 64)).await;
    let (_, error) = broken(&server.endpoint(PATIENCE)).await;
    assert!(error.contains("no JSON"), "{error}");

    let server = Server::start(Manner::Stalls(HALF)).await;
    let (heard, error) = broken(&server.endpoint(Duration::from_millis(500))).await;
    assert_eq!(heard, ["Half"]);
    assert!(error.contains("in time"), "{error}");
}

#[tokio::test]
async fn a_flood_is_cut_off_whether_it_has_lines_or_not() {
    for flood in [
        "x",
        "\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"again \"}}]}\n\n",
    ] {
        let server = Server::start(Manner::Repeats(flood)).await;
        let (heard, error) = broken(&server.endpoint(PATIENCE)).await;
        assert!(error.contains("longer than"), "{error}");
        let bytes: usize = heard.iter().map(String::len).sum();
        assert!(bytes <= 1024 * 1024, "{bytes}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_by_its_code_and_never_with_the_key_or_the_words() {
    for (said, told) in [
        (
            r#"{"error":{"message":"KEY SAID","code":"invalid_api_key"}}"#,
            "401 Unauthorized (invalid_api_key)",
        ),
        (
            r#"{"error":{"message":"KEY SAID","type":"auth_error","code":null}}"#,
            "401 Unauthorized (auth_error)",
        ),
        (r#"{"error":{"code":"KEY"}}"#, "401 Unauthorized"),
        ("KEY SAID", "401 Unauthorized"),
    ] {
        let said = said
            .replace("KEY", KEY)
            .replace("SAID", "a confidential question");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read(&mut stream).await;
            let head = "HTTP/1.1 401 Unauthorized\r\nConnection: close";
            let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{said}", said.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let endpoint = Endpoint::new(&base, "small", Some(KEY.to_owned().into()), PATIENCE).unwrap();
        let (heard, error) = broken(&endpoint).await;
        assert_eq!(heard, [] as [&str; 0]);
        assert_eq!(error, format!("the model's endpoint: it answers {told}"));
        assert!(!format!("{endpoint:?}").contains(KEY));
    }
}

#[tokio::test]
async fn more_conversations_than_wanted_wait_for_their_turn() {
    let mut server = Server::start(Manner::Stalls("")).await;
    let ask = |endpoint: &Endpoint, question: &'static str| {
        let endpoint = endpoint.clone();
        tokio::spawn(async move { whole_answer(&endpoint, &[Turn::user(question)], Wishes::default()).await })
    };
    let asked = async |server: &mut Server| {
        let (_, body) = server.requests.recv().await.unwrap();
        body["messages"][0]["content"].as_str().unwrap().to_owned()
    };
    let (one, other) = (server.endpoint(PATIENCE).at_once(1), server.endpoint(PATIENCE));
    let first = ask(&one, "first");
    assert_eq!(asked(&mut server).await, "first");
    let second = ask(&one, "second");
    // Who does not wait overtakes it.
    let third = ask(&other, "third");
    assert_eq!(asked(&mut server).await, "third");
    // Whoever drops an answer makes room.
    first.abort();
    assert_eq!(asked(&mut server).await, "second");
    second.abort();
    third.abort();
}

/// What it says when it is asked for log-probabilities and answers this.
async fn accounted(answer: &'static str) -> (Result<AnswerWithLogProbs, MindError>, Value) {
    let mut server = Server::start(Manner::Says(answer, 64)).await;
    let wishes = LogProbWishes {
        max_tokens: 9,
        top: 2,
    };
    // The usual temperature is not for this.
    let endpoint = server.endpoint(PATIENCE).at_temperature(0.5);
    let answer = endpoint.answer_with_log_probs(&[Turn::user("Hi")], wishes).await;
    let (_, body) = server.requests.recv().await.unwrap();
    (answer, body)
}

/// An answer with all that OpenAI's has, the world in two tokens of which none is a character, and an end.
const WITH_LOG_PROBS: &str = r#"{"id":"c","object":"chat.completion","created":0,"model":"small","choices":[{"index":0,"finish_reason":"stop",
        "message":{"role":"assistant","content":"Hi 🌍","refusal":null},"logprobs":{"content":[
        {"token":"Hi","logprob":-0.25,"bytes":[72,105],"top_logprobs":[
            {"token":"Hi","logprob":-0.25,"bytes":[72,105]},{"token":" Hello","logprob":-1.5,"bytes":null}]},
        {"token":" \\xf0\\x9f","logprob":-0.5,"bytes":[32,240,159],"top_logprobs":[
            {"token":" \\xf0\\x9f","logprob":-0.5,"bytes":[32,240,159]},{"token":"\n","logprob":-2,"bytes":[10]}]},
        {"token":"\\x8c\\x8d","logprob":0,"bytes":[140,141],"top_logprobs":[]},
        {"token":"","logprob":-0.1,"bytes":[],"top_logprobs":[]}],"refusal":null}}]}"#;

#[tokio::test]
async fn log_probabilities_come_with_tokens_as_vocabularies_write_them() {
    let (answer, body) = accounted(WITH_LOG_PROBS).await;
    let answer = answer.unwrap();
    assert_eq!(answer.text, "Hi 🌍");
    assert_eq!(answer.tokens, ["Hi", "ĠðŁ", "Įį"]);
    let likeliest: Vec<Vec<(&str, f64)>> = answer
        .likeliest
        .iter()
        .map(|place| {
            place
                .iter()
                .map(|(token, value)| (token.as_str(), *value))
                .collect()
        })
        .collect();
    assert_eq!(
        likeliest,
        [
            vec![("Hi", -0.25), ("ĠHello", -1.5)],
            vec![("Ċ", -2.0), ("ĠðŁ", -0.5)],
            Vec::new(),
        ]
    );
    assert_eq!(
        body,
        serde_json::json!({
            "model": "small",
            "messages": [{"role": "user", "content": "Hi"}],
            "max_tokens": 9,
            "temperature": 0,
            "logprobs": true,
            "top_logprobs": 2,
        })
    );
}

#[tokio::test]
async fn an_api_without_log_probabilities_is_told_as_one() {
    let silent = r#"{"choices":[{"message":{"content":"Hi"}}]}"#;
    let (answer, _) = accounted(silent).await;
    assert!(matches!(answer, Err(MindError::NoLogProbs)), "{answer:?}");
    for (said, told) in [("<html>", "no completion"), (r#"{"choices":[]}"#, "no choice")] {
        let (answer, _) = accounted(said).await;
        let told_of = answer.unwrap_err().to_string();
        assert!(told_of.contains(told), "{told_of}");
    }
    let server = Server::start(Manner::Repeats("[1,2,")).await;
    let wishes = LogProbWishes {
        max_tokens: 9,
        top: 2,
    };
    let flood = server
        .endpoint(PATIENCE)
        .answer_with_log_probs(&[Turn::user("Hi")], wishes)
        .await;
    let told = flood.unwrap_err().to_string();
    assert!(told.contains("longer than"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
async fn openais_client_asks_the_same_and_hears_the_same() {
    let mut server = Server::start(Manner::Says(WITH_LOG_PROBS, 64)).await;
    let base = format!("http://{}/v1", server.address);
    let asked = tokio::task::spawn_blocking(move || {
        Python::venv("openai")
            .script("conformance/openai/log_probs.py")
            .arg(base)
            .run()
    });
    let heard = asked.await.unwrap().remove(0);
    let (_, theirs) = server.requests.recv().await.unwrap();
    let (answer, ours) = accounted(WITH_LOG_PROBS).await;
    assert_eq!(ours, theirs);
    assert_eq!(heard["text"], answer.unwrap().text);
    assert_eq!(
        heard["tokens"],
        serde_json::json!([[72, 105], [32, 240, 159], [140, 141], []])
    );
    assert_eq!(
        heard["likeliest"][0],
        serde_json::json!([["Hi", -0.25], [" Hello", -1.5]])
    );
}
