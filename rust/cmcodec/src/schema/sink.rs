//! What a walk makes of what it reads.

use super::node::Node;
use crate::der::Tlv;
use crate::error::Result;

/// Receives validated elements and makes values of them.
pub trait Sink {
    /// What one element becomes.
    type Value;
    /// A SEQUENCE, CHOICE, SEQUENCE OF or SET OF in the making.
    type Frame;

    /// Whether the walk enters what this sink keeps as octets: the content of
    /// a CONTAINING octet string, and parts.
    const DESCENDS: bool;

    /// Begins a value of several others.
    fn open(&mut self, node: &'static Node) -> Result<Self::Frame>;

    /// Adds the value of field, alternative or element number `index`.
    fn add(&mut self, frame: &mut Self::Frame, index: usize, value: Self::Value) -> Result<()>;

    /// Ends a value of several others.
    fn close(&mut self, node: &'static Node, frame: Self::Frame) -> Result<Self::Value>;

    /// A primitive, open or opaque value, or parts: kept as it stands in `data`.
    fn leaf(&mut self, node: &'static Node, data: &[u8], tlv: Tlv) -> Result<Self::Value>;

    /// A value under a name of its own.
    fn name(&mut self, node: &'static Node, value: Self::Value) -> Result<Self::Value>;
}

/// Makes nothing: the walk only validates.
#[derive(Clone, Copy, Debug, Default)]
pub struct Null;

impl Sink for Null {
    type Value = ();
    type Frame = ();

    const DESCENDS: bool = true;

    #[inline]
    fn open(&mut self, _: &'static Node) -> Result<()> {
        Ok(())
    }

    #[inline]
    fn add(&mut self, (): &mut (), _: usize, (): ()) -> Result<()> {
        Ok(())
    }

    #[inline]
    fn close(&mut self, _: &'static Node, (): ()) -> Result<()> {
        Ok(())
    }

    #[inline]
    fn leaf(&mut self, _: &'static Node, _: &[u8], _: Tlv) -> Result<()> {
        Ok(())
    }

    #[inline]
    fn name(&mut self, _: &'static Node, (): ()) -> Result<()> {
        Ok(())
    }
}
