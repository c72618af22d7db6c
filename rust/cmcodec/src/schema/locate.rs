//! Where the octets of a named element stand.

use super::node::{Field, Kind, Node};
use crate::der::{Tlv, children, read_tlv};
use crate::error::Segment;

/// The element that `path` leads to from the `node` at `data[pos..end]`, which
/// has been validated; `None` where there is no such element.
///
/// A path crosses CONTAINING octet strings and open types without a step of
/// its own, as the paths of errors do.
pub fn locate(
    node: &'static Node,
    data: &[u8],
    pos: usize,
    end: usize,
    path: &[Segment<'_>],
) -> Option<Tlv> {
    let mut node = node;
    let mut tlv = read_tlv(data, pos, end).ok()?;
    let mut oid: &[u8] = &[];
    for step in path {
        (node, tlv) = enter(node, data, tlv, oid)?;
        match (&node.kind, step) {
            (Kind::Sequence { fields, .. }, Segment::Field(name)) => {
                let (field, found, last_oid) = find(fields, data, tlv, name)?;
                (node, tlv, oid) = (field.node, unwrap(field, data, found)?, last_oid);
            }
            (Kind::Choice { fields }, Segment::Field(name)) => {
                let field =
                    fields.iter().find(|f| f.matches(data, tlv)).filter(|f| f.name == *name)?;
                (node, tlv) = (field.node, unwrap(field, data, tlv)?);
            }
            (
                Kind::SequenceOf { element, .. } | Kind::SetOf { element, .. },
                Segment::Index(index),
            ) => {
                tlv = children(data, tlv.content(), tlv.end()).nth(*index)?.ok()?;
                node = element;
            }
            _ => return None,
        }
    }
    Some(tlv)
}

/// Through names, opaque and open types and octet strings to what has elements.
fn enter(
    mut node: &'static Node,
    data: &[u8],
    mut tlv: Tlv,
    oid: &[u8],
) -> Option<(&'static Node, Tlv)> {
    loop {
        match &node.kind {
            Kind::Alias(inner) | Kind::Opaque(inner) | Kind::Tolerant(inner) => node = inner,
            Kind::Open(table) => node = table.look_up(oid)?,
            Kind::Containing(table) => {
                node = table.look_up(oid)?;
                tlv = read_tlv(data, tlv.content(), tlv.end()).ok()?;
            }
            _ => return Some((node, tlv)),
        }
    }
}

/// The field of this name that is present, its element, and the content of
/// the last OBJECT IDENTIFIER before it.
fn find<'a>(
    fields: &'static [Field],
    data: &'a [u8],
    tlv: Tlv,
    name: &str,
) -> Option<(&'static Field, Tlv, &'a [u8])> {
    let mut elements = children(data, tlv.content(), tlv.end()).filter_map(Result::ok).peekable();
    let mut oid: &[u8] = &[];
    for field in fields {
        let Some(element) = elements.next_if(|element| field.matches(data, *element)) else {
            continue;
        };
        if field.name == name {
            return Some((field, element, oid));
        }
        if matches!(field.node.kind, Kind::ObjectIdentifier) {
            oid = element.value(data);
        }
    }
    None
}

fn unwrap(field: &Field, data: &[u8], tlv: Tlv) -> Option<Tlv> {
    if field.explicit { read_tlv(data, tlv.content(), tlv.end()).ok() } else { Some(tlv) }
}
