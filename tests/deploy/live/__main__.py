"""``python -m tests.deploy.live``: the alerts as a supervisor gets them, with every part real, at any speed.

Half of forty simulated operators leave, one alert says so and why, and ends when they are back; then the worker is
killed. At speed 1 Prometheus and Alertmanager run on the files as shipped, which takes an hour and a half.

example: python -m tests.deploy.live --speed 1
"""

import argparse
import os
import sys
from pathlib import Path

import pytest

from tests.deploy.live.faster import SPEEDS


def main() -> int:
    """Runs the proof; pytest's exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.deploy.live", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--speed", type=int, default=30, choices=SPEEDS, help="times as fast as real time (30)")
    os.environ["FLOOR_SPEED"] = str(parser.parse_args().speed)
    return int(pytest.main(["-s", "-v", "-p", "no:cacheprovider", str(Path(__file__).parent)]))


if __name__ == "__main__":
    sys.exit(main())
