//! The interpreter: QuickJS with nothing but the API in it.

use std::rc::Rc;

use rquickjs::context::EvalOptions;
use rquickjs::function::{Opt, Rest};
use rquickjs::promise::MaybePromise;
use rquickjs::{
    CatchResultExt, CaughtError, Coerced, Context, Ctx, Error, Exception, Function, Module, Object, Persistent,
};
use rquickjs::{Runtime, TypedArray, Value};

use super::error::ScriptError;
use super::limits::{Ended, Limits, Stop, Watch};
use super::native::Native;

/// What the API's objects are made by, here as in the browser and in Node.
const API: &str = include_str!("../../../www/js/api.js");

/// What is evaluated before it.
const GUARDS: &str = include_str!("guards.js");

/// As what the value of a script is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As a shell shows it.
    Text,
    /// As JSON on one line.
    Json,
}

/// Functions of `www/js/api.js` that the host calls.
struct Functions {
    run: Persistent<Function<'static>>,
    show: Persistent<Function<'static>>,
    plain: Persistent<Function<'static>>,
}

/// An interpreter for scripts about what one [`Native`] looks at.
///
/// Variables of [`Interpreter::evaluate`] live on from one call to the next.
pub struct Interpreter {
    // Declared first: what is saved must be dropped before the context.
    functions: Functions,
    context: Context,
    watch: Watch,
    limits: Limits,
    _runtime: Runtime,
}

impl Interpreter {
    /// An interpreter whose scripts print through `print`.
    ///
    /// # Errors
    /// [`ScriptError::Interpreter`] when it cannot be set up.
    pub fn new(
        native: Rc<dyn Native>,
        limits: Limits,
        stop: Stop,
        print: impl Fn(&str) + 'static,
    ) -> Result<Self, ScriptError> {
        let failed = |error: Error| ScriptError::Interpreter(error.to_string());
        let runtime = Runtime::new().map_err(failed)?;
        runtime.set_memory_limit(limits.memory_bytes);
        runtime.set_max_stack_size(limits.stack_bytes);
        let watch = Watch::new(stop);
        let watching = watch.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || watching.must_end())));
        let context = Context::full(&runtime).map_err(failed)?;
        let functions = context.with(|ctx| {
            let made = set_up(&ctx, native, Rc::new(print));
            made.catch(&ctx).map_err(|caught| ScriptError::Interpreter(caught.to_string()))
        })?;
        Ok(Self { functions, context, watch, limits, _runtime: runtime })
    }

    /// Gives scripts a function that takes texts and has no value.
    ///
    /// # Errors
    /// [`ScriptError::Interpreter`] when there is no room for it.
    pub fn add_function(&self, name: &str, function: impl Fn(&str) + 'static) -> Result<(), ScriptError> {
        let added = self.context.with(|ctx| {
            let called = move |texts: Rest<Coerced<String>>| {
                let texts: Vec<String> = texts.0.into_iter().map(|text| text.0).collect();
                function(&texts.join(" "));
            };
            ctx.globals().set(name, Function::new(ctx.clone(), called)?)
        });
        added.map_err(|error| ScriptError::Interpreter(error.to_string()))
    }

    /// Runs a script: an expression, or statements of which `return` gives the value. `await` is allowed. The answer is
    /// the value, or none for `undefined` and for what has no JSON.
    ///
    /// # Errors
    /// [`ScriptError`] says how it ended.
    pub fn run(&self, source: &str, form: Form) -> Result<Option<String>, ScriptError> {
        self.watched(form, |ctx| {
            let run = self.functions.run.clone().restore(ctx)?;
            run.call::<_, MaybePromise<'_>>((source,))?.finish()
        })
    }

    /// Evaluates a line of a shell in the scope of those before it; `_` is then its value.
    ///
    /// # Errors
    /// [`ScriptError`] says how it ended.
    pub fn evaluate(&self, line: &str) -> Result<Option<String>, ScriptError> {
        self.watched(Form::Text, |ctx| {
            let mut options = EvalOptions::default();
            options.strict = false;
            options.promise = true;
            let settled: MaybePromise<'_> = ctx.eval_with_options(line, options)?;
            let value: Value<'_> = settled.finish::<Object<'_>>()?.get("value")?;
            if !value.is_undefined() {
                ctx.globals().set("_", value.clone())?;
            }
            Ok(value)
        })
    }

    fn watched(
        &self,
        form: Form,
        script: impl for<'js> FnOnce(&Ctx<'js>) -> Result<Value<'js>, Error>,
    ) -> Result<Option<String>, ScriptError> {
        self.watch.begin(self.limits.time);
        self.context.with(|ctx| {
            let answer = script(&ctx).and_then(|value| self.answer(&ctx, value, form));
            let failure = answer.catch(&ctx);
            // A script can catch everything but this: once it has to end, whatever it made of that does not count.
            match (self.watch.ended(), failure) {
                (Some(Ended::Stopped), _) => Err(ScriptError::Stopped),
                (Some(Ended::OutOfTime(time)), _) => Err(ScriptError::OutOfTime(time)),
                (None, Ok(answer)) => Ok(answer),
                (None, Err(caught)) => Err(thrown(&caught)),
            }
        })
    }

    fn answer<'js>(&self, ctx: &Ctx<'js>, value: Value<'js>, form: Form) -> Result<Option<String>, Error> {
        if value.is_undefined() {
            return Ok(None);
        }
        let writer = match form {
            Form::Text => &self.functions.show,
            Form::Json => &self.functions.plain,
        };
        writer.clone().restore(ctx)?.call((value,))
    }
}

/// Evaluates the API's file and makes the names that a script sees.
fn set_up(ctx: &Ctx<'_>, native: Rc<dyn Native>, print: Rc<dyn Fn(&str)>) -> Result<Functions, Error> {
    let (_, guarded) = Module::declare(ctx.clone(), "guards", GUARDS)?.eval()?;
    guarded.finish::<()>()?;
    let (module, evaluated) = Module::declare(ctx.clone(), "heapy", API)?.eval()?;
    evaluated.finish::<()>()?;
    let connect: Function<'_> = module.get("connect")?;
    let connection: Object<'_> = connect.call((native_object(ctx, native)?,))?;
    let hp: Value<'_> = connection.get::<_, Function<'_>>("top")?.call(())?;
    let print = Function::new(ctx.clone(), move |texts: Rest<String>| print(&texts.0.join(" ")))?;
    let scope: Function<'_> = module.get("scope")?;
    scope.call::<_, ()>((ctx.globals(), hp, print))?;
    let saved = |name: &str| -> Result<_, Error> { Ok(Persistent::save(ctx, module.get::<_, Function<'_>>(name)?)) };
    Ok(Functions { run: saved("run")?, show: saved("show")?, plain: saved("plain")? })
}

/// The functions through which `api.js` reaches the engine.
fn native_object<'js>(ctx: &Ctx<'js>, native: Rc<dyn Native>) -> Result<Object<'js>, Error> {
    let object = Object::new(ctx.clone())?;
    let it = Rc::clone(&native);
    object.set("describe", Function::new(ctx.clone(), move || it.describe())?)?;
    let it = Rc::clone(&native);
    let call = move |ctx: Ctx<'js>, handle: u32, name: String, arguments: String| {
        it.call(handle, &name, &arguments).map_err(|message| Exception::throw_message(&ctx, &message))
    };
    object.set("call", Function::new(ctx.clone(), call)?)?;
    let it = Rc::clone(&native);
    object.set("snapshots", Function::new(ctx.clone(), move || it.snapshots())?)?;
    let it = Rc::clone(&native);
    let top = move |ctx: Ctx<'js>, number: Opt<Value<'js>>| {
        let number = number.0.filter(|number| !number.is_undefined());
        let number = match number.map(|number| number.as_number()) {
            None => None,
            Some(Some(number)) if number.fract() == 0.0 && (0.0..4e9).contains(&number) => Some(number as u32),
            Some(_) => return Err(Exception::throw_message(&ctx, "snapshot: number is no whole number")),
        };
        it.top(number).map_err(|message| Exception::throw_message(&ctx, &message))
    };
    object.set("top", Function::new(ctx.clone(), top)?)?;
    let it = Rc::clone(&native);
    let moment =
        move |ctx: Ctx<'js>, text: String| it.moment(&text).map_err(|message| Exception::throw_message(&ctx, &message));
    object.set("moment", Function::new(ctx.clone(), moment)?)?;
    let it = Rc::clone(&native);
    let column = move |ctx: Ctx<'js>, handle: u32, name: String| {
        let numbers = it.column(handle, &name).map_err(|message| Exception::throw_message(&ctx, &message))?;
        // Copied once, so that it lies in the interpreter's own memory, which is limited.
        TypedArray::<f64>::new_copy(ctx, &numbers)
    };
    object.set("column", Function::new(ctx.clone(), column)?)?;
    let it = Rc::clone(&native);
    // The interpreter drops a function, and with it what it captures, as soon as nothing refers to it.
    let guard = move |ctx: Ctx<'js>, handle: u32| {
        let held = Held { native: Rc::clone(&it), handle };
        Function::new(ctx, move || handle_of(&held))
    };
    object.set("guard", Function::new(ctx.clone(), guard)?)?;
    object.set("release", Function::new(ctx.clone(), move |handle: u32| native.release(handle))?)?;
    Ok(object)
}

/// A handle that is let go of when this is dropped.
struct Held {
    native: Rc<dyn Native>,
    handle: u32,
}

/// A function, so that a closure captures all of it and not the number alone.
const fn handle_of(held: &Held) -> u32 {
    held.handle
}

impl Drop for Held {
    fn drop(&mut self) {
        self.native.release(self.handle);
    }
}

fn thrown(caught: &CaughtError<'_>) -> ScriptError {
    match caught {
        CaughtError::Exception(exception) => {
            let name: Option<String> = exception.as_object().get("name").ok();
            let message = exception.message().unwrap_or_default();
            let message = match name {
                Some(name) if name != "Error" => format!("{name}: {message}"),
                _ => message,
            };
            ScriptError::Thrown { message, lines: lines(&exception.stack().unwrap_or_default()) }
        }
        CaughtError::Error(Error::WouldBlock) => ScriptError::Stuck,
        CaughtError::Error(error) => ScriptError::Interpreter(error.to_string()),
        CaughtError::Value(value) if value.is_null() => ScriptError::Thrown {
            message: "null was thrown, as happens when no memory is left for an error; see --memory-limit".into(),
            lines: Vec::new(),
        },
        CaughtError::Value(value) => {
            let shown = value.get::<Coerced<String>>();
            let message = shown.map_or_else(|_| "a value that has no text was thrown".into(), |text| text.0);
            ScriptError::Thrown { message, lines: Vec::new() }
        }
    }
}

/// Lines of what is wrapped around a script to make a function of it.
const LINES_BEFORE: u32 = 2;

/// The lines of the script that a stack passes through, innermost first; calls inside of the API's file are left out.
fn lines(stack: &str) -> Vec<u32> {
    let line = |call: &str| -> Option<u32> {
        let (_, place) = call.rsplit_once('(')?;
        let mut parts = place.trim_end_matches(')').split(':');
        let (file, line) = (parts.next()?, parts.next()?.parse::<u32>().ok()?);
        match file {
            "<input>" => line.checked_sub(LINES_BEFORE),
            "eval_script" => Some(line),
            _ => None,
        }
    };
    stack.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use super::*;

    /// An engine with one object that adds, fails, and makes objects like itself.
    struct Calculator;

    thread_local! {
        static RELEASED: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
    }

    impl Native for Calculator {
        fn describe(&self) -> String {
            r#"{"types": {"Use": {"attributes": ["seven", "next"], "methods": ["add", "fail"], "columns": ["sizes"]}}}"#
                .into()
        }

        fn snapshots(&self) -> String {
            r#"[{"number": 1}]"#.into()
        }

        fn top(&self, number: Option<u32>) -> Result<u32, String> {
            if number.is_none_or(|number| number == 1) { Ok(0) } else { Err("there is one snapshot".into()) }
        }

        fn column(&self, _: u32, name: &str) -> Result<Vec<f64>, String> {
            if name == "sizes" { Ok(vec![1.0, 2.0]) } else { Err("no column".into()) }
        }

        fn call(&self, handle: u32, name: &str, arguments: &str) -> Result<String, String> {
            let arguments: Vec<f64> = serde_json::from_str(arguments).map_err(|error| error.to_string())?;
            match name {
                "seven" => Ok(r#"{"v":7}"#.into()),
                "next" => Ok(format!(r#"{{"h":{},"t":"Use"}}"#, handle + 1)),
                "add" => Ok(format!(r#"{{"v":{}}}"#, arguments.iter().sum::<f64>())),
                "@text" => Ok(format!(r#"{{"v":"object {handle}"}}"#)),
                _ => Err(format!("no {name:?} here")),
            }
        }

        fn release(&self, handle: u32) {
            RELEASED.with_borrow_mut(|released| released.push(handle));
        }
    }

    fn interpreter(limits: Limits, stop: Stop) -> (Interpreter, Rc<RefCell<Vec<String>>>) {
        let printed = Rc::new(RefCell::new(Vec::new()));
        let lines = Rc::clone(&printed);
        let print = move |line: &str| lines.borrow_mut().push(line.to_owned());
        (Interpreter::new(Rc::new(Calculator), limits, stop, print).unwrap(), printed)
    }

    fn text(source: &str) -> Result<Option<String>, String> {
        let (interpreter, _) = interpreter(Limits::default(), Stop::default());
        interpreter.run(source, Form::Text).map_err(|error| error.to_string())
    }

    #[test]
    fn expressions_and_scripts_have_values() {
        assert_eq!(text("1 + hp.seven"), Ok(Some("8".into())));
        assert_eq!(text("hp.add(1, 2)"), Ok(Some("3".into())));
        assert_eq!(text("hp.next"), Ok(Some("object 1".into())));
        assert_eq!(text("const a = hp.next.next;\nreturn String(a);"), Ok(Some("object 2".into())));
        assert_eq!(text("hp.sizes()[1] + hp.sizes().length"), Ok(Some("4".into())));
        assert_eq!(text("[hp.snapshots.length, hp.snapshot(1)]"), Ok(Some("[1, object 0]".into())));
        assert_eq!(text("await Promise.resolve(5)"), Ok(Some("5".into())));
        assert_eq!(text("undefined"), Ok(None));
        let (interpreter, _) = interpreter(Limits::default(), Stop::default());
        assert_eq!(
            interpreter.run("[hp.seven, 2n ** 70n]", Form::Json).unwrap().as_deref(),
            Some("[7,\"1180591620717411303424\"]")
        );
    }

    #[test]
    fn failures_are_errors_with_the_engines_message() {
        assert_eq!(text("hp.fail()"), Err("no \"fail\" here".into()));
        assert_eq!(
            text("try { hp.fail() } catch (error) { return error instanceof Error && error.message }"),
            Ok(Some("no \"fail\" here".into()))
        );
        assert_eq!(text("hp.snapshot(2)"), Err("there is one snapshot".into()));
        assert!(text("hp.snapshot('x')").unwrap_err().contains("no whole number"));
        let (interpreter, _) = interpreter(Limits::default(), Stop::default());
        let source = "const f = () => hp.fail();\n\nf();";
        let Err(ScriptError::Thrown { lines, .. }) = interpreter.run(source, Form::Text) else { panic!("it fails") };
        assert_eq!(lines, [1, 3]);
        assert!(text("throw 'plain'").unwrap_err().contains("plain"));
        assert!(text("1 +").unwrap_err().starts_with("SyntaxError"));
        assert!(text("nothing.here").unwrap_err().starts_with("ReferenceError"));
        assert!(text("await new Promise(() => {})").unwrap_err().contains("nothing settles"));
    }

    #[test]
    fn objects_are_let_go_of_in_the_middle_of_a_script() {
        RELEASED.take();
        let (interpreter, _) = interpreter(Limits::default(), Stop::default());
        interpreter.run("for (let i = 0; i < 3; i++) hp.next; const kept = hp.next; return 1", Form::Text).unwrap();
        assert!(RELEASED.take().len() >= 3);
    }

    #[test]
    fn there_is_no_way_out() {
        for name in ["require", "process", "fetch", "std", "os", "Deno", "XMLHttpRequest", "scriptArgs", "Worker"] {
            assert_eq!(text(&format!("typeof {name}")), Ok(Some("undefined".into())), "{name}");
        }
        assert!(text("await import('fs')").is_err());
    }

    #[test]
    fn time_and_memory_are_limited() {
        let limits = Limits { time: Some(Duration::from_millis(50)), ..Limits::default() };
        for endless in ["for (;;) {}", "for (;;) { try { for (;;) {} } catch {} }", "while (true) await 1"] {
            let (interpreter, _) = interpreter(limits, Stop::default());
            assert!(matches!(interpreter.run(endless, Form::Text), Err(ScriptError::OutOfTime(_))), "{endless}");
            assert_eq!(interpreter.run("1", Form::Text).unwrap(), Some("1".into()), "after {endless}");
        }
        let (small, _) = interpreter(Limits { memory_bytes: 8 << 20, ..Limits::default() }, Stop::default());
        assert!(small.run("let a = []; for (;;) a.push('x'.repeat(100000) + a.length)", Form::Text).is_err());
        assert!(text("(function f() { f() })()").unwrap_err().contains("stack"));
    }

    #[test]
    fn a_script_can_be_stopped_and_the_next_one_runs() {
        let stop = Stop::default();
        let (interpreter, _) = interpreter(Limits::default(), stop.clone());
        let other = stop.clone();
        let stopper = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            other.now();
        });
        assert!(matches!(interpreter.run("for (;;) {}", Form::Text), Err(ScriptError::Stopped)));
        stopper.join().unwrap();
        assert!(stop.reset());
        assert_eq!(interpreter.run("2", Form::Text).unwrap(), Some("2".into()));
    }

    #[test]
    fn a_shell_keeps_its_variables() {
        let (interpreter, printed) = interpreter(Limits::default(), Stop::default());
        assert_eq!(interpreter.evaluate("let a = hp.seven").unwrap(), None);
        assert_eq!(interpreter.evaluate("a * 2").unwrap(), Some("14".into()));
        assert_eq!(interpreter.evaluate("_ + 1").unwrap(), Some("15".into()));
        assert_eq!(interpreter.evaluate("await 3").unwrap(), Some("3".into()));
        assert!(interpreter.evaluate("hp.fail()").is_err());
        interpreter.evaluate("print('a', 1, hp); console.log([1, 'x'])").unwrap();
        assert_eq!(*printed.borrow(), ["a 1 object 0", "[1, \"x\"]"]);
    }
}
