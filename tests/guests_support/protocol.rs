//! The line format of `guests/PROTOCOL.md`.

/// What a guest says holds one of its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Something that lasts or runs: it must look reachable.
    Held,
    /// Another block: it must look reachable, unless that block is lost.
    Block,
    /// Only an encoded form: it may look either way.
    Hidden,
    /// Nothing, or only blocks that nothing holds: it must look unreachable.
    Lost,
}

/// A block that a guest knows to be live.
#[derive(Clone, Debug)]
pub struct ToldBlock {
    pub address: u64,
    pub size: u64,
    pub type_name: String,
    pub label: String,
    pub reach: Reach,
}

/// A word that a guest knows to hold an address.
#[derive(Clone, Debug)]
pub struct ToldEdge {
    pub holder: String,
    pub slot: u64,
    pub value: u64,
    pub into: u64,
}

/// What a guest told at one mark.
#[derive(Clone, Debug, Default)]
pub struct Mark {
    pub number: u32,
    pub live: usize,
    pub bytes: u64,
    pub blocks: Vec<ToldBlock>,
    pub edges: Vec<ToldEdge>,
    /// Address and size of every live block, in builds that list them.
    pub whole: Vec<(u64, u64)>,
}

/// The marks in a guest's output.
pub fn read_marks(output: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut current: Option<Mark> = None;
    for line in output.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (words.first().copied(), &mut current) {
            (Some("MARK"), _) => {
                let figure = |word: &str, name: &str| -> u64 { word.strip_prefix(name).unwrap().parse().unwrap() };
                current = Some(Mark {
                    number: words[1].parse().unwrap(),
                    live: figure(words[2], "live=") as usize,
                    bytes: figure(words[3], "bytes="),
                    ..Mark::default()
                });
            }
            (Some("B"), Some(mark)) => mark.blocks.push(ToldBlock {
                address: address(words[1]),
                size: words[2].parse().unwrap(),
                type_name: words[3].to_owned(),
                label: words[4].to_owned(),
                reach: reach(words[5]),
            }),
            (Some("E"), Some(mark)) => mark.edges.push(ToldEdge {
                holder: words[1].to_owned(),
                slot: address(words[2]),
                value: address(words[3]),
                into: words[4].parse().unwrap(),
            }),
            (Some("G"), Some(mark)) => mark.whole.push((address(words[1]), words[2].parse().unwrap())),
            (Some("END"), _) => marks.extend(current.take()),
            _ => {}
        }
    }
    for mark in &marks {
        let bytes: u64 = mark.blocks.iter().map(|block| block.size).sum();
        assert_eq!(
            (mark.blocks.len(), bytes),
            (mark.live, mark.bytes),
            "the guest's own figures at mark {}",
            mark.number
        );
    }
    marks
}

fn address(word: &str) -> u64 {
    u64::from_str_radix(word.strip_prefix("0x").unwrap(), 16).unwrap()
}

fn reach(word: &str) -> Reach {
    match word {
        "global" | "stack" | "local" | "frame" | "interior" => Reach::Held,
        "heap" => Reach::Block,
        "hidden" => Reach::Hidden,
        "leak" | "cycle" => Reach::Lost,
        other => panic!("the protocol has no reach `{other}`"),
    }
}
