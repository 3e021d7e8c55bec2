//! The guest of `cargo xtask demo`: a little message service with the usual faults.
//!
//! Sessions hold their messages, a cache never forgets, a parser loses its scratch buffers, and two handlers hold each
//! other. It uses nothing of Heapy: it is what any WASI program is.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a program that people read and run"
)]

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Mutex;

/// One user's connection.
struct Session {
    user: String,
    inbox: Vec<Message>,
    peer: Option<Rc<RefCell<Session>>>,
}

/// What users send each other.
struct Message {
    subject: String,
    body: Box<[u8]>,
}

/// Answers that were computed once; nothing ever takes them out.
static CACHE: Mutex<BTreeMap<u32, Vec<u8>>> = Mutex::new(BTreeMap::new());

/// A handler and the handler it answers to; two of them keep each other alive.
struct Handler {
    name: String,
    reply_to: RefCell<Option<Rc<Handler>>>,
}

fn main() {
    let mut sessions: HashMap<u32, Rc<RefCell<Session>>> = HashMap::new();
    for id in 0..400 {
        open_session(&mut sessions, id);
    }
    for id in 0..400 {
        deliver(&sessions, id, 3 + id as usize % 5);
    }
    for query in 0..300 {
        answer(query);
    }
    let words: usize = (0..120).map(|line| parse(&format!("GET /inbox/{line} from user-{line}"))).sum();
    for pair in 0..20 {
        connect_handlers(pair);
    }
    sessions.retain(|id, _| !id.is_multiple_of(8));
    let unread: usize = sessions.values().map(|session| session.borrow().inbox.len()).sum();
    let letters: usize = sessions.values().map(|session| weight(&session.borrow())).sum();
    println!("{} sessions, {unread} unread messages of {letters} bytes, {words} words parsed", sessions.len());
    report();
    std::hint::black_box(&sessions);
    std::process::exit(0);
}

fn open_session(sessions: &mut HashMap<u32, Rc<RefCell<Session>>>, id: u32) {
    let peer = sessions.get(&(id / 2)).filter(|_| id.is_multiple_of(3)).cloned();
    let session = Session { user: format!("user-{id}"), inbox: Vec::new(), peer };
    sessions.insert(id, Rc::new(RefCell::new(session)));
}

fn deliver(sessions: &HashMap<u32, Rc<RefCell<Session>>>, id: u32, count: usize) {
    let Some(session) = sessions.get(&id) else { return };
    for number in 0..count {
        let message = Message {
            subject: format!("message {number} for {id}"),
            body: vec![number as u8; 64 * (1 + number)].into_boxed_slice(),
        };
        session.borrow_mut().inbox.push(message);
    }
}

fn weight(session: &Session) -> usize {
    let own: usize = session.inbox.iter().map(|message| message.subject.len() + message.body.len()).sum();
    let name = session.user.len();
    own + name + session.peer.as_ref().map_or(0, |peer| peer.borrow().user.len())
}

fn answer(query: u32) {
    let mut cache = CACHE.lock().expect("no thread can have poisoned it");
    cache.insert(query, vec![query as u8; 200]);
}

/// Splits a request into words; the fault is that the scratch copy is never given back.
fn parse(request: &str) -> usize {
    let scratch: &'static mut [u8] = request.to_owned().into_bytes().leak();
    scratch.split(|&byte| byte == b' ').count()
}

fn connect_handlers(pair: u32) {
    let first = Rc::new(Handler { name: format!("in-{pair}"), reply_to: RefCell::new(None) });
    let second = Rc::new(Handler { name: format!("out-{pair}"), reply_to: RefCell::new(Some(first.clone())) });
    *first.reply_to.borrow_mut() = Some(second);
    std::hint::black_box(&first.name);
}

fn report() {
    let cache = CACHE.lock().expect("no thread can have poisoned it");
    println!("{} answers cached", cache.len());
}
