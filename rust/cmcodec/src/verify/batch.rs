//! Many messages, on many threads (rules V14, V15).
//!
//! First every item is loaded, then every message in them is verified. The
//! members of a large batch are left for later while it is loaded, and then
//! found and read in groups just before they are verified, by whichever thread
//! is free: one item of 100,000 nested messages keeps as many threads busy as
//! 100,000 items of one, nobody waits for its members to be found, and octets
//! are in the cache when a verification asks for them. A single verification
//! and a batch are the same code.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::mem;
use std::num::NonZero;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::config::Config;
use super::job::{TOGETHER, disagreement};
use super::members::Groups;
use super::message::{self, Begun};
use super::report::{Fault, Finding, MessageKind, Verdict};
use super::rows::{Marker, Report, Rows};
use super::worker::Worker;
use crate::der::read_tlv;
use crate::error::{Error, Reason, Result};
use crate::generated::oids::{ID_CT_AUTH_DATA, ID_DATA, ID_SIGNED_DATA};
use crate::load::{Encoding, Loaded, load};
use crate::pool::{self, Cancelled, MAX_CHUNK, locked};
use crate::schema::members::{Member, Members};
use crate::schema::walk::Options;
use crate::stack::on_enough;
use crate::view::{ContentInfo, TaggedContentInfo};

/// Octets below which one more thread costs more than it saves in loading.
const OCTETS_PER_THREAD: usize = 256 * 1024;

/// A message to verify.
#[derive(Clone, Debug)]
pub enum Item<'a> {
    /// Octets as received, which are loaded first.
    Received(&'a [u8]),
    /// The same, where a wrapped request counts, whatever [`Config::options`]
    /// say ([`Options::wrapped`]).
    Wrapped(&'a [u8]),
    /// A message that was validated before. Nothing nested in it is looked at.
    Validated {
        /// What its offsets count in.
        buffer: &'a [u8],
        /// Where it stands there.
        span: Range<usize>,
        /// How it was encoded.
        encoding: Encoding,
        /// Whether it is a wrapped request.
        wrapped: bool,
    },
}

impl<'a> Item<'a> {
    /// The octets that are to be loaded.
    fn received(&self) -> &'a [u8] {
        match self {
            Self::Received(octets) | Self::Wrapped(octets) => octets,
            Self::Validated { .. } => &[],
        }
    }
}

/// Verifies `items`, each one of the four PKI messages or another CMS content
/// (RFC 10002 §3 and §4), and what is nested in them.
///
/// `progress(done, total)` is called on the calling thread, about 20 times a
/// second and once at the end, with numbers of messages; while items are
/// loaded it is called with 0 and the number of items. If it returns false
/// the work ends early.
///
/// # Errors
/// [`Cancelled`] if `progress` returned false. Nothing in an item is an
/// error: it is a row.
pub fn verify(
    items: &[Item<'_>],
    config: &Config,
    progress: &(dyn Fn(usize, usize) -> bool + Sync),
) -> std::result::Result<Report, Cancelled> {
    let threads = match config.threads {
        0 => thread::available_parallelism().map_or(1, NonZero::get),
        given => given,
    };
    let mut inputs: Vec<Input<'_>> = items.iter().map(Input::new).collect();
    let size = items.iter().fold(0usize, |sum, item| sum.saturating_add(item.received().len()));
    let has_lanes = config.machine().is_some();
    let members = if config.nested { Members::Deferred } else { Members::Isolated };
    let options = Options { members, ..config.options };
    pool::for_each(
        &mut inputs,
        threads.min(1 + size / OCTETS_PER_THREAD),
        MAX_CHUNK,
        || (),
        |(), input, more| {
            input.load(options, has_lanes);
            more(1);
        },
        |(), _, _| {},
        &|_| items.is_empty() || progress(0, items.len()),
    )?;
    let mut jobs = Vec::with_capacity(inputs.len());
    for (item, input) in inputs.iter_mut().enumerate() {
        input.list(item, threads, &mut jobs);
    }
    let messages = jobs.iter().map(Job::messages).sum();
    // Members keep a thread busy: no other is to wait behind them.
    let is_long = jobs.iter().any(|job| matches!(job, Job::Deferred(_)));
    let chunk = if has_lanes { TOGETHER } else { MAX_CHUNK };
    let chunk = if is_long { 1 } else { chunk };
    // To be counted, members have to be found: only for one who waits long enough to be told.
    let counted = OnceCell::new();
    let count = || inputs.iter().map(Input::deferred).fold(messages, usize::saturating_add);
    let total = || *counted.get_or_init(count);
    pool::for_each(
        &mut jobs,
        threads,
        chunk,
        || Thread { worker: Worker::new(config), items: Vec::new() },
        |thread, job, more| job.work(&inputs, thread, more),
        |thread, jobs, more| settle(jobs, &inputs, thread, more),
        &|done| done == total() || progress(done, total()),
    )?;
    let rows = collect(jobs, items, &mut inputs, options);
    let mut report = Report::new(rows, converted(inputs));
    if has_lanes && config.machine().is_none() {
        // One thread has seen them err: nothing that they said counts.
        report = verify(items, &Config { lanes: false, ..config.clone() }, progress)?;
        report.disagreement = disagreement();
    }
    if progress(report.len(), report.len()) { Ok(report) } else { Err(Cancelled) }
}

/// The rows of all jobs, in order. An item of which the members could not be
/// read is read again as a whole, for the error that is first in received order.
fn collect<'a>(
    jobs: Vec<Job>,
    items: &[Item<'a>],
    inputs: &mut [Input<'a>],
    options: Options,
) -> Vec<Rows> {
    let mut rows: Vec<Rows> = Vec::with_capacity(jobs.len());
    for job in jobs {
        let Job::Deferred(item) = job else {
            rows.extend(job.done());
            continue;
        };
        let Some(input) = inputs.get_mut(item) else { continue };
        if let Err(error) = input.take_members(&mut rows) {
            // What was found is given up before more is read (rule P8).
            let others = rows.iter().rposition(|rows| rows.item != item);
            rows.truncate(others.map_or(0, |last| last + 1));
            if let Some(given) = items.get(item) {
                *input = Input::new(given);
            }
            input.load(Options { members: Members::Isolated, ..options }, false);
            rows.push(input.refusal(item).unwrap_or_else(|| refused(item, &error)));
        }
    }
    rows
}

/// What one thread keeps from unit to unit.
struct Thread<'a> {
    worker: Worker<'a>,
    /// Items, begun or done; None where one is no message.
    items: Vec<Option<Begun<'a>>>,
}

impl<'a> Thread<'a> {
    /// Keeps an item until it is taken; without lanes it is finished at once.
    fn keep(&mut self, item: Option<Begun<'a>>) {
        let waits = self.worker.verifier.has_lanes();
        let item = if waits { item } else { item.map(|it| it.done(&mut self.worker)) };
        self.items.push(item);
        if self.worker.verifier.is_full() {
            self.finish();
        }
    }

    /// What was found of each item that was kept.
    fn take(&mut self) -> Vec<Option<Finding>> {
        self.finish();
        let items = mem::take(&mut self.items).into_iter();
        items.map(|item| item.map(|it| it.finish(&mut self.worker))).collect()
    }

    /// Finishes all items.
    fn finish(&mut self) {
        self.worker.verifier.answer();
        let items = mem::take(&mut self.items).into_iter();
        self.items = items.map(|item| item.map(|it| it.done(&mut self.worker))).collect();
        self.forget();
    }

    /// Forgets what lanes found, unless items wait that they were asked about.
    fn forget(&mut self) {
        let is_done = |item: &Option<Begun<'_>>| matches!(item, None | Some(Begun::Done(_)));
        if self.items.iter().all(is_done) {
            self.worker.verifier.clear();
        }
    }
}

/// A unit of work for one thread.
enum Job {
    /// The message that an item is.
    Item(usize),
    /// What is nested in it.
    Members(usize, Vec<Member>),
    /// Members of an item to find, read and verify, as long as there are any.
    /// Each thread has one of these, where there is enough for it.
    Deferred(usize),
    /// Messages that are verified, or malformed.
    Done(Rows),
}

impl Job {
    /// How many messages it is known to have.
    fn messages(&self) -> usize {
        match self {
            Self::Item(_) | Self::Done(_) => 1,
            Self::Members(_, members) => members.len(),
            Self::Deferred(_) => 0,
        }
    }

    /// Its rows, which all have but those for [`Self::Deferred`] when the work has ended.
    fn done(self) -> Option<Rows> {
        if let Self::Done(rows) = self { Some(rows) } else { None }
    }

    fn work<'a>(
        &mut self,
        inputs: &'a [Input<'_>],
        thread: &mut Thread<'a>,
        more: &mut dyn FnMut(usize) -> bool,
    ) {
        let messages = self.messages();
        match self {
            Self::Item(item) => {
                let begun = inputs.get(*item).and_then(|input| input.begin(&mut thread.worker));
                thread.keep(begun);
                return;
            }
            Self::Members(item, members) => {
                if let Some(Input::Loaded(loaded, _)) = inputs.get(*item) {
                    let rows = verify_listed(*item, &loaded.der, mem::take(members), thread);
                    *self = Self::Done(rows);
                }
            }
            Self::Deferred(item) => {
                if let Some(input) = inputs.get(*item) {
                    input.verify_deferred(*item, thread, more);
                }
                return;
            }
            Self::Done(_) => {}
        }
        more(messages);
    }
}

/// Finishes the items among jobs that were begun.
fn settle<'a>(
    jobs: &mut [Job],
    inputs: &'a [Input<'_>],
    thread: &mut Thread<'a>,
    more: &mut dyn FnMut(usize) -> bool,
) {
    let mut findings = thread.take().into_iter();
    for job in jobs {
        let Job::Item(item) = *job else { continue };
        let finding = findings.next().flatten();
        let input = inputs.get(item).zip(finding);
        if let Some(rows) = input.and_then(|(input, finding)| input.row(item, finding)) {
            *job = Job::Done(rows);
        }
        more(1);
    }
}

/// An item, before and after it is loaded.
enum Input<'a> {
    /// And whether a wrapped request counts.
    Received(&'a [u8], bool),
    Validated(&'a [u8], Range<usize>, Encoding, bool),
    Loaded(Loaded<'a>, Option<Box<Later>>),
    Refused(Error),
}

/// The members of an item that are found while others are verified.
struct Later {
    groups: Mutex<Groups>,
    /// The rows of groups, or why the item is no message, by the index of the
    /// first member.
    found: Mutex<Vec<(usize, Result<Rows>)>>,
}

impl<'i> Input<'i> {
    fn new(item: &Item<'i>) -> Self {
        match item {
            Item::Received(octets) => Self::Received(octets, false),
            Item::Wrapped(octets) => Self::Received(octets, true),
            Item::Validated { buffer, span, encoding, wrapped } => {
                Self::Validated(buffer, span.clone(), *encoding, *wrapped)
            }
        }
    }

    /// `lanes`: whether these will look at signatures.
    fn load(&mut self, options: Options, lanes: bool) {
        if let Self::Received(octets, wrapped) = *self {
            let options = Options { wrapped: wrapped || options.wrapped, ..options };
            *self = match load(octets, options) {
                Ok(loaded) => {
                    let members = loaded.deferred.as_ref().map(|deferred| {
                        let groups = Mutex::new(Groups::new(deferred, lanes));
                        Box::new(Later { groups, found: Mutex::default() })
                    });
                    Self::Loaded(loaded, members)
                }
                Err(error) => Self::Refused(error),
            };
        }
    }

    /// Adds the jobs of this item, in order.
    fn list(&mut self, item: usize, threads: usize, jobs: &mut Vec<Job>) {
        jobs.push(self.refusal(item).map_or(Job::Item(item), Job::Done));
        if let Self::Loaded(loaded, later) = self {
            if !loaded.members.is_empty() {
                jobs.push(Job::Members(item, mem::take(&mut loaded.members)));
            }
            if let Some(later) = later {
                let groups = 1 + locked(&later.groups).more();
                jobs.extend((0..threads.min(groups)).map(|_| Job::Deferred(item)));
            }
        }
    }

    /// The row of an item that is no message.
    fn refusal(&self, item: usize) -> Option<Rows> {
        if let Self::Refused(error) = self { Some(refused(item, error)) } else { None }
    }

    /// Begins an item that is a message.
    fn begin<'a>(&'a self, worker: &mut Worker<'a>) -> Option<Begun<'a>> {
        let (der, span, wrapped): (&[u8], _, _) = match self {
            Self::Loaded(loaded, _) => (&loaded.der, 0..loaded.der.len(), loaded.wrapped),
            Self::Validated(buffer, span, _, wrapped) => (buffer, span.clone(), *wrapped),
            Self::Received(..) | Self::Refused(_) => return None,
        };
        Some(message::begin(der, span, wrapped, worker))
    }

    /// The row of an item that was found out about.
    fn row(&self, item: usize, finding: Finding) -> Option<Rows> {
        let (span, encoding) = match self {
            Self::Loaded(loaded, _) => (0..loaded.der.len(), loaded.encoding),
            Self::Validated(_, span, encoding, _) => (span.clone(), *encoding),
            Self::Received(..) | Self::Refused(_) => return None,
        };
        Some(Rows::one(item, encoding, span, finding))
    }

    /// How many members were left for later.
    fn deferred(&self) -> usize {
        match self {
            Self::Loaded(loaded, Some(later)) => locked(&later.groups).total(&loaded.der),
            _ => 0,
        }
    }

    /// Finds, reads and verifies members that were left for later, until there
    /// are no more.
    fn verify_deferred<'a>(
        &'a self,
        item: usize,
        thread: &mut Thread<'a>,
        more: &mut dyn FnMut(usize) -> bool,
    ) {
        let Self::Loaded(loaded, Some(later)) = self else { return };
        let next = || locked(&later.groups).next(&loaded.der);
        while let Some(group) = next() {
            let found = on_enough(|| group.members(loaded))
                .map(|members| verify_listed(item, &loaded.der, members, thread));
            locked(&later.found).push((group.first(), found));
            if !more(group.count()) {
                return;
            }
        }
    }

    /// Adds the rows of the members that were left for later, once.
    fn take_members(&mut self, rows: &mut Vec<Rows>) -> Result<()> {
        let Self::Loaded(loaded, later) = self else { return Ok(()) };
        let Some(later) = later.take() else { return Ok(()) };
        let Later { groups, found } = *later;
        let groups = groups.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_unstable_by_key(|(first, _)| *first);
        rows.reserve(found.len());
        for (_, found) in found {
            rows.push(found?);
        }
        groups.check_body_parts(loaded)
    }
}

/// Verifies listed members of one item that can be read. Of a message that holds its
/// content in anything but a SignedData or AuthenticatedData, and of id-data
/// (RFC 10002 §3.2.1.3), there is no more to list.
fn verify_listed<'a>(
    item: usize,
    data: &'a [u8],
    members: Vec<Member>,
    thread: &mut Thread<'a>,
) -> Rows {
    let worker = &mut thread.worker;
    let holds = |tlv| {
        let content_type = ContentInfo::content_type(data, tlv);
        (content_type, matches!(content_type, ID_SIGNED_DATA | ID_CT_AUTH_DATA))
    };
    let tlv_at = |start| read_tlv(data, start, data.len()).ok();
    let mut marker = Marker::new(item, Encoding::Der);
    let mut path = Vec::new();
    let mut waiting = Vec::new();
    // Of each message around the next one, whether it can hold others.
    let mut open = vec![tlv_at(0).is_some_and(|root| holds(root).1)];
    let outermost = members.first().map_or(0, |member| member.layer);
    // In place: a member and what is kept of its row have the same size (rule P8).
    let marks = members.into_iter().filter_map(|member| {
        let start = member.start as usize;
        let around = usize::from(member.layer - outermost) + 1;
        open.truncate(around);
        path.truncate(around - 1);
        let is_listed = open.iter().all(|holds| *holds);
        let tagged = TaggedContentInfo::read(data, tlv_at(start)?)?;
        let span = tagged.content_info.start()..tagged.content_info.end();
        path.push(tagged.body_part_id);
        let (content_type, holds) = holds(tagged.content_info);
        open.push(holds);
        let place = || (path.as_slice().into(), span.clone());
        let begun = match member.error {
            _ if !is_listed => return None,
            Some(reason) => Begun::Done(malformed(reason, member.offset as usize)),
            None if content_type == ID_DATA => return None,
            None => message::begin(data, span.clone(), false, worker),
        };
        let mark = match begun {
            Begun::Done(finding) => marker.mark(start, around, finding, place),
            begun if !worker.verifier.has_lanes() => {
                marker.mark(start, around, begun.finish(worker), place)
            }
            begun => {
                let (mark, number) = marker.begin(start, around, place);
                waiting.push((number, begun));
                if waiting.len() >= TOGETHER || worker.verifier.is_full() {
                    finish(&mut waiting, &mut marker, worker);
                }
                mark
            }
        };
        Some(mark)
    });
    let marks = marks.collect();
    finish(&mut waiting, &mut marker, worker);
    thread.forget();
    marker.rows(marks)
}

/// Finishes members that were begun.
fn finish<'a>(waiting: &mut Vec<(usize, Begun<'a>)>, marker: &mut Marker, worker: &mut Worker<'a>) {
    worker.verifier.answer();
    for (number, begun) in waiting.drain(..) {
        marker.finish(number, begun.finish(worker));
    }
}

/// The DER forms that the caller does not have.
fn converted(inputs: Vec<Input<'_>>) -> Vec<(usize, Vec<u8>)> {
    let owned = |(item, input)| match input {
        Input::Loaded(Loaded { der: Cow::Owned(der), .. }, _) => Some((item, der)),
        _ => None,
    };
    inputs.into_iter().enumerate().filter_map(owned).collect()
}

/// The row of an item that cannot be read.
fn refused(item: usize, error: &Error) -> Rows {
    Rows::one(item, Encoding::Der, 0..0, malformed(error.reason(), error.offset()))
}

/// What is found of a message that cannot be read.
fn malformed(reason: Reason, offset: usize) -> Finding {
    Finding::new(MessageKind::Other, Verdict::Malformed, Some(Fault::new(reason, offset)))
}
