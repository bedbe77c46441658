//! Claims about the document.

use super::*;

fn each_operation(document: &Value, mut claim: impl FnMut(&str, &str, &Value)) {
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            claim(path, method, operation);
        }
    }
}

#[test]
fn every_request_and_every_answer_has_an_example() {
    let document = document().unwrap();
    let mut operations = 0;
    each_operation(&document, |path, method, operation| {
        operations += 1;
        let bodies = operation["responses"].as_object().unwrap().values().chain(operation.get("requestBody"));
        for body in bodies {
            for medium in body.get("content").and_then(Value::as_object).into_iter().flat_map(|media| media.values()) {
                assert!(medium.get("example").is_some() || medium.get("examples").is_some(), "{method} {path}");
            }
        }
    });
    assert!(operations > 5);
}

#[test]
fn every_operation_says_that_it_may_be_unavailable_and_every_staff_operation_who_may() {
    each_operation(&document().unwrap(), |path, method, operation| {
        assert!(operation["responses"].get("503").is_some(), "{method} {path}");
        let security = operation.get("security").map(Value::to_string).unwrap_or_default();
        if security.contains("staff") {
            assert!(operation["responses"].get("403").is_some(), "{method} {path}");
        }
        if path.starts_with("/admin/") && !security.contains("staff") {
            assert!(path.contains("/sessions"), "{method} {path} is open to everybody");
        }
    });
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document().unwrap();
    let text = document.to_string();
    let mut missing = std::collections::BTreeSet::new();
    for part in text.split("\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        if document["components"]["schemas"].get(name).is_none() {
            missing.insert(name.to_owned());
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_files_in_the_repository_are_up_to_date() {
    check(Path::new(FOLDER)).unwrap();
}
