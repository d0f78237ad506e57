//! A strict interpreter of the pickle operations that a dictionary of tensors needs, protocols 2 to 5.
//!
//! Objects live in one list and refer to each other by number: what the pickle shows a thousand times is still one
//! object, so that memory stays in proportion to the pickle's bytes, and nothing here is recursive.

use std::{collections::BTreeMap, rc::Rc};

use super::TorchFileError;

/// Most objects, and most things on the stack. A model of a thousand tensors has 20,000 objects.
const OBJECT_LIMIT: usize = 1 << 20;

/// A tensor as the pickle tells it, nothing of it checked against the storages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tensor {
    pub(super) storage: StorageRef,
    /// In elements.
    pub(super) offset: u64,
    pub(super) shape: Vec<u64>,
    pub(super) strides: Vec<u64>,
}

/// A storage that a tensor lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StorageRef {
    pub(super) kind: StorageKind,
    pub(super) key: Rc<str>,
    pub(super) elements: u64,
}

/// The element type of a storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StorageKind {
    Float,
    Half,
    BFloat16,
    Double,
    Long,
    Int,
    Short,
    Char,
    Byte,
    Bool,
}

impl StorageKind {
    const ALL: [Self; 10] = [
        Self::Float,
        Self::Half,
        Self::BFloat16,
        Self::Double,
        Self::Long,
        Self::Int,
        Self::Short,
        Self::Char,
        Self::Byte,
        Self::Bool,
    ];

    /// The name of its class in the module `torch`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Float => "FloatStorage",
            Self::Half => "HalfStorage",
            Self::BFloat16 => "BFloat16Storage",
            Self::Double => "DoubleStorage",
            Self::Long => "LongStorage",
            Self::Int => "IntStorage",
            Self::Short => "ShortStorage",
            Self::Char => "CharStorage",
            Self::Byte => "ByteStorage",
            Self::Bool => "BoolStorage",
        }
    }

    /// Bytes of an element.
    pub(super) fn width(self) -> u64 {
        match self {
            Self::Double | Self::Long => 8,
            Self::Float | Self::Int => 4,
            Self::Half | Self::BFloat16 | Self::Short => 2,
            Self::Char | Self::Byte | Self::Bool => 1,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(StorageKind),
}

impl Global {
    fn find(module: &str, name: &str) -> Result<Self, TorchFileError> {
        let storage = StorageKind::ALL.into_iter().find(|kind| kind.name() == name);
        match (module, name, storage) {
            ("collections", "OrderedDict", _) => Ok(Self::OrderedDict),
            ("torch._utils", "_rebuild_tensor_v2", _) => Ok(Self::RebuildTensor),
            ("torch._utils", "_rebuild_parameter", _) => Ok(Self::RebuildParameter),
            ("torch", _, Some(kind)) => Ok(Self::Storage(kind)),
            _ => Err(TorchFileError::Global {
                // A name is anything; an error shows no more than a line of it.
                global: format!("{module}.{name}")
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(120)
                    .collect(),
            }),
        }
    }
}

type Id = u32;

#[derive(Debug)]
enum Object {
    /// A value that no tensor is made of.
    Other,
    Integer(i64),
    Text(Rc<str>),
    Tuple(Vec<Id>),
    List,
    Dict(Vec<(Id, Id)>),
    Global(Global),
    Storage(StorageRef),
    Tensor(Tensor),
}

/// The tensors of a pickled dictionary, or of the dictionary that is its entry `state_dict`.
pub(super) fn state_dict(pickle: &[u8]) -> Result<Vec<(String, Tensor)>, TorchFileError> {
    let mut machine = Machine {
        pickle,
        at: 0,
        objects: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Vec::new(),
    };
    let top = machine.run()?;
    let mut tensors = machine.tensors(top);
    if tensors.is_empty()
        && let Object::Dict(entries) = &machine.objects[top as usize]
    {
        let nested = entries.iter().find(
            |(key, _)| matches!(&machine.objects[*key as usize], Object::Text(key) if &**key == "state_dict"),
        );
        if let Some((_, nested)) = nested {
            tensors = machine.tensors(*nested);
        }
    }
    if tensors.is_empty() {
        return Err(TorchFileError::NotAStateDict);
    }
    Ok(tensors)
}

struct Machine<'a> {
    pickle: &'a [u8],
    at: usize,
    objects: Vec<Object>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: Vec<Option<Id>>,
}

impl<'a> Machine<'a> {
    fn unsound(&self, problem: &'static str) -> TorchFileError {
        TorchFileError::Pickle { problem, at: self.at }
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8], TorchFileError> {
        let pickle = self.pickle;
        let bytes = pickle
            .get(self.at..)
            .and_then(|rest| rest.get(..count))
            .ok_or_else(|| self.unsound("it ends early"))?;
        self.at += count;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], TorchFileError> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    fn byte(&mut self) -> Result<u8, TorchFileError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    fn line(&mut self) -> Result<&'a str, TorchFileError> {
        let rest = &self.pickle[self.at..];
        let length = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or_else(|| self.unsound("a line does not end"))?;
        let line = self.bytes(length)?;
        self.at += 1;
        std::str::from_utf8(line).map_err(|_| self.unsound("a line is not UTF-8"))
    }

    fn text(&mut self, length: usize) -> Result<Object, TorchFileError> {
        let bytes = self.bytes(length)?;
        let text = std::str::from_utf8(bytes).map_err(|_| self.unsound("a text is not UTF-8"))?;
        Ok(Object::Text(text.into()))
    }

    fn limit(&self, what: &'static str, found: usize) -> Result<(), TorchFileError> {
        if found >= OBJECT_LIMIT {
            return Err(TorchFileError::TooMany {
                what,
                found: found as u64,
                limit: OBJECT_LIMIT as u64,
            });
        }
        Ok(())
    }

    fn push(&mut self, object: Object) -> Result<(), TorchFileError> {
        self.limit("objects in its pickle", self.objects.len())?;
        #[expect(clippy::cast_possible_truncation, reason = "fewer than the limit of objects")]
        let id = self.objects.len() as Id;
        self.objects.push(object);
        self.push_id(id)
    }

    fn push_id(&mut self, id: Id) -> Result<(), TorchFileError> {
        self.limit("things on its pickle's stack", self.stack.len())?;
        self.stack.push(id);
        Ok(())
    }

    fn pop(&mut self) -> Result<Id, TorchFileError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(self.unsound("the stack is empty"));
        }
        self.stack.pop().ok_or_else(|| self.unsound("the stack is empty"))
    }

    fn top(&self) -> Result<Id, TorchFileError> {
        self.stack
            .last()
            .copied()
            .ok_or_else(|| self.unsound("the stack is empty"))
    }

    /// Everything above the last mark.
    fn above_mark(&mut self) -> Result<Vec<Id>, TorchFileError> {
        let mark = self
            .marks
            .pop()
            .filter(|mark| *mark <= self.stack.len())
            .ok_or_else(|| self.unsound("there is no mark"))?;
        Ok(self.stack.split_off(mark))
    }

    fn remember(&mut self, index: usize) -> Result<(), TorchFileError> {
        self.limit("remembered objects in its pickle", index)?;
        let id = self.top()?;
        if self.memo.len() <= index {
            self.memo.resize(index + 1, None);
        }
        self.memo[index] = Some(id);
        Ok(())
    }

    fn recall(&mut self, index: usize) -> Result<(), TorchFileError> {
        let id = self
            .memo
            .get(index)
            .copied()
            .flatten()
            .ok_or_else(|| self.unsound("it recalls what it has not remembered"))?;
        self.push_id(id)
    }

    fn small_tuple(&mut self, count: usize) -> Result<(), TorchFileError> {
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(self.pop()?);
        }
        items.reverse();
        self.push(Object::Tuple(items))
    }

    fn set_items(&mut self, items: &[Id]) -> Result<(), TorchFileError> {
        let target = self.top()? as usize;
        let Object::Dict(entries) = &mut self.objects[target] else {
            return Err(self.unsound("entries are set on what is no dictionary"));
        };
        let (pairs, rest) = items.as_chunks::<2>();
        entries.extend(pairs.iter().map(|[key, value]| (*key, *value)));
        if rest.is_empty() {
            Ok(())
        } else {
            Err(self.unsound("a key has no value"))
        }
    }

    fn run(&mut self) -> Result<Id, TorchFileError> {
        loop {
            let at = self.at;
            match self.byte()? {
                // PROTO, FRAME
                0x80 => {
                    if !(2..=5).contains(&self.byte()?) {
                        return Err(self.unsound("its protocol is none of 2 to 5"));
                    }
                }
                0x95 => {
                    self.bytes(8)?;
                }
                b'.' => return self.pop(),
                b'(' => {
                    self.limit("marks in its pickle", self.marks.len())?;
                    self.marks.push(self.stack.len());
                }
                b'0' => {
                    self.pop()?;
                }
                b'1' => {
                    self.above_mark()?;
                }
                // Containers.
                b'}' => self.push(Object::Dict(Vec::new()))?,
                b']' => self.push(Object::List)?,
                b')' => self.push(Object::Tuple(Vec::new()))?,
                b't' => {
                    let items = self.above_mark()?;
                    self.push(Object::Tuple(items))?;
                }
                0x85 => self.small_tuple(1)?,
                0x86 => self.small_tuple(2)?,
                0x87 => self.small_tuple(3)?,
                b's' => {
                    let value = self.pop()?;
                    let key = self.pop()?;
                    self.set_items(&[key, value])?;
                }
                b'u' => {
                    let items = self.above_mark()?;
                    self.set_items(&items)?;
                }
                // What lists hold is not needed.
                b'a' => {
                    self.pop()?;
                }
                b'e' => {
                    self.above_mark()?;
                }
                // The memo: BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET.
                b'q' => {
                    let index = self.byte()?;
                    self.remember(usize::from(index))?;
                }
                b'r' => {
                    let index = u32::from_le_bytes(self.array()?);
                    self.remember(index as usize)?;
                }
                0x94 => self.remember(self.memo.len())?,
                b'h' => {
                    let index = self.byte()?;
                    self.recall(usize::from(index))?;
                }
                b'j' => {
                    let index = u32::from_le_bytes(self.array()?);
                    self.recall(index as usize)?;
                }
                // Texts: BINUNICODE, SHORT_BINUNICODE, BINUNICODE8, and BINSTRING and SHORT_BINSTRING of Python 2.
                b'X' | b'T' => {
                    let length = u32::from_le_bytes(self.array()?);
                    let text = self.text(length as usize)?;
                    self.push(text)?;
                }
                0x8c | b'U' => {
                    let length = self.byte()?;
                    let text = self.text(usize::from(length))?;
                    self.push(text)?;
                }
                0x8d => {
                    let length = u64::from_le_bytes(self.array()?);
                    let length = usize::try_from(length).map_err(|_| self.unsound("it ends early"))?;
                    let text = self.text(length)?;
                    self.push(text)?;
                }
                // Numbers: BININT, BININT1, BININT2, LONG1, BINFLOAT.
                b'J' => {
                    let value = i32::from_le_bytes(self.array()?);
                    self.push(Object::Integer(value.into()))?;
                }
                b'K' => {
                    let value = self.byte()?;
                    self.push(Object::Integer(value.into()))?;
                }
                b'M' => {
                    let value = u16::from_le_bytes(self.array()?);
                    self.push(Object::Integer(value.into()))?;
                }
                0x8a => {
                    let length = usize::from(self.byte()?);
                    if length > 8 {
                        return Err(self.unsound("a number has more than 64 bits"));
                    }
                    let bytes = self.bytes(length)?;
                    let sign = if bytes.last().is_some_and(|byte| *byte >= 0x80) {
                        0xff
                    } else {
                        0
                    };
                    let mut value = [sign; 8];
                    value[..length].copy_from_slice(bytes);
                    self.push(Object::Integer(i64::from_le_bytes(value)))?;
                }
                b'G' => {
                    self.bytes(8)?;
                    self.push(Object::Other)?;
                }
                // NONE, NEWTRUE, NEWFALSE
                b'N' | 0x88 | 0x89 => self.push(Object::Other)?,
                // GLOBAL, STACK_GLOBAL
                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.push(Object::Global(Global::find(module, name)?))?;
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    let (Object::Text(module), Object::Text(name)) =
                        (&self.objects[module as usize], &self.objects[name as usize])
                    else {
                        return Err(self.unsound("a global's name is no text"));
                    };
                    let global = Global::find(module, name)?;
                    self.push(Object::Global(global))?;
                }
                // REDUCE, BUILD, BINPERSID
                b'R' => self.reduce()?,
                b'b' => {
                    // Attributes of a dictionary, such as the versions of a model's modules.
                    self.pop()?;
                    if !matches!(self.objects[self.top()? as usize], Object::Dict(_)) {
                        return Err(self.unsound("attributes are set on what is no dictionary"));
                    }
                }
                b'Q' => {
                    let id = self.pop()?;
                    let storage = self
                        .storage(id)
                        .ok_or_else(|| self.unsound("a persistent object is no storage"))?;
                    self.push(Object::Storage(storage))?;
                }
                operation => return Err(TorchFileError::Operation { operation, at }),
            }
        }
    }

    fn tuple(&self, id: Id) -> Option<&[Id]> {
        match &self.objects[id as usize] {
            Object::Tuple(items) => Some(items),
            _ => None,
        }
    }

    fn count(&self, id: Id) -> Option<u64> {
        match &self.objects[id as usize] {
            Object::Integer(value) => u64::try_from(*value).ok(),
            _ => None,
        }
    }

    fn counts(&self, id: Id) -> Option<Vec<u64>> {
        /// Dimensions of a tensor. Weights have up to four; each costs memory for every tensor of a hostile pickle.
        const DIMENSIONS: usize = 8;
        let items = self.tuple(id).filter(|items| items.len() <= DIMENSIONS)?;
        items.iter().map(|id| self.count(*id)).collect()
    }

    /// `('storage', class, key, place, elements)`.
    fn storage(&self, id: Id) -> Option<StorageRef> {
        let [tag, class, key, _place, elements] = *self.tuple(id)? else {
            return None;
        };
        match [tag, class, key].map(|id| &self.objects[id as usize]) {
            [
                Object::Text(tag),
                Object::Global(Global::Storage(kind)),
                Object::Text(key),
            ] if &**tag == "storage" => Some(StorageRef {
                kind: *kind,
                key: key.clone(),
                elements: self.count(elements)?,
            }),
            _ => None,
        }
    }

    fn reduce(&mut self) -> Result<(), TorchFileError> {
        let (arguments, callable) = (self.pop()?, self.pop()?);
        let Object::Global(global) = self.objects[callable as usize] else {
            return Err(self.unsound("what is called is no global"));
        };
        let arguments = self
            .tuple(arguments)
            .ok_or_else(|| self.unsound("arguments are no tuple"))?;
        let made = match (global, arguments) {
            (Global::OrderedDict, []) => Some(Object::Dict(Vec::new())),
            // The storage, its offset, shape and strides; then whether gradients are wanted, hooks, and more.
            (Global::RebuildTensor, [storage, offset, shape, strides, ..]) => {
                self.tensor(*storage, *offset, *shape, *strides)
            }
            (Global::RebuildParameter, [tensor, ..]) => match &self.objects[*tensor as usize] {
                Object::Tensor(tensor) => Some(Object::Tensor(tensor.clone())),
                _ => None,
            },
            _ => None,
        };
        let made =
            made.ok_or_else(|| self.unsound("arguments are not those of the global that is called"))?;
        self.push(made)
    }

    fn tensor(&self, storage: Id, offset: Id, shape: Id, strides: Id) -> Option<Object> {
        let Object::Storage(storage) = &self.objects[storage as usize] else {
            return None;
        };
        let (shape, strides) = (self.counts(shape)?, self.counts(strides)?);
        (shape.len() == strides.len()).then_some(Object::Tensor(Tensor {
            storage: storage.clone(),
            offset: self.count(offset)?,
            shape,
            strides,
        }))
    }

    /// The entries of a dictionary that are tensors under a text; of equal names the last, as in Python. A name is
    /// copied once, however often the pickle shows it.
    fn tensors(&self, dictionary: Id) -> Vec<(String, Tensor)> {
        let Object::Dict(entries) = &self.objects[dictionary as usize] else {
            return Vec::new();
        };
        let named =
            |(key, value): &(Id, Id)| match (&self.objects[*key as usize], &self.objects[*value as usize]) {
                (Object::Text(name), Object::Tensor(tensor)) => Some((name.as_ref(), tensor)),
                _ => None,
            };
        let by_name: BTreeMap<&str, &Tensor> = entries.iter().filter_map(named).collect();
        by_name
            .into_iter()
            .map(|(name, tensor)| (name.to_owned(), tensor.clone()))
            .collect()
    }
}
