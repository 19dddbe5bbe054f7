"""`python -m openvasa`: the same as the `openvasa` command."""

import sys

from openvasa.cli import main

sys.exit(main())
