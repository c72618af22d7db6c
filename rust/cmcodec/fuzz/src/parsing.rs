//! What holds for `load` and for the BER converter, whatever the input is.

use cmcodec::der::ber::to_der;
use cmcodec::generated::oids::ID_SIGNED_DATA;
use cmcodec::generated::schema::{CERTIFICATION_REQUEST, CONTENT_INFO};
use cmcodec::message_kind::message_kind;
use cmcodec::schema::walk::validate;
use cmcodec::verify::members::Groups;
use cmcodec::{Encoding, Error, Loaded, Member, Members, Options, Reason, Result, load};

use crate::tree::{Inside, Length, Tree, encode, parse};

/// Options with these members.
fn with(members: Members) -> Options {
    Options { members, ..Options::default() }
}

/// Whether mutants go on from here: `load` accepts it, apart from its members.
pub fn is_message(data: &[u8]) -> bool {
    load(data, with(Members::Isolated)).is_ok()
}

/// The same of the converter.
pub fn is_ber(data: &[u8]) -> bool {
    to_der(data).is_some()
}

/// Every way to read one input, against the others.
pub fn loading(data: &[u8]) {
    let plain = load(data, Options::default());
    if let Err(error) = &plain {
        refused(data, error);
    }
    strict(data, &plain);
    layers(data, &plain);
    members(data, &plain, Options::default());
    wrapped(data, &plain);
    let Ok(loaded) = plain else { return };
    accepted(data, &loaded);
}

/// An error stands somewhere, and can be shown.
fn refused(data: &[u8], error: &Error) {
    let converted = to_der(data).map_or(0, |der| der.len());
    assert!(error.offset() <= data.len().max(converted), "{error}");
    assert!(!error.to_string().is_empty());
}

/// What was accepted stays so, and an octet more or less is refused.
fn accepted(data: &[u8], loaded: &Loaded<'_>) {
    let der = &*loaded.der;
    let again = load(der, with(Members::Whole)).expect("accepted before");
    assert_eq!((&*again.der, again.encoding), (der, Encoding::Der));
    match loaded.encoding {
        Encoding::Der => {
            assert_eq!(der, data);
            assert_eq!(encode(&parse(data)), data, "mutants begin with what was received");
        }
        Encoding::Ber => {
            assert!(std::ptr::eq(loaded.root, &CONTENT_INFO));
            assert_eq!(to_der(data).as_deref(), Some(der));
        }
    }
    for octets in [data, der] {
        for more in [0x00, 0x30, 0xFF] {
            assert!(load(&[octets, &[more]].concat(), with(Members::Isolated)).is_err());
        }
        assert!(load(&octets[..octets.len() - 1], with(Members::Isolated)).is_err());
    }
    let options = Options { max_size: data.len(), ..Options::default() };
    assert!(load(data, options).is_ok());
    let options = Options { max_size: data.len() - 1, ..Options::default() };
    assert_eq!(load(data, options).expect_err("too long").reason(), Reason::LimitP6);
    let described = message_kind(loaded.root, der, 0, der.len(), loaded.wrapped);
    if let Some((node, content)) = described.content {
        validate(node, content.octets(der), Options { max_layers: 32, ..Options::default() })
            .expect("validated before");
    }
}

/// What is strict accepts less, and nothing but DER.
fn strict(data: &[u8], plain: &Result<Loaded<'_>>) {
    let options = Options { strict: true, ..Options::default() };
    match load(data, options) {
        Ok(loaded) => {
            assert_eq!(loaded.encoding, Encoding::Der);
            assert_eq!(&*loaded.der, data);
            assert_eq!(plain.as_ref().map(|it| it.encoding), Ok(Encoding::Der));
        }
        Err(error) => assert!(error.offset() <= data.len()),
    }
    members(data, &load(data, options), options);
}

/// More layers accept more, and what is refused for want of layers says so.
fn layers(data: &[u8], plain: &Result<Loaded<'_>>) {
    let with = |max_layers| load(data, Options { max_layers, ..Options::default() });
    let (few, many, beyond) = (with(1), with(32), with(usize::MAX));
    let (few, many, beyond) = (few.map(drop), many.map(drop), beyond.map(drop));
    assert_eq!(many, beyond);
    let plain = plain.as_ref().map(drop).map_err(Clone::clone);
    for (less, more) in [(&few, &plain), (&plain, &many)] {
        match (less, more) {
            (Ok(()), more) => assert!(more.is_ok()),
            (Err(less), Err(more)) if less.reason() != Reason::LimitP6 => assert_eq!(less, more),
            (Err(less), Ok(())) => assert_eq!(less.reason(), Reason::LimitP6),
            _ => {}
        }
    }
}

/// Members that are isolated, listed or left for later are those of the whole.
fn members(data: &[u8], whole: &Result<Loaded<'_>>, options: Options) {
    let with = |members| Options { members, ..options };
    let isolated = load(data, with(Members::Isolated));
    let listed = load(data, with(Members::Listed));
    match (whole, &listed) {
        (Ok(whole), Ok(listed)) => {
            assert_eq!(whole.der, listed.der);
            let read = listed.members.iter().filter(|it| it.error.is_some()).count();
            assert_eq!(read, 0, "a member is refused, and the whole is not");
        }
        (Ok(_), Err(error)) => panic!("isolated members make no error: {error}"),
        (Err(error), Ok(listed)) => {
            assert!(listed.members.iter().any(|it| it.error.is_some()), "{error}");
        }
        (Err(_), Err(_)) => {}
    }
    assert_eq!(isolated.as_ref().map(|it| &it.der), listed.as_ref().map(|it| &it.der));
    let deferred = load(data, with(Members::Deferred)).and_then(|loaded| later(&loaded));
    match (listed.map(|it| it.members), deferred) {
        (Ok(listed), Ok(deferred)) => assert_eq!(listed, deferred),
        (Err(_), Err(_)) => {}
        (listed, deferred) => panic!("{listed:?} at once, {deferred:?} later"),
    }
}

/// All members of a message of which some were left for later.
pub fn later(loaded: &Loaded<'_>) -> Result<Vec<Member>> {
    let mut members = loaded.members.clone();
    if let Some(deferred) = &loaded.deferred {
        let mut groups = Groups::new(deferred, false);
        let total = groups.clone().total(&loaded.der);
        let (mut count, mut whole) = (0, true);
        while let Some(group) = groups.next(&loaded.der) {
            assert_eq!(group.first(), count);
            count += group.count();
            whole &= group.members(loaded).map(|found| members.extend(found)).is_ok();
        }
        assert_eq!(total, count);
        if !whole {
            let mut groups = Groups::new(deferred, false);
            while let Some(group) = groups.next(&loaded.der) {
                group.members(loaded)?;
            }
        }
        groups.check_body_parts(loaded)?;
    }
    Ok(members)
}

/// A wrapped request is read as one, or the message as it is without.
fn wrapped(data: &[u8], plain: &Result<Loaded<'_>>) {
    let options = Options { wrapped: true, ..Options::default() };
    match (load(data, options), plain) {
        (Ok(wrapped), Ok(plain)) => {
            assert!(!plain.wrapped);
            assert_eq!(wrapped.der, plain.der);
        }
        (Ok(_), Err(error)) => panic!("read as a wrapped request only: {error}"),
        (Err(error), Ok(_)) => {
            assert!(error.path().starts_with("content.encapContentInfo.eContent"), "{error}");
        }
        (Err(_), Err(_)) => {}
    }
}

/// What holds for the converter from BER.
pub fn converting(data: &[u8]) {
    let is_der =
        validate(&CONTENT_INFO, data, Options { max_layers: 32, ..Options::default() }).is_ok();
    let Some(der) = to_der(data) else {
        assert!(!is_der, "DER is BER");
        return;
    };
    assert!(der.len() <= 2 * data.len(), "{} octets become {}", data.len(), der.len());
    assert_eq!(to_der(&der).as_ref(), Some(&der), "converting again changes nothing");
    if is_der {
        assert_eq!(der, data, "DER is left alone");
        assert_eq!(to_der(&as_ber(data)).as_deref(), Some(data), "BER comes back as the same DER");
    }
    assert!(to_der(&data[..data.len() - 1]).is_none());
    assert!(to_der(&[data, &[0]].concat()).is_none());
    match (load(data, Options::default()), load(&der, Options::default())) {
        (Ok(before), Ok(after)) => assert_eq!((&*before.der, &*after.der), (&*der, &*der)),
        (Err(before), Err(after)) => assert_eq!(before, after),
        (before, after) if std::ptr::eq(cmcodec::load::root(data), &CERTIFICATION_REQUEST) => {
            panic!("a PKCS#10 is no ContentInfo: {before:?}, {after:?}")
        }
        (before, after) => panic!("{before:?} before, {after:?} after"),
    }
}

/// A ContentInfo in DER as a sender that streams has it: lengths are indefinite down to the eContent,
/// which comes in segments.
fn as_ber(data: &[u8]) -> Vec<u8> {
    let mut forest = parse(data);
    let is_signed = forest[0].trees()[0].content() == ID_SIGNED_DATA;
    // The ContentInfo and its content; the SignedData, its encapContentInfo and eContent.
    let places: &[&[usize]] = &[&[], &[1], &[1, 0], &[1, 0, 2], &[1, 0, 2, 1]];
    for path in &places[..if is_signed { 5 } else { 2 }] {
        if let Some(tree) = at(&mut forest[0], path) {
            tree.length = Length::Indefinite;
        }
    }
    let octets = at(&mut forest[0], &[1, 0, 2, 1, 0]).filter(|_| is_signed);
    if let Some(octets) = octets.filter(|tree| tree.tag() == 0x04) {
        let content = octets.content();
        let segments = content.chunks(100).map(|segment| Tree::leaf(0x04, segment));
        octets.inside = Inside::Trees(segments.collect());
        (octets.identifier, octets.length) = (vec![0x24], Length::Indefinite);
    }
    encode(&forest)
}

fn at<'t>(tree: &'t mut Tree, path: &[usize]) -> Option<&'t mut Tree> {
    path.iter().try_fold(tree, |tree, index| tree.trees_mut().get_mut(*index))
}
