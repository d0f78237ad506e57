//! The synapse that all tests of the wire talk in.

use assay_axon::{
    server::{Asked, Failure, Parts, Synapse},
    synapse::{Field, FieldType, PythonValue},
};
use bytes::Bytes;
use futures::StreamExt;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Echo {
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) n: i64,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    pub(crate) reply: Option<String>,
}

impl Synapse for Echo {
    const NAME: &'static str = "Echo";
    const HASHED: &'static [&'static str] = &["text", "n"];

    fn fields() -> Vec<Field> {
        vec![
            Field::required("text", FieldType::Str),
            Field::with_default("n", FieldType::Int, 0i64),
            Field::with_default(
                "tags",
                FieldType::list(FieldType::Str),
                PythonValue::List(Vec::new()),
            ),
            Field::with_default("reply", FieldType::optional(FieldType::Str), PythonValue::None),
        ]
    }
}

/// Its answer comes in parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct EchoStream {
    pub(crate) prompts: Vec<String>,
    #[serde(default)]
    pub(crate) completion: String,
}

impl Synapse for EchoStream {
    const NAME: &'static str = "EchoStream";
    const HASHED: &'static [&'static str] = &["prompts"];

    fn fields() -> Vec<Field> {
        vec![
            Field::required("prompts", FieldType::list(FieldType::Str)),
            Field::with_default("completion", FieldType::Str, ""),
        ]
    }
}

/// Each prompt as a part; `fail` breaks off.
pub(crate) async fn streamed(asked: Asked<EchoStream>) -> Result<Parts, Failure> {
    let parts = futures::stream::iter(asked.synapse.prompts).then(async |prompt| {
        if prompt == "fail" {
            // What was written before a failure need not have been sent, if it comes in the same moment.
            tokio::time::sleep(Duration::from_millis(100)).await;
            return Err(Failure {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                message: "the model ended".to_owned(),
            });
        }
        Ok(Bytes::from(prompt))
    });
    Ok(parts.boxed())
}
