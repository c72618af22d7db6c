//! Rows as lines of JSON and of CSV, octet for octet what Python's `json` and
//! `csv` make of `Row.to_dict()`.

use std::fmt::{Display, Write};

use super::report::{PopState, RequestForm, hexadecimal};
use super::told::{Chain, Origin, Sink, Told, ToldRequest, ToldSigner};
use crate::error::{Reason, Rule};

/// Lines in the making.
#[derive(Debug)]
pub struct Lines<F> {
    /// What they are made of.
    pub form: Form,
    /// What a line of an item begins with, instead of the number of that.
    pub firsts: Option<F>,
    /// What was made.
    pub text: String,
}

/// What lines are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An object each; it begins with a member.
    Json,
    /// Cells; the first is the first.
    Csv,
}

impl<'a, F: Fn(usize) -> &'a str> Sink for Lines<F> {
    fn take(&mut self, _index: usize, told: &Told<'_>) {
        let Self { form, firsts, text } = self;
        if *form == Form::Json {
            text.push('{');
        }
        match (firsts, *form) {
            (Some(first), _) => text.push_str(first(told.item)),
            (None, Form::Json) => {
                text.push_str("\"index\": ");
                number(text, told.item);
            }
            (None, Form::Csv) => number(text, told.item),
        }
        match form {
            Form::Json => json(told, text),
            Form::Csv => csv(told, text),
        }
    }
}

/// The members of an object behind the first.
fn json(told: &Told<'_>, out: &mut String) {
    out.push_str(", \"path\": ");
    list(out, told.path.iter(), number);
    out.push_str(", \"kind\": ");
    word(out, Some(told.kind.name()));
    out.push_str(", \"encoding\": ");
    word(out, Some(told.encoding.name()));
    out.push_str(", \"verdict\": ");
    word(out, Some(told.verdict.name()));
    out.push_str(", \"reason\": ");
    word(out, told.reason.map(Reason::name));
    out.push_str(", \"rule\": ");
    word(out, told.reason.and_then(Reason::rule).map(Rule::name));
    out.push_str(", \"offset\": ");
    optional(out, told.offset);
    out.push_str(", \"span\": ");
    list(out, [told.span.start, told.span.end].into_iter(), number);
    out.push_str(", \"signers\": ");
    list(out, told.signers.iter(), json_signer);
    out.push_str(", \"origin\": ");
    word(out, told.origin().map(Origin::name));
    out.push_str(", \"requests\": ");
    list(out, told.requests.iter(), json_request);
    out.push_str(", \"transaction_id\": ");
    word(out, told.transaction_id.as_deref());
    out.push_str(", \"notes\": ");
    list(out, told.notes.iter(), |out, (body_part_id, reason)| {
        out.push_str("{\"body_part_id\": ");
        optional(out, *body_part_id);
        out.push_str(", \"reason\": ");
        word(out, Some(reason.name()));
        out.push('}');
    });
    out.push_str("}\n");
}

fn json_signer(out: &mut String, signer: &ToldSigner<'_>) {
    out.push_str("{\"algorithm\": ");
    word(out, signer.algorithm.as_deref());
    out.push_str(", \"certificate_sha256\": ");
    quoted(out, signer.certificate.as_ref(), digest);
    out.push_str(", \"request_id\": ");
    optional(out, signer.request_id);
    out.push_str(", \"chain\": ");
    word(out, signer.chain.map(Chain::name));
    out.push_str(", \"anchor_sha256\": ");
    quoted(out, signer.anchor.as_ref(), digest);
    out.push_str(", \"reason\": ");
    word(out, signer.reason.map(Reason::name));
    out.push_str(", \"detail\": ");
    quoted(out, signer.detail.as_deref(), escape);
    out.push('}');
}

fn json_request(out: &mut String, request: &ToldRequest<'_>) {
    out.push_str("{\"id\": ");
    number(out, request.id);
    out.push_str(", \"form\": ");
    word(out, Some(RequestForm::name(request.form)));
    out.push_str(", \"algorithm\": ");
    word(out, request.algorithm.as_deref());
    out.push_str(", \"pop\": ");
    word(out, Some(PopState::name(request.pop)));
    out.push('}');
}

fn list<T>(out: &mut String, elements: impl Iterator<Item = T>, write: impl Fn(&mut String, T)) {
    out.push('[');
    separated(out, ", ", elements, write);
    out.push(']');
}

fn separated<T>(
    out: &mut String,
    separator: &str,
    elements: impl Iterator<Item = T>,
    write: impl Fn(&mut String, T),
) {
    for (place, element) in elements.enumerate() {
        if place > 0 {
            out.push_str(separator);
        }
        write(out, element);
    }
}

fn number(out: &mut String, number: impl Display) {
    // Writing into a String never fails.
    let _ = write!(out, "{number}");
}

fn optional(out: &mut String, value: Option<impl Display>) {
    match value {
        Some(value) => number(out, value),
        None => out.push_str("null"),
    }
}

/// A text that needs no escape.
fn word(out: &mut String, word: Option<&str>) {
    quoted(out, word, |out, word| out.push_str(word));
}

fn quoted<T>(out: &mut String, value: Option<T>, write: impl Fn(&mut String, T)) {
    match value {
        Some(value) => {
            out.push('"');
            write(out, value);
            out.push('"');
        }
        None => out.push_str("null"),
    }
}

fn digest(out: &mut String, octets: &[u8; 32]) {
    out.extend(hexadecimal(octets).map(char::from));
}

/// The inside of a JSON string, in ASCII.
fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            _ => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
}

/// The cells behind the first.
fn csv(told: &Told<'_>, out: &mut String) {
    out.push(',');
    for id in told.path.iter() {
        out.push('/');
        number(out, id);
    }
    let rule = told.reason.and_then(Reason::rule);
    let words = [
        Some(told.kind.name()),
        Some(told.encoding.name()),
        Some(told.verdict.name()),
        told.reason.map(Reason::name),
        rule.map(Rule::name),
    ];
    for word in words {
        out.push(',');
        out.push_str(word.unwrap_or_default());
    }
    out.push(',');
    bare(out, told.offset);
    let _ = write!(out, ",{}-{},", told.span.start, told.span.end);
    cell(out, told.signers.iter(), csv_signer);
    out.push(',');
    out.push_str(told.origin().map(Origin::name).unwrap_or_default());
    out.push(',');
    cell(out, told.requests.iter(), |out, request| {
        let (form, pop) = (request.form.name(), request.pop.name());
        let algorithm = request.algorithm.as_deref().unwrap_or_default();
        let _ = write!(out, "{}:{form}:{algorithm}:{pop}", request.id);
    });
    out.push(',');
    out.push_str(told.transaction_id.as_deref().unwrap_or_default());
    out.push(',');
    cell(out, told.notes.iter(), |out, (body_part_id, reason)| {
        bare(out, *body_part_id);
        let _ = write!(out, ":{}", reason.name());
    });
    out.push('\n');
}

fn csv_signer(out: &mut String, signer: &ToldSigner<'_>) {
    out.push_str(signer.algorithm.as_deref().unwrap_or_default());
    out.push(':');
    signer.certificate.iter().for_each(|it| digest(out, it));
    out.push(':');
    bare(out, signer.request_id);
    out.push(':');
    out.push_str(signer.chain.map(Chain::name).unwrap_or_default());
    out.push(':');
    signer.anchor.iter().for_each(|it| digest(out, it));
    out.push(':');
    out.push_str(signer.reason.map(Reason::name).unwrap_or_default());
    out.push(':');
    // What was received separates neither objects nor lines.
    out.extend(signer.detail.iter().flat_map(|detail| detail.chars()).map(|it| match it {
        ';' => ',',
        '\n' | '\r' => ' ',
        other => other,
    }));
}

fn bare(out: &mut String, value: Option<impl Display>) {
    if let Some(value) = value {
        number(out, value);
    }
}

/// Objects in one cell, quoted where that has a comma or a quotation mark.
fn cell<T>(out: &mut String, elements: impl Iterator<Item = T>, write: impl Fn(&mut String, T)) {
    let start = out.len();
    separated(out, "; ", elements, write);
    let written = out.get(start..).unwrap_or_default();
    if written.contains([',', '"']) {
        let quoted = written.replace('"', "\"\"");
        out.truncate(start);
        let _ = write!(out, "\"{quoted}\"");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_json_in_ascii() {
        let mut out = String::new();
        escape(&mut out, "a\"\\\n\r\t\u{8}\u{c}\u{1}\u{7f}ü€😀/");
        let expected = r#"a\"\\\n\r\t\b\f\u0001\u007f\u00fc\u20ac\ud83d\ude00/"#;
        assert_eq!(out, expected);
    }

    #[test]
    fn cells_with_commas_are_quoted() {
        let mut out = String::new();
        cell(&mut out, ["plain", "a,b", "say \"no\""].iter(), |out, text| out.push_str(text));
        assert_eq!(out, "\"plain; a,b; say \"\"no\"\"\"");
        out.clear();
        cell(&mut out, ["plain"].iter(), |out, text| out.push_str(text));
        assert_eq!(out, "plain");
    }
}
