"""The command line: ``python -m converter``."""

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from converter import calibration
from converter.calibration import CalibrationError
from converter.command_line import parser
from converter.convert import ConversionError
from converter.files import OutputError, write_whole
from converter.workers import BenchmarkError
from edge_agent.errors import EdgeAgentError
from training import fer2013
from training.fer2013 import DatasetError, FaceSet
from training.recipe import RecipeError

__all__ = ["main", "parser"]
_ERRORS = (
    *(BenchmarkError, CalibrationError, ConversionError, DatasetError, OutputError, RecipeError),
    EdgeAgentError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code.

    0; 1 where `verify` or `benchmark --against` found something; 2 after one sentence on
    standard error; 130 when it was ended from the keyboard.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Only TensorFlow converts, whatever the network was trained on.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    typed = list(sys.argv[1:] if arguments is None else arguments)
    options = parser().parse_args(typed)
    options.typed = shlex.join(["python", "-m", "converter", *_without_folders(typed)])
    try:
        return _COMMANDS[options.command](options)
    except _ERRORS as error:
        print(f"converter: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("converter: stopped; files that were finished are whole", file=sys.stderr)
        return 130


def _convert(options: argparse.Namespace) -> int:
    from converter.variants import network_name, write_variants

    if min(options.batch) < 1:
        raise ConversionError(f"expected --batch of at least 1, got {min(options.batch)}")
    names = [network_name(path) for path in options.networks]
    if len(set(names)) < len(names):
        raise ConversionError(
            f"expected networks of different names, got {', '.join(sorted(names))}; a network is "
            "called after its file, or its folder where the file is network.keras"
        )
    faces = calibration.faces(fer2013.load(options.data, "training"), options.calibration)
    for path in options.networks:
        made = write_variants(
            path,
            precisions=options.precision,
            batches=options.batch,
            faces=faces,
            calibration=options.calibration,
            out=options.out,
            command=options.typed,
        )
        for variant in made.variants:
            print(f"{options.out / variant.file}: {variant.size / 1000:.0f} kB")
    return 0


def _calibration(options: argparse.Namespace) -> int:
    training = fer2013.load(options.data, "training")
    text = calibration.chosen(training, number=options.number, seed=options.seed)
    write_whole(options.out, text.encode())
    print(f"{options.out}: {options.number} pictures")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from converter import layers, verify
    from converter.precision import Precision
    from converter.variants import network_name, read_variants

    bounds = {
        precision: replace(
            usual,
            **{
                name: value
                for name, value in (
                    ("agreement", options.min_agreement),
                    ("distance", options.max_distance),
                    ("loss", None if options.max_loss is None else options.max_loss / 100),
                )
                if value is not None
            },
        )
        for precision, usual in verify.BOUNDS.items()
    }
    everything = {made.network: made for made in read_variants(options.variants)}
    for path in options.networks:
        if network_name(path) not in everything:
            raise ConversionError(
                f"{path}: expected variants of {network_name(path)} in {options.variants}, got "
                f"those of {', '.join(everything)}; convert it first"
            )
    faces = _public_test(options.data, options.limit)
    verdicts = []
    tables = []
    for path in options.networks:
        made = everything[network_name(path)]
        verdicts += verify.verify(path, made, options.variants, faces, bounds)
        files = {v.precision: options.variants / v.file for v in made.variants if v.batch == 1}
        for precision in (Precision.INT8, Precision.INT16):
            if options.layers and {precision, Precision.FLOAT32} <= files.keys():
                errors = layers.layer_errors(
                    files[Precision.FLOAT32], files[precision], faces.faces_gray[:64]
                )
                tables.append(f"\n{made.network} {precision.value}\n\n{layers.markdown(errors)}")
    print(verify.markdown(verdicts), *tables, sep="\n")
    failed = [verdict for verdict in verdicts if verdict.failures]
    for verdict in failed:
        print(
            f"converter: {verdict.network} {verdict.precision.value}, batch {verdict.batch}: "
            f"{'; '.join(verdict.failures)}",
            file=sys.stderr,
        )
    return 1 if failed else 0


def _benchmark(options: argparse.Namespace) -> int:
    from converter.benchmark import Plan, benchmark
    from converter.board import board, slug
    from converter.candidates import candidates, detectors, fer
    from converter.comparison import compare
    from converter.results import read_results

    for name in ("rounds", "cold_starts"):
        if getattr(options, name) < 1:
            raise BenchmarkError(f"expected --{name.replace('_', '-')} of at least 1")
    if min(options.threads) < 1 or options.block_ms <= 0:
        raise BenchmarkError("expected --threads and --block-ms above 0")
    # Read first: nobody wants to hear of a wrong file after an hour.
    before = read_results(options.against) if options.against else None
    chosen = candidates(options.networks)
    peer = fer(options.fer)
    chosen += [peer] if peer else []
    chosen += detectors(options.yunet) if options.yunet else []
    faces = _public_test(options.data, options.limit) if options.data else None
    plan = Plan(
        threads=tuple(options.threads),
        rounds=options.rounds,
        block_ms=options.block_ms,
        cold_starts=options.cold_starts,
        other_python=options.tflite_runtime,
    )
    results = benchmark(chosen, plan, faces)
    results.facts["command"] = options.typed
    default = Path(__file__).with_name("results") / f"{slug(board())}.csv"
    out = options.out or default
    write_whole(out, results.csv().encode())
    print(f"{out}: {len(results.rows)} rows")
    if before is None:
        return 0
    found = compare(results, before)
    print(*found.notes, *(f"worse: {text}" for text in found.worse), sep="\n")
    if not found.worse:
        print("nothing became worse beyond noise")
    return 1 if found.worse else 0


def _report(options: argparse.Namespace) -> int:
    from converter.report import markdown, page
    from converter.results import read_results

    results = read_results(options.results)
    out = options.out or options.results.with_suffix(".html")
    write_whole(out, page(results).encode())
    write_whole(out.with_suffix(".md"), markdown(results).encode())
    print(f"wrote {out} and {out.with_suffix('.md')}")
    return 0


def _release(options: argparse.Namespace) -> int:
    from converter.release import release

    _require_both(options)
    network, recipe, converted, command = options.network[0], options.recipe, None, options.typed
    if options.results is not None:
        network, converted, made_by = _picked(options)
        recipe = recipe or network.absolute().parent.name
        command = f"{made_by} && {command}"
    elif len(options.network) > 1 or recipe is None:
        raise ConversionError("expected RECIPE and one --network, or --results to pick from")
    path = release(
        recipe,
        network=network,
        data=options.data,
        out=options.out,
        video=options.video,
        truth=options.truth,
        demographics=options.demographics,
        command=command,
        calibration_list=options.calibration,
        converted=converted,
    )
    print(f"Released {path} with its card {path.with_suffix('.json').name}.")
    return 0


def _measure(options: argparse.Namespace) -> int:
    from converter.release import measure_released

    _require_both(options)
    path = measure_released(
        options.out,
        options.data,
        video=options.video,
        truth=options.truth,
        demographics=options.demographics,
        command=options.typed,
    )
    print(f"Measured {path} with its card {path.with_suffix('.json').name}.")
    return 0


def _require_both(options: argparse.Namespace) -> None:
    if (options.video is None) != (options.truth is None):
        raise ConversionError("expected --video and --truth together, got one of them")


def _picked(options: argparse.Namespace) -> tuple[Path, Path, str]:
    """The trained file, the converted one, and the command that converted it."""
    from converter.pick import Limits, pick
    from converter.results import read_results
    from converter.variants import read_variants
    from converter.verify import network_of

    if options.variants is None:
        raise ConversionError("expected --variants with --results: the folder that was measured")
    least = None if options.min_accuracy is None else options.min_accuracy / 100
    row = pick(read_results(options.results), Limits(options.max_us, options.max_kb, least))
    for made in read_variants(options.variants):
        for variant in made.variants:
            if variant.sha256 == row.sha256:
                print(
                    f"Picked {row.name}: {row.accuracy or 0:.1%} right, {row.median_us:.0f} µs, "
                    f"{row.size_kb:.0f} kB."
                )
                network = network_of(made, options.network)
                return network, options.variants / variant.file, made.command
    raise ConversionError(
        f"{options.variants}: expected the measured {row.name}, SHA-256 {row.sha256[:16]}…, got "
        "other files; run the benchmark again"
    )


def _public_test(data: Path, limit: int | None) -> FaceSet:
    faces = fer2013.load(data, "public_test")
    if not limit:
        return faces
    keep = np.random.default_rng(0).permutation(len(faces.labels))[:limit]
    return FaceSet(
        faces.faces_gray[keep], faces.labels[keep], tuple(faces.paths[index] for index in keep)
    )


def _without_folders(typed: list[str]) -> list[str]:
    """The command as the documents write it: a card tells how, not where somebody keeps things."""
    return [
        f"runs/{Path(word).parent.name}/{Path(word).name}"
        if word.endswith(".keras")
        else Path(word).name or word
        for word in typed
    ]


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "convert": _convert,
    "calibration": _calibration,
    "verify": _verify,
    "benchmark": _benchmark,
    "report": _report,
    "release": _release,
    "measure": _measure,
}

if __name__ == "__main__":
    sys.exit(main())
