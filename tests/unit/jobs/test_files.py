"""Files are summed as sha256sum does, folders by their files, every file once."""

import hashlib

import pandas as pd
import pytest

from cd20scope.counts.matrix import IngestError
from cd20scope.ingest import checksums as ingest_checksums
from cd20scope.jobs import files as checksums


def test_a_file_has_the_sum_of_its_bytes_and_a_folder_that_of_its_files_by_name(tmp_path):
    folder = tmp_path / "matrix"
    (folder / "deep").mkdir(parents=True)
    for name, text in (("b.tsv", b"two"), ("a.tsv", b"one"), ("deep/c.tsv", b"three")):
        (folder / name).write_bytes(text)
    assert checksums.checksum(folder / "a.tsv") == hashlib.sha256(b"one").hexdigest()
    assert checksums.checksum(folder) == hashlib.sha256(b"onetwothree").hexdigest()


def test_the_size_of_a_folder_is_that_of_its_files_and_nothing_has_none(tmp_path):
    (tmp_path / "matrix/deep").mkdir(parents=True)
    (tmp_path / "matrix/a").write_bytes(b"123")
    (tmp_path / "matrix/deep/b").write_bytes(b"4567")
    assert checksums.size(tmp_path / "matrix/a") == 3
    assert checksums.size(tmp_path / "matrix") == 7
    assert checksums.size(tmp_path / "absent") == 0


def test_large_files_are_read_by_blocks(tmp_path):
    file = tmp_path / "counts.h5"
    file.write_bytes(b"x" * (checksums.BLOCK + 7))
    assert checksums.checksum(file) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_samples_of_one_file_share_its_sum_which_is_made_once(tmp_path, monkeypatch):
    file, other = tmp_path / "all.h5ad", tmp_path / "one.h5ad"
    file.write_bytes(b"abc")
    other.write_bytes(b"abcd")
    summed, whole = [], checksums.checksum
    monkeypatch.setattr(ingest_checksums, "checksum", lambda path: summed.append(path) or whole(path))
    files = [str(file), str(file), str(other)]
    table = ingest_checksums.tabulate(["A", "B", "C"], files, files=files)
    assert summed == [str(file), str(other)]
    assert table.columns.tolist() == ["sample", "path", "sha256", "bytes"]
    assert table["sha256"].tolist() == [hashlib.sha256(t).hexdigest() for t in (b"abc", b"abc", b"abcd")]
    assert table["bytes"].tolist() == [3, 3, 4]


def test_what_is_taken_of_a_file_stands_beside_its_sum():
    sums = pd.DataFrame({"sample": ["A", "B"], "path": "x.h5ad", "sha256": "0", "bytes": 3})
    look = dict.fromkeys(ingest_checksums.TAKEN, "") | {"sample": "A", "place": "raw.X", "n_genes": 9}
    table = ingest_checksums.add_taken(sums, pd.DataFrame([look]), cells=["donor=P1", ""])
    assert table["cells"].tolist() == ["donor=P1", ""]
    assert table["place"].tolist()[0] == "raw.X"
    assert table["place"].isna().tolist() == [False, True]


def test_a_copy_with_another_checksum_is_removed(tmp_path):
    arrived, place = tmp_path / "arrived", tmp_path / "place"
    arrived.write_bytes(b"counts")
    assert (
        ingest_checksums.take_in(
            arrived, place, sha256=hashlib.sha256(b"counts").hexdigest().upper(), address="s3://b/k"
        )
        == 6
    )
    assert place.read_bytes() == b"counts"
    with pytest.raises(IngestError, match=r"s3://b/k: what arrived \(6 bytes\)"):
        ingest_checksums.take_in(arrived, tmp_path / "other", sha256="0" * 64, address="s3://b/k")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["place"]
