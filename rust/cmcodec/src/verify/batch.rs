//! Many messages, on many threads (RULES V14, V15).
//!
//! First every item is loaded, then every message in them is verified. The
//! members of a large batch are left for later while it is loaded, and then
//! found and read in runs just before they are verified, by whichever thread
//! is free: one item of 100,000 nested messages keeps as many threads busy as
//! 100,000 items of one, nobody waits for its members to be found, and octets
//! are in the cache when a verification asks for them. A single verification
//! and a batch are the same code.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashSet;
use std::num::NonZero;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::certificates::KnownCertificates;
use super::message::{self, Worker};
use super::report::{Fault, Finding, MessageKind, Report, Row, Verdict};
use crate::der::read_tlv;
use crate::error::{Error, Result};
use crate::load::{Encoding, Loaded, load};
use crate::pool::{self, Cancelled, MAX_CHUNK, locked};
use crate::schema::runs::Splitter;
use crate::schema::walk::{Member, Options};
use crate::view::cms::{ContentInfo, ID_AUTHENTICATED_DATA, ID_DATA, ID_SIGNED_DATA};
use crate::view::pkidata::TaggedContentInfo;

/// Octets below which one more thread costs more than it saves in loading.
const OCTETS_PER_THREAD: usize = 256 * 1024;

/// What the caller decides about a verification.
#[derive(Clone, Debug)]
pub struct Config {
    /// How the items are read. `confine` counts as set (R5).
    pub options: Options,
    /// Whether messages nested in a message get rows of their own.
    pub nested: bool,
    /// Whether SHA-1 and RSA keys of 1024 bits will do (V10a).
    pub legacy: bool,
    /// Where to look for signers after the message itself (V8).
    pub certificates: KnownCertificates,
    /// SHA-256 of the certificates of registration authorities whose
    /// raVerified counts (R2).
    pub authorised_ras: HashSet<[u8; 32]>,
    /// Threads, the calling one included; 0 stands for one per core.
    pub threads: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            options: Options::default(),
            nested: true,
            legacy: false,
            certificates: KnownCertificates::default(),
            authorised_ras: HashSet::new(),
            threads: 0,
        }
    }
}

/// Verifies `items`, each one of the four PKI messages or another CMS content
/// (RFC 10002 sections 3 and 4), and what is nested in them.
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
    items: &[&[u8]],
    config: &Config,
    progress: &(dyn Fn(usize, usize) -> bool + Sync),
) -> std::result::Result<Report, Cancelled> {
    let threads = match config.threads {
        0 => thread::available_parallelism().map_or(1, NonZero::get),
        given => given,
    };
    let mut inputs: Vec<Input<'_>> = items.iter().map(|octets| Input::Received(octets)).collect();
    let size = items.iter().fold(0usize, |sum, octets| sum.saturating_add(octets.len()));
    let options = Options { confine: true, defer: config.nested, ..config.options };
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
    let messages = jobs.iter().filter(|job| matches!(job, Job::Message(_))).count();
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
    items: &[&[u8]],
    inputs: &mut [Input<'_>],
    options: Options,
) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::with_capacity(jobs.len());
    for job in jobs {
        let item = match job {
            Job::Message(row) => {
                rows.push(row);
                continue;
            }
            Job::Members(item) => item,
        };
        let Some(input) = inputs.get_mut(item) else { continue };
        if let Err(error) = input.take_members(&mut rows) {
            let octets = items.get(item).copied().unwrap_or_default();
            let whole = load(octets, Options { defer: false, ..options });
            let error = whole.err().unwrap_or(error);
            let others = rows.iter().rposition(|row| row.item != item);
            rows.truncate(others.map_or(0, |last| last + 1));
            rows.push(Row::malformed(item, &[], 0..octets.len(), &error));
            *input = Input::Refused(octets.len(), error);
        }
    }
    rows
}

/// A unit of work for one thread.
enum Job {
    /// A message to verify, if it is to be verified.
    Message(Row),
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
            Self::Message(row) => {
                row.verify(inputs, worker);
                more(1);
            }
            Self::Members(item) => {
                if let Some(input) = inputs.get(*item) {
                    input.verify_members(*item, inputs, worker, more);
                }
            }
        }
    }
}

/// An item on its way.
enum Input<'a> {
    Received(&'a [u8]),
    Loaded(Loaded<'a>, Option<Box<Members>>),
    Refused(usize, Error),
}

/// The members of an item that are found while others are verified.
struct Members {
    splitter: Mutex<Splitter>,
    /// The rows of runs, or why the item is no message, by the index of the
    /// first member.
    found: Mutex<Vec<(usize, Result<Vec<Row>>)>>,
}

impl Input<'_> {
    fn load(&mut self, options: Options) {
        if let Self::Received(octets) = *self {
            *self = match load(octets, options) {
                Ok(loaded) => {
                    let members = loaded.deferred.as_ref().map(|deferred| {
                        let splitter = Mutex::new(deferred.splitter());
                        Box::new(Members { splitter, found: Mutex::default() })
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
            Self::Received(_) => {}
            Self::Refused(len, error) => {
                jobs.push(Job::Message(Row::malformed(item, &[], 0..*len, error)));
            }
            Self::Loaded(loaded, members) => {
                let row = Row::pending(item, &[], 0..loaded.der.len(), loaded.encoding);
                jobs.push(Job::Message(row));
                if nested {
                    jobs.reserve(loaded.members.len());
                    list(item, loaded, &loaded.members, |row| jobs.push(Job::Message(row)));
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
            Self::Loaded(loaded, Some(members)) => locked(&members.splitter).total(&loaded.der),
            _ => 0,
        }
    }

    /// Finds, reads and verifies members that were left for later, until there
    /// are no more.
    fn verify_members<'a>(
        &'a self,
        item: usize,
        inputs: &'a [Input<'_>],
        worker: &mut Worker<'a>,
        more: &mut dyn FnMut(usize) -> bool,
    ) {
        let Self::Loaded(loaded, Some(members)) = self else { return };
        let next = || locked(&members.splitter).next(&loaded.der);
        while let Some(run) = next() {
            let found = loaded.members_of(&run).map(|members| {
                let mut rows = Vec::with_capacity(members.len());
                list(item, loaded, &members, |row| rows.push(row));
                rows.iter_mut().for_each(|row| row.verify(inputs, worker));
                rows
            });
            locked(&members.found).push((run.first(), found));
            if !more(run.count()) {
                return;
            }
        }
    }

    /// Adds the rows of the members that were left for later, once.
    fn take_members(&mut self, rows: &mut Vec<Row>) -> Result<()> {
        let Self::Loaded(loaded, members) = self else { return Ok(()) };
        let Some(members) = members.take() else { return Ok(()) };
        let Members { splitter, found } = *members;
        let splitter = splitter.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_unstable_by_key(|(first, _)| *first);
        rows.reserve(splitter.count());
        for (_, found) in found {
            rows.extend(found?);
        }
        loaded.check_body_parts(&splitter)
    }
}

/// Finds the rows of members of one item. Of a message that holds its
/// content in anything but a SignedData or AuthenticatedData, and of id-data
/// (RFC 10002 section 3.2.1.3), there is no more to list.
fn list(item: usize, loaded: &Loaded<'_>, members: &[Member], mut found: impl FnMut(Row)) {
    let data = &*loaded.der;
    let holds = |tlv| {
        let content_type = ContentInfo::content_type(data, tlv);
        (content_type, matches!(content_type, ID_SIGNED_DATA | ID_AUTHENTICATED_DATA))
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
            Some(error) => found(Row::malformed(item, &path, span, error)),
            None if content_type == ID_DATA => {}
            None => found(Row::pending(item, &path, span, Encoding::Der)),
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

impl Row {
    fn malformed(item: usize, path: &[u32], span: Range<usize>, error: &Error) -> Self {
        let fault = Fault::new(error.reason(), error.offset());
        Self {
            item,
            path: path.into(),
            encoding: Encoding::Der,
            span,
            finding: Finding::new(MessageKind::Other, Verdict::Malformed, Some(fault)),
        }
    }

    /// Not looked at yet: until then it counts as bad.
    fn pending(item: usize, path: &[u32], span: Range<usize>, encoding: Encoding) -> Self {
        let finding = Finding::new(MessageKind::Other, Verdict::Malformed, None);
        Self { item, path: path.into(), encoding, span, finding }
    }

    fn verify<'a>(&mut self, inputs: &'a [Input<'_>], worker: &mut Worker<'a>) {
        if let (true, Some(Input::Loaded(loaded, _))) = (self.is_pending(), inputs.get(self.item)) {
            self.finding = message::verify(&loaded.der, self.span.clone(), worker);
        }
    }

    fn is_pending(&self) -> bool {
        self.finding.verdict == Verdict::Malformed && self.finding.fault.is_none()
    }
}
