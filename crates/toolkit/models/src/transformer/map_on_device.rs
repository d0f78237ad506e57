//! A device, and what is computed there row by row: linear maps and norms.

#[cfg(not(feature = "cuda"))]
use super::NOT_BUILT;
use super::{Linear, Norm, Table};
use crate::{Device, ModelError, checkpoint::Elements};
use candle_core::{D, DType, Tensor};
use half::{bf16, f16};

/// A linear map on a device.
#[derive(Debug)]
pub(crate) struct DeviceMap {
    on: Place,
    /// A row of outputs for each input.
    weight: Tensor,
    bias: Option<Tensor>,
}

#[derive(Debug)]
pub(super) struct DeviceNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
}

/// A device, by its own handle and by the name that errors have.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) handle: candle_core::Device,
    name: Device,
}

impl Place {
    pub(super) fn of(name: Device) -> Result<Self, ModelError> {
        let handle = match name {
            // Candle would say it of itself.
            #[cfg(not(feature = "cuda"))]
            Device::Cuda(_) => {
                return Err(ModelError::Device {
                    device: name,
                    reason: NOT_BUILT.to_owned(),
                });
            }
            #[cfg(feature = "cuda")]
            Device::Cuda(number) => candle_core::Device::new_cuda(number),
            Device::Cpu | Device::CandleCpu => Ok(candle_core::Device::Cpu),
        };
        match handle {
            Ok(handle) => Ok(Self { handle, name }),
            Err(error) => Err(failed(name, &error)),
        }
    }

    /// The error of a computation, without candle's trace of it.
    pub(super) fn told<T>(&self, result: candle_core::Result<T>) -> Result<T, ModelError> {
        result.map_err(|error| failed(self.name, &error))
    }

    /// Weights as they are stored; on the cores of 32 bits, as this crate's own kernels compute.
    fn weights(&self, tensor: Tensor) -> candle_core::Result<Tensor> {
        match self.name {
            Device::Cuda(_) => tensor.to_device(&self.handle),
            Device::Cpu | Device::CandleCpu => tensor.to_dtype(DType::F32),
        }
    }

    pub(super) fn rows(&self, values: &[f32], columns: usize) -> candle_core::Result<Tensor> {
        Tensor::from_slice(values, (values.len() / columns, columns), &self.handle)
    }
}

fn failed(device: Device, error: &candle_core::Error) -> ModelError {
    let reason = error.to_string();
    ModelError::Device {
        device,
        reason: reason.lines().next().unwrap_or_default().to_owned(),
    }
}

impl DeviceNorm {
    pub(super) fn new(norm: &Norm, on: &Place) -> candle_core::Result<Self> {
        let vector = |values: &[f32]| Tensor::from_slice(values, values.len(), &on.handle);
        Ok(Self {
            weight: vector(&norm.weight)?,
            bias: vector(&norm.bias)?,
            eps: f64::from(norm.eps),
        })
    }

    pub(super) fn apply(&self, rows: &Tensor) -> candle_core::Result<Tensor> {
        let centred = rows.broadcast_sub(&rows.mean_keepdim(D::Minus1)?)?;
        let spread = (centred.sqr()?.mean_keepdim(D::Minus1)? + self.eps)?.sqrt()?;
        centred
            .broadcast_div(&spread)?
            .broadcast_mul(&self.weight)?
            .broadcast_add(&self.bias)
    }
}

impl DeviceMap {
    /// Moves a map there.
    ///
    /// # Errors
    /// [`ModelError::Device`], when there is no such device, or no room on it.
    pub(crate) fn of_linear(linear: Linear, device: Device) -> Result<Self, ModelError> {
        let on = Place::of(device)?;
        on.told(Self::new(linear, &on))
    }

    /// The same of a table, as a map from its columns to its rows.
    ///
    /// # Errors
    /// As [`Self::of_linear`].
    pub(crate) fn of_table(table: &Table, device: Device) -> Result<Self, ModelError> {
        let on = Place::of(device)?;
        let (rows, columns) = (table.rows(), table.columns());
        let weight = tensor(table.elements(), 0..rows * columns, (rows, columns))
            .and_then(|stored| on.weights(stored.t()?.contiguous()?));
        Ok(Self {
            weight: on.told(weight)?,
            bias: None,
            on,
        })
    }

    pub(super) fn new(linear: Linear, on: &Place) -> candle_core::Result<Self> {
        let panels = linear
            .panels()
            .map(|(range, inputs, outputs)| tensor(linear.elements(), range, (inputs, outputs)));
        let weight = Tensor::cat(&panels.collect::<candle_core::Result<Vec<_>>>()?, 1)?;
        let bias = linear
            .bias()
            .map(|bias| Tensor::from_slice(bias, bias.len(), &on.handle));
        Ok(Self {
            weight: on.weights(weight)?,
            bias: bias.transpose()?,
            on: on.clone(),
        })
    }

    /// `y = W·x + b` for rows that are here.
    ///
    /// # Errors
    /// [`ModelError::Device`], when the device fails or has no room.
    pub(crate) fn apply(&self, x: &[f32], y: &mut Vec<f32>) -> Result<(), ModelError> {
        let values = self
            .weight
            .dim(0)
            .and_then(|inputs| self.on.rows(x, inputs))
            .and_then(|x| self.apply_to(&x)?.flatten_all()?.to_vec1::<f32>());
        *y = self.on.told(values)?;
        Ok(())
    }

    pub(super) fn apply_to(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let x = x.to_dtype(self.weight.dtype())?;
        let y = x.matmul(&self.weight)?.to_dtype(DType::F32)?;
        match &self.bias {
            None => Ok(y),
            Some(bias) => y.broadcast_add(bias),
        }
    }
}

/// Elements as a matrix in the memory of this machine, in the precision that they are stored in.
fn tensor(
    elements: &Elements,
    range: std::ops::Range<usize>,
    shape: (usize, usize),
) -> candle_core::Result<Tensor> {
    let here = &candle_core::Device::Cpu;
    match elements {
        Elements::Single(values) => Tensor::from_slice::<_, f32>(&values[range], shape, here),
        Elements::Half(values) => Tensor::from_slice::<_, f16>(&values[range], shape, here),
        Elements::Brain(values) => Tensor::from_slice::<_, bf16>(&values[range], shape, here),
    }
}
