"""An owner's pages as the changelog of accepted statements has them: no worker is needed to look at them."""

from processors.owners import partition_of
from processors.page import Page
from processors.statements import decode_run
from streams.recount.logs import Logs
from streams.settings import Settings
from streams.topology import PAGES_CHANGELOG


def pages_of(settings: Settings, owner: str) -> dict[int, Page]:
    """Every page of an owner, by the start of its hour (microseconds), in order.

    Raises UserError where Kafka or the changelog is missing.
    """
    found: dict[int, Page] = {}
    sign = owner.encode()
    with Logs(settings, [PAGES_CHANGELOG], only=partition_of(owner, settings.partitions)) as logs:
        for run in logs.read(logs.ends()):
            for record in run.records:
                # Rows of others are not even decoded: owners stand in them as they are.
                if record.key is None and record.value is not None and sign in record.value:
                    _join(found, record.value, owner)
    return dict(sorted(found.items()))


def _join(pages: dict[int, Page], row: bytes, owner: str) -> None:
    for statement in decode_run(row):
        if statement.owner == owner:
            page = pages.get(statement.hour_us)
            if page is None:
                page = pages[statement.hour_us] = Page(owner, statement.hour_us)
            page.accept(statement)
