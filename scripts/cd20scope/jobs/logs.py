"""Logging of a step: everything said goes into the log of its rule, errors also to the terminal."""

import logging
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cd20scope.jobs import files

MANY = 12
"""Files above which their number and size are logged and not each name."""


@contextmanager
def logged(path: str, *, read: Iterable[str] = ()) -> Iterator[logging.Logger]:
    """Send logging, warnings and the standard error of a step into its log file.

    A mistake of the user (``ValueError`` and its kin with a message of this project) is shown on the terminal as that
    message alone; the traceback stays in the log.

    Parameters
    ----------
    path
        The rule's log file; it is written anew.
    read
        Files that the step reads; each is logged with its size.

    Yields
    ------
    logging.Logger
        Say there what was kept.

    Raises
    ------
    SystemExit
        With status 1 after any exception of the step.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    terminal = sys.stderr
    Path(path).write_text("", encoding="utf-8")
    # appended to, so that lines stay whole should a job that was given up for dead write here, too
    with Path(path).open("a", encoding="utf-8", buffering=1) as log:
        handler = logging.StreamHandler(log)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
        logger = logging.getLogger("cd20scope")
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
        logging.captureWarnings(capture=True)
        logging.getLogger("py.warnings").addHandler(handler)
        sys.stderr = log
        try:
            tell_files(logger, read)
            yield logger
        except Exception as error:
            traceback.print_exc(file=log)
            terminal.write(f"\n{error}\n" if str(error) else f"\n{error!r}\n")
            raise SystemExit(1) from None
        finally:
            sys.stderr = terminal
            logging.captureWarnings(capture=False)
            logging.getLogger("py.warnings").removeHandler(handler)
            logger.removeHandler(handler)


def tell_files(logger: logging.Logger, paths: Iterable[str]) -> None:
    """Say which files are read, and how large they are."""
    sizes = {path: files.size(path) for path in dict.fromkeys(map(str, paths)) if Path(path).exists()}
    if len(sizes) > MANY:
        first, *_, last = sizes
        logger.info("read %d files, %.1f MB: %s to %s", len(sizes), sum(sizes.values()) / 1e6, first, last)
        return
    for path, size in sizes.items():
        logger.info("read %s, %.3g MB", path, size / 1e6)
