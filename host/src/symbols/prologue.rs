//! How many bytes of the shadow stack an activation of a function takes, read from its first instructions.
//!
//! LLVM's functions lower the stack pointer by a constant before anything else:
//! `global.get $sp; i32.const 32; i32.sub; local.tee 0; global.set $sp`. Unoptimised code sends the parts through
//! locals. The few operators that make up such a beginning are evaluated; anything else ends the search.

use std::collections::HashMap;

use wasmparser::{BinaryReader, FunctionBody, Operator};

/// Operators to look at: unoptimised beginnings take ten.
const MAX_OPERATORS: usize = 48;

/// What is known of a value on the operand stack or in a local.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    /// The stack pointer at entry plus this.
    Stack(i64),
    Constant(i64),
    Unknown,
}

/// What a function does to the stack pointer when it is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShadowFrame {
    /// It lowers it by this many bytes, perhaps 0.
    Bytes(u64),
    /// It sets it to something that depends on the caller, as over-aligned frames do.
    Unknown,
}

/// Reads the beginning of a body whose module has its stack pointer in global `stack_pointer`.
pub(super) fn shadow_frame(body: &[u8], stack_pointer: u32) -> ShadowFrame {
    let body = FunctionBody::new(BinaryReader::new(body, 0));
    let Ok(mut operators) = body.get_operators_reader() else { return ShadowFrame::Unknown };
    let mut stack: Vec<Value> = Vec::new();
    let mut locals: HashMap<u32, Value> = HashMap::new();
    for _ in 0..MAX_OPERATORS {
        let Ok(operator) = operators.read() else { break };
        let mut pop = || stack.pop().unwrap_or(Value::Unknown);
        match operator {
            Operator::GlobalGet { global_index } if global_index == stack_pointer => stack.push(Value::Stack(0)),
            Operator::I32Const { value } => stack.push(Value::Constant(i64::from(value))),
            Operator::I64Const { value } => stack.push(Value::Constant(value)),
            Operator::LocalGet { local_index } => {
                stack.push(locals.get(&local_index).copied().unwrap_or(Value::Unknown));
            }
            Operator::LocalSet { local_index } => {
                let value = pop();
                locals.insert(local_index, value);
            }
            Operator::LocalTee { local_index } => {
                let value = pop();
                locals.insert(local_index, value);
                stack.push(value);
            }
            Operator::I32Add | Operator::I64Add => {
                let (second, first) = (pop(), pop());
                stack.push(sum(first, second, 1));
            }
            Operator::I32Sub | Operator::I64Sub => {
                let (second, first) = (pop(), pop());
                stack.push(sum(first, second, -1));
            }
            Operator::I32And | Operator::I64And => {
                pop();
                pop();
                stack.push(Value::Unknown);
            }
            Operator::GlobalSet { global_index } if global_index == stack_pointer => {
                return match pop() {
                    Value::Stack(change) if change <= 0 => ShadowFrame::Bytes(change.unsigned_abs()),
                    _ => ShadowFrame::Unknown,
                };
            }
            _ => break,
        }
    }
    ShadowFrame::Bytes(0)
}

fn sum(first: Value, second: Value, sign: i64) -> Value {
    match (first, second) {
        (Value::Stack(at), Value::Constant(by)) => Value::Stack(at.wrapping_add(sign.wrapping_mul(by))),
        (Value::Constant(at), Value::Stack(by)) if sign == 1 => Value::Stack(at.wrapping_add(by)),
        (Value::Constant(first), Value::Constant(second)) => {
            Value::Constant(first.wrapping_add(sign.wrapping_mul(second)))
        }
        _ => Value::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Symbols;
    use super::*;

    fn frame(function: &str) -> ShadowFrame {
        let text = format!(
            "(module (global $__stack_pointer (mut i32) (i32.const 65536)) (func (local i32 i32 i32) {function}))"
        );
        let symbols = Symbols::new(wat::parse_str(text).unwrap().into()).unwrap();
        symbols.shadow_frame(0)
    }

    #[test]
    fn optimised_and_unoptimised_beginnings() {
        let optimised = "global.get 0 i32.const 32 i32.sub local.tee 0 global.set 0 nop";
        assert_eq!(frame(optimised), ShadowFrame::Bytes(32));
        let unoptimised = "global.get 0 local.set 0 i32.const 48 local.set 1 local.get 0 local.get 1 i32.sub local.set 2 \
                           local.get 2 global.set 0";
        assert_eq!(frame(unoptimised), ShadowFrame::Bytes(48));
        assert_eq!(frame("global.get 0 i32.const -16 i32.add global.set 0"), ShadowFrame::Bytes(16));
        assert_eq!(frame("nop"), ShadowFrame::Bytes(0));
        let aligned = "global.get 0 i32.const 64 i32.sub i32.const -64 i32.and global.set 0";
        assert_eq!(frame(aligned), ShadowFrame::Unknown);
    }
}
