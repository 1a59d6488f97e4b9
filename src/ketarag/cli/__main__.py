"""`python -m ketarag.cli` is `ketarag`."""

import sys

from ketarag.cli import main

if __name__ == "__main__":
    sys.exit(main())
