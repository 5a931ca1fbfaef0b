"""Why the structured file's folder is mounted and never the file: what a container sees after a rename."""

from __future__ import annotations

import subprocess
from pathlib import Path

SCRIPT = """
mount --bind source/file.yaml file.yaml
mount --bind source folder
echo new > source/.file.yaml.cp-ingress-new
mv source/.file.yaml.cp-ingress-new source/file.yaml
cat file.yaml folder/file.yaml
"""


def test_a_mount_of_the_file_goes_on_showing_the_old_one(tmp_path: Path) -> None:
    for folder in ("source", "folder"):
        (tmp_path / folder).mkdir()
    (tmp_path / "source" / "file.yaml").write_text("old\n")
    (tmp_path / "file.yaml").touch()
    seen = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", SCRIPT],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    ).stdout
    assert seen.split() == ["old", "new"]
