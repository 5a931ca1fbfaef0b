"""Image layers and archives."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.sandbox.build.archive import write_image
from tests.sandbox.build.layer import Layer


def written(layer: Layer) -> dict[str, tarfile.TarInfo]:
    """The members of the layer's tar, by name."""
    buffer = io.BytesIO()
    layer.write(buffer)
    buffer.seek(0)
    with tarfile.open(fileobj=buffer) as archive:
        return {member.name: member for member in archive.getmembers()}


def package(*members: tuple[str, bytes, str]) -> io.BytesIO:
    """A tar as in a Debian package: (name, type, content or link target) of each member."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, text in members:
            info = tarfile.TarInfo(name)
            info.type, info.mode = kind, 0o755
            if kind == tarfile.REGTYPE:
                info.size = len(text)
            else:
                info.linkname = text
            archive.addfile(info, io.BytesIO(text.encode()) if kind == tarfile.REGTYPE else None)
    buffer.seek(0)
    return buffer


def test_the_same_files_make_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("program")
    digests = set()
    for names in (["a", "b", "usr/bin/c"], ["usr/bin/c", "b", "a"]):
        layer = Layer()
        for name in names:
            layer.file(name, program)
        buffer = io.BytesIO()
        layer.write(buffer)
        digests.add(hashlib.sha256(buffer.getvalue()).hexdigest())
        program.touch()
    assert len(digests) == 1


def test_parents_are_there_and_tmp_is_for_everybody() -> None:
    layer = Layer()
    layer.text("opt/deep/file", "text")
    members = written(layer)
    assert members["opt"].isdir()
    assert members["opt/deep"].mode == 0o755
    assert members["tmp"].mode == 0o1777
    assert members["opt/deep/file"].uid == 0


def test_bin_and_lib_are_links_into_usr() -> None:
    layer = Layer()
    layer.tar(package(("./bin/", tarfile.DIRTYPE, ""), ("./bin/sh", tarfile.REGTYPE, "shell")))
    layer.text("/usr/sbin/nft", "nft")
    members = written(layer)
    assert members["usr/bin/sh"].size == 5
    assert "bin/sh" not in members
    assert {name: members[name].linkname for name in ("bin", "sbin", "lib", "lib64")} == {
        "bin": "usr/bin",
        "sbin": "usr/sbin",
        "lib": "usr/lib",
        "lib64": "usr/lib64",
    }
    assert members["usr/lib64"].isdir()


def test_hard_links_become_copies_and_unwanted_folders_stay_out() -> None:
    layer = Layer()
    layer.tar(
        package(
            ("./usr/bin/perl", tarfile.REGTYPE, "program"),
            ("./usr/bin/perl5", tarfile.LNKTYPE, "./usr/bin/perl"),
            ("./usr/share/doc/perl", tarfile.REGTYPE, "words"),
            ("./usr/share/documents", tarfile.REGTYPE, "kept"),
        ),
        without=["usr/share/doc"],
    )
    members = written(layer)
    assert members["usr/bin/perl5"].isreg()
    assert layer.read("usr/bin/perl5") == "program"
    assert "usr/share/doc/perl" not in members
    assert "usr/share/documents" in members


def test_removing_a_folder_removes_what_is_below_it_only() -> None:
    layer = Layer()
    for name in ("etc/nginx/conf.d/default", "etc/nginx/conf.d.keep", "etc/nginx/mime.types"):
        layer.text(name, "")
    layer.remove("etc/nginx/conf.d")
    assert "etc/nginx/conf.d/default" not in layer
    assert "etc/nginx/conf.d.keep" in layer
    assert "etc/nginx/mime.types" in layer


def test_owner_and_capability_travel_in_the_tar() -> None:
    layer = Layer()
    layer.text("usr/sbin/nginx", "program", 0o755)
    layer.text("etc/nginx/nginx.conf", "")
    layer.own(101, "etc/nginx")
    layer.allow_low_ports("usr/sbin/nginx")
    members = written(layer)
    assert (members["etc/nginx/nginx.conf"].uid, members["etc/nginx/nginx.conf"].gid) == (101, 101)
    assert members["usr/sbin/nginx"].uid == 0
    value = members["usr/sbin/nginx"].pax_headers["SCHILY.xattr.security.capability"].encode()
    # struct vfs_cap_data, revision 2: effective flag, then permitted and inheritable, low and high words
    assert value == bytes.fromhex("01000002 00040000 00000000 00000000 00000000")


def test_a_tree_is_copied_with_plain_modes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "inner").mkdir(parents=True)
    (source / "inner" / "script").write_text("#!/bin/sh\n")
    (source / "inner" / "script").chmod(0o555)
    (source / "data").write_text("data")
    (source / "data").chmod(0o444)
    (source / "link").symlink_to("data")
    layer = Layer()
    layer.tree("web", source)
    members = written(layer)
    assert members["web/inner/script"].mode == 0o755
    assert members["web/data"].mode == 0o644
    assert members["web/link"].linkname == "data"


def test_the_text_of_a_folder_cannot_be_read() -> None:
    with pytest.raises(ValueError, match=r"tmp is no file$"):
        Layer().read("tmp")


def test_an_image_archive_names_its_layer_by_its_digest(tmp_path: Path) -> None:
    layer = Layer()
    layer.text("hello", "world")
    path = tmp_path / "image.tar"
    write_image(path, "example.test/image:1", layer, Entrypoint=["/hello"])
    with tarfile.open(path) as archive:
        content = {member.name: archive.extractfile(member).read() for member in archive}
    (manifest,) = json.loads(content["manifest.json"])
    assert manifest["RepoTags"] == ["example.test/image:1"]
    config = json.loads(content[manifest["Config"]])
    assert config["config"]["Entrypoint"] == ["/hello"]
    digest = hashlib.sha256(content["layer.tar"]).hexdigest()
    assert config["rootfs"]["diff_ids"] == [f"sha256:{digest}"]
    assert manifest["Config"] == hashlib.sha256(content[manifest["Config"]]).hexdigest() + ".json"
    assert [path.name for path in tmp_path.iterdir()] == ["image.tar"]
