//! The shapes by which the CMS wrapper is converted.

/// How an element is converted.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Copied as received.
    Verbatim,
    /// By its universal tags alone: minimal definite lengths, strings in one
    /// piece, sets in order, TRUE as FF, all the way down.
    Plain,
    /// As `Plain`, but sets stay in the order received.
    Unsorted,
    /// An OCTET STRING under whatever tag: in one piece.
    Octets,
    /// The fields in order, each found by the tags it may have; verbatim where
    /// there is no such field left. Also what is inside an EXPLICIT tag.
    Sequence(&'static [(&'static [u8], Shape)]),
    /// Elements of one shape, put in order.
    SetOf(&'static Shape),
    /// The content of a ContentInfo, tag included: a row of `CONTENT_TYPES`.
    Content,
}
