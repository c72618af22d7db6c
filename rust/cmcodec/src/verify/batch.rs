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
use super::members::Groups;
use super::message;
use super::report::{Fault, Finding, MessageKind, Report, Row, Verdict};
use super::worker::Worker;
use crate::der::read_tlv;
use crate::error::{Error, Result};
use crate::generated::oids::{ID_CT_AUTH_DATA, ID_DATA, ID_SIGNED_DATA};
use crate::load::{Encoding, Loaded, load};
use crate::pool::{self, Cancelled, MAX_CHUNK, locked};
use crate::schema::walk::{Member, Options};
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

impl<'a> From<&'a [u8]> for Item<'a> {
    fn from(octets: &'a [u8]) -> Self {
        Self::Received(octets)
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
    let options = Options { isolate_members: true, defer: config.nested, ..config.options };
    pool::for_each(
        &mut inputs,
        threads.min(1 + size / OCTETS_PER_THREAD),
        MAX_CHUNK,
        || (),
        |(), input, more| {
            input.load(options);
            more(1);
        },
        &|_| items.is_empty() || progress(0, items.len()),
    )?;
    let mut jobs = Vec::with_capacity(inputs.len());
    for (item, input) in inputs.iter().enumerate() {
        input.list(item, config.nested, threads, &mut jobs);
    }
    let messages = jobs.iter().filter(|job| !matches!(job, Job::Members(_))).count();
    // Members keep a thread busy: no other is to wait behind them.
    let chunk = if messages == jobs.len() { MAX_CHUNK } else { 1 };
    // To be counted, members have to be found: only for one who waits long enough to be told.
    let counted = OnceCell::new();
    let count = || inputs.iter().map(Input::deferred).fold(messages, usize::saturating_add);
    let total = || *counted.get_or_init(count);
    pool::for_each(
        &mut jobs,
        threads,
        chunk,
        || Worker::new(config),
        |worker, job, more| job.work(&inputs, worker, more),
        &|done| done == total() || progress(done, total()),
    )?;
    let rows = collect(jobs, items, &mut inputs, options);
    if progress(rows.len(), rows.len()) {
        Ok(Report::new(rows, converted(inputs)))
    } else {
        Err(Cancelled)
    }
}

/// The rows of all jobs, in order. An item of which the members could not be
/// read is read again as a whole, for the error that is first in received order.
fn collect(
    jobs: Vec<Job>,
    items: &[Item<'_>],
    inputs: &mut [Input<'_>],
    options: Options,
) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::with_capacity(jobs.len());
    for job in jobs {
        let item = match job {
            Job::Done(row) => {
                rows.push(row);
                continue;
            }
            Job::Members(item) => item,
            // Where nobody cancels, none is left.
            Job::Pending(_) => continue,
        };
        let Some(input) = inputs.get_mut(item) else { continue };
        if let Err(error) = input.take_members(&mut rows) {
            let octets = items.get(item).map_or(&[][..], Item::received);
            let whole = load(octets, Options { defer: false, ..options });
            let error = whole.err().unwrap_or(error);
            let others = rows.iter().rposition(|row| row.item != item);
            rows.truncate(others.map_or(0, |last| last + 1));
            rows.push(Message::new(item, &[], 0..octets.len(), Encoding::Der).malformed(&error));
            *input = Input::Refused(octets.len(), error);
        }
    }
    rows
}

/// A unit of work for one thread.
enum Job {
    /// A message to verify.
    Pending(Message),
    /// One that is verified, or malformed.
    Done(Row),
    /// Members of an item to find, read and verify, as long as there are any.
    /// Each thread has one of these.
    Members(usize),
}

impl Job {
    fn work<'a>(
        &mut self,
        inputs: &'a [Input<'_>],
        worker: &mut Worker<'a>,
        more: &mut dyn FnMut(usize) -> bool,
    ) {
        match self {
            Self::Pending(message) => {
                let message = mem::take(message);
                if let Some(der) = inputs.get(message.item).and_then(Input::der) {
                    *self = Self::Done(message.verify(der, worker));
                }
                more(1);
            }
            Self::Done(_) => {
                more(1);
            }
            Self::Members(item) => {
                if let Some(input) = inputs.get(*item) {
                    input.verify_members(*item, worker, more);
                }
            }
        }
    }
}

/// An item, before and after it is loaded.
enum Input<'a> {
    /// And whether a wrapped request counts.
    Received(&'a [u8], bool),
    Validated(&'a [u8], Range<usize>, Encoding, bool),
    Loaded(Loaded<'a>, Option<Box<Members>>),
    Refused(usize, Error),
}

/// The members of an item that are found while others are verified.
struct Members {
    groups: Mutex<Groups>,
    /// The rows of groups, or why the item is no message, by the index of the
    /// first member.
    found: Mutex<Vec<(usize, Result<Vec<Row>>)>>,
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

    /// The DER form of an item that is a message.
    fn der(&self) -> Option<&[u8]> {
        match self {
            Self::Loaded(loaded, _) => Some(&loaded.der),
            Self::Validated(buffer, ..) => Some(buffer),
            Self::Received(..) | Self::Refused(..) => None,
        }
    }

    fn load(&mut self, options: Options) {
        if let Self::Received(octets, wrapped) = *self {
            let options = Options { wrapped: wrapped || options.wrapped, ..options };
            *self = match load(octets, options) {
                Ok(loaded) => {
                    let members = loaded.deferred.as_ref().map(|deferred| {
                        let groups = Mutex::new(Groups::new(deferred));
                        Box::new(Members { groups, found: Mutex::default() })
                    });
                    Self::Loaded(loaded, members)
                }
                Err(error) => Self::Refused(octets.len(), error),
            };
        }
    }

    /// Adds the jobs of this item, in order.
    fn list(&self, item: usize, nested: bool, threads: usize, jobs: &mut Vec<Job>) {
        match self {
            Self::Received(..) => {}
            Self::Validated(_, span, encoding, wrapped) => {
                let message = Message::new(item, &[], span.clone(), *encoding);
                jobs.push(Job::Pending(Message { wrapped: *wrapped, ..message }));
            }
            Self::Refused(len, error) => {
                let message = Message::new(item, &[], 0..*len, Encoding::Der);
                jobs.push(Job::Done(message.malformed(error)));
            }
            Self::Loaded(loaded, members) => {
                let message = Message::new(item, &[], 0..loaded.der.len(), loaded.encoding);
                jobs.push(Job::Pending(Message { wrapped: loaded.wrapped, ..message }));
                if nested {
                    jobs.reserve(loaded.members.len());
                    list(item, loaded, &loaded.members, |message, error| {
                        jobs.push(match error {
                            Some(error) => Job::Done(message.malformed(error)),
                            None => Job::Pending(message),
                        });
                    });
                }
                if members.is_some() {
                    jobs.extend((0..threads).map(|_| Job::Members(item)));
                }
            }
        }
    }

    /// How many members were left for later.
    fn deferred(&self) -> usize {
        match self {
            Self::Loaded(loaded, Some(members)) => locked(&members.groups).total(&loaded.der),
            _ => 0,
        }
    }

    /// Finds, reads and verifies members that were left for later, until there
    /// are no more.
    fn verify_members<'a>(
        &'a self,
        item: usize,
        worker: &mut Worker<'a>,
        more: &mut dyn FnMut(usize) -> bool,
    ) {
        let Self::Loaded(loaded, Some(members)) = self else { return };
        let next = || locked(&members.groups).next(&loaded.der);
        while let Some(group) = next() {
            let found = on_enough(|| group.members(loaded)).map(|members| {
                let mut rows = Vec::with_capacity(members.len());
                list(item, loaded, &members, |message, error| {
                    rows.push(match error {
                        Some(error) => message.malformed(error),
                        None => message.verify(&loaded.der, worker),
                    });
                });
                rows
            });
            locked(&members.found).push((group.first(), found));
            if !more(group.count()) {
                return;
            }
        }
    }

    /// Adds the rows of the members that were left for later, once.
    fn take_members(&mut self, rows: &mut Vec<Row>) -> Result<()> {
        let Self::Loaded(loaded, members) = self else { return Ok(()) };
        let Some(members) = members.take() else { return Ok(()) };
        let Members { groups, found } = *members;
        let groups = groups.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_unstable_by_key(|(first, _)| *first);
        rows.reserve(groups.count());
        for (_, found) in found {
            rows.extend(found?);
        }
        groups.check_body_parts(loaded)
    }
}

/// Finds the members of one item, and why one is no message. Of a message that holds its
/// content in anything but a SignedData or AuthenticatedData, and of id-data
/// (RFC 10002 §3.2.1.3), there is no more to list.
fn list(
    item: usize,
    loaded: &Loaded<'_>,
    members: &[Member],
    mut found: impl FnMut(Message, Option<&Error>),
) {
    let data = &*loaded.der;
    let holds = |tlv| {
        let content_type = ContentInfo::content_type(data, tlv);
        (content_type, matches!(content_type, ID_SIGNED_DATA | ID_CT_AUTH_DATA))
    };
    let root = read_tlv(data, 0, data.len()).is_ok_and(|root| holds(root).1);
    // For each message around the next one: its id, and whether it can hold others.
    let mut path = Vec::new();
    let mut open = vec![root];
    let outermost = members.first().map_or(0, |member| member.layer);
    for Member { layer, tlv, error } in members {
        let Some(member) = TaggedContentInfo::read(data, *tlv) else { continue };
        let depth = layer - outermost;
        path.truncate(depth);
        open.truncate(depth + 1);
        path.push(member.body_part_id);
        let listed = open.iter().all(|holds| *holds);
        let span = member.content_info.start()..member.content_info.end();
        let (content_type, holds) = holds(member.content_info);
        open.push(holds);
        match error {
            _ if !listed => {}
            None if content_type == ID_DATA => {}
            error => found(Message::new(item, &path, span, Encoding::Der), error.as_ref()),
        }
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

/// A message that is not verified yet: a row without a finding.
#[derive(Default)]
struct Message {
    item: usize,
    path: Box<[u32]>,
    span: Range<usize>,
    encoding: Encoding,
    /// Whether it is a wrapped request.
    wrapped: bool,
}

impl Message {
    fn new(item: usize, path: &[u32], span: Range<usize>, encoding: Encoding) -> Self {
        Self { item, path: path.into(), span, encoding, wrapped: false }
    }

    fn verify<'a>(self, der: &'a [u8], worker: &mut Worker<'a>) -> Row {
        let finding = message::verify(der, self.span.clone(), self.wrapped, worker);
        self.row(finding)
    }

    fn malformed(self, error: &Error) -> Row {
        let fault = Fault::new(error.reason(), error.offset());
        self.row(Finding::new(MessageKind::Other, Verdict::Malformed, Some(fault)))
    }

    fn row(self, finding: Finding) -> Row {
        let Self { item, path, span, encoding, .. } = self;
        Row { item, path, encoding, span, finding }
    }
}
