#include "classifier.h"

#include <algorithm>
#include <cstdio>

#include "operators.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/schema/schema_generated.h"

extern "C" const uint8_t model_data[];

namespace {
tflite::MicroInterpreter* interpreter = nullptr;
}

bool begin_classifier(uint8_t* arena, size_t arena_bytes) {
  static OperatorResolver resolver;
  add_operators(resolver);
  static tflite::MicroInterpreter the_interpreter(tflite::GetModel(model_data), resolver, arena, arena_bytes);
  if (the_interpreter.AllocateTensors() != kTfLiteOk) {
    printf("The network needs about %zu bytes of memory, and has %zu.\n", kMeasuredArenaBytes, arena_bytes);
    return false;
  }
  printf("The network uses %zu of %zu bytes.\n", the_interpreter.arena_used_bytes(), arena_bytes);
  interpreter = &the_interpreter;
  return true;
}

uint8_t* classifier_input() { return interpreter->input(0)->data.uint8; }

bool run_classifier(Outputs* outputs) {
  if (interpreter->Invoke() != kTfLiteOk) return false;
  const float* probabilities = interpreter->output(0)->data.f;
  std::copy(probabilities, probabilities + kClassCount, outputs->probabilities);
  outputs->stranger_score = interpreter->outputs_size() > 1 ? interpreter->output(1)->data.f[0] : 0;
  return true;
}
