// Classifies what the camera sees, and prints each answer.
#include <cstdio>

#include "camera.h"
#include "classifier.h"
#include "esp_heap_caps.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

namespace {
void print_answer(const Outputs& outputs, int64_t milliseconds) {
  const Answer answer = decide(outputs);
  bool has_class = false;
  for (int i = 0; i < kClassCount && !answer.is_stranger; ++i) {
    if (!answer.is_chosen[i]) continue;
    printf("%s %.0f%%  ", kClassNames[i], 100 * outputs.probabilities[i]);
    has_class = true;
  }
  if (!has_class) printf("none of the classes  ");
  printf("%s(%lld ms)\n", answer.is_unsure ? "unsure  " : "", static_cast<long long>(milliseconds));
}
}  // namespace

extern "C" void app_main() {
  if (!begin_camera()) {
    printf("No camera answers, or no PSRAM. Are the pins (camera.cc) and sdkconfig.defaults right?\n");
    return;
  }
  // All that the camera left, but for what alignment takes.
  const size_t arena_bytes = heap_caps_get_largest_free_block(MALLOC_CAP_SPIRAM) - 64;
  auto* arena = static_cast<uint8_t*>(heap_caps_aligned_alloc(16, arena_bytes, MALLOC_CAP_SPIRAM));
  if (arena == nullptr || !begin_classifier(arena, arena_bytes)) return;
  for (;;) {
    Outputs outputs;
    const int64_t began = esp_timer_get_time();
    if (take_picture(classifier_input(), kInputSize) && run_classifier(&outputs)) {
      print_answer(outputs, (esp_timer_get_time() - began) / 1000);
    }
    vTaskDelay(1);
  }
}
