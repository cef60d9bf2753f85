"""Seal of a zip: ``verify.py``, recorded answers to 16 pictures, SHA-256 sums, and the certificate."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

from core.delivery.certificate import verify
from core.delivery.certificate.records import Certificate, RecordedAnswers
from core.delivery.files import read_labels
from core.delivery.formats.archives import replace_members
from core.files import hash_file, sha256_bytes, whole_file
from core.models.litert.engine import Engine

_DECIMALS = 7


def seal_zip(path: Path, run: Path, tolerance: float, network: Path) -> None:
    """Add the program that checks a zip, and what it compares with.

    Args:
        tolerance: difference of a probability that rounding explains.
        network: LiteRT file of the run whose answers are recorded.
    """
    sums = _sums_of(path)
    added = {
        "verify.py": Path(verify.__file__).read_bytes(),
        verify.ANSWERS: _as_json(recorded_answers(run, tolerance, network)),
    }
    sums |= {name: sha256_bytes(content) for name, content in added.items()}
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**added, verify.SUMS: lines.encode()}.items():
            archive.writestr(name, content)


def recorded_answers(run: Path, tolerance: float, network: Path) -> RecordedAnswers:
    """Answers of a LiteRT file of the run to the pictures of ``verify``."""
    labels, engine = read_labels(run), Engine(network)
    probabilities = verify.answers_of(engine.run_all, labels.input_size, list(labels.class_names))
    return RecordedAnswers(
        class_names=labels.class_names,
        input_size=labels.input_size,
        tolerance=tolerance,
        probabilities=tuple(map(tuple, probabilities.round(_DECIMALS).tolist())),
    )


def put_certificate(path: Path, certificate: Certificate) -> Certificate:
    """Put a certificate into a sealed zip, in place of the one that it has; the file is replaced as a whole.

    Returns:
        the certificate with the sum and size of the new file.
    """
    with whole_file(path) as temporary:
        shutil.copyfile(path, temporary)
        with zipfile.ZipFile(temporary) as archive:
            inside = replace(certificate, sha256=sha256_bytes(archive.read(verify.SUMS)))
        text = json.dumps(inside.to_json(), ensure_ascii=False, indent=1)
        replace_members(temporary, {verify.CERTIFICATE: text.encode()})
    return replace(certificate, sha256=hash_file(path), size_bytes=path.stat().st_size)


def _as_json(answers: RecordedAnswers) -> bytes:
    return json.dumps(answers.to_json(), ensure_ascii=False).encode()


def _sums_of(path: Path) -> dict[str, str]:
    """SHA-256 of each file in a zip."""
    sums = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                with archive.open(info) as stream:
                    # typeshed's IO lacks ``readinto``, which this stream has.
                    digest = hashlib.file_digest(stream, "sha256")  # type: ignore[arg-type]
                    sums[info.filename] = digest.hexdigest()
    return sums
