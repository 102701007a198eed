"""The native fanout is optional: where no C compiler is, its Python twin serves (docs/decisions/0015)."""

import sys
from pathlib import Path

from setuptools import Extension, setup

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT))
from media.fanout.native import build  # noqa: E402

native = Extension(
    "media.fanout.native._fanout",
    sources=[str(source.relative_to(ROOT)) for source in build.SOURCES],
    define_macros=list(build.DEFINES),
    extra_compile_args=list(build.COMPILE),
    extra_link_args=list(build.LINK),
    optional=True,
)

setup(ext_modules=[native] if build.SUPPORTED else [])
