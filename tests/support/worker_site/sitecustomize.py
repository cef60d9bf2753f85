"""Start-up hook of the processes that a test starts: they know the throwaway job kind."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.support.throwaway_job import add_throwaway_kind

add_throwaway_kind()
sys.path.pop(0)
