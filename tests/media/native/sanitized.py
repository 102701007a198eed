"""A plugin for pytest: the native fanout is taken from the directory that ``NATIVE_FROM`` names."""

import os
from pathlib import Path

from media.fanout.native import library

library._HERE = Path(os.environ["NATIVE_FROM"])
library.load.cache_clear()
