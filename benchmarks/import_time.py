"""Import time: coursekit, and the part of it that lecture 02 uses, against torch alone, each in a fresh interpreter."""

import subprocess
import sys

from _ratio import compare

TIMED = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"


def import_seconds(module: str) -> float:
    """Times the import inside of a new process, without the interpreter's own start."""
    done = subprocess.run([sys.executable, "-c", TIMED.format(module)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> int:
    """Times both imports."""
    met = True
    for module in ("coursekit", "coursekit.density"):
        met &= compare(
            f"import {module}, peer import torch",
            lambda module=module: import_seconds(module),
            lambda: import_seconds("torch"),
            goal=1.1,
            repeats=9,
            packages=("coursekit", "torch"),
        )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
