//! Counting with as little as possible.

/// A mean, and the largest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mean {
    sum: f64,
    count: u64,
    max: Option<f64>,
}

impl Mean {
    pub(crate) fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
        self.max = Some(self.max.map_or(value, |max| max.max(value)));
    }

    pub(crate) fn add_some(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.add(value);
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn sum(&self) -> f64 {
        self.sum
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    pub(crate) fn max(&self) -> Option<f64> {
        self.max
    }
}
