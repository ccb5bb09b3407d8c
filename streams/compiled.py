"""Whether the hot path runs compiled, and whether what was compiled is of the sources that lie beside it."""

import hashlib
import importlib
import sysconfig
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import processors.page
from streams.errors import UserError

ROOT = Path(processors.page.__file__).parents[1]
STAMP = f"processors/compiled{sysconfig.get_config_var('EXT_SUFFIX')}.stamp"


def is_compiled() -> bool:
    """True where this process runs the compiled modules."""
    return processors.page.__file__.endswith(tuple(EXTENSION_SUFFIXES))


def insist_on_fresh(root: Path = ROOT) -> None:
    """Raises UserError where a source was changed after it was compiled: what ran would not be what is read there."""
    try:
        lines = (root / STAMP).read_text().splitlines()
    except OSError:
        if is_compiled() and root == ROOT:
            raise UserError(f"{ROOT / STAMP} is gone: run scripts/bootstrap run, which compiles anew") from None
        return
    for line in lines:
        stamped, _, name = line.partition("  ")
        path = root / name
        if line.startswith("#"):
            continue
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != stamped:
            raise UserError(f"{path} was changed after it was compiled: run scripts/bootstrap run, or compile.py --off")
    if is_compiled():
        # It sees for itself whether statements lie in memory as all compiled modules read them.
        importlib.import_module("processors.scanner")
