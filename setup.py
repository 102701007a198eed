"""The native fanout is optional: where no C compiler is, its Python twin serves (docs/decisions/0015)."""

import glob
import sys

from setuptools import Extension, setup

NATIVE = "media/fanout/native"
sources = sorted(glob.glob(f"{NATIVE}/*.c")) if sys.platform.startswith("linux") else []

setup(
    ext_modules=[
        Extension(
            "media.fanout.native._fanout",
            sources=sources,
            depends=glob.glob(f"{NATIVE}/*.h"),
            define_macros=[("_GNU_SOURCE", "1")],
            extra_compile_args=["-std=gnu11", "-O3", "-fvisibility=hidden", "-pthread"],
            extra_link_args=["-pthread"],
            optional=True,
        )
    ]
    if sources
    else []
)
