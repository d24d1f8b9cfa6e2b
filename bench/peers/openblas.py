#!/usr/bin/env python3
"""Lets OpenBLAS, the matrix library of PyTorch and scikit-learn, choose its kernel: import this before them.

Some machines name an older kernel in the environment, which makes the peers look slower than they are. Run as a script
it prints a JSON line with the kernel that OpenBLAS chose, null without OpenBLAS.
"""
import ctypes
import json
import os

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)


def core():
    """Returns the name of the kernel of the OpenBLAS that this process has loaded, or None."""
    try:
        with open("/proc/self/maps") as maps:
            paths = {line.split()[-1] for line in maps if "blas" in line}
    except FileNotFoundError:
        return None
    for path in sorted(paths):
        library = ctypes.CDLL(path)
        if hasattr(library, "openblas_get_corename"):
            library.openblas_get_corename.restype = ctypes.c_char_p
            return library.openblas_get_corename().decode()
    return None


if __name__ == "__main__":
    import torch  # noqa: F401

    print(json.dumps({"core": core()}))
