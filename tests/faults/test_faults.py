"""Runs that are killed, starved or tampered with: after a plain rerun, the results are those of an undisturbed run."""

import gzip
import os
import random
import re
import shutil
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from faults.conftest import kill_all
from workflow.running import digests, jobs_of, ran

pytestmark = pytest.mark.faults
KILLS = int(os.environ.get("CD20SCOPE_KILLS", "5"))
"""Kills at random moments; CI asks for 20."""


def planned(study):
    """How many jobs of each rule a run would start."""
    return jobs_of(study.run("--dry-run", "--quiet", "rules"))


def jobs_run(said):
    """Rules that a run started."""
    return set(re.findall(r"^(?:local)?rule (\w+):", said.stdout + said.stderr, flags=re.M))


def finished(study):
    """Results whose job Snakemake knows to be finished, with the time they were written."""
    import base64

    def marker(path):
        key = base64.b64encode(path.encode(), b"-_").decode()
        return study.folder / ".snakemake/metadata" / key

    found = [path for path in digests(study.folder) if marker(f"results/{path}").exists()]
    return {path: (study.folder / "results" / path).stat().st_mtime_ns for path in found}


def interrupt(disturbed, expected, *, chance, most):
    """Kill a run and start it again until it ends, at most so often; gives how often it was killed."""
    killed, done, patience = [], {}, 16.0
    while len(killed) < most:
        process = disturbed.start()
        try:
            process.wait(timeout=chance.uniform(2, patience))
        except subprocess.TimeoutExpired:
            if len(killed) % 2:
                kill_all(process)
            else:  # its jobs go on for a while beside the rerun
                process.kill()
                process.wait()
        found = disturbed.results()
        whole = {path: digest for path, digest in found.items() if ".partial-" not in path}
        assert whole == {path: expected[path] for path in whole}
        if process.returncode == 0:
            break
        killed.append(process)
        known, done = len(done), done | finished(disturbed)
        # else a job that takes longer than that would be killed for ever, and no other moment be tried
        patience = 16.0 if len(done) > known else 2 * patience
        ran(disturbed.run("--unlock"))
    ran(disturbed.run())
    for process in killed:
        kill_all(process)
    assert disturbed.results() == expected
    now = {path: (disturbed.folder / "results" / path).stat().st_mtime_ns for path in done}
    samples = {path for path in done if path.split("/")[0] in {"ingest", "qc"}}
    assert {path: now[path] for path in samples} == {path: done[path] for path in samples}
    assert "Nothing to be done" in (said := disturbed.run("--dry-run")).stdout + said.stderr
    return len(killed)


def test_a_scheduler_killed_at_random_moments_costs_nothing_that_was_finished(study, undisturbed, tmp_path):
    expected, chance = undisturbed.results(), random.Random(1)
    left = KILLS
    while left > 0:
        times = interrupt(study(tmp_path / f"with {left} to go"), expected, chance=chance, most=left)
        assert times > 0
        left -= times


def find_job(process, script, *, seconds=60):
    """Process of the job that runs a script."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for child in psutil.Process(process.pid).children(recursive=True):
            try:
                if any(part.endswith(f".{script}") for part in child.cmdline()) and "python" in child.name():
                    return child
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.05)
    raise AssertionError(f"{script} did not run in {seconds} s")


def test_a_killed_job_is_made_anew(undisturbed, tmp_path):
    disturbed = undisturbed.copy(tmp_path)
    process = disturbed.start("--forcerun", "compare_programs")
    find_job(process, "compare_programs.py").kill()
    assert process.wait(timeout=300) != 0
    assert not list((tmp_path / "results/programs").glob("*.tsv"))
    said = ran(disturbed.run())
    assert disturbed.results() == undisturbed.results()
    told = {"write_report", "draw_figures", "summarise_verdicts"}
    tests = {"judge_hypotheses", "flip_visits", "compare_arms", "relate_outcome"}
    assert jobs_run(said) == {"compare_programs", *tests, *told, "everything"}


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of its own, and a way to change its size."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"needs root, to mount a small disk: {mounted.stderr.decode().strip()}")
    try:
        yield (
            folder,
            lambda size: subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True),
        )
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk_leaves_no_partial_result(study, undisturbed, tmp_path, small_disk):
    disk, resize = small_disk
    expected = undisturbed.results()
    disturbed = study(tmp_path / "study")
    (tmp_path / "study/results").symlink_to(disk)
    process = disturbed.start()
    while not (disk / "ingest").exists() or not list((disk / "ingest").glob("*.h5ad")):
        assert process.poll() is None
        time.sleep(0.05)
    # from now on the disk has no room for another sample
    resize(f"{shutil.disk_usage(disk).used // 1024 + 8}k")
    assert process.wait(timeout=600) != 0
    assert "No space left on device" in (tmp_path / "study/run.log").read_text()
    left = disturbed.results()
    assert left
    assert [path for path in left if left[path] != expected.get(path)] == []
    resize("1g")
    ran(disturbed.run())
    assert disturbed.results() == expected


def test_another_donor_is_read_and_measured_alone(study, undisturbed, tmp_path):
    disturbed = undisturbed.copy(tmp_path)
    study(tmp_path, donors=("D01", "D02", "D03"))
    jobs = planned(disturbed)
    assert jobs["read_sample"] == 3
    # labels are those of a model fitted to all donors
    assert jobs["label_cells"] == 9


def test_a_donor_taken_out_leaves_no_trace(study, undisturbed, tmp_path):
    disturbed = undisturbed.copy(tmp_path / "rerun")
    study(tmp_path / "rerun", donors=("D01",))
    said = ran(disturbed.run())
    assert jobs_run(said) >= {"look_at_files", "fit_annotation", "compare_shares", "judge_hypotheses"}
    assert "read_sample" not in jobs_run(said)
    assert "Nothing to be done" in (again := disturbed.run("--dry-run")).stdout + again.stderr
    alone = study(tmp_path / "alone", donors=("D01",))
    ran(alone.run())
    expected = alone.results()
    found = disturbed.results()
    assert {path: found.get(path) for path in expected} == expected
    # of the donor who left, only what was read and measured of each sample stays
    assert all("D02" in path for path in found.keys() - expected.keys())


def test_another_donor_and_another_bound_at_once_measure_every_sample(study, undisturbed, tmp_path):
    disturbed = undisturbed.copy(tmp_path)
    study(tmp_path, donors=("D01", "D02", "D03"))
    disturbed.config.write_text(disturbed.config.read_text() + "qc: {min_genes: 210}\n")
    assert planned(disturbed)["read_sample"] == 9


def test_an_edited_file_in_a_folder_of_counts_is_read_anew(undisturbed, tmp_path):
    disturbed = undisturbed.copy(tmp_path)
    assert not planned(disturbed)
    folder = next(path for path in (tmp_path / "counts").iterdir() if path.is_dir())
    matrix = next(folder.glob("matrix*.gz"))
    os.utime(matrix)
    assert not planned(disturbed)  # of the same content
    with matrix.open("ab") as file:  # in place: the time of the folder stays
        file.write(gzip.compress(b""))
    assert planned(disturbed)["read_sample"] == 1


def test_cores_threads_and_order_of_the_sheet_change_nothing(study, undisturbed, tmp_path):
    other = study(tmp_path, backwards=True)
    process = other.start()  # two cores, two threads; undisturbed ran on one
    assert process.wait(timeout=600) == 0, Path(tmp_path / "run.log").read_text()[-3000:]
    expected, found = undisturbed.results(), other.results()
    assert found.keys() == expected.keys()
    assert [path for path in expected if found[path] != expected[path]] == []
