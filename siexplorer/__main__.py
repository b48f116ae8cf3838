"""``python -m siexplorer``: the same door as the command ``siexplorer``."""

import sys

from siexplorer.cli import main

sys.exit(main())
