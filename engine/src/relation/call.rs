//! Calling a relation: the kind that its arguments describe.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::EquivalenceRelation;
use super::class::{Class, TypeClass};
use super::names::Place;
use super::parse::parse_relation;
use super::rule::Rule;
use super::site::{first_own_frame, producer};
use crate::error::UseError;
use crate::heap::Family;
use crate::id::{ContextId, ObjectId, TypeId};
use crate::object_set::ObjectSet;
use crate::uniset::{Atom, Comparison, Expr, Kind, SetOfKind, UniSet, class_under, not_a_class};

/// An argument of a call.
#[derive(Clone, Debug)]
pub enum Argument {
    /// A text.
    Text(String),
    /// A number.
    Number(u64),
    /// A set.
    Set(UniSet),
    /// A set of kinds.
    Kinds(SetOfKind),
    /// No value, which some relations give a meaning.
    None,
    /// The empty tuple `()`.
    Empty,
}

impl Argument {
    fn describe(&self) -> String {
        match self {
            Self::Text(text) => format!("'{text}'"),
            Self::Number(number) => number.to_string(),
            Self::Set(set) => set.brief(),
            Self::Kinds(kinds) => kinds.to_string(),
            Self::None => "None".into(),
            Self::Empty => "()".into(),
        }
    }
}

/// The arguments of a call, by position and by name.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// In order.
    pub positional: Vec<Argument>,
    /// `name=value`.
    pub named: Vec<(String, Argument)>,
}

impl Arguments {
    /// Arguments by position alone.
    #[must_use]
    pub fn positional(arguments: impl Into<Vec<Argument>>) -> Self {
        Self { positional: arguments.into(), named: Vec::new() }
    }

    /// One argument by name.
    #[must_use]
    pub fn named(name: &str, argument: Argument) -> Self {
        Self { positional: Vec::new(), named: vec![(name.to_owned(), argument)] }
    }

    fn get(&self, position: usize, name: &str) -> Option<&Argument> {
        let named = self.named.iter().find(|(have, _)| have == name).map(|(_, argument)| argument);
        self.positional.get(position).or(named)
    }

    fn describe(&self) -> String {
        let positional = self.positional.iter().map(Argument::describe);
        let named = self.named.iter().map(|(name, argument)| format!("{name}={}", argument.describe()));
        let all: Vec<_> = positional.chain(named).collect();
        if all.is_empty() { "no argument".into() } else { all.join(", ") }
    }
}

/// What may follow the name of a function, a type or a module in the name of a function.
const PATH_ENDS: [&str; 6] = ["::", ".", "/", "<", "(", "$"];

impl EquivalenceRelation {
    /// The equivalence class that the arguments describe: `Type("app::Node")`, `Size(24)`, `Via(".a", "[0]")`,
    /// `Clodo(dictof="app::Cache")`, ...
    ///
    /// # Errors
    /// [`UseError`] says which argument does not fit and what is accepted.
    pub fn call(&self, arguments: &Arguments) -> Result<Kind, UseError> {
        let class = match self.rule() {
            Rule::Unity => Class::All,
            Rule::Type | Rule::Class => return self.named_kind(arguments),
            Rule::Clodo => return self.clodo(arguments),
            Rule::Id => Class::Object(self.object(arguments)?),
            Rule::Idset => return self.singleton(arguments),
            Rule::Module => Class::Module(self.module(arguments)?),
            Rule::Prod => return self.producer(arguments),
            Rule::Size => Class::Size(self.number(arguments, "size")?),
            Rule::Age => Class::Age(self.small_number(arguments, "interval")?),
            Rule::Via => Class::Via(self.relations(arguments)?),
            Rule::RefdBy(inner) => Class::Referrers(self.referrers(inner, arguments)?),
            Rule::Findex(kinds) => {
                let index = self.small_number(arguments, "index")?;
                if index as usize > kinds.len() {
                    return Err(self.refuse("index", arguments, &format!("0 to {}", kinds.len())));
                }
                Class::Index(index)
            }
            Rule::DictOf(inner) => return self.owned(inner, arguments),
            Rule::Product(rules) => return self.product(rules, arguments),
            Rule::Unit | Rule::Site | Rule::Thread | Rule::Evidence | Rule::Content => {
                return self.named_kind(arguments);
            }
        };
        Ok(self.kind(class))
    }

    fn kind(&self, class: Class) -> Kind {
        Kind::of_class(Arc::clone(self.view()), self.rule().clone(), class)
    }

    fn refuse(&self, argument: &'static str, given: &Arguments, accepted: &str) -> UseError {
        UseError::Argument {
            function: self.rule().word(),
            argument,
            given: given.describe(),
            accepted: accepted.to_owned(),
        }
    }

    fn number(&self, arguments: &Arguments, name: &'static str) -> Result<u64, UseError> {
        match arguments.get(0, name) {
            Some(Argument::Number(number)) if arguments.positional.len() + arguments.named.len() == 1 => Ok(*number),
            _ => Err(self.refuse(name, arguments, "one number, not negative")),
        }
    }

    fn small_number(&self, arguments: &Arguments, name: &'static str) -> Result<u32, UseError> {
        let number = self.number(arguments, name)?;
        u32::try_from(number).map_err(|_| self.refuse(name, arguments, "a number below 2^32"))
    }

    /// The kind whose table name is given, or the one that is given itself.
    fn named_kind(&self, arguments: &Arguments) -> Result<Kind, UseError> {
        match arguments.get(0, "name").or_else(|| arguments.get(0, "tc")).or_else(|| arguments.get(0, "type")) {
            Some(Argument::Text(name)) => self.class_named(name),
            Some(Argument::Set(UniSet::Kind(kind))) => class_under(self.rule(), kind)
                .map(|class| self.kind(class))
                .ok_or_else(|| not_a_class(self.rule().word(), kind, "a class of this relation")),
            None if arguments.named.is_empty() && matches!(self.rule(), Rule::Unit | Rule::Site | Rule::Thread) => {
                Ok(self.kind(match self.rule() {
                    Rule::Unit => Class::Unit(None),
                    Rule::Site => Class::Site(None),
                    _ => Class::Threads(Vec::new()),
                }))
            }
            _ => Err(self.refuse("name", arguments, "the name of a class, as its tables show it")),
        }
    }

    /// The kind that tables show under `name`; of several classes with one name, all of them. Time O(C).
    ///
    /// # Errors
    /// [`UseError::Argument`] when no object and no type has that name.
    pub fn class_named(&self, name: &str) -> Result<Kind, UseError> {
        let (view, rule) = (self.view(), self.rule());
        let labelling = view.labelling(rule);
        let mut classes: Vec<Class> = (0..labelling.class_count())
            .map(|label| labelling.class(label as u32))
            .filter(|class| rule.class_name(view, class, Place::InProduct) == name)
            .collect();
        if classes.is_empty() && matches!(rule, Rule::Type | Rule::Class | Rule::Clodo) {
            // A type of which no object is alive is a kind all the same.
            let heap = view.heap();
            let types = (0..heap.type_count()).map(|index| TypeId::new(index as u32));
            classes = types
                .filter(|&ty| heap.type_record(ty).name == name)
                .map(|ty| Class::Type(TypeClass::Declared(ty)))
                .collect();
        }
        classes.sort_unstable();
        match classes.len() {
            0 => Err(UseError::Argument {
                function: rule.word(),
                argument: "name",
                given: format!("'{name}'"),
                accepted: "the name of a class, as its tables show it".into(),
            }),
            1 => Ok(self.kind(classes.swap_remove(0))),
            _ => {
                let same_name = classes.into_iter().map(|class| Expr::class(rule.clone(), class)).collect();
                Ok(Kind::new(Arc::clone(view), Expr::Or(same_name)))
            }
        }
    }

    fn clodo(&self, arguments: &Arguments) -> Result<Kind, UseError> {
        let storage = arguments.get(usize::MAX, "dictof").or_else(|| arguments.get(usize::MAX, "bufof"));
        let accepted = "one of <type>, dictof=<type>, bufof=<type>, dictof=(), bufof=()";
        match (arguments.positional.first(), storage) {
            (Some(_), None) if arguments.named.is_empty() => self.named_kind(arguments),
            (None, Some(Argument::Empty)) => Ok(self.kind(Class::Storage(None))),
            (None, Some(owner)) => {
                let types = Self::new(Arc::clone(self.view()), Rule::Class);
                let owner = types.named_kind(&Arguments::positional([owner.clone()]))?;
                match owner.class() {
                    Some((_, Class::Type(ty))) => Ok(self.kind(Class::Storage(Some(ty.clone())))),
                    _ => Ok(UniSet::from(owner).dictof()),
                }
            }
            _ => Err(self.refuse("type", arguments, accepted)),
        }
    }

    /// The set of one object: what `iso` gives.
    fn singleton(&self, arguments: &Arguments) -> Result<Kind, UseError> {
        let mut members = ObjectSet::empty(self.view().heap().object_count());
        members.insert(self.object(arguments)?);
        Ok(Kind::new(Arc::clone(self.view()), Expr::Objects(Arc::new(members))))
    }

    fn object(&self, arguments: &Arguments) -> Result<ObjectId, UseError> {
        let Some(Argument::Number(address)) = arguments.get(0, "address") else {
            return Err(self.refuse("address", arguments, "the address of an object, and the instance it is in"));
        };
        let instance = match arguments.get(1, "instance") {
            None => 0,
            Some(Argument::Number(instance)) => u32::try_from(*instance).unwrap_or(u32::MAX),
            Some(_) => return Err(self.refuse("instance", arguments, "the number of an instance")),
        };
        self.view().object_at(instance, *address)
    }

    fn module(&self, arguments: &Arguments) -> Result<Option<ObjectId>, UseError> {
        let name = match arguments.get(0, "name") {
            None => None,
            Some(Argument::Text(name)) => Some(name),
            Some(_) => return Err(self.refuse("name", arguments, "the name of a module")),
        };
        let at = match arguments.get(1, "at") {
            None => None,
            Some(Argument::Number(at)) => Some(*at),
            Some(_) => return Err(self.refuse("at", arguments, "the number of the module's instance")),
        };
        if name.is_none() && at.is_none() {
            return Ok(None);
        }
        let heap = self.view().heap();
        let fits = |module: &ObjectId| {
            at.is_none_or(|at| u64::from(heap.instance(*module)) == at)
                && name.is_none_or(|name| heap.name(*module) == Some(name.as_str()))
        };
        let modules = heap.objects().filter(|&object| heap.family(object) == Family::Module);
        let accepted = || {
            let modules = heap.objects().filter(|&object| heap.family(object) == Family::Module);
            let known: Vec<_> = modules
                .map(|module| format!("{} at {}", heap.name(module).unwrap_or("module"), heap.instance(module)))
                .collect();
            format!("one of the modules: {}", known.join(", "))
        };
        modules.into_iter().find(fits).map(Some).ok_or_else(|| self.refuse("name", arguments, &accepted()))
    }

    fn producer(&self, arguments: &Arguments) -> Result<Kind, UseError> {
        let accepted =
            "nothing, a prefix of file names, a file name and a line of which one may be None, or function=<name>";
        if let Some(function) = arguments.get(usize::MAX, "function") {
            return match function {
                Argument::Text(name) if arguments.positional.len() + arguments.named.len() == 1 => {
                    self.lines_of(name).ok_or_else(|| {
                        self.refuse(
                            "function",
                            arguments,
                            "the name of a function that allocates, or of its type or module",
                        )
                    })
                }
                _ => Err(self.refuse("function", arguments, accepted)),
            };
        }
        let file = match arguments.get(0, "filename") {
            None if arguments.named.is_empty() => return Ok(self.kind(Class::Producer(None))),
            Some(Argument::Text(file)) => Some(file.clone()),
            Some(Argument::None) => None,
            _ => return Err(self.refuse("filename", arguments, accepted)),
        };
        let line = match arguments.get(1, "lineno") {
            None => {
                let Some(prefix) = file else { return Err(self.refuse("filename", arguments, accepted)) };
                return Ok(self.at_most(Class::Producer(Some((prefix, None)))));
            }
            Some(Argument::Number(line)) => {
                Some(u32::try_from(*line).map_err(|_| self.refuse("lineno", arguments, "a line below 2^32"))?)
            }
            Some(Argument::None) => None,
            Some(_) => return Err(self.refuse("lineno", arguments, accepted)),
        };
        match (file, line) {
            (Some(file), Some(line)) => Ok(self.kind(Class::Producer(Some((file, Some(line)))))),
            (Some(file), None) => Ok(self.any_of(|name, _| name == file)),
            (None, Some(line)) => Ok(self.any_of(|_, at| at == Some(line))),
            (None, None) => Err(self.refuse("filename", arguments, accepted)),
        }
    }

    /// What the lines of a function produce, or of all functions whose names begin with that of a type or a module.
    fn lines_of(&self, name: &str) -> Option<Kind> {
        let heap = self.view().heap();
        let contexts = (0..heap.context_count()).map(|index| ContextId::new(index as u32));
        let within = |function: &str| {
            let rest = function.strip_prefix(name)?;
            let continues = PATH_ENDS.iter().any(|end| rest.starts_with(end));
            (rest.is_empty() || continues).then_some(())
        };
        let lines: BTreeSet<(String, Option<u32>)> = contexts
            .filter(|&context| first_own_frame(heap, context).and_then(|frame| within(&frame.function)).is_some())
            .filter_map(|context| producer(heap, context))
            .collect();
        (!lines.is_empty()).then(|| self.any_of(|file, line| lines.contains(&(file.to_owned(), line))))
    }

    fn at_most(&self, class: Class) -> Kind {
        let atom = Atom { rule: self.rule().clone(), class, comparison: Comparison::LessOrEqual };
        Kind::new(Arc::clone(self.view()), Expr::Atom(Arc::new(atom)))
    }

    /// The producers of this heap that fit, together.
    fn any_of(&self, fits: impl Fn(&str, Option<u32>) -> bool) -> Kind {
        let labelling = self.view().labelling(self.rule());
        let classes = (0..labelling.class_count()).map(|label| labelling.class(label as u32));
        let fitting = classes.filter(|class| matches!(class, Class::Producer(Some((file, line))) if fits(file, *line)));
        let mut kinds: Vec<Expr> = fitting.map(|class| Expr::class(self.rule().clone(), class)).collect();
        let union = match kinds.len() {
            0 => Expr::nothing(self.view()),
            1 => kinds.swap_remove(0),
            _ => Expr::Or(kinds.into()),
        };
        Kind::new(Arc::clone(self.view()), union)
    }

    fn relations(&self, arguments: &Arguments) -> Result<BTreeSet<crate::heap::Relation>, UseError> {
        if !arguments.named.is_empty() {
            return Err(self.refuse("relation", arguments, "relations as texts, by position"));
        }
        let read = |argument: &Argument| match argument {
            Argument::Text(text) => parse_relation(text),
            _ => Err(self.refuse("relation", arguments, "relations as texts")),
        };
        arguments.positional.iter().map(read).collect()
    }

    fn referrers(&self, inner: &Rule, arguments: &Arguments) -> Result<BTreeSet<Class>, UseError> {
        let mut classes = BTreeSet::new();
        let accepted = || format!("classes of {}", inner.repr(self.view()));
        for argument in &arguments.positional {
            match argument {
                Argument::Set(UniSet::Kind(kind)) => {
                    let class = class_under(inner, kind);
                    classes.insert(class.ok_or_else(|| not_a_class(self.rule().word(), kind, &accepted()))?);
                }
                Argument::Text(name) => {
                    let kind = Self::new(Arc::clone(self.view()), inner.clone()).class_named(name)?;
                    let class = class_under(inner, &kind);
                    classes.insert(class.ok_or_else(|| not_a_class(self.rule().word(), &kind, "a unique name"))?);
                }
                Argument::Kinds(kinds) if kinds.rule() == inner => classes.extend(kinds.classes().iter().cloned()),
                _ => return Err(self.refuse("kind", arguments, &accepted())),
            }
        }
        Ok(classes)
    }

    fn owned(&self, inner: &Rule, arguments: &Arguments) -> Result<Kind, UseError> {
        let class = match arguments.get(0, "kind") {
            None | Some(Argument::None) => Class::NotStorage,
            Some(Argument::Empty) => Class::OwnerIn(None),
            Some(Argument::Set(set)) if !set.as_bool() => Class::OwnerIn(None),
            Some(Argument::Set(UniSet::Kind(kind))) => match class_under(inner, kind) {
                Some(class) => Class::OwnerIn(Some(Box::new(class))),
                None => return Ok(UniSet::from(kind.clone()).dictof()),
            },
            Some(Argument::Set(set)) => return Ok(set.dictof()),
            Some(_) => return Err(self.refuse("kind", arguments, "None, Nothing or the kind of the owners")),
        };
        Ok(self.kind(class))
    }

    fn product(&self, rules: &[Rule], arguments: &Arguments) -> Result<Kind, UseError> {
        let accepted = || format!("{} classes, one of each relation", rules.len());
        if arguments.positional.len() != rules.len() || !arguments.named.is_empty() {
            return Err(self.refuse("kind", arguments, &accepted()));
        }
        let classes = rules.iter().zip(&arguments.positional).map(|(rule, argument)| {
            let part = Self::new(Arc::clone(self.view()), rule.clone());
            let kind = match argument {
                Argument::Set(UniSet::Kind(kind)) => kind.clone(),
                other => part.call(&Arguments::positional([other.clone()]))?,
            };
            class_under(rule, &kind).ok_or_else(|| not_a_class(self.rule().word(), &kind, &accepted()))
        });
        Ok(self.kind(Class::Product(classes.collect::<Result<_, _>>()?)))
    }
}
