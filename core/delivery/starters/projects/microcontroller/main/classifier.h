// The network in TensorFlow Lite Micro.
#pragma once

#include <cstddef>
#include <cstdint>

#include "answer.h"

// Takes memory for everything that the network computes. False, with the reason printed: it is too little.
bool begin_classifier(uint8_t* arena, size_t arena_bytes);

// The next picture, to be filled in: red, green and blue of each pixel, kInputSize × kInputSize.
uint8_t* classifier_input();

bool run_classifier(Outputs* outputs);
