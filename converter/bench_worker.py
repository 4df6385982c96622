"""Runs and times networks in a process of its own: ``python bench_worker.py RUNTIME``.

It needs NumPy and a TFLite runtime, nothing of this project, so that another Python with another
runtime can run it. It reads one JSON object a line and answers each with one:
``load`` a network, ``time`` it a number of times, tell the ``memory``.
"""

import gc
import importlib
import importlib.metadata
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


class Network:
    """A TFLite network and pixels to run it on, (B, H, W, C) uint8 noise by a fixed seed."""

    def __init__(self, runtime: Any, file: str, threads: int, as_fer: bool) -> None:
        self._interpreter = runtime.Interpreter(model_path=file, num_threads=threads)
        self._interpreter.allocate_tensors()
        given = self._interpreter.get_input_details()[0]
        self._input = given["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]
        self._table = None if as_fer else _table(given)
        self._as_fer = as_fer
        shape = tuple(int(size) for size in given["shape"])
        self.batch = shape[0]
        self._pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)

    def run(self) -> tuple[int, int]:
        """Nanoseconds from pixels to an answer, and those of them inside the runtime."""
        start = time.perf_counter_ns()
        pixels = self._pixels
        if self._as_fer:
            # As the package `fer` prepares a face that was cut out at this size.
            pixels = (pixels.astype(np.float32) / 255 - 0.5) * 2
        elif self._table is not None:
            pixels = self._table[pixels]
        self._interpreter.set_tensor(self._input, pixels)
        before = time.perf_counter_ns()
        self._interpreter.invoke()
        after = time.perf_counter_ns()
        for output in self._outputs:
            self._interpreter.get_tensor(output)
        return time.perf_counter_ns() - start, after - before


class Yunet:
    """OpenCV's detector on a picture of noise of a given size."""

    batch = 1

    def __init__(self, file: str, threads: int, side: int) -> None:
        import cv2

        cv2.setNumThreads(threads)
        self._threads, self._cv2 = threads, cv2
        self._detector = cv2.FaceDetectorYN.create(file, "", (side, side))
        self._image = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)

    def run(self) -> tuple[int, int]:
        """Nanoseconds of a picture, twice: nothing is known of what goes on inside."""
        self._cv2.setNumThreads(self._threads)
        start = time.perf_counter_ns()
        self._detector.detect(self._image)
        taken = time.perf_counter_ns() - start
        return taken, taken


def _table(given: dict[str, Any]) -> Any:
    """The input value of each pixel; None where a pixel is the input already."""
    scale, zero_point = given["quantization"]
    kind = np.dtype(given["dtype"])
    pixels = np.arange(256)
    if scale == 0:
        return pixels.astype(kind)
    limits = np.iinfo(kind)
    values = np.clip(np.round(pixels / scale) + zero_point, limits.min, limits.max).astype(kind)
    return None if np.array_equal(values, pixels) else values


def peak_memory_kb() -> int:
    """The most resident memory that this process has had."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1])
    return 0


def main() -> None:
    """Answers until standard input ends."""
    # What native code prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    name = sys.argv[1]
    runtime = importlib.import_module(f"{name}.interpreter")
    # From here on failures are answers; LiteRT's greeting would only fill the pipe.
    os.dup2(1, 2)
    package = name.replace("_", "-")
    networks: dict[str, Network | Yunet] = {}
    before_kb = peak_memory_kb()
    gc.disable()
    print(json.dumps({"runtime": f"{package}-{importlib.metadata.version(package)}"}), file=answers)
    for line in sys.stdin:
        order = json.loads(line)
        answer: dict[str, Any] = {}
        try:
            if order["do"] == "load":
                if order["kind"] == "yunet":
                    network: Network | Yunet = Yunet(order["file"], order["threads"], order["side"])
                else:
                    is_fer = order["kind"] == "fer"
                    network = Network(runtime, order["file"], order["threads"], is_fer)
                networks[order["key"]] = network
                answer = {"batch": network.batch, "first_ns": network.run()[0]}
            elif order["do"] == "time":
                network = networks[order["key"]]
                network.run()  # brings it back into the caches
                times = [network.run() for _ in range(order["number"])]
                answer = {"whole_ns": [t[0] for t in times], "inside_ns": [t[1] for t in times]}
            else:
                answer = {"peak_kb": peak_memory_kb(), "before_kb": before_kb}
        except Exception as error:  # whatever it is, the parent says it in a sentence
            answer = {"error": str(error).splitlines()[0] if str(error) else type(error).__name__}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
