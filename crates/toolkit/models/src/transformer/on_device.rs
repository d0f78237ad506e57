//! The computation of blocks by candle, on whatever device it has: the same as in [`forward`](super::forward), from the same
//! description.
//!
//! Embeddings stay here, where a row is looked up and not computed; what they give goes to the device once a pack, and the last
//! hidden states come back. Weights are stored there as in their file, in 16 bits if they have 16: products are of that precision
//! then, as in the originals, and everything between them is of 32 bits.

pub(crate) use super::map_on_device::DeviceMap;
use super::{
    Block, BlockBias, Rows, Transformer, Wiring,
    forward::Beginning,
    map_on_device::{DeviceNorm, Place},
};
use crate::{
    Device, ModelError,
    kernels::{activation::Activation, attention::Segment, biased_attention::Sight},
};
use candle_core::{D, Tensor};

/// Blocks on a device.
#[derive(Debug)]
pub(crate) struct DeviceBlocks {
    on: Place,
    blocks: Vec<DeviceBlock>,
    /// Numbers of `heads` for every distance.
    by_distance: Option<Tensor>,
}

/// Keys and values of every block for the tokens that rows begin with: `heads`, tokens, width.
#[derive(Debug)]
pub(crate) struct DeviceBeginning(Vec<[Tensor; 2]>);

#[derive(Debug)]
struct DeviceBlock {
    qkv: DeviceMap,
    attended: DeviceMap,
    up: DeviceMap,
    down: DeviceMap,
    attention_norm: DeviceNorm,
    feed_norm: Option<DeviceNorm>,
    sight: Sight,
    relative: DeviceBias,
}

#[derive(Debug)]
enum DeviceBias {
    None,
    Shared,
    /// `heads`, width, buckets.
    Disentangled {
        keys: Option<Tensor>,
        queries: Option<Tensor>,
    },
}

/// What is the same for all blocks of a pack: of each of its rows what is seen, and from where.
struct Plan<'a> {
    segments: &'a [Segment],
    sight: Vec<(Sight, Vec<Tensor>)>,
    by_distance: Vec<Tensor>,
    buckets: Vec<Tensor>,
    /// Cosines and sines of each token: tokens, 1, pairs, 1.
    turns: Option<[Tensor; 2]>,
}

impl DeviceBlocks {
    /// Moves blocks there.
    ///
    /// # Errors
    /// [`ModelError::Device`], when there is no such device, or no room on it.
    pub(crate) fn new(model: &Transformer, blocks: Vec<Block>, device: Device) -> Result<Self, ModelError> {
        let on = Place::of(device)?;
        let width = model.hidden / model.heads;
        let moved = blocks
            .into_iter()
            .map(|block| on.told(DeviceBlock::new(block, &on, model.heads, width)));
        let blocks = moved.collect::<Result<_, _>>()?;
        let by_distance = (!model.by_distance.is_empty()).then(|| {
            let distances = model.by_distance.len() / model.heads;
            on.told(on.rows(&model.by_distance, distances))
        });
        Ok(Self {
            by_distance: by_distance.transpose()?,
            blocks,
            on,
        })
    }

    /// Computes what rows begin with, a pack of one row.
    pub(crate) fn begin(
        &self,
        model: &Transformer,
        rows: &Rows,
        stream: &[f32],
    ) -> Result<DeviceBeginning, ModelError> {
        let mut kept = Vec::with_capacity(self.blocks.len());
        self.on
            .told(self.compute(model, rows, None, stream, Some(&mut kept)))?;
        Ok(DeviceBeginning(kept))
    }

    /// Replaces embedded rows by their last hidden states.
    pub(crate) fn run(
        &self,
        model: &Transformer,
        rows: &Rows,
        beginning: Option<&Beginning>,
        stream: &mut [f32],
    ) -> Result<(), ModelError> {
        let hidden = self.compute(model, rows, beginning, stream, None);
        let values = hidden.and_then(|hidden| hidden.flatten_all()?.to_vec1::<f32>());
        stream.copy_from_slice(&self.on.told(values)?);
        Ok(())
    }

    fn compute(
        &self,
        model: &Transformer,
        rows: &Rows,
        beginning: Option<&Beginning>,
        stream: &[f32],
        mut kept: Option<&mut Vec<[Tensor; 2]>>,
    ) -> candle_core::Result<Tensor> {
        let before = beginning.map_or(0, Beginning::len);
        let plan = self.plan(model, rows, before)?;
        let known = beginning.and_then(Beginning::on_device);
        let mut x = self.on.rows(stream, model.hidden)?;
        for (number, block) in self.blocks.iter().enumerate() {
            let known = known.and_then(|known| known.0.get(number));
            let mut attend = |input: &Tensor| {
                let (attended, keys_and_values) = block.attend(model, &plan, known, input)?;
                if let Some(kept) = kept.as_deref_mut() {
                    kept.extend(keys_and_values);
                }
                block.attended.apply_to(&attended)
            };
            x = match model.wiring {
                Wiring::NormAfter => {
                    let x = block.attention_norm.apply(&(attend(&x)? + &x)?)?;
                    let sum = (block.feed(&x, model.activation)? + &x)?;
                    normed(block.feed_norm.as_ref(), sum)?
                }
                Wiring::NormBefore => {
                    let x = (attend(&block.attention_norm.apply(&x)?)? + &x)?;
                    let input = normed(block.feed_norm.as_ref(), x.clone())?;
                    (block.feed(&input, model.activation)? + x)?
                }
                Wiring::Parallel => {
                    let input = block.attention_norm.apply(&x)?;
                    ((attend(&input)? + block.feed(&input, model.activation)?)? + x)?
                }
            };
        }
        Ok(x)
    }

    fn plan<'a>(&self, model: &Transformer, rows: &'a Rows, before: usize) -> candle_core::Result<Plan<'a>> {
        let segments = rows.segments();
        let handle = &self.on.handle;
        let of_each = |make: &dyn Fn(usize) -> candle_core::Result<Tensor>| {
            let made = segments.iter().map(|segment| make(segment.length));
            made.collect::<candle_core::Result<Vec<_>>>()
        };
        let mut sight: Vec<(Sight, Vec<Tensor>)> = Vec::new();
        for block in &self.blocks {
            if block.sight != Sight::Both && sight.iter().all(|(known, _)| *known != block.sight) {
                sight.push((
                    block.sight,
                    of_each(&|length| mask(block.sight, before, length, handle))?,
                ));
            }
        }
        let reach = model.max_tokens;
        // Of the key behind the query; no family with distances has beginnings.
        let by_distance = match &self.by_distance {
            None => Vec::new(),
            Some(numbers) => of_each(&|length| {
                let places = pairs(length, |query, key| reach - 1 + key - query);
                let places = Tensor::from_vec(places, length * length, handle)?;
                numbers
                    .index_select(&places, 1)?
                    .reshape((model.heads, length, length))
            })?,
        };
        let buckets = if model.buckets.is_empty() {
            Vec::new()
        } else {
            of_each(&|length| {
                let buckets = pairs(length, |query, key| {
                    model.buckets[reach - 1 + query - key] as usize
                });
                Tensor::from_vec(buckets, (1, length, length), handle)?
                    .broadcast_as((model.heads, length, length))?
                    .contiguous()
            })?
        };
        let turns = match &model.rotary {
            None => None,
            Some(rotary) => {
                let (mut cos, mut sin) = (Vec::new(), Vec::new());
                for segment in segments {
                    for position in 0..segment.length {
                        let of_position = rotary.at(before + position);
                        cos.extend_from_slice(of_position.0);
                        sin.extend_from_slice(of_position.1);
                    }
                }
                let tokens: usize = segments.iter().map(|segment| segment.length).sum();
                let table = |values: Vec<f32>| {
                    let pairs = values.len() / tokens;
                    Tensor::from_vec(values, (tokens, 1, pairs, 1), handle)
                };
                Some([table(cos)?, table(sin)?])
            }
        };
        Ok(Plan {
            segments,
            sight,
            by_distance,
            buckets,
            turns,
        })
    }
}

/// A number for each query and key of a row.
fn pairs(length: usize, of: impl Fn(usize, usize) -> usize) -> Vec<u32> {
    let all = (0..length).flat_map(|query| (0..length).map(move |key| (query, key)));
    // Distances and buckets are as many as positions, which are thousands.
    all.map(|(query, key)| u32::try_from(of(query, key)).unwrap_or(u32::MAX))
        .collect()
}

/// 0 for what a query sees, and no chance for the rest: queries behind `before` tokens, keys from the first of these on.
fn mask(
    sight: Sight,
    before: usize,
    length: usize,
    handle: &candle_core::Device,
) -> candle_core::Result<Tensor> {
    let keys = before + length;
    let mut values = vec![f32::NEG_INFINITY; length * keys];
    for (query, row) in values.chunks_exact_mut(keys).enumerate() {
        row[sight.keys(before + query, keys)].fill(0.0);
    }
    Tensor::from_vec(values, (1, length, keys), handle)
}

fn normed(norm: Option<&DeviceNorm>, rows: Tensor) -> candle_core::Result<Tensor> {
    norm.map_or(Ok(rows.clone()), |norm| norm.apply(&rows))
}

impl DeviceBlock {
    fn new(block: Block, on: &Place, heads: usize, width: usize) -> candle_core::Result<Self> {
        let buckets = |rows: Option<Vec<f32>>| {
            let turned = |rows: Vec<f32>| {
                let count = rows.len() / (heads * width);
                Tensor::from_vec(rows, (count, heads, width), &on.handle)?
                    .permute((1, 2, 0))?
                    .contiguous()
            };
            rows.map(turned).transpose()
        };
        Ok(Self {
            qkv: DeviceMap::new(block.qkv, on)?,
            attended: DeviceMap::new(block.attended, on)?,
            up: DeviceMap::new(block.up, on)?,
            down: DeviceMap::new(block.down, on)?,
            attention_norm: DeviceNorm::new(&block.attention_norm, on)?,
            feed_norm: block
                .feed_norm
                .map(|norm| DeviceNorm::new(&norm, on))
                .transpose()?,
            sight: block.sight,
            relative: match block.relative {
                BlockBias::None => DeviceBias::None,
                BlockBias::Shared => DeviceBias::Shared,
                BlockBias::Disentangled { keys, queries } => DeviceBias::Disentangled {
                    keys: buckets(keys)?,
                    queries: buckets(queries)?,
                },
            },
        })
    }

    fn feed(&self, input: &Tensor, activation: Activation) -> candle_core::Result<Tensor> {
        let inner = self.up.apply_to(input)?;
        let inner = match activation {
            Activation::Gelu => inner.gelu_erf(),
            Activation::GeluTanh => inner.gelu(),
            Activation::Relu => inner.relu(),
            Activation::Silu => inner.silu(),
            Activation::Tanh => inner.tanh(),
        };
        self.down.apply_to(&inner?)
    }

    /// What each token has attended to, and the keys and values of each row.
    fn attend(
        &self,
        model: &Transformer,
        plan: &Plan<'_>,
        known: Option<&[Tensor; 2]>,
        input: &Tensor,
    ) -> candle_core::Result<(Tensor, Vec<[Tensor; 2]>)> {
        let (heads, width) = (model.heads, model.hidden / model.heads);
        let qkv = self.qkv.apply_to(input)?;
        let tokens = qkv.dim(0)?;
        // Queries and keys turn alike; values do not.
        let mut turning = qkv
            .narrow(1, 0, 2 * model.hidden)?
            .reshape((tokens, 2 * heads, width))?;
        if let Some([cos, sin]) = &plan.turns {
            turning = turned(&turning, cos, sin)?;
        }
        let values = qkv
            .narrow(1, 2 * model.hidden, model.hidden)?
            .reshape((tokens, heads, width))?;
        let mut attended = Vec::with_capacity(plan.segments.len());
        let mut kept = Vec::with_capacity(plan.segments.len());
        for (row, segment) in plan.segments.iter().enumerate() {
            let part = |of: &Tensor, first: usize| {
                of.narrow(0, segment.start, segment.length)?
                    .narrow(1, first, heads)?
                    .transpose(0, 1)?
                    .contiguous()
            };
            let queries = part(&turning, 0)?;
            let (mut keys, mut values) = (part(&turning, heads)?, part(&values, 0)?);
            if let Some([keys_before, values_before]) = known {
                keys = Tensor::cat(&[keys_before, &keys], 1)?;
                values = Tensor::cat(&[values_before, &values], 1)?;
            }
            let scores = (queries.matmul(&keys.t()?)? * f64::from(model.scale))?;
            let scores = self.biased(model, plan, row, scores, &queries, &keys)?;
            let shares = softmax(&scores)?;
            let rows = shares.matmul(&values)?.transpose(0, 1)?.contiguous()?;
            attended.push(rows.reshape((segment.length, model.hidden))?);
            kept.push([keys, values]);
        }
        Ok((Tensor::cat(&attended, 0)?, kept))
    }

    /// Scores with what stands for distances, and without what is not seen.
    fn biased(
        &self,
        model: &Transformer,
        plan: &Plan<'_>,
        row: usize,
        scores: Tensor,
        queries: &Tensor,
        keys: &Tensor,
    ) -> candle_core::Result<Tensor> {
        let scale = f64::from(model.scale);
        let scores = match &self.relative {
            DeviceBias::None => scores,
            DeviceBias::Shared => (scores + &plan.by_distance[row])?,
            DeviceBias::Disentangled {
                keys: of_keys,
                queries: of_queries,
            } => {
                let buckets = &plan.buckets[row];
                let mut scores = scores;
                if let Some(of_keys) = of_keys {
                    let products = (queries.matmul(of_keys)? * scale)?;
                    scores = (scores + products.gather(buckets, D::Minus1)?)?;
                }
                if let Some(of_queries) = of_queries {
                    let products = (keys.matmul(of_queries)? * scale)?;
                    let by_key = products.gather(&buckets.transpose(1, 2)?.contiguous()?, D::Minus1)?;
                    scores = (scores + by_key.transpose(1, 2)?)?;
                }
                scores
            }
        };
        match plan.sight.iter().find(|(sight, _)| *sight == self.sight) {
            None => Ok(scores),
            Some((_, masks)) => scores.broadcast_add(&masks[row]),
        }
    }
}

/// The first numbers of each head turned in pairs, each pair by the angle of its token.
fn turned(heads: &Tensor, cos: &Tensor, sin: &Tensor) -> candle_core::Result<Tensor> {
    let (tokens, count, width) = heads.dims3()?;
    let pairs = cos.dim(2)?;
    let turning = heads
        .narrow(2, 0, 2 * pairs)?
        .contiguous()?
        .reshape((tokens, count, pairs, 2))?;
    let (a, b) = (turning.narrow(3, 0, 1)?, turning.narrow(3, 1, 1)?);
    let first = (a.broadcast_mul(cos)? - b.broadcast_mul(sin)?)?;
    let second = (b.broadcast_mul(cos)? + a.broadcast_mul(sin)?)?;
    let turned = Tensor::cat(&[first, second], 3)?.reshape((tokens, count, 2 * pairs))?;
    if 2 * pairs == width {
        return Ok(turned);
    }
    let rest = heads.narrow(2, 2 * pairs, width - 2 * pairs)?;
    Tensor::cat(&[turned, rest.contiguous()?], 2)
}

fn softmax(scores: &Tensor) -> candle_core::Result<Tensor> {
    let highest = scores.max_keepdim(D::Minus1)?;
    let powers = scores.broadcast_sub(&highest)?.exp()?;
    powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)
}
