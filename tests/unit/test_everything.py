"""What `make test` tells at its end."""

from __future__ import annotations

import subprocess
import sys

from tests.setup.everything import SHOWN_LINES, failures

TESTS = """
import pytest

@pytest.fixture
def broken():
    raise OSError("no route")

def test_watched():
    assert [1] == [], "watched for 3 s\\n" + "\\n".join(f"line {number}" for number in range(100))

def test_at_its_beginning(broken):
    pass

def test_whole():
    pass
"""


def test_what_failed_is_told_once_more_in_short(tmp_path):
    (tmp_path / "test_three.py").write_text(TESTS)
    report = tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junit-xml={report}", "."]
    subprocess.run(command, cwd=tmp_path, check=False, capture_output=True)
    told = "".join(failures(report))
    failed, _, at_beginning = told.strip().partition("\n\n")
    assert failed.startswith(
        "FAILURE: test_three::test_watched\n  AssertionError: watched for 3 s\n    line 0\n"
    )
    assert len(failed.splitlines()) == 1 + SHOWN_LINES + 1
    assert at_beginning.startswith("ERROR: test_three::test_at_its_beginning\n")
    assert "no route" in at_beginning


def test_a_run_that_left_no_report_tells_nothing_here(tmp_path):
    assert list(failures(tmp_path / "report.xml")) == []
