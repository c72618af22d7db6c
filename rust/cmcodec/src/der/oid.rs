//! OBJECT IDENTIFIERs between content octets and dotted decimal text
//! (X.690 8.19).

use crate::generated::limits::MAX_OID_OCTETS;

/// Text of content octets that were checked: arcs stay below 2^128 + 80.
pub fn dotted(content: &[u8]) -> String {
    let mut text = String::new();
    let mut arc: u128 = 0;
    for octet in content {
        // The walk bounds arcs to 128 bits, so no bit is lost.
        arc = arc << 7 | u128::from(octet & 0x7F);
        if octet & 0x80 != 0 {
            continue;
        }
        if text.is_empty() {
            let first = (arc / 40).min(2);
            text = format!("{first}.{}", arc - first * 40);
        } else {
            text.push('.');
            text.push_str(&arc.to_string());
        }
        arc = 0;
    }
    text
}

/// Content octets of dotted decimal text, or `None` where it is no OBJECT
/// IDENTIFIER of at most [`MAX_OID_OCTETS`] octets and arcs of 128 bits.
pub fn encode(text: &str) -> Option<Vec<u8>> {
    let mut arcs = text.split('.').map(arc);
    let first = arcs.next()??;
    let second = arcs.next()??;
    if first > 2 || (first < 2 && second > 39) {
        return None;
    }
    let mut content = Vec::with_capacity(text.len());
    push(&mut content, second.checked_add(first * 40)?);
    for arc in arcs {
        push(&mut content, arc?);
    }
    (content.len() <= MAX_OID_OCTETS).then_some(content)
}

/// The value of decimal digits without leading zeros.
fn arc(text: &str) -> Option<u128> {
    let digits = text.bytes().all(|octet| octet.is_ascii_digit());
    let minimal = text == "0" || !text.starts_with('0');
    if digits && minimal { text.parse().ok() } else { None }
}

fn push(content: &mut Vec<u8>, arc: u128) {
    let octets = (128 - arc.leading_zeros()).div_ceil(7).max(1);
    for index in (0..octets).rev() {
        let more = if index == 0 { 0 } else { 0x80 };
        let bits = (arc >> (7 * index) & 0x7F).to_le_bytes();
        content.push(bits.first().copied().unwrap_or_default() | more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_octets_agree() {
        for (text, content) in [
            ("1.3.6.1.5.5.7.7.28", &b"\x2b\x06\x01\x05\x05\x07\x07\x1c"[..]),
            ("2.999.1", b"\x88\x37\x01"),
            ("0.0", b"\x00"),
            ("2.5.29.14", b"\x55\x1d\x0e"),
        ] {
            assert_eq!(encode(text).as_deref(), Some(content));
            assert_eq!(dotted(content), text);
        }
        for text in ["", "1", "3.1", "1.40", "1.2.", "1..2", "01.2", "1.02", "1.-2", "1.+2", "a.b"]
        {
            assert_eq!(encode(text), None, "{text}");
        }
    }
}
