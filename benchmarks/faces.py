"""Drawing faces: pictures per second at 16, 32 and 64 pixels, and the memory it takes.

Each size runs in a process of its own, so that its peak memory is its own. Goal: 2,000 pictures a second at 32 pixels
on 2 cores. There is no peer: the pace that matters is that no training run waits for its data.
"""

import json
import multiprocessing
import resource
import sys
import time

GOAL = {32: 2000.0}


def _peak_mib() -> float:
    # Kilobytes on Linux, bytes on macOS.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def measure(size: int) -> dict[str, float]:
    """Draws 1,500,000 pixels' worth of new faces, factors included, five times; the best time counts."""
    import torch

    from coursekit.data.faces import Faces
    from coursekit.seeds import generator

    torch.set_num_threads(2)
    faces, source = Faces(size), generator(0)
    n = 1_500_000 // size**2
    before = _peak_mib()
    with torch.inference_mode():
        faces.sample(n // 4, generator=source)
        seconds = []
        for _ in range(5):
            start = time.perf_counter()
            faces.sample(n, generator=source)
            seconds.append(time.perf_counter() - start)
    return {"images": n, "ours_s": min(seconds), "images_per_s": n / min(seconds), "peak_mib": _peak_mib() - before}


def main() -> int:
    good = True
    for size in (16, 32, 64):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            result = pool.apply(measure, (size,))
        goal = GOAL.get(size)
        good &= goal is None or result["images_per_s"] >= goal
        line = {"name": f"faces at {size} px", **{key: round(value, 4) for key, value in result.items()}, "goal": goal}
        print(json.dumps(line), flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
