"""``python -m cmcodec`` is ``cmc``."""

import sys

from cmcodec.cli import main

sys.exit(main())
