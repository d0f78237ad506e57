//! Rotary position embedding: the two halves of a head rotated against each other, or its neighbours.

/// Cosines and sines for every position up to a limit.
#[derive(Debug, Clone)]
pub(crate) struct Rotary {
    half: usize,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

/// Which way to turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Forward,
    Backward,
}

impl Rotary {
    /// Tables for heads of `head_width` and positions `0..positions`: angle = position · theta^(-2i / head_width).
    ///
    /// The angle is rounded to single precision before its cosine is taken, as the reference implementation does.
    pub(crate) fn new(head_width: usize, theta: f64, positions: usize) -> Self {
        let half = head_width / 2;
        #[expect(clippy::cast_possible_truncation, reason = "single precision is the point")]
        let frequencies: Vec<f32> = (0..half)
            .map(|i| 1.0 / (theta as f32).powf((2 * i) as f32 / head_width as f32))
            .collect();
        let mut cos = Vec::with_capacity(positions * half);
        let mut sin = Vec::with_capacity(positions * half);
        for position in 0..positions {
            for frequency in &frequencies {
                let angle = f64::from(position as f32 * frequency);
                #[expect(clippy::cast_possible_truncation, reason = "single precision is the point")]
                {
                    cos.push(angle.cos() as f32);
                    sin.push(angle.sin() as f32);
                }
            }
        }
        Self { half, cos, sin }
    }

    /// Turns the first `heads` heads of one row that stands at `position`.
    pub(crate) fn turn_row(&self, row: &mut [f32], heads: usize, position: usize, turn: Turn) {
        let half = self.half;
        let (cos, sin) = (
            &self.cos[position * half..(position + 1) * half],
            &self.sin[position * half..(position + 1) * half],
        );
        for head in row.chunks_exact_mut(2 * half).take(heads) {
            let (low, high) = head.split_at_mut(half);
            match turn {
                Turn::Forward => {
                    for i in 0..half {
                        let (a, b) = (low[i], high[i]);
                        low[i] = a * cos[i] - b * sin[i];
                        high[i] = b * cos[i] + a * sin[i];
                    }
                }
                Turn::Backward => {
                    for i in 0..half {
                        let (a, b) = (low[i], high[i]);
                        low[i] = a * cos[i] + b * sin[i];
                        high[i] = b * cos[i] - a * sin[i];
                    }
                }
            }
        }
    }

    /// The cosines and sines of a position.
    #[cfg(feature = "candle")]
    pub(crate) fn at(&self, position: usize) -> (&[f32], &[f32]) {
        let range = position * self.half..(position + 1) * self.half;
        (&self.cos[range.clone()], &self.sin[range])
    }

    /// Turns neighbouring columns against each other, in the first columns of each head of `head_width`; as many
    /// columns as the tables were made for, the others stay.
    pub(crate) fn turn_row_in_pairs(&self, heads: &mut [f32], head_width: usize, position: usize) {
        let half = self.half;
        let (cos, sin) = (
            &self.cos[position * half..(position + 1) * half],
            &self.sin[position * half..(position + 1) * half],
        );
        for head in heads.chunks_exact_mut(head_width) {
            for ((pair, cos), sin) in head.as_chunks_mut::<2>().0.iter_mut().zip(cos).zip(sin) {
                let [a, b] = *pair;
                *pair = [a * cos - b * sin, b * cos + a * sin];
            }
        }
    }
}
