//! What programs read: every form of JSON conforms to its schema in the guide.

use std::path::Path;

use serde_json::Value;

use super::command::{answer, heapy_host};
use super::sample::recording;

fn schema(name: &str) -> Value {
    let file = format!("../www/guide/schemas/{}.json", name.replace('/', "-"));
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Why a value does not conform, for the keywords that our schemas use. What a schema does not list is refused, so that
/// nothing is printed that is not documented.
fn fault(value: &Value, schema: &Value, top: &Value) -> Option<String> {
    for (keyword, rule) in schema.as_object().unwrap() {
        let found = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => None,
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                fault(value, &top["$defs"][name], top)
            }
            "const" => (value != rule).then(|| format!("{value} is not {rule}")),
            "enum" => (!rule.as_array().unwrap().contains(value)).then(|| format!("{value} is none of {rule}")),
            "minimum" => {
                (value.as_f64() < rule.as_f64() && value.is_number()).then(|| format!("{value} is less than {rule}"))
            }
            "type" => {
                let names = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                (!names.iter().any(|name| is(value, name.as_str().unwrap()))).then(|| format!("{value} is no {rule}"))
            }
            "anyOf" => {
                let faults: Vec<Option<String>> =
                    rule.as_array().unwrap().iter().map(|one| fault(value, one, top)).collect();
                (!faults.contains(&None)).then(|| format!("{faults:?}"))
            }
            "required" => {
                let missing = rule.as_array().unwrap().iter().find(|name| value.get(name.as_str().unwrap()).is_none());
                missing.map(|name| format!("{name} is missing in {value}"))
            }
            "properties" => value.as_object().into_iter().flatten().find_map(|(name, member)| match rule.get(name) {
                Some(rule) => fault(member, rule, top),
                None => Some(format!("{name} is not documented")),
            }),
            "items" => value.as_array().into_iter().flatten().find_map(|item| fault(item, rule, top)),
            other => panic!("the test does not know {other}"),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the test does not know {other}"),
    }
}

fn expect(name: &str, text: &str) {
    let schema = schema(name);
    let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(fault(&value, &schema, &schema), None, "{name}");
}

#[test]
fn every_json_output_conforms_to_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let file = recording(folder.path());
    let file = file.to_str().unwrap();
    for options in [&["--by", "Type"][..], &["--by", "Id"], &["--set", "leaks"], &["--set", "all", "--by", "Prod&Size"]]
    {
        expect("heapy-show/1", &answer(&[&["show", file, "--json"], options].concat()));
    }
    for options in [&[][..], &["--by", "Prod"], &["--from", "2", "--to", "1", "--set", "all"]] {
        expect("heapy-diff/1", &answer(&[&["diff", file, file, "--json"], options].concat()));
    }
    for options in [&[][..], &["--by", "Site"], &["--by", "Unit"]] {
        expect("heapy-totals/1", &answer(&[&["show", file, "--totals", "--json"], options].concat()));
    }
    for expression in ["hp.heap()", "hp.heap().byid", "hp.heapu()", "hp.heap().partition", "hp.heap().stat"] {
        expect("heapy-table/1", &answer(&["query", file, "--json", "-e", expression]));
    }
    let report = folder.path().join("report.json");
    let baseline = folder.path().join("baseline.json");
    let gate = ["check", file, "--format", "json", "--report", report.to_str().unwrap()];
    let rules = ["--max-live", "7", "--max-growth", "0", "--baseline", baseline.to_str().unwrap()];
    assert_eq!(heapy_host(&[&gate[..], &rules, &["--update"]].concat()).status.code(), Some(1));
    expect("heapy-baseline/1", &std::fs::read_to_string(&baseline).unwrap());
    expect("heapy-check/1", &std::fs::read_to_string(&report).unwrap());
}

#[test]
fn json_of_guests_and_of_courses_conforms_too() {
    let folder = tempfile::tempdir().unwrap();
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/guests/out/shapes.wasm");
    let guest = guest.to_str().unwrap();
    expect("heapy-allocators/1", &answer(&["allocators", guest, "--json"]));
    let file = folder.path().join("run.heapy");
    let file = file.to_str().unwrap();
    answer(&["record", guest, "-o", file]);
    let course = answer(&["show", file, "--timeline", "--json"]);
    assert!(!serde_json::from_str::<Value>(&course).unwrap()["samples"].as_array().unwrap().is_empty());
    expect("heapy-timeline/1", &course);
    for options in [&[][..], &["--of", "count", "--table", "a"]] {
        expect("heapy-pb/1", &answer(&[&["pb", file, "--json"], options].concat()));
    }
    let empty = folder.path().join("empty.hpy");
    std::fs::write(&empty, "").unwrap();
    expect("heapy-pb/1", &answer(&["pb", empty.to_str().unwrap(), "--json"]));
}

#[test]
fn a_schema_refuses_what_does_not_conform() {
    let schema = schema("heapy-diff/1");
    let fault = |text: &str| fault(&serde_json::from_str(text).unwrap(), &schema, &schema).unwrap_or_default();
    let good = r#"{"schema":"heapy-diff/1","from":1,"to":2,"by":"Type","count":0,"size":0,"rows":[]}"#;
    assert_eq!(fault(good), "");
    assert!(fault(&good.replace("diff/1", "diff/2")).contains("heapy-diff/1"));
    assert!(fault(&good.replace("\"by\":\"Type\",", "")).contains("\"by\" is missing"));
    assert!(fault(&good.replace("\"from\":1", "\"from\":-1")).contains("less than"));
    assert!(fault(&good.replace("\"rows\":[]", "\"rows\":[{}]")).contains("is missing"));
    assert!(fault(&good.replace("\"to\"", "\"more\":1,\"to\"")).contains("not documented"));
}
