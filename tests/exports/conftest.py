"""Tests against the tools themselves: ``make test-exports`` runs them, ``make test`` does not.

The tools have an environment of their own and run as programs, so that Darkroom is tested in the
versions that it runs on.
"""

from __future__ import annotations

from benchmarks.tool_sources import has_tools

collect_ignore_glob = [] if has_tools() else ["test_*.py"]
