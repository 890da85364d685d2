//! One word, one thing: no two types of the crate share a name, private ones included, so that a name is enough to say
//! which one is meant.

use super::text::{code, line_of, sources, without_tests, words};
use std::collections::BTreeMap;

#[test]
fn no_two_types_have_one_name() {
    let found = shared(&sources(), &[]);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn made_up_namesakes_are_caught() {
    let found = |files: &[(&str, &str)]| {
        let files: Vec<_> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        shared(&files, &["src/loose/"])
    };
    assert_eq!(
        found(&[("src/a.rs", "pub struct Plan;"), ("src/b/c.rs", "\nenum Plan {}"), ("src/d.rs", "struct Planned;")]),
        ["`Plan`: src/a.rs:1, src/b/c.rs:2"]
    );
    assert_eq!(found(&[("src/a.rs", "struct A; mod inner { pub(super) struct A; }")]).len(), 1, "in one file");
    assert!(
        found(&[("src/a.rs", "struct A;"), ("src/b.rs", "// struct A;\n#[cfg(test)]\nmod t { struct A; }")]).is_empty()
    );
    assert!(found(&[("src/a.rs", "struct A;"), ("src/loose/b.rs", "struct A;")]).is_empty());
}

/// Every name that several types bear, and where.
fn shared(files: &[(String, String)], not_yet: &[&str]) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in files.iter().filter(|(path, _)| !not_yet.iter().any(|folder| path.starts_with(folder))) {
        let code = without_tests(code(text));
        for pair in words(&code).windows(2).filter(|pair| ["struct", "enum", "union"].contains(&pair[0].1.as_str())) {
            let place = format!("{path}:{}", line_of(&code, pair[1].0));
            places.entry(pair[1].1.clone()).or_default().push(place);
        }
    }
    let several = places.into_iter().filter(|(_, places)| places.len() > 1);
    several.map(|(name, places)| format!("`{name}`: {}", places.join(", "))).collect()
}
