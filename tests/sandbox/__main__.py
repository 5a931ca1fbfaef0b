"""`python -m tests.sandbox`."""

import sys

from tests.sandbox.cli import main

if __name__ == "__main__":
    sys.exit(main())
