//! What the browser's own tracing says of the main thread: how long its tasks were, and what they did.
//!
//! A task has two times: from beginning to end, and that of the processor. On a busy machine the first one tells of the
//! machine, the second one of the page.

use chromiumoxide::cdp::browser_protocol::tracing::{
    EndParams, EventDataCollected, EventTracingComplete, StartParams, StartTransferMode, TraceConfig,
};
use chromiumoxide::listeners::EventStream;
use futures::StreamExt;
use serde_json::Value;

use crate::browser::Inspector;

/// What is recorded: tasks of threads, scripts, layout and paint, compilation.
const CATEGORIES: [&str; 4] = ["toplevel", "devtools.timeline", "v8", "disabled-by-default-v8.compile"];

/// Tasks that the browser calls long.
const LONG_MILLIS: f64 = 50.0;

/// Parts of a task that are named.
const PARTS: usize = 5;

/// A recording of the browser that goes on.
pub(crate) struct Trace {
    data: EventStream<EventDataCollected>,
    ended: EventStream<EventTracingComplete>,
}

/// A task of a page's main thread.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// Milliseconds from its beginning to its end.
    pub(crate) wall: f64,
    /// Milliseconds of the processor.
    pub(crate) cpu: f64,
    /// The parts that took most of the processor's time.
    pub(crate) parts: String,
}

/// What was recorded.
pub(crate) struct Tasks {
    /// Tasks of the main threads of pages, those that took most of the processor's time first.
    main: Vec<Task>,
    /// Milliseconds of the processor of the tasks of all threads of the browser: those that draw too.
    pub(crate) all_cpu: f64,
}

impl Tasks {
    /// Milliseconds of the processor of all tasks.
    pub(crate) fn cpu(&self) -> f64 {
        self.main.iter().map(|task| task.cpu).sum()
    }

    /// How many were long, by either time, and what the longest ones did.
    pub(crate) fn summary(&self) -> String {
        let long = |time: fn(&Task) -> f64| self.main.iter().filter(|task| time(task) > LONG_MILLIS).count();
        let (wall, cpu) = (long(|task| task.wall), long(|task| task.cpu));
        let longest = self.main.iter().take(3);
        let longest =
            longest.map(|task| format!("\n    {:.0} ms, {:.0} of the processor: {}", task.wall, task.cpu, task.parts));
        let longest: String = longest.collect();
        format!("{wall} tasks above {LONG_MILLIS} ms, {cpu} by the processor's time; the largest:{longest}")
    }
}

impl Inspector {
    /// Begins a recording.
    pub(crate) async fn trace(&self) -> Trace {
        let data = self.page.event_listener::<EventDataCollected>().await.expect("the trace's data");
        let ended = self.page.event_listener::<EventTracingComplete>().await.expect("the trace's end");
        let config = TraceConfig::builder().included_categories(CATEGORIES).build();
        let start = StartParams::builder().transfer_mode(StartTransferMode::ReportEvents).trace_config(config).build();
        self.page.execute(start).await.expect("tracing begins");
        Trace { data, ended }
    }

    /// Ends it, and gives the tasks of main threads.
    pub(crate) async fn traced(&self, mut trace: Trace) -> Tasks {
        self.page.execute(EndParams::default()).await.expect("tracing ends");
        let mut events: Vec<Value> = Vec::new();
        loop {
            tokio::select! {
                biased;
                Some(more) = trace.data.next() => {
                    events.extend(more.value.iter().cloned());
                }
                Some(_) = trace.ended.next() => return tasks(&events),
                else => return tasks(&events),
            }
        }
    }
}

fn number(event: &Value, name: &str) -> f64 {
    event[name].as_f64().unwrap_or_default()
}

/// The tasks among events, each with the longest events that lie within it.
fn tasks(events: &[Value]) -> Tasks {
    let place = |event: &Value| (event["pid"].as_u64(), event["tid"].as_u64());
    let is_main = |event: &&Value| event["name"] == "thread_name" && event["args"]["name"] == "CrRendererMain";
    let main: Vec<_> = events.iter().filter(is_main).map(place).collect();
    let is_run = |event: &Value| event["name"].as_str().is_some_and(|name| name.ends_with("RunTask"));
    let complete = || events.iter().filter(|event| event["ph"] == "X");
    let all_cpu = complete().filter(|event| is_run(event)).map(|event| number(event, "tdur") / 1000.0).sum();
    let (runs, parts): (Vec<&Value>, Vec<&Value>) =
        complete().filter(|event| main.contains(&place(event))).partition(|event| is_run(event));
    let task = |run: &&Value| {
        let (begin, wall) = (number(run, "ts"), number(run, "dur"));
        let within = |event: &&&Value| {
            place(event) == place(run) && number(event, "ts") >= begin && number(event, "ts") < begin + wall
        };
        let mut within: Vec<&&Value> =
            if number(run, "tdur") > LONG_MILLIS * 100.0 { parts.iter().filter(within).collect() } else { vec![] };
        within.sort_by(|one, other| number(other, "tdur").total_cmp(&number(one, "tdur")));
        let name = |event: &&&Value| {
            format!("{} {:.0}", event["name"].as_str().unwrap_or_default(), number(event, "tdur") / 1000.0)
        };
        let parts: Vec<String> = within.iter().take(PARTS).map(name).collect();
        Task { wall: wall / 1000.0, cpu: number(run, "tdur") / 1000.0, parts: parts.join(", ") }
    };
    let mut tasks: Vec<Task> = runs.iter().map(task).collect();
    tasks.sort_by(|one, other| other.cpu.total_cmp(&one.cpu));
    Tasks { main: tasks, all_cpu }
}
