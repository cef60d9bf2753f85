"""Answers of Keras files in this environment: ``python keras_reader.py PICTURES.npy FILE ANSWERS.npy``."""

import sys

import keras
import numpy as np

pictures, file, answers = sys.argv[1:]
model = keras.models.load_model(file, compile=False)
np.save(answers, np.asarray(model.predict(np.load(pictures), verbose=0)))
print(keras.__version__, keras.backend.backend())
