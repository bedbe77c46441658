//! Pure decisions about virtual goods: what a list of codes says, and what may be written down.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::model::{MAX_CODE_CHARS, MAX_REASON_CHARS, NewGrant};

/// Why a row of a list cannot be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowProblem {
    /// The row has other columns and no code.
    Empty,
    /// More than 200 characters.
    TooLong,
    /// It has control characters.
    BadCharacter,
    /// The same code stands further up in the list.
    DuplicateInList,
    /// The pool has this code already, or a buyer got it.
    DuplicateInPool,
    /// The pool of another SKU has this code, or had it before a buyer got it.
    DuplicateInOtherPool,
}

/// A row that cannot be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct BadRow {
    /// Which row of the text, from 1, empty ones counted.
    #[schema(example = 3)]
    pub row: usize,
    /// What is wrong with it.
    pub problem: RowProblem,
}

/// A code of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListedCode {
    /// Which row of the text, from 1.
    pub(super) row: usize,
    /// The code.
    pub(super) code: String,
}

/// What a list says: good codes, each once, and bad rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CodeList {
    pub(super) codes: Vec<ListedCode>,
    pub(super) bad: Vec<BadRow>,
}

/// Reads a list: one code a row, or CSV whose first column is the code. A first row that says `code` is a head; rows
/// with nothing in them are passed over.
pub(super) fn read(text: &str) -> CodeList {
    let mut list = CodeList::default();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (row, line) in (1_usize..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let line = line.trim();
        if line.is_empty() || (row == 1 && first_field(line).eq_ignore_ascii_case("code")) {
            continue;
        }
        let code = first_field(line);
        let problem = match flaw(&code) {
            Some(problem) => Some(problem),
            None => seen.insert(code.clone(), row).map(|_| RowProblem::DuplicateInList),
        };
        match problem {
            Some(problem) => list.bad.push(BadRow { row, problem }),
            None => list.codes.push(ListedCode { row, code }),
        }
    }
    list
}

/// The first column of a row of CSV, without the quotes around it.
fn first_field(line: &str) -> String {
    let Some(quoted) = line.strip_prefix('"') else {
        return line.split(',').next().unwrap_or_default().trim().to_owned();
    };
    let mut field = String::new();
    let mut letters = quoted.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if letters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => break,
            other => field.push(other),
        }
    }
    field.trim().to_owned()
}

fn flaw(code: &str) -> Option<RowProblem> {
    match code {
        "" => Some(RowProblem::Empty),
        long if long.chars().count() > MAX_CODE_CHARS => Some(RowProblem::TooLong),
        odd if odd.chars().any(char::is_control) => Some(RowProblem::BadCharacter),
        _ => None,
    }
}

/// A code of which staff see the end.
pub(super) fn masked(code: &str) -> String {
    let length = code.chars().count();
    let shown = if length > 8 { 4 } else { length / 3 };
    let hidden = length.saturating_sub(shown);
    "****".chars().chain(code.chars().skip(hidden)).collect()
}

/// Checks a grant; answers it trimmed.
///
/// # Errors
/// The details of the refusal.
pub(super) fn checked_grant(draft: &NewGrant) -> Result<NewGrant, Value> {
    let link = match draft.link.as_deref().map(str::trim) {
        None => None,
        Some(link) if link.starts_with("https://") && fits(link, 9, 500) && !link.contains(char::is_whitespace) => {
            Some(link.to_owned())
        }
        Some(_) => return Err(json!({ "field": "link", "rule": "https://…, at most 500 characters" })),
    };
    Ok(NewGrant {
        name: bounded("name", &draft.name, 60)?,
        instructions: bounded("instructions", &draft.instructions, 1_000)?,
        link,
    })
}

/// A reason without the spaces around it.
///
/// # Errors
/// The details of the refusal.
pub(super) fn checked_reason(reason: &str) -> Result<String, Value> {
    bounded("reason", reason, MAX_REASON_CHARS)
}

fn fits(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.chars().count())
}

fn bounded(field: &str, text: &str, most: usize) -> Result<String, Value> {
    let text = text.trim();
    let visible = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t');
    if fits(text, 1, most) && text.chars().all(visible) {
        Ok(text.to_owned())
    } else {
        Err(json!({ "field": field, "min_length": 1, "max_length": most }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(list: &CodeList) -> Vec<(usize, &str)> {
        list.codes.iter().map(|code| (code.row, code.code.as_str())).collect()
    }

    #[test]
    fn a_list_is_one_code_a_row_or_the_first_column() {
        let list = read("\u{feff}code,value\r\nAAA-1,50\n\n  BBB-2  \n\"CC\"\"C,3\",100\n");
        assert_eq!(codes(&list), [(2, "AAA-1"), (4, "BBB-2"), (5, "CC\"C,3")]);
        assert!(list.bad.is_empty(), "{:?}", list.bad);
    }

    #[test]
    fn bad_rows_are_named_and_the_others_kept() {
        let long = "长".repeat(MAX_CODE_CHARS + 1);
        let list = read(&format!("AAA\nBBB\nAAA,again\n,50\n{long}\nA\u{1}B"));
        assert_eq!(codes(&list), [(1, "AAA"), (2, "BBB")]);
        let bad: Vec<(usize, RowProblem)> = list.bad.iter().map(|bad| (bad.row, bad.problem)).collect();
        let expected = [
            (3, RowProblem::DuplicateInList),
            (4, RowProblem::Empty),
            (5, RowProblem::TooLong),
            (6, RowProblem::BadCharacter),
        ];
        assert_eq!(bad, expected);
    }

    #[test]
    fn staff_see_the_end_of_a_code_and_never_half_of_it() {
        assert_eq!(masked("ABCD-EFGH-1234"), "****1234");
        assert_eq!(masked("123456"), "****56");
        assert_eq!(masked("12"), "****");
    }

    #[test]
    fn a_link_is_https() {
        let draft = |link: &str| NewGrant {
            name: "会员".to_owned(),
            instructions: "打开链接".to_owned(),
            link: Some(link.to_owned()),
        };
        assert!(checked_grant(&draft("https://shop.example/vip")).is_ok());
        for bad in ["", "http://shop.example", "javascript:alert(1)", "https://a b", "https://"] {
            assert_eq!(checked_grant(&draft(bad)).unwrap_err()["field"], "link", "{bad}");
        }
    }
}
