//! What the engine does to a batch of 1,000 messages (`examples/batch-1000.der`) and to single ones.
//! Every answer is asserted; `cargo test -p cmcodec --benches` does each once.
//!
//! ```text
//! cargo bench -p cmcodec --bench engine [-- FILTER]
//! ```
#![expect(clippy::unwrap_used, reason = "a broken example must stop the bench")]

use std::hint::black_box;

use cmcodec::der::{Elements, Tlv, ber, read_tlv};
use cmcodec::generated::schema::{CONTENT_INFO, PKI_DATA};
use cmcodec::message_kind::member;
use cmcodec::schema::locate::locate;
use cmcodec::schema::walk::validate;
use cmcodec::view::{ContentInfo, EncapsulatedContentInfo, SignedData};
use cmcodec::{Config, Encoding, Item, Members, Options, Segment, load, verify};
use criterion::measurement::Measurement;
use criterion::{BenchmarkGroup, Criterion, Throughput};

static BATCH: &[u8] = include_bytes!("../../../examples/batch-1000.der");
const COUNT: usize = 1000;

/// Octets of each segment of a BER octet string, as senders that stream have them.
const SEGMENT: usize = 4096;

/// Messages that their requested key signs, by that: the first three of the batch.
const KEYS: [&str; 3] = ["rsa-2048", "p-256", "ed25519"];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    read(&mut criterion);
    verify_each(&mut criterion);
    verify_batch(&mut criterion);
    criterion.final_summary();
}

fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    octets(&mut group, BATCH.len());
    group.bench_function("load a batch", |bencher| {
        bencher.iter(|| {
            let loaded = load(black_box(BATCH), Options::default()).unwrap();
            assert_eq!((loaded.encoding, loaded.der.len()), (Encoding::Der, BATCH.len()));
        });
    });
    let received = indefinite(BATCH);
    octets(&mut group, received.len());
    group.bench_function("convert a batch from BER", |bencher| {
        assert_eq!(ber::to_der(&received).as_deref(), Some(BATCH));
        bencher.iter_with_large_drop(|| ber::to_der(black_box(&received)));
    });
    for (index, key) in KEYS.into_iter().enumerate() {
        let content = e_content(nested(index));
        octets(&mut group, content.len());
        group.bench_function(format!("walk a content, {key}"), |bencher| {
            bencher.iter(|| validate(&PKI_DATA, black_box(content), Options::default()).unwrap());
        });
    }
    drop(group);

    let path = ["content", "encapContentInfo", "eContent", "cmsSequence"].map(Segment::Field);
    let path = [&path[..], &[Segment::Index(COUNT - 1), Segment::Field("contentInfo")]].concat();
    let last = nested(COUNT - 1).as_ptr_range();
    criterion.bench_function("locate the last message", |bencher| {
        bencher.iter(|| {
            let found = locate(&CONTENT_INFO, BATCH, 0, BATCH.len(), black_box(&path)).unwrap();
            assert_eq!(found.octets(BATCH).as_ptr_range(), last);
        });
    });
}

fn verify_each(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("verify one");
    for (index, key) in KEYS.into_iter().enumerate() {
        let message = nested(index);
        group.bench_function(key, |bencher| bencher.iter(|| verified(message, 1)));
    }
}

fn verify_batch(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("verify a batch");
    group.sample_size(10).throughput(Throughput::Elements(COUNT as u64));
    group.bench_function("1 thread", |bencher| bencher.iter(|| verified(BATCH, COUNT + 1)));
}

/// Verifies a message and what is nested in it: so many messages, all good.
fn verified(message: &[u8], count: usize) {
    let config = Config { threads: 1, ..Config::default() };
    let report = verify(&[Item::Received(black_box(message))], &config, &|_, _| true).unwrap();
    assert_eq!(report.len(), count);
    assert_eq!(report.counts().first(), Some(&count));
}

fn octets<M: Measurement>(group: &mut BenchmarkGroup<'_, M>, count: usize) {
    group.throughput(Throughput::Bytes(count as u64));
}

// --- parts of messages ----------------------------------------------------------------------------

fn root(message: &[u8]) -> Tlv {
    read_tlv(message, 0, message.len()).unwrap()
}

fn encapsulated(message: &[u8]) -> EncapsulatedContentInfo {
    ContentInfo::read(message, root(message)).unwrap().encapsulated(message).unwrap()
}

fn e_content(message: &[u8]) -> &[u8] {
    encapsulated(message).e_content.unwrap().value(message)
}

/// The message of this number in the batch.
fn nested(index: usize) -> &'static [u8] {
    let listed = Options { members: Members::Listed, ..Options::default() };
    let members = load(BATCH, listed).unwrap().members;
    let start = members.get(index).unwrap().start as usize;
    member(BATCH, start, BATCH.len()).unwrap().content_info.octets(BATCH)
}

/// The batch with indefinite lengths down to its eContent, which comes in segments.
fn indefinite(message: &[u8]) -> Vec<u8> {
    let info = ContentInfo::read(message, root(message)).unwrap();
    let signed = SignedData::read(message, info.content).unwrap();
    let encapsulated = signed.encap_content_info;
    let segments = e_content(message).chunks(SEGMENT).flat_map(|segment| {
        let length = u16::try_from(segment.len()).unwrap().to_be_bytes();
        [&[0x04, 0x82], &length[..], segment].concat()
    });
    let segments: Vec<u8> = segments.collect();
    let [version, algorithms, _, rest @ ..] =
        &Elements::of(message, info.content).map(|tlv| tlv.octets(message)).collect::<Vec<_>>()[..]
    else {
        unreachable!("a SignedData has four fields")
    };
    let content = open(0xA0, &[&open(0x24, &[&segments])]);
    let content = open(0x30, &[encapsulated.e_content_type.octets(message), &content]);
    let signed = open(0x30, &[&[*version, *algorithms, &content], rest].concat());
    open(0x30, &[info.content_type.octets(message), &open(0xA0, &[&signed])])
}

/// An element of indefinite length.
fn open(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[tag, 0x80], &parts.concat()[..], &[0, 0]].concat()
}
