//! The JSON-RPC server: what a Substrate node answers, over WebSocket and HTTP POST on one port.
//!
//! Each method declares the names of its parameters, so that they are accepted as an array, as an object, or, where
//! all are optional, not at all. Reads of the state and calls into the runtime run on blocking threads, a bounded number
//! at one time.
//!
//! What it does not protect against: any page that a browser on this machine shows may open a WebSocket to it. That is
//! as it must be for a development chain, whose keys are public; do not listen on other interfaces in a hostile net.

mod arguments;
mod author;
mod beacon;
mod calls;
mod chain;
mod chain_head;
mod control;
mod error;
mod faults;
mod follow;
mod heads;
mod node;
mod state;
mod subscriptions;
mod system;

pub use error::RpcError;
pub(crate) use node::Node;

use crate::{DevnetError, Limits};
use arguments::Arguments;
use calls::Calls;
use jsonrpsee::{
    ResponsePayload, RpcModule,
    core::middleware::RpcServiceBuilder,
    server::{BatchRequestConfig, PingConfig, RandomStringIdProvider, Server, ServerConfig, ServerHandle},
};
use serde::Serialize;
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
};

/// Messages that wait for one slow connection before its senders wait too. A message may be a megabyte of metadata, so
/// much more is memory; much less makes head subscriptions of a busy client wait for its reads.
const OUTBOUND_MESSAGES: u32 = 512;

/// Takes the address, before anything else is done.
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener, DevnetError> {
    let failed = |source| DevnetError::Listen { address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

/// Starts answering. Returns the address, with the real port. Must be called where tasks can be started.
pub(crate) fn serve(
    listener: TcpListener,
    node: Node,
    limits: &Limits,
) -> Result<(SocketAddr, ServerHandle), DevnetError> {
    let address = listener
        .local_addr()
        .map_err(|source| DevnetError::Address { source })?;
    let failed = |source| DevnetError::Listen { address, source };
    let faults = node.faults.clone();
    // With faults the world talks to a relay, and the server listens behind it.
    let behind = match &faults {
        None => None,
        Some(_) => Some(bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?),
    };
    let relayed = match (&behind, &faults) {
        (Some(behind), Some(faults)) => {
            let server = behind.local_addr().map_err(failed)?;
            let listener = listener.try_clone().map_err(failed)?;
            let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
            Some(crate::faults::relay(listener, server, faults.clone()))
        }
        _ => None,
    };
    let configuration = ServerConfig::builder()
        .max_connections(limits.connections)
        .max_request_body_size(limits.request_bytes)
        .max_response_body_size(limits.response_bytes)
        .max_subscriptions_per_connection(limits.subscriptions_per_connection)
        .set_batch_request_config(BatchRequestConfig::Limit(limits.batch_requests))
        .set_message_buffer_capacity(OUTBOUND_MESSAGES)
        .set_id_provider(RandomStringIdProvider::new(16))
        .enable_ws_ping(PingConfig::new())
        .set_tcp_no_delay(true)
        .build();
    let gate = RpcServiceBuilder::new().layer_fn(move |service| faults::Gate {
        faults: faults.clone(),
        calls: Calls::new(),
        service,
    });
    let server = Server::builder()
        .set_config(configuration)
        .set_rpc_middleware(gate)
        .build_from_tcp(behind.unwrap_or(listener))
        .map_err(failed)?;
    let handle = server.start(methods(node));
    if let Some(relayed) = relayed {
        let stopped = handle.clone().stopped();
        tokio::spawn(async move {
            tokio::select! {
                () = relayed => {}
                () = stopped => {}
            }
        });
    }
    Ok((address, handle))
}

fn methods(node: Node) -> RpcModule<Node> {
    let mut methods = Methods(RpcModule::new(node));
    chain::register(&mut methods);
    state::register(&mut methods);
    author::register(&mut methods);
    system::register(&mut methods);
    control::register(&mut methods);
    faults::register(&mut methods);
    beacon::register(&mut methods);
    subscriptions::register(&mut methods);
    chain_head::register(&mut methods);
    let mut names: Vec<&'static str> = methods.0.method_names().chain(["rpc_methods"]).collect();
    names.sort_unstable();
    methods.quick("rpc_methods", &[], move |_, _| {
        Ok(serde_json::json!({ "methods": names.clone() }))
    });
    methods.0
}

/// The methods being put together.
struct Methods(RpcModule<Node>);

/// Why putting a method in cannot fail.
const DISTINCT: &str =
    "the names of the methods are constants and distinct, and every test registers all of them";

impl Methods {
    /// A method that touches memory and a record or two.
    fn quick<R>(
        &mut self,
        name: &'static str,
        parameters: &'static [&'static str],
        answer: impl Fn(&Node, &Arguments) -> Result<R, RpcError> + Clone + Send + Sync + 'static,
    ) where
        R: Serialize + Clone + Send + 'static,
    {
        self.0
            .register_method(name, move |params, node, _| {
                answer(node, &Arguments::parse(params.as_str(), parameters)?)
            })
            .expect(DISTINCT);
    }

    /// A method that reads states or calls the runtime, which it does on a blocking thread when its turn comes.
    fn reading<R>(
        &mut self,
        name: &'static str,
        parameters: &'static [&'static str],
        answer: impl Fn(&Node, &Arguments) -> Result<R, RpcError> + Clone + Send + Sync + 'static,
    ) where
        R: Serialize + Clone + Send + 'static,
    {
        self.0
            .register_async_method(name, move |params, node, extensions| {
                let answer = answer.clone();
                async move {
                    let arguments = match Arguments::parse(params.as_str(), parameters) {
                        Ok(arguments) => arguments,
                        Err(error) => return ResponsePayload::error(error),
                    };
                    let call = Calls::begin(&extensions).await;
                    match node.read(move |node| answer(node, &arguments)).await {
                        Ok(answer) => {
                            let (payload, answered) = ResponsePayload::success(answer).notify_on_completion();
                            call.until(answered);
                            payload
                        }
                        Err(error) => ResponsePayload::error(error),
                    }
                }
            })
            .expect(DISTINCT);
    }

    /// A method that may work for long: it makes blocks or moves whole chains.
    fn working<R>(
        &mut self,
        name: &'static str,
        parameters: &'static [&'static str],
        answer: impl Fn(&Node, &Arguments) -> Result<R, RpcError> + Clone + Send + Sync + 'static,
    ) where
        R: Serialize + Clone + Send + 'static,
    {
        self.0
            .register_async_method(name, move |params, node: Arc<Node>, _| {
                let answer = answer.clone();
                async move {
                    let arguments = Arguments::parse(params.as_str(), parameters)?;
                    node.work(move |node| answer(node, &arguments)).await
                }
            })
            .expect(DISTINCT);
    }

    /// Another name of a method.
    fn alias(&mut self, alias: &'static str, of: &'static str) {
        self.0.register_alias(alias, of).expect(DISTINCT);
    }
}
