//! The contents of primitive values, checked as DER (rules P3, P5).

use super::node::Kind;
use crate::error::Reason;
use crate::generated::limits::{MAX_ARC_OCTETS, MAX_INTEGER_OCTETS, MAX_OID_OCTETS};

/// Checks the content of a primitive kind.
pub fn check(kind: &Kind, content: &[u8]) -> Check {
    match kind {
        Kind::Boolean => boolean(content),
        Kind::Integer { range, .. } => integer(content).and_then(|()| in_range(content, *range)),
        Kind::Enumerated { .. } => integer(content),
        Kind::BitString { named_bit_list } => bit_string(content, *named_bit_list),
        Kind::Null => null(content),
        Kind::ObjectIdentifier => object_identifier(content),
        Kind::Utf8String => utf8_string(content),
        Kind::Ia5String => or(content.is_ascii(), Reason::BadValue),
        Kind::BmpString => or(utf16(content).is_some(), Reason::BadValue),
        Kind::GeneralizedTime => Moment::generalized(content).map(drop),
        Kind::UtcTime => Moment::utc(content).map(drop),
        _ => Ok(()),
    }
}

/// Whether some content is good, or why not.
pub type Check = std::result::Result<(), Reason>;

#[inline]
fn or(good: bool, reason: Reason) -> Check {
    if good { Ok(()) } else { Err(reason) }
}

/// BOOLEAN: one octet, 00 or FF (X.690 11.1).
pub fn boolean(content: &[u8]) -> Check {
    match content {
        [0x00 | 0xFF] => Ok(()),
        [_] => Err(Reason::NotCanonical),
        _ => Err(Reason::BadValue),
    }
}

/// INTEGER and ENUMERATED: minimal (X.690 8.3.2) and bounded (P5).
#[inline]
pub fn integer(content: &[u8]) -> Check {
    match content {
        [] => Err(Reason::BadValue),
        [first, ..] if content.len() > MAX_INTEGER_OCTETS + usize::from(*first == 0) => {
            Err(Reason::LimitP5)
        }
        [0x00, 0x00..=0x7F, ..] | [0xFF, 0x80..=0xFF, ..] => Err(Reason::NotCanonical),
        _ => Ok(()),
    }
}

#[inline]
fn in_range(content: &[u8], range: Option<(i64, i64)>) -> Check {
    let Some((minimum, maximum)) = range else { return Ok(()) };
    let value = small_integer(content).ok_or(Reason::LimitP6)?;
    or((minimum..=maximum).contains(&value), Reason::LimitP6)
}

/// The value of an INTEGER that fits 64 bits.
#[inline]
pub fn small_integer(content: &[u8]) -> Option<i64> {
    let (first, rest) = content.split_first()?;
    if rest.len() > 7 {
        return None;
    }
    // The sign of the whole is that of the first octet.
    let mut value = i64::from(i8::from_be_bytes([*first]));
    for octet in rest {
        value = value << 8 | i64::from(*octet);
    }
    Some(value)
}

/// BIT STRING: unused bits are 0 to 7 and zero (X.690 8.6, 11.2).
pub fn bit_string(content: &[u8], named: bool) -> Check {
    let Some((&unused, octets)) = content.split_first() else { return Err(Reason::BadValue) };
    let Some(&last) = octets.last() else { return or(unused == 0, Reason::BadValue) };
    if unused > 7 {
        return Err(Reason::BadValue);
    }
    let padding = (1u8 << unused) - 1;
    or(last & padding == 0 && (!named || last >> unused & 1 == 1), Reason::NotCanonical)
}

/// NULL: no content.
pub fn null(content: &[u8]) -> Check {
    or(content.is_empty(), Reason::BadValue)
}

/// OBJECT IDENTIFIER: minimal arcs (X.690 8.19.2), bounded (P5).
#[inline]
pub fn object_identifier(content: &[u8]) -> Check {
    // Nearly all are short, so that no arc can be too long, and have no octet that could be padding.
    let is_plain = match content {
        [first, second, ..0x80] => *first != 0x80 && *second != 0x80,
        [.., ..0x80] if content.len() <= 2 * size_of::<u64>() => {
            match (content.first_chunk(), content.last_chunk()) {
                (Some(first), Some(last)) => !may_pad(*first) && !may_pad(*last),
                _ => content.iter().all(|octet| *octet != 0x80),
            }
        }
        _ => false,
    };
    if is_plain { Ok(()) } else { any_object_identifier(content) }
}

const _: () = assert!(2 * size_of::<u64>() < MAX_ARC_OCTETS);

/// Whether one of these octets is 80; where one is, others may seem to be.
#[inline]
fn may_pad(octets: [u8; 8]) -> bool {
    const ONES: u64 = u64::MAX / 0xFF;
    // An octet of 0 is the lowest of those that borrow from the next one.
    let zero_where_80 = u64::from_le_bytes(octets) ^ ONES << 7;
    zero_where_80.wrapping_sub(ONES) & !zero_where_80 & ONES << 7 != 0
}

#[inline(never)]
fn any_object_identifier(content: &[u8]) -> Check {
    if content.len() > MAX_OID_OCTETS {
        return Err(Reason::LimitP5);
    }
    let mut used = 0;
    let mut first = 0;
    for &octet in content {
        if used == 0 {
            if octet == 0x80 {
                return Err(Reason::NotCanonical);
            }
            first = octet;
        }
        used += 1;
        if octet < 0x80 {
            if used > MAX_ARC_OCTETS || (used == MAX_ARC_OCTETS && first & 0x7C != 0) {
                return Err(Reason::LimitP5);
            }
            used = 0;
        }
    }
    or(used == 0 && !content.is_empty(), Reason::BadValue)
}

/// UTF8String.
pub fn utf8_string(content: &[u8]) -> Check {
    // Short as they are, most are told without the decoder.
    or(content.is_ascii() || std::str::from_utf8(content).is_ok(), Reason::BadValue)
}

/// The text of a BMPString, if its octets are UTF-16 (X.690 8.23.9).
pub fn utf16(content: &[u8]) -> Option<String> {
    let pairs = content.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let units = pairs.map(|pair| pair.iter().fold(0, |unit, octet| unit << 8 | u16::from(*octet)));
    char::decode_utf16(units).collect::<std::result::Result<_, _>>().ok()
}

/// A point in time as its DER form spells it, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// 1 to 9999.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 to 999,999.
    pub microsecond: u32,
}

impl Moment {
    /// GeneralizedTime in DER (X.690 11.7): `YYYYMMDDHHMMSS[.f]Z`, the
    /// fraction of one to six digits without trailing zeros.
    pub fn generalized(content: &[u8]) -> std::result::Result<Self, Reason> {
        let digits = content.strip_suffix(b"Z").ok_or(Reason::NotCanonical)?;
        let (whole, fraction) = match digits.iter().position(|octet| *octet == b'.') {
            Some(dot) => digits.split_at(dot),
            None => (digits, &b""[..]),
        };
        let microsecond = match fraction.split_first() {
            None => 0,
            Some((_, places))
                if places.is_empty() || places.len() > 6 || places.ends_with(b"0") =>
            {
                return Err(Reason::NotCanonical);
            }
            Some((_, places)) => {
                let scale = 10u32.pow(6 - u32::try_from(places.len()).unwrap_or(6));
                number(places)? * scale
            }
        };
        let Some((century, rest)) = whole.split_at_checked(2) else {
            return Err(Reason::NotCanonical);
        };
        let century = number(century)?;
        Self::from_two_digit_years(rest, |year| century * 100 + year, microsecond)
    }

    /// UTCTime in DER (X.690 11.8): `YYMMDDHHMMSSZ`, years 1950 to 2049.
    pub fn utc(content: &[u8]) -> std::result::Result<Self, Reason> {
        let digits = content.strip_suffix(b"Z").ok_or(Reason::NotCanonical)?;
        Self::from_two_digit_years(digits, |year| year + if year < 50 { 2000 } else { 1900 }, 0)
    }

    fn from_two_digit_years(
        digits: &[u8],
        full_year: impl Fn(u32) -> u32,
        microsecond: u32,
    ) -> std::result::Result<Self, Reason> {
        let digits = <&[u8; 12]>::try_from(digits).map_err(|_| Reason::NotCanonical)?;
        let digits = digits.map(|octet| octet.wrapping_sub(b'0'));
        if digits.iter().any(|digit| *digit > 9) {
            return Err(Reason::NotCanonical);
        }
        let [y, year, m, month, d, day, h, hour, n, minute, s, second] = digits;
        let [year, month, day, hour, minute, second] =
            [(y, year), (m, month), (d, day), (h, hour), (n, minute), (s, second)]
                .map(|(tens, ones)| tens * 10 + ones);
        let year = full_year(year.into());
        if year == 0
            || day == 0
            || day > days(year, month)
            || hour > 23
            || minute > 59
            || second > 59
        {
            return Err(Reason::BadValue);
        }
        let year = u16::try_from(year).map_err(|_| Reason::BadValue)?;
        Ok(Self { year, month, day, hour, minute, second, microsecond })
    }
}

fn number(digits: &[u8]) -> std::result::Result<u32, Reason> {
    digits.iter().try_fold(0, |value, octet| {
        let digit = octet.wrapping_sub(b'0');
        if digit > 9 { Err(Reason::NotCanonical) } else { Ok(value * 10 + u32::from(digit)) }
    })
}

/// Days of a month; 0 for what is no month.
fn days(year: u32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    }
}

/// How a universal type of this number must look where no schema says more.
#[inline]
pub fn check_universal(tag: u8, content: &[u8]) -> Check {
    match UNIVERSAL.get(usize::from(tag)).copied().flatten() {
        None => Ok(()),
        Some(check) => check(content),
    }
}

type CheckContent = fn(&[u8]) -> Check;

/// What is checked of the content, by identifier octet.
#[allow(clippy::indexing_slicing)] // Runs at compile time.
static UNIVERSAL: [Option<CheckContent>; 256] = {
    let mut checks: [Option<CheckContent>; 256] = [None; 256];
    let mut tag = 0;
    while tag < 0x40 {
        let number = tag & 0x1F;
        // EXTERNAL, EMBEDDED PDV, SEQUENCE, SET and CHARACTER STRING are constructed, all others not.
        let must_be = matches!(number, 8 | 11 | 16 | 17 | 29);
        if number == 0 || (number != 0x1F && (tag & 0x20 != 0) != must_be) {
            checks[tag] = Some(|_| Err(Reason::BadTag));
        }
        tag += 1;
    }
    checks[0x01] = Some(boolean);
    checks[0x02] = Some(integer);
    checks[0x0A] = Some(integer);
    checks[0x03] = Some(|content| bit_string(content, false));
    checks[0x05] = Some(null);
    checks[0x06] = Some(object_identifier);
    checks[0x0C] = Some(utf8_string);
    checks
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_minimal_and_bounded() {
        for (expected, content) in [
            (Ok(()), vec![0]),
            (Ok(()), vec![0, 0x80]),
            (Ok(()), vec![0xFF, 0x7F]),
            (Err(Reason::BadValue), vec![]),
            (Err(Reason::NotCanonical), vec![0, 0x7F]),
            (Err(Reason::NotCanonical), vec![0xFF, 0x80]),
            (Ok(()), vec![1; 2048]),
            (Err(Reason::LimitP5), vec![1; 2049]),
            (Ok(()), [vec![0], vec![0x80; 2048]].concat()),
            (Err(Reason::LimitP5), [vec![0], vec![0x80; 2049]].concat()),
        ] {
            assert_eq!(integer(&content), expected, "{} octets", content.len());
        }
    }

    #[test]
    fn object_identifiers_have_minimal_bounded_arcs() {
        let arc = |octets: usize, first: u8| {
            let mut content = vec![0xFF; octets];
            content[0] = first;
            content[octets - 1] = 0x7F;
            content
        };
        for (expected, content) in [
            (Ok(()), vec![0x2B, 6, 1]),
            (Err(Reason::BadValue), vec![]),
            (Err(Reason::BadValue), vec![0x2B, 0x86]),
            (Err(Reason::NotCanonical), vec![0x2B, 0x80, 0x01]),
            (Ok(()), arc(19, 0x83)),
            (Err(Reason::LimitP5), arc(19, 0x84)),
            (Err(Reason::LimitP5), arc(20, 0x81)),
            (Err(Reason::LimitP5), vec![1; 129]),
        ] {
            assert_eq!(object_identifier(&content), expected, "{content:x?}");
        }
    }

    /// What tells most at once and what goes from octet to octet agree, wherever padding could be.
    #[test]
    fn object_identifiers_of_every_length() {
        for length in 1..2 * MAX_ARC_OCTETS {
            for place in 0..length {
                for (octet, before) in [(0x80, 0x01), (0x80, 0x81), (0x01, 0x81), (0x81, 0x01)] {
                    let mut content = vec![0x2A; length];
                    content[place] = octet;
                    if place > 0 {
                        content[place - 1] = before;
                    }
                    let expected = any_object_identifier(&content);
                    assert_eq!(object_identifier(&content), expected, "{content:x?}");
                }
            }
        }
    }

    #[test]
    fn bit_strings_have_zero_padding() {
        for (expected, content, named) in [
            (Ok(()), &b"\x00"[..], true),
            (Err(Reason::BadValue), b"", false),
            (Err(Reason::BadValue), b"\x01", false),
            (Err(Reason::BadValue), b"\x08\x00", false),
            (Err(Reason::NotCanonical), b"\x01\x01", false),
            (Ok(()), b"\x01\x00", false),
            (Err(Reason::NotCanonical), b"\x01\x04", true),
            (Ok(()), b"\x02\x04", true),
        ] {
            assert_eq!(bit_string(content, named), expected, "{content:x?}");
        }
    }

    #[test]
    fn times_are_in_their_der_form_and_on_the_calendar() {
        let general = |text: &[u8]| Moment::generalized(text).map(|m| m.microsecond);
        assert_eq!(general(b"20240229235959Z"), Ok(0));
        assert_eq!(general(b"20000229000000Z"), Ok(0));
        assert_eq!(general(b"20270101000000.5Z"), Ok(500_000));
        for (reason, text) in [
            (Reason::BadValue, &b"20230229000000Z"[..]),
            (Reason::BadValue, b"19000229000000Z"),
            (Reason::BadValue, b"00000101000000Z"),
            (Reason::BadValue, b"20270101000060Z"),
            (Reason::BadValue, b"20271301000000Z"),
            (Reason::NotCanonical, b"20270101000000"),
            (Reason::NotCanonical, b"20270101000000.50Z"),
            (Reason::NotCanonical, b"20270101000000.Z"),
            (Reason::NotCanonical, b"20270101000000.1234567Z"),
            (Reason::NotCanonical, b"202701010000Z"),
            (Reason::NotCanonical, b"20270101000000+0000"),
            (Reason::NotCanonical, b"2027010100000aZ"),
            (Reason::NotCanonical, b"Z"),
        ] {
            assert_eq!(general(text), Err(reason), "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(Moment::utc(b"491231235959Z").map(|m| m.year), Ok(2049));
        assert_eq!(Moment::utc(b"500101000000Z").map(|m| m.year), Ok(1950));
    }
}
