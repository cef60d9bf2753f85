// Runs the parts of the microcontroller starter that need no board, for its tests: labels, answers or stretch.
#include <cstdio>
#include <cstring>
#include <vector>

#include "answer.h"
#include "stretch.h"

namespace {
// Probabilities and a score in, as floats; for each class if it is chosen, then stranger and unsure out.
void answers() {
  Outputs outputs;
  while (fread(outputs.probabilities, sizeof(float), kClassCount, stdin) == kClassCount) {
    if (fread(&outputs.stranger_score, sizeof(float), 1, stdin) != 1) return;
    const Answer answer = decide(outputs);
    for (bool is_chosen : answer.is_chosen) putchar(is_chosen);
    putchar(answer.is_stranger);
    putchar(answer.is_unsure);
  }
}

// Width, height and a picture of RGB bytes in; the square out.
void square() {
  int sides[2];
  if (fread(sides, sizeof(int), 2, stdin) != 2) return;
  std::vector<uint8_t> picture(3 * sides[0] * sides[1]), result(3 * kInputSize * kInputSize);
  if (fread(picture.data(), 1, picture.size(), stdin) != picture.size()) return;
  stretch(picture.data(), sides[0], sides[1], result.data(), kInputSize);
  fwrite(result.data(), 1, result.size(), stdout);
}
}  // namespace

int main(int, char** arguments) {
  if (!strcmp(arguments[1], "labels")) {
    for (const char* name : kClassNames) fwrite(name, 1, strlen(name) + 1, stdout);
  } else if (!strcmp(arguments[1], "answers")) {
    answers();
  } else if (!strcmp(arguments[1], "square")) {
    square();
  } else {
    uint8_t pixel[3];
    const uint8_t packed[2] = {0xfc, 0x1f};
    widen_colours(packed, 1, pixel);
    fwrite(pixel, 1, 3, stdout);
  }
}
