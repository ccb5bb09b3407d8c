"""What is made from schemas/ is current, and the command that makes it can tell."""

from pathlib import Path

import jsonschema
import pytest

from schemas import generate
from schemas.json_schemas import schemas
from schemas.rejections import MEANING, RESERVED, Reason


def test_generated_files_are_current() -> None:
    """Drift: somebody changed a struct, a topic, a metric or an example, and not what is made from it."""
    assert generate.differences(generate.ROOT) == []


def test_the_command_writes_all_and_then_finds_nothing_to_do(tmp_path: Path) -> None:
    """Writing twice changes nothing the second time."""
    assert set(generate.write(tmp_path)) == set(generate.pages())
    assert generate.main(["--check", "--root", str(tmp_path)]) == 0
    assert generate.write(tmp_path) == []


def test_the_check_finds_a_changed_a_missing_and_a_left_over_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is named, with what to do, and the exit code says that something was found."""
    generate.write(tmp_path)
    (tmp_path / "docs/topics.md").write_text("# Topics of yesterday\n")
    (tmp_path / "docs/metrics.md").unlink()
    (tmp_path / "schemas/json/dialer.calls.v0.json").write_text("{}")
    assert generate.main(["--check", "--root", str(tmp_path)]) == 1
    said = capsys.readouterr().err.splitlines()
    named = [line.split(":")[0] for line in said]
    assert named == ["docs/topics.md", "docs/metrics.md", "schemas/json/dialer.calls.v0.json"]
    assert all("run python -m schemas.generate" in line for line in said)
    assert generate.main(["--root", str(tmp_path)]) == 0
    assert generate.differences(tmp_path) == []


def test_a_wrong_option_is_used_wrongly(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, as for every command; the help has an example."""
    with pytest.raises(SystemExit) as ended:
        generate.main(["--nonsense"])
    assert ended.value.code == 2
    with pytest.raises(SystemExit):
        generate.main(["--help"])
    assert "example:" in capsys.readouterr().out


@pytest.mark.parametrize("topic", schemas())
def test_every_schema_is_a_schema(topic: str) -> None:
    """A validator of the dialect takes it."""
    jsonschema.Draft202012Validator.check_schema(schemas()[topic])


def test_the_reasons_stand_in_their_order_each_with_its_meaning() -> None:
    """Precedence is the order of the members; the reserved ones come last."""
    assert " ".join(Reason) == (
        "too_large not_json missing_field wrong_type bad_value time_without_offset negative_duration "
        "times_out_of_order horizon_without_warm_lead half_reference in_the_future too_late version_conflict "
        "sealed unknown_appointment"
    )
    assert list(MEANING) == list(Reason)
    assert set(list(Reason)[-2:]) == RESERVED
