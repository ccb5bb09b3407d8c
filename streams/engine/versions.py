"""The engine leans on private names, so it runs with the versions it was proven with or not at all."""

from importlib.metadata import PackageNotFoundError, version

from faust import streams as faust_streams
from faust.transport import conductor as faust_conductor

from streams.errors import UserError

PINNED = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0"}


def check_versions() -> None:
    """Raises UserError where a pinned package has another version or Faust lacks its compiled part."""
    for package, wanted in PINNED.items():
        try:
            found = version(package)
        except PackageNotFoundError:
            found = "none"
        if found != wanted:
            raise UserError(
                f"{package} {found} is installed, but the engine needs {wanted}: install the locked versions"
            )
    # Without them Faust acknowledges events that a rebalance made it skip.
    compiled = (getattr(faust_streams, "_CStreamIterator", None), getattr(faust_conductor, "ConductorHandler", None))
    if None in compiled:
        raise UserError(
            "Faust runs without its compiled extension: unset NO_CYTHON, or install faust-streaming from a wheel"
        )
