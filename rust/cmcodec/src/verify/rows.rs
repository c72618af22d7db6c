//! The rows of a report, in a few octets each: a member of five octets has one
//! too (rule P8).

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::job::Disagreement;
use super::report::{Fault, Finding, MessageKind, Row, Verdict};
use crate::der::read_tlv;
use crate::error::Reason;
use crate::load::Encoding;
use crate::view::TaggedContentInfo;

/// The rows of all items, each followed by those of the messages nested in
/// it, in received order.
pub struct Report {
    /// Each with the number of rows before it.
    parts: Vec<(usize, Rows)>,
    len: usize,
    /// The DER forms of the items that were BER, by item, in ascending order.
    converted: Vec<(usize, Vec<u8>)>,
    /// Why lanes were stopped, where that was on the way: what they said does not count then.
    pub disagreement: Option<Disagreement>,
}

impl Report {
    pub(super) fn new(rows: Vec<Rows>, converted: Vec<(usize, Vec<u8>)>) -> Self {
        let mut len = 0;
        let counted = |rows: Rows| {
            let before = len;
            len += rows.marks.len();
            (before, rows)
        };
        let there = rows.into_iter().filter(|rows| !rows.marks.is_empty());
        let parts = there.map(counted).collect();
        Self { parts, len, converted, disagreement: None }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Which item a row belongs to; None where there is no such row.
    pub fn item(&self, index: usize) -> Option<usize> {
        self.part(index).map(|(rows, _)| rows.item)
    }

    /// How many messages are around a row, and its verdict; None where there is no such row.
    pub fn brief(&self, index: usize) -> Option<(usize, Verdict)> {
        let (rows, index) = self.part(index)?;
        let mark = rows.marks.get(index)?;
        Some((mark.around(), mark.verdict))
    }

    /// Which row is that of an item; None where there is no such item.
    pub fn position(&self, item: usize) -> Option<usize> {
        let part = self.parts.partition_point(|(_, rows)| rows.item < item);
        let (before, rows) = self.parts.get(part)?;
        (rows.item == item).then_some(*before)
    }

    /// The rows among `range` that may have notes.
    pub fn noted(&self, range: Range<usize>) -> Vec<usize> {
        let may_have_notes = |index: &usize| {
            let Some((rows, index)) = self.part(*index) else { return false };
            let mark = rows.marks.get(index).filter(|mark| mark.kind.is_none());
            let whole = mark.and_then(|mark| rows.whole.get(mark.detail as usize));
            whole.is_some_and(|row| row.finding.may_have_notes)
        };
        range.filter(may_have_notes).collect()
    }

    /// A row; `der` is the DER form of its item. None where there is no such row.
    pub fn row(&self, index: usize, der: &[u8]) -> Option<Cow<'_, Row>> {
        let (rows, index) = self.part(index)?;
        rows.row(index, der)
    }

    /// Every row; `der` tells the DER form of an item.
    pub fn rows<'a>(
        &'a self,
        der: impl Fn(usize) -> &'a [u8] + 'a,
    ) -> impl Iterator<Item = Cow<'a, Row>> + 'a {
        self.parts.iter().flat_map(move |(_, rows)| {
            let der = der(rows.item);
            (0..rows.marks.len()).filter_map(move |index| rows.row(index, der))
        })
    }

    /// Whether a nested message at `start` in the DER form of its item could not be read.
    pub fn is_malformed(&self, item: usize, start: usize, der: &[u8]) -> bool {
        // A member begins before the message in it, and the one before ends there.
        let is_before = |rows: &Rows| {
            rows.marks.first().is_some_and(|mark| (rows.item, mark.start()) < (item, start))
        };
        let part = self.parts.partition_point(|(_, rows)| is_before(rows)).checked_sub(1);
        let Some((_, rows)) = part.and_then(|part| self.parts.get(part)) else { return false };
        let index = rows.marks.partition_point(|mark| mark.start() < start).checked_sub(1);
        let Some(mark) = index.and_then(|index| rows.marks.get(index)) else { return false };
        let is_it = || member(der, mark).is_some_and(|it| it.content_info.start() == start);
        rows.item == item && mark.verdict == Verdict::Malformed && is_it()
    }

    /// The DER form that the offsets of an item refer to; None for an item
    /// that was DER, or nothing readable, as received.
    pub fn converted(&self, item: usize) -> Option<&[u8]> {
        let index = self.converted.binary_search_by_key(&item, |(item, _)| *item).ok()?;
        self.converted.get(index).map(|(_, der)| der.as_slice())
    }

    /// Gives away the DER forms of the items that were BER, by item.
    pub fn take_converted(&mut self) -> Vec<(usize, Vec<u8>)> {
        std::mem::take(&mut self.converted)
    }

    /// How many rows have each verdict, in the order of [`Verdict::ALL`].
    pub fn counts(&self) -> [usize; 5] {
        let mut counts = [0; 5];
        for (_, rows) in &self.parts {
            for mark in &rows.marks {
                if let Some(count) = counts.get_mut(mark.verdict as usize) {
                    *count += 1;
                }
            }
        }
        counts
    }

    fn part(&self, index: usize) -> Option<(&Rows, usize)> {
        let after = self.parts.partition_point(|(before, _)| *before <= index);
        let (before, rows) = self.parts.get(after.checked_sub(1)?)?;
        (index < self.len).then_some((rows, index - before))
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report").field("rows", &self.len).finish_non_exhaustive()
    }
}

/// Rows of one item that follow one another: the item itself, or some members
/// of its cmsSequence and what is nested in them.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) item: usize,
    /// Of the item; what is nested in it is DER.
    encoding: Encoding,
    marks: Box<[Mark]>,
    holders: Box<[Holder]>,
    whole: Box<[Row]>,
}

/// What is kept of a row: all there is to say where it has neither signers nor requests.
#[derive(Debug)]
pub(super) struct Mark {
    /// Where the item starts, or the TaggedContentInfo; offsets of elements have 32 bits.
    start: u32,
    /// The offset of the fault; without `kind`, which of the whole rows it is.
    detail: u32,
    /// How many listed messages are around it.
    around: u8,
    verdict: Verdict,
    reason: Option<Reason>,
    kind: Option<MessageKind>,
}

const _: () = assert!(size_of::<Mark>() == 12);

/// The offset of what stands nowhere.
const NOWHERE: u32 = u32::MAX;

/// A row that is followed by those of messages in it.
#[derive(Debug)]
struct Holder {
    index: u32,
    /// The holder around it, if there is one.
    around: Option<u32>,
}

impl Rows {
    /// The row of an item, a message at `span`.
    pub(super) fn one(
        item: usize,
        encoding: Encoding,
        span: Range<usize>,
        finding: Finding,
    ) -> Self {
        let mut marker = Marker::new(item, encoding);
        let mark = marker.mark(span.start, 0, finding, || (Box::default(), span));
        marker.rows(vec![mark])
    }

    fn row(&self, index: usize, der: &[u8]) -> Option<Cow<'_, Row>> {
        let mark = self.marks.get(index)?;
        let Some(kind) = mark.kind else {
            return self.whole.get(mark.detail as usize).map(Cow::Borrowed);
        };
        let offset = (mark.detail != NOWHERE).then_some(mark.detail as usize);
        let fault = mark.reason.map(|reason| Fault { reason, offset });
        let (path, span) = if mark.around() == 0 {
            let read = read_tlv(der, mark.start(), der.len()).ok();
            let read = read.filter(|_| mark.verdict != Verdict::Malformed);
            (Box::default(), mark.start()..read.map_or(der.len(), |tlv| tlv.end()))
        } else {
            let info = member(der, mark)?.content_info;
            (self.path(index, mark, der)?, info.start()..info.end())
        };
        let (item, encoding) = (self.item, self.encoding);
        let finding = Finding::new(kind, mark.verdict, fault);
        Some(Cow::Owned(Row { item, path, encoding, span, finding }))
    }

    /// Body part ids from the outermost message on.
    fn path(&self, index: usize, mark: &Mark, der: &[u8]) -> Option<Box<[u32]>> {
        let mut path = vec![0; mark.around()];
        // Behind the last holder before it a message is in that or in one around it.
        let after = self.holders.partition_point(|holder| (holder.index as usize) < index);
        let mut next = after.checked_sub(1).and_then(|last| self.holders.get(last));
        let mut mark = mark;
        loop {
            let place = mark.around().checked_sub(1)?;
            *path.get_mut(place)? = member(der, mark)?.body_part_id;
            if place == 0 {
                return Some(path.into());
            }
            while mark.around() != place {
                let holder = next?;
                mark = self.marks.get(holder.index as usize)?;
                next = holder.around.and_then(|around| self.holders.get(around as usize));
            }
        }
    }
}

/// The TaggedContentInfo of a nested message.
fn member(der: &[u8], mark: &Mark) -> Option<TaggedContentInfo> {
    TaggedContentInfo::read(der, read_tlv(der, mark.start(), der.len()).ok()?)
}

impl Mark {
    fn start(&self) -> usize {
        self.start as usize
    }

    fn around(&self) -> usize {
        usize::from(self.around)
    }
}

/// The path and the span of a message.
type Place = (Box<[u32]>, Range<usize>);

/// Makes the rows of an item, in received order.
pub(super) struct Marker {
    item: usize,
    encoding: Encoding,
    holders: Vec<Holder>,
    whole: Vec<Row>,
    /// The holders around the next row, unless that is in fewer.
    open: Vec<u32>,
    count: u32,
    /// How many messages are around the last row.
    last: usize,
}

impl Marker {
    pub(super) fn new(item: usize, encoding: Encoding) -> Self {
        let (holders, whole, open) = (Vec::new(), Vec::new(), Vec::new());
        Self { item, encoding, holders, whole, open, count: 0, last: 0 }
    }

    /// What is to be kept of the next row: where the message starts, how many
    /// are around it, and what was found. `place` tells its path and span.
    #[allow(clippy::cast_possible_truncation)] // Offsets have 32 bits.
    pub(super) fn mark(
        &mut self,
        start: usize,
        around: usize,
        finding: Finding,
        place: impl FnOnce() -> Place,
    ) -> Mark {
        if !finding.is_bare() {
            return self.keep(start, around, finding, place).0;
        }
        let offset = finding.fault.and_then(|it| it.offset);
        Mark {
            detail: offset.map_or(NOWHERE, |offset| offset as u32),
            verdict: finding.verdict,
            reason: finding.fault.map(|fault| fault.reason),
            kind: Some(finding.kind),
            ..self.next(start, around)
        }
    }

    /// The same of a message that is under way. [`Self::finish`] is to be told, with the number
    /// that this gives, what was found.
    pub(super) fn begin(
        &mut self,
        start: usize,
        around: usize,
        place: impl FnOnce() -> Place,
    ) -> (Mark, usize) {
        let finding = Finding::new(MessageKind::Other, Verdict::Failed, None);
        self.keep(start, around, finding, place)
    }

    /// What was found of a message that was under way.
    pub(super) fn finish(&mut self, number: usize, finding: Finding) {
        if let Some(row) = self.whole.get_mut(number) {
            row.finding = finding;
        }
    }

    /// Keeps a whole row: its mark, and which of them it is.
    #[allow(clippy::cast_possible_truncation)] // There are no more rows than octets.
    fn keep(
        &mut self,
        start: usize,
        around: usize,
        finding: Finding,
        place: impl FnOnce() -> Place,
    ) -> (Mark, usize) {
        let number = self.whole.len();
        let mark = Mark { detail: number as u32, ..self.next(start, around) };
        let ((path, span), item, encoding) = (place(), self.item, self.encoding);
        self.whole.push(Row { item, path, encoding, span, finding });
        (mark, number)
    }

    /// A mark without what was found.
    #[allow(clippy::cast_possible_truncation)] // Offsets have 32 bits, layers are few.
    fn next(&mut self, start: usize, around: usize) -> Mark {
        if around > self.last && self.count > 0 {
            self.open.truncate(self.last.saturating_sub(1));
            let holder = Holder { index: self.count - 1, around: self.open.last().copied() };
            self.open.push(self.holders.len() as u32);
            self.holders.push(holder);
        }
        self.last = around;
        self.count += 1;
        let (start, around) = (start as u32, around as u8);
        Mark { start, detail: NOWHERE, around, verdict: Verdict::Failed, reason: None, kind: None }
    }

    /// The rows of all marks.
    pub(super) fn rows(self, mut marks: Vec<Mark>) -> Rows {
        let Self { item, encoding, holders, whole, .. } = self;
        // In the order of their marks.
        for (mark, row) in marks.iter_mut().filter(|mark| mark.kind.is_none()).zip(&whole) {
            mark.verdict = row.finding.verdict;
            mark.reason = row.finding.fault.map(|fault| fault.reason);
        }
        let (marks, holders) = (marks.into(), holders.into());
        Rows { item, encoding, marks, holders, whole: whole.into() }
    }
}
