"""Generated trials by the hundred thousand: `python -m tests.fuzz --help` tells what there is."""
