"""LiteRT.js in this repository is the one that npm published."""

from __future__ import annotations

import gzip
import re

from core.delivery.formats.web.files import RUNTIME_FILES, RUNTIME_LICENCE
from core.files import sha256_bytes


def test_each_file_has_the_digest_that_its_readme_states() -> None:
    text = RUNTIME_LICENCE.with_name("README.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"\| `(\S+\.gz)` \|.*\| `([0-9a-f]{64})` \|", text))
    actual = {path.name: sha256_bytes(gzip.decompress(path.read_bytes())) for path in RUNTIME_FILES.values()}
    assert actual == stated
