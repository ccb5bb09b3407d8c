"""`dialpulse explain`: the facts behind one operator-hour's numbers."""

from typing import TYPE_CHECKING

import click

from streams.errors import UserError

if TYPE_CHECKING:
    from processors.page import Page
    from streams.recount.explaining import Explanation, Told
    from streams.settings import Settings

MOST_HOURS = 12


@click.command()
@click.argument("operator")
@click.argument("hour")
@click.option("--site", help="Read HOUR on this site's clock (default: the default zone's).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(operator: str, hour: str, site: str | None, as_json: bool) -> None:
    """Shows the facts behind one operator-hour's numbers, and how each counts. Works without a worker.

    OPERATOR is an operator's id, or @ and a campaign's id for its attempts without an operator. HOUR is local, such as
    2026-11-23T14, or UTC with Z, such as 2026-11-23T13:00:00Z.

    \b
    Examples:
      dialpulse explain o17 2026-11-23T14
      dialpulse explain @autumn 2026-11-23T13:00:00Z --json
    """
    from streams.recount.evidence import pages_of
    from streams.recount.explaining import explain
    from streams.settings import load_settings

    settings = load_settings()
    start_us = _start_us(settings, hour, site)
    pages = pages_of(settings, operator)
    page = pages.get(start_us)
    if page is None:
        raise UserError(_no_page(settings, operator, start_us, pages), exit_code=1)
    explanation = explain(settings, page)
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(explanation))
    else:
        _print(explanation)


def _start_us(settings: "Settings", text: str, site: str | None) -> int:
    """The instant at which the named hour starts; an hour named in UTC needs no zone."""
    from processors.hours import NoHour, parse_hour
    from processors.times import NoTime, parse_time

    if text.endswith(("Z", "z")):
        for form in (text, f"{text[:-1]}:00Z", f"{text[:-1]}:00:00Z"):
            try:
                return parse_time(form)
            except NoTime:
                continue
    try:
        return parse_hour(text, settings.zone_of(site)).start_us
    except NoHour as error:
        raise UserError(f"HOUR: {error}") from None


def _no_page(settings: "Settings", operator: str, start_us: int, pages: "dict[int, Page]") -> str:
    from processors.times import format_time
    from streams.recount.telling import local_time

    text = f"no fact of {operator} in the hour that starts at {format_time(start_us)}"
    if not pages:
        return f"{text}, nor in any other: check the id, or see dialpulse reconcile"
    latest = list(pages)[-MOST_HOURS:]
    names = ", ".join(f"{format_time(us)} ({local_time(us, settings.zone_of(None))})" for us in latest)
    older = f" and {len(pages) - len(latest)} earlier ones" if len(pages) > len(latest) else ""
    return f"{text}; it has facts in {names}{older}: name one of these"


def _print(explanation: "Explanation") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(soft_wrap=True)
    zone = f"{explanation.local_start} {explanation.time_zone}"
    console.print(Text(f"{explanation.owner}, hour {explanation.hour_start} ({zone})", "bold"))
    place = f"site {explanation.site_id or 'none'}, team {explanation.team_id or 'none'}"
    console.print(Text(f"{place}, rule {explanation.conversation_rule}, revision sum {explanation.weight}"))
    for line in _numbers(explanation):
        console.print(Text(f"  {line}"))
    console.print(Text(f"{len(explanation.statements)} statements stand", "bold"))
    if not console.is_terminal:
        for told in explanation.statements:
            console.print(Text(_line(told)))
        return
    table = Table("time", "what", "says", "counts as", "adds")
    for told in explanation.statements:
        cells = (told.at[11:], _what(told), _fields(told.says), told.counts_as, _adds(told))
        table.add_row(*(Text(cell, "dim" if told.voided else "") for cell in cells))
    console.print(table)


def _numbers(explanation: "Explanation") -> list[str]:
    from streams.recount.telling import number_text

    counts = ", ".join(f"{name} {count}" for name, count in explanation.counts.items()) or "all counts are 0"
    lines = [counts, f"talk {number_text(explanation.talk_seconds)} s"]
    lines += [f"sold {amount} {currency}" for currency, amount in explanation.amounts.items()]
    for name, rate in explanation.rates.items():
        interval = "" if rate.low is None else f", 95 % between {rate.low:.4f} and {rate.high:.4f}"
        ratio = f"{number_text(rate.numerator)} / {number_text(rate.denominator)}"
        lines.append(f"{name} {number_text(rate.value or 0)} = {ratio}{interval}")
    return lines


def _line(told: "Told") -> str:
    return f"  {told.at}  {_what(told)}: {_fields(told.says)} -> {told.counts_as} [{_adds(told)}]"


def _what(told: "Told") -> str:
    return f"{told.kind} {told.id} v{told.version}" + (" void" if told.voided else "")


def _fields(says: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in says.items())


def _adds(told: "Told") -> str:
    parts = [f"{name} {count:+d}" for name, count in told.adds.items()]
    if told.talk_seconds:
        parts.append(f"talk {told.talk_seconds:+g} s")
    return ", ".join(parts) or "nothing"
