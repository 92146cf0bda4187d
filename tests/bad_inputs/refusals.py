"""What every refusal must keep to: its words are all there, no traceback, results of an earlier run untouched."""

import hashlib


def earlier_results(folder):
    """SHA-256 of the results of an earlier run."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for step in ("verdict", "report")
        for path in sorted((folder / "results" / step).rglob("*"))
        if path.is_file()
    }


def assert_refused(message, words):
    """The message holds all the words, however its lines are broken, and no traceback of Python."""
    flat = " ".join(message.split())
    for part in words:
        assert part in message or part in flat, f"{part!r} not in: {message[-2500:]}"
    assert "Traceback (most recent call last)" not in message or "IngestError" in message
