"""Count files at an address: fetched over http and from S3, both on loopback, and taken only when they are whole."""

import hashlib
import socket
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
from measured_genes import few_genes

from cd20scope.counts import ingested
from cd20scope.simulate import tenx_files
from workflow.running import ran, snakemake

pytestmark = pytest.mark.network
GENES = few_genes("CD3E", "MS4A1", "LYZ", "NKG7", "GNLY", "B2M")
HEAD = "sample\tdonor\tvisit\tpath\tsha256"
TARGETS = ("results/ingest/s1.h5ad", "results/ingest/s2.h5ad", "results/preflight/passed.txt")


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@contextmanager
def served(files, *, cut=()):
    """Serve these files; those in ``cut`` break off half-way, as often as they say. Gives the address and a log."""
    left, log = dict(cut), []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.answer(body=False)

        def do_GET(self):
            self.answer(body=True)

        def answer(self, *, body):
            name = self.path.split("?")[0].rsplit("/", 1)[-1]
            log.append((self.command, name))
            content = files.get(name)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Last-Modified", "Mon, 02 Nov 2026 08:00:00 GMT")
            self.end_headers()
            if body and left.get(name, 0) > 0:
                left[name] -= 1
                self.wfile.write(content[: len(content) // 2])
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
            elif body:
                self.wfile.write(content)

        def log_message(self, format, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/data", log
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def files(tmp_path):
    """Two small samples, as bytes."""
    made = {}
    for number, name in enumerate(("a.h5", "b.h5")):
        counts = np.random.default_rng(number).poisson(2, (30, len(GENES)))
        barcodes = [f"{name}{cell}" for cell in range(30)]
        tenx_files.write_h5(tmp_path / name, counts, genes=GENES, barcodes=barcodes)
        made[name] = (tmp_path / name).read_bytes()
        (tmp_path / name).unlink()
    return made


def study(folder, rows):
    (folder / "samples.tsv").write_text("\n".join([HEAD, *("\t".join(row) for row in rows)]) + "\n")
    (folder / "study.yaml").write_text("samples: samples.tsv\nqc: {min_counts: 1, min_genes: 1}\n")
    return {"directory": folder, "config": folder / "study.yaml"}


def rows_at(address, files, **other):
    return [
        (sample, "D1", visit, f"{address}/{name}", other.get(sample, sha256(files[name])))
        for sample, visit, name in (("s1", "baseline", "a.h5"), ("s2", "week2", "b.h5"))
    ]


def test_files_are_fetched_over_http_once_and_kept(tmp_path, files):
    with served(files) as (address, log):
        run = study(tmp_path, rows_at(address, files))
        ran(snakemake(*TARGETS, **run))
        fetched = [name for verb, name in log if verb == "GET"]
        ran(snakemake(*TARGETS, **run))
        assert [name for verb, name in log if verb == "GET"] == fetched
    assert sorted(fetched) == ["a.h5", "b.h5"]
    assert ingested.read_counts(tmp_path / TARGETS[0]).matrix.shape == (30, len(GENES))
    kept = sorted((tmp_path / "results/ingest/fetched").iterdir())
    assert {path.read_bytes() for path in kept} == set(files.values())
    # without the server what was fetched serves on
    ran(snakemake(*TARGETS, "--forcerun", "read_sample", **run))


def test_the_secrets_of_addresses_are_in_no_result_and_no_message(tmp_path, files):
    with served(files) as (address, _):
        run = study(tmp_path, rows_at(address, files))
        sheet = tmp_path / "samples.tsv"
        sheet.write_text(sheet.read_text().replace(".h5\t", ".h5?token=hunter2\t"))
        process = ran(snakemake(*TARGETS, "results/ingest/inputs.tsv", **run))
        said = process.stdout + process.stderr
    assert f"{address}/a.h5" in said
    assert "hunter2" not in said
    written = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert len(written) > len(TARGETS)
    for path in written:
        assert "hunter2" not in path.name
        assert b"hunter2" not in path.read_bytes(), path


def test_a_download_that_breaks_off_ends_the_run_and_the_next_brings_the_file(tmp_path, files):
    with served(files, cut={"a.h5": 1}) as (address, log):
        run = study(tmp_path, rows_at(address, files))
        process = snakemake(*TARGETS, **run)
        said = process.stdout + process.stderr
        assert process.returncode != 0
        assert f"Failed to retrieve storage object from {address}/a.h5" in said
        assert not (tmp_path / "results/ingest/s1.h5ad").exists()
        ran(snakemake(*TARGETS, **run))
    assert [name for verb, name in log if verb == "GET"].count("a.h5") == 2
    assert ingested.read_counts(tmp_path / TARGETS[0]).matrix.shape == (30, len(GENES))


def test_what_an_interrupted_download_left_is_never_taken_for_whole(tmp_path, files):
    with served(files) as (address, log):
        run = study(tmp_path, rows_at(address, files))
        host = address.split("//")[1].split("/")[0]
        # Snakemake itself would take it: it is newer than what the server has
        left = tmp_path / f".snakemake/storage/http/{host}/data/a.h5"
        left.parent.mkdir(parents=True)
        left.write_bytes(files["a.h5"][: len(files["a.h5"]) // 2])
        ran(snakemake(*TARGETS, **run))
    assert [name for verb, name in log if verb == "GET"].count("a.h5") == 1
    assert ingested.read_counts(tmp_path / TARGETS[0]).matrix.shape == (30, len(GENES))


def test_another_file_than_stated_is_refused(tmp_path, files):
    with served(files) as (address, _):
        run = study(tmp_path, rows_at(address, files, s2="0" * 64))
        process = snakemake(*TARGETS, **run)
    said = " ".join((process.stdout + process.stderr).split())
    assert process.returncode != 0
    assert f"{address}/b.h5: what arrived ({len(files['b.h5']):,} bytes) has the SHA-256" in said
    assert f"the sheet says {'0' * 64}" in said
    assert not (tmp_path / "results/ingest/s2.h5ad").exists()


def test_an_address_without_a_file_is_named(tmp_path, files):
    with served({"a.h5": files["a.h5"]}) as (address, _):
        process = snakemake(*TARGETS, **study(tmp_path, rows_at(address, files)))
    assert process.returncode != 0
    assert f"{address}/b.h5" in process.stdout + process.stderr


def test_files_are_fetched_from_s3(tmp_path, files, monkeypatch):
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        for key, value in {
            "SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": endpoint,
            "SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "key",
            "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "secret",
        }.items():
            monkeypatch.setenv(key, value)
        upload(endpoint, files)
        run = study(tmp_path, rows_at("s3://lab/run1", files))
        ran(snakemake(*TARGETS, **run))
    finally:
        server.stop()
    for number, target in enumerate(TARGETS[:2]):
        expected = np.random.default_rng(number).poisson(2, (30, len(GENES)))
        np.testing.assert_array_equal(ingested.read_counts(tmp_path / target).matrix.toarray(), expected)


def upload(endpoint, files):
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    client.create_bucket(Bucket="lab")
    for name, content in files.items():
        client.put_object(Bucket="lab", Key=f"run1/{name}", Body=content)
