"""A CA, and an RA, that one can run: roles with folders, stores and servers around them.

`create` makes the folder of a CA, `EmbeddedCA` is the CA in it. They are for labs and tests, and
show how a role is embedded; a CA in production keeps its own issuing and databases.
"""

from __future__ import annotations

from cmcodec.embedded.authority import EmbeddedCA, Listed
from cmcodec.embedded.creating import create
from cmcodec.embedded.folder import FolderError, FolderReason
from cmcodec.embedded.registration import EmbeddedRA, create_ra

__all__ = [
    "EmbeddedCA",
    "EmbeddedRA",
    "FolderError",
    "FolderReason",
    "Listed",
    "create",
    "create_ra",
]
