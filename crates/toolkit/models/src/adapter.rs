//! A low-rank adapter: two small matrices beside some of a base model's linear maps.

use std::{collections::BTreeMap, ops::Range};

use crate::{Architecture, LoraConfig, ModelError, Projection, Targets, counter_rng::CounterRng};

/// The four products of a layer that an adapter can act on: maps that share an input are one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    QueryKeyValue,
    Output,
    GateUp,
    Down,
}

impl Group {
    pub(crate) const ALL: [Self; 4] = [Self::QueryKeyValue, Self::Output, Self::GateUp, Self::Down];

    pub(crate) fn projections(self) -> &'static [Projection] {
        match self {
            Self::QueryKeyValue => &[Projection::Query, Projection::Key, Projection::Value],
            Self::Output => &[Projection::Output],
            Self::GateUp => &[Projection::Gate, Projection::Up],
            Self::Down => &[Projection::Down],
        }
    }
}

/// One adapted map inside a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Factor {
    pub(crate) projection: Projection,
    /// Matrix A, `rank` rows of the map's inputs.
    pub(crate) a: Range<usize>,
    /// Matrix B, rows of `rank`, one for each output.
    pub(crate) b: Range<usize>,
    pub(crate) outputs: usize,
}

/// The adapted maps of one group. Their A matrices lie one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupFactors {
    pub(crate) inputs: usize,
    pub(crate) factors: Vec<Factor>,
}

impl GroupFactors {
    /// All A matrices as one: rows of `inputs`.
    pub(crate) fn all_a(&self) -> Range<usize> {
        match (self.factors.first(), self.factors.last()) {
            (Some(first), Some(last)) => first.a.start..last.a.end,
            _ => 0..0,
        }
    }
}

/// Where an adapter's matrices lie in one flat buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AdapterLayout {
    pub(crate) rank: usize,
    pub(crate) layers: Vec<[GroupFactors; 4]>,
    pub(crate) length: usize,
}

impl AdapterLayout {
    pub(crate) fn new(shape: &AdaptedShape, rank: usize) -> Self {
        let mut next = 0;
        let mut take = |length: usize| {
            let range = next..next + length;
            next += length;
            range
        };
        let mut group = |group: Group| {
            let mut shared_inputs = 0;
            let mut factors = Vec::new();
            for projection in group.projections() {
                if let Some((inputs, outputs)) = shape.dimensions(*projection) {
                    shared_inputs = inputs;
                    factors.push(Factor {
                        projection: *projection,
                        a: take(rank * inputs),
                        b: 0..0,
                        outputs,
                    });
                }
            }
            for factor in &mut factors {
                factor.b = take(factor.outputs * rank);
            }
            GroupFactors {
                inputs: shared_inputs,
                factors,
            }
        };
        let layers = (0..shape.layers).map(|_| Group::ALL.map(&mut group)).collect();
        Self {
            rank,
            layers,
            length: next,
        }
    }

    /// Every matrix with its name in a `peft` file, its shape and its place.
    pub(crate) fn tensors(&self) -> impl Iterator<Item = AdapterTensor> + '_ {
        self.layers.iter().enumerate().flat_map(move |(layer, groups)| {
            groups.iter().flat_map(move |group| {
                group.factors.iter().flat_map(move |factor| {
                    let module = factor.projection.module(layer);
                    let name = |part: &str| format!("base_model.model.{module}.lora_{part}.weight");
                    [
                        AdapterTensor {
                            name: name("A"),
                            shape: [self.rank, group.inputs],
                            range: factor.a.clone(),
                            side: Side::A,
                        },
                        AdapterTensor {
                            name: name("B"),
                            shape: [factor.outputs, self.rank],
                            range: factor.b.clone(),
                            side: Side::B,
                        },
                    ]
                })
            })
        })
    }
}

/// The two matrices of a factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    A,
    B,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AdapterTensor {
    pub(crate) name: String,
    pub(crate) shape: [usize; 2],
    pub(crate) range: Range<usize>,
    pub(crate) side: Side,
}

/// A low-rank adapter for base models of one shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapter {
    pub(crate) config: LoraConfig,
    pub(crate) shape: AdaptedShape,
    pub(crate) layout: AdapterLayout,
    pub(crate) values: Vec<f32>,
}

/// The part of a base model's shape that an adapter depends on: its layers, and inputs and outputs of each adapted map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AdaptedShape {
    pub(crate) layers: usize,
    pub(crate) dimensions: BTreeMap<Projection, (usize, usize)>,
}

impl AdaptedShape {
    pub(crate) fn of(architecture: &Architecture, targets: &Targets) -> Self {
        let dimensions = Projection::ALL
            .into_iter()
            .filter(|projection| targets.contains(*projection))
            .map(|projection| (projection, architecture.dimensions(projection)))
            .collect();
        Self {
            layers: architecture.layers,
            dimensions,
        }
    }

    fn dimensions(&self, projection: Projection) -> Option<(usize, usize)> {
        self.dimensions.get(&projection).copied()
    }
}

impl Adapter {
    /// A fresh adapter that changes nothing yet: A is uniform within ±1/√inputs, B is 0.
    ///
    /// Each A is drawn from a generator of its own, keyed by the seed and the tensor's name, so that it does not
    /// depend on the order in which tensors are made.
    pub(crate) fn fresh(architecture: &Architecture, config: &LoraConfig, seed: u64) -> Self {
        let shape = AdaptedShape::of(architecture, &config.targets);
        let layout = AdapterLayout::new(&shape, config.rank);
        let mut values = vec![0.0; layout.length];
        for tensor in layout.tensors().filter(|tensor| tensor.side == Side::A) {
            let generator = CounterRng::new("lora init", seed, &tensor.name);
            let bound = 1.0 / (tensor.shape[1] as f32).sqrt();
            for (counter, value) in (0_u64..).zip(&mut values[tensor.range]) {
                *value = (generator.uniform(counter) * 2.0 - 1.0) * bound;
            }
        }
        Self {
            config: config.clone(),
            shape,
            layout,
            values,
        }
    }

    /// The adapter's shape.
    #[must_use]
    pub fn config(&self) -> &LoraConfig {
        &self.config
    }

    /// Number of trained values.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.values.len()
    }

    /// The values of one matrix, row by row, by its name in a `peft` file.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<&[f32]> {
        let tensor = self.layout.tensors().find(|tensor| tensor.name == name)?;
        Some(&self.values[tensor.range])
    }

    /// The names of all matrices.
    #[must_use]
    pub fn tensor_names(&self) -> Vec<String> {
        self.layout.tensors().map(|tensor| tensor.name).collect()
    }

    /// Refuses an adapter that was made for another shape.
    pub(crate) fn check_fits(&self, architecture: &Architecture) -> Result<(), ModelError> {
        if self.shape.layers != architecture.layers {
            return Err(ModelError::AdapterMismatch {
                tensor: "the list of layers".to_owned(),
                expected: vec![architecture.layers],
                found: vec![self.shape.layers],
            });
        }
        for (projection, found) in &self.shape.dimensions {
            let expected = architecture.dimensions(*projection);
            if *found != expected {
                return Err(ModelError::AdapterMismatch {
                    tensor: projection.module(0),
                    expected: vec![expected.1, expected.0],
                    found: vec![found.1, found.0],
                });
            }
        }
        Ok(())
    }
}
