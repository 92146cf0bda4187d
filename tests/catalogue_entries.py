"""Entries of a catalogue by their values."""


def find(entries, **keys):
    """The one entry with these values."""
    (entry,) = [entry for entry in entries if all(entry.get(key) == value for key, value in keys.items())]
    return entry
