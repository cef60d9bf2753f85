"""Classify what a camera sees: python live.py [SOURCE]

Without SOURCE it takes the Raspberry Pi's camera, else the first webcam. SOURCE is another webcam, such as
/dev/video2, or a film. Webcams and films need ffmpeg. Ctrl-C ends it.
"""

import math
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from decoder.picture import stretch
from PIL import Image
from predict import LABELS, is_stranger, is_unsure, labels, load_model, predict_pixels

WIDTH, HEIGHT = 640, 480
# Seconds after which a frame still counts with 37%; 0: each frame by itself.
SMOOTHING_SECONDS = 0.3
NONE_OF_THEM = "none of the classes"


def main(arguments):
    if len(arguments) > 1 or arguments in (["-h"], ["--help"]):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        frames = open_frames(arguments[0] if arguments else None)
    except NoCameraError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        if watch(frames):
            return 0
    except KeyboardInterrupt:
        return 0
    print("The camera or film gave no picture.", file=sys.stderr)
    return 1


def watch(frames):
    """Print the answer to each frame, until they end; returns their number."""
    network, outputs, times = load_model(os.cpu_count()), None, [0.0]
    printed, is_terminal = 0.0, sys.stdout.isatty()
    for frame in frames:
        times.append(time.monotonic())
        fresh = predict_pixels(network, stretch(Image.fromarray(frame), LABELS["input_size"]))
        outputs = smoothed(outputs, fresh, share_of(times[-1] - times[-2]))
        # A file or a journal gets a line a second.
        if is_terminal or times[-1] - printed >= 1:
            printed = times[-1]
            print_line(sentence(*outputs), is_terminal)
    return len(times) - 1


def print_line(text, is_terminal):
    """Write over the last line of a terminal; elsewhere write a line of its own."""
    print(f"\r{text:<60}" if is_terminal else text, end="" if is_terminal else "\n", flush=True)


def sentence(probabilities, score):
    """The answer for people: classes with their probabilities, or that it is none of them."""
    if is_stranger(score):
        return NONE_OF_THEM
    ordered = dict(sorted(probabilities.items(), key=lambda item: -item[1]))
    shown = ", ".join(f"{name} {ordered[name]:.0%}" for name in labels(ordered)) or NONE_OF_THEM
    return f"{shown} (unsure)" if is_unsure(ordered) else shown


def smoothed(before, now, share):
    """Average probabilities and score over frames: the newest counts with ``share``, the earlier with the rest."""
    if before is None:
        return now
    (old, old_score), (new, new_score) = before, now
    probabilities = {name: old[name] + share * (new[name] - old[name]) for name in new}
    score = new_score if new_score is None else old_score + share * (new_score - old_score)
    return probabilities, score


def share_of(seconds):
    """Weight of a frame that comes so long after the one before."""
    return 1 - math.exp(-seconds / SMOOTHING_SECONDS) if SMOOTHING_SECONDS else 1


class NoCameraError(Exception):
    """There is no camera or film; its text says what to do."""


def open_frames(source):
    """Frames of a camera or film: uint8 RGB, (height, width, 3)."""
    if source is None and has_picamera():
        return picamera_frames()
    if shutil.which("ffmpeg") is None:
        raise NoCameraError(
            "No Raspberry Pi camera was found. For a webcam or a film, install ffmpeg: sudo apt install ffmpeg"
        )
    source = source or "/dev/video0"
    if not Path(source).exists():
        raise NoCameraError(f"There is no camera or film {source}. List webcams with: ls /dev/video*")
    return ffmpeg_frames(source)


def has_picamera():
    try:
        from picamera2 import Picamera2
    except ImportError:
        return False
    return bool(Picamera2.global_camera_info())


def picamera_frames():
    from picamera2 import Picamera2

    camera = Picamera2()
    # picamera2 names formats by the order in a word: these bytes are red, green, blue.
    camera.configure(camera.create_video_configuration(main={"size": (WIDTH, HEIGHT), "format": "BGR888"}))
    camera.start()
    try:
        while True:
            yield camera.capture_array("main")
    finally:
        camera.stop()


def ffmpeg_frames(source):
    command = [
        *("ffmpeg", "-nostdin", "-loglevel", "error"),
        *(["-f", "v4l2"] if source.startswith("/dev/") else []),
        *("-i", source, "-vf", f"scale={WIDTH}:{HEIGHT}", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            while len(data := process.stdout.read(WIDTH * HEIGHT * 3)) == WIDTH * HEIGHT * 3:
                yield np.frombuffer(data, np.uint8).reshape(HEIGHT, WIDTH, 3)
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
