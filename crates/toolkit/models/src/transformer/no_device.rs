//! A build without candle: nothing is ever on a device, and whoever wants it there is told so.

use super::{Block, Linear, Rows, Table, Transformer, forward::Beginning};
use crate::{Device, ModelError};
use std::convert::Infallible;

/// Blocks on a device: never there.
#[derive(Debug)]
pub(crate) struct DeviceBlocks(Infallible);

/// What rows begin with, on a device: never there.
#[derive(Debug)]
pub(crate) struct DeviceBeginning;

/// A linear map on a device: never there.
#[derive(Debug)]
pub(crate) struct DeviceMap(Infallible);

impl DeviceBlocks {
    pub(crate) fn new(_: &Transformer, _: Vec<Block>, device: Device) -> Result<Self, ModelError> {
        Err(without(device))
    }

    pub(crate) fn begin(&self, _: &Transformer, _: &Rows, _: &[f32]) -> Result<DeviceBeginning, ModelError> {
        match self.0 {}
    }

    pub(crate) fn run(
        &self,
        _: &Transformer,
        _: &Rows,
        _: Option<&Beginning>,
        _: &mut [f32],
    ) -> Result<(), ModelError> {
        match self.0 {}
    }
}

impl DeviceMap {
    pub(crate) fn of_linear(_: Linear, device: Device) -> Result<Self, ModelError> {
        Err(without(device))
    }

    pub(crate) fn of_table(_: &Table, device: Device) -> Result<Self, ModelError> {
        Err(without(device))
    }

    pub(crate) fn apply(&self, _: &[f32], _: &mut Vec<f32>) -> Result<(), ModelError> {
        match self.0 {}
    }
}

fn without(device: Device) -> ModelError {
    ModelError::Device {
        device,
        reason: super::NOT_BUILT.to_owned(),
    }
}
