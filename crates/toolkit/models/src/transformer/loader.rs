//! Reads the parts of a model out of a checkpoint, by their names behind a prefix.

use super::{Linear, Norm, Table};
use crate::{
    ModelError,
    checkpoint::{Checkpoint, Elements},
};

/// A checkpoint, and what stands before the names of a model's own parts in it: nothing when the bare model was saved,
/// the model's name when it was saved below a head.
#[derive(Debug)]
pub(crate) struct Loader<'a> {
    checkpoint: &'a mut Checkpoint,
    prefix: &'static str,
}

/// Whether a linear map has a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WithBias {
    Yes,
    No,
}

impl<'a> Loader<'a> {
    /// A loader for names that may stand behind one of `prefixes`; `known` is a name that every such model has.
    pub(crate) fn new(checkpoint: &'a mut Checkpoint, prefixes: &[&'static str], known: &str) -> Self {
        let prefix = prefixes
            .iter()
            .find(|prefix| checkpoint.has(&format!("{prefix}{known}")))
            .copied()
            .unwrap_or("");
        Self { checkpoint, prefix }
    }

    /// The same checkpoint for the names of a head, which stand behind no prefix.
    pub(crate) fn head(&mut self) -> Loader<'_> {
        Loader {
            checkpoint: self.checkpoint,
            prefix: "",
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.checkpoint.has(&format!("{}{name}", self.prefix))
    }

    fn elements(&mut self, name: &str, shape: &[usize]) -> Result<Elements, ModelError> {
        self.checkpoint.elements(&format!("{}{name}", self.prefix), shape)
    }

    pub(crate) fn table(&mut self, name: &str, rows: usize, columns: usize) -> Result<Table, ModelError> {
        let elements = self.elements(name, &[rows, columns])?;
        Ok(Table::new(elements, rows, columns))
    }

    /// A table as f32.
    pub(crate) fn wide(&mut self, name: &str, rows: usize, columns: usize) -> Result<Vec<f32>, ModelError> {
        Ok(self.elements(name, &[rows, columns])?.into_single())
    }

    pub(crate) fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>, ModelError> {
        Ok(self.elements(name, &[length])?.into_single())
    }

    /// `name.weight` and `name.bias`.
    pub(crate) fn linear(
        &mut self,
        name: &str,
        inputs: usize,
        outputs: usize,
        bias: WithBias,
    ) -> Result<Linear, ModelError> {
        self.fused(&[name], inputs, outputs, bias)
    }

    /// Maps of one input, each with `outputs`, as one map.
    pub(crate) fn fused(
        &mut self,
        names: &[&str],
        inputs: usize,
        outputs: usize,
        bias: WithBias,
    ) -> Result<Linear, ModelError> {
        let mut joined: Option<Elements> = None;
        let mut biases = Vec::new();
        for name in names {
            let elements = self.elements(&format!("{name}.weight"), &[outputs, inputs])?;
            match &mut joined {
                None => joined = Some(elements),
                Some(joined) => joined.append(elements),
            }
            if bias == WithBias::Yes {
                biases.extend(self.vector(&format!("{name}.bias"), outputs)?);
            }
        }
        let elements = joined.unwrap_or(Elements::Single(Vec::new()));
        let bias = (bias == WithBias::Yes).then_some(biases);
        Ok(Linear::new(elements, inputs, names.len() * outputs, bias))
    }

    /// A layer norm; files from before 2019 call its weight gamma and its bias beta.
    pub(crate) fn norm(&mut self, name: &str, width: usize, eps: f32) -> Result<Norm, ModelError> {
        let old = self.has(&format!("{name}.gamma"));
        let [weight, bias] = if old {
            ["gamma", "beta"]
        } else {
            ["weight", "bias"]
        };
        Ok(Norm {
            weight: self.vector(&format!("{name}.{weight}"), width)?,
            bias: self.vector(&format!("{name}.{bias}"), width)?,
            eps,
        })
    }
}
