"""`dialpulse explain`: the facts behind an operator-hour, read from the changelog, also when no worker runs."""

import json

import msgspec
import pytest
from click.testing import CliRunner, Result

from streams import topics
from streams.commands import main
from streams.local import LocalStack
from streams.producing import Outgoing
from streams.recount.reconcile import reconcile
from streams.settings import Settings, load_settings
from tests.floors import produce
from tests.workers import environment, running_worker

HOUR = "2025-11-04T09:00:00Z"
LOCAL_HOUR = "2025-11-04T10"
PLACE = {"operator_id": "o1", "campaign_id": "autumn", "site_id": "lyon", "stated_at": "2025-11-04T12:00:00Z"}


def fact(topic: str, **value: object) -> Outgoing:
    return Outgoing(0, f"dialer.{topic}.v1", b"o1", msgspec.json.encode(PLACE | value))


FACTS = [
    fact("calls", call_id="c1", started_at="2025-11-04T09:10:00Z", talk_seconds=90),
    fact("conversations", call_id="c1", call_started_at="2025-11-04T09:10:00Z", outcome="refused"),
    fact("calls", call_id="c2", started_at="2025-11-04T09:20:00Z", talk_seconds=12, answered_by="human"),
    fact("calls", call_id="c3", started_at="2025-11-04T09:30:00Z"),
    fact("calls", call_id="c3", started_at="2025-11-04T09:30:00Z", version=1, voided=True),
    fact("conversations", call_id="c4", call_started_at="2025-11-04T09:40:00Z", outcome="appointment"),
]


@pytest.fixture(scope="module")
def floor(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A system whose worker took the facts above and has stopped."""
    settings = load_settings(
        kafka=stack.kafka,
        redis_url=stack.redis_url,
        prefix="explain.",
        partitions=4,
        time_zone="UTC",
        site_time_zones={"lyon": "Europe/Paris"},
    )
    with running_worker(settings, tmp_path_factory.mktemp("worker")):
        produce(settings, FACTS)
        assert reconcile(settings).agrees
    return settings


def explain(settings: Settings, *words: str) -> Result:
    return CliRunner().invoke(main, ["explain", *words], env=environment(settings))


def test_each_statement_tells_how_it_counts(floor: Settings) -> None:
    """Kind, id, version, void, the site's time, what it says, and what it adds."""
    answer = explain(floor, "o1", HOUR, "--json")
    assert answer.exit_code == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert told["counts"]["calls"] == 3
    assert told["counts"]["conversations"] == told["counts"]["pending"] + told["counts"]["refused"] == 2
    assert told["rates"]["contact_rate"]["numerator"] == 2
    said = [(one["kind"], one["id"], one["version"], one["voided"], one["counts_as"]) for one in told["statements"]]
    assert said[:-1] == [
        ("call", "c1", 0, False, "conversation: 90 s of talk"),
        ("conversation", "c1", 0, False, "conversation: concluded refused"),
        ("call", "c2", 0, False, "answered, no conversation: 12 s of talk under the rule's 20 s"),
        ("call", "c3", 1, True, "not counted: void"),
    ]
    assert said[-1][:4] == ("conversation", "c4", 0, False)
    assert said[-1][4].startswith(
        "conversation: concluded appointment; appointment by conclusion only; its call is not"
    )
    assert told["statements"][0]["at"] == "2025-11-04 10:10:00+01:00"


def test_it_is_readable_without_a_terminal(floor: Settings) -> None:
    """Plain lines, none of them cut: numbers with what they are made of, then statements."""
    lines = explain(floor, "o1", LOCAL_HOUR, "--site", "lyon").stdout.splitlines()
    assert lines[0] == f"o1, hour {HOUR} (2025-11-04 10:00:00+01:00 Europe/Paris)"
    assert any(line.startswith("  contact_rate 0.666667 = 2 / 3, 95 % between") for line in lines)
    [call] = [line for line in lines if "call c2" in line]
    assert call.endswith("12 s of talk under the rule's 20 s [calls +1, answered +1, human_answered +1]")


def test_without_a_page_it_names_the_hours_that_there_are(floor: Settings) -> None:
    """A wrong hour is answered with the right ones, a wrong id with what to check."""
    wrong_hour = explain(floor, "o1", "2025-11-04T10")
    assert wrong_hour.exit_code == 1
    assert f"it has facts in {HOUR}" in wrong_hour.stderr
    nobody = explain(floor, "@autumn", HOUR)
    assert nobody.exit_code == 1
    assert "nor in any other" in nobody.stderr
    assert len(nobody.stderr.splitlines()) == 1


def test_an_hour_that_comes_twice_is_refused_with_both_answers(floor: Settings) -> None:
    """When the clocks go back, a local hour is two; the command does not choose."""
    answer = explain(floor, "o1", "2025-10-26T02", "--site", "lyon")
    assert answer.exit_code == 2
    assert "2025-10-26T00:00:00Z and 2025-10-26T01:00:00Z" in answer.stderr


def test_its_help_has_an_example() -> None:
    """Every command shows how it is used."""
    answer = CliRunner().invoke(main, ["explain", "--help"])
    assert "dialpulse explain o17 2026-11-23T14" in answer.stdout


def test_without_topics_it_says_what_to_do(settings: Settings) -> None:
    """One line that names the topic and the command that makes it."""
    answer = explain(settings, "o1", HOUR)
    assert (answer.exit_code, len(answer.stderr.splitlines())) == (2, 1)
    assert "dialpulse topics apply" in answer.stderr
    topics.apply(settings)
    assert "nor in any other" in explain(settings, "o1", HOUR).stderr


def test_on_a_terminal_it_is_a_table(floor: Settings) -> None:
    """The same statements under headings, with the time of day alone."""
    env = environment(floor) | {"FORCE_COLOR": "1", "COLUMNS": "160"}
    text = CliRunner().invoke(main, ["explain", "o1", HOUR], env=env).stdout
    assert "counts as" in text
    assert "│ 10:10:00+01:00 │ call c1 v0" in text
