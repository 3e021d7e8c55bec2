//! Where the result of a call goes: the code behind the call, followed along one way through it.
//!
//! The code before the call is read once, for what the operand stack holds at the call. Behind it, a test of the result
//! against null is followed as if the allocation had succeeded, any other test into what is written next. Loops are not
//! followed back; neither is anything behind [`MAX_STEPS`] operators.

use std::collections::HashMap;

use wasmparser::{BlockType, FrameKind, ModuleArity, Operator};

use crate::layout::sections::Sections;

/// Operators behind the call that are followed.
const MAX_STEPS: usize = 600;

/// What is known of a value on the operand stack or in a local.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Unknown,
    Constant(i64),
    /// The result plus so many bytes.
    Result(i64),
    /// Whether the result is null.
    IsNull,
    /// What was in a local plus so many bytes.
    Local(u32, i64),
}

/// Where something is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::layout) enum Base {
    /// At an address.
    Static(u64),
    /// So many bytes behind what a local holds.
    Local(u32, u64),
}

/// What became of the result of a call.
#[derive(Clone, Debug, Default)]
pub(in crate::layout) struct Flow {
    /// Places in the module at which a local holds the result plus so many bytes.
    pub(in crate::layout) held: Vec<(u32, u32, i64)>,
    /// Places in the module at which the result plus so many bytes was stored.
    pub(in crate::layout) stored: Vec<(u32, Base, i64)>,
    /// The function returns the result plus so many bytes.
    pub(in crate::layout) returned: Option<i64>,
}

struct Step<'module> {
    place: u32,
    after: u32,
    operator: Operator<'module>,
}

struct Label {
    ty: BlockType,
    kind: FrameKind,
    height: usize,
    /// Index of the operator behind its end.
    behind: usize,
}

struct Machine<'a> {
    sections: &'a Sections,
    stack: Vec<Value>,
    locals: HashMap<u32, Value>,
    labels: Vec<Label>,
    flow: Flow,
}

/// What is done after an operator.
enum Next {
    On,
    Jump(u32),
    Stop,
}

/// Follows the result of the call at `place`, in bytes from the start of the module. None where no call is there.
pub(super) fn follow(sections: &Sections, place: u32) -> Option<Flow> {
    let at = sections.bodies.partition_point(|body| body.start <= place as usize).checked_sub(1)?;
    let steps = steps(sections, sections.bodies.get(at)?.clone())?;
    let call = steps.iter().position(|step| (step.place..step.after).contains(&place))?;
    let function = *sections.functions.get(sections.imported_functions.len() + at)?;
    let root = Label { ty: BlockType::FuncType(function), kind: FrameKind::Block, height: 0, behind: steps.len() };
    let mut machine =
        Machine { sections, stack: Vec::new(), locals: HashMap::new(), labels: vec![root], flow: Flow::default() };
    let ends = ends(&steps);
    for index in 0..call {
        machine.step(&steps[index], ends[index])?;
    }
    let calls = matches!(steps[call].operator, Operator::Call { .. } | Operator::CallIndirect { .. });
    machine.step(&steps[call], ends[call])?;
    *machine.stack.last_mut().filter(|_| calls)? = Value::Result(0);
    // What the locals held before is not the result.
    machine.locals.clear();
    machine.run(&steps, &ends, call + 1);
    Some(machine.flow)
}

fn steps(sections: &Sections, body: std::ops::Range<usize>) -> Option<Vec<Step<'_>>> {
    let start = body.start;
    let body = wasmparser::FunctionBody::new(wasmparser::BinaryReader::new(sections.bytes.get(body)?, start));
    let mut operators = body.get_operators_reader().ok()?;
    let mut steps = Vec::new();
    while !operators.eof() {
        let place = operators.original_position() as u32;
        let operator = operators.read().ok()?;
        steps.push(Step { place, after: operators.original_position() as u32, operator });
    }
    Some(steps)
}

/// For each operator that opens a block the index behind its end, and for each `else` that of its `if`.
fn ends(steps: &[Step<'_>]) -> Vec<usize> {
    let mut ends = vec![steps.len(); steps.len()];
    let mut open: Vec<Vec<usize>> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        match step.operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                open.push(vec![index]);
            }
            Operator::Else => {
                if let Some(open) = open.last_mut() {
                    open.push(index);
                }
            }
            Operator::End => {
                for opened in open.pop().unwrap_or_default() {
                    ends[opened] = index + 1;
                }
            }
            _ => {}
        }
    }
    ends
}

impl Machine<'_> {
    fn run(&mut self, steps: &[Step<'_>], ends: &[usize], first: usize) {
        let mut index = first;
        for _ in 0..MAX_STEPS {
            let Some(step) = steps.get(index) else { break };
            let next = match self.decide(step, ends[index]) {
                Some(next) => next,
                None => break,
            };
            index = match next {
                Next::On => index + 1,
                Next::Stop => break,
                Next::Jump(depth) => match self.leave(depth) {
                    Some(behind) => behind,
                    None => break,
                },
            };
            let held = self.locals.iter().filter_map(|(&local, &value)| match value {
                Value::Result(delta) => Some((step.after, local, delta)),
                _ => None,
            });
            self.flow.held.extend(held);
            if self.labels.is_empty() {
                break;
            }
        }
        self.flow.held.sort_unstable();
    }

    /// Executes an operator, and chooses the way where there are two.
    fn decide(&mut self, step: &Step<'_>, end: usize) -> Option<Next> {
        let condition = self.stack.last().copied().unwrap_or(Value::Unknown);
        match step.operator {
            Operator::BrIf { relative_depth } => {
                self.stack.pop();
                Some(if matches!(condition, Value::Result(_)) { Next::Jump(relative_depth) } else { Next::On })
            }
            Operator::Br { relative_depth } => Some(Next::Jump(relative_depth)),
            Operator::Return => Some(Next::Jump(u32::try_from(self.labels.len()).ok()?.checked_sub(1)?)),
            Operator::Else => Some(Next::Jump(0)),
            Operator::If { .. } if condition == Value::IsNull => {
                self.step(step, end)?;
                // What stands in an `else` for a result that is there is left out as well.
                Some(Next::Jump(0))
            }
            Operator::End if self.labels.len() == 1 => Some(Next::Jump(0)),
            Operator::BrTable { .. } | Operator::Unreachable | Operator::Throw { .. } => Some(Next::Stop),
            _ => {
                self.step(step, end)?;
                Some(Next::On)
            }
        }
    }

    /// Leaves the blocks up to `depth`; gives the index to go on at, none where it goes on nowhere.
    fn leave(&mut self, depth: u32) -> Option<usize> {
        let at = self.labels.len().checked_sub(depth as usize + 1)?;
        if at == 0 {
            if let Some(Value::Result(delta)) = self.stack.last() {
                self.flow.returned = Some(*delta);
            }
            return None;
        }
        if self.labels[at].kind == FrameKind::Loop {
            return None;
        }
        let (_, results) = self.block_type_arity(self.labels[at].ty)?;
        let kept = self.stack.split_off(self.stack.len().saturating_sub(results as usize));
        let (height, behind) = (self.labels[at].height, self.labels[at].behind);
        self.stack.truncate(height);
        self.stack.extend(kept);
        self.labels.truncate(at);
        Some(behind)
    }

    /// Executes an operator as if nothing branched.
    fn step(&mut self, step: &Step<'_>, end: usize) -> Option<()> {
        match step.operator {
            Operator::LocalGet { local_index } => {
                let value = self.locals.get(&local_index).copied().unwrap_or(Value::Local(local_index, 0));
                self.stack.push(value);
            }
            Operator::LocalSet { local_index } => {
                let value = self.pop();
                self.set(local_index, value);
            }
            Operator::LocalTee { local_index } => {
                let value = self.pop();
                self.set(local_index, value);
                self.stack.push(value);
            }
            Operator::I32Const { value } => self.stack.push(Value::Constant(i64::from(value))),
            Operator::I64Const { value } => self.stack.push(Value::Constant(value)),
            Operator::I32Add | Operator::I64Add => {
                let (second, first) = (self.pop(), self.pop());
                self.stack.push(sum(first, second));
            }
            Operator::I32Eqz | Operator::I64Eqz => {
                let value = self.pop();
                self.stack.push(if matches!(value, Value::Result(_)) { Value::IsNull } else { Value::Unknown });
            }
            Operator::I32Store { memarg } | Operator::I64Store { memarg } => {
                let (value, base) = (self.pop(), self.pop());
                if let (Value::Result(delta), Some(base)) = (value, based(base, memarg.offset)) {
                    self.flow.stored.push((step.place, base, delta));
                }
            }
            Operator::Call { function_index } => {
                let first = self.first_argument(function_index);
                self.other(step)?;
                if let (Some(first), Some(result)) = (first, self.stack.last_mut()) {
                    *result = first;
                }
            }
            Operator::Block { blockty }
            | Operator::TryTable { try_table: wasmparser::TryTable { ty: blockty, .. } } => {
                self.open(blockty, FrameKind::Block, end)?;
            }
            Operator::Loop { blockty } => self.open(blockty, FrameKind::Loop, end)?,
            Operator::If { blockty } => {
                self.pop();
                self.open(blockty, FrameKind::If, end)?;
            }
            Operator::Else => {
                let height = self.labels.last()?.height;
                let (parameters, _) = self.block_type_arity(self.labels.last()?.ty)?;
                self.stack.resize(height + parameters as usize, Value::Unknown);
            }
            Operator::End => {
                let label = self.labels.pop()?;
                let (_, results) = self.block_type_arity(label.ty)?;
                self.stack.resize(label.height + results as usize, Value::Unknown);
            }
            _ => self.other(step)?,
        }
        Some(())
    }

    /// An operator that computes something.
    fn other(&mut self, step: &Step<'_>) -> Option<()> {
        let (pops, pushes) = step.operator.operator_arity(self)?;
        let kept = self.stack.len().saturating_sub(pops as usize);
        self.stack.truncate(kept);
        self.stack.resize(kept + pushes as usize, Value::Unknown);
        Some(())
    }

    fn open(&mut self, ty: BlockType, kind: FrameKind, behind: usize) -> Option<()> {
        let (parameters, _) = self.block_type_arity(ty)?;
        let height = self.stack.len().saturating_sub(parameters as usize);
        self.labels.push(Label { ty, kind, height, behind });
        Some(())
    }

    fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or(Value::Unknown)
    }

    fn set(&mut self, local: u32, value: Value) {
        for held in self.stack.iter_mut().chain(self.locals.values_mut()) {
            if matches!(held, Value::Local(of, _) if *of == local) {
                *held = Value::Unknown;
            }
        }
        self.locals.insert(local, value);
        if matches!(value, Value::Unknown | Value::Constant(_)) || value == Value::Local(local, 0) {
            self.locals.remove(&local);
        }
    }

    /// The first argument of a function of the C library that returns it.
    fn first_argument(&self, function: u32) -> Option<Value> {
        let name = self.sections.function_name(function)?;
        let arity = self.sub_type_arity(self.sub_type_at(self.type_index_of_function(function)?)?)?;
        let returns_it = matches!(name, "memset" | "memcpy" | "memmove" | "__memset" | "__memcpy" | "__memmove");
        self.stack.len().checked_sub(3).filter(|_| returns_it && arity == (3, 1)).map(|at| self.stack[at])
    }
}

fn based(base: Value, offset: u64) -> Option<Base> {
    match base {
        Value::Constant(address) => Some(Base::Static(u64::try_from(address).ok()?.checked_add(offset)?)),
        Value::Local(local, by) => Some(Base::Local(local, u64::try_from(by).ok()?.checked_add(offset)?)),
        _ => None,
    }
}

fn sum(first: Value, second: Value) -> Value {
    match (first, second) {
        (Value::Result(at), Value::Constant(by)) | (Value::Constant(by), Value::Result(at)) => {
            Value::Result(at.wrapping_add(by))
        }
        (Value::Local(local, at), Value::Constant(by)) | (Value::Constant(by), Value::Local(local, at)) => {
            Value::Local(local, at.wrapping_add(by))
        }
        (Value::Constant(first), Value::Constant(second)) => Value::Constant(first.wrapping_add(second)),
        _ => Value::Unknown,
    }
}

impl ModuleArity for Machine<'_> {
    fn sub_type_at(&self, at: u32) -> Option<&wasmparser::SubType> {
        self.sections.types.get(at as usize)
    }

    fn tag_type_arity(&self, at: u32) -> Option<(u32, u32)> {
        self.sub_type_arity(self.sub_type_at(*self.sections.tags.get(at as usize)?)?)
    }

    fn type_index_of_function(&self, function: u32) -> Option<u32> {
        self.sections.functions.get(function as usize).copied()
    }

    fn func_type_of_cont_type(&self, _: &wasmparser::ContType) -> Option<&wasmparser::FuncType> {
        None
    }

    fn sub_type_of_ref_type(&self, _: &wasmparser::RefType) -> Option<&wasmparser::SubType> {
        None
    }

    fn control_stack_height(&self) -> u32 {
        self.labels.len() as u32
    }

    fn label_block(&self, depth: u32) -> Option<(BlockType, FrameKind)> {
        let label = &self.labels[self.labels.len().checked_sub(depth as usize + 1)?];
        Some((label.ty, label.kind))
    }
}
