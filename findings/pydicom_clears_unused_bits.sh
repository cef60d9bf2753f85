#!/usr/bin/env bash
# Finding: pydicom's pixel_array clears the bits above Bits Stored, and so does its decoder with raw=True: an
#   overlay that an older file keeps in these bits is only to be had from the bytes of PixelData.
# Versions: pydicom 3.0.2, numpy 2.4.6 (pinned below), Python 3.11
# Documented: raw=True is described as minimal processing by the decoding plugin; of the unused bits the
#   documentation of pixel_array and of the decoders says nothing.
# Guessed: raw pixels are the 16-bit words of the file.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check pydicom==3.0.2 numpy==2.4.6
"$python" --version
"$python" -m pip freeze --disable-pip-version-check | grep -Ei '^(pydicom|numpy)=='

"$python" - "$folder" <<'PY'
import sys
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import get_decoder
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

file = Path(sys.argv[1]) / "overlay.dcm"
stored = np.array([[0, 1000], [2000, 4095]], np.uint16)
overlay = np.array([[0, 1], [1, 0]], np.uint16)  # the standard of 1998 allowed it in bit 12
words = stored | overlay << 12

picture = Dataset()
picture.file_meta = FileMetaDataset()
picture.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
picture.SOPClassUID = picture.file_meta.MediaStorageSOPClassUID = CTImageStorage
picture.SOPInstanceUID = picture.file_meta.MediaStorageSOPInstanceUID = generate_uid()
picture.Rows = picture.Columns = 2
picture.SamplesPerPixel, picture.PhotometricInterpretation = 1, "MONOCHROME2"
picture.BitsAllocated, picture.BitsStored, picture.HighBit, picture.PixelRepresentation = 16, 12, 11, 0
picture.add_new(0x60000010, "US", 2)  # overlay rows
picture.add_new(0x60000011, "US", 2)  # overlay columns
picture.add_new(0x60000040, "CS", "G")
picture.add_new(0x60000050, "SS", [1, 1])
picture.add_new(0x60000100, "US", 16)  # bits allocated
picture.add_new(0x60000102, "US", 12)  # bit position
picture.PixelData = words.tobytes()
picture.save_as(file, enforce_file_format=True)

read = dcmread(file)
array = read.pixel_array
raw, _ = get_decoder(ExplicitVRLittleEndian).as_array(read, raw=True)
print("written:    ", words.ravel().tolist())
print("pixel_array:", array.ravel().tolist())
print("raw=True:   ", np.asarray(raw).ravel().tolist())
print("PixelData:  ", np.frombuffer(read.PixelData, np.uint16).tolist())
is_kept = np.array_equal(np.frombuffer(read.PixelData, np.uint16), words.ravel())
if np.array_equal(array, stored) and np.array_equal(np.asarray(raw).reshape(2, 2), stored) and is_kept:
    print("As found: the unused bits are cleared in both arrays.")
else:
    sys.exit("CHANGED: the finding no longer holds as described.")
PY
