//! `devnet_*` methods that make things go wrong, and the limit on the rate of calls.

use super::{Arguments, Methods, Node, RpcError, calls::Calls};
use crate::faults::{Faults, MAX_SILENCE, NOTICE};
use jsonrpsee::{
    core::{
        middleware::{Batch, BatchEntry, BatchEntryErr, Notification, RpcServiceT},
        server::MethodResponse,
    },
    types::{ErrorObject, ErrorObjectOwned, Request},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// The code by which public nodes say that a caller has broken their rules. Clients do not try again.
const POLICY: i32 = -32005;

/// Methods that are answered in spite of every limit, so that it can be lifted.
const CONTROL: &str = "devnet_";

pub(super) fn register(methods: &mut Methods) {
    methods.quick("devnet_dropTransaction", &["hash"], |node, arguments| {
        faults(node)?;
        let hash = arguments
            .hash(0)?
            .ok_or_else(|| arguments.refuse(0, "the hash of a transaction in the pool"))?;
        Ok(node.chain.drop_transaction(&hash))
    });
    methods.quick("devnet_stall", &["milliseconds", "method"], |node, arguments| {
        let faults = faults(node)?;
        let lasting = silence(arguments)?;
        match arguments.value(1) {
            None => faults.stall(NOTICE, lasting),
            Some(_) => faults.stall_method(arguments.text(1)?.to_owned(), lasting),
        }
        Ok(Value::Null)
    });
    methods.quick("devnet_halfOpen", &["milliseconds"], |node, arguments| {
        faults(node)?.half_open(Duration::ZERO, silence(arguments)?);
        Ok(Value::Null)
    });
    methods.quick("devnet_rateLimit", &["perSecond"], |node, arguments| {
        faults(node)?.limit(arguments.number_in::<u32>(0)?);
        Ok(Value::Null)
    });
    methods.quick("devnet_disconnect", &[], |node, _| {
        let faults = faults(node)?.clone();
        tokio::spawn(async move {
            tokio::time::sleep(NOTICE).await;
            faults.cut();
        });
        Ok(Value::Null)
    });
}

fn faults(node: &Node) -> Result<&Arc<Faults>, RpcError> {
    node.faults.as_ref().ok_or(RpcError::NoFaults)
}

fn silence(arguments: &Arguments) -> Result<Duration, RpcError> {
    arguments
        .number(0)?
        .map(Duration::from_millis)
        .filter(|lasting| *lasting <= MAX_SILENCE)
        .ok_or_else(|| arguments.refuse(0, "milliseconds, ten minutes at most"))
}

/// Keeps calls waiting, and refuses those above the limit. Without faults it passes everything on, each call with the
/// places of its connection.
#[derive(Clone, Debug)]
pub(super) struct Gate<S> {
    pub(super) faults: Option<Arc<Faults>>,
    pub(super) calls: Calls,
    pub(super) service: S,
}

impl<S> Gate<S> {
    /// Waits for as long as the method is silent; then says whether it may be called.
    async fn admit(faults: &Option<Arc<Faults>>, method: &str) -> Result<(), ErrorObjectOwned> {
        let Some(faults) = faults else { return Ok(()) };
        if method.starts_with(CONTROL) {
            return Ok(());
        }
        faults.method_answers(method).await;
        faults.admit().map_err(|refused| {
            let data = json!({
                "policy": "rate-limit",
                "reason": format!("more than {} requests a second", refused.per_second),
                "retry_after": refused.retry_after,
            });
            ErrorObject::owned(POLICY, "Too many requests", Some(data))
        })
    }
}

impl<S> RpcServiceT for Gate<S>
where
    S: RpcServiceT<MethodResponse = MethodResponse, BatchResponse = MethodResponse>
        + Clone
        + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = S::NotificationResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, mut request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let gate = self.clone();
        request.extensions_mut().insert(self.calls.clone());
        async move {
            match Self::admit(&gate.faults, &request.method).await {
                Ok(()) => gate.service.call(request).await,
                Err(refused) => MethodResponse::error(request.id, refused),
            }
        }
    }

    fn batch<'a>(&self, mut requests: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let gate = self.clone();
        async move {
            for entry in requests.iter_mut() {
                let Ok(BatchEntry::Call(request)) = entry else {
                    continue;
                };
                request.extensions_mut().insert(gate.calls.clone());
                if let Err(refused) = Self::admit(&gate.faults, &request.method).await {
                    *entry = Err(BatchEntryErr::new(request.id.clone(), refused));
                }
            }
            gate.service.batch(requests).await
        }
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = S::NotificationResponse> + Send + 'a {
        let service = self.service.clone();
        async move { service.notification(notification).await }
    }
}
