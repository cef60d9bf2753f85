"""Robustness test: corrupted pictures through a run's classifier, against the network's bare rate.

The bare rate is the network on decoded, uncorrupted pictures in memory. Both are timed turn by
turn in this process, so that whatever else the machine does slows both; the fastest turn counts.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.synthetic import write_photographs
