#!/usr/bin/env bash
# Finding: a second tensorboardX SummaryWriter, opened on the same logdir within the same second,
#   empties the event file of the first, which was closed: its events are gone, without a warning.
# Versions: tensorboardX 2.6.5, numpy 2.4.6, protobuf 7.36.2 (pinned below), Python 3.11
# Documented: no; lanpa/tensorboardX issue 776 (open since September 2026) reports it.
# Guessed: each SummaryWriter begins a file of its own, or appends, as one learns from training
#   that goes on in the same logdir. In fact the name holds whole seconds and the host's name,
#   and the file is opened for writing from its start. A filename_suffix of one's own avoids it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check \
    tensorboardX==2.6.5 numpy==2.4.6 protobuf==7.36.2 packaging==26.4

cat >"$folder/check.py" <<'PYTHON'
"""Count the scalars on disk after two writers within a second."""
import pathlib
import struct
import sys
import time
from importlib.metadata import version

from tensorboardX import SummaryWriter
from tensorboardX.proto.event_pb2 import Event


def steps(logdir: pathlib.Path) -> list[int]:
    """The steps of all scalars; a record is length, 4 bytes, data, 4 bytes."""
    found = []
    for file in logdir.glob("*tfevents*"):
        data, at = file.read_bytes(), 0
        while at < len(data):
            (length,) = struct.unpack_from("<Q", data, at)
            event = Event.FromString(data[at + 12 : at + 12 + length])
            if event.HasField("summary"):
                found.append(event.step)
            at += length + 16
    return sorted(found)


def write(logdir: pathlib.Path, first: int, count: int, suffix: str) -> None:
    """Write scalars with a writer of their own and close it."""
    writer = SummaryWriter(str(logdir), filename_suffix=suffix)
    for step in range(first, first + count):
        writer.add_scalar("loss", 1 / (step + 1), step)
    writer.close()


def two_writers(name: str, suffixes: tuple[str, str], pause: float) -> tuple[int, list[int]]:
    """The number of files and the steps on disk: 0 to 4 by one writer, 5 by another.

    Without a pause, both have to fall into one second: tried again until they do.
    """
    for attempt in range(20):
        logdir = pathlib.Path(f"{name}_{attempt}")
        time.sleep(1 - time.time() % 1)
        began = int(time.time())
        write(logdir, 0, 5, suffixes[0])
        time.sleep(pause)
        write(logdir, 5, 1, suffixes[1])
        if pause or int(time.time()) == began:
            return len(list(logdir.glob("*tfevents*"))), steps(logdir)
    sys.exit("This machine is too busy: two writers never fell into one second.")


print("tensorboardX", version("tensorboardX"), "on Python", sys.version.split()[0])
same = two_writers("same", ("", ""), 0)
later = two_writers("later", ("", ""), 1.5)
suffixed = two_writers("suffixed", (".first", ".second"), 0)
print("Steps 0 to 4 by one writer, closed, then step 5 by another; files and steps on disk:")
print("  in the same second:               ", *same)
print("  1.5 s apart:                      ", *later)
print("  same second, a suffix for each:   ", *suffixed)
everything = (2, [0, 1, 2, 3, 4, 5])
if same == (1, [5]) and later == everything and suffixed == everything:
    print("As found: the second writer overwrote the first one's events.")
else:
    sys.exit("CHANGED: the finding no longer holds as described.")
PYTHON

cd "$folder"
"$python" check.py
