"""Make the job that reads a sample hungry or slow: Python runs this first wherever the folder is on its path."""

import os
import time
from pathlib import Path

if b".read_sample.py" in Path("/proc/self/cmdline").read_bytes():
    held = bytearray(int(os.environ.get("HOG_MB", "0")) * 1_000_000)
    for page in range(0, len(held), 4096):
        held[page] = 1
    time.sleep(float(os.environ.get("HOG_SECONDS", "0")))
