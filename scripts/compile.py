"""Compiles the hot modules beside their sources: python scripts/compile.py [--require] [--off]

Where this machine has no C compiler the same modules run interpreted, but for the scanner, which is left out:
everything works, more slowly (decision 10). What was compiled once is kept in the user's cache, for other checkouts of
the same sources. Hatchling runs this as its build hook, so that wheels hold it too.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULES = (
    "processors/changes.py",
    "processors/fold.py",
    "processors/interning.py",
    "processors/json_values.pyx",
    "processors/page.py",
    "processors/rates.py",
    "processors/records.py",
    "processors/rollup.py",
    "processors/rules.py",
    "processors/scanner.pyx",
    "processors/sums.py",
    "processors/tally.py",
    "streams/engine/stored.pyx",
    "streams/ledgers/book.py",
    "streams/ledgers/intake.py",
    "streams/ledgers/live_page.py",
    "streams/ledgers/restoring.py",
)
SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))
STAMP = f"processors/compiled{SUFFIX}.stamp"
# Annotations are for mypy: what C is to know stands in the .pxd files.
DIRECTIVES = {"language_level": 3, "annotation_typing": False}
KEPT = 8
"""Results in the user's cache, those that were used last: some seven megabytes each."""


class CannotCompileError(Exception):
    """This machine lacks what compiling takes; says what."""


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def sources(root: Path) -> list[Path]:
    """Everything that the compiled modules are made from."""
    declared = [path for room in ("processors", "streams") for path in (root / room).rglob("*.pxd")]
    return sorted({root / module for module in MODULES} | set(declared))


def stamp_of(root: Path) -> str:
    """What was compiled and how: a line for the recipe, and one of hash and name for each source.

    The program compares the sources with what it finds when it starts.
    """
    recipe = f"# compiled by {_sha256(Path(__file__))}, Cython {_cython_version()}\n"
    return recipe + "".join(f"{_sha256(path)}  {path.relative_to(root).as_posix()}\n" for path in sources(root))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def targets() -> list[str]:
    """The compiled modules' files, from the root."""
    return [module.rpartition(".")[0] + SUFFIX for module in MODULES]


def is_done(root: Path) -> bool:
    """Whether everything is there, made from the sources as they are."""
    stamp = root / STAMP
    return stamp.is_file() and stamp.read_text() == stamp_of(root) and _is_whole(root)


def _is_whole(folder: Path) -> bool:
    return all((folder / target).is_file() for target in targets())


def remove(root: Path) -> None:
    """From here on everything runs interpreted by this Python."""
    for path in [root / STAMP, *(path for room in ("processors", "streams") for path in (root / room).rglob("*.so"))]:
        if path.name.endswith((SUFFIX, ".stamp")):
            path.unlink(missing_ok=True)


def compile_all(root: Path) -> None:
    """Makes everything anew, or takes it from the cache. Raises CannotCompileError."""
    with tempfile.TemporaryDirectory() as folder, _alone_in(root):
        if is_done(root):  # another process has done it meanwhile
            return
        # From a copy, so that stamp and modules are of the same sources whatever is edited or checked out meanwhile.
        copy = Path(folder) / "sources"
        for path in sources(root):
            (copy / path.relative_to(root)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy / path.relative_to(root))
        stamp = stamp_of(copy)
        made = _cached(stamp)
        if made is None:
            _insist_on_compiler()
            _say("compiling the hot path (half a minute, once)")
            made = _compile(copy, Path(folder))
            _keep(made, stamp)
        remove(root)
        for target in targets():
            # Renamed into place: a worker that runs goes on with the file that it has.
            fresh = root / f"{target}.new"
            shutil.copy(made / target, fresh)
            fresh.rename(root / target)
        (root / STAMP).write_text(stamp)


@contextmanager
def _alone_in(root: Path) -> Iterator[None]:
    """One process at a time in a checkout."""
    folder = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _cache(stamp: str) -> Path:
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = named if named.is_absolute() else Path.home() / ".cache"
    return base / "dialpulse" / "compiled" / hashlib.sha256((stamp + SUFFIX).encode()).hexdigest()[:32]


def _cached(stamp: str) -> Path | None:
    """Where what this stamp says was kept; None where it was not, or there is no cache."""
    try:
        kept = _cache(stamp)
        if _is_whole(kept):
            with suppress(OSError):  # another's, which can be read
                os.utime(kept)
            return kept
    except (OSError, RuntimeError):
        pass
    return None


def _keep(made: Path, stamp: str) -> None:
    """Moves a copy into the cache, whole or not at all; it is no harm where there can be none."""
    try:
        kept = _cache(stamp)
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as beside:
            shutil.copytree(made, Path(beside) / "made")
            shutil.rmtree(kept, ignore_errors=True)
            (Path(beside) / "made").rename(kept)
        os.utime(kept)
        _prune(kept.parent)
    except (OSError, RuntimeError) as error:
        _say(f"not kept for other checkouts: {error}")


def _prune(folder: Path) -> None:
    """Leaves what was used last, also of what was cut short half-way."""
    found = []
    for path in folder.iterdir():
        with suppress(OSError):  # another process's, which was there a moment ago
            found.append((path.stat().st_mtime, path))
    for _, old in sorted(found)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _cython_version() -> str:
    try:
        import Cython
    except ImportError:
        raise CannotCompileError("Cython is not here: scripts/bootstrap installs it") from None
    return str(Cython.__version__)


def _insist_on_compiler() -> None:
    compiler = (os.environ.get("CC") or str(sysconfig.get_config_var("CC"))).split()[0]
    if shutil.which(compiler) is None:
        raise CannotCompileError(f"there is no C compiler ({compiler}): apt-get install gcc, or set CC to one")
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        raise CannotCompileError("this Python lacks its headers: apt-get install python3-dev, then start again")


def _compile(copy: Path, folder: Path) -> Path:
    """In a process of its own: setuptools changes what it is imported into. Gives the folder of what was made."""
    line = [sys.executable, str(Path(__file__).resolve()), "--build", str(folder)]
    done = subprocess.run(line, cwd=copy, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotCompileError(f"the compiler failed:\n{(done.stdout + done.stderr)[-4000:]}")
    return folder / "made"


def _build(folder: Path) -> None:
    """Cythonizes and compiles in the current folder, leaving what was made in ``folder``/made."""
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    extensions = [
        Extension(module.rpartition(".")[0].replace("/", "."), [module], extra_compile_args=["-O2", "-g0", "-w"])
        for module in MODULES
    ]
    made = cythonize(extensions, build_dir=str(folder / "c"), compiler_directives=DIRECTIVES, quiet=True)
    command = build_ext(Distribution({"ext_modules": made}))
    command.build_lib, command.build_temp = str(folder / "made"), str(folder / "o")
    command.parallel = os.cpu_count()
    command.ensure_finalized()
    command.run()


class CustomBuildHook(BuildHookInterface[Any]):
    """Puts the compiled modules into a wheel. An editable install is compiled by scripts/bootstrap, which says so."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles where that is possible; else the wheel is for every machine, and slower."""
        root = Path(self.root)
        if version == "editable" or not _bring(root, require=False):
            return
        build_data["artifacts"] += [*targets(), STAMP]
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def _bring(root: Path, require: bool) -> bool:
    """Compiled modules, if need be made now; False, once the reason is said, where they cannot be had."""
    try:
        if not is_done(root):
            compile_all(root)
    except (CannotCompileError, OSError) as error:
        _say(f"not compiled, so facts cost about three times as much: {error}")
        with suppress(OSError):  # what cannot be removed either is refused at the program's start
            remove(root)
        if require:
            raise SystemExit(1) from None
        return False
    return True


def main(arguments: Iterable[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description="Compile the hot modules beside their sources, where this machine can.",
        epilog="example: python scripts/compile.py --require",
    )
    parser.add_argument("--require", action="store_true", help="fail where they cannot be compiled")
    parser.add_argument("--off", action="store_true", help="remove them: everything then runs interpreted")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(None if arguments is None else list(arguments))
    root = Path(__file__).resolve().parents[1]
    if chosen.build:
        _build(chosen.build)
    elif chosen.off:
        remove(root)
    else:
        _bring(root, chosen.require)


if __name__ == "__main__":
    main()
