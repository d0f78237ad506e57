//! A call on the chain by pallet, name and arguments; encoded by the metadata of the runtime that it is sent to.

use scale_value::{Composite, Value};
use std::borrow::Cow;

/// A call that is not signed yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pallet: Cow<'static, str>,
    name: Cow<'static, str>,
    arguments: Vec<(String, Value)>,
}

impl Call {
    /// A call with its arguments by name, as the metadata names them.
    pub fn new<'a>(
        pallet: impl Into<Cow<'static, str>>,
        name: impl Into<Cow<'static, str>>,
        arguments: impl IntoIterator<Item = (&'a str, Value)>,
    ) -> Self {
        Self {
            pallet: pallet.into(),
            name: name.into(),
            arguments: arguments
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        }
    }

    /// A call whose arguments were named by the metadata.
    pub(crate) fn from_arguments(pallet: String, name: String, arguments: Vec<(String, Value)>) -> Self {
        Self {
            pallet: pallet.into(),
            name: name.into(),
            arguments,
        }
    }

    /// The pallet.
    pub fn pallet(&self) -> &str {
        &self.pallet
    }

    /// The call.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Pallet and call, `SubtensorModule.set_weights` for one.
    pub fn title(&self) -> String {
        format!("{}.{}", self.pallet, self.name)
    }

    pub(crate) fn fields(&self) -> Composite<()> {
        Composite::Named(self.arguments.clone())
    }

    /// The call as a value of the runtime's call type, for calls that take calls.
    pub(crate) fn to_value(&self) -> Value {
        Value::unnamed_variant(
            self.pallet.to_string(),
            [Value::named_variant(
                self.name.to_string(),
                self.arguments.clone(),
            )],
        )
    }

    /// The same call run with root's rights by the sudo key, `Sudo.sudo`.
    #[must_use]
    pub fn sudo(&self) -> Self {
        Self::new("Sudo", "sudo", [("call", self.to_value())])
    }

    /// Several calls in one transaction, all or none, `Utility.batch_all`.
    pub fn batch_all(calls: &[Self]) -> Self {
        Self::new(
            "Utility",
            "batch_all",
            [(
                "calls",
                Value::unnamed_composite(calls.iter().map(Self::to_value)),
            )],
        )
    }
}
