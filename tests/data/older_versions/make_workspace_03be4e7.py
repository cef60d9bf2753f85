"""Workspace ``workspace_03be4e7.tar.xz``: projects, runs and searches as commit 03be4e7 wrote them.

It drives the code of that commit, so that commit must be checked out, and be the
current directory::

    git worktree add --detach ../older 03be4e7 && cd ../older
    python .../make_workspace_03be4e7.py make      # about 5 minutes on 2 cores; writes /tmp/old-workspace
    python .../make_workspace_03be4e7.py pack      # writes workspace_03be4e7.tar.xz beside this script
    python .../make_workspace_03be4e7.py facts     # unpacks it, reads it with the old code: workspace_03be4e7.json.xz

``make`` uses the old code's public functions, and its workers for all that is a job.
``pack`` leaves out what can be made again, sets the weights of large model files to
zero (their structure and size stay) and writes neutral names for this machine.
``facts`` also resumes the two runs that rest, in a copy, and records how they end.
"""

from __future__ import annotations

import io
import json
import lzma
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

HOME = Path("/tmp/old-workspace")
SOURCES = Path("/tmp/old-sources")  # what is imported
HERE = Path(__file__).resolve().parent
NAME = "workspace_03be4e7"
# Every absolute path in the packed workspace begins with one of these; see ``relocate``.
NEUTRAL_HOME, NEUTRAL_SOURCES = "/home/user/darkroom/workspace", "/home/user/pictures"

os.environ.update(DARKROOM_MACHINE="machine", LOGNAME="user", USER="user", DARKROOM_DEVICE="cpu")
os.environ.setdefault("DARKROOM_HOME", str(HOME))
sys.path.insert(0, os.getcwd())

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from PIL import Image, ImageDraw, ImageFilter  # noqa: E402

from core.data import editing  # noqa: E402
from core.data.additions import what_was_added  # noqa: E402
from core.data.dataset import Dataset, open_dataset, version_numbers  # noqa: E402
from core.data.history import list_versions  # noqa: E402
from core.data.importing import add_to_class, create_project, import_dataset, settle_split  # noqa: E402
from core.data.label_sets import shows_class  # noqa: E402
from core.data.layout import Split  # noqa: E402
from core.data.leaks import leak_report  # noqa: E402
from core.data.reading import ImportConfig  # noqa: E402
from core.data.splitting import SplitConfig  # noqa: E402
from core.delivery.files import is_delivered  # noqa: E402
from core.doctor.findings import FindingKind  # noqa: E402
from core.doctor.labelling import labels_suggested, open_groups, read_looks  # noqa: E402
from core.doctor.report import dismiss, dismissals, read_report  # noqa: E402
from core.evaluation.report import has_report, read_predictions  # noqa: E402
from core.evaluation.report import read_report as read_evaluation  # noqa: E402
from core.jobs import start  # noqa: E402
from core.jobs.directory import JobDirectory, JobState, list_jobs  # noqa: E402
from core.jobs.runs import compare_runs, describe_run, run_about  # noqa: E402
from core.messages import Message  # noqa: E402
from core.models.augmentation import AugmentationConfig  # noqa: E402
from core.search.config import Goal, Scoring, SearchConfig, Tradeoff  # noqa: E402
from core.search.records import counts, ranked, read_now, read_trials  # noqa: E402
from core.search.space import SearchSpace  # noqa: E402
from core.training.bakeoff_results import read_bake_off, sensible_choice  # noqa: E402
from core.training.checkpoint import Checkpoints  # noqa: E402
from core.training.config import (  # noqa: E402
    HeadConfig,
    Optimizer,
    OptimizerConfig,
    Pooling,
    Recipe,
    TrainingConfig,
    usual_augmentation,
)
from core.training.outcome import has_own_network  # noqa: E402
from core.workspace import (  # noqa: E402
    Project,
    get_project,
    jobs_folder,
    list_projects,
    list_runs,
    list_searches,
    project_settings,
    remember_setting,
)

# ------------------------------------------------------------------------------------------ pictures

_SIDE = 48
_COLOURS = {"circles": (200, 60, 50), "squares": (60, 150, 70), "stripes": (50, 80, 190), "rare": (220, 180, 40)}


def scene(seed: int) -> Image.Image:
    """A background of soft blobs, different for every seed."""
    blobs = np.random.default_rng(seed).integers(60, 200, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(blobs).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)


def drawn(kinds: list[str], seed: int) -> Image.Image:
    """A picture that shows these shapes."""
    random = np.random.default_rng(1000 + seed)
    image = scene(seed)
    draw = ImageDraw.Draw(image)
    for kind in kinds:
        x, y = (int(n) for n in random.integers(2, 22, 2))
        size = int(random.integers(16, 24))
        colour = tuple(int(c) for c in np.clip(np.array(_COLOURS[kind]) + random.integers(-30, 30, 3), 0, 255))
        if kind == "circles":
            draw.ellipse((x, y, x + size, y + size), fill=colour, outline=(20, 20, 20))
        elif kind == "squares":
            draw.rectangle((x, y, x + size, y + size), fill=colour, outline=(240, 240, 240))
        elif kind == "stripes":
            for offset in range(0, _SIDE, 8):
                draw.line((offset, y, offset + 6, y + size), fill=colour, width=3)
        else:
            draw.polygon([(x, y + size), (x + size, y + size), (x + size // 2, y)], fill=colour)
    return image


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **({"quality": 70} if kind in {"JPEG", "WEBP"} else {}) | options)
    return stream.getvalue()


def shape(kinds: str | list[str], seed: int) -> bytes:
    """A picture of the last of these kinds, before the others. ``stripes`` are WebP: a shortcut for the doctor to find."""
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return encoded(drawn(kinds, seed), "WEBP" if kinds[-1] == "stripes" else "JPEG")


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return path


def messy_zip(path: Path) -> Path:
    """Three classes and a rare one, and beside them one of each thing that goes wrong."""
    files: dict[str, bytes] = {}
    number = 0
    for kind, count in {"circles": 22, "squares": 18, "stripes": 14, "rare": 4}.items():
        for index in range(count):
            suffix = "webp" if kind == "stripes" else "jpg"
            other = list(_COLOURS)[(list(_COLOURS).index(kind) + 1) % 3]
            shown = [other, kind] if index % 4 == 3 else [kind]  # so that not every picture is told rightly
            files[f"shapes/{kind}/{index:02}.{suffix}"] = shape(shown, number)
            number += 1
    circle, square = drawn(["circles"], 0), drawn(["squares"], 22)
    files |= {
        "shapes/circles/copy-of-00.jpg": files["shapes/circles/00.jpg"],  # an exact duplicate
        "shapes/circles/again-01.jpg": encoded(drawn(["circles"], 1), quality=50),  # a near copy
        "shapes/squares/contradiction.jpg": files["shapes/circles/02.jpg"],  # one file under two labels
        "shapes/stripes/nearly-a-circle.jpg": encoded(drawn(["circles"], 5), quality=50),  # nearly so
        "shapes/circles/mislabelled.jpg": encoded(drawn(["squares"], 500)),
        "shapes/circles/cut-off.jpg": files["shapes/circles/04.jpg"][:-200],
        "shapes/circles/empty.jpg": b"",
        "shapes/circles/text.jpg": b"This is no picture.\n",
        "shapes/circles/notes.txt": b"Taken in spring.\n",
        "shapes/squares/wrong-extension.png": encoded(drawn(["squares"], 501)),  # a JPEG; taken all the same
        "shapes/squares/enormous.png": _png_header(30_000, 20_000),
        "shapes/squares/large.png": _png_header(12_000, 10_000),
        "loose.jpg": encoded(drawn(["squares"], 502)),  # in no class folder
        "shapes/diamonds/one.jpg": encoded(circle.rotate(45)),  # a class of two is too small
        "shapes/diamonds/two.jpg": encoded(square.rotate(45)),
        "shapes/circles/blank.jpg": encoded(Image.new("RGB", (_SIDE, _SIDE), (120, 120, 120))),
        "shapes/circles/dark.jpg": encoded(drawn(["circles"], 503).point(lambda v: v // 6)),
        "shapes/squares/bright.jpg": encoded(drawn(["squares"], 504).point(lambda v: 214 + v // 6)),
        "shapes/squares/blurred.jpg": encoded(drawn(["squares"], 505).filter(ImageFilter.GaussianBlur(9))),
        "shapes/squares/tiny.jpg": encoded(drawn(["squares"], 506).resize((14, 14))),
        "shapes/squares/wide.jpg": encoded(drawn(["squares"], 507).resize((160, 24))),
        "shapes/squares/inner.zip": b"PK\x05\x06" + bytes(18),  # an archive beside pictures
        "../outside.jpg": b"evil",
        "shapes/circles/broken-inside.jpg": b"BROKEN-INSIDE" * 20,
        "shapes/circles/odd-packing.jpg": b"ODD-PACKING" * 20,
        "shapes/circles/bomb.jpg": bytes(70 << 20),
    }
    write_zip(path, files)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("shapes/circles/link.jpg")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "00.jpg")
        archive.writestr("shapes/circles/21.jpg", shape("circles", 508))  # named twice: the later is taken
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        broken = archive.getinfo("shapes/circles/broken-inside.jpg").header_offset
        odd = archive.getinfo("shapes/circles/odd-packing.jpg").header_offset
        directory = archive.start_dir
    data[broken + 30 + len("shapes/circles/broken-inside.jpg") + 5] ^= 0xFF
    data[odd + 8 : odd + 10] = (99).to_bytes(2, "little")
    central = data.index(b"shapes/circles/odd-packing.jpg", directory) - 46
    data[central + 10 : central + 12] = (99).to_bytes(2, "little")
    path.write_bytes(data)
    return path


def _png_header(width: int, height: int) -> bytes:
    """A PNG that says it is so large, with hardly anything behind."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")


def additions_tar(path: Path, known: bytes, almost_a_test_picture: bytes) -> Path:
    """More pictures, one of which the project has, and one that looks almost like a picture to test with."""
    files = {
        "more/circles/here-already.jpg": known,
        "more/circles/almost-a-test-picture.jpg": almost_a_test_picture,
        "more/circles/new.jpg": shape("circles", 600),
        "more/squares/new.jpg": shape("squares", 601),
        "more/squares/page.html": b"<html></html>",
    }
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name, kind in (("more/circles/link.jpg", tarfile.SYMTYPE), ("more/circles/pipe.jpg", tarfile.FIFOTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "new.jpg" if kind == tarfile.SYMTYPE else ""
            archive.addfile(info)
    return path


def additions_folder(folder: Path) -> Path:
    """A file that is too large (all holes), a link, and something new."""
    (folder / "squares").mkdir(parents=True)
    (folder / "circles").mkdir()
    (folder / "squares/new-2.jpg").write_bytes(shape("squares", 602))
    (folder / "circles/new-2.jpg").write_bytes(shape("circles", 603))
    (folder / "circles/link.jpg").symlink_to("new-2.jpg")
    with (folder / "squares/huge.jpg").open("wb") as stream:
        stream.truncate((256 << 20) + 1)
    return folder


def saved_again(data: bytes) -> bytes:
    return encoded(Image.open(io.BytesIO(data)).convert("RGB"), quality=50)


def nested_zip(path: Path) -> Path:
    """A zip of zips, one of which holds another."""
    deep = write_zip(path.with_name("deep.zip"), {"0.jpg": shape("squares", 604)}).read_bytes()
    inner = write_zip(path.with_name("inner.zip"), {"new-3.jpg": shape("squares", 605), "deep.zip": deep}).read_bytes()
    other = write_zip(path.with_name("other.zip"), {"new-3.jpg": shape("circles", 606)}).read_bytes()
    return write_zip(path, {"squares.zip": inner, "circles.zip": other})


def many_labels_folder(folder: Path) -> Path:
    """24 pictures of one, two or no shapes, with their table; some rows and files that do not fit."""
    (folder / "a").mkdir(parents=True)
    (folder / "b").mkdir()
    rows = ["file,labels"]
    sets = [["circles"], ["squares"], ["circles", "squares"], ["stripes", "squares"], ["stripes"], []]
    for number in range(24):
        shown = sets[number % len(sets)]
        (folder / f"{number:02}.jpg").write_bytes(encoded(drawn(shown, 700 + number)))
        rows.append(f"{number:02}.jpg,{'; '.join(shown) or 'none'}")
    (folder / "24.jpg").write_bytes(encoded(drawn(["circles"], 724)))  # its cell is empty: nobody has said
    for place in "ab":
        (folder / place / "twice.jpg").write_bytes(encoded(drawn(["stripes"], 725 + ord(place))))
    rows += ["24.jpg,", "missing.jpg,circles", "twice.jpg,circles"]
    (folder / "copy.jpg").write_bytes((folder / "00.jpg").read_bytes())
    rows.append("copy.jpg,squares")  # the same file: its labels are joined
    (folder / "unlisted.jpg").write_bytes(encoded(drawn(["squares"], 726)))
    (folder / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


def parts_folder(folder: Path) -> Path:
    """A set that came split, with a near copy across two parts and a class that only tests."""
    number = 800
    for part, count in {"train": 6, "val": 2, "test": 2}.items():
        for kind in ("circles", "squares"):
            (folder / part / kind).mkdir(parents=True)
            for index in range(count):
                (folder / part / kind / f"{index}.jpg").write_bytes(shape(kind, number))
                number += 1
    (folder / "test/stripes").mkdir()
    for index in range(3):
        (folder / f"test/stripes/{index}.webp").write_bytes(shape("stripes", number + index))
    (folder / "train/circles/leak.jpg").write_bytes(encoded(drawn(["circles"], 816), quality=35))
    return folder


# ------------------------------------------------------------------------------------------ making


def log(text: str) -> None:
    print(time.strftime("%H:%M:%S"), text, flush=True)


def done(job: JobDirectory, *states: JobState) -> JobDirectory:
    """Wait for a job to end in one of the states (finished)."""
    state = start.wait_for(job)
    log(f"{job.kind} {job.name}: {state.value} {job.status().error or ''}")
    if state not in (states or (JobState.FINISHED,)):
        raise SystemExit((job.path / "worker.log").read_text(errors="replace")[-3000:])
    return job


def wait_until(condition: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("waited in vain")
        time.sleep(0.02)


def ids(project: Project, *names: str) -> list[str]:
    """The ids of pictures by (the end of) the names they came under."""
    pictures = open_dataset(project).all_pictures
    found = [pictures.loc[pictures["name"].str.endswith(name), "id"].tolist() for name in names]
    assert all(found), names
    return [one for several in found for one in several]


def make() -> None:
    for folder in (HOME, SOURCES):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    shapes = make_shapes()
    make_multi()
    make_parts()
    make_failed_imports()
    create_project("blank", ["yes", "no"])
    make_jobs(shapes)
    make_runs(shapes)
    make_searches(shapes)


def make_shapes() -> Project:
    done(start.start_import("shapes", source=messy_zip(SOURCES / "shapes.zip")))
    shapes = get_project("shapes")
    remember_setting(shapes, "backbone", "efficientnet_lite0")
    remember_setting(shapes, "recipe", "balanced")
    remember_setting(shapes, "augmentation", AugmentationConfig.parse("flip,rotation=0.1").to_json())
    done(start.start_examination(shapes))
    say_it_is_right(shapes)
    editing.exclude(shapes, ids(shapes, "dark.jpg", "bright.jpg", "tiny.jpg"))
    editing.include(shapes, ids(shapes, "bright.jpg"))
    editing.relabel(shapes, ids(shapes, "mislabelled.jpg"), "squares")
    editing.relabel(shapes, ids(shapes, "nearly-a-circle.jpg"), "")
    editing.add_class(shapes, "ovals")
    camera = [(f"camera-{n}.jpg", encoded(drawn(["circles"], 900 + n).resize((_SIDE, 32)))) for n in range(4)]
    add_to_class(shapes, "ovals", camera, groups=["burst", "burst", "", ""])
    loose = [(f"loose-{n}.jpg", encoded(drawn(["circles" if n % 2 else "squares"], 910 + n))) for n in range(6)]
    add_to_class(shapes, "", loose)
    dataset = open_dataset(shapes)

    def circles(part: str) -> list[bytes]:
        of_part = (dataset.pictures["split"] == part) & (dataset.pictures["label"] == "circles")
        return [dataset.picture_bytes(row) for row in np.flatnonzero(of_part)]

    near, known = saved_again(circles("test")[0]), circles("train")[0]
    done(start.start_import("shapes", source=additions_tar(SOURCES / "more.tar.gz", known, near), add=True))
    done(start.start_import("shapes", source=additions_folder(SOURCES / "folder"), add=True))
    # One group of near copies joins what trains with what tests: a leak, which is then mended.
    twins = [("twin-0.jpg", saved_again(circles("train")[3])), ("twin-1.jpg", saved_again(circles("test")[1]))]
    add_to_class(shapes, "circles", twins, groups=["twins", "twins"])
    editing.mend_leaks(shapes)
    done(start.start_import("shapes", source=nested_zip(SOURCES / "nested.zip"), add=True))
    done(start.start_grouping(shapes))
    editing.rename_class(shapes, "rare", "triangles")
    editing.merge_classes(shapes, ["circles", "ovals"], "round")
    editing.reorder_classes(shapes, ["triangles", "squares", "stripes", "round"])
    editing.add_class(shapes, "junk")
    editing.relabel(shapes, ids(shapes, "wide.jpg"), "junk")
    editing.remove_class(shapes, "junk")
    editing.relabel_each(shapes, dict(zip(ids(shapes, "loose-0.jpg", "loose-1.jpg"), ["squares", "round"])))
    settle_split(shapes)
    editing.redraw_split(shapes, SplitConfig(validation_fraction=0.2, test_fraction=0.2, seed=1))
    before = open_dataset(shapes).version
    editing.exclude(shapes, ids(shapes, "blurred.jpg"))
    editing.restore_version(shapes, before)
    editing.erase(shapes, ids(shapes, "squares/17.jpg"))
    return shapes


def say_it_is_right(shapes: Project) -> None:
    for kind, name in ((FindingKind.BLANK, "blank.jpg"), (FindingKind.NEAR_DUPLICATES, "again-01.jpg")):
        dismiss(shapes, kind, ids(shapes, name))


def make_multi() -> None:
    source = many_labels_folder(SOURCES / "multi")
    config = ImportConfig(multi_label=True, sheet_inside=True)
    done(start.start_import("multi", source=source, config=config))
    multi = get_project("multi")
    editing.add_label(multi, ids(multi, "04.jpg"), "squares")
    editing.take_label(multi, ids(multi, "03.jpg"), "stripes")
    done(start.start_examination(multi))
    version = open_dataset(multi).version
    done(start.start_training(multi, TrainingConfig(dataset_version=version, head=HeadConfig(pooling=Pooling.MEAN))))


def make_parts() -> None:
    """Its pictures stay where they are, so that one can go: the doctor says so, and a run fails."""
    folder = parts_folder(SOURCES / "parts")
    import_dataset(folder, "parts", ImportConfig(refer=True))
    parts = get_project("parts")
    (folder / "train/circles/1.jpg").unlink()
    done(start.start_examination(parts))
    config = TrainingConfig(dataset_version=open_dataset(parts).version)
    run = done(start.start_training(parts, config), JobState.FAILED)
    describe_run(run, name="a picture was gone")


def make_failed_imports() -> None:
    picture = [shape("circles", n) for n in range(950, 962)]
    layouts = {
        "capitals": ["Cats"] * 6 + ["cats"] * 6,
        "look-alike": ["cat"] * 6 + ["c\u0430t"] * 6,  # a Cyrillic a
        "one-class": ["cats"] * 12,
        "no-classes": ["."] * 12,
    }
    for name, folders in layouts.items():
        files = {f"{folder}/{n}.jpg".removeprefix("./"): picture[n] for n, folder in enumerate(folders)}
        done(start.start_import(name, source=write_zip(SOURCES / f"{name}.zip", files)), JobState.FAILED)
    done(start.start_import("damaged", source=_cut_off(SOURCES / "damaged.zip")), JobState.FAILED)


def _cut_off(path: Path) -> Path:
    data = write_zip(path, {"a/1.jpg": shape("circles", 970)}).read_bytes()
    path.write_bytes(data[:200])
    return path


def make_jobs(shapes: Project) -> None:
    done(start.start_measurement(["efficientnet_lite0", "small_cnn"]))
    done(start.start_bakeoff(shapes))
    done(start.start_trial(shapes, network_config(shapes)))


def network_config(project: Project, **settings: Any) -> TrainingConfig:
    """*Balanced* on the smallest pictures there can be, and as few trained weights."""
    usual: dict[str, Any] = {
        "dataset_version": open_dataset(project).version,
        "recipe": Recipe.BALANCED,
        "augmentation": usual_augmentation(Recipe.BALANCED),
        "augmented_views": 1,
        "head": HeadConfig(pooling=Pooling.MEAN),
        "picture_size": 64,
        "unfreeze": 0.05,
        "batch_size": 8,
        "epochs": 2,
    }
    return TrainingConfig(**(usual | settings))


def phase_epochs(job: JobDirectory, phase: str) -> int:
    return sum(line["phase"] == phase for line in job.metrics())


def make_runs(shapes: Project) -> None:
    quick = done(start.start_training(shapes, TrainingConfig(dataset_version=open_dataset(shapes).version)))
    describe_run(quick, name="first try", note="Before the blurred one was excluded.\nSecond line.")
    editing.exclude(shapes, ids(shapes, "blurred.jpg"))
    done(start.start_handover(shapes))
    rate = OptimizerConfig(learning_rate=1e-3)
    plain = OptimizerConfig(kind=Optimizer.SGD, momentum=0.0, weight_decay=0.0, learning_rate=1e-2)
    # With these, a fine-tuned epoch is the best, so that the run has a network of its own.
    balanced = done(start.start_training(shapes, network_config(shapes, optimizer=plain, seed=2, batch_size=4)))
    assert has_own_network(balanced.path)
    describe_run(balanced, name="balanced")
    stopped = start.start_training(shapes, network_config(shapes, optimizer=rate, epochs=400, patience=400, seed=1))
    wait_until(lambda: phase_epochs(stopped, "tail") >= 3)
    start.stop(stopped)
    done(stopped, JobState.STOPPED)
    rest = start.finishing_job(shapes, stopped.path)
    assert rest is not None
    done(rest)
    make_paused_run(shapes)
    make_interrupted_run(shapes)
    done(start.start_examination(shapes))
    say_it_is_right(shapes)  # again: what was said before was said of class “circles”, which is “round” now


def make_paused_run(shapes: Project) -> None:
    """In the middle of its tail. Its optimiser gathers nothing, so that the checkpoint is the weights alone.

    So low a learning rate leaves a head the best so far, whose file is small enough to be kept as it is.
    """
    plain = OptimizerConfig(kind=Optimizer.SGD, momentum=0.0, weight_decay=0.0, learning_rate=1e-5)
    run = start.start_training(shapes, network_config(shapes, optimizer=plain, epochs=8, patience=8, seed=2, batch_size=4))
    describe_run(run, name="paused")
    wait_until(lambda: phase_epochs(run, "tail") >= 2)
    start.pause(run)
    done(run, JobState.PAUSED)
    assert not has_own_network(run.path)
    round_state(run.path)


def make_interrupted_run(shapes: Project) -> None:
    """While a hidden layer is trained by gradients, with AdamW's own state; paused, resumed, then killed."""
    config = TrainingConfig(
        dataset_version=open_dataset(shapes).version,
        head=HeadConfig(pooling=Pooling.MEAN, hidden_units=(4,)),
        epochs=60, patience=60, batch_size=2, seed=3,
    )  # fmt: skip
    run = start.start_training(shapes, config)
    describe_run(run, name="killed")
    wait_until(lambda: phase_epochs(run, "hidden") >= 5)
    start.pause(run)
    done(run, JobState.PAUSED)
    epochs = phase_epochs(run, "hidden")
    start.resume(run)
    wait_until(lambda: phase_epochs(run, "hidden") >= epochs + 3)
    os.kill(run.process_id() or 0, signal.SIGKILL)
    done(run, JobState.INTERRUPTED)


def round_state(run: Path) -> None:
    """Make large arrays of weights powers of two, the small ones 0: packed, a tenth as large, and there to go on from."""
    state = Checkpoints(run).state_file
    with np.load(state) as arrays:
        content = dict(arrays)
    for key, array in content.items():
        if array.dtype == np.float32 and array.size > 10_000:
            powers = np.exp2(np.round(np.log2(np.maximum(np.abs(array), 1e-9)))) * np.sign(array)
            content[key] = np.where(np.abs(array) < 0.7 * array.std(), 0, powers).astype(np.float32)
    np.savez(state, **content)


def make_searches(shapes: Project) -> None:
    version = open_dataset(shapes).version
    base = TrainingConfig(dataset_version=version, head=HeadConfig(pooling=Pooling.MEAN))
    some = SearchSpace.from_json({"l2": {"low": 0.001, "high": 1.0}, "label_smoothing": {"low": 0.0, "high": 0.2}})
    finished = done(start.start_search(shapes, SearchConfig(base=base, trials=4, space=some)))
    done(JobDirectory(shapes.runs / (finished.result() or {})["run"]))
    hidden = SearchSpace.from_json(
        {"hidden_layers": {"low": 0, "high": 1}, "hidden_units": {"choices": [4, 8]}, "pooling": {"choices": ["mean"]}}
    )
    paused = start.start_search(
        shapes,
        SearchConfig(
            base=base, trials=60, space=hidden, goal=Goal.MACRO_F1, tradeoff=Tradeoff.SIZE,
            scoring=Scoring.VALIDATION, seed=1, start_from=finished.name,
        ),
    )  # fmt: skip
    wait_until(lambda: len(read_trials(paused.path)) >= 4)
    start.pause(paused)
    done(paused, JobState.PAUSED)
    stopped = start.start_search(
        shapes, SearchConfig(base=base, trials=60, space=some, goal=Goal.LOSS, scoring=Scoring.VALIDATION)
    )
    wait_until(lambda: len(read_trials(stopped.path)) >= 2)
    start.stop(stopped)
    done(stopped, JobState.STOPPED)
    rest = start.finishing_job(shapes, stopped.path)
    assert rest is not None
    done(rest)
    done(JobDirectory(shapes.runs / (stopped.result() or {})["run"]))


# ------------------------------------------------------------------------------------------ packing

_LEFT_OUT = (
    "staging", "queue", "uploads", "backbones/**/*.tflite",
    "projects/*/dataset/features", "projects/*/dataset/arrays", "projects/*/dataset/.changing.lock",
    "projects/*/runs/*/activations", "projects/*/runs/*/checkpoints/*.tflite", "projects/*/runs/*/bundle.zip",
    "**/journal.log.lock", "**/.*.lock",
)  # fmt: skip
_TEXTS = {".json", ".jsonl", ".log", ".csv"}


def pack() -> None:
    folder = Path("/tmp/old-packed/workspace")
    shutil.rmtree(folder.parent, ignore_errors=True)
    shutil.copytree(HOME, folder, symlinks=True)
    for pattern in _LEFT_OUT:
        for path in list(folder.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
    lean_models(folder)
    names = {socket.gethostname(), "root"}
    for path in _files(folder):
        if path.suffix in _TEXTS or path.suffix == ".parquet":
            _replace_in(path, {str(HOME): NEUTRAL_HOME, str(SOURCES): NEUTRAL_SOURCES, os.getcwd(): "/home/user/darkroom", platform.release(): "6.1.0",
                               str(Path(sys.prefix)): "/home/user/darkroom/.venv"})  # fmt: skip
        data = path.read_bytes() if path.suffix in {*_TEXTS, ".parquet", ""} or "tfevents" in path.name else b""
        for name in (*names, "/tmp/", "/work/"):
            if _named(data, name):
                log(f"! {name!r} stands in {path.relative_to(folder)}")
    archive = HERE / f"{NAME}.tar.xz"
    archive.unlink(missing_ok=True)
    # One kind of file beside the other: what is the same is then said once. Zeros become holes,
    # which take neither time nor disk when they are unpacked.
    files = sorted(_files(folder), key=lambda path: (path.suffix, path.name, str(path)))
    for path in files:
        if path.stat().st_size > 50_000:
            subprocess.run(["fallocate", "--dig-holes", path], check=True)
    folders = sorted(path for path in folder.rglob("*") if path.is_dir())
    listed = "\n".join(str(path.relative_to(folder.parent)) for path in [*folders, *files])
    options = ["--sparse", "--format=pax", "--pax-option=delete=atime,delete=ctime", "--owner=0", "--group=0",
               "--numeric-owner", "--mode=u=rwX,go=rX", "--no-recursion", "--files-from=-"]  # fmt: skip
    tar = subprocess.run(["tar", "-C", folder.parent, "-cf", "-", *options], input=listed.encode(), capture_output=True, check=True)
    archive.write_bytes(lzma.compress(tar.stdout, preset=9 | lzma.PRESET_EXTREME))
    log(f"{archive}: {archive.stat().st_size} bytes; {len(files)} files, unpacked {sum(p.stat().st_size for p in files)}, "
        f"of which on disk {512 * sum(p.stat().st_blocks for p in files)}")  # fmt: skip


def _named(data: bytes, name: str) -> bool:
    return bool(re.search(rb"(?<![A-Za-z0-9_])" + re.escape(name.encode()) + (b"" if name[0] == "/" else rb"(?![A-Za-z0-9_])"), data))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _replace_in(path: Path, names: dict[str, str]) -> None:
    if path.suffix == ".parquet":
        table = pd.read_parquet(path)
        if "location" in table and table["location"].ne("").any():
            for old, new in names.items():
                table["location"] = table["location"].str.replace(old, new, regex=False)
            table.to_parquet(path, index=False)
        return
    text = before = path.read_text(encoding="utf-8", errors="surrogateescape")
    for old, new in names.items():
        text = text.replace(old, new)
    if text != before:
        path.write_text(text, encoding="utf-8", errors="surrogateescape")


def lean_models(folder: Path) -> None:
    """Zero the weights of large models; what they are made of, and their sizes, stay."""
    for path in _files(folder):
        if path.suffix == ".h5":
            _zero_h5(path)
        elif path.suffix == ".keras":
            _zero_keras(path)
        elif path.suffix == ".tflite":
            _zero_tflite(path)
        elif path.name == "reserve":
            path.write_bytes(bytes(path.stat().st_size))
        elif path.name == "state.npz" and _has_ended(path.parents[1]):
            with np.load(path) as arrays:
                content = dict(arrays)
            np.savez(path, **{key: value if key == "place" else np.zeros_like(value) for key, value in content.items()})


def _has_ended(folder: Path) -> bool:
    """True for a run that does not rest; a trial of a search has no state of its own."""
    job = JobDirectory(folder)
    return (folder / "config.json").exists() and not job.status().state.is_at_rest


def _zero_h5(path: Path | io.BytesIO) -> None:
    import h5py

    with h5py.File(path, "r+") as file:
        file.visititems(lambda _, item: item.write_direct(np.zeros(item.shape, item.dtype)) if isinstance(item, h5py.Dataset) and item.size > 8 and item.dtype.kind == "f" else None)


def _zero_keras(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        content = {info: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for info, data in content.items():
            if info.filename.endswith(".h5"):
                stream = io.BytesIO(data)
                _zero_h5(stream)
                data = stream.getvalue()
            archive.writestr(zipfile.ZipInfo(info.filename, info.date_time), data)


def _zero_tflite(path: Path) -> None:
    from tensorflow.lite.python import schema_py_generated as schema

    data = bytearray(path.read_bytes())
    model = schema.Model.GetRootAs(data, 0)
    for index in range(model.BuffersLength()):
        buffer = model.Buffers(index)
        if buffer.DataLength() > 256:
            buffer.DataAsNumpy()[:] = 0
    path.write_bytes(data)


# ------------------------------------------------------------------------------------------ reading


def unpacked(folder: Path) -> Path:
    """The packed workspace in a folder of its own, its absolute paths put right; what a test does, too."""
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(HERE / f"{NAME}.tar.xz") as tar:
        tar.extractall(folder, filter="data")
    relocate(folder / "workspace")
    return folder / "workspace"


def relocate(workspace: Path) -> None:
    """Let jobs that name another job's directory name it where it lies now."""
    for path in _files(workspace):
        if path.suffix in {".json", ".jsonl"}:
            _replace_in(path, {NEUTRAL_HOME: str(workspace)})


def facts() -> None:
    home = unpacked(Path("/tmp/old-unpacked"))
    os.environ["DARKROOM_HOME"] = str(home)
    record = {
        "commit": "03be4e7",
        "projects": {project.name: project_facts(project) for project in list_projects()},
        "jobs": [job_facts(job) for job in list_jobs(jobs_folder())],
        "speeds": json.loads((home / "backbones/speeds.json").read_text()),
        "resumed": resumed_facts(),
    }
    text = json.dumps(record, indent=1, ensure_ascii=False, default=_plain)
    text = re.sub(r"([\[{])\s+([^\[\]{}]*?)\s+([\]}])", _on_one_line, text)  # what holds nothing but values
    text = text.replace("/tmp/old-unpacked/workspace", NEUTRAL_HOME)
    (HERE / f"{NAME}.json.xz").write_bytes(lzma.compress((text + "\n").encode(), preset=9 | lzma.PRESET_EXTREME))
    log(f"{NAME}.json.xz: from {len(text)} bytes")


def _on_one_line(found: re.Match[str]) -> str:
    return found[1] + re.sub(r"\n\s+", " ", found[2]) + found[3]


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return said(value)
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(type(value))


def said(message: Message | None) -> dict[str, Any] | None:
    """A sentence as it is shown in English, and the template that is its key."""
    return message and {"text": str(message), "template": message.template}


def project_facts(project: Project) -> dict[str, Any]:
    looks = read_looks(project.dataset)
    newest = open_dataset(project)
    bakeoff, report = read_bake_off(project), read_report(project)
    return {
        "settings": project_settings(project),
        "versions": {number: version_facts(project, number) for number in version_numbers(project.dataset)},
        "history": [
            {"number": info.number, "who": info.who, "what": said(info.what), "pictures": info.pictures, "classes": info.classes}
            for info in list_versions(project)
        ],
        "leaks": asdict(leak_report(newest)),
        "doctor": report and {
            "version": report.version,
            "pictures": report.pictures,
            "with_features": report.with_features,
            "findings": [finding_facts(finding) for finding in report.findings],
        },
        "doctor_reports": sorted(path.name for path in (project.dataset / "doctor").glob("[0-9]*.json")),
        "dismissed": sorted(map(list, dismissals(project))),
        "label_groups": looks and [list(group.ids) for group in open_groups(looks, newest)],
        "suggestible": looks and list(labels_suggested(looks, newest).class_names),
        "bakeoff": bakeoff and {
            "sample": asdict(bakeoff.sample),
            "entries": [asdict(entry) for entry in bakeoff.entries],
            "choice": (choice := sensible_choice(bakeoff.entries)) and {"backbone": choice.backbone, "reason": said(choice.reason)},
        },
        "runs": {path.name: run_facts(JobDirectory(path)) for path in list_runs(project)},
        "searches": {path.name: search_facts(JobDirectory(path)) for path in list_searches(project)},
        "jobs": [job_facts(job) for job in list_jobs(project.jobs)],
    }  # fmt: skip


def version_facts(project: Project, number: int) -> dict[str, Any]:
    dataset = open_dataset(project, number)
    pictures, learnt = dataset.all_pictures, dataset.pictures
    added = what_was_added(project, number)
    rows, skipped = _rows(dataset), _skipped(dataset)
    earlier = [other for other in version_numbers(project.dataset) if other < number]
    before = open_dataset(project, earlier[-1]) if earlier else None
    before_rows, before_skipped = (_rows(before), _skipped(before)) if before else ({}, [])
    return {
        "task": dataset.task.value,
        "class_names": list(dataset.class_names),
        "all_class_names": list(dataset.all_class_names),
        "counts": dataset.counts(),
        "left_out_classes": {name: said(reason) for name, reason in dataset.left_out_classes.items()},
        "pictures": len(learnt),
        "all_pictures": len(pictures),
        "digest": dataset.digest,
        "splits": {part.value: len(dataset.rows(part)) for part in Split},
        "splits_by_class": {
            name: {part.value: int((learnt.loc[shows_class(learnt["label"], name, dataset.task), "split"] == part.value).sum()) for part in Split}
            for name in dataset.class_names
        },
        # Of the rows, and of the files left out, what is not as in the version before. id: name, label, part, excluded
        "rows": {key: row for key, row in rows.items() if before_rows.get(key) != row},
        "gone": sorted(before_rows.keys() - rows.keys()),
        "skipped_files": len(skipped),
        "skipped": skipped if skipped != before_skipped else "as before",
        "added": added and {
            "labels": added.labels, "count": added.count, "excluded": added.excluded,
            "here_already": [item.file for item in added.here_already],
            "left_out": [item.file for item in added.left_out],
        },
    }  # fmt: skip


def _rows(dataset: Dataset) -> dict[str, list[Any]]:
    pictures = dataset.all_pictures
    columns = (pictures[name] for name in ("id", "name", "label", "split", "excluded"))
    return {key: [name, label, part, bool(out)] for key, name, label, part, out in zip(*columns, strict=True)}


def _skipped(dataset: Dataset) -> list[dict[str, Any]]:
    return [{"file": item.file, "reason": said(item.reason)} for item in dataset.skipped]


def finding_facts(finding: Any) -> dict[str, Any]:
    return {
        "kind": finding.kind.value,
        "count": finding.count,
        "remedy": finding.remedy.value,
        "classes": list(finding.classes),
        "headline": said(finding.headline),
        "explanation": said(finding.explanation),
        "suspects": [[s.id, s.name, s.label, s.suggested, s.other, said(s.because)] for s in finding.suspects],
    }


def job_facts(job: JobDirectory) -> dict[str, Any]:
    status = job.status()
    return {
        "name": job.name, "kind": job.kind, "state": status.state.value, "stage": status.stage,
        "error": said(status.error), "is_bug": status.is_bug, "config": job.config(), "result": job.result(),
        "stages": list(status.seconds or {}),
    }  # fmt: skip


def run_facts(run: JobDirectory) -> dict[str, Any]:
    rest = start.finishing_job(_project(run), run.path)
    result, metrics = run.result() or {}, run.metrics()
    place = Checkpoints(run.path).place()
    row = asdict(compare_runs([run]).rows[0])
    row.pop("disk_bytes")
    evaluation = read_evaluation(run.path) if has_report(run.path) else None
    live = run.live()
    return {
        **row,
        "stage": run.status().stage,
        "error": said(run.status().error),
        "is_bug": run.status().is_bug,
        "config": TrainingConfig.from_json(run.config()).to_json(),
        "about": asdict(run_about(run)),
        "training": result.get("training"),
        "search": result.get("search"),
        "best_epoch": ((result.get("training") or {}).get("best") or {}).get("epoch"),
        "phases": _phases(metrics),
        "lines": len(metrics),
        "last_line": metrics[-1] if metrics else None,
        "batches": len(run.batches()),
        "live": live and sorted(live),
        "own_network": has_own_network(run.path),
        "delivered": is_delivered(run.path),
        "finished_by": rest and rest.name,
        "place": place and {key: place[key] for key in ("phase", "phase_epoch", "phase_epochs", "step", "micro_batches", "best_name")},
        "evaluation": evaluation,
        "predictions": None if evaluation is None else [
            [p.id, p.split, p.label, p.predicted, round(float(p.confidence), 6)] for p in read_predictions(run.path).itertuples(index=False)
        ],
    }  # fmt: skip


def _project(job: JobDirectory) -> Project:
    path = job.path.parent.parent
    return Project(name=path.name, path=path)


def _phases(metrics: list[dict[str, Any]]) -> dict[str, int]:
    return {phase: sum(line["phase"] == phase for line in metrics) for phase in dict.fromkeys(line["phase"] for line in metrics)}


def search_facts(search: JobDirectory) -> dict[str, Any]:
    trials, result = read_trials(search.path), search.result() or {}
    config = SearchConfig.from_json(search.config())
    return {
        "state": search.status().state.value,
        "goal": config.goal.value,
        "tradeoff": config.tradeoff.value,
        "config": config.to_json(),
        "counts": counts(trials),
        "ranking": [trial.number for trial in ranked(trials, config.goal)],
        "trials": [
            {
                "number": t.number, "state": t.state.value, "speed": t.speed, "params": dict(t.params), "value": t.value,
                "second": t.second, "measures": dict(t.measures), "curve_points": len(t.curve),
                "has_weights": t.has_weights, "is_default": t.is_default, "reason": said(t.reason),
            }
            for t in trials
        ],
        "importances": dict(read_now(search.path).importances),
        "verdict": result.get("search"),
        "run": result.get("run"),
    }  # fmt: skip


def resumed_facts() -> dict[str, Any]:
    """Results of the resting runs when the old code resumes them from the packed files."""
    home = unpacked(Path("/tmp/old-resumed"))
    shutil.copytree(HOME / "backbones", home / "backbones", dirs_exist_ok=True)  # converted already
    os.environ["DARKROOM_HOME"] = str(home)
    shapes = get_project("shapes")
    found = {}
    for path in list_runs(shapes):
        run = JobDirectory(path)
        if not run.status().state.is_at_rest:
            continue
        before = {"state": run.status().state.value, "lines": len(run.metrics()), "place": Checkpoints(path).place()}
        start.resume(run)
        done(run)
        curve = [{k: v for k, v in line.items() if k not in {"time", "seconds", "pictures_per_second"}} for line in run.metrics()]
        report = read_evaluation(path)
        found[path.name] = {
            "before": {**before, "place": {k: before["place"][k] for k in ("phase", "phase_epoch", "step")}},
            "curve": [line for line in curve if "learning_rate" in line],  # of gradients
            "best_epoch": (run.result() or {})["training"]["best"]["epoch"],
            "accuracy": report["accuracy"],
            "confusion": report["confusion"],
            "own_network": has_own_network(path),
        }  # fmt: skip
    os.environ["DARKROOM_HOME"] = "/tmp/old-unpacked/workspace"
    return found


if __name__ == "__main__":
    {"make": make, "pack": pack, "facts": facts}[sys.argv[1]]()
