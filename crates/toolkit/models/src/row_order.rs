//! The order in which an epoch visits its rows.

use crate::RowOrder;

/// The seed of epoch 0; epoch `k` is seeded this plus `k`.
const FIRST_SEED: u32 = 42;

/// The row indices of one epoch.
pub(crate) fn epoch_order(rows: usize, epoch: u32, order: RowOrder) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..rows).collect();
    if order == RowOrder::Shuffled {
        // PyTorch's `randperm`: for each place, swap with a later one drawn by one 32-bit output modulo what is left.
        let mut generator = MersenneTwister::new(FIRST_SEED.wrapping_add(epoch));
        for place in 0..rows.saturating_sub(1) {
            let jump = generator.next() as usize % (rows - place);
            indices.swap(place, place + jump);
        }
    }
    indices
}

/// MT19937, the generator of Matsumoto and Nishimura (1998), with its 2002 seeding.
#[derive(Debug)]
struct MersenneTwister {
    state: [u32; Self::SIZE],
    next: usize,
}

impl MersenneTwister {
    const SIZE: usize = 624;
    const SHIFT: usize = 397;

    fn new(seed: u32) -> Self {
        let mut state = [seed; Self::SIZE];
        let mut last = seed;
        for (index, word) in (0_u32..).zip(&mut state).skip(1) {
            last = 1_812_433_253_u32
                .wrapping_mul(last ^ (last >> 30))
                .wrapping_add(index);
            *word = last;
        }
        Self {
            state,
            next: Self::SIZE,
        }
    }

    fn next(&mut self) -> u32 {
        if self.next == Self::SIZE {
            for i in 0..Self::SIZE {
                let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % Self::SIZE] & 0x7fff_ffff);
                let twist = if y & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[i] = self.state[(i + Self::SHIFT) % Self::SIZE] ^ (y >> 1) ^ twist;
            }
            self.next = 0;
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        let mut generator = MersenneTwister::new(5489);
        let tenth_thousand = (0..10_000).map(|_| generator.next()).last();
        // The value that the C++ standard requires of its mt19937.
        assert_eq!(tenth_thousand, Some(4_123_659_995));
    }

    #[test]
    fn sequential_order_is_the_order_given() {
        assert_eq!(epoch_order(4, 3, RowOrder::Sequential), [0, 1, 2, 3]);
        assert_eq!(epoch_order(0, 0, RowOrder::Shuffled), [0_usize; 0]);
        assert_eq!(epoch_order(1, 0, RowOrder::Shuffled), [0]);
    }
}
