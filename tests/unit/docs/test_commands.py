"""Commands that texts for users show: their targets, options and files exist, and their options parse.

A block of code is indented by four spaces or fenced; of what is fenced only shell is read.
"""

import argparse
import re
import shlex
from pathlib import Path

import pytest
from snakemake.cli import get_argument_parser

import cli

ROOT = Path(__file__).resolve().parents[3]
TEXTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "config/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
TARGETS = set(
    re.findall(r"^([a-z-]+|\.\w+/\S+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M)
)
SHELL = ("sh", "bash", "console", "shell")
ELSEWHERE = (
    "lsf",
    "sge",
    "kubernetes",
    "aws-batch",
    "googlebatch",
    "cluster-generic",
    "container-image",
    "storage-s3",
)
"""Options of plugins of Snakemake that the environment does not hold."""
PYTHON = re.compile(r"(?:\.venv/bin/)?python3? (?!-)(\S+\.py)(.*)")


def shell_lines(text):
    """Lines of shell in the blocks of a text, continued ones joined, comments taken off."""
    lines, language = [], None
    for line in text.splitlines():
        if fence := re.match(r"```(\w*)", line):
            language = fence[1] if language is None else None
        elif language in SHELL or (language is None and line.startswith("    ")):
            lines.append(line.strip().removeprefix("$ "))
        else:
            lines.append("")
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    # what follows two spaces and a hash is a remark
    return [re.sub(r"\s+#.*$", "", line).strip() for line in joined.splitlines() if line.strip()]


def commands(text):
    """Single commands of the blocks, and of marks of code in the prose: words of each."""
    marked = re.findall(r"`((?:make|\./cd20scope|snakemake|\.venv/bin/)[^`\n]*)`", text)
    for line in [*shell_lines(text), *marked]:
        for part in re.split(r"&&|;|\|(?!\|)", line):
            if words := part.strip():
                yield words


def problem(command):
    """What is wrong with a command; empty where nothing is, or where it is none of the project's."""
    if match := re.match(r"(?:[A-Z0-9_]+=\S+ )*make (\S+)", command):
        return "" if match[1] in TARGETS else f"no target {match[1]}"
    if match := PYTHON.match(command):
        return "" if (ROOT / match[1]).exists() else f"no file {match[1]}"
    if command.startswith("./cd20scope"):
        return of_cli(command.removeprefix("./cd20scope"))
    if re.match(r"(\.venv/bin/)?snakemake( |$)", command):
        return of_snakemake(command)
    return ""


def of_cli(rest):
    """Whether a command of ``./cd20scope`` parses, with words in capitals as any argument."""
    try:
        words = shlex.split(rest.replace("...", ""))
        if not words or words == ["COMMAND"]:
            return ""
        cli.parse([word.rstrip(".,") for word in words] if len(words) > 1 else [*words, "--help"])
    except SystemExit as end:
        return "" if end.code in (0, None) else "its arguments do not parse"
    return ""


def of_snakemake(command):
    """Whether options of a command of Snakemake exist, and files of this repository that it names."""
    parser: argparse.ArgumentParser = get_argument_parser()
    known = set(parser._option_string_actions)
    for option in re.findall(r"(?<=\s)(--[\w-]+)", command):
        if option not in known and not option.removeprefix("--").startswith(ELSEWHERE):
            return f"no option {option}"
    for path in re.findall(r"(?<=\s)((?:config|workflow)/[\w./-]+)", command):
        if not (ROOT / path).exists():
            return f"no file {path}"
    return ""


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_can_be_given(path):
    found = {command: problem(command) for command in commands(path.read_text(encoding="utf-8"))}
    assert {command: wrong for command, wrong in found.items() if wrong} == {}


def test_commands_are_found_and_wrong_ones_are_told():
    indented = "    make demo      # set up\n    ./cd20scope preflight a.yaml \\\n      --cores 3\n"
    fenced = "```sh\nmake docs && make no\n```\n\n```python\nmake = none\n```\n"
    found = [" ".join(command.split()) for command in commands(f"A\n\n{indented}\n{fenced}")]
    assert found == ["make demo", "./cd20scope preflight a.yaml --cores 3", "make docs", "make no"]
    assert problem("make no") == "no target no"
    assert problem("./cd20scope preflight a.yaml --corse 3") == "its arguments do not parse"
    assert problem("./cd20scope look a.yaml") == "its arguments do not parse"
    assert problem(".venv/bin/snakemake --corse 3") == "no option --corse"
    assert problem("snakemake --workflow-profile workflow/profiles/none") == "no file workflow/profiles/none"
    assert problem(".venv/bin/python tests/benchmark/none.py") == "no file tests/benchmark/none.py"


def test_texts_show_commands_of_each_kind():
    every = [command for path in TEXTS for command in commands(path.read_text(encoding="utf-8"))]
    for start in ("make ", "./cd20scope ", ".venv/bin/snakemake ", ".venv/bin/python "):
        assert sum(command.startswith(start) for command in every) >= 3, start
