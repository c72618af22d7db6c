//! Rows as columns of Apache Arrow: buffers without the structures around them.
//!
//! The columns are those of `SCHEMA` in `cmcodec.columns`, which says what each
//! means. Offsets and numbers are in the byte order of the machine.

use super::report::{MessageKind, PopState, RequestForm, Verdict};
use super::told::{Chain, Origin, Sink, Told, ToldRequest, ToldSigner};
use crate::error::{Reason, Rule};
use crate::load::Encoding;

/// An array: its buffers, the first of which tells what is null, and its children.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Array {
    /// How many values there are.
    pub len: usize,
    /// How many of them are null.
    pub nulls: usize,
    /// None for the first where nothing is null.
    pub buffers: Vec<Option<Vec<u8>>>,
    /// The arrays inside.
    pub children: Vec<Self>,
}

/// Texts or lists of more elements than 32 bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Columns in the making.
#[derive(Debug)]
pub struct Columns {
    /// Whether words are texts, and no numbers of a dictionary.
    plain: bool,
    /// The place of a row: which item, which path. Where there are none, messages that are
    /// nested in another have no row, and are counted in that of their item.
    places: Option<(Numbers, List<Numbers>)>,
    verdict: Words,
    reason: Words,
    rule: Words,
    kind: Words,
    encoding: Words,
    origin: Words,
    offset: Numbers,
    transaction_id: Texts,
    signers: List<Signers>,
    requests: List<Requests>,
    notes: List<Notes>,
    members: Numbers,
    members_failed: Numbers,
    /// The rows around the next one, from the outermost: None where one was not written.
    around: Vec<Option<usize>>,
    counts: Vec<(u32, u32)>,
    /// Which rows say how many members they have.
    counted: Vec<bool>,
    /// The number of the first item, and whether rows of nested messages follow theirs.
    first: u64,
    nested: bool,
}

impl Columns {
    /// None yet.
    pub fn new(plain: bool, with_places: bool) -> Self {
        let places = with_places.then(|| (Numbers::of(8), List::of(Numbers::of(4))));
        Self {
            plain,
            places,
            verdict: Words::default(),
            reason: Words::default(),
            rule: Words::default(),
            kind: Words::default(),
            encoding: Words::default(),
            origin: Words::default(),
            offset: Numbers::of(8),
            transaction_id: Texts::default(),
            signers: List::of(Signers::new()),
            requests: List::of(Requests::new()),
            notes: List::of(Notes::new()),
            members: Numbers::of(4),
            members_failed: Numbers::of(4),
            around: Vec::new(),
            counts: Vec::new(),
            counted: Vec::new(),
            first: 0,
            nested: true,
        }
    }

    /// What follows are the items from number `first` on; `nested` tells whether there are rows
    /// of messages nested in them.
    pub fn begin(&mut self, first: u64, nested: bool) {
        (self.first, self.nested) = (first, nested);
    }

    fn words(&mut self) -> [&mut Words; 6] {
        let Self { verdict, reason, rule, kind, encoding, origin, .. } = self;
        [verdict, reason, rule, kind, encoding, origin]
    }
    /// The columns, as the children of one array.
    ///
    /// # Errors
    /// [`TooLong`] for more than 2 GiB of texts in a column.
    pub fn finish(mut self) -> Result<Array, TooLong> {
        let len = self.counts.len();
        for ((members, failed), counted) in self.counts.into_iter().zip(self.counted) {
            self.members.push(counted.then_some(members.into()));
            self.members_failed.push(counted.then_some(failed.into()));
        }
        let plain = self.plain;
        let mut children = Vec::new();
        if let Some((index, path)) = self.places {
            children.push(index.finish());
            children.push(path.finish(|numbers| Ok(numbers.finish()))?);
        }
        children.extend([
            self.verdict.finish(plain, &Verdict::ALL.map(Verdict::name))?,
            self.reason.finish(plain, &REASONS)?,
            self.rule.finish(plain, &Rule::ALL.map(Rule::name))?,
            self.kind.finish(plain, &MessageKind::ALL.map(MessageKind::name))?,
            self.encoding.finish(plain, &Encoding::ALL.map(Encoding::name))?,
            self.origin.finish(plain, &Origin::ALL.map(Origin::name))?,
            self.offset.finish(),
            self.transaction_id.finish()?,
            self.signers.finish(Signers::finish)?,
            self.requests.finish(Requests::finish)?,
            self.notes.finish(Notes::finish)?,
            self.members.finish(),
            self.members_failed.finish(),
        ]);
        Ok(Array { len, nulls: 0, buffers: vec![None], children })
    }
}

impl Sink for Columns {
    fn wants(&self, around: usize) -> bool {
        around == 0 || self.places.is_some()
    }

    fn enter(&mut self, around: usize, verdict: Verdict) {
        let row = self.wants(around).then_some(self.counts.len());
        self.around.truncate(around);
        let is_failed = matches!(verdict, Verdict::Failed | Verdict::Malformed);
        for outer in self.around.iter().flatten() {
            if let Some((members, failed)) = self.counts.get_mut(*outer) {
                *members += 1;
                *failed += u32::from(is_failed);
            }
        }
        self.around.push(row);
    }

    fn skip(&mut self) {
        if let Some((index, path)) = &mut self.places {
            index.push(None);
            path.push_null();
        }
        for words in self.words() {
            words.push(None);
        }
        self.offset.push(None);
        self.transaction_id.push(None::<&str>);
        self.signers.push_null();
        self.requests.push_null();
        self.notes.push_null();
        self.counts.push((0, 0));
        self.counted.push(false);
    }

    fn take(&mut self, _index: usize, told: &Told<'_>) {
        if let Some((index, path)) = &mut self.places {
            index.push(Some(self.first + told.item as u64));
            path.push(told.path.iter(), |numbers, id| numbers.push(Some((*id).into())));
        }
        self.verdict.push(Some(told.verdict as usize));
        self.reason.push(told.reason.map(|reason| reason as usize));
        let rule = told.reason.and_then(Reason::rule);
        self.rule.push(rule.map(|rule| rule as usize));
        self.kind.push(Some(told.kind as usize));
        self.encoding.push(Some(told.encoding as usize));
        self.origin.push(told.origin().map(|origin| origin as usize));
        self.offset.push(told.offset.map(|offset| offset as u64));
        self.transaction_id.push(told.transaction_id.as_deref());
        self.signers.push(told.signers.iter(), Signers::push);
        self.requests.push(told.requests.iter(), Requests::push);
        self.notes.push(told.notes.iter(), Notes::push);
        self.counts.push((0, 0));
        self.counted.push(self.nested);
    }
}

#[derive(Debug)]
struct Signers {
    algorithm: Texts,
    certificate_sha256: Texts,
    request_id: Numbers,
    chain: Texts,
    anchor_sha256: Texts,
    reason: Texts,
    detail: Texts,
    purposes: List<Texts>,
}

impl Signers {
    fn new() -> Self {
        Self {
            algorithm: Texts::default(),
            certificate_sha256: Texts::default(),
            request_id: Numbers::of(4),
            chain: Texts::default(),
            anchor_sha256: Texts::default(),
            reason: Texts::default(),
            detail: Texts::default(),
            purposes: List::of(Texts::default()),
        }
    }

    fn push(&mut self, signer: &ToldSigner<'_>) {
        self.algorithm.push(signer.algorithm.as_deref());
        self.certificate_sha256.push(signer.certificate.as_ref());
        self.request_id.push(signer.request_id.map(u64::from));
        self.chain.push(signer.chain.map(Chain::name));
        self.anchor_sha256.push(signer.anchor.as_ref());
        self.reason.push(signer.reason.map(Reason::name));
        self.detail.push(signer.detail.as_deref());
        self.purposes.push(signer.purposes.iter(), |texts, oid| texts.push(Some(oid)));
    }

    fn finish(self) -> Result<Array, TooLong> {
        Ok(structs(vec![
            self.algorithm.finish()?,
            self.certificate_sha256.finish()?,
            self.request_id.finish(),
            self.chain.finish()?,
            self.anchor_sha256.finish()?,
            self.reason.finish()?,
            self.detail.finish()?,
            self.purposes.finish(Texts::finish)?,
        ]))
    }
}

#[derive(Debug)]
struct Requests {
    id: Numbers,
    form: Texts,
    pop: Texts,
    algorithm: Texts,
}

impl Requests {
    fn new() -> Self {
        let (form, pop, algorithm) = Default::default();
        Self { id: Numbers::of(4), form, pop, algorithm }
    }

    fn push(&mut self, request: &ToldRequest<'_>) {
        self.id.push(Some(request.id.into()));
        self.form.push(Some(RequestForm::name(request.form)));
        self.pop.push(Some(PopState::name(request.pop)));
        self.algorithm.push(request.algorithm.as_deref());
    }

    fn finish(self) -> Result<Array, TooLong> {
        let (form, pop) = (self.form.finish()?, self.pop.finish()?);
        Ok(structs(vec![self.id.finish(), form, pop, self.algorithm.finish()?]))
    }
}

#[derive(Debug)]
struct Notes {
    body_part_id: Numbers,
    reason: Texts,
}

impl Notes {
    fn new() -> Self {
        Self { body_part_id: Numbers::of(4), reason: Texts::default() }
    }

    fn push(&mut self, (body_part_id, reason): &(Option<u32>, Reason)) {
        self.body_part_id.push(body_part_id.map(u64::from));
        self.reason.push(Some(reason.name()));
    }

    fn finish(self) -> Result<Array, TooLong> {
        Ok(structs(vec![self.body_part_id.finish(), self.reason.finish()?]))
    }
}

/// An array of structs, none of which is null.
fn structs(children: Vec<Array>) -> Array {
    let len = children.first().map_or(0, |first| first.len);
    Array { len, nulls: 0, buffers: vec![None], children }
}

/// The codes of reasons: several share one, under different rules.
const REASONS: [&str; Reason::ALL.len()] = {
    let mut names = [""; Reason::ALL.len()];
    let mut index = 0;
    #[allow(clippy::indexing_slicing)] // Evaluated by the compiler.
    while index < names.len() {
        names[index] = Reason::ALL[index].name();
        index += 1;
    }
    names
};

/// Which values are there: a bit each.
#[derive(Debug, Default)]
struct Validity {
    len: usize,
    nulls: usize,
    bits: Vec<u8>,
}

impl Validity {
    fn push(&mut self, is_there: bool) {
        if self.len % 8 == 0 {
            self.bits.push(0);
        }
        if let Some(last) = self.bits.last_mut() {
            *last |= u8::from(is_there) << (self.len % 8);
        }
        self.nulls += usize::from(!is_there);
        self.len += 1;
    }

    fn array(self, buffers: impl IntoIterator<Item = Vec<u8>>, children: Vec<Array>) -> Array {
        let Self { len, nulls, bits } = self;
        let validity = (nulls > 0).then_some(bits);
        let buffers = [validity].into_iter().chain(buffers.into_iter().map(Some)).collect();
        Array { len, nulls, buffers, children }
    }
}

/// Numbers without sign, of some octets each.
#[derive(Debug)]
struct Numbers {
    octets_each: usize,
    validity: Validity,
    octets: Vec<u8>,
}

impl Numbers {
    fn of(octets_each: usize) -> Self {
        Self { octets_each, validity: Validity::default(), octets: Vec::new() }
    }

    #[allow(clippy::cast_possible_truncation)] // What is pushed fits its column.
    fn push(&mut self, number: Option<u64>) {
        self.validity.push(number.is_some());
        let number = number.unwrap_or_default();
        match self.octets_each {
            4 => self.octets.extend_from_slice(&(number as u32).to_ne_bytes()),
            _ => self.octets.extend_from_slice(&number.to_ne_bytes()),
        }
    }

    fn finish(self) -> Array {
        self.validity.array([self.octets], Vec::new())
    }
}

/// Where values of different lengths begin and end.
#[derive(Debug)]
struct Bounds {
    end: usize,
    octets: Vec<u8>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { end: 0, octets: 0_i32.to_ne_bytes().to_vec() }
    }
}

impl Bounds {
    /// One more value, of so many elements. What does not fit is found at the end.
    #[allow(clippy::cast_possible_truncation)]
    fn push(&mut self, elements: usize) {
        self.end += elements;
        self.octets.extend_from_slice(&(self.end as i32).to_ne_bytes());
    }

    fn finish(self) -> Result<Vec<u8>, TooLong> {
        i32::try_from(self.end).map(|_| self.octets).map_err(|_| TooLong)
    }
}

/// Texts, or octets.
#[derive(Debug, Default)]
struct Texts {
    validity: Validity,
    bounds: Bounds,
    octets: Vec<u8>,
}

impl Texts {
    fn push<T: AsRef<[u8]>>(&mut self, text: Option<T>) {
        self.validity.push(text.is_some());
        let text = text.as_ref().map(AsRef::as_ref).unwrap_or_default();
        self.bounds.push(text.len());
        self.octets.extend_from_slice(text);
    }

    fn finish(self) -> Result<Array, TooLong> {
        Ok(self.validity.array([self.bounds.finish()?, self.octets], Vec::new()))
    }
}

/// Words of a list that is known before.
#[derive(Debug, Default)]
struct Words {
    validity: Validity,
    indexes: Vec<u8>,
}

impl Words {
    #[allow(clippy::cast_possible_truncation)] // No list has more than 127 words.
    fn push(&mut self, index: Option<usize>) {
        self.validity.push(index.is_some());
        self.indexes.push(index.unwrap_or_default() as u8);
    }

    /// Numbers of words, or the words themselves.
    fn finish(self, plain: bool, names: &[&str]) -> Result<Array, TooLong> {
        // A name that stands twice has the number of the first.
        let mut distinct: Vec<&str> = Vec::new();
        let mut number_of = Vec::new();
        for name in names {
            let known = distinct.iter().position(|other| other == name);
            number_of.push(known.unwrap_or(distinct.len()));
            if known.is_none() {
                distinct.push(name);
            }
        }
        if !plain {
            let number = |index: &u8| number_of.get(usize::from(*index)).copied().unwrap_or(0);
            #[allow(clippy::cast_possible_truncation)]
            let numbers = self.indexes.iter().map(|index| number(index) as u8).collect();
            return Ok(self.validity.array([numbers], Vec::new()));
        }
        let mut texts = Texts::default();
        for (place, index) in self.indexes.iter().enumerate() {
            let bits = self.validity.bits.get(place / 8).copied().unwrap_or_default();
            let is_there = bits >> (place % 8) & 1 == 1;
            texts.push(names.get(usize::from(*index)).filter(|_| is_there));
        }
        texts.finish()
    }
}

/// Lists of what `T` collects.
#[derive(Debug)]
struct List<T> {
    validity: Validity,
    bounds: Bounds,
    elements: T,
}

impl<T> List<T> {
    fn of(elements: T) -> Self {
        Self { validity: Validity::default(), bounds: Bounds::default(), elements }
    }

    fn push_null(&mut self) {
        self.validity.push(false);
        self.bounds.push(0);
    }

    fn push<E>(&mut self, list: impl ExactSizeIterator<Item = E>, push: impl Fn(&mut T, E)) {
        self.validity.push(true);
        self.bounds.push(list.len());
        for element in list {
            push(&mut self.elements, element);
        }
    }

    fn finish(self, finish: impl FnOnce(T) -> Result<Array, TooLong>) -> Result<Array, TooLong> {
        let children = vec![finish(self.elements)?];
        Ok(self.validity.array([self.bounds.finish()?], children))
    }
}

const _: () = assert!(REASONS.len() < 128 && Rule::ALL.len() < 128);

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn told(path: &[u32], verdict: Verdict) -> Told<'_> {
        Told {
            item: 0,
            path: Cow::Borrowed(path),
            kind: MessageKind::Other,
            encoding: Encoding::Der,
            verdict,
            reason: None,
            offset: None,
            span: 0..1,
            signers: Vec::new(),
            requests: Vec::new(),
            transaction_id: None,
            notes: Vec::new(),
        }
    }

    /// The rows of a message with others in it, of which the last is in another.
    fn rows(columns: &mut Columns) {
        let paths: [&[u32]; 5] = [&[], &[1], &[2], &[2, 1], &[]];
        for (index, path) in paths.into_iter().enumerate() {
            let verdict = if path == [2, 1] { Verdict::Failed } else { Verdict::Verified };
            columns.enter(path.len(), verdict);
            if columns.wants(path.len()) {
                columns.take(index, &told(path, verdict));
            }
        }
    }

    fn numbers(array: &Array) -> Vec<u32> {
        let octets = array.buffers.last().cloned().flatten().unwrap_or_default();
        octets.chunks_exact(4).map(|each| u32::from_ne_bytes(each.try_into().unwrap())).collect()
    }

    #[test]
    fn members_are_counted_at_any_depth() {
        for (places, members, failed) in
            [(false, vec![3, 0], vec![1, 0]), (true, vec![3, 0, 1, 0, 0], vec![1, 0, 1, 0, 0])]
        {
            let mut columns = Columns::new(false, places);
            rows(&mut columns);
            let array = columns.finish().unwrap();
            assert_eq!(array.len, members.len());
            let [.., counted, bad] = array.children.as_slice() else { panic!("too few columns") };
            assert_eq!((numbers(counted), numbers(bad)), (members, failed));
        }
    }

    #[test]
    fn what_is_skipped_is_null_in_every_column() {
        let mut columns = Columns::new(true, true);
        columns.skip();
        columns.begin(7, false);
        columns.enter(0, Verdict::Verified);
        columns.take(0, &told(&[], Verdict::Verified));
        let array = columns.finish().unwrap();
        assert_eq!((array.len, array.children.len()), (2, 15));
        for column in &array.children {
            assert_eq!(column.buffers.first().unwrap().as_ref().unwrap()[0] & 1, 0);
        }
        // Nobody looked for members of the second.
        assert!(array.children.iter().rev().take(2).all(|column| column.nulls == 2));
        let index = array.children[0].buffers[1].as_ref().unwrap();
        assert_eq!(index[8..], 7_u64.to_ne_bytes());
    }

    #[test]
    fn words_of_one_code_are_one() {
        let mut words = Words::default();
        for reason in [Reason::Limit, Reason::LimitP6, Reason::BadTag] {
            words.push(Some(reason as usize));
        }
        let array = words.finish(false, &REASONS).unwrap();
        let numbers = array.buffers[1].as_ref().unwrap();
        assert_eq!(numbers[0], numbers[1]);
        assert_ne!(numbers[0], numbers[2]);
    }

    #[test]
    fn more_text_than_offsets_count_is_too_long() {
        let mut bounds = Bounds::default();
        bounds.push(i32::MAX as usize);
        assert!(bounds.finish().is_ok());
        let mut bounds = Bounds::default();
        bounds.push(i32::MAX as usize);
        bounds.push(1);
        assert_eq!(bounds.finish(), Err(TooLong));
    }
}
