//! Versions of SignedData and SignerInfo, for a strict walk.

use super::node::Node;
use crate::der::Tlv;
use crate::error::{Error, Reason, Result, Segment};
use crate::generated::schema::{SIGNED_DATA, SIGNER_INFO};
use crate::view::{SignedData, SignerInfo};

/// Rule V1, R-213 and R-214: a SignedData or SignerInfo, which `tlv` is when
/// `node` says so, has the version that its content calls for.
#[cold]
pub fn v1_strict_version(node: &'static Node, data: &[u8], tlv: Tlv) -> Result<()> {
    let found = if std::ptr::eq(node, &SIGNED_DATA) {
        SignedData::read(data, tlv).map(|it| (it.version, it.has_right_version(data)))
    } else if std::ptr::eq(node, &SIGNER_INFO) {
        SignerInfo::read(data, tlv).map(|it| (it.version, it.has_right_version(data)))
    } else {
        None
    };
    match found {
        Some((version, false)) => {
            Err(Error::new(Reason::VersionMismatch, version.start())
                .within(Segment::Field("version")))
        }
        _ => Ok(()),
    }
}
