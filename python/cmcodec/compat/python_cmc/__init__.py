"""``python_cmc`` 1.22 on the declarations of this package: same names, same fields, mended.

Two lines, before anything imports ``python_cmc``, make it stand in for that package::

    from cmcodec.compat import python_cmc
    python_cmc.install()

    from python_cmc import cmc                   # this package's
    cmc.PKIData.load(octets)["reqSequence"].native

Classes are asn1crypto's, or derived from it: ``load``, ``dump``, ``native``, fields by name, and
objects of asn1crypto as values. Messages that ``python_cmc`` read rightly have the ``native`` they
had, and what it built rightly has the same octets.

What is different, because it was wrong (sections of RFC 10002 where no other RFC is named):

===========================  =====================================================================
``load``                     Refuses what is not strict DER of the type, with `DecodeError`, a
                             `ValueError`, and trailing octets also without ``strict``. It used to
                             take any octets and fail, or not, when they were looked at.
``TaggedContentInfo``,       ``contentInfo`` and ``cms`` are a ContentInfo (§3.2.1.3, §6.7), so
``EncryptedPOP``             that batches read; they were an EncapsulatedContentInfo.
``ProofOfPossession``        ``raVerified`` and ``signature`` are IMPLICIT (RFC 4211 §4);
                             ``AuthInfo.sender`` and ``PKIArchiveOptions.encryptedPrivKey``, each a
                             CHOICE, are EXPLICIT. No CRMF request with these could be read.
``OptionalValidity``         ``notBefore [0]`` and ``notAfter [1]``, EXPLICIT (RFC 4211 §5). There
                             were two of ``notBefore``, untagged.
``OtherStatusInfo``          ``extendedFailInfo`` has its tag [1] (§6.1.1). Without, each
                             ``pendInfo`` read as an ``extendedFailInfo``. The form without is still
                             read.
``id-cmc-controlProcessed``  A ``ControlsProcessed`` with ``bodyList``, a list (§6.19);
                             ``ControlList`` is another name for it.
``id-cmc-popLinkWitnessV2``  A ``PopLinkWitnessV2`` (§6.3.1.1), no longer an OCTET STRING.
35, 36 and 37                Have names in ``attrType.native`` and types: ``raIdentityWitness``,
                             ``changeSubjectName`` (§7.1), ``responseBody``.
Other controls               ``attrValues.native`` is a list; it used to raise.
Values of unknown type       ``AnyValue`` instead of asn1crypto's ``Any``, with ``parsed``,
                             ``parse``, ``native`` and ``dump``. ``native`` is the octets where
                             asn1crypto has no type for them; it used to raise. So for
                             ``AttributeTypeAndValue``, ``OtherMsg``, ``ORM``, ``ExtendedFailInfo``
                             and ``CMCUnsignedData``.
PKCS#10 requests             The ``native`` of attributes that asn1crypto does not know, as OpenSSL
                             and JSS write them, is a list; it used to raise, and with it that of
                             the message. The class extends ``asn1crypto.csr``'s.
``CertHashes``,              Other names of ``AnchorHashes`` and ``SetOfInteger``.
``SetOfAuthPublish``
===========================  =====================================================================

What stays as it was:

- ``dump`` does not check what it writes: an empty ``bodyList`` is written, and refused by ``load``.
- The ``native`` of asn1crypto's own classes raises `ValueError` or `KeyError` where they are
  narrower than the standard: for public keys of algorithms they do not know, such as ML-DSA, and
  reasons of revocation without a name.
- Forms of RFC 2797 and RFC 6402 that ``python_cmc`` has no class for raise `ValueError` when they
  are looked at: a name that is NULL, ``CMCCertId`` with GeneralNames, ``subjectAlt`` without a tag.

None of this verifies a signature. For anything new use `cmcodec.load`, which does, and much faster.
"""

from __future__ import annotations

import sys
from typing import Final

from cmcodec.compat.python_cmc import cmc, crmf

__all__ = ["__version__", "cmc", "crmf", "install"]

__version__: Final = "1.22"
"""The version of ``python_cmc`` that this stands in for."""


def install() -> None:
    """Makes ``import python_cmc`` mean this package from now on, in the whole process.

    Raises `ImportError` where ``python_cmc`` itself has been imported before.
    """
    ours = {"python_cmc": sys.modules[__name__], "python_cmc.cmc": cmc, "python_cmc.crmf": crmf}
    for name, module in ours.items():
        if sys.modules.get(name, module) is not module:
            raise ImportError(f"{name} has been imported before: call install() first", name=name)
    sys.modules.update(ours)
