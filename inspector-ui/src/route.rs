//! What the page shows, as it stands in the URL behind the `#`: every state is a link.

use std::collections::BTreeMap;

use crate::expression::SetExpression;
use crate::protocol::{Sort, SortKey};

/// The views, in the order of their tabs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum View {
    /// Where the snapshot stands as a whole.
    #[default]
    Overview,
    /// Partitions of a set.
    Heap,
    /// What nothing reaches.
    Leaks,
    /// Who refers to a set, by kinds.
    Graph,
    /// What lives only through what.
    Dominators,
    /// Which code allocated a set.
    Sites,
    /// Linear memory.
    Map,
    /// Two snapshots.
    Compare,
    /// Scripts.
    Script,
}

impl View {
    /// All of them.
    pub(crate) const ALL: [Self; 9] = [
        Self::Overview,
        Self::Heap,
        Self::Leaks,
        Self::Graph,
        Self::Dominators,
        Self::Sites,
        Self::Map,
        Self::Compare,
        Self::Script,
    ];

    /// Its title, which is its word in the URL in lower case.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Heap => "Heap",
            Self::Leaks => "Leaks",
            Self::Graph => "Graph",
            Self::Dominators => "Dominators",
            Self::Sites => "Sites",
            Self::Map => "Map",
            Self::Compare => "Compare",
            Self::Script => "Script",
        }
    }

    /// What can be chosen of how it shows what it shows. Views that share a name share the choice.
    const fn options(self) -> &'static [&'static str] {
        match self {
            Self::Graph => &["levels", "inside", "most", "opened", "table", ZOOM],
            Self::Dominators => &["shape", "apart", "within", ZOOM],
            Self::Sites => &["weight", "inverted", "library", "below", "search", "table", ZOOM],
            Self::Map => &["cell", "at", "table", ZOOM],
            Self::Script => &["script"],
            _ => &[],
        }
    }

    /// The key that leads to it after `g`.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Overview => "o",
            Self::Heap => "h",
            Self::Leaks => "l",
            Self::Graph => "g",
            Self::Dominators => "d",
            Self::Sites => "s",
            Self::Map => "m",
            Self::Compare => "c",
            Self::Script => "j",
        }
    }
}

/// The option that says what of a picture is in sight.
pub(crate) const ZOOM: &str = "zoom";

/// Options that change what is seen of a picture and not what it shows.
const LOOKS: [&str; 5] = [ZOOM, "at", "opened", "search", "table"];

/// A state of the page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Route {
    /// The view.
    pub view: View,
    /// The snapshot's number; none for the last one.
    pub snapshot: Option<u32>,
    /// The set.
    pub set: SetExpression,
    /// The relation, or several joined by `&`.
    pub by: String,
    /// The order of rows.
    pub sort: Sort,
    /// What rows must contain.
    pub filter: String,
    /// The object in the details.
    pub object: Option<u32>,
    /// The width of the details in pixels, where it is not that of a fresh page.
    pub pane: Option<u32>,
    /// The earlier snapshot of a comparison.
    pub before: Option<u32>,
    /// What is zoomed into.
    pub top: Option<u32>,
    /// What was chosen of how views show what they show, by name.
    pub options: BTreeMap<&'static str, String>,
}

/// The relation of a fresh page.
pub(crate) const DEFAULT_BY: &str = "Type";

impl Default for Route {
    fn default() -> Self {
        Self {
            view: View::default(),
            snapshot: None,
            set: SetExpression::default(),
            by: DEFAULT_BY.to_owned(),
            sort: Sort::default(),
            filter: String::new(),
            object: None,
            pane: None,
            before: None,
            top: None,
            options: BTreeMap::new(),
        }
    }
}

impl Route {
    /// What was chosen under this name.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    /// Whether what has two sides is turned.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.options.contains_key(name)
    }

    /// The same place with another choice; none is that of a fresh page.
    pub(crate) fn with_option(&self, name: &'static str, value: Option<String>) -> Self {
        let mut route = self.clone();
        match value {
            Some(value) => route.options.insert(name, value),
            None => route.options.remove(name),
        };
        route
    }

    /// The same place with the other side of what has two.
    pub(crate) fn turned(&self, name: &'static str) -> Self {
        self.with_option(name, (!self.is_on(name)).then(|| "1".to_owned()))
    }

    /// The place as one comes to it from another one: a picture of something else is seen whole.
    pub(crate) fn coming_from(self, before: &Self) -> Self {
        let options = |route: &Self| {
            let kept = route.options.iter().filter(|(name, _)| !LOOKS.contains(name));
            kept.map(|(name, value)| (*name, value.clone())).collect()
        };
        let shown = |route: &Self| Self {
            object: None,
            pane: None,
            sort: Sort::default(),
            filter: String::new(),
            options: options(route),
            ..route.clone()
        };
        let is_left_over = self.option(ZOOM) == before.option(ZOOM) && shown(&self) != shown(before);
        if is_left_over { self.with_option(ZOOM, None) } else { self }
    }

    /// The URL's fragment without `#`. What is as on a fresh page is left out.
    pub(crate) fn to_fragment(&self) -> String {
        let fresh = Self::default();
        let mut pairs: Vec<(&str, String)> = Vec::new();
        let mut add = |key, value: Option<String>| pairs.extend(value.map(|value| (key, value)));
        add("snapshot", self.snapshot.map(|number| number.to_string()));
        add("set", (self.set != fresh.set).then(|| self.set.to_string()));
        add("by", (self.by != fresh.by).then(|| self.by.clone()));
        let sort = match self.sort.key {
            SortKey::Size => "size",
            SortKey::Count => "count",
            SortKey::Name => "name",
        };
        let sign = if self.sort.reversed { "-" } else { "" };
        add("sort", (self.sort != fresh.sort).then(|| format!("{sign}{sort}")));
        add("filter", (!self.filter.is_empty()).then(|| self.filter.clone()));
        add("object", self.object.map(|object| object.to_string()));
        add("pane", self.pane.filter(|_| self.object.is_some()).map(|width| width.to_string()));
        add("before", self.before.map(|number| number.to_string()));
        add("top", self.top.map(|object| object.to_string()));
        let options = self.options.iter().filter(|(name, _)| self.view.options().contains(name));
        pairs.extend(options.map(|(name, value)| (*name, value.clone())));
        let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={}", encode(value))).collect();
        let view = self.view.title().to_lowercase();
        if pairs.is_empty() { format!("/{view}") } else { format!("/{view}?{}", pairs.join("&")) }
    }

    /// The state that a fragment tells of. Whatever cannot be read is as on a fresh page; the second value says what.
    pub(crate) fn from_fragment(fragment: &str) -> (Self, Option<String>) {
        let mut route = Self::default();
        let mut trouble = None;
        let text = fragment.trim_start_matches(['#', '/']);
        let (view, pairs) = text.split_once('?').unwrap_or((text, ""));
        match View::ALL.into_iter().find(|known| known.title().eq_ignore_ascii_case(view)) {
            Some(known) => route.view = known,
            None if view.is_empty() => {}
            None => trouble = Some(format!("there is no view {view:?}")),
        }
        for pair in pairs.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if let Err(error) = route.set_pair(key, &decode(value)) {
                trouble = Some(error);
            }
        }
        (route, trouble)
    }

    fn set_pair(&mut self, key: &str, value: &str) -> Result<(), String> {
        let number = || value.parse().map(Some).map_err(|_| format!("{key}: {value:?} is no number"));
        match key {
            "snapshot" => self.snapshot = number()?,
            "set" => self.set = value.parse()?,
            "by" => self.by = value.to_owned(),
            "sort" => self.sort = parse_sort(value).ok_or_else(|| format!("sort: {value:?} is no column"))?,
            "filter" => self.filter = value.to_owned(),
            "object" => self.object = number()?,
            "pane" => self.pane = number()?,
            "before" => self.before = number()?,
            "top" => self.top = number()?,
            _ => {
                let known = View::ALL.iter().flat_map(|view| view.options()).find(|name| **name == key);
                let name = known.ok_or_else(|| format!("{key:?} means nothing in this address"))?;
                self.options.insert(name, value.to_owned());
            }
        }
        Ok(())
    }
}

fn parse_sort(text: &str) -> Option<Sort> {
    let (reversed, word) = text.strip_prefix('-').map_or((false, text), |word| (true, word));
    let key = match word {
        "size" => SortKey::Size,
        "count" => SortKey::Count,
        "name" => SortKey::Name,
        _ => return None,
    };
    Some(Sort { key, reversed })
}

/// Percent-encodes all but letters, digits and what is harmless in a fragment.
fn encode(text: &str) -> String {
    let harmless = b"-_.~()[]{}:!*'/,";
    let mut encoded = String::with_capacity(text.len());
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || harmless.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The other way round; what is no encoding stands for itself.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match (bytes[at], digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_survives_the_url() {
        let route = Route {
            view: View::Heap,
            snapshot: Some(3),
            set: SetExpression::leaks().part("Type&Size", 7),
            by: "Via & Size".into(),
            sort: Sort { key: SortKey::Name, reversed: true },
            filter: "a&b=<c> 100% ü".into(),
            object: Some(81_204),
            pane: Some(512),
            before: Some(1),
            top: Some(9),
            options: BTreeMap::new(),
        };
        let fragment = route.to_fragment();
        assert!(!fragment.contains(['<', ' ', '"', '#']), "{fragment}");
        assert_eq!(Route::from_fragment(&format!("#{fragment}")), (route, None));
        assert_eq!(Route::default().to_fragment(), "/overview");
        let below = "main\nf<&str>".to_owned();
        let route =
            Route { view: View::Sites, ..Route::default() }.turned("inverted").with_option("below", Some(below));
        assert_eq!(Route::from_fragment(&route.to_fragment()), (route.clone(), None));
        // What is chosen of one view stands in the address of that view only.
        assert_eq!(Route { view: View::Heap, ..route.clone() }.to_fragment(), "/heap");
        assert_eq!(route.turned("inverted").with_option("below", None).to_fragment(), "/sites");
    }

    #[test]
    fn another_picture_is_seen_whole() {
        let zoomed = Route { view: View::Graph, ..Route::default() }.with_option(ZOOM, Some("2,0.5,0.5".into()));
        let same = Route { object: Some(3), ..zoomed.turned("table") };
        assert_eq!(same.clone().coming_from(&zoomed), same);
        let other = Route { set: SetExpression::leaks(), ..zoomed.clone() };
        assert_eq!(other.clone().coming_from(&zoomed).option(ZOOM), None);
        assert_eq!(Route { view: View::Map, ..zoomed.clone() }.coming_from(&zoomed).option(ZOOM), None);
        // Back from another picture, and a link from elsewhere.
        assert_eq!(zoomed.clone().coming_from(&other.with_option(ZOOM, None)), zoomed);
        assert_eq!(zoomed.clone().coming_from(&Route::default()), zoomed);
    }

    #[test]
    fn what_cannot_be_read_is_said_and_left_out() {
        for (fragment, message) in [
            ("#/nowhere", "there is no view \"nowhere\""),
            ("#/heap?set=alert(1)", "\"alert(1)\": expected hp.heap()"),
            ("#/heap?object=-1", "object: \"-1\" is no number"),
            ("#/heap?x=%zz", "\"x\" means nothing"),
        ] {
            let (route, trouble) = Route::from_fragment(fragment);
            assert!(trouble.is_some_and(|text| text.contains(message)), "{fragment}");
            assert_eq!((route.set, route.object), (SetExpression::heap(), None));
        }
        assert_eq!(Route::from_fragment("").0, Route::default());
    }
}
