//! Sets as the page writes them: a line of the JS API that says how a set came about.
//!
//! The same text stands in the crumbs, in the URL and on the clipboard. It is parsed here rather than run, so that a
//! link can name any set and nothing else: a URL is not a program.
//!
//! ```text
//! set  = base step*
//! base = hp.heap() | hp.heapu({stat: false}) | hp.iso(0x1000) | kind
//! kind = hp.Type("app::Session") | hp.Prod("src/main.rs", 57) | hp.Age(3).alt(">=")
//! step = .by("Type")[3] | .referrers | .referents | .dominos | .imdom | .and(set) | .or(set) | .sub(set) | .xor(set)
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub(crate) use crate::kind_call::KindCall;
use crate::kind_call::{Word, quoted_text, read_alternative};

/// How deep sets may stand within sets: links come from anywhere.
const MAX_DEPTH: usize = 16;

/// A set of objects, by the way it is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct SetExpression {
    /// Where it starts.
    pub base: Base,
    /// What is done to it, in order.
    pub steps: Vec<Step>,
}

/// Where an expression starts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Base {
    /// The reachable objects.
    Heap,
    /// The blocks that nothing reaches.
    Leaks,
    /// The object that holds this address.
    Object(u64),
    /// All objects of a kind, reachable or not.
    Kind(KindCall),
}

/// What is done to a set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// A part of its partition by a relation.
    Part {
        /// The relation, or several joined by `&`.
        by: String,
        /// The row.
        index: usize,
    },
    /// A set that follows from it.
    Follow(Follow),
    /// A combination with another set.
    Combine(Combine, Box<SetExpression>),
}

/// Sets that follow from a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Follow {
    /// What refers to it directly.
    Referrers,
    /// What it refers to directly.
    Referents,
    /// What lives only through it, itself included.
    Dominos,
    /// What holds it from outside.
    Imdom,
}

/// Ways to combine two sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Combine {
    /// Objects in both.
    And,
    /// Objects in either.
    Or,
    /// Objects in the first only.
    Sub,
    /// Objects in one only.
    Xor,
}

impl Follow {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Referrers, Self::Referents, Self::Dominos, Self::Imdom];

    /// The name in the API.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Referrers => "referrers",
            Self::Referents => "referents",
            Self::Dominos => "dominos",
            Self::Imdom => "imdom",
        }
    }
}

impl Combine {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::And, Self::Or, Self::Sub, Self::Xor];

    /// The name in the API.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::And => "and",
            Self::Or => "or",
            Self::Sub => "sub",
            Self::Xor => "xor",
        }
    }
}

impl SetExpression {
    /// The reachable objects.
    pub(crate) fn heap() -> Self {
        Self { base: Base::Heap, steps: Vec::new() }
    }

    /// The blocks that nothing reaches.
    pub(crate) fn leaks() -> Self {
        Self { base: Base::Leaks, steps: Vec::new() }
    }

    /// All objects of a kind.
    pub(crate) fn kind(call: KindCall) -> Self {
        Self { base: Base::Kind(call), steps: Vec::new() }
    }

    /// The kind that it is, if it is nothing else.
    pub(crate) fn as_kind(&self) -> Option<&KindCall> {
        match &self.base {
            Base::Kind(call) if self.steps.is_empty() => Some(call),
            _ => None,
        }
    }

    /// Combined with another set.
    pub(crate) fn with(&self, combine: Combine, other: Self) -> Self {
        self.then(Step::Combine(combine, Box::new(other)))
    }

    /// With one more step.
    pub(crate) fn then(&self, step: Step) -> Self {
        let mut longer = self.clone();
        longer.steps.push(step);
        longer
    }

    /// The part of its partition by a relation.
    pub(crate) fn part(&self, by: &str, index: usize) -> Self {
        self.then(Step::Part { by: by.to_owned(), index })
    }

    /// With the first `count` steps only.
    pub(crate) fn up_to(&self, count: usize) -> Self {
        Self { base: self.base.clone(), steps: self.steps[..count.min(self.steps.len())].to_vec() }
    }
}

impl Default for SetExpression {
    fn default() -> Self {
        Self::heap()
    }
}

impl fmt::Display for SetExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.base {
            Base::Heap => f.write_str("hp.heap()"),
            Base::Leaks => f.write_str("hp.heapu({stat: false})"),
            Base::Object(address) => write!(f, "hp.iso({address:#x})"),
            Base::Kind(call) => call.fmt(f),
        }?;
        self.steps.iter().try_for_each(|step| step.fmt(f))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part { by, index } => write!(f, ".by({by:?})[{index}]"),
            Self::Follow(follow) => write!(f, ".{}", follow.name()),
            Self::Combine(combine, other) => write!(f, ".{}({other})", combine.name()),
        }
    }
}

impl From<SetExpression> for String {
    fn from(expression: SetExpression) -> Self {
        expression.to_string()
    }
}

impl TryFrom<String> for SetExpression {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for SetExpression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text };
        let expression = parser.set(0)?;
        parser.skip_space();
        if parser.rest.is_empty() { Ok(expression) } else { Err(parser.unexpected("a step such as .referrers")) }
    }
}

struct Parser<'text> {
    rest: &'text str,
}

impl Parser<'_> {
    fn set(&mut self, depth: usize) -> Result<SetExpression, String> {
        if depth > MAX_DEPTH {
            return Err(format!("sets within sets: at most {MAX_DEPTH} deep"));
        }
        let base = self.base()?;
        let mut steps = Vec::new();
        while self.takes(".") {
            steps.push(self.step(depth)?);
        }
        Ok(SetExpression { base, steps })
    }

    fn base(&mut self) -> Result<Base, String> {
        let base = if self.takes("hp.heapu") {
            self.expect("(")?;
            // Without the option the API gives a Stat; a link that leaves it out means the objects all the same.
            if self.takes("{") {
                self.expect("stat")?;
                self.expect(":")?;
                self.expect("false")?;
                self.expect("}")?;
            }
            Base::Leaks
        } else if self.takes("hp.heap") {
            self.expect("(")?;
            Base::Heap
        } else if self.takes("hp.iso") {
            self.expect("(")?;
            Base::Object(self.number()?)
        } else if let Some(relation) = self.relation() {
            return self.kind(relation).map(Base::Kind);
        } else {
            return Err(self.unexpected("hp.heap(), hp.heapu({stat: false}), hp.iso(ADDRESS) or a kind"));
        };
        self.expect(")")?;
        Ok(base)
    }

    /// The name of a relation behind `hp.`: an upper-case letter tells it from a method.
    fn relation(&mut self) -> Option<String> {
        let rest = self.rest.strip_prefix("hp.")?;
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let name = rest.get(..end).filter(|name| name.starts_with(|letter: char| letter.is_ascii_uppercase()))?;
        self.rest = &rest[end..];
        Some(name.to_owned())
    }

    /// The arguments of a kind, and with which classes beside its own it is compared.
    fn kind(&mut self, relation: String) -> Result<KindCall, String> {
        self.expect("(")?;
        let mut words = Vec::new();
        while !self.takes(")") {
            if !words.is_empty() {
                self.expect(",")?;
            }
            self.skip_space();
            words.push(match quoted_text(self.rest)? {
                Some((text, rest)) => {
                    self.rest = rest;
                    Word::Text(text)
                }
                None => Word::Number(self.number()?),
            });
        }
        let mut call = KindCall { relation, words, alternative: None };
        if let Some((symbol, rest)) = read_alternative(self.rest) {
            call.alternative = Some(symbol);
            self.rest = rest;
        }
        Ok(call)
    }

    fn step(&mut self, depth: usize) -> Result<Step, String> {
        if self.takes("by") {
            self.expect("(")?;
            let by = self.quoted()?;
            self.expect(")")?;
            self.expect("[")?;
            let index = usize::try_from(self.number()?).map_err(|_| "the index is too large".to_owned())?;
            self.expect("]")?;
            return Ok(Step::Part { by, index });
        }
        if let Some(follow) = Follow::ALL.into_iter().find(|follow| self.takes(follow.name())) {
            return Ok(Step::Follow(follow));
        }
        if let Some(combine) = Combine::ALL.into_iter().find(|combine| self.takes(combine.name())) {
            self.expect("(")?;
            let other = self.set(depth + 1)?;
            self.expect(")")?;
            return Ok(Step::Combine(combine, Box::new(other)));
        }
        Err(self.unexpected("by, referrers, referents, dominos, imdom, and, or, sub or xor"))
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, word: &str) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(word);
        // `heap` is no beginning of `heapu`.
        let ends = |rest: &str| {
            let inside = |text: Option<char>| text.is_some_and(|letter| letter.is_ascii_alphanumeric());
            !(inside(word.chars().last()) && inside(rest.chars().next()))
        };
        match rest.filter(|rest| ends(rest)) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        if self.takes(word) { Ok(()) } else { Err(self.unexpected(word)) }
    }

    fn number(&mut self) -> Result<u64, String> {
        self.skip_space();
        let (digits, radix) = match self.rest.strip_prefix("0x") {
            Some(digits) => (digits, 16),
            None => (self.rest, 10),
        };
        let end = digits.find(|letter: char| !letter.is_digit(radix)).unwrap_or(digits.len());
        let number = u64::from_str_radix(&digits[..end], radix).map_err(|_| self.unexpected("a number"))?;
        self.rest = &digits[end..];
        Ok(number)
    }

    /// Names of relations in quotes of either sort; they hold no quotes themselves.
    fn quoted(&mut self) -> Result<String, String> {
        self.skip_space();
        let quote = self.rest.chars().next().filter(|letter| matches!(letter, '"' | '\''));
        let quote = quote.ok_or_else(|| self.unexpected("a name in quotes"))?;
        let (name, rest) = self.rest[1..].split_once(quote).ok_or_else(|| self.unexpected("a closing quote"))?;
        if !name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '&' | ' ' | '_')) {
            return Err(format!("{name:?} is no name of relations"));
        }
        self.rest = rest;
        Ok(name.to_owned())
    }

    fn unexpected(&self, wanted: &str) -> String {
        let found: String = self.rest.chars().take(20).collect();
        if found.is_empty() {
            format!("the set ends where {wanted} should stand")
        } else {
            format!("{found:?}: expected {wanted}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_written_as_they_are_read() {
        for text in [
            "hp.heap()",
            "hp.heapu({stat: false}).by(\"Type&Size\")[3].referrers",
            "hp.iso(0x1f40).dominos.and(hp.heap().sub(hp.heapu({stat: false}))).imdom",
            "hp.heap().and(hp.Type(\"a\\\"b\\\\ <c>\")).sub(hp.Prod(\"src/main.rs\", 57))",
            "hp.Age(3).alt(\">=\").and(hp.Age(5).alt(\"<\")).referrers",
        ] {
            assert_eq!(text.parse::<SetExpression>().map(|set| set.to_string()), Ok(text.to_owned()));
        }
        let loose = " hp.heap( ) .by('Type') [ 0 ] . or( hp.heapu() ) ";
        let strict = "hp.heap().by(\"Type\")[0].or(hp.heapu({stat: false}))";
        assert_eq!(loose.parse::<SetExpression>().map(|set| set.to_string()), Ok(strict.to_owned()));
    }

    #[test]
    fn anything_else_is_refused_with_the_place() {
        for (text, message) in [
            ("", "the set ends where"),
            ("fetch('/x')", "\"fetch('/x')\": expected hp.heap()"),
            ("hp.heap().size", "expected by, referrers"),
            ("hp.heap().by(\"T\\\"\")[0]", "no name of relations"),
            ("hp.heap()[0]", "expected a step"),
            ("hp.iso(0x)", "expected a number"),
            ("hp.Type(\"a", "a closing quote"),
            ("hp.Age(3).alt(\"~\")", "expected by, referrers"),
            ("hp.Size(fetch(1))", "expected a number"),
            ("hp.iso(99999999999999999999)", "expected a number"),
        ] {
            let error = text.parse::<SetExpression>().expect_err(text);
            assert!(error.contains(message), "{text}: {error}");
        }
        let deep = format!("{}hp.heap(){}", "hp.heap().or(".repeat(50), ")".repeat(50));
        assert!(deep.parse::<SetExpression>().is_err());
    }
}
