"""What answers a requirement, a control or an algorithm that no test shows.

Of controls and algorithms, only what a role should or may support can be answered: what it must,
a test shows.
"""

from __future__ import annotations

ANSWERS = {
    "R-001": "This page says it of each requirement.",
    "R-073": "Nothing here asks for an envelope: whoever carries messages may use TLS instead.",
    "R-141": "A client passes each secret itself. The docstring of `add_secret` counts in how many "
    "exchanges a secret may be used, once unless told otherwise.",
    "R-239": "Who sends the mail that `mail.compose` makes asks for REQUIRETLS.",
    "R-247": "The docstring of `add_secret` asks for chance. Builders sign unless `authenticate` "
    "is called, and whom a message concerns is its caller's to say.",
    "R-248": "A client keeps no anchors: its caller gives them, and `Exchange.anchors` are those "
    "of one server. The docstring of `Exchange` asks to keep where each came from and what it may "
    "be used for.",
}
"""The sentence that answers each key."""
