//! Values written anew: taken apart by the declarations, put together by the engine's writer.

use cmcodec::der::writer::Writer;
use cmcodec::der::{Elements, Tlv, oid};
use cmcodec::generated::limits::MAX_TOLERANT_LEVELS;
use cmcodec::generated::schema::NODES;
use cmcodec::schema::primitive::{Moment, small_integer, utf16};
use cmcodec::schema::walk::{Options, Walker, validate};
use cmcodec::schema::{Field, Kind, Node};
use cmcodec::verify::told::hexadecimal;
use cmcodec::{der::read_tlv, load};

/// Octets up to which every declared type is tried, not messages alone.
const ANY_TYPE: usize = 512;

/// Whether mutants go on from here: a message, or a value of a declared type.
pub fn is_value(data: &[u8]) -> bool {
    load(data, Options::default()).is_ok() || types(data).next().is_some()
}

/// The declared types that short octets are of.
fn types(data: &[u8]) -> impl Iterator<Item = &'static Node> {
    let tried = if data.len() <= ANY_TYPE { NODES } else { &[] };
    let tried = tried.iter().filter(|node| !node.issued);
    tried.copied().filter(|node| validate(node, data, Options::default()).is_ok())
}

/// What the walk has accepted comes back octet for octet.
pub fn rebuilding(data: &[u8]) {
    if let Ok(loaded) = load(data, Options::default()) {
        assert_eq!(rebuilt(loaded.root, &loaded.der), &*loaded.der);
    }
    for node in types(data) {
        assert_eq!(rebuilt(node, data), data, "{}", node.name);
    }
}

/// The encoding of the value that `data`, which is valid, encodes.
fn rebuilt(node: &'static Node, data: &[u8]) -> Vec<u8> {
    let mut rebuild = Rebuild { data, writer: Writer::default(), levels: 0 };
    let tlv = read_tlv(data, 0, data.len()).expect("validated");
    rebuild.element(node, tlv, &[], None);
    rebuild.writer.octets().to_vec()
}

/// A value on the way.
struct Rebuild<'a> {
    data: &'a [u8],
    writer: Writer,
    levels: usize,
}

impl<'a> Rebuild<'a> {
    /// Writes the value of an element before what has been written. `tag` takes the place of the
    /// type's own; `oid` is the last OBJECT IDENTIFIER before it.
    fn element(&mut self, node: &'static Node, tlv: Tlv, oid: &'a [u8], tag: Option<u8>) {
        let end = self.writer.position();
        match &node.kind {
            Kind::Alias(inner) | Kind::Opaque(inner) => return self.element(inner, tlv, oid, tag),
            Kind::Choice { fields } => {
                let field = fields.iter().find(|field| field.matches(self.data, tlv));
                return self.field(field.expect("validated"), tlv, oid);
            }
            Kind::Open(table) => {
                return match table.look_up(oid) {
                    Some(known) => self.element(known, tlv, &[], None),
                    None => self.writer.prepend(tlv.octets(self.data)),
                };
            }
            Kind::Tolerant(published) => return self.tolerant(published, tlv),
            Kind::Any => return self.writer.prepend(tlv.octets(self.data)),
            Kind::Sequence { fields, .. } => self.fields(fields, tlv),
            Kind::SequenceOf { element, .. } => drop(self.elements(element, tlv, oid)),
            Kind::SetOf { element, .. } => {
                let bounds = self.elements(element, tlv, oid);
                if !node.issued {
                    self.writer.sort(end, &bounds);
                }
            }
            Kind::Containing(table) => match table.look_up(oid) {
                Some(inner) => {
                    let contained = Elements::of(self.data, tlv).next().expect("validated");
                    self.element(inner, contained, &[], None);
                }
                None => self.writer.prepend(tlv.value(self.data)),
            },
            kind => self.primitive(kind, tlv.value(self.data)),
        }
        let own = node.tags.octets().iter().copied().find(|own| *own == tlv.tag());
        self.writer.header(tag.or(own).expect("a type has a tag"), end);
    }

    fn tolerant(&mut self, published: &'static Node, tlv: Tlv) {
        let walker = Walker::new(self.data, Options::default());
        if self.levels < MAX_TOLERANT_LEVELS && walker.fits(published, tlv, 1, self.levels) {
            self.levels += 1;
            self.element(published, tlv, &[], None);
            self.levels -= 1;
        } else {
            self.writer.prepend(tlv.octets(self.data));
        }
    }

    /// The fields of a SEQUENCE, the last one first.
    fn fields(&mut self, fields: &'static [Field], tlv: Tlv) {
        let mut rest = fields.iter();
        let mut oid: &[u8] = &[];
        let mut found = Vec::new();
        for element in Elements::of(self.data, tlv) {
            let field = rest.find(|field| field.matches(self.data, element)).expect("validated");
            found.push((field, element, oid));
            if matches!(field.node.kind, Kind::ObjectIdentifier) {
                oid = element.value(self.data);
            }
        }
        for (field, element, oid) in found.into_iter().rev() {
            self.field(field, element, oid);
        }
    }

    fn field(&mut self, field: &'static Field, tlv: Tlv, oid: &'a [u8]) {
        if !field.explicit {
            return self.element(field.node, tlv, oid, field.implicit);
        }
        let end = self.writer.position();
        let inner = Elements::of(self.data, tlv).next().expect("validated");
        self.element(field.node, inner, oid, None);
        self.writer.header(field.tags.octets()[0], end);
    }

    /// Elements, the last one first; the ends of each, as they were written.
    fn elements(&mut self, element: &'static Node, tlv: Tlv, oid: &'a [u8]) -> Vec<usize> {
        let elements: Vec<Tlv> = Elements::of(self.data, tlv).collect();
        let write = |tlv: &Tlv| {
            self.element(element, *tlv, oid, None);
            self.writer.position()
        };
        elements.iter().rev().map(write).collect()
    }

    /// The content of a primitive value, by way of the value where there is one.
    fn primitive(&mut self, kind: &Kind, content: &[u8]) {
        match kind {
            Kind::Integer { .. } | Kind::Enumerated { .. } => match small_integer(content) {
                Some(number) => self.writer.integer(number),
                None => self.writer.hexadecimal(&hexadecimal(content)),
            },
            Kind::ObjectIdentifier => {
                let octets = oid::encode(&oid::dotted(content)).expect("within the same bounds");
                self.writer.prepend(&octets);
            }
            Kind::BmpString => {
                let text = utf16(content).expect("validated");
                let octets: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
                self.writer.prepend(&octets);
            }
            Kind::UtcTime => {
                let time = Moment::utc(content).expect("validated");
                self.writer.prepend(format!("{:02}{}Z", time.year % 100, rest(&time)).as_bytes());
            }
            Kind::GeneralizedTime => {
                let time = Moment::generalized(content).expect("validated");
                let fraction = format!(".{:06}", time.microsecond);
                let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
                let text = format!("{:04}{}{fraction}Z", time.year, rest(&time));
                self.writer.prepend(text.as_bytes());
            }
            _ => self.writer.prepend(content),
        }
    }
}

/// What follows the year.
fn rest(time: &Moment) -> String {
    let Moment { month, day, hour, minute, second, .. } = time;
    format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}")
}
