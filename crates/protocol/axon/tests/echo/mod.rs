//! The synapse that all tests of the wire talk in.

use assay_axon::{
    server::Synapse,
    synapse::{Field, FieldType, PythonValue},
};
use serde::{Deserialize, Serialize};

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
