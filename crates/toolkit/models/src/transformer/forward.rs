//! The computation of a pack of rows.

use super::{
    Block, BlockBias, OnDevice, Positions, Scratch, Transformer, Wiring, on_device::DeviceBeginning,
};
use crate::{
    ModelError,
    kernels::{
        attention::Segment,
        biased_attention::{self, Before, Bias, Disentangled, Rule},
    },
};

/// Tokens that many rows of a causal model begin with, computed once: their keys and values in every block.
#[derive(Debug, Default)]
pub(crate) struct Beginning {
    length: usize,
    /// Of each block rows of keys and values, positions already applied.
    blocks: Vec<Vec<f32>>,
    /// The same on a device, where the blocks are there.
    on_device: Option<DeviceBeginning>,
}

#[cfg(feature = "candle")]
impl Beginning {
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn on_device(&self) -> Option<&DeviceBeginning> {
        self.on_device.as_ref()
    }
}

/// What becomes of the keys and values of a pack.
#[derive(Debug)]
enum Memory<'a> {
    /// Nothing: rows stand for themselves.
    None,
    /// They are kept: the pack is a beginning, one row.
    Kept(&'a mut Beginning),
    /// They come behind those of a beginning.
    After(&'a Beginning),
}

impl Memory<'_> {
    /// Tokens before each row.
    fn before(&self) -> usize {
        match self {
            Self::None | Self::Kept(_) => 0,
            Self::After(beginning) => beginning.length,
        }
    }
}

/// Rows one behind the other: nothing is padded, and attention and positions start afresh with each.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    tokens: Vec<u32>,
    types: Vec<u32>,
    segments: Vec<Segment>,
}

impl Rows {
    #[cfg(feature = "candle")]
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Adds a row of tokens and their types.
    pub(crate) fn push(&mut self, tokens: &[u32], types: &[u32]) {
        self.segments.push(Segment {
            start: self.tokens.len(),
            length: tokens.len(),
        });
        self.tokens.extend_from_slice(tokens);
        self.types.extend_from_slice(types);
    }
}

/// Buffers of one pack's computation, kept for the next pack.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    stream: Vec<f32>,
    normed: Vec<f32>,
    qkv: Vec<f32>,
    attended: Vec<f32>,
    inner: Vec<f32>,
    attention: biased_attention::Scratch,
    scratch: Scratch,
}

impl Workspace {
    /// The hidden states of the last pack, and scratch for a head's products.
    pub(crate) fn hidden_and_scratch(&mut self) -> (&[f32], &mut Scratch) {
        (&self.stream, &mut self.scratch)
    }
}

impl Transformer {
    /// Computes the last hidden states of a pack, a row for each token, and leaves them in the workspace.
    ///
    /// # Errors
    /// [`ModelError::Device`], as everything that is computed on a device.
    pub(crate) fn forward(&self, rows: &Rows, workspace: &mut Workspace) -> Result<(), ModelError> {
        self.run(rows, Memory::None, workspace)
    }

    /// Computes tokens that rows begin with.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub(crate) fn begin(&self, tokens: &[u32], workspace: &mut Workspace) -> Result<Beginning, ModelError> {
        let mut rows = Rows::default();
        rows.push(tokens, &vec![0; tokens.len()]);
        let mut beginning = Beginning::default();
        self.run(&rows, Memory::Kept(&mut beginning), workspace)?;
        beginning.length = tokens.len();
        Ok(beginning)
    }

    /// The same as [`Self::forward`] for rows that go on from a beginning: what is computed, and left in the workspace, are the
    /// tokens behind it.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub(crate) fn forward_after(
        &self,
        beginning: &Beginning,
        rows: &Rows,
        workspace: &mut Workspace,
    ) -> Result<(), ModelError> {
        self.run(rows, Memory::After(beginning), workspace)
    }

    /// Whether what comes behind a token changes nothing of it, so that rows can share a beginning.
    pub(crate) fn is_causal(&self) -> bool {
        match &self.on_device {
            Some(on_device) => on_device.is_causal,
            None => self.blocks.iter().all(|block| {
                block.sight != biased_attention::Sight::Both && matches!(block.relative, BlockBias::None)
            }),
        }
    }

    fn run(&self, rows: &Rows, mut memory: Memory<'_>, workspace: &mut Workspace) -> Result<(), ModelError> {
        self.embed(rows, memory.before(), workspace);
        if let Some(OnDevice { blocks, .. }) = &self.on_device {
            let stream = &mut workspace.stream;
            match memory {
                Memory::None => blocks.run(self, rows, None, stream)?,
                Memory::Kept(beginning) => beginning.on_device = Some(blocks.begin(self, rows, stream)?),
                Memory::After(beginning) => blocks.run(self, rows, Some(beginning), stream)?,
            }
        } else {
            self.run_here(rows, &mut memory, workspace);
        }
        if let Some(norm) = &self.final_norm {
            norm.apply(&mut workspace.stream);
        }
        Ok(())
    }

    fn run_here(&self, rows: &Rows, memory: &mut Memory<'_>, workspace: &mut Workspace) {
        for (number, block) in self.blocks.iter().enumerate() {
            let place = Place { rows, number, memory };
            match self.wiring {
                Wiring::NormAfter => self.norm_after(block, place, workspace),
                Wiring::NormBefore => self.norm_before(block, place, workspace),
                Wiring::Parallel => self.parallel(block, place, workspace),
            }
        }
    }

    fn embed(&self, rows: &Rows, before: usize, workspace: &mut Workspace) {
        let embeddings = &self.embeddings;
        let Workspace { stream, scratch, .. } = workspace;
        stream.resize(rows.tokens.len() * self.hidden, 0.0);
        for segment in &rows.segments {
            let (mut counted, range) = (before, segment.start..segment.start + segment.length);
            let ids = rows.tokens[range.clone()].iter().zip(&rows.types[range.clone()]);
            let out =
                stream[range.start * self.hidden..range.end * self.hidden].chunks_exact_mut(self.hidden);
            for ((token, kind), out) in ids.zip(out) {
                embeddings.tokens.row_into(*token as usize, out);
                match &embeddings.positions {
                    Positions::None => {}
                    Positions::FromZero(table) => table.add_row(counted, out, scratch),
                    Positions::AfterPadding { table, padding } => {
                        let first = *padding as usize;
                        let position = if token == padding {
                            first
                        } else {
                            first + 1 + counted
                        };
                        table.add_row(position, out, scratch);
                    }
                }
                counted += usize::from(!embeddings.positions.skips(*token));
                if let Some(types) = &embeddings.types {
                    types.add_row((*kind as usize).min(types.rows() - 1), out, scratch);
                }
            }
        }
        if let Some(norm) = &embeddings.norm {
            norm.apply(stream);
        }
    }

    fn norm_after(&self, block: &Block, place: Place<'_, '_>, workspace: &mut Workspace) {
        self.attend(block, place, workspace, Input::Stream);
        let Workspace {
            stream,
            inner,
            attended,
            scratch,
            ..
        } = workspace;
        block.attended.add(attended, stream, scratch);
        block.attention_norm.apply(stream);
        block.up.apply(stream, inner, scratch);
        self.activation.apply(inner);
        block.down.add(inner, stream, scratch);
        if let Some(norm) = &block.feed_norm {
            norm.apply(stream);
        }
    }

    fn norm_before(&self, block: &Block, place: Place<'_, '_>, workspace: &mut Workspace) {
        workspace.normed.clone_from(&workspace.stream);
        block.attention_norm.apply(&mut workspace.normed);
        self.attend(block, place, workspace, Input::Normed);
        let Workspace {
            stream,
            normed,
            inner,
            attended,
            scratch,
            ..
        } = workspace;
        block.attended.add(attended, stream, scratch);
        normed.clone_from(stream);
        if let Some(norm) = &block.feed_norm {
            norm.apply(normed);
        }
        block.up.apply(normed, inner, scratch);
        self.activation.apply(inner);
        block.down.add(inner, stream, scratch);
    }

    fn parallel(&self, block: &Block, place: Place<'_, '_>, workspace: &mut Workspace) {
        workspace.normed.clone_from(&workspace.stream);
        block.attention_norm.apply(&mut workspace.normed);
        self.attend(block, place, workspace, Input::Normed);
        let Workspace {
            stream,
            normed,
            inner,
            attended,
            scratch,
            ..
        } = workspace;
        block.attended.add(attended, stream, scratch);
        block.up.apply(normed, inner, scratch);
        self.activation.apply(inner);
        block.down.add(inner, stream, scratch);
    }

    /// Fills `attended`.
    fn attend(&self, block: &Block, place: Place<'_, '_>, workspace: &mut Workspace, input: Input) {
        let Place { rows, number, memory } = place;
        let Workspace {
            stream,
            normed,
            qkv,
            attended,
            attention,
            scratch,
            ..
        } = workspace;
        let input = match input {
            Input::Stream => stream,
            Input::Normed => normed,
        };
        block.qkv.apply(input, qkv, scratch);
        let width = self.hidden / self.heads;
        if let Some(rotary) = &self.rotary {
            for segment in &rows.segments {
                let of_segment = qkv[segment.start * 3 * self.hidden..].chunks_exact_mut(3 * self.hidden);
                for (position, row) in of_segment.take(segment.length).enumerate() {
                    let position = memory.before() + position;
                    rotary.turn_row_in_pairs(&mut row[..2 * self.hidden], width, position);
                }
            }
        }
        let bias = match &block.relative {
            BlockBias::None => Bias::None,
            BlockBias::Shared => Bias::Distance {
                by_head: &self.by_distance,
                reach: self.max_tokens,
            },
            BlockBias::Disentangled { keys, queries } => Bias::Disentangled(Disentangled {
                keys: keys.as_deref(),
                queries: queries.as_deref(),
                rows: &self.buckets,
                reach: self.max_tokens,
            }),
        };
        attended.resize(rows.tokens.len() * self.hidden, 0.0);
        let rule = Rule {
            heads: self.heads,
            width,
            scale: self.scale,
            sight: block.sight,
            bias,
        };
        let before = match memory {
            Memory::None => None,
            Memory::Kept(beginning) => {
                let rows = qkv.chunks_exact(3 * self.hidden);
                let kept = rows.flat_map(|row| &row[self.hidden..]).copied();
                beginning.blocks.push(kept.collect());
                None
            }
            Memory::After(beginning) => Some(Before {
                rows: &beginning.blocks[number],
                length: beginning.length,
            }),
        };
        biased_attention::forward(qkv, &rows.segments, before, rule, attended, attention);
    }
}

/// Which rows go through which block.
struct Place<'a, 'm> {
    rows: &'a Rows,
    /// The block's, counted from 0.
    number: usize,
    memory: &'a mut Memory<'m>,
}

#[derive(Debug, Clone, Copy)]
enum Input {
    Stream,
    Normed,
}
