//! Where models compute: on the cores of this machine, or on a graphics card.

use std::{fmt, str::FromStr};

/// Where a model computes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Device {
    /// On the cores, by this crate's own kernels.
    #[default]
    Cpu,
    /// On the cores, by candle's. Slower: it is there to see that what a graphics card is given computes the same.
    CandleCpu,
    /// On NVIDIA's graphics card of this number.
    Cuda(usize),
}

/// A name of no device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no device: there are cpu, cuda, and cuda:1, cuda:2, … for further cards")]
pub struct UnknownDevice(String);

impl FromStr for Device {
    type Err = UnknownDevice;

    fn from_str(name: &str) -> Result<Self, UnknownDevice> {
        match (name, name.strip_prefix("cuda:")) {
            ("cpu", _) => Ok(Self::Cpu),
            ("candle-cpu", _) => Ok(Self::CandleCpu),
            ("cuda", _) => Ok(Self::Cuda(0)),
            (_, Some(number)) => number
                .parse()
                .map(Self::Cuda)
                .map_err(|_| UnknownDevice(name.to_owned())),
            _ => Err(UnknownDevice(name.to_owned())),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => formatter.write_str("cpu"),
            Self::CandleCpu => formatter.write_str("candle-cpu"),
            Self::Cuda(number) => write!(formatter, "cuda:{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_as_in_pytorch() {
        for (name, device) in [
            ("cpu", Device::Cpu),
            ("candle-cpu", Device::CandleCpu),
            ("cuda:0", Device::Cuda(0)),
            ("cuda:3", Device::Cuda(3)),
        ] {
            assert_eq!(name.parse(), Ok(device));
            assert_eq!(device.to_string(), name);
        }
        assert_eq!("cuda".parse(), Ok(Device::Cuda(0)));
        for name in ["gpu", "cuda:", "cuda:-1", "CPU"] {
            assert!(name.parse::<Device>().is_err(), "{name}");
        }
    }
}
